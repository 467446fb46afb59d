#include "host/command_table.h"

#include <string.h>

#include "base/macros.h"

enum { SECONDS_MAX = 10, TIMES_MAX = 20, COUNT_MAX = 10000, NAME_BYTES_MAX = 200 };

/* clang-format off */
static const struct command_row rows[] = {
	{ "cat", "", "FILE...", NULL, false },
	{ "head", "-n=COUNT", "FILE", NULL, false },
	{ "tail", "-n=COUNT", "FILE", NULL, false },
	{ "grep", "-i -v -E -F -c -n -w -H -h", "PATTERN FILE...", NULL, false },
	{ "ls", "-l -a -A -h -t -r -S -d -i -1 -n -s", "FOLDER...", NULL, false },
	{ "stat", "-f -L -t", "FOLDER...|FILE...", NULL, false },

	{ "ps", "-e -A -f -F -L -l -T -y -w -m -H -M -c -o=FIELDS -O=FIELDS -p=PIDS -C=WORD -u=WORD "
	  "--sort=FIELDS --ppid=PIDS --pid=PIDS --forest --no-headers --format=FIELDS --headers",
	  "|aux|auxw|auxww|auxf|axu|ax|axf|afx|axjf|auxH", NULL, false },
	{ "pgrep", "-a -l -f -x -c -n -o -u=WORD", "WORD|", NULL, false },
	{ "pstree", "-p -a -l -u -t -T -A", "|PID", NULL, false },
	{ "pidof", "-s -x", "WORD", NULL, false },
	{ "pmap", "-x -X -p -q -d", "PID", NULL, false },
	{ "pwdx", "", "PID...", NULL, false },
	{ "taskset", "-p -c", "PID", "-p", false },
	{ "chrt", "-p -a", "PID", "-p", false },
	{ "ionice", "-p=PID", "", "-p", false },
	{ "prlimit", "-p=PID --pid=PID -o=WORD --output=WORD", NULL, "-p --pid", false },
	{ "lsof", "-p=PIDS -c=WORD -u=WORD -n -P -b -w -a -l -t -i -U", "|+L1|SOCKET", "-n", false },

	{ "uptime", "-p -s --pretty --since", NULL, NULL, false },
	{ "w", "-h -s -i", NULL, NULL, false },
	{ "who", "-a -b -r -H", NULL, NULL, false },
	{ "uname", "-a -r -s -v -m -n -o", NULL, NULL, false },
	{ "hostname", "", NULL, NULL, false },
	{ "date", "-u -R", NULL, NULL, false },
	{ "nproc", "--all", NULL, NULL, false },
	{ "arch", "", NULL, NULL, false },
	{ "lscpu", "-e -p -J -b -c", NULL, NULL, false },
	{ "lsmod", "", NULL, NULL, false },
	{ "free", "-h -b -k -m -g -w -t -l -v", NULL, NULL, false },
	{ "vmstat", "-a -n -w -t -s -d -D -m -S=WORD --wide --stats --disk --slabs --active",
	  "|SECONDS TIMES", NULL, false },
	{ "iostat", "-c -d -h -k -m -N -s -t -x -y -z", "|SECONDS TIMES|DISK|DISK SECONDS TIMES",
	  NULL, false },
	{ "mpstat", "-A -n -u -P=WORD -I=WORD", "|SECONDS TIMES", NULL, false },
	{ "pidstat", "-d -H -h -I -l -R -r -s -t -u -v -w -p=PIDS -C=WORD -U", "|SECONDS TIMES", NULL,
	  false },
	{ "sar", "-A -B -b -d -F -H -h -p -q -r -S -u -v -W -w -y -n=WORD -P=WORD -I=WORD -m=WORD",
	  "|SECONDS TIMES", NULL, false },
	{ "top", "-b -H -c -i -S -1 -n=TIMES -d=SECONDS -w=COUNT -o=FIELDS -p=PIDS -u=WORD", NULL,
	  "-b;-n", false },
	{ "iotop", "-b -o -P -a -k -t -q -n=TIMES -d=SECONDS", NULL, "-b;-n", false },
	{ "slabtop", "-o -s=WORD", NULL, "-o", false },
	{ "numastat", "-c -m -n -s -v -z -p=WORD", NULL, NULL, false },
	{ "numactl", "-H -s --hardware --show", NULL, "-H -s --hardware --show", true },
	{ "swapon", "-s --show --noheadings --bytes --summary", NULL, "-s --show --summary", true },
	{ "systemd-cgtop", "-b -1 -n=TIMES -d=SECONDS -m -c -t -i -p --batch --iterations=TIMES "
	  "--delay=SECONDS --depth=TIMES", "", "-b --batch;-n --iterations -1", true },
	{ "systemd-cgls", "--no-pager -a -l --all --full", NULL, NULL, true },

	{ "df", "-a -h -H -i -k -l -m -P -T -x=WORD -t=WORD --total --local --inodes --human-readable "
	  "--print-type --type=WORD --exclude-type=WORD", "|FOLDER...", NULL, false },
	{ "mount", "-l", NULL, NULL, true },
	{ "findmnt", "-l -n -D -a -A -r -b -e -f -J -P -R -u -v -y -t=WORD -o=FIELDS --df --list --json "
	  "--noheadings --types=WORD --output=FIELDS --raw --bytes --real", "|FOLDER", NULL, false },
	{ "lsblk", "-a -b -d -f -i -J -l -m -n -O -o=FIELDS -p -P -r -s -S -t -z --all --bytes --nodeps "
	  "--fs --json --list --output=FIELDS --paths --topology --scsi", "|DEVICE", NULL, false },
	{ "mdadm", "--detail --query", "DEVICE", "--detail --query", true },
	{ "zpool", "-v -x -p -H", "status|status WORD|list|list WORD", NULL, true },
	{ "nfsstat", "-c -s -n -r -m -l -2 -3 -4", NULL, NULL, false },
	{ "nfsiostat", "-a -d -s", "|SECONDS TIMES", NULL, true },

	{ "ss", "-t -u -l -a -n -p -e -m -i -s -o -x -w -4 -6 -H -O -0 -M -S -d -b -Q --tcp --udp "
	  "--listening --all --numeric --processes --extended --memory --info --summary --options "
	  "--unix --raw --ipv4 --ipv6 --no-header --oneline", "|MATCH...", NULL, false },
	{ "netstat", "-t -u -w -x -l -a -n -p -e -i -s -r -o -g -4 -6 -W", NULL, "-n -s -i", false },
	{ "nstat", "-a -z -s -r --nooutput --noupdate --zeros --ignore --json -j", NULL, "-s --noupdate",
	  false },
	{ "ip", "-s -d -4 -6 -o -br -j -p -stats -statistics -details -brief -json -oneline -pretty",
	  "link|link show|link show INTERFACE|link show dev INTERFACE|addr|addr show|"
	  "addr show INTERFACE|addr show dev INTERFACE|address|address show|address show INTERFACE|"
	  "address show dev INTERFACE|a|a show|route|route show|route show table WORD|r|"
	  "route get ADDRESS|rule|rule show|neigh|neigh show|neighbour|neighbour show|"
	  "neigh show dev INTERFACE|tcp_metrics show|maddress show|netns list|ntable show", NULL, true },
	{ "ethtool", "-S -i -k -g -c -a -l -m -n -P -T --statistics --driver --show-features "
	  "--show-ring --show-coalesce --show-pause --show-channels --module-info", "INTERFACE", NULL,
	  true },
	{ "tc", "-s -d -j -p -statistics", "qdisc|qdisc show|qdisc show dev INTERFACE|"
	  "class show dev INTERFACE|filter show dev INTERFACE", NULL, true },
	{ "arp", "-a -n -e -v", NULL, "-n", false },
	{ "route", "-n -e", NULL, "-n", false },
	{ "conntrack", "-S -C", NULL, "-S -C", true },
	{ "chronyc", "-n", "tracking|sources|sourcestats|activity", "-n", true },
	{ "timedatectl", "--no-pager", "|status|timesync-status|show-timesync", NULL, true },

	{ "dmesg", "-T -x -k -u -t -r -d -e -P -S -l=WORD -f=WORD --ctime --decode --kernel --userspace "
	  "--nopager --reltime --raw --level=WORD --facility=WORD --notime --since=TIME --until=TIME",
	  NULL, NULL, false },
	{ "journalctl", "-k -b -r -x -q -a -l -n=COUNT -p=WORD -u=WORD -t=WORD -o=WORD -S=TIME -U=TIME "
	  "-g=PATTERN --dmesg --boot --no-pager --reverse --quiet --catalog --utc --no-hostname "
	  "--lines=COUNT --priority=WORD --unit=WORD --identifier=WORD --output=WORD --since=TIME "
	  "--until=TIME --grep=PATTERN --no-full --full --disk-usage --list-boots", "|FIELD...",
	  "-n --lines -S --since --disk-usage --list-boots", false },
	{ "systemctl", "-a -l -t=WORD -n=COUNT --all --full --no-pager --failed --plain --no-legend "
	  "--type=WORD --state=WORD --lines=COUNT --quiet",
	  "|status|status WORD...|list-units|list-unit-files|list-timers|list-sockets|list-jobs|"
	  "is-active WORD...|is-failed WORD...|is-enabled WORD...|is-system-running|"
	  "list-dependencies WORD", NULL, true },
	{ "sysctl", "-n -e", "SETTING...", NULL, false },
};

