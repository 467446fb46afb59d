#include "host/log_known.h"

#include <ctype.h>
#include <string.h>

#include "base/macros.h"

/*
 * Of a pattern, "*" stands for anything and "{}" for the entity's name: up to the text that
 * follows; the last word in front of it where the pattern begins with it, the first one where it
 * ends with it. Without "{}" a program's line is about the program that wrote it.
 */
struct known {
	const char *fact, *kind, *pattern;
};

/* clang-format off */
static const struct known known[] = {
	/* memory */
	{ "oom_kills_cgroup", "cgroup", "oom-kill:constraint=CONSTRAINT_MEMCG*oom_memcg={}," },
	{ "oom_kills_cgroup", "process", "Memory cgroup out of memory: Kill* process * ({})" },
	{ "oom_kills", "process", "Out of memory: Kill* process * ({})" },
	{ "allocation_failures", "process", "{}: page allocation failure: order:" },
	{ "heap_exhausted", "program", "java.lang.OutOfMemoryError" },
	/* crashes */
	{ "crashes", "program", "{}[*]: segfault at " },
	{ "crashes", "program", "traps: {}[*] trap " },
	{ "crashes", "program", "traps: {}[*] general protection" },
	{ "kernel_bugs", "host", "BUG: unable to handle " },
	{ "kernel_bugs", "host", "BUG: kernel NULL pointer" },
	{ "kernel_bugs", "host", "kernel BUG at " },
	{ "kernel_bugs", "host", "general protection fault, " },
	{ "kernel_bugs", "host", "Kernel panic - not syncing" },
	{ "hung_tasks", "process", "INFO: task {}:* blocked for more than " },
	{ "soft_lockups", "process", "soft lockup - CPU#* stuck for *[{}:" },
	{ "rcu_stalls", "host", "rcu*self-detected stall" },
	{ "rcu_stalls", "host", "rcu*detected stalls on CPUs" },
	/* disks and filesystems */
	{ "io_errors", "device", "Buffer I/O error on dev* {}, " },
	{ "io_errors", "device", "I/O error, dev {}, " },
	{ "io_errors", "device", "critical medium error, dev {}, " },
	{ "io_errors", "device", "{}: exception Emask " },
	{ "io_errors", "device", "nvme {}: I/O * timeout, " },
	{ "fs_errors", "device", "EXT4-fs error (device {})" },
	{ "fs_errors", "device", "BTRFS error (device {})" },
	{ "fs_errors", "device", "BTRFS critical (device {})" },
	{ "fs_errors", "device", "XFS ({}): Metadata corruption detected" },
	{ "fs_readonly", "device", "EXT4-fs ({}): Remounting filesystem read-only" },
	{ "fs_readonly", "device", "XFS ({}): *hutting down filesystem" },
	{ "fs_readonly", "device", "XFS ({}): *hut down" },
	{ "raid_failures", "device", "md/raid*:{}: Disk failure on " },
	{ "nfs_stalls", "server", "nfs: server {} not responding" },
	{ "no_space", "program", "No space left on device" },
	{ "no_space", "program", "ENOSPC" },
	/* limits */
	{ "fd_exhausted", "program", "Too many open files" },
	{ "fd_exhausted", "program", "EMFILE" },
	{ "file_max_reached", "host", "VFS: file-max limit * reached" },
	{ "forks_rejected", "cgroup", "cgroup: fork rejected by pids controller in {}" },
	{ "too_many_connections", "program", "too many clients already" },
	{ "too_many_connections", "program", "remaining connection slots are reserved" },
	{ "too_many_connections", "program", "Too many connections" },
	{ "worker_connections", "program", "worker_connections are not enough" },
	/* hardware */
	{ "edac_uncorrected", "host", "EDAC * UE " },
	{ "edac_corrected", "host", "EDAC * CE " },
	{ "machine_checks", "host", "Machine check events logged" },
	{ "machine_checks", "host", "mce: [Hardware Error]" },
	{ "thermal_throttles", "host", "cpu clock throttled" },
	/* network */
	{ "conntrack_full", "host", "nf_conntrack: table full, dropping packet" },
	{ "syn_flooding", "port", "ossible SYN flooding on port {}. " },
	{ "link_downs", "interface", "{}: NIC Link is Down" },
	{ "link_downs", "interface", "{}: Link is Down" },
	{ "link_downs", "interface", "{}: Link is down" },
	{ "link_downs", "interface", "{}: link down" },
	{ "link_downs", "interface", "{}: Lost carrier" },
	{ "neighbour_overflow", "host", "neighbor table overflow" },
	{ "neighbour_overflow", "host", "neighbour table overflow" },
	{ "tcp_memory", "host", "TCP: out of memory -- consider tuning tcp_mem" },
	{ "refused", "program", "onnection refused" },
	{ "refused", "program", "ECONNREFUSED" },
	{ "name_failures", "program", "Temporary failure in name resolution" },
	{ "name_failures", "program", "ame or service not known" },
	{ "name_failures", "program", ": no such host" },
	{ "name_failures", "program", "EAI_AGAIN" },
	{ "no_local_port", "program", "annot assign requested address" },
	{ "no_local_port", "program", "EADDRNOTAVAIL" },
	{ "upstream_timeouts", "program", "upstream timed out" },
	{ "cert_expired", "program", "certificate has expired" },
	{ "cert_expired", "program", "certificate expired" },
	/* services */
	{ "service_failures", "service", "{}: Failed with result " },
	{ "service_restarts", "service", "{}: Scheduled restart job" },
	{ "suppressed", "service", "uppressed * messages from {}" },
	{ "failed_logins", "peer", "Failed password for * from {} port " },
};
/* clang-format on */

