#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "script_server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"

static const char *const headers[] = { "Authorization: Bearer sk-secret", NULL };

struct taken {
	struct strbuf text;
	bool shown;
	unsigned restarts;
	size_t stop_after;
};

static bool take(void *user, struct str bytes)
{
	struct taken *taken = user;

	strbuf_add(&taken->text, bytes);
	return !taken->stop_after || taken->text.len < taken->stop_after;
}

static bool restart(void *user)
{
	struct taken *taken = user;

	if (taken->shown)
		return false;
	taken->restarts++;
	strbuf_reset(&taken->text);
	return true;
}

static struct http *open_fast(const struct http_options *wanted)
{
	struct http_options options = wanted ? *wanted : (struct http_options){ 0 };
	struct http *http = NULL;

	options.backoff_s = 0.01;
	assert_null(http_open(&options, &http));
	return http;
}

static const struct http_result *post(struct http *http, struct script_server *server,
				      const struct http_sink *sink)
{
	auto_free char *url = x_asprintf("%s/v1/x?key=hidden", script_server_url(server));
	struct http_request request = {
		.url = url, .headers = headers, .body = STR("{\"a\":1}"), .sink = sink
	};

	return http_add(http, &request);
}

static void a_request_arrives_as_given(void **)
{
	const struct script_reply replies[] = { { .bytes =
							  OK_HEAD "Content-Length: 2\r\n\r\nhi" } };
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);
	const char *request;

	assert_null(http_run(http));
	assert_null(result->error);
	assert_int_equal(result->status, 200);
	assert_string_equal(strbuf_text(&result->body), "hi");
	assert_string_equal(result->content_type, "text/plain");
	request = script_server_request(server, 0);
	assert_memory_equal(request, "POST /v1/x?key=hidden HTTP/1.1\r\n", 32);
	assert_non_null(strstr(request, "Authorization: Bearer sk-secret\r\n"));
	assert_null(strstr(request, "Expect"));
	assert_null(strstr(request, "Accept-Encoding"));
	assert_non_null(strstr(request, "\r\n\r\n{\"a\":1}"));
	script_server_stop(server);
}

static void refusals_are_tried_again_after_what_the_server_says(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n" },
		{ .bytes = BUSY },
		{ .bytes = NULL },
		{ .bytes = OK_HEAD "Content-Length: 2\r\n\r\nhi" },
	};
	struct script_server *server = script_server_start(replies, 4);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_null(http_run(http));
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_null(result->error);
	assert_int_equal(result->status, 200);
	assert_int_equal(result->attempts, 4);
	assert_string_equal(strbuf_text(&result->body), "hi");
	assert_true((double)(after.tv_sec - before.tv_sec) +
			    (double)(after.tv_nsec - before.tv_nsec) / 1e9 >=
		    1.0);
	script_server_stop(server);
}

static void a_refusal_that_cannot_pass_is_not_repeated(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = "HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nbad" }
	};
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	struct taken taken = { 0 };
	const struct http_sink sink = { &taken, take, restart };
	const struct http_result *result = post(http, server, &sink);

	assert_null(http_run(http));
	assert_null(result->error);
	assert_int_equal(result->status, 401);
	assert_int_equal(result->attempts, 1);
	/* The body of an error is for the message, not for the sink. */
	assert_string_equal(strbuf_text(&result->body), "bad");
	assert_int_equal(taken.text.len, 0);
	strbuf_done(&taken.text);
	script_server_stop(server);
}

static void a_wait_of_an_hour_is_not_waited_for(void **)
{
	const struct script_reply replies[] = {
		{ .bytes =
			  "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n" }
	};
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);

	assert_null(http_run(http));
	assert_int_equal(result->status, 429);
	assert_int_equal(result->attempts, 1);
	assert_true(result->retry_after_s > 3599);
	script_server_stop(server);
}

static void a_time_to_come_back_may_be_a_date(void **)
{
	char when[64], busy[160];
	time_t soon = time(NULL) + 2, past = time(NULL) - 3600;
	struct tm utc;
	struct script_reply replies[3] = { [2] = { .bytes = OK_HEAD
						   "Content-Length: 2\r\n\r\nhi" } };
	char texts[2][160];

	for (int i = 0; i < 2; i++) {
		gmtime_r(i ? &past : &soon, &utc);
		strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		snprintf(busy, sizeof(busy),
			 "HTTP/1.1 429 Slow\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", when);
		strcpy(texts[i], busy);
		replies[i].bytes = texts[i];
	}
	struct script_server *server = script_server_start(replies, 3);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_null(http_run(http));
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(result->attempts, 3);
	assert_int_equal(result->status, 200);
	/* To the second, with a quarter of it at most on top; one that is over is not waited for.
	 */
	assert_in_range(after.tv_sec - before.tv_sec, 0, 4);
	assert_true(time(NULL) >= soon - 1);
	script_server_stop(server);
}

