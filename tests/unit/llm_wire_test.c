#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/provider.h"
#include "llm/sse.h"

#include <stdlib.h>
#include <string.h>

#define KEY "sk-0123456789abcdefghij"

static bool note_event(void *user, struct str data)
{
	struct strbuf *events = user;

	strbuf_add(events, data);
	strbuf_add_char(events, '|');
	return true;
}

static void assert_events(const char *stream, const char *expected)
{
	/* In one piece, then in pieces of one to three bytes. */
	for (size_t slice = 0; slice <= 3; slice++) {
		auto_strbuf struct strbuf events = STRBUF_INIT;
		struct str rest = str_from(stream);
		struct sse sse = { 0 };

		while (rest.len) {
			size_t count = slice ? MIN(slice, rest.len) : rest.len;

			assert_true(sse_feed(&sse, (struct str){ rest.ptr, count }, note_event,
					     &events));
			rest.ptr += count;
			rest.len -= count;
		}
		assert_true(sse_end(&sse, note_event, &events));
		assert_string_equal(strbuf_text(&events), expected);
		sse_done(&sse);
	}
}

static void events_are_found_in_any_slices(void **)
{
	assert_events("data: a\n\ndata:b\n\n", "a|b|");
	assert_events("data: a\r\n\r\ndata:  b\r\n\r\n", "a| b|");
	assert_events("data: a\ndata: b\n\n", "a\nb|");
	assert_events(": comment\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n:\n\n", "a|");
	assert_events("\n\n\n", "");
	assert_events("data\n\n", "|");
	/* The blank line that ends the last one never came. */
	assert_events("data: a\n\ndata: last", "a|last|");
	assert_events("database: no\n\n", "");
}

static bool stop_at_once(void *, struct str)
{
	return false;
}

static void the_reader_of_events_can_stop(void **)
{
	struct sse sse = { 0 };

	assert_false(sse_feed(&sse, STR("data: a\n\ndata: b\n\n"), stop_at_once, NULL));
	sse_done(&sse);
}

static void an_endless_event_is_refused(void **)
{
	auto_strbuf struct strbuf line = STRBUF_INIT, events = STRBUF_INIT;
	struct sse sse = { 0 };
	bool go_on = true;

	strbuf_add_repeated(&line, 'x', 1 << 20);
	for (int i = 0; i < 10 && go_on; i++)
		go_on = sse_feed(&sse, strbuf_str(&line), note_event, &events);
	assert_false(go_on);
	assert_true(sse.too_long);
	assert_true(sse.line.len <= (8u << 20));
	sse_done(&sse);
}

static struct llm_reply answer(enum llm_api api, const char *const *events)
{
	struct llm_reply reply = { 0 };

	llm_reply_reset(&reply);
	for (size_t i = 0; events[i]; i++)
		llm_reply_event(&reply, api, str_from(events[i]));
	llm_reply_end(&reply);
	return reply;
}

#define ANSWER(api, ...) answer(api, (const char *const[]){ __VA_ARGS__, NULL })
#define DELTA(content) "{\"choices\":[{\"index\":0,\"delta\":{\"content\":" content "}}]}"

static void a_stream_becomes_a_text(void **)
{
	struct llm_reply reply = ANSWER(
		LLM_OPENAI,
		"{\"model\":\"m-1\",\"choices\":[{\"delta\":{\"role\":\"assistant\","
		"\"content\":null}}]}",
		DELTA("\"Hel\""), DELTA("\"lo\""), DELTA("\"\""), "{\"choices\":[{\"delta\":{}}]}",
		"{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
		"{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}",
		"[DONE]");

	assert_string_equal(strbuf_text(&reply.text), "Hello");
	assert_string_equal(reply.finish, "stop");
	assert_string_equal(reply.model, "m-1");
	assert_true(reply.done);
	assert_true(reply.usage.known);
	assert_int_equal(reply.usage.prompt_tokens, 7);
	assert_int_equal(reply.usage.reply_tokens, 2);
	assert_int_equal(reply.bad_events, 0);
	llm_reply_done(&reply);
}

static void azures_events_without_choices_or_delta_are_passed_over(void **)
{
	struct llm_reply reply = ANSWER(
		LLM_AZURE, "{\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}",
		"{\"choices\":[{\"content_filter_offsets\":{\"check_offset\":1},\"index\":0,"
		"\"finish_reason\":null}]}",
		DELTA("\"x\""), "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}",
		"{\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}");

	assert_string_equal(strbuf_text(&reply.text), "x");
	assert_string_equal(reply.finish, "content_filter");
	assert_false(reply.done);
	llm_reply_done(&reply);
}

static void halves_of_an_emoji_in_two_deltas_are_joined(void **)
{
	struct llm_reply reply = ANSWER(LLM_OPENAI, DELTA("\"a\\ud83e\""), DELTA("\"\\udd80b\""),
					DELTA("\"\\ud83e\""), DELTA("\"c\""), DELTA("\"\\udd80\""),
					DELTA("\"\\ud83e\""));

	assert_string_equal(strbuf_text(&reply.text), "a\xf0\x9f\xa6\x80"
						      "b\xef\xbf\xbd"
						      "c\xef\xbf\xbd\xef\xbf\xbd");
	llm_reply_done(&reply);
}

