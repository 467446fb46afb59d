#include "host/host.h"

#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

/*
 * What a host is judged by, and which fact shows that it was looked at. The ids of findings begin
 * with one of the words of `findings`. Rows without a fact come with the parsers that bring one.
 */
static const struct area {
	const char *name, *findings[6];
	const char *kind, *fact; /* known of some entity of that kind: it was looked at */
	const char *fine, *missing, *run;
} areas[] = {
	{ "cpu",
	  { "cpu_" },
	  "host",
	  "cpu_busy",
	  "the CPU line and the processes of top show nothing that is in the way",
	  "nothing here shows what the CPUs do",
	  "top -b -d 2 -n 4" },
	{ "memory",
	  { "mem_", "oom_" },
	  "host",
	  "memory_available",
	  "memory is available, and swap does not grow",
	  "nothing here shows how much memory is available",
	  "top -b -d 2 -n 4" },
	{ "processes",
	  { "zombies", "proc_", "crash" },
	  "host",
	  "tasks",
	  "no pile of zombies and no stopped processes",
	  "nothing here lists processes",
	  "top -b -d 2 -n 4" },
	{ "disk",
	  { "disk_", "io_" },
	  "device",
	  "util",
	  "",
	  "nothing here shows the devices (top only shows waiting)",
	  "iostat -xz 1 5" },
	{ "filesystems",
	  { "fs_" },
	  "mount",
	  "used",
	  "",
	  "nothing here shows how full they are",
	  "df -h; df -i" },
	{ "network",
	  { "net_", "dns_" },
	  "host",
	  "segments_out",
	  "",
	  "nothing here shows drops and retransmits",
	  "nstat -az; ss -s" },
	{ "limits",
	  { "fd_", "pids_" },
	  "cgroup",
	  "usage",
	  "",
	  "nothing here shows the limits of containers",
	  "systemd-cgtop -b -n 2" },
	{ "kernel messages",
	  { "kernel_", "hw_", "crash", "hung_", "disk_", "mem_oom" },
	  "input",
	  "kernel_end",
	  "the kernel log holds none of the messages that mean trouble",
	  "no kernel log is among the files",
	  "dmesg -T" },
};

static bool is_known(const struct facts *facts, const char *kind, const char *name)
{
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->type == FACT_NUMBER && !strcmp(facts_str(facts, fact->name), name) &&
		    !strcmp(facts_str(facts, fact->entity.kind), kind))
			return true;
	}
	return false;
}

static bool is_suspect(const struct facts *facts, const struct area *area)
{
	for (size_t i = 0; i < facts->findings.count; i++) {
		struct str rule = interned(&facts->texts, facts->findings.items[i].rule);

		for (size_t k = 0; k < ARRAY_SIZE(area->findings) && area->findings[k]; k++)
			if (str_starts_with(rule, str_from(area->findings[k])))
				return true;
	}
	return false;
}

/* Nothing that rules found is not yet fine: why it is not, NULL where it is. */
static const char *doubt(const struct facts *facts, struct entity host, const char *area)
{
	double busy =
		facts_value(facts, host, "cpu_busy", 0) - facts_value(facts, host, "cpu_nice", 0);
	double available = facts_value(facts, host, "memory_available", 0);

	if (strcmp(area, "cpu") == 0) {
		if (facts_value(facts, host, "frames", 2) < 2)
			return "one screen of top is a fraction of a second, or since boot";
		if (busy >= 0.8)
			return "the CPUs are busy, and it does not show who is to blame";
	}
	if (strcmp(area, "memory") == 0 &&
	    available < 0.1 * facts_value(facts, host, "memory_total", 0))
		return "little is available; whether that hurts it does not show";
	return NULL;
}

size_t host_areas(const struct facts *facts, struct host_area *ret, size_t max)
{
	struct entity host = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < facts->facts.count && !host.name; i++)
		if (!strcmp(facts_str(facts, facts->facts.items[i].name), "frames"))
			host = facts->facts.items[i].entity;
	for (size_t i = 0; i < ARRAY_SIZE(areas) && count < max; i++) {
		const struct area *area = &areas[i];
		struct host_area *to = &ret[count++];

		*to = (struct host_area){ area->name, HOST_NOT_CHECKED, area->missing, area->run };
		if (is_suspect(facts, area))
			*to = (struct host_area){ area->name, HOST_SUSPECT, NULL, NULL };
		else if (!is_known(facts, area->kind, area->fact))
			continue;
		else if (doubt(facts, host, area->name))
			to->reason = doubt(facts, host, area->name);
		else
			*to = (struct host_area){ area->name, HOST_EXONERATED, area->fine, NULL };
	}
	return count;
}

/* How long ago a message was counts from the end of its log; where the machine's uptime is known
 * the kernel's clock goes on to it. */
void host_finish(struct facts *facts)
{
	double uptime = 0;

	for (size_t i = 0; i < facts->facts.count; i++)
		if (!strcmp(facts_str(facts, facts->facts.items[i].name), "uptime"))
			uptime = facts->facts.items[i].number;
	for (size_t i = 0; i < facts->facts.count && uptime > 0; i++) {
		struct fact *fact = &facts->facts.items[i];
		struct str name = interned(&facts->texts, fact->name);
		auto_free char *source = x_strdup(facts_str(facts, fact->source));
		double end;

		if (!str_ends_with(name, STR("_age")) || fact->type != FACT_NUMBER)
			continue;
		end = facts_value(facts, facts_entity(facts, "input", source), "kernel_end", 0);
		if (end > 0 && uptime > end)
			fact->number += uptime - end;
	}
}
