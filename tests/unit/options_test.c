#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/options.h"

#include <string.h>

struct own {
	bool flag, children;
	unsigned times;
	const char *text, *optional, *when;
	uint64_t limit, aio;
	double ratio, seconds;
	struct option_list list;
};

struct global {
	bool json;
	unsigned verbosity;
	bool echo;
};

static const struct option own_options[] = {
	{ 'f', "flag", NULL, "a flag", OPTION_FLAG, offsetof(struct own, flag) },
	{ 0, "no-children", NULL, "self only", OPTION_NEGATION, offsetof(struct own, children) },
	{ 't', "times", NULL, "counted", OPTION_COUNT, offsetof(struct own, times) },
	{ 'o', "output", "FILE", "where to", OPTION_TEXT, offsetof(struct own, text) },
	{ 'O', "optional", "[=TEXT]", "may be empty", OPTION_TEXT, offsetof(struct own, optional) },
	{ 0, "when", "auto|never", "a choice", OPTION_CHOICE, offsetof(struct own, when) },
	{ 'n', "limit", "N", "rows", OPTION_U64, offsetof(struct own, limit) },
	{ 0, "aio", "[=N]", "blocks", OPTION_U64, offsetof(struct own, aio) },
	{ 'r', "ratio", "X", "0..1", OPTION_REAL, offsetof(struct own, ratio) },
	{ 'D', "duration", "TIME", "how long", OPTION_SECONDS, offsetof(struct own, seconds) },
	{ 'i', "include", "NAME", "again and again", OPTION_LIST, offsetof(struct own, list) },
	{ 'e', "event", "NAME", "wins over the global -e", OPTION_TEXT,
	  offsetof(struct own, text) },
	{ 'm', "mmap-pages", "N", "rings are sized by themselves", OPTION_IGNORED, 0 },
	{ 'q', NULL, NULL, NULL, OPTION_IGNORED, 0 },
	{ 0, "output-dir", "DIR", "use --output", OPTION_REFUSED, 0 },
	{ 0, "includes", "NAME", NULL, OPTION_LIST, offsetof(struct own, list) },
	{ 0, "hidden", NULL, NULL, OPTION_FLAG, offsetof(struct own, flag) },
	OPTIONS_END
};

static const struct option global_options[] = {
	{ 0, "json", NULL, "as JSON", OPTION_FLAG, offsetof(struct global, json) },
	{ 'v', "verbose", NULL, "more", OPTION_COUNT, offsetof(struct global, verbosity) },
	{ 'e', "echo-input", NULL, "echo", OPTION_FLAG, offsetof(struct global, echo) },
	{ 0, "output-format", "TEXT", "prose", OPTION_IGNORED, 0 },
	{ 0, "overview", NULL, "not here", OPTION_FLAG, offsetof(struct global, echo) },
	OPTIONS_END
};

/* One parsed command line; words are split at blanks. */
struct line {
	char text[256];
	char *argv[32];
	int argc, operands;
	struct own own;
	struct global global;
	struct strbuf notes;
	struct error *error;
};

static void line_parse(struct line *line, const char *words, bool stop_at_operand)
{
	struct options_input input = { .own = own_options,
				       .global = global_options,
				       .own_target = &line->own,
				       .global_target = &line->global,
				       .stop_at_operand = stop_at_operand };
	char *rest;

	*line = (struct line){ .own = { .children = true }, .operands = -1 };
	memcpy(line->text, words, strlen(words));
	rest = line->text;
	while (*rest) {
		line->argv[line->argc++] = rest;
		rest = strchr(rest, ' ');
		if (!rest)
			break;
		*rest++ = '\0';
	}
	line->error = options_parse(&input, line->argc, line->argv, &line->notes, &line->operands);
}

static void line_done(struct line *line)
{
	error_free(line->error);
	strbuf_done(&line->notes);
	option_list_done(&line->own.list);
}

#define auto_line __attribute__((cleanup(line_done)))

static void assert_refused(const char *words, const char *message, const char *hint)
{
	auto_line struct line line;

	line_parse(&line, words, false);
	assert_non_null(line.error);
	assert_int_equal(line.error->code, ERROR_USAGE);
	assert_string_equal(line.error->message, message);
	if (hint)
		assert_string_equal(error_hint(line.error), hint);
	else
		assert_null(error_hint(line.error));
}

