#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "script_server.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define DELTA(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define STOP "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
#define JSON_HEAD(status) "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n"

/* What a test asks with, and what came. */
struct talk {
	struct script_server *server;
	struct llm_config config;
	struct masks masks;
	struct warnings warnings;
	struct asker asker;
	struct query query;
	char base[80], key[32], model[8];
	struct strbuf streamed;
	unsigned pieces;
};

static const struct llm_message question = { LLM_USER, { "What of 10.1.2.3?", 17 } };

static bool note_text(void *user, struct str text)
{
	struct talk *talk = user;

	strbuf_add(&talk->streamed, text);
	talk->pieces++;
	return true;
}

static void talk_begin(struct talk *talk, const struct script_reply *replies, size_t count)
{
	*talk = (struct talk){ .key = "sk-test-key", .model = "m" };
	talk->server = script_server_start(replies, count);
	snprintf(talk->base, sizeof(talk->base), "%s/v1", script_server_url(talk->server));
	talk->config = (struct llm_config){ .api = LLM_OPENAI,
					    .base = talk->base,
					    .key = talk->key,
					    .model = talk->model,
					    .reply_tokens = 50 };
	talk->asker = (struct asker){ .config = &talk->config,
				      .masks = &talk->masks,
				      .program = "test",
				      .http = { .backoff_s = 0.01 },
				      .warnings = &talk->warnings };
	talk->query = (struct query){ .prompt = { &question, 1, true, 0 },
				      .on_text = note_text,
				      .user = talk };
}

static void talk_end(struct talk *talk)
{
	query_done(&talk->query);
	masks_done(&talk->masks);
	warnings_done(&talk->warnings);
	strbuf_done(&talk->streamed);
	script_server_stop(talk->server);
}

static void ask_ok(struct talk *talk)
{
	struct error *error = asker_run(&talk->asker, &talk->query, 1);

	assert_null(error);
	assert_null(talk->query.error);
}

static void an_answer_comes_in_lines_and_unmasked(void **)
{
	/* The mask is cut between deltas, and everything is sliced. */
	const struct script_reply replies[] = {
		{ .bytes = HEAD DELTA("peer <i") DELTA("p-1> is\\nfine") STOP, .slice = 3 }
	};
	struct talk talk;

	talk_begin(&talk, replies, 1);
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.query.text), "peer 10.1.2.3 is\nfine");
	assert_string_equal(strbuf_text(&talk.streamed), "peer 10.1.2.3 is\nfine");
	assert_int_equal(talk.pieces, 2);
	assert_null(talk.query.notice);
	assert_null(strstr(script_server_request(talk.server, 0), "10.1.2.3"));
	assert_non_null(strstr(script_server_request(talk.server, 0), "What of <ip-1>?"));
	talk_end(&talk);
}

static void figures_are_checked_on_the_way(void **)
{
	const struct script_reply replies[] = { { .bytes = HEAD DELTA("malloc takes 64.57%\\n")
							  DELTA("of it [F1]. ") DELTA(
								  "free takes 5%.\\n") STOP } };
	auto_facts struct facts facts = FACTS_INIT;
	auto_citer struct citer citer;
	struct talk talk;

	facts_add_number(&facts, facts_symbol(&facts, "libc", "malloc"), "self", 0.6457, "ratio",
			 "x");
	facts_number(&facts);
	citer_init(&citer, &facts);
	talk_begin(&talk, replies, 1);
	talk.query.citer = &citer;
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.streamed),
			    "malloc takes 64.57%\nof it [F1]. free takes 5% {uncited}.\n");
	assert_int_equal(citer.counts.right, 1);
	assert_int_equal(citer.counts.uncited, 1);
	talk_end(&talk);
}

static void a_refused_parameter_is_left_out(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = JSON_HEAD("400 Bad") "\r\n{\"error\":{\"message\":\"no\",\"param\":"
						"\"temperature\"}}" },
		{ .bytes = HEAD DELTA("yes") STOP },
	};
	struct talk talk;

	talk_begin(&talk, replies, 2);
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.query.text), "yes");
	assert_non_null(strstr(script_server_request(talk.server, 0), "\"temperature\""));
	assert_null(strstr(script_server_request(talk.server, 1), "\"temperature\""));
	talk_end(&talk);
}