/* What cat and its like may read: '*' within a name, '#' a number, "**" any folders and a name. */
static const char *const files[] = {
	"/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/vmstat", "/proc/uptime",
	"/proc/version", "/proc/cpuinfo", "/proc/interrupts", "/proc/softirqs", "/proc/diskstats",
	"/proc/partitions", "/proc/mounts", "/proc/swaps", "/proc/buddyinfo", "/proc/zoneinfo",
	"/proc/pagetypeinfo", "/proc/slabinfo", "/proc/schedstat", "/proc/mdstat", "/proc/locks",
	"/proc/filesystems", "/proc/modules", "/proc/cgroups", "/proc/devices", "/proc/crypto",
	"/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io", "/proc/pressure/irq",
	"/proc/net/dev", "/proc/net/snmp", "/proc/net/snmp6", "/proc/net/netstat",
	"/proc/net/sockstat", "/proc/net/sockstat6", "/proc/net/softnet_stat", "/proc/net/tcp",
	"/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6", "/proc/net/unix", "/proc/net/route",
	"/proc/net/arp", "/proc/net/protocols", "/proc/net/bonding/*", "/proc/net/stat/*",
	"/proc/net/rpc/nfs", "/proc/net/rpc/nfsd", "/proc/irq/#/smp_affinity_list",
	"/proc/#/status", "/proc/#/stat", "/proc/#/statm", "/proc/#/io", "/proc/#/limits",
	"/proc/#/sched", "/proc/#/schedstat", "/proc/#/wchan", "/proc/#/stack", "/proc/#/syscall",
	"/proc/#/smaps_rollup", "/proc/#/cgroup", "/proc/#/oom_score", "/proc/#/oom_score_adj",
	"/proc/#/comm", "/proc/#/mountinfo", "/proc/#/cpuset", "/proc/#/net/dev",
	"/proc/#/task/#/stat", "/proc/#/task/#/status", "/proc/#/task/#/wchan",
	"/proc/#/task/#/stack", "/proc/#/task/#/schedstat", "/proc/#/task/#/comm",
	"/proc/sys/vm/*", "/proc/sys/kernel/*", "/proc/sys/fs/*", "/proc/sys/fs/inotify/*",
	"/proc/sys/kernel/random/entropy_avail", "/proc/sys/net/core/*", "/proc/sys/net/ipv4/*",
	"/proc/sys/net/netfilter/*",
	"/sys/block/*/stat", "/sys/block/*/inflight", "/sys/block/*/size", "/sys/block/*/ro",
	"/sys/block/*/queue/*", "/sys/block/*/device/state", "/sys/block/*/device/timeout",
	"/sys/block/*/device/queue_depth", "/sys/block/*/device/model", "/sys/block/*/md/*",
	"/sys/class/net/*/statistics/*", "/sys/class/net/*/*", "/sys/class/net/*/queues/*/*",
	"/sys/class/thermal/*/*", "/sys/class/hwmon/*/*", "/sys/class/block/*/stat",
	"/sys/devices/system/cpu/**", "/sys/devices/system/node/**",
	"/sys/devices/system/clocksource/**", "/sys/kernel/mm/transparent_hugepage/**",
	"/sys/kernel/mm/ksm/*", "/sys/fs/cgroup/**",
	"/var/log/syslog", "/var/log/messages", "/var/log/kern.log", "/var/log/dmesg",
	"/var/log/daemon.log",
	"/etc/os-release", "/etc/resolv.conf", "/etc/fstab", "/etc/hosts",
};

