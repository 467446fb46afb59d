#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/json_in.h"
#include "host/parser.h"
#include "host/top_frame.h"

static void look(struct facts *facts, const char *text)
{
	host_read(&(struct host_text){ "top", "top.txt", str_from(text), false }, facts);
	host_finish(facts);
}

static double of(struct facts *facts, const char *kind, const char *name, const char *fact)
{
	return facts_value(facts, facts_entity(facts, kind, name), fact, (double)NAN);
}

static double host(struct facts *facts, const char *fact)
{
	return of(facts, "host", "the host", fact);
}

static void expect(double value, double wanted)
{
	if (!(fabs(value - wanted) < 1e-6 * fmax(1, fabs(wanted))))
		fail_msg("%.9g is not %.9g", value, wanted);
}

static const char three_screens[] =
	"top - 23:59:58 up 3 days,  4:05,  2 users,  load average: 2.79, 1.50, 0.70\n"
	"Tasks: 120 total,   9 running, 110 sleeping,   0 stopped,   1 zombie\n"
	"%Cpu(s): 90.0 us, 10.0 sy,  0.0 ni,  0.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st\n"
	"MiB Mem :   1000.0 total,    100.0 free,    400.0 used,    500.0 buff/cache\n"
	"MiB Swap:    512.0 total,    412.0 free,    100.0 used.    550.0 avail Mem\n"
	"\n"
	"  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
	"   77 app       20   0  500000 100000   9000 R 400.0   9.8   1:00.00 worker\n"
	"\n"
	"top - 00:00:00 up 3 days,  4:05,  2 users,  load average: 2.80, 1.50, 0.70\n"
	"Tasks: 120 total,   3 running, 117 sleeping,   0 stopped,   0 zombie\n"
	"%Cpu(s): 40.0 us, 10.0 sy,  0.0 ni, 48.0 id,  2.0 wa,  0.0 hi,  0.0 si,  0.0 st\n"
	"MiB Mem :   1000.0 total,    100.0 free,    400.0 used,    500.0 buff/cache\n"
	"MiB Swap:    512.0 total,    402.0 free,    110.0 used.    540.0 avail Mem\n"
	"\n"
	"  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
	"   77 app       20   0  500000 120000   9000 R 100.0  11.8   1:02.00 worker\n"
	"   78 app       39  19    1.2g   1.5g   9000 D  20.0  15.0 100:02.11 my prog --with "
	"words\n"
	"   79 root      rt   0       0      0      0 S   0.0   0.0   0:00.00 migration/0\n"
	"\n"
	"top - 00:00:02 up 3 days,  4:05,  2 users,  load average: 2.90, 1.50, 0.70\n"
	"Tasks: 120 total,   1 running, 119 sleeping,   0 stopped,   0 zombie\n"
	"%Cpu(s): 20.0 us, 10.0 sy,  0.0 ni, 66.0 id,  4.0 wa,  0.0 hi,  0.0 si,  0.0 st\n"
	"MiB Mem :   1000.0 total,    100.0 free,    400.0 used,    500.0 buff/cache\n"
	"MiB Swap:    512.0 total,    382.0 free,    130.0 used.    530.0 avail Mem\n"
	"\n"
	"  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
	"   77 app       20   0  500000 140000   9000 R  50.0  13.7   1:03.00 worker\n"
	"   78 app       39  19    1.2g   1.5g   9000 D  20.0  15.0 100:02.11 my prog --with "
	"words\n"
	"what is this\n";

static void the_first_screen_is_left_out_of_rates(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, three_screens);
	expect(host(&facts, "frames"), 3);
	expect(host(&facts, "cpu_user"), 0.3);
	expect(host(&facts, "cpu_iowait"), 0.03);
	expect(host(&facts, "cpu_busy"), 0.4);
	expect(host(&facts, "tasks_running"), 2);
	expect(host(&facts, "load_1"), 2.9);
	expect(host(&facts, "uptime"), ((3 * 24 + 4) * 3600 + 5 * 60) * 1e9);
	expect(of(&facts, "process", "worker (77)", "cpu"), 0.75);
	expect(of(&facts, "process", "worker (77)", "cpu_least"), 0.5);
}

