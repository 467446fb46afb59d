#include "llm/ask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "llm/sse.h"

#define ADAPTATIONS_MAX 3
#define PLAIN_BODY_CAP ((size_t)16 << 20)
#define BYTES_PER_TOKEN 3

enum body_kind { BODY_UNKNOWN, BODY_EVENTS, BODY_JSON, BODY_PAGE };

/* One query on its way. */
struct flight {
	struct asker *asker;
	struct query *query;
	struct http_sink sink;
	const struct http_result *result;
	struct strbuf body; /* as sent */
	struct llm_dialect sent;
	struct sse sse;
	struct strbuf plain; /* of an answer that is no stream */
	enum body_kind kind;
	size_t given; /* bytes of the reply's text that became lines */
	bool landed;
	uint64_t start_ns;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void query_done(struct query *query)
{
	strbuf_done(&query->text);
	llm_reply_done(&query->reply);
	error_free(query->error);
	free(query->notice);
	query->error = NULL;
	query->notice = NULL;
}

uint64_t asker_estimate_tokens(size_t request_bytes)
{
	return request_bytes / BYTES_PER_TOKEN + 1;
}

/* ---- text as it arrives */

static void give(struct query *query, struct asker *asker, struct str masked)
{
	auto_strbuf struct strbuf shown = STRBUF_INIT;
	size_t before = query->text.len;

	mask_reveal(asker->masks, masked, &shown);
	if (query->citer)
		citer_check(query->citer, strbuf_str(&shown), &query->text);
	else
		strbuf_add(&query->text, strbuf_str(&shown));
	if (query->on_text && !query->is_unwanted) {
		const struct str fresh = { query->text.ptr + before, query->text.len - before };

		query->is_unwanted = !query->on_text(query->user, fresh);
	}
}

/* Whole lines only: a mask or a citation may be cut anywhere else. */
static void give_lines(struct flight *flight)
{
	struct query *query = flight->query;
	struct str rest = { query->reply.text.ptr + flight->given,
			    query->reply.text.len - flight->given };
	size_t end = rest.len;
	struct str lines;

	if (!rest.len)
		return;
	while (end && rest.ptr[end - 1] != '\n')
		end--;
	lines = (struct str){ rest.ptr, end };
	if (!end || (query->citer && citer_wants_more(query->citer, lines)))
		return;
	give(query, flight->asker, lines);
	flight->given += end;
}

static void give_rest(struct flight *flight)
{
	struct query *query = flight->query;
	struct str rest = { query->reply.text.ptr + flight->given,
			    query->reply.text.len - flight->given };

	if (rest.len)
		give(query, flight->asker, rest);
	flight->given += rest.len;
}

static bool take_event(void *user, struct str data)
{
	struct flight *flight = user;
	struct query *query = flight->query;

	llm_reply_event(&query->reply, flight->asker->config->api, data);
	if (query->reply.text.len && !query->first_text_ns)
		query->first_text_ns = now_ns() - flight->start_ns;
	give_lines(flight);
	return !query->reply.error && !query->is_unwanted;
}

static enum body_kind kind_of(struct str bytes)
{
	bytes = str_trim(bytes);
	if (!bytes.len)
		return BODY_UNKNOWN;
	return *bytes.ptr == '{' ? BODY_JSON : *bytes.ptr == '<' ? BODY_PAGE : BODY_EVENTS;
}

static bool take_bytes(void *user, struct str bytes)
{
	struct flight *flight = user;

	if (flight->kind == BODY_UNKNOWN)
		flight->kind = kind_of(bytes);
	if (flight->kind == BODY_EVENTS)
		return sse_feed(&flight->sse, bytes, take_event, flight);
	strbuf_add(&flight->plain, bytes);
	return !flight->plain.truncated;
}

static bool restart(void *user)
{
	struct flight *flight = user;

	/* What is in the text was shown, or will be. */
	if (flight->query->text.len)
		return false;
	sse_reset(&flight->sse);
	strbuf_reset(&flight->plain);
	llm_reply_reset(&flight->query->reply);
	flight->kind = BODY_UNKNOWN;
	flight->given = 0;
	return true;
}

/* ---- after the last byte */

/* What a reader must know of an answer that came without an error. */
static char *notice_of(const struct llm_config *config, const struct llm_reply *reply)
{
	const char *finish = reply->finish ? reply->finish : "";

	if (strcmp(finish, "length") == 0)
		return x_asprintf("the answer was cut at %" PRIu64
				  " tokens (finish_reason length): GAI_MAX_TOKENS allows more",
				  config->reply_tokens);
	if (strcmp(finish, "content_filter") == 0)
		return x_strdup("the server's filter ended the answer (content_filter)");
	if (strcmp(finish, "tool_calls") == 0 || strcmp(finish, "function_call") == 0)
		return x_strdup("the model called a tool instead of answering; none was offered");
	if (!reply->done && !*finish)
		return x_strdup("the stream ended early: the answer is partial");
	if (!reply->text.len)
		return x_strdup("the model gave no text");
	return NULL;
}

static bool is_complete(const struct query *query)
{
	return !query->error && !query->notice;
}

static void keep(struct flight *flight)
{
	struct asker *asker = flight->asker;
	struct query *query = flight->query;
	auto_free char *url = provider_url(asker->config);
	const struct exchange_record record = {
		.url = url,
		.program = asker->program,
		.request = strbuf_str(&flight->body),
		.status = flight->result ? flight->result->status : 0,
		.complete = is_complete(query),
		.reply = &query->reply,
	};
	auto_error struct error *error = NULL;

	/* The request may have been adapted since. */
	store_key(url, strbuf_str(&flight->body), query->id);
	if (!asker->store_folder)
		return;
	error = store_write(asker->store_folder, &record);
	if (error) {
		auto_free char *text = error_text(error);

		warnings_add(asker->warnings, "the model's answer is not kept: %s", text);
	}
}

static void land(struct flight *flight)
{
	struct query *query = flight->query;
	const struct llm_config *config = flight->asker->config;
	const struct http_result *result = flight->result;

	flight->landed = true;
	query->total_ns = now_ns() - flight->start_ns;
	if (flight->kind == BODY_EVENTS && !flight->sse.too_long)
		sse_end(&flight->sse, take_event, flight);
	else if (flight->kind == BODY_JSON)
		take_event(flight, strbuf_str(&flight->plain));
	llm_reply_end(&query->reply);
	give_rest(flight);
	if (result->error) {
		/* The http owns it, and does not live as long. */
		query->error = error_new(result->error->code, "%s", result->error->message);
		if (result->error->hint)
			query->error = error_with_hint(query->error, "%s", result->error->hint);
	} else if (result->status < 200 || result->status >= 300) {
		query->error = provider_error(config, result->status, strbuf_str(&result->body));
		query->is_too_large = provider_is_too_large(
			strbuf_str(&result->body), &query->context_tokens, &query->prompt_tokens);
		if (result->status == 429 && result->retry_after_s > 0)
			query->error = error_with_hint(query->error, "it asks to wait %.0f s",
						       result->retry_after_s);
	} else if (query->reply.error) {
		query->error = error_new(ERROR_FAILED, "the server stopped its answer: %s",
					 query->reply.error);
	} else if (flight->kind == BODY_PAGE ||
		   (!query->reply.text.len && query->reply.bad_events)) {
		query->error = error_with_hint(
			error_new(ERROR_FAILED, "what came is no answer of a model%s",
				  flight->kind == BODY_PAGE ? " but a page" : ""),
			"is GAI_API_BASE right? It mostly ends with /v1");
	} else if (flight->sse.too_long || flight->plain.truncated) {
		query->error = error_new(ERROR_FAILED, "the answer is too large to be one");
	} else {
		query->notice = notice_of(config, &query->reply);
	}
	keep(flight);
}

/* ---- sending */

static bool take_from_store(struct flight *flight)
{
	struct asker *asker = flight->asker;
	struct query *query = flight->query;
	auto_free char *url = provider_url(asker->config);

	store_key(url, strbuf_str(&flight->body), query->id);
	if (!asker->store_folder || asker->no_cache ||
	    !store_find(asker->store_folder, url, strbuf_str(&flight->body), &query->reply))
		return false;
	query->from_cache = true;
	give_rest(flight);
	flight->landed = true;
	return true;
}

static void prepare(struct flight *flight)
{
	flight->sent = flight->asker->dialect;
	strbuf_reset(&flight->body);
	provider_body(flight->asker->config, flight->asker->dialect, &flight->query->prompt,
		      flight->asker->masks, &flight->body);
}

static void send_one(struct flight *flight, struct http *http, struct arena *arena)
{
	auto_free char *url = provider_url(flight->asker->config);
	const struct http_request request = {
		.url = url,
		.headers = provider_headers(flight->asker->config, arena),
		.body = strbuf_str(&flight->body),
		.sink = &flight->sink,
		.worth_retrying = provider_worth_retrying,
	};

	flight->start_ns = now_ns();
	flight->result = http_add(http, &request);
}

static bool same_dialect(struct llm_dialect a, struct llm_dialect b)
{
	return a.completion_tokens == b.completion_tokens && a.no_temperature == b.no_temperature &&
	       a.no_usage == b.no_usage;
}

/* Whether the request can be made as the server wants it. Of several that were refused together
 * the first one says how. */
static bool adapt(struct flight *flight)
{
	struct asker *asker = flight->asker;
	struct llm_dialect wanted = flight->sent;

	if (flight->result->error ||
	    !provider_adapt(&wanted, flight->result->status, strbuf_str(&flight->result->body)))
		return false;
	if (!same_dialect(asker->dialect, flight->sent))
		return true;
	asker->dialect = wanted;
	warnings_add(asker->warnings, "the model's server refused %s; asked again %s",
		     wanted.no_temperature != flight->sent.no_temperature ? "temperature"
		     : wanted.no_usage != flight->sent.no_usage		  ? "stream_options"
		     : wanted.completion_tokens				  ? "max_tokens"
									  : "max_completion_tokens",
		     wanted.completion_tokens == flight->sent.completion_tokens ? "without it"
		     : wanted.completion_tokens ? "with max_completion_tokens"
						: "with max_tokens");
	return true;
}

/* Sends what has not landed; what the server does not take is changed and stays in the air. */
static struct error *send_round(struct asker *asker, struct flight *flights, size_t count,
				unsigned round)
{
	struct http_options options = asker->http;
	auto_arena struct arena arena = ARENA_INIT;
	auto_http struct http *http = NULL;
	struct error *error;

	options.tls = strncmp(asker->config->base, "https:", 6) == 0;
	TRY(http_open(&options, &http));
	for (size_t i = 0; i < count; i++) {
		if (!flights[i].landed)
			send_one(&flights[i], http, &arena);
	}
	error = http_run(http);
	for (size_t i = 0; i < count; i++) {
		struct flight *flight = &flights[i];

		if (flight->landed)
			continue;
		if (!error && round < ADAPTATIONS_MAX && adapt(flight) && restart(flight))
			continue;
		land(flight);
	}
	return error;
}

static bool all_landed(const struct flight *flights, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!flights[i].landed)
			return false;
	}
	return true;
}

