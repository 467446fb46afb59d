#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "host/look_facts.h"
#include "host/objects.h"
#include "host/snapshot.h"

/* A host as it would print itself, with little in it: two seconds lie between the readings. */
static const char *const two_readings[] = {
	"= pid 500",
	"= hertz 100",
	"= page 4096",
	"= look 1",
	"/proc/uptime:1000.00 1500.00",
	"/proc/stat:cpu  100 0 50 800 20 0 5 0 0 0",
	"/proc/stat:cpu0 100 0 50 800 20 0 5 0 0 0",
	"/proc/stat:ctxt 1000",
	"/proc/stat:processes 200",
	"/proc/loadavg:1.50 1.00 0.50 3/120 900",
	"/proc/vmstat:pswpin 10",
	"/proc/meminfo:MemTotal:       16000 kB",
	"/proc/meminfo:AnonPages:      1000 kB",
	"/proc/diskstats:   8       0 sda 10 0 80 5 20 0 160 10 0 15 15 0 0 0 0 3 1",
	"/proc/interrupts:           CPU0       CPU1",
	"/proc/interrupts: LOC:       1000       2000   Local timer interrupts",
	"/proc/pressure/cpu:some avg10=1.00 avg60=0.50 avg300=0.10 total=1000000",
	"/proc/net/snmp:Tcp: ActiveOpens RetransSegs OutSegs",
	"/proc/net/snmp:Tcp: 5 7 100",
	"/proc/net/softnet_stat:0000000a 00000001 00000002 00000000",
	"/proc/net/dev:  eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0",
	"/proc/net/sockstat:TCP: inuse 5 orphan 0 tw 3 alloc 9 mem 1",
	"/proc/77/stat:77 (a (b) c) S 1 77 77 0 -1 4194304 10 0 2 0 100 50 3 4 20 0 4 0 5000 "
	"1000000 250 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 6 0 0",
	"/proc/500/stat:500 (sh) S 1 500 500 0 -1 4194304 10 0 0 0 1 1 0 0 20 0 1 0 99000 1000000 "
	"100 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 0 0 0",
	"/proc/501/stat:501 (grep) R 500 500 500 0 -1 4194304 10 0 0 0 1 1 0 0 20 0 1 0 99001 "
	"1000000 100 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 0 0 0",
	"/var/log/app/a:b.log:1000",
	"/proc/77/io:read_bytes: 4096",
	"/proc/77/io:write_bytes: 8192",
	"/proc/77/task/77/schedstat:1000000000 500000000 10",
	"/proc/77/task/78/schedstat:2000000000 100000000 10",
	"/sys/fs/cgroup/memory/web/memory.usage_in_bytes:900000",
	"/sys/fs/cgroup/memory/web/memory.limit_in_bytes:1000000",
	"/sys/fs/cgroup/memory/web/memory.failcnt:5",
	"/sys/fs/cgroup/cpu/web/cpu.stat:nr_periods 10",
	"/sys/fs/cgroup/cpu/web/cpu.stat:nr_throttled 1",
	"/sys/fs/cgroup/cpu/web/cpu.cfs_quota_us:20000",
	"/sys/fs/cgroup/cpu/web/cpu.cfs_period_us:100000",
	"/sys/fs/cgroup/unified.slice/a:b.scope/memory.max:max",
	"/sys/fs/cgroup/unified.slice/a:b.scope/io.max:8:0 rbps=max wbps=1048576 riops=max "
	"wiops=max",
	"/sys/fs/cgroup/unified.slice/a:b.scope/cpu.max:50000 100000",
	"= look 2",
	"/proc/uptime:1002.00 1502.00",
	"/proc/stat:cpu  250 0 100 950 20 0 5 0 0 0",
	"/proc/stat:cpu0 250 0 100 950 20 0 5 0 0 0",
	"/proc/stat:ctxt 3000",
	"/proc/stat:processes 400",
	"/proc/loadavg:1.60 1.00 0.50 5/121 901",
	"/proc/vmstat:pswpin 410",
	"/proc/meminfo:MemTotal:       16000 kB",
	"/proc/meminfo:AnonPages:      3000 kB",
	"/proc/diskstats:   8       0 sda 30 0 240 45 60 0 480 90 1 1015 4015 0 0 0 0 203 1",
	"/proc/interrupts:           CPU0       CPU1",
	"/proc/interrupts: LOC:       1500       2500   Local timer interrupts",
	"/proc/pressure/cpu:some avg10=1.00 avg60=0.50 avg300=0.10 total=2000000",
	"/proc/net/snmp:Tcp: ActiveOpens RetransSegs OutSegs",
	"/proc/net/snmp:Tcp: 9 27 300",
	"/proc/net/softnet_stat:0000001a 00000001 00000002 00000000",
	"/proc/net/dev:  eth0: 3000 30 0 0 0 0 0 0 6000 60 0 0 0 0 0 0",
	"/proc/net/sockstat:TCP: inuse 5 orphan 0 tw 3 alloc 9 mem 1",
	"/proc/77/stat:77 (a (b) c) R 1 77 77 0 -1 4194304 10 0 2 0 250 100 3 4 20 0 4 0 5000 "
	"1000000 750 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 6 0 0",
	"/proc/500/stat:500 (sh) S 1 500 500 0 -1 4194304 10 0 0 0 3 1 4 0 20 0 1 0 99000 1000000 "
	"100 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 0 0 0",
	"/var/log/app/a:b.log:5000",
	"/proc/77/io:read_bytes: 8192",
	"/proc/77/io:write_bytes: 16384",
	"/proc/77/task/77/schedstat:1500000000 1500000000 30",
	"/proc/77/task/78/schedstat:3500000000 2100000000 10",
	"/sys/fs/cgroup/memory/web/memory.usage_in_bytes:950000",
	"/sys/fs/cgroup/memory/web/memory.limit_in_bytes:1000000",
	"/sys/fs/cgroup/memory/web/memory.failcnt:205",
	"/sys/fs/cgroup/cpu/web/cpu.stat:nr_periods 30",
	"/sys/fs/cgroup/cpu/web/cpu.stat:nr_throttled 16",
	"/sys/fs/cgroup/cpu/web/cpu.cfs_quota_us:20000",
	"/sys/fs/cgroup/cpu/web/cpu.cfs_period_us:100000",
	"/sys/fs/cgroup/unified.slice/a:b.scope/memory.max:max",
	"/sys/fs/cgroup/unified.slice/a:b.scope/io.max:8:0 rbps=max wbps=1048576 riops=max "
	"wiops=max",
	"/sys/fs/cgroup/unified.slice/a:b.scope/cpu.max:50000 100000",
	"/proc/77/cgroup:4:memory:/web",
	"/proc/77/cgroup:1:name=systemd:/other",
	"/proc/77/task/78/stat:78 (x) y) R 1 77 77 0 -1 4194304 10 0 2 0 250 100 3 4 -11 0 4 0 "
	"5000 "
	"1000000 750 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 1 10 1 6 0 0",
	"= end",
};

