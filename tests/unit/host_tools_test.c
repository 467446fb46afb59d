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
#include "base/macros.h"
#include "base/strbuf.h"

static void look(struct facts *facts, const char *text)
{
	host_read(&(struct host_text){ "", "tool.txt", str_from(text), false }, facts);
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

static void format_is(struct facts *facts, const char *wanted)
{
	struct entity input = facts_entity(facts, "input", "tool.txt");

	assert_string_equal(facts_str(facts, facts_find(facts, input, "format")->text), wanted);
	expect(facts_value(facts, input, "unknown_lines", -1), 0);
}

#define VMSTAT                                                                                     \
	"procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n"       \
	" r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"

static void the_first_line_of_vmstat_is_left_out(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, VMSTAT
	     "10  9 100000 2794468   2108 741208  999  999  9999 9999 9999 5680 90  9  0  1  0\n"
	     " 4  1 104000 2794468   2108 741208  400  800     0    0   29 2000 40 10 45  5  "
	     "0\n" VMSTAT
	     " 2  3 108000 123456789012   2108 741208  200  400     0    0   29 2366 20 10 65  5  "
	     "0\n");
	format_is(&facts, "vmstat, 3 readings");
	expect(host(&facts, "tasks_running"), 3);
	expect(host(&facts, "tasks_blocked"), 2);
	expect(host(&facts, "swap_in"), 75);
	expect(host(&facts, "context_switches"), 2183);
	expect(host(&facts, "cpu_user"), 0.3);
	expect(host(&facts, "cpu_busy"), 0.4);
	expect(host(&facts, "memory_free"), 123456789012.0 * 1024);
	expect(host(&facts, "swap_growth"), 8000 * 1024);
}

static void a_single_line_of_vmstat_tells_memory_now_and_rates_since_boot(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, VMSTAT
	     " 4  1      0 2794468   2108 741208    0    0     0    0   29   57 40 10 45  5  0\n");
	expect(host(&facts, "tasks_running"), 4);
	expect(host(&facts, "memory_free"), 2794468.0 * 1024);
	expect(host(&facts, "cpu_user_since_boot"), 0.4);
	assert_true(isnan(host(&facts, "cpu_user")) && isnan(host(&facts, "cpu_busy")));
}

static void the_times_of_vmstat_make_its_window(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- "
	     "-----timestamp-----\n"
	     " r  b   swpd   free  inact active   si   so    bi    bo   in   cs us sy id wa st     "
	     "           CET\n"
	     " 4  1      0 2794468   2108 741208    0    0     0    0   29   57 40 10 45  5  0 "
	     "2026-11-20 23:59:58\n"
	     " 4  1      0 2794468   2108 741208    0    0     0    0   29   57 40 10 45  5  0 "
	     "2026-11-21 00:00:03\n");
	format_is(&facts, "vmstat, 2 readings");
	expect(host(&facts, "window"), 5e9);
	expect(host(&facts, "memory_active"), 741208.0 * 1024);
}

static void the_layouts_of_free_are_read(void **state)
{
	auto_facts struct facts modern = FACTS_INIT, old = FACTS_INIT, megabytes = FACTS_INIT;

	(void)state;
	look(&modern,
	     "              gesamt       benutzt     frei      gemns.  Puffer/Cache verfügbar\n"
	     "Speicher:    8053804     1262704     5830864       60576      960236     6483996\n"
	     "Auslager:    2097152           4     2097148\n");
	expect(host(&modern, "memory_available"), 6483996.0 * 1024);
	expect(host(&modern, "swap_used"), 4096);
	look(&old, "             total       used       free     shared    buffers     cached\n"
		   "Mem:       1921096    1018284     902812          0      81408     615392\n"
		   "-/+ buffers/cache:     321484    1599612\n"
		   "Swap:      2064376          4    2064372\n");
	expect(host(&old, "memory_cache"), 615392.0 * 1024);
	expect(host(&old, "memory_available"), 1599612.0 * 1024);
	look(&megabytes,
	     "               total        used        free      shared  buff/cache   available\n"
	     "Mem:           24105         815       19663          10        4047       23289\n"
	     "Swap:              0           0           0\n");
	expect(host(&megabytes, "memory_total"), 24105.0 * 1048576);
	format_is(&megabytes, "free");
}

