#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/log_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "host/log_known.h"
#include "host/log_templates.h"

/* ---- time stamps */

static void stamp_is(const char *text, const char *wanted)
{
	auto_strbuf struct strbuf got = STRBUF_INIT;
	struct log_time time = { 0 };
	size_t used = log_time_read(str_from(text), &time);

	log_time_format(time, &got);
	if (!used || strcmp(strbuf_text(&got), wanted) != 0)
		fail_msg("'%s' is read as '%s', not '%s'", text, strbuf_text(&got), wanted);
}

static void stamps_of_all_kinds_are_read(void **state)
{
	(void)state;
	stamp_is("2026-11-20T11:54:42.123456Z x", "2026-11-20 11:54:42Z");
	stamp_is("2026-11-20T11:54:42+02:00 x", "2026-11-20 09:54:42Z");
	stamp_is("2026-11-20 11:54:42,123 INFO", "2026-11-20 11:54:42");
	stamp_is("2026/11/20 11:54:42 [error]", "2026-11-20 11:54:42");
	stamp_is("2026-11-20 11:54:42.123 UTC [77]", "2026-11-20 11:54:42Z");
	stamp_is("[2026-11-20 11:54:42.123] x", "2026-11-20 11:54:42");
	stamp_is("Nov 20 11:54:42 host x", "Nov 20 11:54:42");
	stamp_is("Feb  9 01:02:03 host x", "Feb  9 01:02:03");
	stamp_is("[ 2427.199519] x", "[2427.199]");
	stamp_is("[Fri Nov 20 10:04:34 2026] x", "2026-11-20 10:04:34");
	stamp_is("[Fri Nov 20 10:04:34.123456 2026] [core:error]", "2026-11-20 10:04:34");
	stamp_is("[20/Nov/2026:11:54:42 -0700] \"GET", "2026-11-20 18:54:42Z");
	stamp_is("20-Nov-2026 11:54:42.123 INFO", "2026-11-20 11:54:42");
	stamp_is("20 Nov 2026 11:54:42.123 *", "2026-11-20 11:54:42");
	stamp_is("1763639682 x", "2025-11-20 11:54:42Z");
	stamp_is("1763639682.123 x", "2025-11-20 11:54:42Z");
	stamp_is("1763639682123 x", "2025-11-20 11:54:42Z");
	stamp_is("11/20/2026 05:01:02 PM x", "2026-11-20 17:01:02");
	stamp_is("20/11/2026 12:01:02 am x", "2026-11-20 00:01:02");
	stamp_is("I1120 11:54:42.123456  12 x.go:1] y", "Nov 20 11:54:42");
	stamp_is("11:54:42.5 x", "11:54:42");
	stamp_is("2024-02-29 23:59:59 x", "2024-02-29 23:59:59");
}

static void what_is_no_stamp_is_none(void **state)
{
	static const char *const texts[] = { "1234567890123456789 x", "99:99:99 x",
					     "12345 apples",	      "2026-13-20 11:54:42",
					     "November rain falls",   "[12345] x",
					     "1.2.3.4 - - x",	      "May I ask" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct log_time time;

		if (log_time_read(str_from(texts[i]), &time))
			fail_msg("'%s' is taken for a stamp", texts[i]);
	}
}

/* ---- masks */

static void masked_is(const char *word, const char *wanted)
{
	auto_strbuf struct strbuf got = STRBUF_INIT;

	log_word_write(str_from(word), false, &got);
	if (strcmp(strbuf_text(&got), wanted) != 0)
		fail_msg("'%s' becomes '%s', not '%s'", word, strbuf_text(&got), wanted);
}

