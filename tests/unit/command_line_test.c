#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static const char page_text[] = ".SH OPTIONS\n"
				".TP\n-v, --verbose\nV.\n"
				".TP\n-#, --fast\nN.\n"
				".TP\n-n, --lines=NUM\nL.\n"
				".TP\n--color[=WHEN]\nC.\n"
				".TP\n-Xmx size\nX.\n"
				".TP\n-finline\nI.\n"
				".TP\n-exec command ;\nE.\n"
				".TP\nif=FILE\nF.\n"
				".TP\n-x\nX.\n";

/* "kind:text[=value][!no]" of each argument, parted by blanks, then how many words were its own. */
static void assert_reads_with(const struct command_style *style, const char *line,
			      const char *wanted)
{
	static const char *const kinds[] = { "o", "?", "a", "end" };
	auto_man_page struct man_page page = { 0 };
	auto_arena struct arena arena = ARENA_INIT;
	auto_strbuf struct strbuf got = STRBUF_INIT;
	struct argument_vec arguments = { 0 };
	char words[200], *argv[32], *save = NULL;
	int argc = 0, own;

	man_page_parse(str_from(page_text), &page);
	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	own = command_line_read(&page, style, argc, argv, &arena, &arguments);
	for (size_t i = 0; i < arguments.count; i++) {
		const struct argument *a = &arguments.items[i];

		strbuf_addf(&got, "%s:%s", kinds[a->kind], a->text);
		if (a->value)
			strbuf_addf(&got, "{%s}", a->value);
		strbuf_addf(&got, "%s%s ", a->is_negated ? "!no" : "",
			    a->is_abbreviated ? "!short" : "");
	}
	strbuf_addf(&got, "%d", own);
	assert_string_equal(strbuf_text(&got), wanted);
	argument_vec_done(&arguments);
}

static void assert_reads(const char *line, const char *wanted)
{
	assert_reads_with(&(struct command_style){ 0 }, line, wanted);
}

static void options_are_found_in_all_their_spellings(void **state)
{
	(void)state;
	assert_reads("-v --verbose", "o:-v o:--verbose 2");
	assert_reads("-v9n5", "o:-v o:-9 o:-n 5{5} 1");
	assert_reads("-n 5 --lines 6 --lines=7", "o:-n 5{5} o:--lines 6{6} o:--lines=7{7} 5");
	assert_reads("--color never --color=x", "o:--color a:never o:--color=x{x} 3");
	assert_reads("-3 --li=2 --verb", "o:-3 o:--li=2{2}!short o:--verb!short 3");
	assert_reads("--no-verbose -fno-inline", "o:--no-verbose!no o:-fno-inline!no 2");
	assert_reads("-Xmx4g", "o:-Xmx4g{4g} 1");
	assert_reads("-exec rm {} + -v", "o:-exec rm {} +{rm {} +} o:-v 5");
	assert_reads("if=a of=b", "o:if=a{a} a:of=b 2");
}

static void what_the_page_does_not_list_is_unknown(void **state)
{
	(void)state;
	assert_reads("-q -vq --quick -", "?:-q ?:-vq ?:--quick a:- 4");
	assert_reads("-- -v", "end:-- a:-v 2");
	assert_reads("-n", "o:-n 1");
	assert_reads("", "0");
	assert_reads("--", "end:-- 1");
	assert_reads("--=", "?:--={} 1");
}

static void the_words_of_another_program_are_left_to_it(void **state)
{
	const struct command_style wrapper = {
		.stops_at_operand = true, .operands = 1, .has_assignments = true, .valued = "u"
	};
	const struct command_style python = { .stops_at_operand = true, .last_options = "-x --" };

	(void)state;
	assert_reads_with(&wrapper, "-v A=1 5 ls -v", "o:-v a:A=1 a:5 3");
	assert_reads_with(&wrapper, "-u me 5 ls", "?:-u me{me} a:5 3");
	assert_reads_with(&wrapper, "-v", "o:-v 1");
	assert_reads_with(&python, "-v -x -v", "o:-v o:-x 2");
}

static void the_first_word_may_be_letters_without_a_dash(void **state)
{
	const struct command_style tar = { .bundled_first = true };

	(void)state;
	assert_reads_with(&tar, "vnx 5 file", "o:v o:n 5{5} o:x a:file 3");
	assert_reads_with(&tar, "-v vx", "o:-v a:vx 2");
	assert_reads_with(&tar, "vq", "a:vq 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_found_in_all_their_spellings),
		cmocka_unit_test(what_the_page_does_not_list_is_unknown),
		cmocka_unit_test(the_words_of_another_program_are_left_to_it),
		cmocka_unit_test(the_first_word_may_be_letters_without_a_dash),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