static void every_kind_is_stored_from_letters_and_names(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line,
		   "-f --no-children -tt --times -o a --output=b -n 5 --ratio .25 --when never "
		   "-i x --include=y -iz",
		   false);
	assert_null(line.error);
	assert_true(line.own.flag);
	assert_false(line.own.children);
	assert_int_equal(line.own.times, 3);
	assert_string_equal(line.own.text, "b");
	assert_int_equal(line.own.limit, 5);
	assert_true(line.own.ratio > .24 && line.own.ratio < .26);
	assert_string_equal(line.own.when, "never");
	assert_int_equal(line.own.list.count, 3);
	assert_string_equal(line.own.list.items[0], "x");
	assert_string_equal(line.own.list.items[1], "y");
	assert_string_equal(line.own.list.items[2], "z");
	assert_int_equal(line.operands, 0);
}

static void operands_and_options_mix_and_keep_their_order(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "one -n 7 two --json - -- -f --x", false);
	assert_null(line.error);
	assert_int_equal(line.operands, 5);
	assert_string_equal(line.argv[0], "one");
	assert_string_equal(line.argv[1], "two");
	assert_string_equal(line.argv[2], "-");
	assert_string_equal(line.argv[3], "-f");
	assert_string_equal(line.argv[4], "--x");
	assert_true(line.global.json);
	assert_false(line.own.flag);
}

static void nothing_after_the_first_operand_is_ours_when_told_to_stop(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "-f cmd -n x -- --json", true);
	assert_null(line.error);
	assert_int_equal(line.operands, 5);
	assert_string_equal(line.argv[1], "-n");
	assert_string_equal(line.argv[3], "--");
	assert_false(line.global.json);
}

static void two_dashes_end_the_options_even_before_a_command_to_run(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "-f -- -n -- x", true);
	assert_null(line.error);
	assert_int_equal(line.operands, 3);
	assert_string_equal(line.argv[0], "-n");
	assert_string_equal(line.argv[1], "--");
	assert_null(line.argv[3]);
}

static void letters_cluster_and_the_last_may_carry_its_value(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "-ftn99 -vv", false);
	assert_null(line.error);
	assert_true(line.own.flag);
	assert_int_equal(line.own.times, 1);
	assert_int_equal(line.own.limit, 99);
	assert_int_equal(line.global.verbosity, 2);
}

static void an_own_letter_wins_over_the_global_one(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "-e cycles --echo-input", false);
	assert_null(line.error);
	assert_string_equal(line.own.text, "cycles");
	assert_true(line.global.echo);
}

static void an_optional_value_is_taken_only_when_attached(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "--aio 7 -O x", false);
	assert_null(line.error);
	assert_int_equal(line.own.aio, 1);
	assert_string_equal(line.own.optional, "");
	assert_int_equal(line.operands, 2);
	line_done(&line);
	line_parse(&line, "--aio=7 -O=x", false);
	assert_int_equal(line.own.aio, 7);
	assert_string_equal(line.own.optional, "x");
	line_done(&line);
	line_parse(&line, "-Oy", false);
	assert_string_equal(line.own.optional, "y");
}

static void an_exact_name_beats_the_names_that_begin_with_it(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "--output=a", false);
	assert_null(line.error);
	assert_string_equal(line.own.text, "a");
}

static void a_prefix_counts_among_the_commands_own_options_first(void **state)
{
	auto_line struct line line;

	(void)state;
	/* --output-dir is refused, --output-format and --overview are global: --output is meant. */
	line_parse(&line, "--ou=a", false);
	assert_null(line.error);
	assert_string_equal(line.own.text, "a");
	line_done(&line);
	line_parse(&line, "--js --verb --over", false);
	assert_null(line.error);
	assert_true(line.global.json);
	assert_int_equal(line.global.verbosity, 1);
}

static void two_spellings_of_one_option_are_not_ambiguous(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "--inc=a --include=b --includes c", false);
	assert_null(line.error);
	assert_int_equal(line.own.list.count, 3);
}