static const char objects_text[] =
	"/proc/self/mountinfo:36 35 98:0 / /data\\040one rw,noatime shared:1 - ext4 /dev/sda1 "
	"rw,errors=remount-ro\n"
	"/proc/self/mountinfo:37 35 98:1 / /frozen rw - ext4 /dev/sdb rw,emergency_ro\n"
	"/proc/sys/net/ipv4/ip_local_port_range:32768\t60999\n"
	"/etc/resolv.conf:nameserver 192.0.2.53\n"
	"/proc/77/fd:12\n"
	"/proc/77/limits:Max open files            16                   4096                 files "
	"    \n"
	"/proc/77/fd/3:1048576 6200 0\n"
	"/proc/77/task/78/wchan:percpu_rwsem_wait\n"
	"/proc/77/task/78/path:/frozen/a\n"
	"/proc/77/task/78/path:/frozen\n"
	"/proc/77/task/78/path:/frozenness\n"
	"/proc/77/task/79/wchan:percpu_rwsem_wait\n"
	"/proc/77/task/79/path:/frozen/b\n"
	"= end\n";

static void join(struct strbuf *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(two_readings); i++)
		strbuf_addf(ret, "%s\n", two_readings[i]);
}

static void readings(struct looks *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	join(&text);
	looks_read(strbuf_str(&text), ret);
}

