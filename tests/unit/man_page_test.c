#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/man_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static void assert_option(const struct man_page *page, const char *name, const char *tag,
			  const char *text)
{
	const struct man_form *form = man_page_form(page, str_from(name));
	const struct man_option *option;

	if (!form)
		fail_msg("no '%s'", name);
	option = &page->options.items[form->option];
	assert_string_equal(option->tag, tag);
	assert_string_equal(option->text, text);
}

static void assert_value(const struct man_page *page, const char *name, enum man_value value,
			 const char *value_name)
{
	const struct man_form *form = man_page_form(page, str_from(name));

	if (!form)
		fail_msg("no '%s'", name);
	assert_int_equal(form->value, value);
	assert_string_equal(form->value_name, value_name);
}

static void a_page_of_man_macros_gives_its_summary_synopsis_and_options(void **state)
{
	auto_man_page struct man_page page = { 0 };

	(void)state;
	man_page_parse(
		STR(".TH X 1\n"
		    ".SH NAME\n"
		    "x, y \\- do \\(lqthings\\(rq\n"
		    ".SH SYNOPSIS\n"
		    ".B x\n[\\fIOPTION\\fR]...\n.br\n.BI y \" FILE\"\n"
		    ".SH OPTIONS\n"
		    ".TP\n.BR \\-a \", \" \\-\\-all\nTake all.  It is\n.B much.\n.IP\nMore.\n"
		    ".TP 8\n\\fB\\-n\\fR, \\fB\\-\\-lines\\fR=[\\-]\\fI\\,NUM\\/\\fR\nThe last.\n"
		    ".TP\n\\fB\\-\\-color\\fR[=\\fIWHEN\\fR], "
		    "\\fB\\-\\-colour\\fR[=\\fIWHEN\\fR]\nC.\n"
		    ".TP\n.B \\-b\n.TQ\n.B \\-\\-bare\nBoth.\n"
		    ".PP\nNo option.\n"),
		&page);
	assert_string_equal(page.summary, "do \"things\"");
	assert_string_equal(page.synopsis, "x [OPTION]...\ny FILE");
	assert_int_equal(page.options.count, 4);
	assert_option(&page, "--all", "-a, --all", "Take all. It is much.");
	assert_value(&page, "-a", MAN_NO_VALUE, "");
	assert_option(&page, "-n", "-n, --lines=[-]NUM", "The last.");
	assert_value(&page, "-n", MAN_REQUIRED_VALUE, "-]NUM");
	assert_value(&page, "--color", MAN_OPTIONAL_VALUE, "WHEN");
	assert_value(&page, "--colour", MAN_OPTIONAL_VALUE, "WHEN");
	assert_option(&page, "--bare", "-b, --bare", "Both.");
}

static void pages_of_pod_docbook_and_help2man_are_read_too(void **state)
{
	auto_man_page struct man_page page = { 0 };

	(void)state;
	man_page_parse(STR(".if t .TP\n.ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n"
			   ".if \\n(rF \\{\\\n.TP\n.B \\-\\-hidden\nHidden.\n.\\}\n"
			   ".de XX\n.TP\n\\-\\-macro\n..\n"
			   ".SH OPTIONS\n"
			   ".IP \"\\fB\\-x\\fR \\fIfile\\fR\" 4\n.IX Item \"-x file\"\nPod.\n"
			   ".IP \"\\-o\" 4\n.PD 0\n.IP \"\\-\\-out=F\" 4\n.PD\nTwo.\n"
			   ".IP \"*\" 4\nBullet.\n"
			   ".PP\n\\-C <commit>, \\-\\-reuse\\-message=<commit>\n"
			   ".RS 4\nDocbook\\&.\n.sp\nMore\\&.\n.RE\n"
			   ".PP\n\\-\\-[no\\-]verify\n.RS 4\nHooks\\&.\n.RE\n"
			   ".HP\n\\fB\\-\\-old\\fR\n.IP\nHelp2man.\n"),
		       &page);
	assert_int_equal(page.options.count, 6);
	assert_option(&page, "-o", "-o", "Two.");
	assert_option(&page, "--out", "--out=F", "Two.");
	assert_option(&page, "-x", "-x file", "Pod.");
	assert_value(&page, "-x", MAN_REQUIRED_VALUE, "file");
	assert_option(&page, "--reuse-message", "-C <commit>, --reuse-message=<commit>",
		      "Docbook.");
	assert_value(&page, "-C", MAN_REQUIRED_VALUE, "<commit>");
	assert_option(&page, "--verify", "--[no-]verify", "Hooks.");
	assert_option(&page, "--no-verify", "--[no-]verify", "Hooks.");
	assert_option(&page, "--old", "--old", "Help2man.");
	assert_null(man_page_form(&page, STR("--hidden")));
	assert_null(man_page_form(&page, STR("--macro")));
}

