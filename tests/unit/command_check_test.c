#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/command_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/macros.h"
#include "host/command_table.h"

static void assert_runs(const char *line, const char *wanted)
{
	auto_command_check struct command_check check = { 0 };
	auto_strbuf struct strbuf words = STRBUF_INIT;

	command_check(str_from(line), &check);
	if (!check.is_tabled)
		fail_msg("'%s' was refused: %s", line, check.reason);
	for (size_t i = 0; i < check.argc; i++)
		strbuf_addf(&words, "%s[%s]", i ? " " : "", check.argv[i]);
	if (wanted)
		assert_string_equal(strbuf_text(&words), wanted);
	assert_null(check.argv[check.argc]);
	assert_int_equal(check.risk, COMMAND_READS);
}

static void lines_of_the_table_become_argument_vectors(void **state)
{
	(void)state;
	assert_runs("ps -eo pid,comm,%cpu --sort=-%cpu",
		    "[ps] [-eo] [pid,comm,%cpu] [--sort=-%cpu]");
	assert_runs("  journalctl  -k --since '1 hour ago' --no-pager ",
		    "[journalctl] [-k] [--since] [1 hour ago] [--no-pager]");
	assert_runs("journalctl -u nginx.service --since=\"10 min ago\" -n50", NULL);
	assert_runs("journalctl -p err -b -n 100 _PID=123", NULL);
	assert_runs("ps aux", NULL);
	assert_runs("ss -tulpn", "[ss] [-tulpn]");
	assert_runs("ss -tn state established dport = :443", NULL);
	assert_runs("vmstat 1 5", "[vmstat] [1] [5]");
	assert_runs("iostat -xz 1 3", NULL);
	assert_runs("mpstat -P ALL 1 2", NULL);
	assert_runs("pidstat -d 1 5", NULL);
	assert_runs("sar -n DEV,EDEV 1 5", NULL);
	assert_runs("top -b -n 1 -o %CPU", NULL);
	assert_runs("free -m", NULL);
	assert_runs("df -hT /var", NULL);
	assert_runs("dmesg -T --level=err,warn", NULL);
	assert_runs("cat /proc/meminfo /proc/1/status", NULL);
	assert_runs("cat /sys/fs/cgroup/system.slice/nginx.service/memory.events", NULL);
	assert_runs("cat /sys/block/sda/queue/scheduler", NULL);
	assert_runs("cat /proc/sys/vm/swappiness", NULL);
	assert_runs("ip -s link show eth0", NULL);
	assert_runs("ip -s -s link show dev eth0.100", NULL);
	assert_runs("ip route get 10.0.0.1", NULL);
	assert_runs("ethtool -S eth0", NULL);
	assert_runs("systemctl status nginx --no-pager", NULL);
	assert_runs("systemctl --failed", NULL);
	assert_runs("systemctl list-units --state=failed", NULL);
	assert_runs("nstat -az -s", NULL);
	assert_runs("lsof -nP -p 123,456", NULL);
	assert_runs("lsof -nP -i TCP:80", NULL);
	assert_runs("lsof -n +L1", NULL);
	assert_runs("sysctl vm.swappiness net.core.somaxconn", NULL);
	assert_runs("grep -i oom /var/log/kern.log", NULL);
	assert_runs("ls -l /proc/1/fd", NULL);
	assert_runs("findmnt -t nfs4 -o TARGET,USE%", NULL);
	assert_runs("taskset -cp 123", NULL);
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void unescape(struct str text, struct strbuf *ret)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c != '\\' || i + 1 == text.len) {
			strbuf_add_char(ret, c);
			continue;
		}
		c = text.ptr[++i];
		if (c == 'x' && i + 2 < text.len) {
			strbuf_add_char(ret, (char)(hex_digit(text.ptr[i + 1]) << 4 |
						    hex_digit(text.ptr[i + 2])));
			i += 2;
		} else {
			strbuf_add_char(ret, c == 'n'	? '\n'
					     : c == 't' ? '\t'
					     : c == 'r' ? '\r'
					     : c == 'e' ? '\x1b'
					     : c == '0' ? '\0'
							: c);
		}
	}
}

