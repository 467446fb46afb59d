#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/process_title.h"

#include <string.h>

#include "base/memory.h"
#include "knowledge/argument.h"
#include "knowledge/wrapper.h"

/* Words parted by blanks. */
static int words_of(char *text, char **argv)
{
	char *save = NULL;
	int argc = 0;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static void assert_title(const char *line, enum process_title_kind kind, const char *name,
			 const char *state)
{
	auto_process_title struct process_title title = { 0 };
	auto_free char *text = x_strndup(line, strlen(line));
	char *argv[32];
	int argc = words_of(text, argv);

	assert_int_equal(process_title_parse(argc, argv, &title), kind);
	assert_string_equal(strbuf_text(&title.name), name);
	assert_string_equal(strbuf_text(&title.state), state);
}

static void a_title_is_told_from_a_command_line(void **state)
{
	(void)state;
	assert_title("nginx: worker process", PROCESS_TITLE, "nginx", "worker process");
	assert_title("/usr/sbin/nginx: master process x", PROCESS_TITLE, "nginx",
		     "master process x");
	assert_title("sshd: /usr/sbin/sshd -D [listener]", PROCESS_TITLE, "sshd",
		     "/usr/sbin/sshd -D [listener]");
	assert_title("gzip -9 a:b", PROCESS_COMMAND_LINE, "", "");
	assert_title("curl -H Host: x", PROCESS_COMMAND_LINE, "", "");
	assert_title(": x", PROCESS_COMMAND_LINE, "", "");
	assert_title("", PROCESS_COMMAND_LINE, "", "");
}

static void what_stands_in_brackets_is_a_kernel_thread_or_defunct(void **state)
{
	(void)state;
	assert_title("[kworker/u8:2-flush-8:0]", PROCESS_KERNEL_THREAD, "kworker",
		     "u8:2-flush-8:0");
	assert_title("[kswapd0]", PROCESS_KERNEL_THREAD, "kswapd0", "");
	assert_title("[sh] <defunct>", PROCESS_DEFUNCT, "sh", "");
	assert_title("[ -f x ]", PROCESS_COMMAND_LINE, "", "");
	assert_title("[]", PROCESS_COMMAND_LINE, "", "");
}

static void a_wrapper_is_known_by_its_name_and_its_subcommand(void **state)
{
	(void)state;
	assert_int_equal(wrapper_find(STR("sudo"), NULL)->rest, WRAPPER_COMMAND);
	assert_int_equal(wrapper_find(STR("python3.11"), NULL)->rest, WRAPPER_SCRIPT);
	assert_non_null(wrapper_find(STR("docker"), "run"));
	assert_null(wrapper_find(STR("docker"), "build"));
	assert_null(wrapper_find(STR("docker"), NULL));
	assert_null(wrapper_find(STR("gzip"), "x"));
}

/* A base of its own, and what it says of a command line's arguments. */
static struct knowledge *base_of(const char *text)
{
	struct knowledge *base = knowledge_new();
	struct error *error = knowledge_add_text(base, "own.kb", str_from(text));

	assert_null(error);
	return base;
}

static size_t count_absent(const struct knowledge *base, const char *program, const char *line)
{
	struct argument_vec arguments = { 0 };
	struct kb_match_vec matches = { 0 };
	auto_free char *text = x_strndup(line, strlen(line));
	char *argv[32];
	int argc = words_of(text, argv);
	size_t count;

	for (int i = 0; i < argc; i++)
		argument_vec_push(&arguments,
				  (struct argument){ .text = argv[i], .word = argv[i] });
	knowledge_absent_arguments(base, str_from(program), &arguments, &matches);
	count = matches.count;
	kb_match_vec_done(&matches);
	argument_vec_done(&arguments);
	return count;
}

static void what_is_missing_is_told_only_where_the_rest_asks_for_it(void **state)
{
	auto_knowledge struct knowledge *base =
		base_of("arguments brew\nargument \"without -j* --jobs*\"\n\twhat: one pot\n"
			"argument \"without -m* with -x*\"\n\twhat: no milk\n");

	(void)state;
	assert_int_equal(count_absent(base, "brew", "all"), 1);
	assert_int_equal(count_absent(base, "brew", "-j8"), 0);
	assert_int_equal(count_absent(base, "brew", "--jobs=8 -x1"), 1);
	assert_int_equal(count_absent(base, "brew", "-x1 -m2 -j"), 0);
	assert_int_equal(count_absent(base, "brew", "--help"), 0);
	assert_int_equal(count_absent(base, "/usr/bin/brew", ""), 1);
	assert_int_equal(count_absent(base, "other", "all"), 0);
}

static void an_option_takes_a_word_where_the_base_shows_it_with_one(void **state)
{
	auto_knowledge struct knowledge *base =
		base_of("arguments brew\nargument \"-c *\" -v\n\twhat: a cup\n");

	(void)state;
	assert_true(knowledge_takes_value(base, STR("brew"), STR("-c")));
	assert_false(knowledge_takes_value(base, STR("brew"), STR("-v")));
	assert_false(knowledge_takes_value(base, STR("brew"), STR("-")));
	assert_false(knowledge_takes_value(base, STR("other"), STR("-c")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_title_is_told_from_a_command_line),
		cmocka_unit_test(what_stands_in_brackets_is_a_kernel_thread_or_defunct),
		cmocka_unit_test(a_wrapper_is_known_by_its_name_and_its_subcommand),
		cmocka_unit_test(what_is_missing_is_told_only_where_the_rest_asks_for_it),
		cmocka_unit_test(an_option_takes_a_word_where_the_base_shows_it_with_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