/* Where names and sizes of files may be looked at: not in anybody's home. */
static const char *const folders[] = {
	"/", "/dev", "/dev/**", "/var", "/var/**", "/tmp", "/tmp/*", "/run", "/run/*", "/opt", "/opt/**",
	"/srv", "/srv/**", "/usr", "/usr/**", "/boot", "/boot/*", "/etc", "/home",
	"/proc/#/fd", "/proc/#/task", "/sys/block", "/sys/class/net", "/sys/fs/cgroup/**",
	"/sys/fs/cgroup",
};

/* What a filter of ss is made of; the rest are addresses and ports. */
static const char *const match_words[] = {
	"state", "exclude", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2",
	"time-wait", "closed", "close-wait", "last-ack", "listening", "closing", "all", "connected",
	"synchronized", "bucket", "big", "dst", "src", "dport", "sport", "=", "eq", "ne", "and", "or",
	"not",
};
/* clang-format on */

const struct command_row *command_row_find(struct str program)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_is(program, rows[i].program))
			return &rows[i];
	return NULL;
}

/* ---- kinds of values */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits and `others` only, beginning with one of the former or of `first`. */
static bool is_made_of(struct str text, const char *first, const char *others)
{
	if (!text.len || text.len > NAME_BYTES_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!is_letter(c) && !is_digit(c) && (!c || !strchr(i ? others : first, c)))
			return false;
	}
	return true;
}