static void assert_adapted(const char *model, const char *refusal, const char *asked,
			   const char *then, const char *said)
{
	const struct script_reply replies[] = { { .bytes = refusal },
						{ .bytes = HEAD DELTA("yes") STOP } };
	auto_free char *name = x_strdup(model);
	struct talk talk;

	talk_begin(&talk, replies, 2);
	talk.config.model = name;
	talk.asker.dialect = llm_dialect_of(&talk.config);
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.query.text), "yes");
	assert_int_equal(script_server_requests(talk.server), 2);
	assert_non_null(strstr(script_server_request(talk.server, 0), asked));
	assert_null(strstr(script_server_request(talk.server, 1), asked));
	if (then)
		assert_non_null(strstr(script_server_request(talk.server, 1), then));
	assert_int_equal(talk.warnings.count, 1);
	assert_non_null(strstr(talk.warnings.items[0].text, said));
	talk_end(&talk);
}

static void servers_that_know_only_one_name_of_a_limit_are_asked_by_it_and_that_is_said(void **)
{
	assert_adapted("o3-mini",
		       JSON_HEAD("422 Unprocessable") "\r\n{\"detail\":[{\"loc\":[\"body\","
						      "\"max_completion_tokens\"],\"msg\":"
						      "\"extra fields not permitted\"}]}",
		       "\"max_completion_tokens\"", "\"max_tokens\"", "with max_tokens");
	assert_adapted("new",
		       JSON_HEAD("400 Bad") "\r\n{\"error\":{\"message\":\"Unsupported "
					    "parameter: 'max_tokens' is not supported with this "
					    "model. Use 'max_completion_tokens' instead.\","
					    "\"param\":\"max_tokens\"}}",
		       "\"max_tokens\"", "\"max_completion_tokens\"", "with max_completion_tokens");
	assert_adapted("new",
		       JSON_HEAD("400 Bad") "\r\n{\"error\":{\"message\":\"Unrecognized request "
					    "argument supplied: stream_options\"}}",
		       "\"stream_options\"", NULL, "without it");
	assert_adapted(
		"new",
		JSON_HEAD("422 Unprocessable") "\r\n{\"detail\":[{\"loc\":[\"body\","
					       "\"temperature\"],\"msg\":\"not permitted\"}]}",
		"\"temperature\"", NULL, "refused temperature");
}

static void a_model_that_is_still_loading_is_waited_for(void **)
{
	/* As llama-server says it. */
	const struct script_reply replies[] = {
		{ .bytes = JSON_HEAD("503 Unavailable") "\r\n{\"error\":{\"code\":503,\"message\":"
							"\"Loading model\",\"type\":"
							"\"unavailable_error\"}}" },
		{ .bytes = HEAD DELTA("ready") STOP },
	};
	struct talk talk;

	talk_begin(&talk, replies, 2);
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.query.text), "ready");
	talk_end(&talk);
}

