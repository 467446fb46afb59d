#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define RECORDS_MAX 400

/* Every promise of the header, for any records. */
static void assert_layout(const struct str *records, size_t count, size_t limit)
{
	auto_strbuf struct strbuf all = STRBUF_INIT, sent = STRBUF_INIT;
	struct chunk_vec chunks = { 0 };

	assert_true(chunks_plan(records, count, limit, &chunks));
	for (size_t i = 0; i < count; i++)
		strbuf_add(&all, records[i]);
	for (size_t i = 0; i < chunks.count; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;
		struct str rest;

		chunk_write(records, &chunks.items[i], &text);
		assert_int_equal(text.len, chunks.items[i].bytes);
		assert_true(text.len > 0);
		assert_true(text.len <= limit);
		rest = strbuf_str(&text);
		if (chunks.items[i].first_byte) {
			assert_true(str_starts_with(rest, STR(CHUNK_CONTINUED)));
			rest.ptr += strlen(CHUNK_CONTINUED);
			rest.len -= strlen(CHUNK_CONTINUED);
		}
		strbuf_add(&sent, rest);
	}
	assert_string_equal(strbuf_text(&sent), strbuf_text(&all));
	chunk_vec_done(&chunks);
}

static void a_first_line_longer_than_a_chunk_gives_no_empty_and_no_oversize_chunk(void **)
{
	/* The sizes with which the earlier tool failed, at its limit of ten and at ours. */
	char line[51];
	const size_t limits[] = { 30, 40, 50, 51, 58, 1000 };

	memset(line, 'x', 50);
	line[50] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct str records[] = { { line, 0 }, { line, 50 }, { line, 8 } };

		assert_layout(records, 3, limits[i]);
		assert_layout(records + 1, 2, limits[i]);
		assert_layout(records, 1, limits[i]);
		assert_layout(records, 0, limits[i]);
	}
}

static void no_room_is_told(void **)
{
	const struct str records[] = { STR("some text") };
	struct chunk_vec chunks = { 0 };

	assert_false(chunks_plan(records, 1, 10, &chunks));
	assert_false(chunks_plan(records, 1, 0, &chunks));
	chunk_vec_done(&chunks);
}

static void records_that_fit_stay_whole(void **)
{
	const struct str records[] = { STR("aaaaaaaaaaaaaaaaaaaa\n"), STR("bbbbbbbbbb\n"),
				       STR("cccccccccccccccccccccc\n") };
	struct chunk_vec chunks = { 0 };

	assert_true(chunks_plan(records, 3, 32, &chunks));
	assert_int_equal(chunks.count, 2);
	assert_int_equal(chunks.items[0].last, 1);
	assert_int_equal(chunks.items[0].bytes, 32);
	assert_int_equal(chunks.items[1].first, 2);
	assert_int_equal(chunks.items[1].first_byte, 0);
	chunk_vec_done(&chunks);
}

static void cuts_are_made_behind_lines_words_and_characters(void **)
{
	assert_true(str_is(text_cut(STR("one\ntwo\nthree"), 10), "one\ntwo\n"));
	assert_true(str_is(text_cut(STR("one two three"), 10), "one two "));
	assert_true(str_is(text_cut(STR("abcdefgh\xe2\x82\xac\xe2\x82\xac"), 10), "abcdefgh"));
	assert_true(str_is(text_cut(STR("short"), 10), "short"));
	/* Nothing but continuation bytes is no text, and no reason to stop. */
	assert_int_equal(text_cut(STR("\x80\x80\x80\x80\x80\x80\x80\x80"), 6).len, 6);
}

static void any_records_are_sent_once_and_within_the_limit(void **)
{
	char *text = x_calloc(1, 4096);
	struct str records[RECORDS_MAX];

	srand(11);
	for (int round = 0; round < 3000; round++) {
		size_t count = (size_t)rand() % (round % 10 ? 12 : RECORDS_MAX);
		size_t limit = CHUNK_LIMIT_LEAST + (size_t)rand() % (round % 3 ? 80 : 900);

		for (size_t i = 0; i < 4095; i++)
			text[i] = " \naaaa\xc3\xa9"[rand() % 8];
		for (size_t i = 0; i < count; i++) {
			size_t len = (size_t)rand() % (rand() % 8 ? 60 : 2000);

			records[i] = (struct str){ text + (size_t)rand() % (4095 - len), len };
		}
		assert_layout(records, count, limit);
	}
	free(text);
}

static void what_the_short_ones_leave_is_shared_by_the_long_ones(void **)
{
	const size_t wanted[] = { 10, 500, 60, 500, 0 };
	size_t got[5];

	fair_shares(wanted, 5, 300, got);
	assert_int_equal(got[0], 10);
	assert_int_equal(got[2], 60);
	assert_int_equal(got[4], 0);
	assert_int_equal(got[1], 115);
	assert_int_equal(got[3], 115);
	fair_shares(wanted, 5, 100000, got);
	assert_int_equal(got[1], 500);
	fair_shares(wanted, 5, 3, got);
	assert_int_equal(got[0] + got[1] + got[2] + got[3] + got[4], 3);
	fair_shares(wanted, 0, 3, got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_first_line_longer_than_a_chunk_gives_no_empty_and_no_oversize_chunk),
		cmocka_unit_test(no_room_is_told),
		cmocka_unit_test(records_that_fit_stay_whole),
		cmocka_unit_test(cuts_are_made_behind_lines_words_and_characters),
		cmocka_unit_test(any_records_are_sent_once_and_within_the_limit),
		cmocka_unit_test(what_the_short_ones_leave_is_shared_by_the_long_ones),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
