#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/memory.h"
#include "host/sysstat.h"

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

#define BANNER "Linux 6.1.0-18-amd64 (db1) \t11/20/2026 \t_x86_64_\t(4 CPU)\n\n"

static void the_first_report_of_iostat_is_left_out(void **state)
{
	static const char report[] =
		"avg-cpu:  %%user   %%nice %%system %%iowait  %%steal   %%idle\n"
		"          10.00    0.00    5.00   %d.00    0.00   65.00\n\n"
		"Device            r/s     rkB/s   rrqm/s  %%rrqm r_await rareq-sz     w/s     "
		"wkB/s "
		"  wrqm/s  %%wrqm w_await wareq-sz     f/s f_await  aqu-sz  %%util\n"
		"nvme0n1       %d.00    400.00     0.00   0.00    2.00     4.00    0.00      0.00  "
		" "
		"  0.00   0.00    0.00     0.00    5.00    1.50   %d.00  90.00\n\n";
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	strbuf_add_text(&text, BANNER);
	strbuf_addf(&text, report, 1, 1000, 99);
	strbuf_addf(&text, report, 20, 100, 10);
	strbuf_addf(&text, report, 10, 300, 30);
	look(&facts, strbuf_text(&text));
	format_is(&facts, "iostat, 3 readings");
	expect(host(&facts, "cpu_iowait"), 0.15);
	expect(host(&facts, "cpus"), 4);
	expect(of(&facts, "disk", "nvme0n1", "reads"), 200);
	expect(of(&facts, "disk", "nvme0n1", "queue"), 20);
	expect(of(&facts, "disk", "nvme0n1", "read_bytes"), 400 * 1024);
	expect(of(&facts, "disk", "nvme0n1", "read_wait"), 2e6);
	expect(of(&facts, "disk", "nvme0n1", "flushes"), 5);
	expect(of(&facts, "disk", "nvme0n1", "busy"), 0.9);
}

static void a_single_report_of_iostat_is_since_boot(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, BANNER
	     "avg-cpu:  %user   %nice %system %iowait  %steal   %idle\n"
	     "          90.00    0.00    5.00    1.00    0.00    4.00\n\n"
	     "Device:         rrqm/s   wrqm/s     r/s     w/s   rsec/s   wsec/s avgrq-sz "
	     "avgqu-sz   await  svctm  %util\n"
	     "sda               0.00     0.02    2.00    0.11     8.00     1.10    52.53     "
	     "9.00    0.88   0.52   90.01\n");
	expect(host(&facts, "cpu_user_since_boot"), 0.9);
	expect(of(&facts, "disk", "sda", "queue_since_boot"), 9);
	expect(of(&facts, "disk", "sda", "read_bytes_since_boot"), 8 * 512);
	assert_true(isnan(host(&facts, "cpu_busy")));
	assert_true(isnan(of(&facts, "disk", "sda", "queue")));
}

static void a_disk_that_z_hides_did_nothing(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "Device   tps  kB_read/s  kB_wrtn/s\nsda  5,00 8,00 1,00\nsdb 9,0 1,0 1,0\n\n"
		     "Device   tps  kB_read/s  kB_wrtn/s\nsda  4,00 8,00 1,00\n\n"
		     "Device   tps  kB_read/s  kB_wrtn/s\nsdb  6,00 8,00 1,00\n");
	format_is(&facts, "iostat, 3 readings");
	expect(of(&facts, "disk", "sda", "transfers"), 2);
	expect(of(&facts, "disk", "sdb", "transfers"), 3);
}