static bool is_number(struct str text, uint64_t most, unsigned long *ret)
{
	uint64_t number;

	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.ptr[i]))
			return false;
	if (!str_to_u64(text, &number) || !number || number > most)
		return false;
	*ret = (unsigned long)number;
	return true;
}

static bool is_count(struct str text, struct command_span *span)
{
	unsigned long number;

	(void)span;
	return is_number(text, COUNT_MAX, &number);
}

static bool is_seconds(struct str text, struct command_span *span)
{
	return is_number(text, SECONDS_MAX, &span->seconds);
}

static bool is_times(struct str text, struct command_span *span)
{
	return is_number(text, TIMES_MAX, &span->times);
}

static bool is_pid(struct str text, struct command_span *span)
{
	unsigned long number;

	(void)span;
	return is_number(text, 1 << 22, &number);
}

static bool is_pids(struct str text, struct command_span *span)
{
	struct str head, tail = text;
	bool has_more = true;

	while (has_more) {
		has_more = str_cut(tail, ',', &head, &tail);
		if (!is_pid(head, span))
			return false;
	}
	return true;
}

static bool is_word(struct str text, struct command_span *span)
{
	(void)span;
	return is_made_of(text, "_", "_.,:@+-");
}

static bool is_fields(struct str text, struct command_span *span)
{
	(void)span;
	return is_made_of(text, "_%+-", "_.,:%+=-");
}

static bool is_time(struct str text, struct command_span *span)
{
	(void)span;
	return is_made_of(text, "-+@", " :.+-");
}

static bool is_pattern(struct str text, struct command_span *span)
{
	(void)span;
	return is_made_of(text, " _/.:=%", " _/.:=,@%+-|");
}

static bool is_interface(struct str text, struct command_span *span)
{
	(void)span;
	return text.len <= 15 && is_made_of(text, "", "_.:@-");
}

static bool is_address(struct str text, struct command_span *span)
{
	(void)span;
	if (!text.len || text.len > 50 || (!is_digit(*text.ptr) && *text.ptr != ':'))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdefABCDEF.:/", text.ptr[i]))
			return false;
	return true;
}

static bool is_match(struct str text, struct command_span *span)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_words); i++)
		if (str_is(text, match_words[i]))
			return true;
	return is_address(text, span);
}