static void an_error_inside_the_stream_is_kept_with_what_came(void **)
{
	struct llm_reply reply = ANSWER(LLM_OPENAI, DELTA("\"part\""),
					"{\"error\":{\"message\":\"overloaded\",\"code\":502}}");

	assert_string_equal(strbuf_text(&reply.text), "part");
	assert_string_equal(reply.error, "overloaded");
	llm_reply_done(&reply);
	reply = ANSWER(LLM_OPENAI, "{\"error\":\"out of memory\"}", "not json", "[1]");
	assert_string_equal(reply.error, "out of memory");
	assert_int_equal(reply.bad_events, 2);
	llm_reply_done(&reply);
}

static void an_answer_that_is_not_streamed_is_read_too(void **)
{
	struct llm_reply reply =
		ANSWER(LLM_OPENAI, "{\"choices\":[{\"message\":{\"content\":\"all\"},"
				   "\"finish_reason\":\"length\"}]}");

	assert_string_equal(strbuf_text(&reply.text), "all");
	assert_string_equal(reply.finish, "length");
	llm_reply_done(&reply);
}

static void anthropics_events_become_a_text(void **)
{
	struct llm_reply reply = ANSWER(
		LLM_ANTHROPIC,
		"{\"type\":\"message_start\",\"message\":{\"model\":\"c-1\",\"content\":[],"
		"\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}",
		"{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
		"\"text\",\"text\":\"\"}}",
		"{\"type\":\"ping\"}",
		"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":"
		"\"Hi\"}}",
		"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":"
		"\" you\"}}",
		"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},\"usage\":"
		"{\"output_tokens\":5}}",
		"{\"type\":\"message_stop\"}");

	assert_string_equal(strbuf_text(&reply.text), "Hi you");
	assert_string_equal(reply.finish, "length");
	assert_string_equal(reply.model, "c-1");
	assert_true(reply.done);
	assert_int_equal(reply.usage.prompt_tokens, 9);
	assert_int_equal(reply.usage.reply_tokens, 5);
	llm_reply_done(&reply);
}

static const struct llm_message messages[] = {
	{ LLM_SYSTEM, { "Be brief.", 9 } },
	{ LLM_USER, { "On db1.prod.example.com:\n\"50%\"", 30 } },
};

static void assert_body(const struct llm_config *config, struct llm_dialect dialect,
			const char *expected)
{
	const struct llm_prompt prompt = { messages, 2, true, 0.5 };
	auto_strbuf struct strbuf body = STRBUF_INIT;
	auto_masks struct masks masks = MASKS_INIT;
	struct strbuf compact = STRBUF_INIT;

	provider_body(config, dialect, &prompt, &masks, &body);
	/* Without the indentation. */
	for (size_t i = 0; i < body.len; i++) {
		if (body.ptr[i] == '\n') {
			while (i + 1 < body.len && body.ptr[i + 1] == ' ')
				i++;
		} else {
			strbuf_add_char(&compact, body.ptr[i]);
		}
	}
	assert_string_equal(strbuf_text(&compact), expected);
	strbuf_done(&compact);
}

#define USER_JSON "{\"role\": \"user\",\"content\": \"On <host-1>:\\n\\\"50%\\\"\"}"

static void bodies_are_those_of_the_three_apis_and_masked(void **)
{
	char model[] = "gpt-3.5-turbo", claude[] = "claude-x", newer[] = "o3-mini";
	struct llm_config config = { .api = LLM_OPENAI, .model = model, .reply_tokens = 100 };

	assert_body(&config, llm_dialect_of(&config),
		    "{\"model\": \"gpt-3.5-turbo\",\"messages\": [{\"role\": \"system\","
		    "\"content\": \"Be brief.\"}," USER_JSON "],\"max_tokens\": 100,"
		    "\"temperature\": 0.5,\"stream\": true,"
		    "\"stream_options\": {\"include_usage\": true}}");
	config.model = newer;
	assert_body(&config, llm_dialect_of(&config),
		    "{\"model\": \"o3-mini\",\"messages\": [{\"role\": \"system\","
		    "\"content\": \"Be brief.\"}," USER_JSON "],\"max_completion_tokens\": 100,"
		    "\"stream\": true,\"stream_options\": {\"include_usage\": true}}");
	config.api = LLM_ANTHROPIC;
	config.model = claude;
	assert_body(&config, llm_dialect_of(&config),
		    "{\"model\": \"claude-x\",\"system\": \"Be brief.\",\"messages\": [" USER_JSON
		    "],\"max_tokens\": 100,\"temperature\": 0.5,\"stream\": true}");
}