static void several_reports_of_free_tell_what_went(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     "              total        used        free      shared  buff/cache   available\n"
	     "Mem:           3.7Gi        217Mi        3.2Gi         11Mi        267Mi        "
	     "3.2Gi\n"
	     "Swap:          2.0Gi          0B        2.0Gi\n\n"
	     "              total        used        free      shared  buff/cache   available\n"
	     "Mem:           3.7Gi        217Mi        3.2Gi         11Mi        267Mi        "
	     "2.2Gi\n"
	     "Swap:          2.0Gi          1.0Gi        1.0Gi\n\n");
	format_is(&facts, "free, 2 readings");
	expect(host(&facts, "available_loss"), 1 << 30);
	expect(host(&facts, "swap_growth"), 1 << 30);
}

static void uptime_and_w_are_read_in_any_language(void **state)
{
	auto_facts struct facts plain = FACTS_INIT, german = FACTS_INIT;

	(void)state;
	look(&plain, " 13:31:33 up 3 days,  4:45,  1 user,  load average: 19.61, 9.64, 10.63\n"
		     "USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n"
		     "root     pts/0    10.0.0.1         13:01    1.00s  0.10s  0.00s w\n");
	format_is(&plain, "w");
	expect(host(&plain, "load_1"), 19.61);
	expect(host(&plain, "users"), 1);
	expect(host(&plain, "uptime"), (3 * 86400 + 4 * 3600 + 45 * 60) * 1e9);
	look(&german, " 13:31:33 up  4:45,  2 Benutzer,  Durchschnittslast: 1,50, 0,75, 0,30\n");
	expect(host(&german, "load_5"), 0.75);
}

static void ps_is_read_by_its_headings(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity worker = facts_entity(&facts, "process", "my worker (701)");

	(void)state;
	look(&facts,
	     "    PID    PPID STAT  NI CLS %CPU   RSS COMMAND                          STARTED "
	     "WCHAN\n"
	     "    700       1 Ss     0  TS  0.0  4096 bad parent      Fri Nov 20 13:31:33 2026 -\n"
	     "    701     700 D     10  TS 99.9  8192 my worker       Fri Nov 20 13:31:33 2026 "
	     "percpu_rwsem_wait\n"
	     "    702     700 Z      0  TS  0.0     0 job <defunct>   Fri Nov 20 13:31:33 2026 -\n"
	     "    703       2 S      -  FF  0.0     0 migration/0     Fri Nov 20 13:31:33 2026 "
	     "-\n");
	format_is(&facts, "ps");
	expect(host(&facts, "tasks"), 4);
	expect(host(&facts, "tasks_blocked"), 1);
	expect(host(&facts, "tasks_zombie"), 1);
	expect(of(&facts, "process", "bad parent (700)", "zombies"), 1);
	expect(facts_value(&facts, worker, "nice", 0), 10);
	expect(facts_value(&facts, worker, "resident", 0), 8 << 20);
	assert_true(isnan(facts_value(&facts, worker, "cpu", (double)NAN)));
	assert_string_equal(facts_str(&facts, facts_find(&facts, worker, "wchan")->text),
			    "percpu_rwsem_wait");
	assert_int_equal(facts_find(&facts, worker, "resident")->source_line, 3);
	assert_non_null(facts_find(&facts, facts_entity(&facts, "process", "migration/0 (703)"),
				   "realtime"));
}