static void a_page_of_mdoc_macros_is_read(void **state)
{
	auto_man_page struct man_page page = { 0 };

	(void)state;
	man_page_parse(
		STR(".Dd now\n.Dt POT 1\n.Os\n.Sh NAME\n.Nm pot ,\n.Nm pan\n.Nd heat things\n"
		    ".Sh SYNOPSIS\n.Nm\n.Op Fl v\n.Op Fl t Ar degrees\n.Ar\n"
		    ".Sh DESCRIPTION\n.Bl -tag -width Ds\n"
		    ".It Fl v , Fl -verbose\nSay what, as\n.Xr pan 1 ,\n.Nm\ndoes\n.Pq twice .\n"
		    ".Pp\nMore.\n"
		    ".It Fl t Ns Op Ar degrees\nHeat.\n"
		    ".El\n"),
		&page);
	assert_string_equal(page.summary, "heat things");
	assert_string_equal(page.synopsis, "pot [-v] [-t degrees] file ...");
	assert_option(&page, "--verbose", "-v, --verbose",
		      "Say what, as pan(1), pot does (twice).");
	assert_value(&page, "-t", MAN_OPTIONAL_VALUE, "degrees");
}

static void operands_with_names_and_commands_are_forms(void **state)
{
	auto_man_page struct man_page page = { 0 };

	(void)state;
	man_page_parse(STR(".SH SYNOPSIS\nx COMMAND\n.SH OPERANDS\n"
			   ".TP\n\\fBif\\fP=FILE\nRead.\n"
			   ".PP\n\\fBrestart \\fR\\fIUNIT\\fR...\n.RS 4\nStart again.\n.RE\n"
			   ".TP\nSome words here.\nNo form.\n"),
		       &page);
	assert_option(&page, "if", "if=FILE", "Read.");
	assert_option(&page, "restart", "restart UNIT...", "Start again.");
}

static void a_redirection_is_told(void **state)
{
	auto_man_page struct man_page page = { 0 };

	(void)state;
	man_page_parse(STR(".so man1/other.1\n"), &page);
	assert_string_equal(page.redirect, "man1/other.1");
	assert_string_equal(page.summary, "");
}

static void long_texts_are_cut_at_a_sentence_and_hostile_pages_end(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_man_page struct man_page page = { 0 };

	(void)state;
	strbuf_add_text(&text, ".TP\n-a\nFirst.");
	for (int i = 0; i < 500; i++)
		strbuf_add_text(&text, " word");
	strbuf_add_text(&text, "\n.TP\n-");
	strbuf_add_repeated(&text, 'b', 100000);
	strbuf_add_text(&text, "\nX\n");
	for (int i = 0; i < 1000; i++)
		strbuf_add_text(&text,
				".RS\n.if n .if n .if n .if n .if n .if n x\n.Op Op Op Op Op Op "
				"Op Op Op Op Op Fl\n\\f(\\*[\\h'\\s\\[\n");
	strbuf_add_text(&text, ".TP\n-z\nLast\\");
	man_page_parse(strbuf_str(&text), &page);
	assert_non_null(man_page_form(&page, STR("-a")));
	assert_true(strlen(page.options.items[0].text) < 400);
	assert_option(&page, "-z", "-z", "Last");
	assert_null(man_page_form(&page, STR("-q")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_man_macros_gives_its_summary_synopsis_and_options),
		cmocka_unit_test(pages_of_pod_docbook_and_help2man_are_read_too),
		cmocka_unit_test(a_page_of_mdoc_macros_is_read),
		cmocka_unit_test(operands_with_names_and_commands_are_forms),
		cmocka_unit_test(a_redirection_is_told),
		cmocka_unit_test(long_texts_are_cut_at_a_sentence_and_hostile_pages_end),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
