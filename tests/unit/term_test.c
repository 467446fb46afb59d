#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/progress.h"
#include "base/term.h"
#include "base/units.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void assert_safe(struct str text, const char *expected)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;

	term_safe(&safe, text);
	assert_string_equal(strbuf_text(&safe), expected);
}

static void no_control_byte_or_escape_passes(void **state)
{
	(void)state;
	assert_safe(STR("a\x1b[31mred\x1b[0m"), "a\\x1b[31mred\\x1b[0m");
	assert_safe(STR("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
	assert_safe(STR("row\nforged\ttab\rback\0nul\x7f"),
		    "row\\nforged\\ttab\\x0dback\\x00nul\\x7f");
	/* C1 controls: CSI as one byte of Latin-1, and as UTF-8. */
	assert_safe(STR("\x9b"
			"31m \xc2\x9b"
			"31m"),
		    "\\x9b31m \\x9b31m");
}

static void marks_that_reorder_or_hide_text_are_replaced(void **state)
{
	(void)state;
	assert_safe(STR("a\xe2\x80\xae"
			"b\xe2\x81\xa6"
			"c\xe2\x80\x8b"
			"d\xef\xbb\xbf"
			"e"),
		    "a\xef\xbf\xbd"
		    "b\xef\xbf\xbd"
		    "c\xef\xbf\xbd"
		    "d\xef\xbf\xbd"
		    "e");
}

static void bytes_that_are_not_utf8_are_shown_as_hex(void **state)
{
	(void)state;
	assert_safe(STR("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82");
	assert_safe(STR("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x94\xa5"),
		    "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x94\xa5");
}

static void widths_count_wide_and_combining_characters(void **state)
{
	(void)state;
	assert_int_equal(term_text_width(STR("abc")), 3);
	assert_int_equal(term_text_width(STR("gr\xc3\xbc\xc3\x9f")), 4);
	assert_int_equal(term_text_width(STR("\xe6\xbc\xa2\xe5\xad\x97")), 4);
	assert_int_equal(term_text_width(STR("e\xcc\x81")), 1);
	assert_int_equal(term_text_width(STR("\xff")), 1);
}

static void text_is_clipped_at_whole_characters(void **state)
{
	(void)state;
	assert_int_equal(term_clip(STR("abc"), 2).len, 2);
	assert_int_equal(term_clip(STR("abc"), 9).len, 3);
	assert_int_equal(term_clip(STR("a\xe6\xbc\xa2"), 2).len, 1);
	assert_int_equal(term_clip(STR("a\xe6\xbc\xa2"), 3).len, 4);
}

static void color_follows_the_mode_and_the_environment(void **state)
{
	FILE *stream = fopen("/dev/null", "w");
	struct term term;

	(void)state;
	unsetenv("COLUMNS");
	term = term_on(stream, TERM_COLOR_AUTO);
	assert_false(term.color);
	assert_int_equal(term.width, 100);
	assert_string_equal(term_style(&term, TERM_RED), "");
	setenv("COLUMNS", "72", 1);
	term = term_on(stream, TERM_COLOR_ALWAYS);
	assert_true(term.color);
	assert_int_equal(term.width, 72);
	assert_string_equal(term_style(&term, TERM_RED), "\x1b[31m");
	fclose(stream);
}

static void assert_wrapped(struct str text, unsigned width, unsigned indent, const char *expected)
{
	char *written = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&written, &size);

	term_wrap(stream, text, width, indent);
	fclose(stream);
	assert_string_equal(written, expected);
	free(written);
}

static void words_are_filled_to_the_width_and_paragraphs_kept(void **state)
{
	(void)state;
	assert_wrapped(STR("one two three"), 9, 2, "one two\n  three\n");
	assert_wrapped(STR("a b\n\nc\x1b"), 40, 2, "a b\n\n  c\\x1b\n");
	assert_wrapped(STR("longer-than-the-width x"), 10, 0, "longer-than-the-width\nx\n");
	assert_wrapped(STR(""), 10, 0, "\n");
}

#define assert_unit(call, expected)                                                                \
	do {                                                                                       \
		auto_strbuf struct strbuf out = STRBUF_INIT;                                       \
		call;                                                                              \
		assert_string_equal(strbuf_text(&out), expected);                                  \
	} while (0)

static void figures_are_rounded_where_people_read_them(void **state)
{
	(void)state;
	assert_unit(units_percent(&out, 0.6457), "64.57%");
	assert_unit(units_percent(&out, 1), "100.00%");
	assert_unit(units_bytes(&out, 1023), "1023 B");
	assert_unit(units_bytes(&out, 1536), "1.5 KiB");
	assert_unit(units_bytes(&out, (uint64_t)1 << 20), "1.0 MiB");
	assert_unit(units_bytes(&out, ((uint64_t)1 << 20) - 1), "1.0 MiB");
	assert_unit(units_bytes(&out, UINT64_MAX), "16.0 EiB");
	assert_unit(units_duration(&out, 0), "0 ns");
	assert_unit(units_duration(&out, 12345678), "12.3 ms");
	assert_unit(units_duration(&out, 1500000000), "1.50 s");
	assert_unit(units_duration(&out, 999999), "1.00 ms");
	assert_unit(units_duration(&out, 9999999999), "10.0 s");
	assert_unit(units_duration(&out, 130000000000), "2 min 10 s");
	assert_unit(units_duration(&out, 7260000000000), "2 h 1 min");
	assert_unit(units_count(&out, 0), "0");
	assert_unit(units_count(&out, 999), "999");
	assert_unit(units_count(&out, 16469), "16,469");
	assert_unit(units_count(&out, UINT64_MAX), "18,446,744,073,709,551,615");
}

/* What a program writes to a terminal that is its standard error. */
static void with_terminal_as_stderr(void (*write)(void), char *ret, size_t size_bytes)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int saved = dup(STDERR_FILENO), side;
	size_t filled = 0;
	ssize_t got;

	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	side = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	dup2(side, STDERR_FILENO);
	write();
	dup2(saved, STDERR_FILENO);
	close(side);
	/* It comes in parts, as the kernel passes it on; the end is an error when all is read. */
	while (filled < size_bytes - 1 &&
	       (got = read(terminal, ret + filled, size_bytes - 1 - filled)) > 0)
		filled += (size_t)got;
	ret[filled] = '\0';
	close(saved);
	close(terminal);
}

static void write_progress(void)
{
	struct progress progress = progress_start("reading", 200);

	progress_update(&progress, 1); /* too soon: nothing is drawn */
	usleep(150000);
	progress_update(&progress, 50);
	progress_update(&progress, 51);
	progress_end(&progress);
}

static void progress_is_one_line_on_a_terminal_that_is_taken_away(void **state)
{
	char written[256];

	(void)state;
	with_terminal_as_stderr(write_progress, written, sizeof(written));
	assert_string_equal(written, "\r\x1b[Kreading ...  25%\r\x1b[K");
}

static void progress_is_silent_where_there_is_no_terminal(void **state)
{
	struct progress progress;
	int saved = dup(STDERR_FILENO), file = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	dup2(file, STDERR_FILENO);
	progress = progress_start("reading", 200);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(file);
	assert_null(progress.what);
}

static void equal_warnings_are_one_with_a_count(void **state)
{
	struct warnings warnings = { 0 };
	char *written = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&written, &size);

	(void)state;
	warnings_add(&warnings, "'%s' has no names", "libx.so");
	warnings_add(&warnings, "lost %d", 3);
	warnings_add(&warnings, "'%s' has no names", "libx.so");
	warnings_print(&warnings, stream);
	fclose(stream);
	assert_string_equal(written, "sysgrok: warning: 'libx.so' has no names (2 times)\n"
				     "sysgrok: warning: lost 3\n");
	free(written);
	warnings_done(&warnings);
}