static void urls_and_headers_are_those_of_the_three_apis(void **)
{
	char base[] = "https://x.openai.azure.com", model[] = "my dep/1", version[] = "2024-10-21",
	     key[] = KEY, entra[] = "eyJhbGciOi";
	struct llm_config config = {
		.api = LLM_AZURE, .base = base, .model = model, .version = version, .key = key
	};
	auto_arena struct arena arena = ARENA_INIT;
	char *url = provider_url(&config);

	assert_string_equal(url, "https://x.openai.azure.com/openai/deployments/my%20dep%2F1/chat/"
				 "completions?api-version=2024-10-21");
	free(url);
	assert_string_equal(provider_headers(&config, &arena)[2], "api-key: " KEY);
	config.key = entra;
	assert_string_equal(provider_headers(&config, &arena)[2],
			    "Authorization: Bearer eyJhbGciOi");
	config.api = LLM_ANTHROPIC;
	url = provider_url(&config);
	assert_string_equal(url, "https://x.openai.azure.com/v1/messages");
	free(url);
	assert_string_equal(provider_headers(&config, &arena)[2], "anthropic-version: 2024-10-21");
	assert_string_equal(provider_headers(&config, &arena)[3], "x-api-key: eyJhbGciOi");
	config.api = LLM_OPENAI;
	config.key = NULL;
	assert_null(provider_headers(&config, &arena)[2]);
}

static void assert_refusal(long status, const char *body, const char *message)
{
	char key[] = KEY;
	const struct llm_config config = { .api = LLM_OPENAI, .key = key };
	auto_error struct error *error = provider_error(&config, status, str_from(body));

	assert_string_equal(error->message, message);
	assert_non_null(error->hint);
	assert_null(strstr(error->message, KEY));
}

static void refusals_are_told_in_one_line_without_the_key(void **)
{
	assert_refusal(401,
		       "{\"error\":{\"message\":\"Bad key: " KEY "\\nsee x\",\"code\":"
		       "\"invalid_api_key\"}}",
		       "the server refused (401, invalid_api_key): Bad key: (the key) see x");
	assert_refusal(401, "{\"error\":{\"code\":401,\"message\":\"m\",\"type\":\"t\"}}",
		       "the server refused (401, 401): m");
	assert_refusal(400, "{\"error\":\"x\"}", "the server refused (400): x");
	assert_refusal(400, "{\"detail\":\"y\"}", "the server refused (400): y");
	assert_refusal(502, "<html><body>Bad gateway</body>",
		       "the server refused (502, with a page instead of a reason)");
	assert_refusal(500, "", "the server refused (500)");
	assert_refusal(500, "plain " KEY, "the server refused (500): plain (the key)");
}

static void a_refusal_of_a_parameter_is_adapted_to_once(void **)
{
	struct llm_dialect dialect = { 0 };
	struct str tokens = STR("{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is "
				"not supported with this model. Use 'max_completion_tokens' "
				"instead.\",\"param\":\"max_tokens\"}}");
	struct str temperature = STR("{\"error\":{\"message\":\"Unsupported value\",\"param\":"
				     "\"temperature\"}}");
	struct str overflow = STR("{\"error\":{\"message\":\"max_tokens too much\",\"code\":"
				  "\"context_length_exceeded\"}}");

	assert_false(provider_adapt(&dialect, 400, overflow));
	assert_false(provider_adapt(&dialect, 401, tokens));
	assert_true(provider_adapt(&dialect, 400, tokens));
	assert_true(dialect.completion_tokens);
	assert_false(provider_adapt(&dialect, 400, tokens));
	assert_true(provider_adapt(&dialect, 400, temperature));
	assert_true(dialect.no_temperature);
	assert_false(provider_adapt(&dialect, 400, temperature));
}

static void an_empty_account_is_not_asked_again(void **)
{
	assert_false(
		provider_worth_retrying(429, STR("{\"error\":{\"code\":\"insufficient_quota\"}}")));
	assert_true(provider_worth_retrying(429,
					    STR("{\"error\":{\"code\":\"rate_limit_exceeded\"}}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_found_in_any_slices),
		cmocka_unit_test(the_reader_of_events_can_stop),
		cmocka_unit_test(an_endless_event_is_refused),
		cmocka_unit_test(a_stream_becomes_a_text),
		cmocka_unit_test(azures_events_without_choices_or_delta_are_passed_over),
		cmocka_unit_test(halves_of_an_emoji_in_two_deltas_are_joined),
		cmocka_unit_test(an_error_inside_the_stream_is_kept_with_what_came),
		cmocka_unit_test(an_answer_that_is_not_streamed_is_read_too),
		cmocka_unit_test(anthropics_events_become_a_text),
		cmocka_unit_test(bodies_are_those_of_the_three_apis_and_masked),
		cmocka_unit_test(urls_and_headers_are_those_of_the_three_apis),
		cmocka_unit_test(refusals_are_told_in_one_line_without_the_key),
		cmocka_unit_test(a_refusal_of_a_parameter_is_adapted_to_once),
		cmocka_unit_test(an_empty_account_is_not_asked_again),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
