#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <math.h>
#include <string.h>

#include "host/parser.h"

static void look(struct facts *facts, const char *command, const char *text)
{
	host_read(&(struct host_text){ command, "input.txt", str_from(text), false }, facts);
	host_finish(facts);
}

static double of(struct facts *facts, const char *kind, const char *name, const char *fact)
{
	return facts_value(facts, facts_entity(facts, kind, name), fact, (double)NAN);
}

static const char *text_of(struct facts *facts, const char *kind, const char *name,
			   const char *fact)
{
	const struct fact *found = facts_find(facts, facts_entity(facts, kind, name), fact);

	return found && found->type == FACT_TEXT ? facts_str(facts, found->text) : "(none)";
}

static void expect(double value, double wanted)
{
	if (!(fabs(value - wanted) < 1e-6 * fmax(1, fabs(wanted))))
		fail_msg("%.9g is not %.9g", value, wanted);
}

/* ---- df */

static void df_tells_bytes_whatever_its_unit(void **state)
{
	static const struct {
		const char *text;
		double size;
	} cases[] = {
		{ "Filesystem 1K-blocks Used Available Use% Mounted on\n"
		  "/dev/sda1 2048 1024 512 67% /a b\n",
		  2048 * 1024.0 },
		{ "Filesystem     Type 512-blocks  Used Available Capacity Mounted on\n"
		  "/dev/sda1      ext4       4096  2048      1024      67% /a b\n",
		  4096 * 512.0 },
		{ "Filesystem     1M-blocks  Used Available Use% Mounted on\n"
		  "/dev/sda1             2M    1M        1M  67% /a b\n",
		  2 * 1048576.0 },
		{ "Filesystem      1MB-blocks  Used Available Use% Mounted on\n"
		  "/dev/sda1               2     1         1  67% /a b\n",
		  2e6 },
		{ "Dateisystem    Typ  Größe Benutzt Verf. Verw% Eingehängt auf\n"
		  "/dev/sda1      ext4  1,5G      1G  512M   67% /a b\n",
		  1.5 * 1073741824 },
		{ "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
		  "/dev/mapper/a-very-long-name-of-a-volume\n"
		  "                         2048      1024       512  67% /a b\n",
		  2048 * 1024.0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_facts struct facts facts = FACTS_INIT;

		look(&facts, "", cases[i].text);
		expect(of(&facts, "mount", "/a b", "size"), cases[i].size);
		assert_true(fabs(of(&facts, "mount", "/a b", "used_share") - 0.667) < 0.01);
		expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
	}
}

static void inodes_are_not_bytes_and_the_reserve_is_told(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "df",
	     "Filesystem     Type      Inodes  IUsed    IFree IUse% Mounted on\n"
	     "my disk        ext4          64     64        0  100% /srv\n"
	     "pool           btrfs          0      0        0     - /pool\n");
	look(&facts, "df",
	     "Filesystem     Type      1024-blocks  Used Available Capacity Mounted on\n"
	     "my disk        ext4             1000   930        20      98% /srv\n"
	     "none           proc                0     0         0       - /proc\n");
	expect(of(&facts, "mount", "/srv", "inodes"), 64);
	expect(of(&facts, "mount", "/srv", "inodes_used_share"), 1);
	expect(of(&facts, "mount", "/srv", "reserved"), 50 * 1024);
	expect(of(&facts, "mount", "/srv", "used_share"), 930.0 / 950);
	assert_true(isnan(of(&facts, "mount", "/pool", "inodes_used_share")));
	assert_true(isnan(of(&facts, "mount", "/proc", "used_share")));
	assert_string_equal(text_of(&facts, "mount", "/srv", "device"), "my disk");
}

/* ---- lsof */

