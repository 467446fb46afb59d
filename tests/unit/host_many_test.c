#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/outliers.h"

#include <string.h>

#include "base/macros.h"
#include "cmd/typed_commands.h"
#include "host/suspect.h"

enum { HOSTS = 9 };

struct fleet {
	struct facts facts[HOSTS];
	const struct facts *tables[HOSTS];
	struct outlier_vec outliers[HOSTS];
};

static void fleet_init(struct fleet *fleet, size_t count, double (*value)(size_t host))
{
	*fleet = (struct fleet){ 0 };
	for (size_t i = 0; i < count; i++) {
		struct facts *facts = &fleet->facts[i];

		facts_add_number(facts, facts_entity(facts, "host", "the host"), "cpu_busy",
				 value(i), "ratio", "/proc");
		fleet->tables[i] = facts;
	}
	outliers_find(fleet->tables, count, fleet->outliers);
}

static void fleet_done(struct fleet *fleet)
{
	for (size_t i = 0; i < HOSTS; i++) {
		facts_done(&fleet->facts[i]);
		outlier_vec_done(&fleet->outliers[i]);
	}
}

static double one_is_busy(size_t host)
{
	return host == 3 ? 0.95 : 0.10 + 0.01 * (double)(host % 3);
}

static double all_are_alike(size_t host)
{
	return 0.10 + 0.001 * (double)host;
}

static double all_are_different(size_t host)
{
	return 0.1 * (double)host;
}

static void the_host_that_is_unlike_the_rest_is_told(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, HOSTS, one_is_busy);
	for (size_t i = 0; i < HOSTS; i++)
		assert_int_equal(fleet.outliers[i].count, i == 3);
	assert_true(fleet.outliers[3].items[0].usual > 0.09 &&
		    fleet.outliers[3].items[0].usual < 0.13);
	fleet_done(&fleet);
}

static void hosts_that_are_alike_or_all_different_have_no_outlier(void **state)
{
	double (*const values[])(size_t) = { all_are_alike, all_are_different };

	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
		struct fleet fleet;

		fleet_init(&fleet, HOSTS, values[v]);
		for (size_t i = 0; i < HOSTS; i++)
			assert_int_equal(fleet.outliers[i].count, 0);
		fleet_done(&fleet);
	}
}

static void four_hosts_are_too_few_for_a_rest(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_init(&fleet, OUTLIERS_LEAST_HOSTS - 1, one_is_busy);
	for (size_t i = 0; i < HOSTS; i++)
		assert_int_equal(fleet.outliers[i].count, 0);
	fleet_done(&fleet);
}

static void typed(struct typed_command_vec *commands, const char *const *words, bool is_one)
{
	char *argv[8] = { NULL };
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	typed_commands_add_words(commands, argc, argv, is_one);
}

static void several_words_are_one_vector(void **state)
{
	auto_typed_commands struct typed_command_vec commands = { 0 };

	(void)state;
	typed(&commands, (const char *const[]){ "/usr/bin/sudo", "top", "-b", NULL }, false);
	assert_int_equal(commands.count, 1);
	assert_string_equal(commands.items[0].argv[1], "top");
	assert_string_equal(commands.items[0].program, "top");
}

static void a_word_with_blanks_is_a_line_of_its_own(void **state)
{
	auto_typed_commands struct typed_command_vec commands = { 0 };

	(void)state;
	typed(&commands, (const char *const[]){ "uptime", "dmesg | tail", NULL }, false);
	assert_int_equal(commands.count, 2);
	assert_string_equal(commands.items[0].argv[0], "uptime");
	assert_null(commands.items[0].argv[1]);
	assert_string_equal(commands.items[1].argv[2], "dmesg | tail");
	assert_string_equal(commands.items[1].program, "dmesg");
}

static void the_value_of_an_option_stays_with_it(void **state)
{
	auto_typed_commands struct typed_command_vec commands = { 0 };

	(void)state;
	typed(&commands, (const char *const[]){ "sh", "-c", "a 'b'", NULL }, false);
	typed(&commands, (const char *const[]){ "grep", "a b", "/x", NULL }, true);
	assert_int_equal(commands.count, 2);
	assert_string_equal(commands.items[0].argv[2], "a 'b'");
	assert_string_equal(commands.items[0].shown, "sh -c 'a '\\''b'\\'''");
	assert_string_equal(commands.items[1].argv[1], "a b");
}

static const char *suspect_text(struct facts *facts, const char *collector, const char *text,
				const char *name)
{
	struct entity process = facts_entity(facts, "process", "app (7)");
	const struct fact *fact;

	suspect_to_facts(collector, str_from(text), process, "cat", facts);
	fact = facts_find(facts, process, name);
	return fact ? facts_str(facts, fact->text) : NULL;
}

static void a_suspect_is_found_by_its_id_and_its_stack_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity process = facts_entity(&facts, "process", "app (7)"), found;

	(void)state;
	facts_add_number(&facts, process, "pid", 7, "", "/proc");
	assert_true(suspect_find(&facts, 7, &found) && entity_eq(found, process));
	assert_false(suspect_find(&facts, 8, &found));
	assert_string_equal(suspect_text(&facts, "stack",
					 "[<0>] percpu_rwsem_wait+0x1/0x2\n"
					 "noise\n[<0>] vfs_write+0x3/0x4 [ext4]\n[<",
					 "kernel_stack"),
			    "percpu_rwsem_wait < vfs_write");
}

static void most_of_the_open_files_are_told_by_kind(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity process = facts_entity(&facts, "process", "app (7)");

	(void)state;
	assert_string_equal(suspect_text(&facts, "files",
					 "total 0\nlrwx 0 -> /dev/null\nlrwx 1 -> socket:[12]\n"
					 "lrwx 2 -> /var/log/a\nlrwx 3 -> socket:[13]\nx -> \n",
					 "files_most"),
			    "socket");
	assert_true(facts_value(&facts, process, "files_most_count", 0) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_that_is_unlike_the_rest_is_told),
		cmocka_unit_test(hosts_that_are_alike_or_all_different_have_no_outlier),
		cmocka_unit_test(four_hosts_are_too_few_for_a_rest),
		cmocka_unit_test(several_words_are_one_vector),
		cmocka_unit_test(a_word_with_blanks_is_a_line_of_its_own),
		cmocka_unit_test(the_value_of_an_option_stays_with_it),
		cmocka_unit_test(a_suspect_is_found_by_its_id_and_its_stack_is_read),
		cmocka_unit_test(most_of_the_open_files_are_told_by_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