static void values_are_masked_and_names_are_not(void **state)
{
	(void)state;
	masked_is("1234", "<num>");
	masked_is("(1.5)", "(<num>)");
	masked_is("35ms,", "<num>ms,");
	masked_is("99.5%", "<num>%");
	masked_is("tool[27464]:", "tool[<num>]:");
	masked_is("10.0.0.7:5432", "<ip>:<num>");
	masked_is("fe80::1:2ff", "<ip>");
	masked_is("00:1a:2b:3c:4d:5e", "<mac>");
	masked_is("123e4567-e89b-12d3-a456-426614174000", "<uuid>");
	masked_is("0x1f", "<hex>");
	masked_is("000055a1ecdaae48", "<hex>");
	masked_is("11:54:42", "<time>");
	masked_is("2026-11-20", "<date>");
	masked_is("/var/log/app-77.log", "<path>");
	masked_is("https://example.org:8443/a/7", "<url>");
	masked_is("user=alice42x9", "user=alice42x9");
	masked_is("worker-1234", "worker-<num>");
	masked_is("eth0:", "eth0:");
	masked_is("EXT4-fs", "EXT4-fs");
	masked_is("HTTP/1.1\"", "HTTP/1.1\"");
	masked_is("req-8f3a9b1c2d", "<id>");
	masked_is("caf\xc3\xa9", "caf\xc3\xa9");
}

static void words_that_differ_in_values_have_one_hash(void **state)
{
	struct log_word a, b, c;

	(void)state;
	log_word_read(STR("tool[1]:"), false, &a);
	log_word_read(STR("tool[99999]:"), false, &b);
	log_word_read(STR("tool[x]:"), false, &c);
	assert_true(a.hash == b.hash);
	assert_true(a.hash != c.hash);
	assert_int_equal(b.mask, LOG_MASK_NUM);
	assert_true(str_is(b.value, "99999"));
}

/* ---- lines */

static struct log_line line_of(struct log_reader *reader, const char *text)
{
	struct log_word words[LOG_MAX_WORDS];
	struct log_line line;

	log_line_read(reader, str_from(text), &line);
	log_words_read(&line, words);
	return line;
}

static void level_is(const char *text, enum log_level wanted)
{
	struct log_reader reader = { .is_timed = false, .stamp_words = 3 };
	struct log_line line = line_of(&reader, text);

	if (line.level != wanted)
		fail_msg("'%s' is '%s'", text, log_level_names[line.level]);
	log_reader_done(&reader);
}

static void levels_are_read_where_they_stand(void **state)
{
	(void)state;
	level_is("2026-11-20 11:54:42,1 ERROR [main] x - y", LOG_LEVEL_ERROR);
	level_is("2026/11/20 11:54:42 [warn] 7#7: x", LOG_LEVEL_WARNING);
	level_is("<2>Nov 20 11:54:42 host tag: x", LOG_LEVEL_FATAL);
	level_is("kern  :err   : [    1.5] x y", LOG_LEVEL_ERROR);
	level_is("{\"level\":50,\"msg\":\"x y\"}", LOG_LEVEL_ERROR);
	level_is("time=2026-11-20T11:54:42Z level=warn msg=\"x y\"", LOG_LEVEL_WARNING);
	level_is("2026-11-20 11:54:42 UTC [7] FATAL:  too many clients", LOG_LEVEL_FATAL);
	level_is("1.2.3.4 - - [20/Nov/2026:11:54:42 +0000] \"GET / HTTP/1.1\" 503 7",
		 LOG_LEVEL_ERROR);
	level_is("Nov 20 11:54:42 host sshd[7]: Connection refused", LOG_LEVEL_ERROR);
	level_is("2026-11-20 11:54:42 INFO x failed to y", LOG_LEVEL_INFO);
	level_is("2026-11-20 11:54:42 finished with 0 errors", LOG_LEVEL_NONE);
	level_is("2026-11-20 11:54:42 no error found", LOG_LEVEL_NONE);
}

static void text_is(const char *line, const char *wanted)
{
	struct log_reader reader = { .is_timed = true, .stamp_words = 3 };
	struct log_line got = line_of(&reader, line);

	if (!str_is(got.text, wanted))
		fail_msg("'%s' says '%.*s'", line, STR_ARG(got.text));
	log_reader_done(&reader);
}

