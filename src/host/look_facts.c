#include "host/look_facts.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"

static const double second_ns = 1e9;

void look_fact(const struct look_facts *to, struct entity entity, const char *name, double number,
	       const char *unit)
{
	facts_add(to->facts, (struct fact){
				     .entity = entity,
				     .name = facts_text(to->facts, name),
				     .type = FACT_NUMBER,
				     .number = number,
				     .unit = facts_text(to->facts, unit),
				     .source = facts_text(to->facts, to->source),
			     });
}

struct entity look_entity(const struct look_facts *to, const char *kind, const char *name)
{
	return (struct entity){ to->host, facts_text(to->facts, kind),
				facts_text(to->facts, name) };
}

static struct entity the_host(const struct look_facts *to)
{
	return look_entity(to, "host", "the host");
}

/* ---- what is one number of the host */

enum how {
	AS_IS,	 /* of the last reading */
	RATE,	 /* growth a second */
	GROWTH,	 /* growth over the window */
	CHANGE,	 /* growth or fall a second */
	PRESSURE /* microseconds that were lost, as a share of the window */
};

static const struct counter {
	const char *key, *name, *unit;
	enum how how;
	double factor;
} counters[] = {
	{ "loadavg 1", "load_1", "", AS_IS, 0.01 },
	{ "loadavg 5", "load_5", "", AS_IS, 0.01 },
	{ "loadavg 15", "load_15", "", AS_IS, 0.01 },
	{ "loadavg tasks", "tasks", "", AS_IS, 1 },
	{ "stat ctxt", "context_switches", "per_s", RATE, 1 },
	{ "stat intr", "interrupts", "per_s", RATE, 1 },
	{ "stat processes", "forks", "per_s", RATE, 1 },
	{ "interrupts LOC", "interrupts_timer", "per_s", RATE, 1 },
	{ "interrupts RES", "interrupts_reschedule", "per_s", RATE, 1 },
	{ "interrupts CAL", "interrupts_call", "per_s", RATE, 1 },
	{ "interrupts TLB", "interrupts_tlb", "per_s", RATE, 1 },
	{ "softirqs NET_RX", "softirqs_net_rx", "per_s", RATE, 1 },
	{ "pressure cpu some.total", "pressure_cpu", "ratio", PRESSURE, 1 },
	{ "pressure memory some.total", "pressure_memory", "ratio", PRESSURE, 1 },
	{ "pressure memory full.total", "pressure_memory_full", "ratio", PRESSURE, 1 },
	{ "pressure io some.total", "pressure_io", "ratio", PRESSURE, 1 },
	{ "pressure io full.total", "pressure_io_full", "ratio", PRESSURE, 1 },
	{ "meminfo MemTotal", "memory_total", "bytes", AS_IS, 1 },
	{ "meminfo MemFree", "memory_free", "bytes", AS_IS, 1 },
	{ "meminfo MemAvailable", "memory_available", "bytes", AS_IS, 1 },
	{ "meminfo Cached", "memory_cache", "bytes", AS_IS, 1 },
	{ "meminfo AnonPages", "memory_anonymous", "bytes", AS_IS, 1 },
	{ "meminfo AnonPages", "memory_anonymous_growth", "bytes_per_s", CHANGE, 1 },
	{ "meminfo Shmem", "memory_shared", "bytes", AS_IS, 1 },
	{ "meminfo Slab", "memory_slab", "bytes", AS_IS, 1 },
	{ "meminfo SUnreclaim", "memory_slab_fixed", "bytes", AS_IS, 1 },
	{ "meminfo Dirty", "memory_dirty", "bytes", AS_IS, 1 },
	{ "meminfo Writeback", "memory_writeback", "bytes", AS_IS, 1 },
	{ "meminfo Committed_AS", "memory_committed", "bytes", AS_IS, 1 },
	{ "meminfo CommitLimit", "memory_commit_limit", "bytes", AS_IS, 1 },
	{ "meminfo SwapTotal", "swap_total", "bytes", AS_IS, 1 },
	{ "meminfo SwapFree", "swap_free", "bytes", AS_IS, 1 },
	{ "vmstat pswpin", "swap_in", "pages_per_s", RATE, 1 },
	{ "vmstat pswpout", "swap_out", "pages_per_s", RATE, 1 },
	{ "vmstat pgmajfault", "major_faults", "per_s", RATE, 1 },
	{ "vmstat pgfault", "page_faults", "per_s", RATE, 1 },
	{ "vmstat oom_kill", "oom_kills", "", GROWTH, 1 },
	{ "vmstat workingset_refault_file", "file_refaults", "per_s", RATE, 1 },
	{ "vmstat pgscan_direct", "direct_reclaim_pages", "per_s", RATE, 1 },
	{ "vmstat pgscan_kswapd", "kswapd_pages", "per_s", RATE, 1 },
	{ "vmstat compact_stall", "compaction_stalls", "per_s", RATE, 1 },
	{ "snmp Tcp OutSegs", "tcp_segments_out", "per_s", RATE, 1 },
	{ "snmp Tcp InSegs", "tcp_segments_in", "per_s", RATE, 1 },
	{ "snmp Tcp RetransSegs", "tcp_retransmits", "per_s", RATE, 1 },
	{ "snmp Tcp OutRsts", "tcp_resets_out", "per_s", RATE, 1 },
	{ "snmp Tcp AttemptFails", "tcp_attempt_fails", "per_s", RATE, 1 },
	{ "snmp Tcp ActiveOpens", "tcp_active_opens", "per_s", RATE, 1 },
	{ "snmp Tcp PassiveOpens", "tcp_passive_opens", "per_s", RATE, 1 },
	{ "snmp Tcp CurrEstab", "tcp_established", "", AS_IS, 1 },
	{ "snmp Udp InDatagrams", "udp_in", "per_s", RATE, 1 },
	{ "snmp Udp RcvbufErrors", "udp_buffer_errors", "per_s", RATE, 1 },
	{ "snmp Udp NoPorts", "udp_no_port", "per_s", RATE, 1 },
	{ "netstat TcpExt TCPSynRetrans", "tcp_syn_retransmits", "per_s", RATE, 1 },
	{ "netstat TcpExt TCPTimeouts", "tcp_timeouts", "per_s", RATE, 1 },
	{ "netstat TcpExt ListenOverflows", "listen_overflows", "per_s", RATE, 1 },
	{ "netstat TcpExt ListenDrops", "listen_drops", "per_s", RATE, 1 },
	{ "netstat TcpExt TW", "time_wait_made", "per_s", RATE, 1 },
	{ "netstat TcpExt TCPZeroWindowDrop", "zero_window_drops", "per_s", RATE, 1 },
	{ "sockstat TCP tw", "time_wait", "", AS_IS, 1 },
	{ "sockstat TCP orphan", "tcp_orphans", "", AS_IS, 1 },
	{ "softnet dropped", "softnet_dropped", "per_s", RATE, 1 },
	{ "softnet squeezed", "softnet_squeezed", "per_s", RATE, 1 },
	{ "sysctl fs/file-nr", "files_open", "", AS_IS, 1 },
	{ "sysctl net/netfilter/nf_conntrack_count", "conntrack", "", AS_IS, 1 },
	{ "sysctl net/netfilter/nf_conntrack_max", "conntrack_max", "", AS_IS, 1 },
};

