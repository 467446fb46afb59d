#include "llm/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "llm/chunk.h"
#include "llm/prompt.h"

enum {
	LEVELS_MAX = 4,
	SUMMARY_LEAST = 400, /* bytes; of less nothing can be said */
	FRAME_BYTES = 120,   /* numbers and roles */
	REPLY_TOKENS_LEAST = 100,
	BYTES_PER_TOKEN = 2, /* an answer is not to be cut */
};

/* One round: the parts of some records. */
struct round {
	const struct parts_job *job;
	const struct str *records;
	size_t count;
	struct str header;
	struct chunk_vec chunks;
	size_t part_bytes; /* for a summary */
	struct llm_config config;
	struct asker asker;
	struct query *queries;
	struct citer *citers;
	struct llm_message (*messages)[2];
	struct strbuf *prompts;
};

void parts_result_done(struct parts_result *result)
{
	strbuf_done(&result->text);
	free(result->failure);
	result->failure = NULL;
}

static void round_done(struct round *round)
{
	for (size_t i = 0; round->queries && i < round->chunks.count; i++) {
		query_done(&round->queries[i]);
		citer_done(&round->citers[i]);
		strbuf_done(&round->prompts[i]);
	}
	chunk_vec_done(&round->chunks);
	free(round->queries);
	free(round->citers);
	free(round->messages);
	free(round->prompts);
}
#define auto_round __attribute__((cleanup(round_done)))

/* What is left for records beside all that every request holds. */
static size_t room_of(const struct parts_job *job, struct str header)
{
	size_t taken = job->system.len + job->prompt.len + job->task.len + header.len + FRAME_BYTES;

	return job->request_bytes > taken ? job->request_bytes - taken : 0;
}

static void fill(struct round *round, size_t number, size_t parts, struct strbuf *out)
{
	const struct parts_job *job = round->job;
	auto_strbuf struct strbuf records = STRBUF_INIT;
	char part[24], all[24], limit[24];

	snprintf(part, sizeof(part), "%zu", number + 1);
	snprintf(all, sizeof(all), "%zu", parts);
	snprintf(limit, sizeof(limit), "%zu", round->part_bytes);
	chunk_write(round->records, &round->chunks.items[number], &records);
	const struct prompt_place places[] = {
		{ "part", str_from(part) },   { "parts", str_from(all) },
		{ "limit", str_from(limit) }, { "task", job->task },
		{ "header", round->header },  { "records", strbuf_str(&records) },
	};

	prompt_put(job->prompt, places, ARRAY_SIZE(places), out);
}

/* Plans a round of at most `calls_max` requests; records beyond are counted. */
static void round_plan(struct round *round, unsigned calls_max, size_t *left_out)
{
	const struct parts_job *job = round->job;
	struct chunk_vec *chunks = &round->chunks;

	*left_out = round->count;
	if (!chunks_plan(round->records, round->count, room_of(job, round->header), chunks) ||
	    !chunks->count)
		return;
	chunks->count = MIN(chunks->count, (size_t)calls_max);
	if (chunks->count)
		*left_out = round->count - 1 - chunks->items[chunks->count - 1].last;
	round->part_bytes =
		MAX(job->summary_bytes / MAX(chunks->count, (size_t)1), (size_t)SUMMARY_LEAST);
	round->queries = x_calloc(chunks->count + 1, sizeof(*round->queries));
	round->citers = x_calloc(chunks->count + 1, sizeof(*round->citers));
	round->messages = x_calloc(chunks->count + 1, sizeof(*round->messages));
	round->prompts = x_calloc(chunks->count + 1, sizeof(*round->prompts));
	for (size_t i = 0; i < chunks->count; i++) {
		fill(round, i, chunks->count, &round->prompts[i]);
		round->messages[i][0] = (struct llm_message){ LLM_SYSTEM, job->system };
		round->messages[i][1] =
			(struct llm_message){ LLM_USER, strbuf_str(&round->prompts[i]) };
		round->queries[i].prompt =
			(struct llm_prompt){ round->messages[i], 2, job->has_temperature,
					     job->temperature };
		if (job->facts) {
			citer_init(&round->citers[i], job->facts);
			round->queries[i].citer = &round->citers[i];
		}
	}
	round->config = *job->asker->config;
	/* A reasoning model thinks within its limit. */
	if (!job->asker->dialect.completion_tokens)
		round->config.reply_tokens =
			MIN(MAX(round->part_bytes / BYTES_PER_TOKEN, (size_t)REPLY_TOKENS_LEAST),
			    (size_t)round->config.reply_tokens);
	round->asker = *job->asker;
	round->asker.config = &round->config;
}

static bool is_useless(struct str text)
{
	return !str_trim(text).len || (text.len < 80 && str_find(text, STR("othing useful")) >= 0);
}

/* A line that would end the data early is none of ours. */
static void add_safe_lines(struct strbuf *out, struct str text)
{
	struct str line;

	while (str_next_line(&text, &line)) {
		struct str bare = str_trim(line);
		bool is_frame = str_is(bare, "END DATA") || str_is(bare, "BEGIN DATA");

		strbuf_addf(out, "%s%.*s\n", is_frame ? "\\" : "", STR_ARG(line));
	}
}