static void the_head_of_a_line_is_no_part_of_what_it_says(void **state)
{
	(void)state;
	text_is("Nov 20 11:54:42 web1 sshd[7]: hello", "sshd[7]: hello");
	text_is("2026-11-20T11:54:42.1+00:00 web1 cron[7]: hello", "cron[7]: hello");
	text_is("Nov 20 11:54:42 web1 kernel: [ 12.5] hello", "hello");
	text_is("[ 2427.199519][ T1234] hello", "hello");
	text_is("{\"ts\":1763639682,\"level\":\"info\",\"logger\":\"db\",\"msg\":\"hello "
		"\\\"you\\\"\"}",
		"db: hello \"you\"");
	text_is("level=info msg=\"hello you\" err=\"it broke\"", "hello you err=it broke");
	text_is("1.2.3.4 - bob [20/Nov/2026:11:54:42 +0000] \"GET /a?b=1 HTTP/1.1\" 200 7 \"-\" "
		"\"x\"",
		"GET /a?b=1 HTTP/1.1 200 from 1.2.3.4");
}

/* ---- whole logs */

static void look(struct facts *facts, const char *name, struct str text)
{
	host_read(&(struct host_text){ "", name, text, false }, facts);
	host_finish(facts);
}

static double input(struct facts *facts, const char *name, const char *fact)
{
	return facts_value(facts, facts_entity(facts, "input", name), fact, (double)NAN);
}

/* The message of that template. */
static struct entity message(struct facts *facts, const char *template)
{
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->type == FACT_TEXT && !strcmp(facts_str(facts, fact->name), "text") &&
		    !strcmp(facts_str(facts, fact->text), template))
			return fact->entity;
	}
	fail_msg("there is no '%s'", template);
	return (struct entity){ 0 };
}

static double of(struct facts *facts, const char *template, const char *fact)
{
	return facts_value(facts, message(facts, template), fact, (double)NAN);
}

static const char *said(struct facts *facts, struct entity entity, const char *name)
{
	const struct fact *fact = facts_find(facts, entity, name);

	return fact && fact->type == FACT_TEXT ? facts_str(facts, fact->text) : "";
}

static void lines_are_reduced_to_templates_with_counts_and_values(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	static const char template[] = "ERROR order <num> of user=<*> failed";

	(void)state;
	for (int i = 0; i < 60; i++)
		strbuf_addf(&text, "2026-11-20 11:%02d:00 ERROR order %d of user=%s failed\n", i,
			    1000 + i, i % 3 ? "alice" : "bob");
	look(&facts, "a.log", strbuf_str(&text));
	assert_true(of(&facts, template, "count") == 60);
	assert_true(of(&facts, template, "word 5: user=alice") == 40);
	assert_true(of(&facts, template, "word 5: user=bob") == 20);
	assert_true(of(&facts, template, "least of word 3") == 1000);
	assert_true(of(&facts, template, "most of word 3") == 1059);
	assert_string_equal(said(&facts, message(&facts, template), "first"),
			    "2026-11-20 11:00:00");
	assert_string_equal(said(&facts, message(&facts, template), "last"), "2026-11-20 11:59:00");
	assert_true(input(&facts, "a.log", "errors") == 60);
}

static void lines_of_other_levels_or_statuses_are_other_templates(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 90; i++)
		strbuf_addf(
			&text,
			"10.0.0.%d - - [20/Nov/2026:11:54:%02d +0000] \"GET /%d HTTP/1.1\" %s 7\n",
			i % 4, i % 60, i, i % 9 ? "200" : "502");
	look(&facts, "a.log", strbuf_str(&text));
	assert_true(of(&facts, "GET <path> HTTP/1.1 502 from <ip>", "count") == 10);
	assert_true(of(&facts, "GET <path> HTTP/1.1 200 from <ip>", "count") == 80);
	assert_true(input(&facts, "a.log", "requests") == 90);
	assert_true(input(&facts, "a.log", "requests_failed") == 10);
}