struct error *asker_run(struct asker *asker, struct query *queries, size_t count)
{
	auto_free struct flight *flights = x_calloc(count + 1, sizeof(*flights));
	struct error *error = NULL;

	for (size_t i = 0; i < count; i++) {
		struct flight *flight = &flights[i];

		flight->asker = asker;
		flight->query = &queries[i];
		flight->sink = (struct http_sink){ flight, take_bytes, restart };
		flight->plain.cap = PLAIN_BODY_CAP;
		llm_reply_reset(&queries[i].reply);
		prepare(flight);
		take_from_store(flight);
	}
	for (unsigned round = 0; !error && !all_landed(flights, count); round++) {
		for (size_t i = 0; round && i < count; i++) {
			if (!flights[i].landed)
				prepare(&flights[i]);
		}
		error = send_round(asker, flights, count, round);
	}
	for (size_t i = 0; i < count; i++) {
		strbuf_done(&flights[i].body);
		strbuf_done(&flights[i].plain);
		sse_done(&flights[i].sse);
	}
	return error;
}

static const char *const secret_headers[] = { "Authorization: ", "api-key: ", "x-api-key: " };

void asker_show(const struct asker *asker, const struct llm_prompt *prompt, struct strbuf *out)
{
	auto_arena struct arena arena = ARENA_INIT;
	auto_free char *url = provider_url(asker->config);
	const char *const *headers = provider_headers(asker->config, &arena);

	strbuf_addf(out, "POST %s\n", url);
	for (size_t i = 0; headers[i]; i++) {
		size_t secret = 0;

		for (size_t s = 0; s < ARRAY_SIZE(secret_headers); s++) {
			if (str_starts_with(str_from(headers[i]), str_from(secret_headers[s])))
				secret = strlen(secret_headers[s]);
		}
		if (secret)
			strbuf_addf(out, "%.*s(the key)\n", (int)secret, headers[i]);
		else
			strbuf_addf(out, "%s\n", headers[i]);
	}
	strbuf_add_char(out, '\n');
	provider_body(asker->config, asker->dialect, prompt, asker->masks, out);
}