static void a_deleted_file_counts_once_and_belongs_to_its_mount(void **state)
{
	static const char text[] =
		"COMMAND     PID TID USER   FD   TYPE DEVICE  SIZE/OFF NLINK     NODE NAME\n"
		"my app     1234     root    3w   REG    7,0 270000000     0       12 /srv/old log "
		"(deleted)\n"
		"my app     1234     root    4r   REG    7,0 270000000     0       12 /srv/old log "
		"(deleted)\n"
		"my app     1234  77 root    3w   REG    7,0 270000000     0       12 /srv/old log "
		"(deleted)\n"
		"my app     1234     root  txt    REG    0,1   1531760     0       24 /memfd:x "
		"(deleted)\n"
		"my app     1234     root    5u  IPv4 998877       0t0            TCP *:80 "
		"(LISTEN)\n";
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "mount",
	     "/dev/loop0 on /srv type ext4 (rw,relatime,errors=remount-ro)\n"
	     "/dev/sda1 on /s type ext4 (rw)\n"
	     "/dev/sda2 on / type ext4 (ro,emergency_ro)\n");
	look(&facts, "lsof", text);
	expect(of(&facts, "process", "my app (1234)", "deleted_bytes"), 270000000);
	expect(of(&facts, "file", "/srv/old log", "size"), 270000000);
	assert_true(facts_related(&facts, facts_entity(&facts, "process", "my app (1234)"),
				  "holds deleted files on", facts_entity(&facts, "mount", "/srv")));
	assert_string_equal(text_of(&facts, "mount", "/srv", "readonly"), "(none)");
	assert_string_equal(text_of(&facts, "mount", "/", "readonly"), "yes");
	assert_string_equal(text_of(&facts, "mount", "/", "emergency"), "yes");
}

static void the_fields_of_lsof_say_the_same(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "lsof",
	     "p1234\ncmy app\nLroot\nf3\nar\ntREG\nD0x700\ns270000000\ni12\nk0\nn/srv/old "
	     "log\nf4\ntREG\nD0x700\ns5000000\ni13\nk1\nn/srv/new\n");
	expect(of(&facts, "process", "my app (1234)", "deleted_bytes"), 270000000);
	expect(of(&facts, "file", "/srv/old log", "size"), 270000000);
	expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
}

/* ---- trees */

static void disks_lie_on_disks(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "lsblk",
	     "NAME            MAJ:MIN RM  SIZE RO TYPE  MOUNTPOINTS\n"
	     "sda               8:0    0   20G  0 disk  \n"
	     "├─sda1            8:1    0    1G  1 part  /boot\n"
	     "│                                         /mnt/boot too\n"
	     "└─sda2            8:2    0   19G  0 part  \n"
	     "  └─centos-root 253:0    0   17G  0 lvm   /\n"
	     "sdb               8:16   0   10G  0 disk  \n");
	expect(of(&facts, "disk", "sda1", "size"), 1073741824);
	assert_string_equal(text_of(&facts, "disk", "sda1", "readonly"), "yes");
	assert_string_equal(text_of(&facts, "disk", "centos-root", "mounted_on"), "/");
	assert_true(facts_related(&facts, facts_entity(&facts, "disk", "centos-root"), "lies on",
				  facts_entity(&facts, "disk", "sda2")));
	assert_true(facts_related(&facts, facts_entity(&facts, "disk", "sda2"), "lies on",
				  facts_entity(&facts, "disk", "sda")));
	expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
}

/* ---- services, arrays, clocks */

static void units_that_failed_are_told_and_the_others_counted(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "systemctl",
	     "  UNIT               LOAD      ACTIVE     SUB          DESCRIPTION\n"
	     "  ssh.service        loaded    active     running      OpenSSH\n"
	     "● app.service        loaded    failed     failed       The app\n"
	     "  web.service        loaded    activating auto-restart The web\n"
	     "\n"
	     "LOAD   = Reflects whether the unit definition was properly loaded.\n"
	     "3 loaded units listed.\n");
	expect(of(&facts, "host", "the host", "units"), 3);
	expect(of(&facts, "host", "the host", "units_failed"), 1);
	assert_string_equal(text_of(&facts, "service", "app.service", "active"), "failed");
	assert_string_equal(text_of(&facts, "service", "web.service", "sub"), "auto-restart");
	assert_string_equal(text_of(&facts, "service", "ssh.service", "active"), "(none)");
	expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
}