static void hostile_input_cannot_grow_the_warnings_without_end(void **state)
{
	struct warnings warnings = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		warnings_add(&warnings, "kind %d", i);
	assert_in_range(warnings.count, 2, 100);
	assert_int_equal(warnings.items[warnings.count - 1].count + warnings.count - 1, 10000);
	warnings_done(&warnings);
}

static void debug_domains_are_chosen_by_name(void **state)
{
	(void)state;
	assert_false(log_enabled("dso"));
	log_enable("symbol,record");
	assert_true(log_enabled("symbol"));
	assert_true(log_enabled("record"));
	assert_false(log_enabled("dso"));
	log_enable("all");
	assert_true(log_enabled("dso"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_control_byte_or_escape_passes),
		cmocka_unit_test(marks_that_reorder_or_hide_text_are_replaced),
		cmocka_unit_test(bytes_that_are_not_utf8_are_shown_as_hex),
		cmocka_unit_test(widths_count_wide_and_combining_characters),
		cmocka_unit_test(text_is_clipped_at_whole_characters),
		cmocka_unit_test(color_follows_the_mode_and_the_environment),
		cmocka_unit_test(words_are_filled_to_the_width_and_paragraphs_kept),
		cmocka_unit_test(figures_are_rounded_where_people_read_them),
		cmocka_unit_test(progress_is_one_line_on_a_terminal_that_is_taken_away),
		cmocka_unit_test(progress_is_silent_where_there_is_no_terminal),
		cmocka_unit_test(equal_warnings_are_one_with_a_count),
		cmocka_unit_test(hostile_input_cannot_grow_the_warnings_without_end),
		cmocka_unit_test(debug_domains_are_chosen_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