static double value_of(const struct facts *facts, const char *kind, const char *name,
		       const char *fact)
{
	struct entity entity = { intern_find(&facts->texts, STR("")),
				 intern_find(&facts->texts, str_from(kind)),
				 intern_find(&facts->texts, str_from(name)) };

	return facts_value(facts, entity, fact, -1);
}

static const char *text_of(const struct facts *facts, const char *kind, const char *name,
			   const char *fact)
{
	struct entity entity = { intern_find(&facts->texts, STR("")),
				 intern_find(&facts->texts, str_from(kind)),
				 intern_find(&facts->texts, str_from(name)) };
	const struct fact *found = facts_find(facts, entity, fact);

	return found && found->type == FACT_TEXT ? facts_str(facts, found->text) : NULL;
}

static void numbers_are_found_by_their_keys(void **)
{
	auto_looks struct looks looks = { 0 };
	uint64_t value;

	readings(&looks);
	assert_int_equal(looks.count, 2);
	assert_false(looks.is_cut);
	assert_int_equal(looks.unknown_lines, 0);
	assert_true(looks_window_s(&looks) == 2);
	assert_true(looks_growth(&looks, "snmp Tcp RetransSegs", &value));
	assert_int_equal(value, 20);
	assert_true(look_number(&looks, 0, "interrupts LOC", &value));
	assert_int_equal(value, 3000);
	assert_true(look_number(&looks, 1, "softnet processed", &value));
	assert_int_equal(value, 0x1a);
	assert_true(look_number(&looks, 1, "meminfo MemTotal", &value));
	assert_int_equal(value, 16000 * 1024);
	assert_false(looks_growth(&looks, "no such key", &value));
}

static void a_counter_that_fell_has_no_growth(void **)
{
	auto_looks struct looks looks = { 0 };
	uint64_t value;

	looks_read(STR("= look 1\n/proc/uptime:5 1\n/proc/vmstat:pswpin 9\n"
		       "= look 2\n/proc/uptime:7 1\n/proc/vmstat:pswpin 3\n= end\n"),
		   &looks);
	assert_int_equal(looks.count, 2);
	assert_false(looks_growth(&looks, "vmstat pswpin", &value));
}

static void rates_are_over_the_hosts_own_time(void **)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_looks struct looks looks = { 0 };

	readings(&looks);
	assert_true(looks_to_facts(&looks, "", "x", &facts));
	assert_true(value_of(&facts, "host", "the host", "context_switches") == 1000);
	assert_true(value_of(&facts, "host", "the host", "swap_in") == 200);
	assert_true(value_of(&facts, "host", "the host", "pressure_cpu") == 0.5);
	assert_true(value_of(&facts, "host", "the host", "load_1") == 1.6);
	assert_true(value_of(&facts, "host", "the host", "memory_anonymous_growth") == 1024000);
	assert_true(value_of(&facts, "disk", "sda", "writes") == 20);
	assert_true(value_of(&facts, "disk", "sda", "queue") == 2);
	assert_true(value_of(&facts, "disk", "sda", "write_wait") == 2e6);
	assert_true(value_of(&facts, "disk", "sda", "flushes") == 100);
	assert_true(value_of(&facts, "interface", "eth0", "tx_bytes") == 2000);
	assert_true(value_of(&facts, "file", "/var/log/app/a:b.log", "growth") == 2000);
}

static void a_process_is_told_with_its_threads_and_its_cgroup(void **)
{
	static const char name[] = "a (b) c (77)";
	auto_facts struct facts facts = FACTS_INIT;
	auto_looks struct looks looks = { 0 };

	readings(&looks);
	looks_to_facts(&looks, "", "x", &facts);
	assert_true(value_of(&facts, "process", name, "cpu_user") == 0.75);
	assert_true(value_of(&facts, "process", name, "cpu_system") == 0.25);
	assert_true(value_of(&facts, "process", name, "wait") == 1.5);
	assert_true(value_of(&facts, "process", name, "cpu_thread") == 0.75);
	assert_true(value_of(&facts, "process", name, "write_bytes") == 4096);
	assert_true(value_of(&facts, "process", name, "resident_rate") == 250 * 4096);
	assert_true(value_of(&facts, "process", name, "turns") == 10);
	assert_string_equal(text_of(&facts, "process", name, "cgroup"), "/web");
	/* One of its threads is real-time, the first is not. */
	assert_string_equal(text_of(&facts, "process", name, "realtime"), "yes");
	assert_true(value_of(&facts, "process", name, "realtime_priority") == 10);
	assert_true(value_of(&facts, "process", name, "cpu_realtime") == 0.75);
	assert_string_equal(text_of(&facts, "process", name, "state"), "R");
}