static void count_round(const struct round *round, struct parts_result *ret)
{
	for (size_t i = 0; i < round->chunks.count; i++) {
		const struct query *query = &round->queries[i];
		const struct llm_usage *usage = &query->reply.usage;

		ret->calls++;
		ret->figures.right += round->citers[i].counts.right;
		ret->figures.wrong += round->citers[i].counts.wrong;
		ret->figures.uncited += round->citers[i].counts.uncited;
		ret->usage.known = ret->usage.known || usage->known;
		if (!query->from_cache) {
			ret->usage.prompt_tokens += usage->prompt_tokens;
			ret->usage.reply_tokens += usage->reply_tokens;
		}
		if (query->text.len)
			continue;
		ret->failed++;
		if (!ret->failure)
			ret->failure = x_strdup(query->error	? query->error->message
						: query->notice ? query->notice
								: "no text came");
	}
}

/* The summaries, each cut to its fair share of `bytes`. */
static void write_summaries(const struct round *round, size_t bytes, struct strbuf *out)
{
	size_t count = round->chunks.count;
	auto_free size_t *wanted = x_calloc(count + 1, sizeof(*wanted));
	auto_free size_t *shares = x_calloc(count + 1, sizeof(*shares));

	for (size_t i = 0; i < count; i++) {
		struct str text = strbuf_str(&round->queries[i].text);

		wanted[i] = is_useless(text) ? 0 : text.len;
	}
	fair_shares(wanted, count, bytes, shares);
	for (size_t i = 0; i < count; i++) {
		struct str text = strbuf_str(&round->queries[i].text);
		struct str cut = text_cut(text, shares[i]);

		if (!text.len) {
			strbuf_addf(out, "(Part %zu of %zu is missing: its request failed.)\n",
				    i + 1, count);
			continue;
		}
		if (!wanted[i] || !shares[i])
			continue;
		strbuf_addf(out, "Part %zu of %zu:\n", i + 1, count);
		add_safe_lines(out, cut);
		if (cut.len < text.len)
			strbuf_add_text(out, "(the rest of this summary is left out)\n");
	}
}

static size_t bytes_of_summaries(const struct round *round)
{
	size_t bytes = 0;

	for (size_t i = 0; i < round->chunks.count; i++) {
		struct str text = strbuf_str(&round->queries[i].text);

		bytes += is_useless(text) ? 0 : text.len;
	}
	return bytes;
}

static struct error *reduce(const struct parts_job *job, const struct str *records, size_t count,
			    struct str header, unsigned level, struct parts_result *ret)
{
	auto_round struct round round = {
		.job = job, .records = records, .count = count, .header = header
	};
	auto_free struct str *summaries = NULL;
	struct parts_result below = { 0 };
	size_t left_out;
	unsigned calls_left = job->calls_max - MIN(job->calls_max, ret->calls);
	struct error *error;

	round_plan(&round, calls_left, &left_out);
	if (!level)
		ret->left_out = left_out;
	if (!round.chunks.count)
		return NULL;
	error = asker_run(&round.asker, round.queries, round.chunks.count);
	/* Learnt of the server, for all that is asked later. */
	job->asker->dialect = round.asker.dialect;
	count_round(&round, ret);
	calls_left = job->calls_max - MIN(job->calls_max, ret->calls);
	strbuf_reset(&ret->text);
	write_summaries(&round, job->summary_bytes, &ret->text);
	if (error || level + 1 >= LEVELS_MAX || !calls_left || round.chunks.count < 2 ||
	    bytes_of_summaries(&round) <= job->summary_bytes)
		return error;
	/* Again, of fewer and shorter texts; where that brings nothing the cut ones stay. */
	summaries = x_calloc(round.chunks.count, sizeof(*summaries));
	for (size_t i = 0; i < round.chunks.count; i++)
		summaries[i] = strbuf_str(&round.queries[i].text);
	below = *ret;
	below.text = (struct strbuf)STRBUF_INIT;
	error = reduce(job, summaries, round.chunks.count,
		       STR("Summaries of parts, each with the facts that it cites:\n"), level + 1,
		       &below);
	if (below.text.len) {
		strbuf_done(&ret->text);
	} else {
		strbuf_done(&below.text);
		below.text = ret->text;
	}
	*ret = below;
	return error;
}

struct error *parts_reduce(const struct parts_job *job, struct parts_result *ret)
{
	return reduce(job, job->records, job->count, job->header, 0, ret);
}

unsigned parts_count(const struct parts_job *job)
{
	auto_round struct round round = {
		.job = job, .records = job->records, .count = job->count, .header = job->header
	};
	size_t left_out;

	round_plan(&round, job->calls_max, &left_out);
	return (unsigned)round.chunks.count;
}

void parts_show(const struct parts_job *job, struct strbuf *out)
{
	auto_round struct round round = {
		.job = job, .records = job->records, .count = job->count, .header = job->header
	};
	size_t left_out;

	round_plan(&round, job->calls_max, &left_out);
	for (size_t i = 0; i < round.chunks.count; i++) {
		asker_show(&round.asker, &round.queries[i].prompt, out);
		strbuf_add_text(out, "\n");
	}
}