static void memory_and_swap_are_those_of_the_last_screen_and_their_change(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, three_screens);
	expect(host(&facts, "memory_total"), 1000.0 * 1048576);
	expect(host(&facts, "memory_available"), 530.0 * 1048576);
	expect(host(&facts, "available_loss"), 20.0 * 1048576);
	expect(host(&facts, "swap_growth"), 30.0 * 1048576);
	expect(of(&facts, "process", "worker (77)", "resident_growth"), 20000.0 * 1024);
}

static void rows_are_read_whatever_overflows(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity prog = facts_entity(&facts, "process", "my prog --with words (78)");
	struct entity rt = facts_entity(&facts, "process", "migration/0 (79)");

	(void)state;
	look(&facts, three_screens);
	expect(facts_value(&facts, prog, "resident", 0), 1.5 * (1 << 30));
	expect(facts_value(&facts, prog, "nice", 0), 19);
	expect(facts_value(&facts, prog, "blocked", 0), 1);
	assert_string_equal(facts_str(&facts, facts_find(&facts, prog, "user")->text), "app");
	assert_non_null(facts_find(&facts, rt, "realtime"));
	assert_int_equal(facts_find(&facts, prog, "cpu")->source_line, 18);
}

static void lines_that_are_not_understood_are_counted_and_shown(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity input = facts_entity(&facts, "input", "top.txt");

	(void)state;
	look(&facts, three_screens);
	expect(facts_value(&facts, input, "unknown_lines", 0), 1);
	assert_string_equal(facts_note(&facts, input, "unknown_example"), "what is this");
}

static void the_layout_of_procps_3_2_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "top - 17:02:11 up 12 min,  1 user,  load average: 0.08, 0.03, 0.00\n"
	     "Tasks:  88 total,   1 running,  87 sleeping,   0 stopped,   0 zombie\n"
	     "Cpu(s):  1.2%us,  0.5%sy,  0.0%ni, 97.3%id,  0.9%wa,  0.0%hi,  0.1%si,  0.0%st\n"
	     "Mem:   1921096k total,  1018284k used,   902812k free,    81408k buffers\n"
	     "Swap:  2064376k total,        4k used,  2064372k free,   615392k cached\n"
	     "\n"
	     "  PID USER      PR  NI  VIRT  RES  SHR S %CPU %MEM    TIME+  COMMAND\n"
	     " 1234 root      20   0  125m 6700 4100 S  3.9  0.4   1:00.58 Xorg\n");
	expect(host(&facts, "cpu_user"), 0.012);
	expect(host(&facts, "cpu_iowait"), 0.009);
	expect(host(&facts, "memory_total"), 1921096.0 * 1024);
	expect(host(&facts, "memory_used"), 1018284.0 * 1024);
	expect(host(&facts, "swap_used"), 4096);
	expect(host(&facts, "uptime"), 720e9);
	expect(of(&facts, "process", "Xorg (1234)", "cpu"), 0.039);
}

static void a_decimal_comma_and_another_language_are_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "top - 10:11:12 up 1 day, 20 min,  1 user,  load average: 1,50, 0,75, 0,30\n"
	     "Tasks: 215 gesamt,   2 laufend, 211 schlafend,   1 gestoppt,   1 Zombie\n"
	     "%CPU(s): 12,5 be,  3,5 sy,  0,0 ni, 83,0 un,  1,0 wa,  0,0 hi,  0,0 si,  0,0 st\n"
	     "MiB Spch:  15894,5 gesamt,   2000,5 frei,   5000,0 belegt,   8894,0 Puff/Cache\n"
	     "MiB Swap:   2048,0 gesamt,   2048,0 frei,      0,0 belegt.  10000,5 verfüg Spch\n"
	     "\n"
	     "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     ZEIT+ BEFEHL\n"
	     "   4810 anna      20   0    1,2g  99,5m   3332 R  55,9   0,6   0:00.02 ein "
	     "Programm\n");
	expect(host(&facts, "load_1"), 1.5);
	expect(host(&facts, "load_15"), 0.3);
	expect(host(&facts, "tasks_stopped"), 1);
	expect(host(&facts, "cpu_user"), 0.125);
	expect(host(&facts, "cpu_idle"), 0.83);
	expect(host(&facts, "memory_available"), 10000.5 * 1048576);
	expect(host(&facts, "uptime"), (86400 + 1200) * 1e9);
	expect(of(&facts, "process", "ein Programm (4810)", "cpu"), 0.559);
	expect(of(&facts, "process", "ein Programm (4810)", "resident"), 99.5 * 1048576);
}