static void a_status_tells_how_it_ended(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "systemctl",
	     "× app.service - The app\n"
	     "     Loaded: loaded (/etc/systemd/system/app.service; enabled)\n"
	     "     Active: failed (Result: exit-code) since Mon 2024-01-01 10:00:00 UTC; 3min ago\n"
	     "    Process: 812 ExecStart=/opt/app (code=exited, status=203/EXEC)\n"
	     "   Main PID: 812 (code=exited, status=203/EXEC)\n"
	     "      Tasks: 39 (limit: 40)\n"
	     "     Memory: 120.5M (max: 128.0M available: 7.5M)\n"
	     "\n"
	     "Jan 01 10:00:00 host systemd[1]: app.service: Failed with result 'exit-code'.\n");
	assert_string_equal(text_of(&facts, "service", "app.service", "active"), "failed");
	assert_string_equal(text_of(&facts, "service", "app.service", "result"), "exit-code");
	assert_string_equal(text_of(&facts, "service", "app.service", "exit"), "203/EXEC");
	expect(of(&facts, "service", "app.service", "tasks_limit"), 40);
	expect(of(&facts, "service", "app.service", "memory_limit"), 128 * 1048576.0);
}

static void a_degraded_array_misses_a_disk(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "mdstat",
	     "Personalities : [raid1] [raid6]\n"
	     "md0 : active raid1 sdb1[1](F) sda1[0]\n"
	     "      1048512 blocks super 1.2 [2/1] [U_]\n"
	     "      [==>..................]  recovery = 12.6% (131/1048) finish=127.5min "
	     "speed=33440K/sec\n"
	     "      bitmap: 0/1 pages [0KB], 65536KB chunk\n"
	     "\n"
	     "md1 : active raid5 sdd1[2] sdc1[1] sde1[3](S) sda2[0]\n"
	     "      2096896 blocks level 5, 64k chunk, algorithm 2 [3/3] [UUU]\n"
	     "\n"
	     "unused devices: <none>\n");
	expect(of(&facts, "device", "md0", "raid_disks"), 2);
	expect(of(&facts, "device", "md0", "raid_working"), 1);
	expect(of(&facts, "device", "md0", "raid_failed_disks"), 1);
	expect(of(&facts, "device", "md0", "raid_recovery"), 0.126);
	expect(of(&facts, "device", "md1", "raid_working"), 3);
	expect(of(&facts, "device", "md1", "raid_spares"), 1);
	expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
}

static void clocks_say_whether_they_are_set(void **state)
{
	auto_facts struct facts facts = FACTS_INIT, other = FACTS_INIT;

	(void)state;
	look(&facts, "timedatectl",
	     "               Local time: Mon 2024-01-01 10:00:00 UTC\n"
	     "System clock synchronized: no\n"
	     "              NTP service: inactive\n");
	assert_string_equal(text_of(&facts, "host", "the host", "clock_synchronised"), "no");
	assert_string_equal(text_of(&facts, "host", "the host", "clock_service"), "inactive");
	look(&other, "chronyc",
	     "Reference ID    : A29FC87B (time.example.org)\n"
	     "Stratum         : 3\n"
	     "System time     : 0.250000000 seconds slow of NTP time\n"
	     "Leap status     : Normal\n");
	assert_string_equal(text_of(&other, "host", "the host", "clock_synchronised"), "yes");
	expect(of(&other, "host", "the host", "clock_offset"), -0.25e9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(df_tells_bytes_whatever_its_unit),
		cmocka_unit_test(inodes_are_not_bytes_and_the_reserve_is_told),
		cmocka_unit_test(a_deleted_file_counts_once_and_belongs_to_its_mount),
		cmocka_unit_test(the_fields_of_lsof_say_the_same),
		cmocka_unit_test(disks_lie_on_disks),
		cmocka_unit_test(units_that_failed_are_told_and_the_others_counted),
		cmocka_unit_test(a_status_tells_how_it_ended),
		cmocka_unit_test(a_degraded_array_misses_a_disk),
		cmocka_unit_test(clocks_say_whether_they_are_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