bool look_fact_of_key(struct str key, const char **ret_name, const char **ret_unit,
		      bool *ret_is_now)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].how != CHANGE && str_is(key, counters[i].key)) {
			*ret_name = counters[i].name;
			*ret_unit = counters[i].unit;
			*ret_is_now = counters[i].how == AS_IS;
			return true;
		}
	return false;
}

static bool counter_value(const struct look_facts *to, const struct counter *counter, double *ret)
{
	const struct looks *looks = to->looks;
	uint64_t before, after, growth;

	switch (counter->how) {
	case AS_IS:
		if (!look_number(looks, looks->count - 1, counter->key, &after))
			return false;
		*ret = (double)after * counter->factor;
		return true;
	case CHANGE:
		if (to->window_s <= 0 || !look_number(looks, 0, counter->key, &before) ||
		    !look_number(looks, 1, counter->key, &after))
			return false;
		*ret = ((double)after - (double)before) / to->window_s;
		return true;
	case RATE:
	case GROWTH:
	case PRESSURE:
		break;
	}
	if (to->window_s <= 0 || !looks_growth(looks, counter->key, &growth))
		return false;
	*ret = (double)growth;
	if (counter->how == RATE)
		*ret /= to->window_s;
	else if (counter->how == PRESSURE)
		*ret = MIN(*ret / 1e6 / to->window_s, 1);
	return true;
}