static void a_burst_is_found_with_its_time(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct entity burst;

	(void)state;
	for (int i = 0; i < 3600; i++) {
		int times = i >= 1800 && i < 1860 ? 5 : i % 600 == 0;

		strbuf_addf(&text, "2026-11-20 11:%02d:%02d INFO tick\n", i / 60, i % 60);
		while (times--)
			strbuf_addf(&text, "2026-11-20 11:%02d:%02d ERROR database gone\n", i / 60,
				    i % 60);
	}
	look(&facts, "a.log", strbuf_str(&text));
	burst = message(&facts, "ERROR database gone");
	assert_in_range((int)facts_value(&facts, burst, "burst", 0), 290, 306);
	assert_int_equal(
		strncmp(said(&facts, burst, "burst_from"), "2026-11-20 11:2", 15) == 0 ||
			strncmp(said(&facts, burst, "burst_from"), "2026-11-20 11:30", 16) == 0,
		true);
	assert_true(facts_value(&facts, burst, "burst_times", 0) >= 5);
	assert_true(isnan(of(&facts, "INFO tick", "burst")));
}

static void silence_is_told_in_a_log_that_always_speaks(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 3600; i++)
		if (i < 1200 || i > 2100)
			strbuf_addf(&text, "2026-11-20 11:%02d:%02d INFO tick\n", i / 60, i % 60);
	look(&facts, "a.log", strbuf_str(&text));
	assert_int_equal(strncmp(said(&facts, facts_entity(&facts, "input", "a.log"), "gap_from"),
				 "2026-11-20 11:2", 15),
			 0);
}

static void stack_traces_belong_to_the_line_above(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity error;

	(void)state;
	look(&facts, "a.log",
	     STR("2026-11-20 11:00:00 INFO fine\n"
		 "2026-11-20 11:00:01 ERROR it broke\n"
		 "java.net.ConnectException: Connection refused\n"
		 "\tat a.B.c(B.java:1)\n"
		 "Caused by: java.io.IOException: x\n"
		 "2026-11-20 11:00:02 INFO fine\n"));
	error = message(&facts, "ERROR it broke");
	assert_true(facts_value(&facts, error, "below_lines", 0) == 3);
	assert_string_equal(facts_note(&facts, error, "below"),
			    "java.net.ConnectException: Connection refused");
	assert_true(input(&facts, "a.log", "below_lines") == 3);
	/* and what they say is known all the same */
	assert_true(facts_value(&facts, facts_entity(&facts, "program", "a"), "refused", 0) == 1);
}

static void what_repeats_before_an_error_is_told(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct entity error;

	(void)state;
	for (int i = 0; i < 500; i++)
		strbuf_addf(&text, "2026-11-20 11:%02d:%02d INFO request %d done\n", i / 60, i % 60,
			    i);
	for (int i = 0; i < 12; i++)
		strbuf_addf(&text, "2026-11-20 11:10:%02d WARN retry %d of connect\n", i, i);
	strbuf_add_text(&text, "2026-11-20 11:10:30 ERROR giving up\n");
	look(&facts, "a.log", strbuf_str(&text));
	error = message(&facts, "ERROR giving up");
	assert_string_equal(said(&facts, error, "preceded_by"), "WARN retry <num> of connect");
	assert_true(facts_value(&facts, error, "preceded_times", 0) == 12);
}

static void clocks_without_a_year_go_on_over_new_year(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "a.log",
	     STR("Dec 31 23:59:58 h a[1]: x y\n"
		 "Jan  1 00:00:02 h a[1]: x y\n"));
	assert_true(input(&facts, "a.log", "span") == 4e9);
	assert_true(isnan(input(&facts, "a.log", "disordered")));
}

static void a_stamp_that_is_years_off_is_dropped(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "a.log",
	     STR("2026-11-20 11:00:00 x y\n"
		 "1970-01-01 00:00:00 x y\n"
		 "2026-11-20 11:00:10 x y\n"
		 "2026-11-20 11:00:05 x y\n"));
	assert_true(input(&facts, "a.log", "odd_times") == 1);
	assert_true(input(&facts, "a.log", "disordered") == 1);
	assert_true(input(&facts, "a.log", "span") == 10e9);
}

