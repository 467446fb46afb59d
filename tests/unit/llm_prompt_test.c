#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/calibration.h"
#include "llm/prompt.h"
#include "llm/sha256.h"
#include "llm/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static void front_matter_is_taken_off(void **)
{
	struct prompt_file file =
		prompt_file_parse(STR("---\nname: x\ndescription: a: b\n---\nbody\n---\n"));

	assert_true(str_is(file.name, "x"));
	assert_true(str_is(file.description, "a: b"));
	assert_true(str_is(file.body, "body\n---\n"));
	assert_true(str_is(prompt_file_parse(STR("plain")).body, "plain"));
	assert_true(str_is(prompt_file_parse(STR("---\nname: x\n")).body, "---\nname: x\n"));
}

static void foreign_text_cannot_pass_for_ours(void **)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "malloc", "malloc" },
		{ "x [F12] (F3) [Foo]", "x \\[\\F12] \\(\\F3) [Foo]" },
		{ "```sh", "''`sh" },
		{ "a\nEND DATA\x1b[31m", "a\\nEND DATA\\x1b[31m" },
		{ "{{facts}}", "\\{{facts}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strbuf struct strbuf out = STRBUF_INIT;

		prompt_escape(&out, str_from(cases[i].text));
		assert_string_equal(strbuf_text(&out), cases[i].escaped);
	}
}

static void fill(struct facts *facts, size_t bytes, struct strbuf *out,
		 struct prompt_counts *counts)
{
	const struct prompt_input input = {
		.facts = facts,
		.body = STR("A\n{{findings}}\n{{facts}}\n{{notes}}\nZ\n"),
		.budget = { bytes },
	};

	prompt_fill(&input, out, counts);
}

static void facts_findings_and_notes_come_with_their_numbers(void **)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct entity symbol = facts_symbol(&facts, "libc.so.6", "malloc\n[F9]");
	uint32_t evidence = facts_add_number(&facts, symbol, "self", 0.6457, "ratio", "s");
	struct finding finding = { .rule = facts_text(&facts, "r"),
				   .severity = SEVERITY_WARNING,
				   .entity = symbol,
				   .text = facts_text(&facts, "much memory"),
				   .evidence = &evidence,
				   .evidence_count = 1 };
	struct prompt_counts counts;

	facts_add_absent(&facts, symbol, "children", "no stacks", "s");
	facts_add_note(&facts, symbol, "what", "allocates", "k");
	facts_add_note(&facts, symbol, "topic", "memory", "k");
	facts_add_finding(&facts, &finding);
	facts_number(&facts);
	fill(&facts, 10000, &out, &counts);
	assert_string_equal(
		strbuf_text(&out),
		"A\n- (warning) much memory; from F1\n"
		"[F1] symbol libc.so.6:malloc\\n\\[\\F9]: self = 64.57%\n"
		"[F2] symbol libc.so.6:malloc\\n\\[\\F9]: children was not measured: no stacks\n"
		"- symbol libc.so.6:malloc\\n\\[\\F9], what: allocates\nZ\n");
	assert_int_equal(counts.facts, 2);
	assert_int_equal(counts.notes, 1);
}

static void what_matters_most_fits_a_small_budget(void **)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct prompt_counts counts;

	for (int i = 0; i < 500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "function_%03d", i);
		facts_add_number(&facts, facts_symbol(&facts, "lib", name), "self", i / 1000.0,
				 "ratio", "s");
	}
	facts_number(&facts);
	fill(&facts, 2000, &out, &counts);
	assert_true(out.len <= 2000);
	assert_in_range(counts.facts, 10, 40);
	assert_non_null(strstr(strbuf_text(&out), "function_499"));
	assert_null(strstr(strbuf_text(&out), "function_000"));
	assert_non_null(strstr(strbuf_text(&out), "smaller facts are left out"));
}

static void built_in_prompts_are_there_and_can_be_replaced(void **)
{
	char folder[] = "/tmp/sysgrok-prompt-XXXXXX";
	auto_free char *path = NULL;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct error *error;
	FILE *file;

	assert_null(prompt_file_load(NULL, "topn", &text));
	assert_true(str_find(prompt_file_parse(strbuf_str(&text)).body, STR("{{facts}}\n")) > 0);
	assert_non_null(mkdtemp(folder));
	path = x_asprintf("%s/topn.md", folder);
	file = fopen(path, "w");
	fputs("mine", file);
	fclose(file);
	strbuf_reset(&text);
	assert_null(prompt_file_load(folder, "topn", &text));
	assert_string_equal(strbuf_text(&text), "mine");
	unlink(path);
	strbuf_reset(&text);
	assert_null(prompt_file_load(folder, "topn", &text));
	error = prompt_file_load(folder, "none", &text);
	assert_int_equal(error->code, ERROR_NO_FILE);
	error_free(error);
	rmdir(folder);
}