static void what_reads_is_left_out(void **)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_looks struct looks looks = { 0 };

	readings(&looks);
	looks_to_facts(&looks, "", "x", &facts);
	assert_true(looks_is_own(&looks, 500));
	assert_true(looks_is_own(&looks, 501)); /* a child that has ended */
	assert_false(looks_is_own(&looks, 77));
	assert_true(value_of(&facts, "process", "sh (500)", "cpu") == -1);
	assert_true(value_of(&facts, "host", "the host", "cpu_own") == 0.03);
}

static void cgroups_of_both_versions_are_read(void **)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_looks struct looks looks = { 0 };

	readings(&looks);
	looks_to_facts(&looks, "", "x", &facts);
	assert_true(value_of(&facts, "cgroup", "/web", "memory_limit") == 1000000);
	assert_true(value_of(&facts, "cgroup", "/web", "memory_limit_hits") == 100);
	assert_true(value_of(&facts, "cgroup", "/web", "throttled_periods") == 15);
	assert_true(value_of(&facts, "cgroup", "/web", "quota") == 0.2);
	assert_true(value_of(&facts, "cgroup", "/unified.slice/a:b.scope", "quota") == 0.5);
	assert_true(value_of(&facts, "cgroup", "/unified.slice/a:b.scope", "write_limit") ==
		    1048576);
	assert_true(value_of(&facts, "cgroup", "/unified.slice/a:b.scope", "memory_limit") == -1);
}

static void a_text_that_was_cut_says_so(void **)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str all;

	join(&text);
	all = strbuf_str(&text);
	for (size_t length = 0; length < all.len; length += 7) {
		auto_facts struct facts facts = FACTS_INIT;
		auto_looks struct looks looks = { 0 };

		looks_read((struct str){ all.ptr, length }, &looks);
		assert_true(looks.is_cut);
		looks_to_facts(&looks, "", "x", &facts);
	}
}

static void content_cannot_pass_for_another_file(void **)
{
	auto_looks struct looks looks = { 0 };
	uint64_t value;

	/* a process named "x) S 1\n= look 2" has its second line behind its path, too */
	looks_read(STR("= look 1\n/proc/uptime:5 1\n/proc/77/stat:77 (x\n"
		       "/proc/77/stat:= look 2\n/proc/77/stat:/proc/vmstat:pswpin 9\n= end\n"),
		   &looks);
	assert_int_equal(looks.count, 1);
	assert_false(look_number(&looks, 0, "vmstat pswpin", &value));
}

static void objects_tell_mounts_files_and_what_was_deleted(void **)
{
	auto_facts struct facts facts = FACTS_INIT;

	objects_to_facts(str_from(objects_text), NULL, "", "x", &facts);
	assert_string_equal(text_of(&facts, "mount", "/data one", "type"), "ext4");
	assert_null(text_of(&facts, "mount", "/data one", "readonly"));
	assert_string_equal(text_of(&facts, "mount", "/frozen", "emergency"), "yes");
	assert_true(value_of(&facts, "process", "process (77)", "files_open") == 12);
	assert_true(value_of(&facts, "process", "process (77)", "files_limit") == 16);
	assert_true(value_of(&facts, "process", "process (77)", "deleted_bytes") == 1048576);
	assert_true(value_of(&facts, "mount", "/data one", "deleted_bytes") == 1048576);
	assert_true(value_of(&facts, "mount", "/frozen", "blocked") == 2);
	assert_true(value_of(&facts, "mount", "/data one", "blocked") == -1);
	assert_string_equal(text_of(&facts, "process", "process (77)", "waits_in"),
			    "percpu_rwsem_wait");
	assert_true(value_of(&facts, "host", "the host", "ports") == 28232);
	assert_string_equal(text_of(&facts, "resolver", "192.0.2.53", "configured"), "yes");
}