static void files_of_proc_are_told_by_their_form(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "0.52 0.58 0.59 3/1034 12345\n"
		     "MemTotal:       24684092 kB\n"
		     "MemAvailable:   23790452 kB\n"
		     "cpu  100 0 100 800 0 0 0 0 0 0\n"
		     "cpu0 100 0 100 800 0 0 0 0 0 0\n"
		     "procs_blocked 2\n"
		     "pswpin 203464\n"
		     "==> /proc/pressure/io <==\n"
		     "some avg10=12.50 avg60=0.10 avg300=0.05 total=123456\n"
		     "/proc/pressure/memory:full avg10=2.50 avg60=0.10 avg300=0.05 total=123456\n"
		     "cpu  200 0 100 1100 0 0 0 0 0 0\n"
		     "cpu0 200 0 100 1100 0 0 0 0 0 0\n"
		     "pswpin 203564\n");
	format_is(&facts, "/proc");
	expect(host(&facts, "load_5"), 0.58);
	expect(host(&facts, "memory_available"), 23790452.0 * 1024);
	expect(host(&facts, "tasks_running"), 2);
	expect(host(&facts, "tasks_blocked"), 2);
	expect(host(&facts, "cpu_user"), 0.25);
	expect(host(&facts, "cpus"), 1);
	expect(host(&facts, "swap_in_growth"), 100);
	expect(host(&facts, "pressure_io"), 0.125);
	expect(host(&facts, "pressure_memory_full"), 0.025);
}

/* ---- jc's fixtures: the same values from the same text */

static bool has_fixtures(void)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error =
		file_read(SOURCE_ROOT "/../shared/fixtures/jc/README.md", 1 << 16, &text);

	return !error;
}

static const struct json *fixture(const char *name, struct facts *facts, struct arena *arena)
{
	auto_strbuf struct strbuf text = STRBUF_INIT, wanted = STRBUF_INIT, path = STRBUF_INIT;
	const struct json *json = NULL;

	strbuf_addf(&path, SOURCE_ROOT "/../shared/fixtures/jc/%s.out", name);
	assert_null(file_read(strbuf_text(&path), 1 << 22, &text));
	path.len -= 3;
	strbuf_add_text(&path, "json");
	assert_null(file_read(strbuf_text(&path), 1 << 22, &wanted));
	assert_null(json_parse((struct str){ arena_copy(arena, strbuf_str(&wanted)), wanted.len },
			       arena, &json));
	look(facts, strbuf_text(&text));
	expect(of(facts, "input", "tool.txt", "unknown_lines"), 0);
	return json;
}

static double number_of(const struct json *object, const char *key)
{
	double number = (double)NAN;

	json_get_number(json_find(object, key), &number);
	return number;
}

static void vmstat_equals(const char *name)
{
	static const struct {
		const char *key, *fact;
		double factor;
		bool is_rate;
	} map[] = {
		{ "free_mem", "memory_free", 1024, false },
		{ "buffer_mem", "memory_buffers", 1024, false },
		{ "active_mem", "memory_active", 1024, false },
		{ "virtual_mem_used", "swap_used", 1024, false },
		{ "swap_in", "swap_in", 0.25, true },
		{ "blocks_out", "blocks_out", 1024, true },
		{ "interrupts", "interrupts", 1, true },
		{ "context_switches", "context_switches", 1, true },
		{ "user_time", "cpu_user", 0.01, true },
		{ "system_time", "cpu_system", 0.01, true },
		{ "idle_time", "cpu_idle", 0.01, true },
		{ "io_wait_time", "cpu_iowait", 0.01, true },
	};
	auto_facts struct facts facts = FACTS_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *rows = fixture(name, &facts, &arena);

	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		double sum = 0, count = 0, last = (double)NAN;
		bool is_single = !rows->first->next;
		auto_strbuf struct strbuf fact = STRBUF_INIT;

		for (const struct json *row = rows->first; row; row = row->next) {
			last = number_of(row, map[i].key) * map[i].factor;
			if (row == rows->first && !is_single)
				continue;
			sum += last;
			count++;
		}
		if (isnan(last))
			continue;
		strbuf_addf(&fact, "%s%s", map[i].fact,
			    is_single && map[i].is_rate ? "_since_boot" : "");
		expect(host(&facts, strbuf_text(&fact)), map[i].is_rate ? sum / count : last);
	}
}

