#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/plan_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/strbuf.h"

static const char *const menu[] = { "sockets", "kernel-log", "queues", "df" };

/* "id id | line (why); line (why)" */
static void assert_reply(const char *text, const char *wanted)
{
	auto_plan_reply struct plan_reply reply = { 0 };
	auto_strbuf struct strbuf got = STRBUF_INIT;

	plan_reply_parse(str_from(text), menu, ARRAY_SIZE(menu), &reply);
	for (size_t i = 0; i < reply.pick_count; i++)
		strbuf_addf(&got, "%s ", reply.picks[i]);
	strbuf_add_char(&got, '|');
	for (size_t i = 0; i < reply.proposal_count; i++)
		strbuf_addf(&got, "%s %.*s (%.*s)", i ? ";" : "", STR_ARG(reply.proposals[i].line),
			    STR_ARG(reply.proposals[i].why));
	assert_string_equal(strbuf_text(&got), wanted);
}

static void plain_lines_are_read(void **state)
{
	(void)state;
	assert_reply("READ: sockets, kernel-log\nRUN: vmstat 1 5 -- who waits\n",
		     "sockets kernel-log | vmstat 1 5 (who waits)");
	assert_reply("- read: `queues`\n* **RUN:** `ss -s` \xe2\x80\x94 a summary\nRUN: none\n",
		     "queues | ss -s (a summary)");
	assert_reply("READ: none\nRUN: nothing", "|");
	assert_reply("1. sockets\n2. df: how full\n", "sockets df |");
	assert_reply("sockets, df", "sockets df |");
}

static void prose_and_fences_do_no_harm(void **state)
{
	(void)state;
	assert_reply("Sure! I would look at the sockets and the queues of df first.\n", "|");
	assert_reply("Sure:\n```bash\nvmstat 1 5\nid of something\n```\nHope it helps.",
		     "| vmstat 1 5 ()");
	assert_reply("```\nREAD: df\n```", "df |");
}

static void json_of_many_shapes_is_read(void **state)
{
	(void)state;
	assert_reply("{\"read\": [\"sockets\", \"nosuch\"], \"run\": [{\"command\": \"ss -s\", "
		     "\"reason\": \"sum\"}]}",
		     "sockets | ss -s (sum)");
	assert_reply("Here you are:\n```json\n{\"vmstat 1 5\": \"who waits\", \"sockets\": "
		     "\"x\"}\n```\n",
		     "sockets | vmstat 1 5 (who waits)");
	assert_reply("[\"df\", \"free -m\", \"that is all\"]", "df | free -m ()");
	assert_reply("{\"commands\": [\"rm -rf /\"]}", "| rm -rf / ()");
	assert_reply("{\"commands\": {\"rm -rf /\": \"tidy\"}}", "| rm -rf / (tidy)");
	assert_reply("{broken \"read\": [\nREAD: df\n", "df |");
	assert_reply("[1] [F12] {}\nREAD: df\n", "df |");
}

static void numbers_are_bounded_and_nothing_comes_twice(void **state)
{
	auto_plan_reply struct plan_reply reply = { 0 };
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		strbuf_addf(&text, "READ: df df df\nRUN: ps -p %u\nRUN: ps -p 1\n", i);
	plan_reply_parse(strbuf_str(&text), menu, ARRAY_SIZE(menu), &reply);
	assert_int_equal(reply.pick_count, 1);
	assert_int_equal(reply.proposal_count, PLAN_PROPOSALS);
	assert_true(reply.left_out > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lines_are_read),
		cmocka_unit_test(prose_and_fences_do_no_harm),
		cmocka_unit_test(json_of_many_shapes_is_read),
		cmocka_unit_test(numbers_are_bounded_and_nothing_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