static void add_counters(const struct look_facts *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		double value;

		if (counter_value(to, &counters[i], &value))
			look_fact(to, the_host(to), counters[i].name, value, counters[i].unit);
	}
}

/* ---- the CPUs */

static bool cpu_shares(const struct look_cpu *before, const struct look_cpu *after,
		       double ret[LOOK_CPU_TIMES])
{
	double sum = 0;

	for (size_t i = 0; i < LOOK_CPU_TIMES; i++) {
		/* iowait may run backwards */
		ret[i] = after->ticks[i] > before->ticks[i]
				 ? (double)(after->ticks[i] - before->ticks[i])
				 : 0;
		sum += ret[i];
	}
	for (size_t i = 0; i < LOOK_CPU_TIMES && sum > 0; i++)
		ret[i] /= sum;
	return sum > 0;
}

static void add_cpus(const struct look_facts *to)
{
	static const char *const names[] = { "cpu_user",   "cpu_nice", "cpu_system",  "cpu_idle",
					     "cpu_iowait", "cpu_irq",  "cpu_softirq", "cpu_steal" };
	const struct look *before = &to->looks->look[0], *after = &to->looks->look[1];
	double share[LOOK_CPU_TIMES], busiest = 0, idlest = 1, softest = 0;

	look_fact(to, the_host(to), "cpus", (double)after->cpus.count, "");
	if (!cpu_shares(&before->all, &after->all, share))
		return;
	for (size_t i = 0; i < LOOK_CPU_TIMES; i++)
		look_fact(to, the_host(to), names[i], share[i], "ratio");
	look_fact(to, the_host(to), "cpu_busy", 1 - share[LOOK_IDLE] - share[LOOK_IOWAIT], "ratio");
	for (size_t i = 0; i < MIN(before->cpus.count, after->cpus.count); i++) {
		double busy;

		if (!cpu_shares(&before->cpus.items[i], &after->cpus.items[i], share))
			continue;
		busy = 1 - share[LOOK_IDLE] - share[LOOK_IOWAIT];
		busiest = MAX(busiest, busy);
		idlest = MIN(idlest, busy);
		softest = MAX(softest, share[LOOK_SOFTIRQ]);
	}
	look_fact(to, the_host(to), "cpu_busiest", busiest, "ratio");
	look_fact(to, the_host(to), "cpu_idlest", idlest, "ratio");
	look_fact(to, the_host(to), "cpu_softirq_most", softest, "ratio");
}

/* ---- disks and interfaces */

static double rate(const struct look_facts *to, uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) / to->window_s : 0;
}

static double mean(uint64_t sum_before, uint64_t sum_after, uint64_t n_before, uint64_t n_after)
{
	return n_after > n_before && sum_after > sum_before
		       ? (double)(sum_after - sum_before) / (double)(n_after - n_before)
		       : 0;
}

static void add_disk(const struct look_facts *to, const struct look_disk *a,
		     const struct look_disk *b)
{
	enum { SECTOR_BYTES = 512 }; /* whatever the device's own is */
	struct entity disk = look_entity(to, "disk", interned_text(&to->looks->texts, b->name));
	double per_ms = 1 / (to->window_s * 1000);

	look_fact(to, disk, "reads", rate(to, a->reads, b->reads), "per_s");
	look_fact(to, disk, "writes", rate(to, a->writes, b->writes), "per_s");
	look_fact(to, disk, "read_bytes", SECTOR_BYTES * rate(to, a->read_sectors, b->read_sectors),
		  "bytes_per_s");
	look_fact(to, disk, "write_bytes",
		  SECTOR_BYTES * rate(to, a->write_sectors, b->write_sectors), "bytes_per_s");
	look_fact(to, disk, "read_wait", mean(a->read_ms, b->read_ms, a->reads, b->reads) * 1e6,
		  "ns");
	look_fact(to, disk, "write_wait",
		  mean(a->write_ms, b->write_ms, a->writes, b->writes) * 1e6, "ns");
	look_fact(to, disk, "flushes", rate(to, a->flushes, b->flushes), "per_s");
	look_fact(to, disk, "in_flight", (double)b->in_flight, "");
	look_fact(to, disk, "busy", MIN(rate(to, a->busy_ms, b->busy_ms) / 1000, 1.0), "ratio");
	look_fact(to, disk, "queue",
		  b->queue_ms > a->queue_ms ? (double)(b->queue_ms - a->queue_ms) * per_ms : 0, "");
}

