#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/lookup.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static const char *advice_text(const struct kb_index *index, const struct kb_entry *entry,
			       uint32_t number, enum kb_advice_field field)
{
	return kb_text(index, index->advice[entry->advice_first + number].fields[field]);
}

static void entry_check(const struct kb_index *index, const struct kb_entry *entry)
{
	const char *origin = kb_text(index, entry->origin);
	unsigned recommended = 0;

	if (entry->advice_count > KB_FASTER_CAP)
		fail_msg("%s: %u replacements", origin, entry->advice_count);
	if (!entry->advice_count && !entry->fields[KB_FIELD_KEEP])
		fail_msg("%s: neither a replacement nor why there is none", origin);
	for (uint32_t i = 0; i < entry->advice_count; i++) {
		const char *source = advice_text(index, entry, i, KB_ADVICE_SOURCE);
		bool is_recommended = *advice_text(index, entry, i, KB_ADVICE_RECOMMENDED);

		recommended += is_recommended;
		if (is_recommended && i)
			fail_msg("%s: what is recommended does not stand first", origin);
		if (!*advice_text(index, entry, i, KB_ADVICE_WHEN) ||
		    !*advice_text(index, entry, i, KB_ADVICE_COST) ||
		    strncmp(source, "https://", 8) != 0)
			fail_msg("%s: '%s' lacks its condition, cost or source", origin,
				 advice_text(index, entry, i, KB_ADVICE_TEXT));
	}
	if (entry->advice_count && recommended != 1)
		fail_msg("%s: %u are recommended", origin, recommended);
}

static void each_replacement_has_condition_cost_and_source_and_one_is_recommended(void **state)
{
	auto_knowledge struct knowledge *base = knowledge_new();
	const struct kb_index *index = knowledge_layer(base, 0);
	unsigned seen = 0;

	(void)state;
	for (uint32_t i = 0; i < index->entry_count; i++)
		if (FASTER_ALL_KINDS >> index->entries[i].kind & 1) {
			entry_check(index, &index->entries[i]);
			seen++;
		}
	assert_true(seen > 150);
}

/* "-" where nothing is found, else the first recommended replacement, or "keep". */
static void assert_finds(const char *target, unsigned kinds, const char *wanted)
{
	auto_knowledge struct knowledge *base = knowledge_new();
	struct kb_match_vec matches = { 0 };
	const char *got = "-";

	knowledge_faster(base, str_from(target), kinds, &matches);
	if (matches.count) {
		const struct kb_match *match = &matches.items[0];

		got = match->entry->advice_count
			      ? advice_text(match->index, match->entry, 0, KB_ADVICE_TEXT)
			      : "keep";
	}
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: '%s', not '%s'", target, got, wanted);
	kb_match_vec_done(&matches);
}

static void targets_are_found_as_people_write_them(void **state)
{
	(void)state;
	assert_finds("gzip", FASTER_ALL_KINDS, "zstd");
	assert_finds("/usr/bin/gzip", FASTER_ALL_KINDS, "zstd");
	assert_finds("zlib 1.2.11", FASTER_ALL_KINDS, "zlib-ng");
	assert_finds("libz.so.1", FASTER_ALL_KINDS, "zlib-ng");
	assert_finds("python 3.9 json", FASTER_ALL_KINDS, "orjson");
	assert_finds("json.loads", FASTER_ALL_KINDS, "orjson");
	assert_finds("pandas.read_csv", FASTER_ALL_KINDS, "Polars");
	assert_finds("nginx/1.22", FASTER_ALL_KINDS, "keep");
	assert_finds("ripgrep", FASTER_ALL_KINDS, "keep");
	assert_finds("golang json", FASTER_ALL_KINDS, "sonic");
	assert_finds("json", 1U << KB_FASTER_LIBRARY, "simdjson");
}

static void another_languages_library_is_not_taken_for_it(void **state)
{
	(void)state;
	assert_finds("c# json", FASTER_ALL_KINDS, "-");
	assert_finds("go regexp", FASTER_ALL_KINDS, "-");
	assert_finds("json.", 1U << KB_FASTER_PROGRAM, "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_replacement_has_condition_cost_and_source_and_one_is_recommended),
		cmocka_unit_test(targets_are_found_as_people_write_them),
		cmocka_unit_test(another_languages_library_is_not_taken_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