enum { MAX_NAME = 120 };

/* Where `literal` stands at or behind `from`, or -1. */
static ptrdiff_t find_from(struct str text, size_t from, struct str literal)
{
	ptrdiff_t at = str_find((struct str){ text.ptr + from, text.len - from }, literal);

	return at < 0 ? -1 : at + (ptrdiff_t)from;
}

static struct str last_word(struct str text)
{
	size_t at = text.len;

	while (at && !isspace((unsigned char)text.ptr[at - 1]))
		at--;
	return (struct str){ text.ptr + at, text.len - at };
}

static struct str first_word(struct str text)
{
	struct str word = { text.ptr, 0 };

	str_next_word(&text, &word);
	while (word.len && strchr(".,;:", word.ptr[word.len - 1]))
		word.len--;
	return word;
}

static bool is_name(struct str name)
{
	return name.len > 0 && name.len <= MAX_NAME;
}

/* Literals in their order, with what lies between them. */
static bool fits(const char *pattern, struct str text, struct str *ret_name)
{
	struct str rest = str_from(pattern);
	size_t at = 0;
	bool wants_name = false, from_start = false;

	*ret_name = (struct str){ 0 };
	while (rest.len) {
		struct str literal = rest;
		ptrdiff_t found;

		if (*rest.ptr == '*') {
			rest = (struct str){ rest.ptr + 1, rest.len - 1 };
			continue;
		}
		if (str_starts_with(rest, STR("{}"))) {
			wants_name = true;
			from_start = rest.ptr == pattern;
			rest = (struct str){ rest.ptr + 2, rest.len - 2 };
			continue;
		}
		literal.len = 0;
		while (literal.len < rest.len && rest.ptr[literal.len] != '*' &&
		       rest.ptr[literal.len] != '{')
			literal.len++;
		found = find_from(text, at, literal);
		if (found < 0)
			return false;
		if (wants_name) {
			*ret_name = (struct str){ text.ptr + at, (size_t)found - at };
			if (from_start)
				*ret_name = last_word(*ret_name);
			if (!is_name(*ret_name))
				return false;
			wants_name = false;
		}
		at = (size_t)found + literal.len;
		rest = (struct str){ rest.ptr + literal.len, rest.len - literal.len };
	}
	if (wants_name) {
		*ret_name = first_word((struct str){ text.ptr + at, text.len - at });
		return is_name(*ret_name);
	}
	return true;
}

uint32_t log_known_find(struct str text)
{
	struct str name;

	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++)
		if (fits(known[i].pattern, text, &name))
			return i + 1;
	return 0;
}

const char *log_known_fact(uint32_t row)
{
	return known[row - 1].fact;
}

/* "sshd[123]: ...", "postgres: ...": who wrote the line. */
static struct str program_of(struct str text)
{
	struct str word = STR("");
	size_t length = 0;

	str_next_word(&text, &word);
	while (length < word.len &&
	       (isalnum((unsigned char)word.ptr[length]) || strchr("._-/@", word.ptr[length])))
		length++;
	if (!length || length >= word.len || (word.ptr[length] != '[' && word.ptr[length] != ':') ||
	    word.ptr[word.len - 1] != ':' || isdigit((unsigned char)word.ptr[0]))
		return (struct str){ 0 };
	return (struct str){ word.ptr, length };
}

const char *log_known_entity(uint32_t row, struct str text, struct str *ret_name)
{
	const struct known *message = &known[row - 1];

	if (!fits(message->pattern, text, ret_name))
		*ret_name = (struct str){ 0 };
	if (!ret_name->len && strcmp(message->kind, "program") == 0)
		*ret_name = program_of(text);
	return message->kind;
}