static void a_prompt_that_is_too_large_is_told_with_its_figures(void **)
{
	static const struct {
		const char *bytes;
		uint64_t context, prompt;
	} cases[] = {
		{ JSON_HEAD("400 Bad") "\r\n{\"error\":{\"code\":400,\"message\":\"the request "
				       "exceeds the available context size\",\"type\":"
				       "\"exceed_context_size_error\",\"n_prompt_tokens\":5000,"
				       "\"n_ctx\":4096}}",
		  4096, 5000 },
		{ JSON_HEAD("400 Bad") "\r\n{\"error\":{\"message\":\"This model's maximum context "
				       "length is 4097 tokens\",\"code\":"
				       "\"context_length_exceeded\"}}",
		  0, 0 },
		{ JSON_HEAD("400 Bad") "\r\n{\"type\":\"error\",\"error\":{\"type\":"
				       "\"invalid_request_error\",\"message\":\"prompt is too "
				       "long: 210000 tokens > 200000 maximum\"}}",
		  0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct script_reply replies[] = { { .bytes = cases[i].bytes } };
		struct talk talk;

		talk_begin(&talk, replies, 1);
		assert_null(asker_run(&talk.asker, &talk.query, 1));
		assert_non_null(talk.query.error);
		assert_true(talk.query.is_too_large);
		assert_int_equal(talk.query.context_tokens, cases[i].context);
		assert_int_equal(talk.query.prompt_tokens, cases[i].prompt);
		assert_int_equal(script_server_requests(talk.server), 1);
		talk_end(&talk);
	}
}

#define A_HEAD HEAD "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n"
#define A_DELTA(text)                                                                              \
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":" \
	"\"text_delta\",\"text\":\"" text "\"}}\n\n"
#define A_STOP(reason)                                                                             \
	"event: message_delta\ndata: "                                                             \
	"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                         \
	"\"},\"usage\":{\"output_tokens\":5}}\n\nevent: message_stop\ndata: {\"type\":"            \
	"\"message_stop\"}\n\n"

static void assert_anthropic(const struct script_reply *replies, size_t count, const char *text,
			     const char *notice, const char *error)
{
	struct talk talk;

	talk_begin(&talk, replies, count);
	talk.config.api = LLM_ANTHROPIC;
	talk.config.version = talk.model;
	assert_null(asker_run(&talk.asker, &talk.query, 1));
	assert_string_equal(strbuf_text(&talk.query.text), text);
	assert_int_equal(script_server_requests(talk.server), count);
	if (notice)
		assert_non_null(strstr(talk.query.notice ? talk.query.notice : "", notice));
	else
		assert_null(talk.query.notice);
	if (error)
		assert_non_null(strstr(talk.query.error ? talk.query.error->message : "", error));
	else
		assert_null(talk.query.error);
	talk_end(&talk);
}

static void anthropics_ways_to_end_are_told(void **)
{
	const struct script_reply overloaded[] = {
		{ .bytes =
			  JSON_HEAD("529 Overloaded") "\r\n{\"type\":\"error\",\"error\":{\"type\":"
						      "\"overloaded_error\",\"message\":"
						      "\"Overloaded\"}}" },
		{ .bytes = A_HEAD A_DELTA("Hi") A_STOP("end_turn") },
	};
	const struct script_reply cut[] = { { .bytes =
						      A_HEAD A_DELTA("Hi") A_STOP("max_tokens") } };
	const struct script_reply refused[] = { { .bytes = A_HEAD A_STOP("refusal") } };
	const struct script_reply tool[] = { { .bytes = A_HEAD A_DELTA("x") A_STOP("tool_use") } };
	const struct script_reply inside[] = {
		{ .bytes = A_HEAD A_DELTA(
			  "part\\n") "event: error\ndata: {\"type\":\"error\",\"error\":"
				     "{\"type\":\"overloaded_error\",\"message\":"
				     "\"Overloaded\"}}\n\n" }
	};
	const struct script_reply early[] = { { .bytes = A_HEAD A_DELTA("part") } };

	assert_anthropic(overloaded, 2, "Hi", NULL, NULL);
	assert_anthropic(cut, 1, "Hi", "cut at 50 tokens", NULL);
	assert_anthropic(refused, 1, "", "filter", NULL);
	assert_anthropic(tool, 1, "x", "called a tool", NULL);
	assert_anthropic(inside, 1, "part\n", NULL, "Overloaded");
	assert_anthropic(early, 1, "part", "ended early", NULL);
}

static void what_was_shown_of_a_broken_answer_is_kept(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = JSON_HEAD("200 OK") "Content-Length: 5000\r\n\r\n" DELTA(
			  "first line\\nsecond") }
	};
	struct talk talk;

	talk_begin(&talk, replies, 1);
	assert_null(asker_run(&talk.asker, &talk.query, 1));
	assert_non_null(talk.query.error);
	assert_string_equal(strbuf_text(&talk.query.text), "first line\nsecond");
	assert_int_equal(script_server_requests(talk.server), 1);
	talk_end(&talk);
}

static void a_broken_answer_that_nobody_saw_is_asked_for_again(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = JSON_HEAD("200 OK") "Content-Length: 5000\r\n\r\n" DELTA("no line") },
		{ .bytes = HEAD DELTA("whole") STOP },
	};
	struct talk talk;

	talk_begin(&talk, replies, 2);
	ask_ok(&talk);
	assert_string_equal(strbuf_text(&talk.query.text), "whole");
	talk_end(&talk);
}

static void assert_outcome(const char *bytes, const char *text, const char *notice,
			   const char *error)
{
	const struct script_reply replies[] = { { .bytes = bytes } };
	struct talk talk;

	talk_begin(&talk, replies, 1);
	talk.asker.http.attempts = 1;
	assert_null(asker_run(&talk.asker, &talk.query, 1));
	assert_string_equal(strbuf_text(&talk.query.text), text);
	if (notice)
		assert_non_null(strstr(talk.query.notice ? talk.query.notice : "", notice));
	else
		assert_null(talk.query.notice);
	if (error)
		assert_non_null(strstr(talk.query.error ? talk.query.error->message : "", error));
	else
		assert_null(talk.query.error);
	talk_end(&talk);
}