static void too_many_templates_are_merged_and_that_is_said(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	/* letters only, so that nothing is masked, and of many lengths */
	for (int i = 0; i < 9000; i++) {
		for (int k = 0; k <= i % 7; k++)
			strbuf_addf(&text, "%c%c%c%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26,
				    'a' + i / 676 % 26, 'k' + k, 'a' + (i * 7 + k) % 26,
				    'a' + (i * 11 + k) % 26);
		strbuf_add_char(&text, '\n');
	}
	look(&facts, "a.log", strbuf_str(&text));
	assert_true(input(&facts, "a.log", "templates") <= LOG_MAX_TEMPLATES + LOG_LEVELS);
	assert_true(input(&facts, "a.log", "lines") == 9000);
}

static void the_same_text_gives_the_same_facts(void **state)
{
	auto_facts struct facts a = FACTS_INIT, b = FACTS_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		strbuf_addf(&text, "Nov 20 11:%02u:%02u h app[%u]: %s %u from 10.0.0.%u\n", i / 60,
			    i % 60, i, i % 5 ? "got" : "lost", i * 7919 % 1000, i % 9);
	look(&a, "a.log", strbuf_str(&text));
	look(&b, "a.log", strbuf_str(&text));
	assert_int_equal(a.facts.count, b.facts.count);
	for (size_t i = 0; i < a.facts.count; i++) {
		assert_string_equal(facts_str(&a, a.facts.items[i].name),
				    facts_str(&b, b.facts.items[i].name));
		assert_true(a.facts.items[i].number == b.facts.items[i].number);
	}
}

/* ---- known messages */

static void known_is(const char *text, const char *fact, const char *kind, const char *name)
{
	uint32_t row = log_known_find(str_from(text));
	struct str got;

	if (!row || strcmp(log_known_fact(row), fact) != 0)
		fail_msg("'%s' is %s", text, row ? log_known_fact(row) : "not known");
	if (strcmp(log_known_entity(row, str_from(text), &got), kind) != 0 || !str_is(got, name))
		fail_msg("'%s' is about '%.*s'", text, STR_ARG(got));
}

static void known_messages_name_the_guilty(void **state)
{
	(void)state;
	known_is("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/web,task_memcg=/"
		 "web/a,"
		 "task=x,pid=1,uid=0",
		 "oom_kills_cgroup", "cgroup", "/web");
	known_is("Out of memory: Killed process 77 (my sqld) total-vm:1kB", "oom_kills", "process",
		 "my sqld");
	known_is("Out of memory: Kill process 77 (mysqld) score 900 or sacrifice child",
		 "oom_kills", "process", "mysqld");
	known_is("tool[1]: segfault at 8 ip 00 sp 00 error 4 in tool[1+2]", "crashes", "program",
		 "tool");
	known_is("blk_update_request: I/O error, dev sdb, sector 7 op 0x0:(READ)", "io_errors",
		 "device", "sdb");
	known_is("Buffer I/O error on device sda1, logical block 7", "io_errors", "device", "sda1");
	known_is("EXT4-fs error (device sda1): ext4_find_entry:1: x", "fs_errors", "device",
		 "sda1");
	known_is("EXT4-fs (sda1): Remounting filesystem read-only", "fs_readonly", "device",
		 "sda1");
	known_is("INFO: task jbd2/sda1-8:77 blocked for more than 120 seconds.", "hung_tasks",
		 "process", "jbd2/sda1-8");
	known_is("watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [qemu:77]", "soft_lockups",
		 "process", "qemu");
	known_is("TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.",
		 "syn_flooding", "port", "8080");
	known_is("e1000e 0000:00:19.0 eth0: NIC Link is Down", "link_downs", "interface", "eth0");
	known_is("nfs: server nas1 not responding, still trying", "nfs_stalls", "server", "nas1");
	known_is("cgroup: fork rejected by pids controller in /user.slice/x", "forks_rejected",
		 "cgroup", "/user.slice/x");
	known_is("nginx[7]: accept4() failed (24: Too many open files)", "fd_exhausted", "program",
		 "nginx");
	known_is("systemd[1]: web.service: Scheduled restart job, restart counter is at 5.",
		 "service_restarts", "service", "web.service");
	known_is("sshd[7]: Failed password for invalid user a from 192.0.2.7 port 77 ssh2",
		 "failed_logins", "peer", "192.0.2.7");
	assert_int_equal(log_known_find(STR("all is well")), 0);
}