static void add_disks(const struct look_facts *to)
{
	const struct look_disk_vec *before = &to->looks->look[0].disks;
	const struct look_disk_vec *after = &to->looks->look[1].disks;

	for (size_t i = 0; i < after->count; i++) {
		const struct look_disk *disk = &after->items[i];

		if (!disk->reads && !disk->writes)
			continue; /* never used: loop0 to loop7 */
		for (size_t k = 0; k < before->count; k++)
			if (before->items[k].name == disk->name)
				add_disk(to, &before->items[k], disk);
	}
}

static void add_interfaces(const struct look_facts *to)
{
	static const struct {
		const char *name, *unit;
	} columns[] = {
		{ "rx_bytes", "bytes_per_s" }, { "tx_bytes", "bytes_per_s" },
		{ "rx_packets", "per_s" },     { "tx_packets", "per_s" },
		{ "rx_errors", "per_s" },      { "tx_errors", "per_s" },
		{ "rx_dropped", "per_s" },     { "tx_dropped", "per_s" },
	};
	const struct interner *texts = &to->looks->texts;

	for (uint32_t id = 0; id < texts->count; id++) {
		struct str key = interned(texts, id), name, column;
		uint64_t growth;

		if (!str_starts_with(key, STR("dev ")) ||
		    !str_cut((struct str){ key.ptr + 4, key.len - 4 }, ' ', &name, &column))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
			char text[64];

			if (!str_is(column, columns[i].name) || name.len >= sizeof(text) ||
			    !looks_growth(to->looks, key.ptr, &growth))
				continue;
			memcpy(text, name.ptr, name.len);
			text[name.len] = '\0';
			look_fact(to, look_entity(to, "interface", text), columns[i].name,
				  (double)growth / to->window_s, columns[i].unit);
		}
	}
}

/* Files below /var/log that grew. */
static void add_logs(const struct look_facts *to)
{
	static const struct str area = { "log ", 4 };
	const struct interner *texts = &to->looks->texts;

	for (uint32_t id = 0; id < texts->count; id++) {
		struct str key = interned(texts, id);
		struct entity file;
		uint64_t growth, size;

		if (!str_starts_with(key, area) || !looks_growth(to->looks, key.ptr, &growth) ||
		    !growth || !look_number(to->looks, 1, key.ptr, &size))
			continue;
		file = look_entity(to, "file", key.ptr + area.len);
		look_fact(to, file, "growth", (double)growth / to->window_s, "bytes_per_s");
		look_fact(to, file, "size", (double)size, "bytes");
	}
}

/* ---- all of it */

bool looks_to_facts(const struct looks *looks, const char *host, const char *source,
		    struct facts *facts)
{
	struct look_facts to = {
		.looks = looks,
		.facts = facts,
		.host = facts_text(facts, host),
		.source = source,
		.window_s = looks_window_s(looks),
	};

	if (!looks->count)
		return false;
	add_counters(&to);
	/* Ages of messages count to here: what ended before the first reading is history. */
	look_fact(&to, the_host(&to), "uptime", looks->look[0].begin_s * second_ns, "ns");
	if (looks->count < LOOKS || to.window_s <= 0)
		return false;
	look_fact(&to, the_host(&to), "window", to.window_s * second_ns, "ns");
	add_cpus(&to);
	add_disks(&to);
	add_interfaces(&to);
	add_logs(&to);
	look_processes_to_facts(&to);
	look_cgroups_to_facts(&to);
	return true;
}