/* Of many that were refused together no two come back together. */
static void waits_differ_by_chance(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = BUSY },
		{ .bytes = OK_HEAD "Content-Length: 2\r\n\r\nhi" },
	};
	const struct http_options options = { .concurrent = 8, .attempts = 2 };
	struct script_server *server = script_server_start(replies, 9);
	struct http_options slow = options;
	struct http *http = NULL;
	const struct http_result *results[8];
	struct timespec now;
	uint64_t least = UINT64_MAX, most = 0;

	slow.backoff_s = 0.4;
	assert_null(http_open(&slow, &http));
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		results[i] = post(http, server, NULL);
	assert_null(http_run(http));
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		assert_int_equal(results[i]->status, 200);
		least = MIN(least, results[i]->waited_ns);
		most = MAX(most, results[i]->waited_ns);
	}
	/* Between a half and the whole of it. */
	assert_true(least >= 200000000 && most <= 410000000);
	assert_true(most - least > 10000000);
	http_close(http);
	script_server_stop(server);
}

static void a_body_that_was_compressed_unasked_is_undone(void **)
{
	/* printf 'hello gzip' | gzip -n */
	static const char packed[] =
		OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 30\r\n\r\n"
			"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x57\x48\xaf"
			"\xca\x2c\x00\x00\x19\x6a\xd2\xdf\x0a\x00\x00\x00";
	const struct script_reply replies[] = { { .bytes = packed, .length = sizeof(packed) - 1 } };
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);

	assert_null(http_run(http));
	assert_null(result->error);
	assert_string_equal(strbuf_text(&result->body), "hello gzip");
	assert_null(strstr(script_server_request(server, 0), "Accept-Encoding"));
	script_server_stop(server);
}

static void a_redirect_is_not_followed_and_the_key_goes_nowhere_else(void **)
{
	const struct script_reply other[] = { { .bytes = OK_HEAD "\r\nmine" } };
	struct script_server *evil = script_server_start(other, 1);
	auto_free char *moved = x_asprintf("HTTP/1.1 307 Moved\r\nLocation: %s/v1/x\r\n"
					   "Content-Length: 0\r\n\r\n",
					   script_server_url(evil));
	const struct script_reply replies[] = { { .bytes = moved } };
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	const struct http_result *result = post(http, server, NULL);

	assert_null(http_run(http));
	assert_int_equal(result->status, 307);
	assert_int_equal(result->attempts, 1);
	assert_int_equal(script_server_requests(evil), 0);
	script_server_stop(server);
	script_server_stop(evil);
}

static void what_was_shown_is_never_asked_for_again(void **)
{
	/* Promises ten bytes and sends four. */
	const struct script_reply replies[] = { { .bytes = OK_HEAD
						  "Content-Length: 10\r\n\r\npart" } };
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	struct taken taken = { .shown = true };
	const struct http_sink sink = { &taken, take, restart };
	const struct http_result *result = post(http, server, &sink);

	assert_null(http_run(http));
	assert_non_null(result->error);
	assert_int_equal(result->attempts, 1);
	assert_int_equal(script_server_requests(server), 1);
	assert_string_equal(strbuf_text(&taken.text), "part");
	strbuf_done(&taken.text);
	script_server_stop(server);
}

static void a_cut_stream_that_nobody_saw_is_repeated(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = OK_HEAD "Content-Length: 10\r\n\r\npart" },
		{ .bytes = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n",
		  .slice = 1 },
	};
	struct script_server *server = script_server_start(replies, 2);
	auto_http struct http *http = open_fast(NULL);
	struct taken taken = { 0 };
	const struct http_sink sink = { &taken, take, restart };
	const struct http_result *result = post(http, server, &sink);

	assert_null(http_run(http));
	assert_null(result->error);
	assert_int_equal(taken.restarts, 1);
	assert_string_equal(strbuf_text(&taken.text), "all");
	strbuf_done(&taken.text);
	script_server_stop(server);
}

static void the_sink_can_end_it(void **)
{
	const struct script_reply replies[] = {
		{ .bytes = OK_HEAD "Content-Length: 1000\r\n\r\nenough", .hold_ms = 50 }
	};
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	struct taken taken = { .stop_after = 1 };
	const struct http_sink sink = { &taken, take, restart };
	const struct http_result *result = post(http, server, &sink);

	assert_null(http_run(http));
	assert_null(result->error);
	assert_true(result->stopped);
	assert_int_equal(result->attempts, 1);
	strbuf_done(&taken.text);
	script_server_stop(server);
}