static void nothing_hostile_is_in_the_table(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str rest, line;
	unsigned count = 0, passed = 0;

	(void)state;
	assert_null(file_read(SOURCE_ROOT "/tests/data/commands/hostile.txt", 1 << 20, &text));
	rest = strbuf_str(&text);
	while (str_next_line(&rest, &line)) {
		auto_command_check struct command_check check = { 0 };
		auto_strbuf struct strbuf bytes = STRBUF_INIT;

		if (str_starts_with(line, STR("## ")))
			continue;
		unescape(line, &bytes);
		command_check(strbuf_str(&bytes), &check);
		count++;
		if (check.is_tabled)
			print_error("not refused: '%.*s'\n", STR_ARG(line));
		passed += check.is_tabled;
		if (!check.is_tabled) {
			assert_int_not_equal(check.risk, COMMAND_READS);
			assert_int_equal(check.argc, 0);
			assert_non_null(check.reason);
		}
	}
	assert_true(count > 300);
	assert_int_equal(passed, 0);
}

static void assert_risk(const char *line, enum command_risk wanted)
{
	auto_command_check struct command_check check = { 0 };

	command_check(str_from(line), &check);
	if (check.is_tabled || check.risk != wanted)
		fail_msg("'%s': %s", line, command_risk_words(check.risk));
}

static void what_is_not_in_the_table_says_what_it_may_do(void **state)
{
	(void)state;
	assert_risk("kill -9 12", COMMAND_KILLS);
	assert_risk("ps;/usr/bin/pkill x", COMMAND_KILLS);
	assert_risk("echo 3 > /proc/sys/vm/drop_caches", COMMAND_WRITES);
	assert_risk("ip link set lo down", COMMAND_WRITES);
	assert_risk("systemctl restart nginx", COMMAND_WRITES);
	assert_risk("dmesg -C", COMMAND_WRITES);
	assert_risk("perl -e 1", COMMAND_RUNS_CODE);
	assert_risk("ps -p $(id)", COMMAND_RUNS_CODE);
	assert_risk("uptime; frob", COMMAND_RUNS_CODE);
	assert_risk("sudo dmesg", COMMAND_ROOT);
	assert_risk("curl x.example", COMMAND_NETWORK);
	assert_risk("cat /etc/shadow", COMMAND_SECRETS);
	assert_risk("dmesg --follow", COMMAND_ENDLESS);
	assert_risk("frobnicate", COMMAND_UNKNOWN);
}

static void assert_filters(const char *line, const char *text, const char *wanted)
{
	auto_command_check struct command_check check = { 0 };
	auto_strbuf struct strbuf out = STRBUF_INIT;

	command_check(str_from(line), &check);
	if (!check.is_tabled)
		fail_msg("'%s' was refused: %s", line, check.reason);
	command_filters_apply(&check, str_from(text), &out);
	assert_string_equal(strbuf_text(&out), wanted);
}

static void filters_do_what_their_programs_do(void **state)
{
	static const char text[] = "b 2\na 10\nB 3\na 10\n";

	(void)state;
	assert_filters("ps", text, text);
	assert_filters("ps | head -n 2", text, "b 2\na 10\n");
	assert_filters("ps | head -1", text, "b 2\n");
	assert_filters("ps | tail -n1", text, "a 10\n");
	assert_filters("ps | grep -i b", text, "b 2\nB 3\n");
	assert_filters("ps|grep -v b", text, "a 10\nB 3\na 10\n");
	assert_filters("ps | grep -c a", text, "2\n");
	assert_filters("ps | grep -E 'b|3'", text, "b 2\nB 3\n");
	assert_filters("ps | grep 'b|3'", text, "");
	assert_filters("ps | grep b.2", text, "b 2\n");
	assert_filters("ps | grep -F b.2", text, "");
	assert_filters("ps | sort -k2 -n", text, "b 2\nB 3\na 10\na 10\n");
}

static void sorted_and_counted(void **state)
{
	static const char text[] = "b 2\na 10\nB 3\na 10\n";

	(void)state;
	assert_filters("ps | sort -rnk 2 | head -n 1", text, "a 10\n");
	assert_filters("ps | sort | uniq -c | head -n 3", text,
		       "      1 B 3\n      2 a 10\n      1 b 2\n");
	assert_filters("ps | wc -l", text, "4\n");
}

static void a_value_of_a_kind_that_is_not_there_never_fits(void **state)
{
	struct command_span span = { 0 };

	(void)state;
	assert_false(command_value_fits(STR("NOSUCH"), STR("1"), &span));
	assert_true(command_value_fits(STR("COUNT"), STR("1"), &span));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_table_become_argument_vectors),
		cmocka_unit_test(nothing_hostile_is_in_the_table),
		cmocka_unit_test(what_is_not_in_the_table_says_what_it_may_do),
		cmocka_unit_test(filters_do_what_their_programs_do),
		cmocka_unit_test(sorted_and_counted),
		cmocka_unit_test(a_value_of_a_kind_that_is_not_there_never_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