static void busybox_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "Mem: 60000K used, 40000K free, 100K shrd, 2000K buff, 30000K cached\n"
		     "CPU:  75% usr  20% sys   0% nic   5% idle   0% io   0% irq   0% sirq\n"
		     "Load average: 1.21 0.30 0.12 2/75 1234\n"
		     "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n"
		     "  812   790 root     R    12.5m  12%   0  90% /usr/sbin/hog -x\n"
		     "    9     2 root     SW<      0   0%   0   0% [kworker/0:1H]\n"
		     "  700     1 nobody   S <   1200   1%   0   4% dnsmasq\n");
	expect(host(&facts, "cpu_user"), 0.75);
	expect(host(&facts, "cpu_idle"), 0.05);
	expect(host(&facts, "load_1"), 1.21);
	expect(host(&facts, "memory_free"), 40000.0 * 1024);
	expect(of(&facts, "process", "/usr/sbin/hog -x (812)", "cpu"), 0.9);
	expect(of(&facts, "process", "dnsmasq (700)", "cpu"), 0.04);
}

static void a_copy_from_the_terminal_with_colours_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "\x1b[H\x1b[2J\x1b[mtop - 10:00:00 up 10 days,  1 user,  load average: 0.10, 0.20, "
	     "0.30\x1b[m\x1b[39;49m\x1b[K\r\n"
	     "Tasks:\x1b[m\x1b[39;49m\x1b[1m 120 \x1b[m\x1b[39;49mtotal,\x1b[1m   2 "
	     "\x1b[mrunning,\x1b[1m 118 \x1b[msleeping,\x1b[1m   0 \x1b[mstopped,\x1b[1m   0 "
	     "\x1b[mzombie\x1b[K\r\n"
	     "%Cpu(s):\x1b[m\x1b[1m 33.3 \x1b[mus,\x1b[1m  0.0 \x1b[msy,\x1b[1m  0.0 "
	     "\x1b[mni,\x1b[1m 66.7 \x1b[mid,\x1b[1m  0.0 \x1b[mwa,\x1b[1m  0.0 \x1b[mhi,\x1b[1m  "
	     "0.0 \x1b[msi,\x1b[1m  0.0 \x1b[mst\r\n"
	     "\x1b[7m    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND"
	     "\x1b[m\x1b[K\r\n"
	     "\x1b[1m   4810 me        20   0   10288   4052   3332 R  33.3   0.1   0:00.02 top"
	     "\x1b(B\x1b[m\x1b[K\r\n");
	expect(host(&facts, "cpu_user"), 0.333);
	expect(host(&facts, "tasks"), 120);
	expect(of(&facts, "process", "top (4810)", "cpu"), 0.333);
	expect(of(&facts, "input", "top.txt", "unknown_lines"), 0);
}

static void threads_are_threads(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "top - 10:00:00 up 10 days,  1 user,  load average: 0.10, 0.20, 0.30\n"
	     "Threads: 320 total,   2 running, 318 sleeping,   0 stopped,   0 zombie\n"
	     "%Cpu(s): 50.0 us,  0.0 sy,  0.0 ni, 50.0 id\n"
	     "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
	     "   4811 me        20   0   10288   4052   3332 R  99.9   0.1   0:00.02 GC "
	     "Thread#0\n");
	expect(of(&facts, "thread", "GC Thread#0 (4811)", "cpu"), 0.999);
	expect(host(&facts, "tasks"), 320);
}