static void mpstat_with_a_12_hour_clock_past_noon_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, BANNER
	     "11:59:58 AM  CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal  %guest  "
	     "%gnice   %idle\n"
	     "12:00:00 PM  all   40.00    0.00   10.00    0.00    0.00    2.00    0.00    0.00   "
	     " 0.00   48.00\n"
	     "12:00:00 PM    0   80.00    0.00   16.00    0.00    0.00    4.00    0.00    0.00   "
	     " 0.00    0.00\n"
	     "12:00:00 PM    1    0.00    0.00    4.00    0.00    0.00    0.00    0.00    0.00   "
	     " 0.00   96.00\n\n"
	     "11:59:58 AM  CPU    LOC/s    RES/s\n"
	     "12:00:00 PM    0    900.00     3.00\n"
	     "12:00:00 PM    1    100.00     2.00\n\n");
	format_is(&facts, "mpstat, 2 readings");
	expect(host(&facts, "window"), 2e9);
	expect(host(&facts, "cpu_user"), 0.4);
	expect(host(&facts, "cpu_busy"), 0.52);
	expect(host(&facts, "cpu_busiest"), 1);
	expect(host(&facts, "cpu_idlest"), 0.04);
	expect(host(&facts, "cpu_softirq_most"), 0.04);
	expect(host(&facts, "interrupts_timer"), 1000);
}

static void mpstat_without_an_interval_is_since_boot(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, BANNER
	     "08:50:55     CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal   %idle\n"
	     "08:50:55     all   26.15    8.92   32.36    1.39    0.00    2.09    0.00   29.09\n");
	format_is(&facts, "mpstat, 1 reading");
	expect(host(&facts, "cpu_user_since_boot"), 0.2615);
	assert_true(isnan(host(&facts, "cpu_user")));
}

static void averages_are_taken_in_any_language(void **state)
{
	static const char *const words[] = { "Average:", "Moyenne :", "Durchschn.:", "Среднее:",
					     "平均时间:" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_facts struct facts facts = FACTS_INIT;
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text,
			    BANNER
			    "12:00:01        CPU     %%user     %%nice   %%system   "
			    "%%iowait    %%steal     %%idle\n"
			    "12:10:01        all     10,00      0,00      1,00      0,00     "
			    " 0,00     89,00\n"
			    "12:20:01        all     20,00      0,00      1,00      0,00     "
			    " 0,00     79,00\n"
			    "%s        all     14,00      0,00      1,00      0,00      0,00 "
			    "    85,00\n",
			    words[i]);
		look(&facts, strbuf_text(&text));
		format_is(&facts, "sar, 3 readings");
		expect(host(&facts, "cpu_user"), 0.14);
		expect(host(&facts, "window"), 1200e9);
	}
}

static void sar_of_networks_memory_and_tcp_has_the_names_of_proc(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts,
	     BANNER "13:31:32        IFACE   rxpck/s   txpck/s    rxkB/s    txkB/s   %ifutil\n"
		    "13:31:33         eth0     10.00     20.00      2.00      1.00      0.50\n\n"
		    "13:31:32        IFACE   rxerr/s   txerr/s  rxdrop/s  txdrop/s\n"
		    "13:31:33         eth0      1.00      2.00      3.00      4.00\n\n"
		    "13:31:32     active/s passive/s    iseg/s    oseg/s\n"
		    "13:31:33         5.00      6.00    700.00    800.00\n\n"
		    "13:31:32     atmptf/s  estres/s retrans/s isegerr/s   orsts/s\n"
		    "13:31:33         1.00      0.00     44.00      0.00      2.00\n\n"
		    "13:31:32       call/s retrans/s    read/s\n"
		    "13:31:33         0.00      9.00      0.00\n\n"
		    "13:31:32     pswpin/s pswpout/s\n"
		    "13:31:33       300.00    200.00\n\n"
		    "13:31:32    kbswpfree kbswpused  %swpused\n"
		    "13:31:33         1000       500     33.33\n\n"
		    "13:31:32    kbmemfree   kbavail kbmemused  %memused\n"
		    "13:31:33         1000      4000      3000     30.00\n\n"
		    "13:31:32         INTR       all      CPU0      CPU1\n"
		    "13:31:33          sum    810.68    310.68    500.00\n"
		    "13:31:33          LOC    713.59    269.90    443.69\n\n"
		    "13:31:32      runq-sz  plist-sz   ldavg-1   ldavg-5  ldavg-15   blocked\n"
		    "13:31:33           23       237     19.61      9.64     10.63         4\n\n"
		    "13:31:32          DEV       tps     rkB/s     wkB/s   areq-sz    aqu-sz     "
		    "await     %util\n"
		    "13:31:33          vda     33.98      1.00      2.00     76.80      0.02      "
		    "0.51      1.17\n");
	format_is(&facts, "sar, 2 readings");
	expect(of(&facts, "interface", "eth0", "rx_bytes"), 2048);
	expect(of(&facts, "interface", "eth0", "tx_dropped"), 4);
	expect(host(&facts, "tcp_segments_out"), 800);
	expect(host(&facts, "tcp_retransmits"), 44);
	expect(host(&facts, "swap_in"), 300);
	expect(host(&facts, "swap_total"), 1500 * 1024);
	expect(host(&facts, "memory_available"), 4000 * 1024);
	expect(host(&facts, "memory_total"), 10000 * 1024);
	expect(host(&facts, "interrupts_timer"), 713.59);
	expect(host(&facts, "tasks_running"), 23);
	expect(host(&facts, "tasks_blocked"), 4);
	expect(of(&facts, "disk", "vda", "wait"), 510000);
}

