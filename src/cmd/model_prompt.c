#include "cmd/model_session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "llm/chunk.h"
#include "llm/parts.h"

void model_texts_done(struct model_texts *texts)
{
	strbuf_done(&texts->system);
	strbuf_done(&texts->prompt);
	strbuf_done(&texts->part);
	strbuf_done(&texts->format);
}

struct error *model_texts_load(const struct model_session *session, const char *name,
			       struct model_texts *ret)
{
	const char *format = session->context->model->output_format;

	TRY(prompt_file_load(session->prompts, "system", &ret->system));
	TRY(prompt_file_load(session->prompts, name, &ret->prompt));
	TRY(prompt_file_load(session->prompts, "part", &ret->part));
	if (format) {
		strbuf_add_text(&ret->format, "\nWrite your answer in this format: ");
		prompt_escape(&ret->format, str_from(format));
		strbuf_add_char(&ret->format, '\n');
	}
	return NULL;
}

static struct str body_of(const struct strbuf *text)
{
	return prompt_file_parse(strbuf_str(text)).body;
}

struct prompt_budget model_budget(const struct model_session *session, size_t other_bytes)
{
	struct prompt_budget budget =
		prompt_budget_of(&session->config, session->bytes_per_token, other_bytes);

	budget.bytes /= session->budget_divisor;
	return budget;
}

void model_set_input(struct model_session *session, struct str lines, unsigned header_lines)
{
	session->input = lines;
	session->header_lines = header_lines;
}

static struct parts_job parts_job_of(struct model_session *session, const struct model_texts *texts,
				     const struct prompt_input *input,
				     const struct prompt_records *records)
{
	const struct model_wishes *wishes = session->context->model;
	unsigned calls = model_calls_left(session);

	return (struct parts_job){
		.asker = &session->asker,
		.facts = input->facts,
		.system = body_of(&texts->system),
		.prompt = body_of(&texts->part),
		.task = prompt_file_parse(strbuf_str(&texts->prompt)).description,
		.header = STR("Facts that the answer itself has no room for: [its number] what it "
			      "is of: name = value\n"),
		.records = records->items.items,
		.count = records->items.count,
		.request_bytes = model_budget(session, 0).bytes,
		.summary_bytes = input->parts_bytes,
		.calls_max = calls ? calls - 1 : 0,
		.has_temperature = true,
		.temperature = wishes->temperature,
	};
}

static void show_parts(struct model_session *session, const struct parts_job *job)
{
	struct command_context *context = session->context;
	FILE *stream = context->json ? stderr : context->out.stream;
	auto_strbuf struct strbuf requests = STRBUF_INIT;

	parts_show(job, &requests);
	fprintf(stream, "\nRequests for summaries of parts, which are not sent either:\n\n%s",
		strbuf_text(&requests));
}

static struct error *check_parts_cost(const struct model_session *session,
				      const struct parts_job *job)
{
	auto_strbuf struct strbuf requests = STRBUF_INIT;

	if (session->options.max_cost <= 0)
		return NULL;
	parts_show(job, &requests);
	/* The last request too. */
	strbuf_add_repeated(&requests, ' ', job->request_bytes);
	return model_check_cost(session, requests.len, parts_count(job) + 1);
}

static void note_parts(struct model_session *session, const struct prompt_records *records,
		       const struct parts_result *result)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	session->prose.parts += result->calls;
	session->prose.parts_failed += result->failed;
	if (result->failed)
		strbuf_addf(&text, "%u of %u parts could not be summarised (%s)", result->failed,
			    result->calls, result->failure);
	if (result->left_out)
		strbuf_addf(&text,
			    "%s%zu of %zu records of the input were told neither whole nor as a "
			    "summary "
			    "(--max-calls)",
			    text.len ? "; " : "", result->left_out, records->items.count);
	free(session->notice);
	session->notice = text.len ? strbuf_take(&text) : NULL;
}

static struct error *summarise(struct model_session *session, const struct parts_job *job,
			       const struct prompt_records *records, struct parts_result *ret)
{
	struct error *error;

	if (session->options.dry_run) {
		show_parts(session, job);
		return NULL;
	}
	TRY(check_parts_cost(session, job));
	if (isatty(STDERR_FILENO) || session->context->verbosity)
		fprintf(stderr, "sysgrok: note: asking for summaries of %u parts first\n",
			parts_count(job));
	error = parts_reduce(job, ret);
	note_parts(session, records, ret);
	strbuf_reset(&session->summaries);
	strbuf_add(&session->summaries, strbuf_str(&ret->text));
	return error;
}