static void lines_of_single_cpus_say_how_many_there_are(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "top - 10:00:00 up 10 days,  1 user,  load average: 0.10, 0.20, 0.30\n"
		     "Tasks: 3 total,   2 running,   1 sleeping,   0 stopped,   0 zombie\n"
		     "%Cpu0  :100.0 us,  0.0 sy,  0.0 ni,  0.0 id,  0.0 wa\n"
		     "%Cpu1  :  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa\n"
		     "%Cpu2  :  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa\n"
		     "%Cpu3  :  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa\n");
	expect(host(&facts, "cpus"), 4);
	expect(host(&facts, "cpu_user"), 0.25);
	expect(host(&facts, "busiest_cpu"), 1);
}

static void zombies_are_counted_by_parent_where_ppid_is_shown(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "top - 10:00:00 up 10 days,  1 user,  load average: 0.10, 0.20, 0.30\n"
	     "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND"
	     "                   PPID   UID\n"
	     "    500 me        20   0   10288   4052   3332 S   0.0   0.1   0:00.02 bad parent   "
	     "                  1  1000\n"
	     "    501 me        20   0       0      0      0 Z   0.0   0.0   0:00.02 job           "
	     "               500  1000\n"
	     "    502 me        20   0       0      0      0 Z   0.0   0.0   0:00.02 job           "
	     "               500  1000\n");
	expect(of(&facts, "process", "bad parent (500)", "zombies"), 2);
}

static void the_number_of_cpus_is_only_guessed_where_the_sum_fits(void **state)
{
	auto_facts struct facts fits = FACTS_INIT, differs = FACTS_INIT;
	static const char *const screens =
		"top - 10:00:00 up 1 day,  1 user,  load average: 0.10, 0.20, 0.30\n"
		"%%Cpu(s): 90.0 us, 10.0 sy,  0.0 ni,  0.0 id,  0.0 wa\n"
		"  PID USER      PR  NI    VIRT    RES    SHR S  %%CPU  %%MEM     TIME+ COMMAND\n"
		"   77 app       20   0  500000 120000   9000 R %s  11.8   1:02.00 worker\n";
	auto_strbuf struct strbuf two = STRBUF_INIT, none = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 3; i++) {
		strbuf_addf(&two, screens, "198.0");
		strbuf_addf(&none, screens, "145.0");
	}
	look(&fits, strbuf_text(&two));
	look(&differs, strbuf_text(&none));
	expect(host(&fits, "cpus_estimated"), 2);
	assert_true(isnan(host(&differs, "cpus_estimated")));
}

/* ---- jc's fixtures: the same values from the same text */

static double number_of(const struct json *object, const char *key)
{
	double number = (double)NAN;

	json_get_number(json_find(object, key), &number);
	return number;
}

static void head_equals(const struct top_frame *frame, const struct json *wanted)
{
	static const char *const cpu[] = {
		"cpu_user", "cpu_sys",	    "cpu_nice",	    "cpu_idle",
		"cpu_wait", "cpu_hardware", "cpu_software", "cpu_steal"
	};
	static const char *const tasks[] = { "tasks_total", "tasks_running", "tasks_sleeping",
					     "tasks_stopped", "tasks_zombie" };
	static const char *const memory[] = { "mem_total",	"mem_free",	 "mem_used",
					      "mem_buff_cache", "mem_available", "swap_total",
					      "swap_free",	"swap_used" };
	double unit = frame->memory[TOP_MEM_TOTAL].value / number_of(wanted, "mem_total"), minutes;

	expect(frame->load[0].value, number_of(wanted, "load_1m"));
	expect(frame->load[2].value, number_of(wanted, "load_15m"));
	/* jc drops the colon of "1:08" */
	minutes = number_of(wanted, "uptime");
	expect(frame->uptime_s.value, (floor(minutes / 100) * 60 + fmod(minutes, 100)) * 60);
	for (size_t i = 0; i < ARRAY_SIZE(cpu); i++)
		expect(frame->cpu[i].value * 100, number_of(wanted, cpu[i]));
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		expect(frame->task[i].value, number_of(wanted, tasks[i]));
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		expect(frame->memory[i].value / unit, number_of(wanted, memory[i]));
}