static void an_old_message_counts_its_age_to_the_uptime(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct entity process = facts_entity(&facts, "process", "x");

	(void)state;
	host_read(&(struct host_text){ "dmesg", "dmesg.txt",
				       STR("[  100.0] Out of memory: Killed process 7 (x) a\n"
					   "[  200.0] hello there\n"),
				       false },
		  &facts);
	look(&facts, "top.txt",
	     STR("top - 10:00:00 up 1:00,  1 user,  load average: 0.10, 0.20, 0.30\n"
		 "  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
		 "   77 app       20   0  500000 120000   9000 R   1.0  11.8   1:02.00 worker\n"));
	assert_true(facts_value(&facts, process, "oom_kills_age", 0) == 3500e9);
}

/* ---- what is no text */

static void what_cannot_be_read_is_said(void **state)
{
	const struct {
		struct str text;
		const char *reason;
	} cases[] = { { STR(""), "empty" },
		      { STR("  \n \n"), "blanks" },
		      { STR("\x1f\x8b\x08 x"), "gzip" },
		      { STR("\x7f"
			    "ELF\x02\x01\x01\0\0\0\0"),
			"program" },
		      { STR("PERFILE2 x"), "perf.data" },
		      { STR("a\0b\0c\0d\0"), "binary" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_facts struct facts facts = FACTS_INIT;
		const struct fact *content;

		look(&facts, "f", cases[i].text);
		content = facts_find(&facts, facts_entity(&facts, "input", "f"), "content");
		assert_non_null(content);
		assert_int_equal(content->type, FACT_ABSENT);
		assert_non_null(strstr(facts_str(&facts, content->text), cases[i].reason));
	}
}

static void the_name_up_to_the_first_dot_is_the_command(void **state)
{
	(void)state;
	assert_true(str_is(host_command_of("dmesg.1.log"), "dmesg"));
	assert_true(str_is(host_command_of("out/top"), "top"));
	assert_true(str_is(host_command_of("a.b/top.txt"), "top"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_of_all_kinds_are_read),
		cmocka_unit_test(what_is_no_stamp_is_none),
		cmocka_unit_test(values_are_masked_and_names_are_not),
		cmocka_unit_test(words_that_differ_in_values_have_one_hash),
		cmocka_unit_test(levels_are_read_where_they_stand),
		cmocka_unit_test(the_head_of_a_line_is_no_part_of_what_it_says),
		cmocka_unit_test(lines_are_reduced_to_templates_with_counts_and_values),
		cmocka_unit_test(lines_of_other_levels_or_statuses_are_other_templates),
		cmocka_unit_test(a_burst_is_found_with_its_time),
		cmocka_unit_test(silence_is_told_in_a_log_that_always_speaks),
		cmocka_unit_test(stack_traces_belong_to_the_line_above),
		cmocka_unit_test(what_repeats_before_an_error_is_told),
		cmocka_unit_test(clocks_without_a_year_go_on_over_new_year),
		cmocka_unit_test(a_stamp_that_is_years_off_is_dropped),
		cmocka_unit_test(too_many_templates_are_merged_and_that_is_said),
		cmocka_unit_test(the_same_text_gives_the_same_facts),
		cmocka_unit_test(known_messages_name_the_guilty),
		cmocka_unit_test(an_old_message_counts_its_age_to_the_uptime),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(the_name_up_to_the_first_dot_is_the_command),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