static void silence_ends_at_the_deadline(void **)
{
	const struct script_reply replies[] = { { .bytes = OK_HEAD "Content-Length: 9\r\n\r\nx",
						  .hold_ms = 600 } };
	struct script_server *server = script_server_start(replies, 1);
	const struct http_options options = { .total_s = 0.25 };
	auto_http struct http *http = open_fast(&options);
	const struct http_result *result = post(http, server, NULL);

	assert_null(http_run(http));
	assert_non_null(result->error);
	assert_non_null(strstr(result->error->message, "0.25 s"));
	script_server_stop(server);
}

static void no_more_than_allowed_run_at_a_time(void **)
{
	const struct script_reply replies[] = { { .bytes = OK_HEAD "Connection: close\r\n\r\nhi",
						  .hold_ms = 60 } };
	struct script_server *server = script_server_start(replies, 1);
	const struct http_options options = { .concurrent = 3 };
	auto_http struct http *http = open_fast(&options);
	const struct http_result *results[9];

	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		results[i] = post(http, server, NULL);
	assert_null(http_run(http));
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		assert_int_equal(results[i]->status, 200);
	assert_int_equal(script_server_requests(server), 9);
	assert_in_range(script_server_parallel(server), 2, 3);
	script_server_stop(server);
}

static void errors_name_the_server_and_no_secret(void **)
{
	auto_http struct http *http = open_fast(&(struct http_options){ .attempts = 2 });
	/* Port 1 of the loopback: nobody listens. */
	struct http_request request = { .url = "http://me:pw@127.0.0.1:1/v1?key=hidden",
					.headers = headers };
	const struct http_result *result = http_add(http, &request);

	assert_null(http_run(http));
	assert_non_null(result->error);
	assert_int_equal(result->attempts, 2);
	assert_non_null(strstr(result->error->message, "http://127.0.0.1:1/v1: "));
	assert_null(strstr(result->error->message, "pw"));
	assert_null(strstr(result->error->message, "hidden"));
	assert_null(strstr(result->error->message, "sk-"));
}

static void *interrupt_soon(void *)
{
	usleep(100000);
	kill(getpid(), SIGINT);
	return NULL;
}

static void ctrl_c_ends_it_at_once_and_keeps_what_came(void **)
{
	const struct script_reply replies[] = { { .bytes = OK_HEAD "Content-Length: 9\r\n\r\npart",
						  .hold_ms = 400 } };
	struct script_server *server = script_server_start(replies, 1);
	auto_http struct http *http = open_fast(NULL);
	struct taken taken = { .shown = true };
	const struct http_sink sink = { &taken, take, restart };
	const struct http_result *result = post(http, server, &sink);
	auto_error struct error *error = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, interrupt_soon, NULL);
	error = http_run(http);
	pthread_join(thread, NULL);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_INTERRUPTED);
	assert_int_equal(result->error->code, ERROR_INTERRUPTED);
	assert_string_equal(strbuf_text(&taken.text), "part");
	strbuf_done(&taken.text);
	script_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_arrives_as_given),
		cmocka_unit_test(refusals_are_tried_again_after_what_the_server_says),
		cmocka_unit_test(a_refusal_that_cannot_pass_is_not_repeated),
		cmocka_unit_test(a_wait_of_an_hour_is_not_waited_for),
		cmocka_unit_test(a_time_to_come_back_may_be_a_date),
		cmocka_unit_test(waits_differ_by_chance),
		cmocka_unit_test(a_body_that_was_compressed_unasked_is_undone),
		cmocka_unit_test(a_redirect_is_not_followed_and_the_key_goes_nowhere_else),
		cmocka_unit_test(what_was_shown_is_never_asked_for_again),
		cmocka_unit_test(a_cut_stream_that_nobody_saw_is_repeated),
		cmocka_unit_test(the_sink_can_end_it),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(no_more_than_allowed_run_at_a_time),
		cmocka_unit_test(errors_name_the_server_and_no_secret),
		cmocka_unit_test(ctrl_c_ends_it_at_once_and_keeps_what_came),
	};
	struct http *http = NULL;
	struct error *error = http_open(&(struct http_options){ 0 }, &http);
	sigset_t signals;
	int failed;

	if (error) {
		printf("%s\n", error->message);
		error_free(error);
		return 77;
	}
	http_close(http);
	/* The tests talk to the loopback, whatever proxy this machine uses. */
	setenv("no_proxy", "127.0.0.1", 1);
	/* No thread of a server is to take the one that a test sends. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed ? 1 : 0;
}