static void row_equals(const struct top_row *row, const struct json *wanted)
{
	struct str text = STR("");

	assert_non_null(wanted);
	expect((double)row->pid, number_of(wanted, "pid"));
	expect(row->cpu * 100, number_of(wanted, "percent_cpu"));
	expect(row->memory * 100, number_of(wanted, "percent_mem"));
	assert_true(json_get_text(json_find(wanted, "command"), &text));
	assert_int_equal(row->command.len, text.len);
	assert_memory_equal(row->command.ptr, text.ptr, text.len);
	if (json_find(wanted, "parent_pid"))
		expect((double)row->ppid, number_of(wanted, "parent_pid"));
}

static void fixture_equals(const char *name)
{
	auto_arena struct arena arena = ARENA_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT, wanted_text = STRBUF_INIT, path = STRBUF_INIT;
	struct top_frame frame = { 0 };
	const struct json *wanted = NULL, *row_wanted = NULL;
	struct str rest, line;
	uint32_t number = 0, rows = 0;

	strbuf_addf(&path, SOURCE_ROOT "/../shared/fixtures/jc/%s.out", name);
	assert_null(file_read(strbuf_text(&path), 1 << 20, &text));
	path.len -= 3;
	strbuf_add_text(&path, "json");
	assert_null(file_read(strbuf_text(&path), 1 << 22, &wanted_text));
	assert_null(json_parse(strbuf_str(&wanted_text), &arena, &wanted));
	wanted = wanted->first;
	rest = strbuf_str(&text);
	while (str_next_line(&rest, &line)) {
		struct top_row row;

		number++;
		switch (top_line_read(&frame, line, number, &row)) {
		case TOP_LINE_HEADER:
			head_equals(&frame, wanted);
			row_wanted = json_find(wanted, "processes")->first;
			break;
		case TOP_LINE_ROW:
			row_equals(&row, row_wanted);
			row_wanted = row_wanted->next;
			rows++;
			if (!row_wanted)
				wanted = wanted->next;
			break;
		case TOP_LINE_UNKNOWN:
			fail_msg("%s:%u is not understood", name, number);
			break;
		case TOP_LINE_NEW:
		case TOP_LINE_HEAD:
		case TOP_LINE_BLANK:
			break;
		}
	}
	assert_null(wanted);
	assert_true(rows > 100);
}

static void the_fixtures_of_jc_give_the_values_of_jc(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error =
		file_read(SOURCE_ROOT "/../shared/fixtures/jc/README.md", 1 << 16, &text);

	(void)state;
	if (error)
		skip();
	fixture_equals("centos-7.7/top-b-n3");
	fixture_equals("centos-7.7/top-b-n1-gib");
	fixture_equals("ubuntu-20.10/top-b-allfields");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_screen_is_left_out_of_rates),
		cmocka_unit_test(memory_and_swap_are_those_of_the_last_screen_and_their_change),
		cmocka_unit_test(rows_are_read_whatever_overflows),
		cmocka_unit_test(lines_that_are_not_understood_are_counted_and_shown),
		cmocka_unit_test(the_layout_of_procps_3_2_is_read),
		cmocka_unit_test(a_decimal_comma_and_another_language_are_read),
		cmocka_unit_test(busybox_is_read),
		cmocka_unit_test(a_copy_from_the_terminal_with_colours_is_read),
		cmocka_unit_test(threads_are_threads),
		cmocka_unit_test(lines_of_single_cpus_say_how_many_there_are),
		cmocka_unit_test(zombies_are_counted_by_parent_where_ppid_is_shown),
		cmocka_unit_test(the_number_of_cpus_is_only_guessed_where_the_sum_fits),
		cmocka_unit_test(the_fixtures_of_jc_give_the_values_of_jc),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