static void times_are_taken_with_and_without_their_unit(void **state)
{
	static const struct {
		const char *words;
		double seconds;
	} cases[] = { { "-D 5", 5 },	{ "-D 1.5s", 1.5 },	   { "-D 200ms", .2 },
		      { "-D 2m", 120 }, { "--duration=1h", 3600 }, { "-D 10us", 1e-5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_line struct line line;

		line_parse(&line, cases[i].words, false);
		assert_null(line.error);
		assert_true(line.own.seconds > cases[i].seconds * .9999 &&
			    line.own.seconds < cases[i].seconds * 1.0001);
	}
}

static void what_is_ignored_is_noted_with_its_value_taken(void **state)
{
	auto_line struct line line;

	(void)state;
	line_parse(&line, "-m 128 -q x", false);
	assert_null(line.error);
	assert_int_equal(line.operands, 1);
	assert_string_equal(strbuf_text(&line.notes),
			    "-m is accepted but does nothing: rings are sized by themselves\n"
			    "-q is accepted but does nothing\n");
}

static void every_mistake_is_named_with_what_was_wanted(void **state)
{
	(void)state;
	assert_refused("--limt 5", "unknown option '--limt'", "did you mean '--limit'?");
	assert_refused("--jsn", "unknown option '--jsn'", "did you mean '--json'?");
	assert_refused("--zzzzzz", "unknown option '--zzzzzz'", NULL);
	assert_refused("-fx", "unknown option '-x' in -fx", NULL);
	assert_refused("-x", "unknown option '-x'", NULL);
	assert_refused("--limit", "--limit needs a value: N", NULL);
	assert_refused("-n", "-n needs a value: N", NULL);
	assert_refused("-n 5x", "-n: '5x' is not a whole number", NULL);
	assert_refused("-n -5", "-n: '-5' is not a whole number", NULL);
	assert_refused("-n 99999999999999999999",
		       "-n: '99999999999999999999' is not a whole number", NULL);
	assert_refused("--ratio=", "--ratio: '' is not a number", NULL);
	assert_refused("--flag=1", "--flag takes no value", NULL);
	assert_refused("--when red", "--when: 'red' is not one of auto|never", NULL);
	assert_refused("-D 5x", "-D: '5x' is not a time such as 5, 1.5s, 200ms or 2m", NULL);
	assert_refused("-D -1", "-D: '-1' is not a time such as 5, 1.5s, 200ms or 2m", NULL);
	assert_refused("--output-dir", "--output-dir is not an option here", "use --output");
	assert_refused("--o=a", "'--o' could be more than one option",
		       "spell out one of --output, --optional");
	assert_refused("--=a", "unknown option '--'", NULL);
}

static void help_shows_ours_only_and_wraps_at_the_width(void **state)
{
	static const struct option options[] = {
		{ 'n', "limit", "N", "rows to show", OPTION_U64, 0 },
		{ 0, "a-name-that-is-long", "FILE", "one two three four five", OPTION_TEXT, 0 },
		{ 'q', NULL, NULL, "ignored", OPTION_IGNORED, 0 },
		{ 0, "includes", "NAME", NULL, OPTION_LIST, offsetof(struct own, list) },
		{ 0, "hidden", NULL, NULL, OPTION_FLAG, 0 },
		{ 0, "aio", "[=N]", "blocks", OPTION_U64, 0 },
		OPTIONS_END
	};
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	options_help(options, 44, &text);
	assert_string_equal(strbuf_text(&text), "  -n, --limit N             rows to show\n"
						"      --a-name-that-is-long FILE\n"
						"                            one two three\n"
						"                            four five\n"
						"      --aio[=N]             blocks\n");
}

static void the_nearest_name_is_near_or_none(void **state)
{
	static const char *const names[] = { "record", "report", "topn", "flamegraph", "export" };

	(void)state;
	assert_string_equal(nearest_name("recrod", names, ARRAY_SIZE(names)), "record");
	assert_string_equal(nearest_name("reprot", names, ARRAY_SIZE(names)), "report");
	assert_string_equal(nearest_name("flame", names, ARRAY_SIZE(names)), "flamegraph");
	assert_string_equal(nearest_name("top", names, ARRAY_SIZE(names)), "topn");
	assert_null(nearest_name("annotate", names, ARRAY_SIZE(names)));
	assert_null(nearest_name("x", names, ARRAY_SIZE(names)));
	assert_null(nearest_name("", names, ARRAY_SIZE(names)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_stored_from_letters_and_names),
		cmocka_unit_test(operands_and_options_mix_and_keep_their_order),
		cmocka_unit_test(nothing_after_the_first_operand_is_ours_when_told_to_stop),
		cmocka_unit_test(two_dashes_end_the_options_even_before_a_command_to_run),
		cmocka_unit_test(letters_cluster_and_the_last_may_carry_its_value),
		cmocka_unit_test(an_own_letter_wins_over_the_global_one),
		cmocka_unit_test(an_optional_value_is_taken_only_when_attached),
		cmocka_unit_test(an_exact_name_beats_the_names_that_begin_with_it),
		cmocka_unit_test(a_prefix_counts_among_the_commands_own_options_first),
		cmocka_unit_test(two_spellings_of_one_option_are_not_ambiguous),
		cmocka_unit_test(times_are_taken_with_and_without_their_unit),
		cmocka_unit_test(what_is_ignored_is_noted_with_its_value_taken),
		cmocka_unit_test(every_mistake_is_named_with_what_was_wanted),
		cmocka_unit_test(help_shows_ours_only_and_wraps_at_the_width),
		cmocka_unit_test(the_nearest_name_is_near_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