static void pidstat_names_threads_and_the_busiest_of_them(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, BANNER
	     "13:31:29      UID      TGID       TID    %usr %system  %guest   %wait    %CPU   CPU  "
	     "Command\n"
	     "13:31:31        0      1000         -   90.00   20.00    0.00    5.00  110.00     1  "
	     "npm i express\n"
	     "13:31:31        0         -      1000   10.00    0.00    0.00    0.00   10.00     1  "
	     "|__npm i express\n"
	     "13:31:31        0         -      1001   80.00   20.00    0.00    5.00  100.00     1  "
	     "|__V8 worker\n\n"
	     "13:31:31      UID      TGID       TID    %usr %system  %guest   %wait    %CPU   CPU  "
	     "Command\n"
	     "13:31:33        0      1000         -   45.00   10.00    0.00    5.00   55.00     1  "
	     "npm i express\n");
	format_is(&facts, "pidstat, 3 readings");
	expect(host(&facts, "window"), 4e9);
	expect(of(&facts, "process", "npm i express (1000)", "cpu"), 0.825);
	expect(of(&facts, "process", "npm i express (1000)", "cpu_least"), 0.55);
	expect(of(&facts, "process", "npm i express (1000)", "cpu_thread"), 0.5);
	expect(of(&facts, "thread", "V8 worker (1001)", "cpu"), 0.5);
	expect(of(&facts, "process", "npm i express (1000)", "pid"), 1000);
}

static void pidstat_in_one_line_with_a_12_hour_clock_is_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, BANNER
	     "# Time        UID       PID    %usr %system  %guest   %wait    %CPU   CPU  minflt/s  "
	     "majflt/s     VSZ     RSS   %MEM   kB_rd/s   kB_wr/s kB_ccwr/s iodelay  Command\n"
	     "01:31:29 PM    33       812   50.00   10.00    0.00    0.00   60.00     1      3.23  "
	     " "
	     "   4.00   51732   18244   0.07     -1.00   1000.00      0.00       0  "
	     "/usr/sbin/nginx -g daemon off;\n");
	format_is(&facts, "pidstat, 2 readings");
	expect(of(&facts, "process", "nginx (812)", "cpu_user"), 0.5);
	expect(of(&facts, "process", "nginx (812)", "resident"), 18244 * 1024);
	expect(of(&facts, "process", "nginx (812)", "write_bytes"), 1024000);
	assert_true(isnan(of(&facts, "process", "nginx (812)", "read_bytes")));
}

static void figures_with_units_are_read(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "     tps    kB_read/s    kB_wrtn/s Device\n"
		     "    5.24         1.5M        52.1k mapper with a long name\n\n"
		     "     tps    kB_read/s    kB_wrtn/s Device\n"
		     "    5.24         2.0M        10.0k mapper with a long name\n");
	format_is(&facts, "iostat, 2 readings");
	expect(of(&facts, "disk", "mapper with a long name", "read_bytes"), 2 * 1048576);
}

/* ---- jc's fixtures: the same values from the same text */

/* "%usr" is percent_usr in jc's words, "Device:" device, "aqu-sz" aqu_sz. */
static void jc_key(struct str heading, char *ret, size_t size_bytes)
{
	size_t length = 0;

	if (str_starts_with(heading, STR("%")))
		length = (size_t)snprintf(ret, size_bytes, "percent_");
	for (size_t i = heading.ptr[0] == '%'; i < heading.len && length + 1 < size_bytes; i++) {
		char c = heading.ptr[i];

		if (c != ':')
			ret[length++] = (c == '/' || c == '-') ? '_' : (char)tolower(c);
	}
	ret[length] = '\0';
}

