#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/cite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static struct facts facts;

static int make_facts(void **)
{
	struct entity dso, profile, release, allocate;
	uint32_t fact;

	facts = (struct facts)FACTS_INIT;
	dso = facts_entity(&facts, "dso", "libc.so.6");
	profile = facts_entity(&facts, "profile", "all");
	release = facts_symbol(&facts, "libc.so.6", "free");
	allocate = facts_symbol(&facts, "libc.so.6", "malloc");
	facts_add_number(&facts, dso, "self", 0.76, "ratio", "x");
	facts_add_number(&facts, profile, "samples", 16469, "samples", "x");
	facts_add_number(&facts, profile, "time", 12.34e9, "ns", "x");
	facts_add_number(&facts, release, "self", 0.1021, "ratio", "x");
	facts_add_number(&facts, allocate, "children", 0.9, "ratio", "x");
	fact = facts_add_number(&facts, allocate, "self", 0.64571, "ratio", "x");
	facts.facts.items[fact].n = 1063;
	facts_add_number(&facts, allocate, "size", 1536, "bytes", "x");
	facts_add_note(&facts, allocate, "what", "keeps 64 KiB in hand", "x");
	for (uint32_t i = 0; i < facts.facts.count; i++)
		facts.facts.items[i].number_in_answer = i + 1;
	return 0;
}

static int drop_facts(void **)
{
	facts_done(&facts);
	return 0;
}

static unsigned number_of(const char *kind, const char *entity, const char *name)
{
	const struct fact *fact = facts_find(&facts, facts_entity(&facts, kind, entity), name);

	assert_non_null(fact);
	return fact->number_in_answer;
}

/* The numbers that the tests below are written with. */
static void facts_have_the_numbers_of_these_tests(void **)
{
	assert_int_equal(number_of("dso", "libc.so.6", "self"), 1);
	assert_int_equal(number_of("profile", "all", "samples"), 2);
	assert_int_equal(number_of("profile", "all", "time"), 3);
	assert_int_equal(number_of("symbol", "libc.so.6:free", "self"), 4);
	assert_int_equal(number_of("symbol", "libc.so.6:malloc", "children"), 5);
	assert_int_equal(number_of("symbol", "libc.so.6:malloc", "self"), 6);
	assert_int_equal(number_of("symbol", "libc.so.6:malloc", "size"), 7);
}

static struct cite_counts check(const char *text, struct strbuf *out)
{
	auto_citer struct citer citer;

	citer_init(&citer, &facts);
	citer_check(&citer, str_from(text), out);
	return citer.counts;
}