/* What the prompt has no room for, as summaries; none where all fits or the rest is small. */
static struct error *summarise_rest(struct model_session *session, const struct model_texts *texts,
				    struct prompt_input *input, struct parts_result *ret)
{
	bool all = session->options.max_calls;
	auto_prompt_records struct prompt_records records = { 0 };
	struct parts_job job;

	if (model_calls_left(session) <= 1 || !input->facts->facts.count ||
	    (session->is_short && !all))
		return NULL;
	prompt_rest(input, all, &records);
	if (!records.items.count)
		return NULL;
	/* The room for summaries is taken from the facts, so that more are left out. */
	prompt_records_done(&records);
	input->parts_bytes = input->budget.bytes / 4;
	prompt_rest(input, all, &records);
	job = parts_job_of(session, texts, input, &records);
	return summarise(session, &job, &records, ret);
}

static struct str first_lines(struct str text, unsigned count)
{
	struct str rest = text, line;

	while (count-- && str_next_line(&rest, &line))
		;
	return (struct str){ text.ptr, (size_t)(rest.ptr - text.ptr) };
}

static struct str last_bytes(struct str text, size_t bytes)
{
	struct str tail = { text.ptr + text.len - MIN(bytes, text.len), MIN(bytes, text.len) };
	struct str line;

	/* From the beginning of a line on. */
	if (tail.len < text.len)
		str_next_line(&tail, &line);
	return tail;
}

/* The input as it is where it fits; else its beginning, its end, and summaries of its parts. */
static struct error *put_input(struct model_session *session, const struct model_texts *texts,
			       struct prompt_input *input, struct strbuf *ret)
{
	size_t room = input->budget.bytes - MIN(input->budget.bytes, input->body.len);
	auto_parts_result struct parts_result parts = { 0 };
	auto_prompt_records struct prompt_records records = { 0 };
	auto_strbuf struct strbuf header = STRBUF_INIT;
	struct str head, tail, text = session->input;
	struct parts_job job;
	struct error *error = NULL;

	if (text.len <= room) {
		strbuf_add(ret, text);
		return NULL;
	}
	input->parts_bytes = room / 2;
	strbuf_add(&header, first_lines(text, session->header_lines));
	head = text_cut(text, room / 8);
	tail = last_bytes(text, room / 8);
	prompt_input_records((struct str){ text.ptr + header.len, text.len - header.len },
			     &records);
	if (model_calls_left(session) > 1) {
		job = parts_job_of(session, texts, input, &records);
		job.header = strbuf_str(&header);
		error = summarise(session, &job, &records, &parts);
	}
	strbuf_addf(ret, "(The input has %zu bytes, more than fit here. It begins:)\n", text.len);
	strbuf_add(ret, head);
	strbuf_add_text(ret, parts.text.len ? "(Of all of it, summaries part by part:)\n"
					    : "(What stands between is left out.)\n");
	strbuf_add(ret, strbuf_str(&parts.text));
	strbuf_add_text(ret, "(It ends:)\n");
	strbuf_add(ret, tail);
	input->parts_bytes = 0;
	return error;
}

struct error *model_compose(struct model_session *session, const struct facts *facts,
			    const struct model_texts *texts, const char *question)
{
	auto_parts_result struct parts_result parts = { 0 };
	auto_strbuf struct strbuf text = STRBUF_INIT, own_input = STRBUF_INIT;
	struct prompt_counts counts = { 0 };
	struct prompt_input input = {
		.facts = facts,
		.question = question,
		.body = body_of(&texts->prompt),
		.budget = model_budget(session, body_of(&texts->system).len + texts->format.len),
	};

	if (session->input.len)
		TRY(put_input(session, texts, &input, &own_input));
	input.input = strbuf_str(&own_input);
	TRY(summarise_rest(session, texts, &input, &parts));
	input.parts = strbuf_str(&parts.text);
	prompt_fill(&input, &text, &counts);
	session->prose.facts_told = counts.facts;
	session->prose.facts_known = counts.all_facts;
	/* One message: Anthropic takes no two of a user in a row. */
	strbuf_add(&text, strbuf_str(&texts->format));
	session->messages.count = 0;
	model_say(session, LLM_SYSTEM, body_of(&texts->system));
	model_say(session, LLM_USER, strbuf_str(&text));
	return NULL;
}

bool model_learn_size(struct model_session *session, unsigned attempt)
{
	const struct query *query = &session->query;

	if (!query->is_too_large || attempt >= 2)
		return false;
	if (query->context_tokens > session->config.reply_tokens)
		session->config.context_tokens =
			MIN(query->context_tokens, session->config.context_tokens);
	if (query->prompt_tokens && query->request_bytes)
		session->bytes_per_token =
			0.9 * (double)query->request_bytes / (double)query->prompt_tokens;
	else
		session->budget_divisor *= 2;
	return true;
}