static void every_way_to_end_is_told(void **)
{
	assert_outcome(HEAD DELTA("x") STOP, "x", NULL, NULL);
	assert_outcome(HEAD DELTA("x"), "x", "ended early", NULL);
	assert_outcome(HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},"
			    "\"finish_reason\":\"length\"}]}\n\n",
		       "x", "cut at 50 tokens", NULL);
	assert_outcome(HEAD "data: {\"choices\":[{\"delta\":{},"
			    "\"finish_reason\":\"content_filter\"}]}\n\n",
		       "", "filter", NULL);
	assert_outcome(HEAD "data: {\"choices\":[{\"delta\":{},"
			    "\"finish_reason\":\"tool_calls\"}]}\n\n",
		       "", "tool", NULL);
	assert_outcome(HEAD STOP, "", "no text", NULL);
	assert_outcome(HEAD DELTA("x") "data: {\"error\":{\"message\":\"worn out\"}}\n\n", "x",
		       NULL, "stopped its answer: worn out");
	assert_outcome(JSON_HEAD("200 OK") "\r\n{\"choices\":[{\"message\":{\"content\":\"x\"},"
					   "\"finish_reason\":\"stop\"}]}",
		       "x", NULL, NULL);
	assert_outcome(JSON_HEAD("200 OK") "\r\n<html>Welcome</html>", "", NULL, "a page");
	assert_outcome(JSON_HEAD("502 Bad") "\r\n<html>sk-test-key</html>", "", NULL,
		       "with a page instead of a reason");
	/* Empty choices first and last, a role alone, null, "" and absent contents, a part list. */
	assert_outcome(HEAD "data: {\"choices\":[]}\n\n"
			    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
			    "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n"
			    "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n"
			    "data: {\"choices\":[{\"finish_reason\":null}]}\n\n"
			    "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\","
			    "\"text\":\"x\"}]}}]}\n\n"
			    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
			    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9}}\n\n"
			    "data: [DONE]\n\n",
		       "x", NULL, NULL);
	/* Calls in parts, which nobody offered; what was said beside them stays. */
	assert_outcome(
		HEAD DELTA("x") "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
				"\"function\":{\"name\":\"rm\",\"arguments\":\"{\"}}]}}]}\n\n"
				"data: {\"choices\":[{\"delta\":{},\"finish_reason\":"
				"\"tool_calls\"}]}\n\n",
		"x", "called a tool", NULL);
	assert_outcome(JSON_HEAD("401 No") "\r\n{\"error\":{\"message\":\"bad sk-test-key\"}}", "",
		       NULL, "(401): bad (the key)");
	assert_outcome(JSON_HEAD("302 Moved") "Location: http://evil/\r\nContent-Length: 0\r\n\r\n",
		       "", NULL, "(302)");
}

static void a_kept_answer_needs_no_server(void **)
{
	const struct script_reply replies[] = { { .bytes = HEAD DELTA("<ip-1>") STOP } };
	char folder[] = "/tmp/sysgrok-ask-XXXXXX";
	auto_free char *path = NULL;
	struct talk talk;

	assert_non_null(mkdtemp(folder));
	talk_begin(&talk, replies, 1);
	talk.asker.store_folder = folder;
	ask_ok(&talk);
	assert_false(talk.query.from_cache);
	query_done(&talk.query);
	talk.query = (struct query){ .prompt = talk.query.prompt };
	ask_ok(&talk);
	assert_true(talk.query.from_cache);
	assert_string_equal(strbuf_text(&talk.query.text), "10.1.2.3");
	assert_int_equal(script_server_requests(talk.server), 1);
	query_done(&talk.query);
	talk.query = (struct query){ .prompt = talk.query.prompt };
	talk.asker.no_cache = true;
	ask_ok(&talk);
	assert_int_equal(script_server_requests(talk.server), 2);
	assert_null(store_pick(folder, talk.query.id, &path));
	unlink(path);
	rmdir(folder);
	talk_end(&talk);
}