static void correct_figures_are_not_marked(void **)
{
	static const struct {
		const char *text;
		unsigned figures;
	} cases[] = {
		{ "malloc takes 64.57% [F6] of the time.", 1 },
		{ "malloc takes 64.6% [F6] and free 10.2% [F4].", 2 },
		{ "malloc takes **65%** of the time [F6].", 1 },
		{ "malloc takes 64.57 % (F6).", 1 },
		{ "malloc takes 64.57 percent of the time. [F6]", 1 },
		{ "[F6]: malloc takes 64.57%; [F4]: free takes 10.21%.", 2 },
		{ "malloc [F6] takes 64.57% and free [F4] takes 10.21%.", 2 },
		{ "The time goes to malloc [F6 self=64.57%].", 1 },
		{ "malloc and free take 64.57% and 10.21% [F6, F4].", 2 },
		{ "Together malloc and free take 74.78% [F6][F4].", 1 },
		{ "Together they take 74.8% [F6] and [F4].", 1 },
		{ "malloc takes about two thirds of the time [F6].", 1 },
		{ "It takes roughly 65% [F6].", 1 },
		{ "malloc takes over 60% [F6] of the time.", 1 },
		{ "malloc takes less than 70% [F6].", 1 },
		{ "malloc takes 60-70% [F6].", 1 },
		{ "malloc takes between 60% and 70% [F6].", 1 },
		{ "malloc is 6.3 times as hot as free [F6, F4].", 1 },
		{ "malloc is 6.3x free [F6, F4].", 1 },
		{ "The difference is 54.36 percentage points [F6, F4].", 1 },
		{ "The remaining 24% [F1] is elsewhere.", 1 },
		{ "There are 16,469 samples [F2] over 12.3 s [F3].", 2 },
		{ "16469 samples were taken in 12.34 seconds [F2, F3].", 2 },
		{ "malloc was seen in 1,063 samples [F6].", 1 },
		{ "It holds 1.5 KiB [F7], which is 1536 bytes [F7].", 2 },
		{ "It lasted 12340 ms [F3].", 1 },
		{ "malloc takes 64.57%\nof the time [F6].", 1 },
		{ "| malloc | 64.57% | [F6] |\n| free | 10.21% | [F4] |", 2 },
		{ "- malloc: 64.57% [F6]\n- free: 10.21% [F4]", 2 },
		{ "`64.57%` of the time is malloc's [F6].", 1 },
		{ "libc.so.6 takes 76% [F1], most of it in malloc.", 1 },
		{ "In libc malloc takes most; together 76.00% [F1].", 1 },
		{ "malloc takes 90.00% [F5] with what it calls.", 1 },
		{ "- **Observation**: `malloc` takes 64.57% [F6], `free` 10.21% [F4]; together "
		  "74.78% [F6, F4].",
		  3 },
		{ "The allocator (64.57% [F6], 10.21% [F4]) dominates.", 2 },
		{ "malloc: 64.57% self [F6], 90.00% with callees [F5].", 2 },
		{ "At 64.57 % [F6], malloc leads; free follows at 10.21 % [F4].", 2 },
		{ "No more than 64.57% [F6] can be won in malloc.", 1 },
		{ "malloc alone takes nearly 65% of it [F6] (1,063 samples [F6]).", 2 },
		{ "1. **malloc** \xe2\x80\x94 64.57% [F6]", 1 },
		{ "So does malloc (F6: 64.57%).", 1 },
		{ "[F6] 64.57% malloc, [F4] 10.21% free", 2 },
		{ "malloc's 64.57% [F6] is 6.3\xc3\x97 free's 10.21% [F4].", 3 },
		{ "malloc (64.57% [F6]) and free (10.21% [F4]) make 74.78% together.", 3 },
		{ "Much, i.e. 64.57% of it, vs. free's 10.21%, is malloc's [F6, F4].", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strbuf struct strbuf out = STRBUF_INIT;
		struct cite_counts counts = check(cases[i].text, &out);

		assert_string_equal(strbuf_text(&out), cases[i].text);
		if (counts.right != cases[i].figures)
			print_message("%s\n", cases[i].text);
		assert_int_equal(counts.right, cases[i].figures);
		assert_int_equal(counts.wrong + counts.uncited, 0);
	}
}

static void what_is_no_figure_is_not_marked(void **)
{
	static const char *const texts[] = {
		"1. First, upgrade to glibc 2.36 or gcc 12.2.0.",
		"See line 120 of malloc.c:120 and RFC 1951, section 3.2.",
		"Use `zstd -T0 -19` or gzip -1; -19 is an option.",
		"The top 5 functions, the 2nd of them, in 3 steps.",
		"It runs on libc-2.36 since the 1990s, in UTF-8 and x86-64.",
		"```\nint a = 50; /* 50% */\nsleep 5 s\n```",
		"Set `limit = 50%` in the file.",
		"malloc keeps 64 KiB in hand.",
		"The first half is read before the other half.",
		"On a 2.4.1 kernel with 8 CPUs.",
		"[F6] says so.",
		"In 2026-11-20 at 10:05:30.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_strbuf struct strbuf out = STRBUF_INIT;
		struct cite_counts counts = check(texts[i], &out);

		assert_string_equal(strbuf_text(&out), texts[i]);
		assert_int_equal(counts.right + counts.wrong + counts.uncited, 0);
	}
}

static void planted_errors_are_all_marked(void **)
{
	static const struct {
		const char *text;
		unsigned right, wrong, uncited;
	} cases[] = {
		{ "malloc takes 65.57% [F6].", 0, 1, 0 },
		{ "malloc takes 64.58% [F6].", 0, 1, 0 },
		{ "malloc takes 64.60% [F6].", 0, 1, 0 },
		{ "malloc takes 64% [F6].", 0, 1, 0 },
		{ "malloc takes 6.457% [F6].", 0, 1, 0 },
		{ "malloc takes 64.57 ms [F6].", 0, 1, 0 },
		{ "malloc takes 64.57 s [F6].", 0, 1, 0 },
		{ "It holds 1.5 MiB [F7].", 0, 1, 0 },
		{ "It holds 1.4 kB [F7].", 0, 1, 0 },
		{ "It lasted 12.3 ms [F3].", 0, 1, 0 },
		{ "There are 16,468 samples [F2].", 0, 1, 0 },
		{ "There are 16,469 cycles [F2].", 0, 1, 0 },
		{ "free takes 64.57% [F6].", 0, 1, 0 },
		{ "free takes 64.57% [F6] and malloc 10.21% [F4].", 0, 2, 0 },
		{ "malloc and free take 10.21% and 64.57% [F6, F4].", 0, 2, 0 },
		{ "malloc takes 64.57% [F4].", 0, 1, 0 },
		{ "malloc takes 64.57% [F99].", 0, 1, 0 },
		{ "malloc takes 64.57%.", 0, 0, 1 },
		{ "malloc takes 64.57% [F6]. It would be 3x faster.", 1, 0, 1 },
		{ "malloc takes 64.57% [F6] and free 10.21%.", 1, 0, 1 },
		{ "malloc's 64.57% [F6] is 7.3x free's 10.21% [F4].", 2, 1, 0 },
		{ "malloc (64.57% [F6]) and free (10.21% [F4]) make 84.78% together.", 2, 0, 1 },
		{ "It would be 3x faster with less. free takes 10.21% [F4].", 1, 0, 1 },
		{ "Together they take 75.78% [F6, F4].", 0, 1, 0 },
		{ "malloc is 7.3 times as hot as free [F6, F4].", 0, 1, 0 },
		{ "malloc takes about three quarters of the time [F6].", 0, 1, 0 },
		{ "malloc takes half of the time [F6].", 0, 1, 0 },
		{ "It takes roughly 80% [F6].", 0, 1, 0 },
		{ "malloc takes over 70% [F6].", 0, 1, 0 },
		{ "malloc takes over 20% [F6].", 0, 1, 0 },
		{ "malloc takes less than 60% [F6].", 0, 1, 0 },
		{ "malloc takes 70-80% [F6].", 0, 1, 0 },
		{ "The remaining 34% [F1] is elsewhere.", 0, 1, 0 },
		{ "[F6]: malloc takes 74.57%; [F4]: free takes 10.21%.", 1, 1, 0 },
		{ "The time goes to malloc [F6 self=46.57%].", 0, 1, 0 },
		{ "| malloc | 10.21% | [F6] |\n| free | 10.21% | [F4] |", 1, 1, 0 },
		{ "**46.57%** of it is malloc's [F6].", 0, 1, 0 },
		{ "A change wins up to 50%.", 0, 0, 1 },
		{ "two thirds of the time is lost.", 0, 0, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strbuf struct strbuf out = STRBUF_INIT;
		struct cite_counts counts = check(cases[i].text, &out);

		if (counts.right != cases[i].right || counts.wrong != cases[i].wrong ||
		    counts.uncited != cases[i].uncited)
			print_message("%s: %u %u %u\n", strbuf_text(&out), counts.right,
				      counts.wrong, counts.uncited);
		assert_int_equal(counts.right, cases[i].right);
		assert_int_equal(counts.wrong, cases[i].wrong);
		assert_int_equal(counts.uncited, cases[i].uncited);
	}
}

static void marks_stand_behind_their_figures_and_say_the_fact(void **)
{
	static const struct {
		const char *text, *marked;
	} cases[] = {
		{ "malloc takes **65.57%** [F6].\n",
		  "malloc takes **65.57%** {wrong: F6 is 64.57%} [F6].\n" },
		{ "malloc takes 5% [F99].", "malloc takes 5% {wrong: no such fact} [F99]." },
		{ "It wins 5%.", "It wins 5% {uncited}." },
		{ "So [F6 self=5%].", "So [F6 self=5%] {wrong: F6 is 64.57%}." },
		{ "5 s [F3], 5% [F4]", "5 s {wrong: F3 is 12.3 s} [F3], 5% {wrong: F4 is 10.21%} "
				       "[F4]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strbuf struct strbuf out = STRBUF_INIT;

		check(cases[i].text, &out);
		assert_string_equal(strbuf_text(&out), cases[i].marked);
	}
}

static void fences_are_remembered_from_call_to_call(void **)
{
	auto_citer struct citer citer;
	auto_strbuf struct strbuf out = STRBUF_INIT;

	citer_init(&citer, &facts);
	citer_check(&citer, STR("```c\n"), &out);
	citer_check(&citer, STR("x = 50%\n"), &out);
	citer_check(&citer, STR("```\n"), &out);
	assert_int_equal(citer.counts.uncited, 0);
	citer_check(&citer, STR("x is 50%\n"), &out);
	assert_int_equal(citer.counts.uncited, 1);
	/* Of four only four or more are the end; what is no fence opens none. */
	citer_check(&citer, STR("````\n```\nx = 50%\n````\ny is 50%\n"), &out);
	assert_int_equal(citer.counts.uncited, 2);
	citer_check(&citer, STR("``` a `b`\nz is 50%\n"), &out);
	assert_int_equal(citer.counts.uncited, 3);
}

static void an_open_sentence_with_a_figure_waits_for_its_citation(void **)
{
	auto_citer struct citer citer;

	citer_init(&citer, &facts);
	assert_true(citer_wants_more(&citer, STR("malloc takes 64.57%\n")));
	assert_false(citer_wants_more(&citer, STR("malloc takes 64.57% [F6].\n")));
	assert_false(citer_wants_more(&citer, STR("a line without a figure\n")));
	assert_false(citer_wants_more(&citer, STR("| malloc | 64.57% |\n")));
	assert_false(citer_wants_more(&citer, STR("\n")));
}

/* ---- the corpus */

struct tally {
	unsigned lines, planted, found, right, spared;
	unsigned faults;
};

static struct str next_cell(struct str *row)
{
	struct str head, tail;

	str_cut(*row, '|', &head, &tail);
	*row = tail;
	return str_trim(head);
}

/* "F6 | symbol | libc.so.6:malloc | self | 0.64571 | ratio | 1063" */
static void add_corpus_fact(struct facts *table, struct str row)
{
	struct str number = next_cell(&row), kind = next_cell(&row), entity = next_cell(&row),
		   name = next_cell(&row), value = next_cell(&row), unit = next_cell(&row),
		   samples = next_cell(&row);
	char texts[4][64];
	uint64_t in_answer = 0, n = 0;
	double amount = 0;
	uint32_t index;

	snprintf(texts[0], sizeof(texts[0]), "%.*s", STR_ARG(kind));
	snprintf(texts[1], sizeof(texts[1]), "%.*s", STR_ARG(entity));
	snprintf(texts[2], sizeof(texts[2]), "%.*s", STR_ARG(name));
	snprintf(texts[3], sizeof(texts[3]), "%.*s", STR_ARG(unit));
	assert_true(str_to_u64((struct str){ number.ptr + 1, number.len - 1 }, &in_answer));
	assert_true(str_to_double(value, &amount) && str_to_u64(samples, &n));
	index = facts_add_number(table, facts_entity(table, texts[0], texts[1]), texts[2], amount,
				 texts[3], "x");
	table->facts.items[index].n = n;
	table->facts.items[index].number_in_answer = (uint32_t)in_answer;
}

/* Takes the signs off, which stand in `marked` then. */
static void read_line(struct str line, struct strbuf *text, struct strbuf *marked,
		      struct tally *tally)
{
	for (size_t i = 0; i < line.len; i++) {
		struct str rest = { line.ptr + i, line.len - i };

		if (str_starts_with(rest, STR("{=}"))) {
			tally->right++;
			i += 2;
		} else if (str_starts_with(rest, STR("{!}"))) {
			tally->planted++;
			strbuf_add_text(marked, "{!}");
			i += 2;
		} else {
			bool is_end = str_starts_with(rest, STR("\\n"));

			strbuf_add_char(text, is_end ? '\n' : *rest.ptr);
			strbuf_add_char(marked, is_end ? '\n' : *rest.ptr);
			i += is_end;
		}
	}
}

/* The checker's own marks as "{!}". */
static void shorten_marks(struct str text, struct strbuf *out)
{
	while (text.len) {
		if (str_starts_with(text, STR(" {wrong")) ||
		    str_starts_with(text, STR(" {uncited}"))) {
			const char *end = memchr(text.ptr, '}', text.len);

			text.len -= (size_t)(end + 1 - text.ptr);
			text.ptr = end + 1;
			strbuf_add_text(out, "{!}");
			continue;
		}
		strbuf_add_char(out, *text.ptr++);
		text.len--;
	}
}

static void check_corpus_line(const struct facts *table, struct str line, struct tally *tally)
{
	auto_strbuf struct strbuf text = STRBUF_INIT, marked = STRBUF_INIT, out = STRBUF_INIT,
				  shortened = STRBUF_INIT;
	auto_citer struct citer citer;
	struct tally before = *tally;
	unsigned wrong;

	citer_init(&citer, table);
	read_line(line, &text, &marked, tally);
	citer_check(&citer, strbuf_str(&text), &out);
	shorten_marks(strbuf_str(&out), &shortened);
	wrong = citer.counts.wrong + citer.counts.uncited;
	tally->lines++;
	if (strcmp(strbuf_text(&shortened), strbuf_text(&marked)) == 0) {
		tally->found += tally->planted - before.planted;
		tally->spared += MIN(citer.counts.right, tally->right - before.right);
	}
	if (strcmp(strbuf_text(&shortened), strbuf_text(&marked)) != 0 ||
	    citer.counts.right != tally->right - before.right ||
	    wrong != tally->planted - before.planted) {
		tally->faults++;
		print_message("%u right: %s\n", citer.counts.right, strbuf_text(&out));
	}
}

static void planted_figures_of_the_corpus_are_found_and_right_ones_spared(void **)
{
	auto_facts struct facts table = FACTS_INIT;
	auto_strbuf struct strbuf file = STRBUF_INIT;
	struct tally tally = { 0 };
	struct str rest, line;

	assert_null(file_read(SOURCE_ROOT "/tests/data/llm/citations.txt", 1 << 20, &file));
	rest = strbuf_str(&file);
	while (str_next_line(&rest, &line)) {
		if (!line.len || str_starts_with(line, STR("# ")) ||
		    str_starts_with(line, STR("## ")))
			continue;
		if (line.ptr[0] == 'F' && str_find(line, STR(" | ")) > 0)
			add_corpus_fact(&table, line);
		else
			check_corpus_line(&table, line, &tally);
	}
	print_message("%u lines: %u of %u planted figures are marked (%.1f%%), %u of %u right ones "
		      "are not\n",
		      tally.lines, tally.found, tally.planted,
		      100.0 * tally.found / MAX(tally.planted, 1U), tally.spared, tally.right);
	assert_true(tally.planted >= 100 && tally.right >= 100);
	assert_int_equal(tally.faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(facts_have_the_numbers_of_these_tests, make_facts,
						drop_facts),
		cmocka_unit_test_setup_teardown(correct_figures_are_not_marked, make_facts,
						drop_facts),
		cmocka_unit_test_setup_teardown(what_is_no_figure_is_not_marked, make_facts,
						drop_facts),
		cmocka_unit_test_setup_teardown(planted_errors_are_all_marked, make_facts,
						drop_facts),
		cmocka_unit_test_setup_teardown(marks_stand_behind_their_figures_and_say_the_fact,
						make_facts, drop_facts),
		cmocka_unit_test_setup_teardown(fences_are_remembered_from_call_to_call, make_facts,
						drop_facts),
		cmocka_unit_test_setup_teardown(
			an_open_sentence_with_a_figure_waits_for_its_citation, make_facts,
			drop_facts),
		cmocka_unit_test(planted_figures_of_the_corpus_are_found_and_right_ones_spared),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