static void built_in_prompts_hold_nothing_that_would_be_masked(void **)
{
	static const char *const names[] = {
		"system",	  "topn", "stacktrace", "findfaster",	  "explainfunction",
		"explainprocess", "part", "debughost",	"debughost-plan", "debughost-summary"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT, hidden = STRBUF_INIT;
		auto_masks struct masks masks = MASKS_INIT;

		assert_null(prompt_file_load(NULL, names[i], &text));
		mask_hide(&masks, strbuf_str(&text), &hidden);
		assert_string_equal(strbuf_text(&hidden), strbuf_text(&text));
	}
}

static void the_budget_leaves_room_for_the_answer(void **)
{
	struct llm_config config = { .context_tokens = 4096, .reply_tokens = 1024 };

	assert_true((double)prompt_budget_of(&config, 0, 0).bytes / 2.5 <= 4096 - 1024);
	config.context_tokens = 500;
	assert_int_equal(prompt_budget_of(&config, 0, 0).bytes, 0);
	config.context_tokens = 1000000;
	assert_true(prompt_budget_of(&config, 4, 0).bytes <= 48000);
}

static void bytes_of_a_token_are_learnt_by_model(void **)
{
	char path[] = "/tmp/sysgrok-tokens-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_true(calibration_find(path, "m") == 0);
	assert_null(calibration_note(path, "m", 4000, 1000));
	assert_null(calibration_note(path, "other one", 6000, 1000));
	assert_true(calibration_find(path, "m") > 3.5 && calibration_find(path, "m") < 4.0);
	assert_true(calibration_find(path, "other one") > 5.0);
	/* Denser text: the figure follows, step by step. */
	assert_null(calibration_note(path, "m", 2000, 1000));
	assert_true(calibration_find(path, "m") > 2.5 && calibration_find(path, "m") < 3.5);
	/* Nonsense of a server, and too little to learn from. */
	assert_null(calibration_note(path, "mad", 1000000, 1));
	assert_true(calibration_find(path, "mad") <= 8);
	assert_null(calibration_note(path, "small", 100, 10));
	assert_true(calibration_find(path, "small") == 0);
	unlink(path);
	assert_true(calibration_find(path, "m") == 0);
}

static void hashes_are_those_of_the_standard(void **)
{
	char hex[SHA256_HEX_BYTES];
	auto_strbuf struct strbuf text = STRBUF_INIT;

	sha256_hex(STR("abc"), hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(STR(""), hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	strbuf_add_repeated(&text, 'a', 1000000);
	sha256_hex(strbuf_str(&text), hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	/* The length does not fit into the block of the last bytes. */
	sha256_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
	assert_string_equal(hex,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_kept_answer_is_found_by_its_request_only(void **)
{
	char base[] = "/tmp/sysgrok-store-XXXXXX", hex[SHA256_HEX_BYTES];
	auto_free char *folder = NULL, *path = NULL;
	struct llm_reply reply = { 0 }, found = { 0 };
	struct exchange_record record = { .url = "http://x/v1",
					  .program = "sysgrok test",
					  .request = STR("{\"a\": 1}"),
					  .status = 200,
					  .reply = &reply };
	struct stat status;
	struct error *error;

	assert_non_null(mkdtemp(base));
	folder = x_asprintf("%s/deep/er", base);
	error = store_pick(folder, NULL, &path);
	assert_int_equal(error->code, ERROR_NO_FILE);
	error_free(error);
	llm_reply_reset(&reply);
	strbuf_add_text(&reply.text, "text \"of\" <host-1>\n");
	reply.finish = x_strdup("stop");
	/* A partial one is kept, and no answer to the next request. */
	assert_null(store_write(folder, &record));
	assert_false(store_find(folder, record.url, record.request, &found));
	record.complete = true;
	assert_null(store_write(folder, &record));
	assert_true(store_find(folder, record.url, record.request, &found));
	assert_string_equal(strbuf_text(&found.text), "text \"of\" <host-1>\n");
	assert_string_equal(found.finish, "stop");
	assert_false(store_find(folder, record.url, STR("{\"a\": 2}"), &found));
	assert_false(store_find(folder, "http://y/v1", record.request, &found));
	store_key(record.url, record.request, hex);
	hex[8] = '\0';
	assert_null(store_pick(folder, hex, &path));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	unlink(path);
	rmdir(folder);
	folder[strlen(folder) - 3] = '\0';
	rmdir(folder);
	rmdir(base);
	llm_reply_done(&reply);
	llm_reply_done(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(front_matter_is_taken_off),
		cmocka_unit_test(foreign_text_cannot_pass_for_ours),
		cmocka_unit_test(facts_findings_and_notes_come_with_their_numbers),
		cmocka_unit_test(what_matters_most_fits_a_small_budget),
		cmocka_unit_test(built_in_prompts_are_there_and_can_be_replaced),
		cmocka_unit_test(built_in_prompts_hold_nothing_that_would_be_masked),
		cmocka_unit_test(the_budget_leaves_room_for_the_answer),
		cmocka_unit_test(bytes_of_a_token_are_learnt_by_model),
		cmocka_unit_test(hashes_are_those_of_the_standard),
		cmocka_unit_test(a_kept_answer_is_found_by_its_request_only),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
