#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *render(const char *text, unsigned width, bool color)
{
	char *out = NULL;
	size_t bytes = 0;
	struct term term = { .stream = open_memstream(&out, &bytes),
			     .width = width,
			     .color = color };
	auto_markdown struct markdown *markdown = markdown_new(&term);

	markdown_add(markdown, str_from(text));
	markdown_end(markdown);
	fclose(term.stream);
	return out;
}

static void assert_rendered(const char *text, unsigned width, const char *expected)
{
	char *out = render(text, width, false);

	assert_string_equal(out, expected);
	free(out);
}

static void blocks_are_laid_out(void **)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "# Head\ntext\n", "Head\ntext\n" },
		{ "one\ntwo\n\nthree\n", "one two\n\nthree\n" },
		{ "- a\n- b\n  - c\n\n  d\n- e\n", "- a\n- b\n\n  - c\n\n  d\n- e\n" },
		{ "3. a\n4. b\n", "3. a\n4. b\n" },
		{ "> quoted\n> text\n", "> quoted text\n" },
		{ "```c\nint  x;\n\n# y\n```\nend\n", "    int  x;\n\n    # y\nend\n" },
		{ "~~~\n``` no end", "    ``` no end\n" },
		{ "a *b* **c** `d  e`\n", "a b c d  e\n" },
		{ "[text](http://a/b) <http://c> ![i](d)\n", "text (http://a/b) http://c i (d)\n" },
		{ "<b>bold</b> &amp; <!-- c -->\n", "<b>bold</b> & <!-- c -->\n" },
		{ "[F6]: 64%\n[x]: http://y\n", "[F6]: 64% [x]: http://y\n" },
		{ "a\\\nb  \nc\n", "a\nb\nc\n" },
		{ "", "" },
		{ "\n\n\n", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_rendered(cases[i].text, 80, cases[i].shown);
}

static void lines_are_filled_to_the_width(void **)
{
	assert_rendered("one two three four five six\n", 20, "one two three four\nfive six\n");
	assert_rendered("- one two three four five\n", 20, "- one two three four\n  five\n");
	assert_rendered("\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"
			"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\n",
			20,
			"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"
			"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\n\xe4\xb8\xad\n");
	assert_rendered("averyveryverylongwordwithoutblanks x\n", 20,
			"averyveryverylongwor\ndwithoutblanks x\n");
}

static void tables_are_aligned_and_fit(void **)
{
	assert_rendered("| a | b |\n|---|--:|\n| `x|y` | 1 |\n| **z** \\| w | 22 |\n", 80,
			"a       b\n-----  --\nx|y     1\nz | w  22\n");
	assert_rendered("a | b\n--|:-:\nlong cell with words | c\n\nend\n", 24,
			"a                     b\n--------------------  -\nlong cell with words  "
			"c\n\nend\n");
	assert_rendered("| a | b |\n|---|---|\n| one two three four | five six seven |\n", 24,
			"a            b\n-----------  -----------\none two      five six\nthree "
			"four   seven\n");
	/* Missing and surplus cells. */
	assert_rendered("|a|b|\n|-|-|\n|c|\n|d|e|f|\n", 80, "a  b\n-  -\nc  \nd  e\n");
	assert_rendered("|a|b|\nno table\n", 80, "|a|b| no table\n");
}

static void foreign_escapes_do_not_come_out(void **)
{
	static const char *const texts[] = {
		"\x1b[31mred \x07\n",	   "`\x1b]0;t\x07`\n",
		"```\n\x1b[2J\n```\n",	   "| \x1b[1m |\n|---|\n| \x9b |\n",
		"&#27;[31m &#x9b;\n",	   "[l](http://x/\x1b[1m)\n",
		"<b \x1b[1m>\n",	   "# \x1b[5m\n",
		"\xe2\x80\xae reversed\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *out = render(texts[i], 80, false);

		for (const char *c = out; *c; c++)
			assert_true(*c == '\n' || (unsigned char)*c >= ' ');
		assert_null(strstr(out, "\xe2\x80\xae"));
		free(out);
	}
}

static void styles_are_switched_off_again(void **)
{
	char *out = render("**b** `c` {uncited} [F12]\n", 80, true);

	assert_string_equal(out, "\x1b[0m\x1b[1mb\x1b[0m \x1b[0m\x1b[36mc\x1b[0m "
				 "\x1b[0m\x1b[31m{uncited}\x1b[0m \x1b[0m\x1b[2m[F12]\x1b[0m\n");
	free(out);
}

/* What is written, as soon as a block is complete. */
static void a_block_comes_out_when_it_is_complete(void **)
{
	char *out = NULL;
	size_t bytes = 0;
	struct term term = { .stream = open_memstream(&out, &bytes), .width = 80 };
	auto_markdown struct markdown *markdown = markdown_new(&term);
	static const struct {
		const char *line, *shown;
	} steps[] = {
		{ "# Head\n", "Head\n" },
		{ "text\n", "Head\n" },
		{ "more\n", "Head\n" },
		{ "\n", "Head\ntext more\n" },
		{ "- a\n", "Head\ntext more\n\n" },
		{ "- b\n", "Head\ntext more\n\n- a\n" },
		{ "```\n", "Head\ntext more\n\n- a\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		markdown_add(markdown, str_from(steps[i].line));
		fflush(term.stream);
		assert_string_equal(out, steps[i].shown);
	}
	markdown_end(markdown);
	fclose(term.stream);
	free(out);
}

static void nothing_that_was_written_is_lost(void **)
{
	/* Each word of a text of all kinds of blocks comes out, in order. */
	const char *text = "w1\n# w2\n- w3\n  w4\n\n  w5\n> w6\n>> w7\n\n    w8\n```w9\n~~~\nw10\n"
			   "```\n|w11|\n|-|\n|w12|\nw13\n[w14]: w15\n<!-- w16 -->\n1) w17\n";
	char *out = render(text, 20, false);
	const char *at = out;

	for (int i = 1; i <= 17; i++) {
		char word[8];

		/* The language of a fence is no text. */
		if (i == 9)
			continue;
		snprintf(word, sizeof(word), "w%d", i);
		at = strstr(at, word);
		if (!at)
			print_message("%s is lost:\n%s", word, out);
		assert_non_null(at);
	}
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_laid_out),
		cmocka_unit_test(lines_are_filled_to_the_width),
		cmocka_unit_test(tables_are_aligned_and_fit),
		cmocka_unit_test(foreign_escapes_do_not_come_out),
		cmocka_unit_test(styles_are_switched_off_again),
		cmocka_unit_test(a_block_comes_out_when_it_is_complete),
		cmocka_unit_test(nothing_that_was_written_is_lost),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
