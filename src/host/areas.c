#include "host/host.h"

#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "host/collect.h"
#include "host/lsof.h"

/* A fact that shows that something was looked at: of any entity of that kind, or of one. */
struct sight {
	const char *kind, *fact, *name;
};

/* What a host is judged by. The ids of findings begin with one of the words of `findings`. */
static const struct area {
	const char *name, *findings[8];
	struct sight sights[3];
	const char *fine, *missing, *run;
} areas[] = {
	{ "cpu",
	  { "cpu_" },
	  { { "host", "cpu_busy", NULL } },
	  "nothing that keeps the CPUs busy is in the way",
	  "nothing here shows what the CPUs do",
	  "top -b -d 2 -n 4" },
	{ "memory",
	  { "mem_", "oom_", "swap_" },
	  { { "host", "memory_available", NULL } },
	  "memory is available, and swap does not grow",
	  "nothing here shows how much memory is available",
	  "top -b -d 2 -n 4" },
	{ "processes",
	  { "zombies", "proc_", "crash", "frozen" },
	  { { "host", "tasks", NULL } },
	  "no pile of zombies and no stopped processes",
	  "nothing here lists processes",
	  "top -b -d 2 -n 4" },
	{ "disk",
	  { "disk_", "io_", "log_flood" },
	  { { "device", "util", NULL }, { "disk", "busy", NULL } },
	  "no device is slow or has a long queue",
	  "nothing here shows the devices (top only shows waiting)",
	  "iostat -xz 1 5" },
	{ "filesystems",
	  { "fs_" },
	  { { "mount", "used", NULL }, { "mount", "space_used", NULL } },
	  "none is full or in trouble",
	  "nothing here shows how full they are",
	  "df -h; df -i" },
	{ "network",
	  { "net_", "dns_", "tcp_", "udp_" },
	  { { "host", "segments_out", NULL }, { "host", "tcp_segments_out", NULL } },
	  "no losses, refusals or full queues to speak of",
	  "nothing here shows drops and retransmits",
	  "nstat -az; ss -s" },
	{ "limits",
	  { "fd_", "pids_", "cpu_cgroup_", "disk_cg_" },
	  { { "cgroup", "usage", NULL }, { "process", "files_limit", NULL } },
	  "no process and no group is at a limit of its own",
	  "nothing here shows the limits of containers",
	  "systemd-cgtop -b -n 2" },
	{ "kernel messages",
	  { "kernel_", "hw_", "crash", "hung_", "disk_", "mem_oom" },
	  { { "input", "kernel_end", NULL }, { "collector", "collected", "kernel-log" } },
	  "the kernel log holds none of the messages that mean trouble",
	  "no kernel log was read",
	  "dmesg -T" },
};

static bool is_seen(const struct facts *facts, const struct sight *sight)
{
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->type != FACT_ABSENT &&
		    !strcmp(facts_str(facts, fact->name), sight->fact) &&
		    !strcmp(facts_str(facts, fact->entity.kind), sight->kind) &&
		    (!sight->name || !strcmp(facts_str(facts, fact->entity.name), sight->name)))
			return true;
	}
	return false;
}

static bool is_known(const struct facts *facts, const struct area *area)
{
	for (size_t i = 0; i < ARRAY_SIZE(area->sights) && area->sights[i].kind; i++)
		if (is_seen(facts, &area->sights[i]))
			return true;
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

/* What a look was to bring and did not, or not whole. */
static size_t add_collectors(const struct facts *facts, struct host_area *ret, size_t count,
			     size_t max)
{
	for (size_t i = 0; i < facts->facts.count && count < max; i++) {
		const struct fact *fact = &facts->facts.items[i];
		const struct collector *collector;

		if (strcmp(facts_str(facts, fact->entity.kind), "collector") ||
		    strcmp(facts_str(facts, fact->name), "collected") ||
		    (fact->type == FACT_TEXT && !strcmp(facts_str(facts, fact->text), "whole")))
			continue;
		collector = collector_find(facts_str(facts, fact->entity.name));
		ret[count++] = (struct host_area){ collector ? collector->what
							     : facts_str(facts, fact->entity.name),
						   HOST_NOT_CHECKED, facts_str(facts, fact->text),
						   facts_str(facts, fact->source) };
	}
	return count;
}

static struct entity the_host(const struct facts *facts)
{
	struct entity host = { 0 };

	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (!strcmp(facts_str(facts, fact->name), "frames"))
			return fact->entity;
		if (!host.name && !strcmp(facts_str(facts, fact->entity.kind), "host"))
			host = fact->entity;
	}
	return host;
}

size_t host_areas(const struct facts *facts, struct host_area *ret, size_t max)
{
	struct entity host = the_host(facts);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(areas) && count < max; i++) {
		const struct area *area = &areas[i];
		struct host_area *to = &ret[count++];

		*to = (struct host_area){ area->name, HOST_NOT_CHECKED, area->missing, area->run };
		if (is_suspect(facts, area))
			*to = (struct host_area){ area->name, HOST_SUSPECT, NULL, NULL };
		else if (!is_known(facts, area))
			continue;
		else if (doubt(facts, host, area->name))
			to->reason = doubt(facts, host, area->name);
		else
			*to = (struct host_area){ area->name, HOST_EXONERATED, area->fine, NULL };
	}
	return add_collectors(facts, ret, count, max);
}

/* How long ago a message was counts from the end of its log; where the machine's uptime is known
 * the kernel's clock goes on to it. */
void host_finish(struct facts *facts)
{
	double uptime = 0;

	lsof_finish(facts);
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