/* TCP, UDP, :80, TCP:80 */
static bool is_socket(struct str text, struct command_span *span)
{
	if (str_starts_with(text, STR("TCP")) || str_starts_with(text, STR("UDP")))
		text = (struct str){ text.ptr + 3, text.len - 3 };
	if (!text.len)
		return true;
	return *text.ptr == ':' && is_pids((struct str){ text.ptr + 1, text.len - 1 }, span);
}

static bool is_field(struct str text, struct command_span *span)
{
	struct str name, value;

	if (!str_cut(text, '=', &name, &value) || !name.len || !is_word(value, span))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] != '_' && (name.ptr[i] < 'A' || name.ptr[i] > 'Z'))
			return false;
	return true;
}

/* What is named so is nobody's business, wherever it stands. */
static bool is_secret(struct str path)
{
	static const char *const words[] = { "key",   "secret",	 "environ", "shadow",
					     "passw", "private", "token" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_find(path, str_from(words[i])) >= 0)
			return true;
	return false;
}

static bool is_setting(struct str text, struct command_span *span)
{
	(void)span;
	return (str_starts_with(text, STR("vm.")) || str_starts_with(text, STR("fs.")) ||
		str_starts_with(text, STR("kernel.")) || str_starts_with(text, STR("net."))) &&
	       !is_secret(text) && is_made_of(text, "", "_.-");
}

static bool is_device(struct str text, struct command_span *span)
{
	(void)span;
	return str_starts_with(text, STR("/dev/")) &&
	       is_made_of((struct str){ text.ptr + 5, text.len - 5 }, "", "_-");
}

static bool is_disk(struct str text, struct command_span *span)
{
	(void)span;
	return text.len && is_letter(*text.ptr) && is_made_of(text, "", "_-");
}

static bool name_fits(struct str pattern, struct str name)
{
	unsigned long number;

	if (!is_made_of(name, "_", "_.:@+-"))
		return false;
	return str_is(pattern, "#") ? is_number(name, 1 << 22, &number) : str_glob(pattern, name);
}

/* Takes "/NAME" off. */
static struct str cut_name(struct str *path)
{
	struct str name, rest = { path->ptr + 1, path->len - 1 };

	if (!str_cut(rest, '/', &name, path))
		*path = (struct str){ rest.ptr + rest.len, 0 };
	else
		*path = (struct str){ path->ptr - 1, path->len + 1 };
	return name;
}

static bool path_fits(struct str pattern, struct str path)
{
	if (!path.len || *path.ptr != '/' || is_secret(path))
		return false;
	if (str_eq(pattern, path))
		return true;
	while (pattern.len && path.len) {
		struct str wanted = cut_name(&pattern), name = cut_name(&path);

		if (str_is(wanted, "**")) {
			while (name_fits(STR("*"), name) && path.len)
				name = cut_name(&path);
			return name_fits(STR("*"), name);
		}
		if (!name_fits(wanted, name))
			return false;
	}
	return !pattern.len && !path.len;
}

static bool is_one_of(const char *const *patterns, size_t count, struct str path)
{
	for (size_t i = 0; i < count; i++)
		if (path_fits(str_from(patterns[i]), path))
			return true;
	return false;
}

static bool is_file(struct str text, struct command_span *span)
{
	(void)span;
	return is_one_of(files, ARRAY_SIZE(files), text);
}

static bool is_folder(struct str text, struct command_span *span)
{
	(void)span;
	return is_one_of(folders, ARRAY_SIZE(folders), text);
}

bool command_value_fits(struct str kind, struct str value, struct command_span *span)
{
	static const struct {
		const char *name;
		bool (*fits)(struct str, struct command_span *);
	} kinds[] = {
		{ "ADDRESS", is_address }, { "COUNT", is_count },     { "DEVICE", is_device },
		{ "DISK", is_disk },	   { "FIELD", is_field },     { "FIELDS", is_fields },
		{ "FILE", is_file },	   { "FOLDER", is_folder },   { "INTERFACE", is_interface },
		{ "MATCH", is_match },	   { "PATTERN", is_pattern }, { "PID", is_pid },
		{ "PIDS", is_pids },	   { "SECONDS", is_seconds }, { "SETTING", is_setting },
		{ "SOCKET", is_socket },   { "TIME", is_time },	      { "TIMES", is_times },
		{ "WORD", is_word },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_is(kind, kinds[i].name))
			return kinds[i].fits(value, span);
	return false;
}