static bool refuse_text(void *, struct str)
{
	return false;
}

static void an_answer_that_nobody_wants_is_ended(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = HEAD DELTA("one\\ntwo") DELTA("three\\n") STOP, .hold_ms = 1000 }
	};
	struct talk talk;

	talk_begin(&talk, replies, 1);
	talk.query.on_text = refuse_text;
	ask_ok(&talk);
	assert_true(talk.query.total_ns < 900000000);
	assert_int_equal(script_server_requests(talk.server), 1);
	talk_end(&talk);
}

static void eight_at_a_time_take_as_long_as_the_slowest(void **)
{
	const struct script_reply replies[] = { { .bytes = HEAD DELTA("x") STOP, .hold_ms = 300 } };
	struct query queries[8];
	struct talk talk;

	talk_begin(&talk, replies, 1);
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
		queries[i] = (struct query){ .prompt = talk.query.prompt };
	talk.asker.http.concurrent = 8;
	assert_null(asker_run(&talk.asker, queries, ARRAY_SIZE(queries)));
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		assert_string_equal(strbuf_text(&queries[i].text), "x");
		/* One behind the other would be 2.4 s. */
		assert_true(queries[i].total_ns < 1200000000);
		query_done(&queries[i]);
	}
	talk_end(&talk);
}

static void queries_run_side_by_side(void **)
{
	const struct script_reply replies[] = { { .bytes = HEAD DELTA("x") STOP, .hold_ms = 80 } };
	struct query queries[6];
	struct talk talk;

	talk_begin(&talk, replies, 1);
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
		queries[i] = (struct query){ .prompt = talk.query.prompt };
	talk.asker.http.concurrent = 3;
	assert_null(asker_run(&talk.asker, queries, ARRAY_SIZE(queries)));
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		assert_null(queries[i].error);
		assert_string_equal(strbuf_text(&queries[i].text), "x");
		query_done(&queries[i]);
	}
	assert_in_range(script_server_parallel(talk.server), 2, 3);
	talk_end(&talk);
}

static void the_request_is_shown_without_the_key(void **)
{
	const struct script_reply replies[] = { { .bytes = HEAD STOP } };
	auto_strbuf struct strbuf shown = STRBUF_INIT;
	struct talk talk;

	talk_begin(&talk, replies, 1);
	asker_show(&talk.asker, &talk.query.prompt, &shown);
	assert_null(strstr(strbuf_text(&shown), "sk-test-key"));
	assert_non_null(strstr(strbuf_text(&shown), "Authorization: (the key)\n"));
	assert_non_null(strstr(strbuf_text(&shown), "<ip-1>"));
	/* The bytes of the body are those that are sent. */
	ask_ok(&talk);
	assert_string_equal(strstr(strbuf_text(&shown), "\n\n") + 2,
			    strstr(script_server_request(talk.server, 0), "\r\n\r\n") + 4);
	talk_end(&talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_in_lines_and_unmasked),
		cmocka_unit_test(figures_are_checked_on_the_way),
		cmocka_unit_test(a_refused_parameter_is_left_out),
		cmocka_unit_test(
			servers_that_know_only_one_name_of_a_limit_are_asked_by_it_and_that_is_said),
		cmocka_unit_test(a_model_that_is_still_loading_is_waited_for),
		cmocka_unit_test(a_prompt_that_is_too_large_is_told_with_its_figures),
		cmocka_unit_test(anthropics_ways_to_end_are_told),
		cmocka_unit_test(what_was_shown_of_a_broken_answer_is_kept),
		cmocka_unit_test(a_broken_answer_that_nobody_saw_is_asked_for_again),
		cmocka_unit_test(every_way_to_end_is_told),
		cmocka_unit_test(a_kept_answer_needs_no_server),
		cmocka_unit_test(an_answer_that_nobody_wants_is_ended),
		cmocka_unit_test(eight_at_a_time_take_as_long_as_the_slowest),
		cmocka_unit_test(queries_run_side_by_side),
		cmocka_unit_test(the_request_is_shown_without_the_key),
	};
	struct http *http = NULL;
	struct error *error = http_open(&(struct http_options){ 0 }, &http);
	int failed;

	if (error) {
		printf("%s\n", error->message);
		error_free(error);
		return 77;
	}
	http_close(http);
	setenv("no_proxy", "127.0.0.1", 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed ? 1 : 0;
}