static void free_equals(const char *name)
{
	static const struct {
		const char *key, *fact, *swap;
	} map[] = {
		{ "total", "memory_total", "swap_total" }, { "used", "memory_used", "swap_used" },
		{ "free", "memory_free", "swap_free" },	   { "shared", "memory_shared", NULL },
		{ "available", "memory_available", NULL }, { "cache", "memory_cache", NULL }
	};
	auto_facts struct facts facts = FACTS_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *rows = fixture(name, &facts, &arena);

	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		double memory = number_of(rows->first, map[i].key);

		if (!isnan(memory))
			expect(host(&facts, map[i].fact), memory * 1024);
		if (map[i].swap)
			expect(host(&facts, map[i].swap),
			       number_of(rows->first->next, map[i].key) * 1024);
	}
}

static void ps_equals(const char *name, bool is_aux)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *rows = fixture(name, &facts, &arena);
	size_t compared = 0, count = 0;

	for (const struct json *row = rows->first; row; row = row->next)
		count++;
	expect(host(&facts, "tasks"), (double)count);
	for (size_t i = 0; i < facts.facts.count; i++) {
		const struct fact *pid = &facts.facts.items[i];
		const struct json *row = rows->first;

		if (strcmp(facts_str(&facts, pid->name), "pid") != 0)
			continue;
		while (row && number_of(row, "pid") != pid->number)
			row = row->next;
		assert_non_null(row);
		compared++;
		if (!is_aux) {
			expect(facts_value(&facts, pid->entity, "ppid", -1),
			       number_of(row, "ppid"));
			continue;
		}
		expect(facts_value(&facts, pid->entity, "resident", -1),
		       number_of(row, "rss") * 1024);
		expect(facts_value(&facts, pid->entity, "cpu_lifetime", -1) * 100,
		       number_of(row, "cpu_percent"));
		expect(facts_value(&facts, pid->entity, "memory", -1) * 100,
		       number_of(row, "mem_percent"));
	}
	assert_true(compared >= 50);
}

static void the_fixtures_of_jc_give_the_values_of_jc(void **state)
{
	auto_facts struct facts uptime = FACTS_INIT, swapon = FACTS_INIT, disks = FACTS_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *json;

	(void)state;
	if (!has_fixtures())
		skip();
	vmstat_equals("centos-7.7/vmstat");
	vmstat_equals("centos-7.7/vmstat-at-5-10");
	vmstat_equals("generic/vmstat-extra-wide");
	vmstat_equals("ubuntu-18.04/vmstat-1-long");
	free_equals("centos-7.7/free");
	free_equals("centos-7.7/free-w");
	ps_equals("centos-7.7/ps-axu", true);
	ps_equals("centos-7.7/ps-ef", false);
	json = fixture("centos-7.7/uptime", &uptime, &arena);
	expect(host(&uptime, "load_1"), number_of(json, "load_1m"));
	expect(host(&uptime, "load_15"), number_of(json, "load_15m"));
	expect(host(&uptime, "uptime"), number_of(json, "uptime_total_seconds") * 1e9);
	json = fixture("generic/swapon-all-v1", &swapon, &arena);
	expect(host(&swapon, "swap_total"), number_of(json->first, "size"));
	expect(host(&swapon, "swap_used"), number_of(json->first, "used"));
	json = fixture("centos-7.7/vmstat-d", &disks, &arena);
	expect(of(&disks, "disk", "sda", "reads_total"), number_of(json->first, "total_reads"));
	expect(of(&disks, "disk", "sda", "writes_total"), number_of(json->first, "total_writes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_of_vmstat_is_left_out),
		cmocka_unit_test(a_single_line_of_vmstat_tells_memory_now_and_rates_since_boot),
		cmocka_unit_test(the_times_of_vmstat_make_its_window),
		cmocka_unit_test(the_layouts_of_free_are_read),
		cmocka_unit_test(several_reports_of_free_tell_what_went),
		cmocka_unit_test(uptime_and_w_are_read_in_any_language),
		cmocka_unit_test(ps_is_read_by_its_headings),
		cmocka_unit_test(files_of_proc_are_told_by_their_form),
		cmocka_unit_test(the_fixtures_of_jc_give_the_values_of_jc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