static void row_equals(const struct sheet_reader *reader, const struct json *wanted)
{
	for (size_t i = 0; i < reader->table->count; i++) {
		const struct json *value;
		char key[80];
		double number, own;
		struct str text;

		jc_key(reader->table->headings[i], key, sizeof(key));
		value = json_find(wanted, key);
		if (!value)
			fail_msg("jc has no '%s'", key);
		if (json_get_number(value, &number)) {
			assert_true(cell_number(reader->cells.at[i], &own));
			expect(own, number);
		} else {
			assert_true(json_get_text(value, &text));
			assert_true(str_eq(str_trim(text), reader->cells.at[i]));
		}
	}
}

static void fixture_equals(const char *name, size_t least)
{
	auto_arena struct arena arena = ARENA_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT, wanted_text = STRBUF_INIT, path = STRBUF_INIT;
	auto_free struct sheet_reader *reader = x_calloc(1, sizeof(*reader));
	const struct json *wanted = NULL;
	struct str rest, line;
	size_t rows = 0;

	strbuf_addf(&path, SOURCE_ROOT "/../shared/fixtures/jc/%s.out", name);
	assert_null(file_read(strbuf_text(&path), 1 << 22, &text));
	path.len -= 3;
	strbuf_add_text(&path, "json");
	assert_null(file_read(strbuf_text(&path), 1 << 22, &wanted_text));
	assert_null(json_parse(strbuf_str(&wanted_text), &arena, &wanted));
	wanted = wanted->first;
	rest = strbuf_str(&text);
	while (str_next_line(&rest, &line)) {
		enum sheet_line is = sheet_read(reader, line);

		if (is == SHEET_UNKNOWN)
			fail_msg("%s: '%.*s' is not understood", name, STR_ARG(line));
		if (is != SHEET_ROW)
			continue;
		assert_non_null(wanted);
		row_equals(reader, wanted);
		wanted = wanted->next;
		rows++;
	}
	assert_null(wanted);
	if (rows < least)
		fail_msg("%s: %zu rows", name, rows);
	sheet_reader_done(reader);
}

static void the_fixtures_of_jc_give_the_values_of_jc(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error =
		file_read(SOURCE_ROOT "/../shared/fixtures/jc/README.md", 1 << 16, &text);

	(void)state;
	if (error)
		skip();
	fixture_equals("centos-7.7/iostat-1", 4);
	fixture_equals("centos-7.7/iostat-m", 4);
	fixture_equals("centos-7.7/iostat-x", 4);
	fixture_equals("ubuntu-18.04/iostat-mx", 10);
	fixture_equals("ubuntu-18.04/iostat", 10);
	fixture_equals("ubuntu-20.10/iostat-m", 10);
	fixture_equals("ubuntu-20.10/iostat-x", 10);
	fixture_equals("centos-7.7/mpstat-A-2-5", 20);
	fixture_equals("ubuntu-18.04/mpstat-A", 6);
	fixture_equals("centos-7.7/pidstat-hdlrsuw-2-5", 20);
	fixture_equals("centos-7.7/pidstat-hl", 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_report_of_iostat_is_left_out),
		cmocka_unit_test(a_single_report_of_iostat_is_since_boot),
		cmocka_unit_test(a_disk_that_z_hides_did_nothing),
		cmocka_unit_test(mpstat_with_a_12_hour_clock_past_noon_is_read),
		cmocka_unit_test(mpstat_without_an_interval_is_since_boot),
		cmocka_unit_test(averages_are_taken_in_any_language),
		cmocka_unit_test(sar_of_networks_memory_and_tcp_has_the_names_of_proc),
		cmocka_unit_test(pidstat_names_threads_and_the_busiest_of_them),
		cmocka_unit_test(pidstat_in_one_line_with_a_12_hour_clock_is_read),
		cmocka_unit_test(figures_with_units_are_read),
		cmocka_unit_test(the_fixtures_of_jc_give_the_values_of_jc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