/* ---- snapshots */

static void fill(struct host_snapshot *snapshot)
{
	struct host_record record = { .id = x_strdup("df"),
				      .command = x_strdup("df -P"),
				      .round = 1,
				      .is_whole = true,
				      .took_ns = 12345 };

	strbuf_add(&record.out, (struct str){ "a\0b\n", 4 });
	*snapshot = (struct host_snapshot){ .host = x_strdup("root@web1:22"),
					    .taken_at = x_strdup("2026-01-02T03:04:05Z"),
					    .version = x_strdup("0") };
	host_record_vec_push(&snapshot->records, record);
	record = (struct host_record){ .id = x_strdup("queues"),
				       .command = x_strdup("tc"),
				       .round = 2,
				       .is_absent = true,
				       .reason = x_strdup("there is no such program") };
	host_record_vec_push(&snapshot->records, record);
}

static void a_snapshot_comes_back_as_it_was(void **)
{
	char folder[] = "/tmp/snapshot-XXXXXX";
	struct host_snapshot snapshot;
	struct host_snapshot_vec loaded = { 0 };
	auto_error struct error *again = NULL;
	auto_free char *clean = NULL;
	const struct host_record *record;

	assert_non_null(mkdtemp(folder));
	fill(&snapshot);
	assert_null(host_snapshot_save(&snapshot, folder));
	again = host_snapshot_save(&snapshot, folder);
	assert_non_null(again); /* nothing is overwritten */
	assert_null(host_snapshots_load(folder, &loaded));
	assert_int_equal(loaded.count, 1);
	assert_string_equal(loaded.items[0].host, "root@web1:22");
	record = host_snapshot_find(&loaded.items[0], "df");
	assert_non_null(record);
	assert_int_equal(record->out.len, 4);
	assert_memory_equal(record->out.ptr, "a\0b\n", 4);
	assert_true(record->is_whole);
	assert_int_equal(record->took_ns, 12345);
	record = host_snapshot_find(&loaded.items[0], "queues");
	assert_true(record->is_absent);
	assert_string_equal(record->reason, "there is no such program");
	assert_int_equal(record->round, 2);
	assert_null(host_snapshot_find(&loaded.items[0], "other"));
	host_snapshot_done(&snapshot);
	host_snapshot_done(&loaded.items[0]);
	host_snapshot_vec_done(&loaded);
	clean = x_asprintf("rm -rf %s", folder);
	assert_int_equal(system(clean), 0);
}

static void a_snapshot_cannot_name_files_outside_of_it(void **)
{
	char folder[] = "/tmp/snapshot-XXXXXX";
	auto_free char *path = NULL, *clean = NULL;
	struct host_snapshot_vec loaded = { 0 };
	auto_error struct error *error = NULL;
	FILE *index;

	assert_non_null(mkdtemp(folder));
	path = x_asprintf("%s/index.json", folder);
	index = fopen(path, "w");
	assert_non_null(index);
	fputs("{\"format\": 1, \"records\": [{\"id\": \"df\", \"out\": \"../../etc/hosts\"}]}",
	      index);
	fclose(index);
	error = host_snapshots_load(folder, &loaded);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_INPUT);
	for (size_t i = 0; i < loaded.count; i++)
		host_snapshot_done(&loaded.items[i]);
	host_snapshot_vec_done(&loaded);
	clean = x_asprintf("rm -rf %s", folder);
	assert_int_equal(system(clean), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found_by_their_keys),
		cmocka_unit_test(a_counter_that_fell_has_no_growth),
		cmocka_unit_test(rates_are_over_the_hosts_own_time),
		cmocka_unit_test(a_process_is_told_with_its_threads_and_its_cgroup),
		cmocka_unit_test(what_reads_is_left_out),
		cmocka_unit_test(cgroups_of_both_versions_are_read),
		cmocka_unit_test(a_text_that_was_cut_says_so),
		cmocka_unit_test(content_cannot_pass_for_another_file),
		cmocka_unit_test(objects_tell_mounts_files_and_what_was_deleted),
		cmocka_unit_test(a_snapshot_comes_back_as_it_was),
		cmocka_unit_test(a_snapshot_cannot_name_files_outside_of_it),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
