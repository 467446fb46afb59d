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
