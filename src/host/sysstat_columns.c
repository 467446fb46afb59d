#include "host/sysstat.h"

#include "base/macros.h"

/* clang-format off */
#define SHARE(heading, fact)  { heading, fact, "ratio", 0.01, SUM_MEAN, NULL }
#define RATE(heading, fact)   { heading, fact, "per_s", 1, SUM_MEAN, NULL }
#define KILO(heading, fact)   { heading, fact, "bytes_per_s", 1024, SUM_MEAN, NULL }
#define MEGA(heading, fact)   { heading, fact, "bytes_per_s", 1048576, SUM_MEAN, NULL }
#define SECTOR(heading, fact) { heading, fact, "bytes_per_s", 512, SUM_MEAN, NULL }
#define KB_NOW(heading, fact) { heading, fact, "bytes", 1024, SUM_LAST, NULL }
#define NOW(heading, fact)    { heading, fact, "", 1, SUM_LAST, NULL }
#define MS(heading, fact)     { heading, fact, "ns", 1e6, SUM_PRESENT, NULL }
#define CPUS(heading, fact)   { heading, fact, "CPUs", 0.01, SUM_MEAN, NULL }

static const struct sheet_column host_columns[] = {
	/* iostat's avg-cpu */
	SHARE("%user", "cpu_user"), SHARE("%nice", "cpu_nice"), SHARE("%system", "cpu_system"),
	SHARE("%iowait", "cpu_iowait"), SHARE("%steal", "cpu_steal"), SHARE("%idle", "cpu_idle"),
	/* sar -w, -W, -B */
	RATE("proc/s", "forks"), RATE("cswch/s", "context_switches"), RATE("intr/s", "interrupts"),
	{ "pswpin/s", "swap_in", "pages_per_s", 1, SUM_MEAN, NULL },
	{ "pswpout/s", "swap_out", "pages_per_s", 1, SUM_MEAN, NULL },
	KILO("pgpgin/s", "paged_in"), KILO("pgpgout/s", "paged_out"),
	RATE("fault/s", "page_faults"), RATE("majflt/s", "major_faults"),
	RATE("pgscank/s", "kswapd_pages"), RATE("pgscand/s", "direct_reclaim_pages"),
	/* sar -r, -S */
	KB_NOW("kbmemfree", "memory_free"), KB_NOW("kbavail", "memory_available"),
	KB_NOW("kbmemused", "memory_used"), KB_NOW("kbbuffers", "memory_buffers"),
	KB_NOW("kbcached", "memory_cache"), KB_NOW("kbcommit", "memory_committed"),
	KB_NOW("kbdirty", "memory_dirty"), KB_NOW("kbanonpg", "memory_anonymous"),
	KB_NOW("kbslab", "memory_slab"), KB_NOW("kbswpfree", "swap_free"),
	KB_NOW("kbswpused", "swap_used"),
	{ "%memused", "memory_used_share", "ratio", 0.01, SUM_LAST, NULL },
	/* sar -q, -v */
	{ "runq-sz", "tasks_running", "tasks", 1, SUM_MEAN, NULL },
	{ "blocked", "tasks_blocked", "tasks", 1, SUM_MEAN, NULL },
	{ "plist-sz", "tasks_total", "tasks", 1, SUM_LAST, NULL },
	NOW("ldavg-1", "load_1"), NOW("ldavg-5", "load_5"), NOW("ldavg-15", "load_15"),
	NOW("file-nr", "files_open"),
	/* sar -n TCP,ETCP,UDP,SOCK */
	RATE("active/s", "tcp_active_opens"), RATE("passive/s", "tcp_passive_opens"),
	RATE("iseg/s", "tcp_segments_in"), RATE("oseg/s", "tcp_segments_out"),
	RATE("atmptf/s", "tcp_attempt_fails"), RATE("orsts/s", "tcp_resets_out"),
	{ "retrans/s", "tcp_retransmits", "per_s", 1, SUM_MEAN, "atmptf/s" }, /* NFS has one too */
	RATE("idgm/s", "udp_in"), RATE("odgm/s", "udp_out"), RATE("noport/s", "udp_no_port"),
	RATE("idgmerr/s", "udp_in_errors"), NOW("tcpsck", "tcp_sockets"), NOW("tcp-tw", "time_wait"),
	/* sar -q PSI: the share over the interval, not the kernel's averages */
	SHARE("%scpu", "pressure_cpu"), SHARE("%sio", "pressure_io"), SHARE("%fio", "pressure_io_full"),
	SHARE("%smem", "pressure_memory"), SHARE("%fmem", "pressure_memory_full"),
};

static const struct sheet_column cpu_columns[] = {
	SHARE("%usr", "cpu_user"), SHARE("%user", "cpu_user"), SHARE("%nice", "cpu_nice"),
	SHARE("%sys", "cpu_system"), SHARE("%system", "cpu_system"), SHARE("%iowait", "cpu_iowait"),
	SHARE("%irq", "cpu_irq"), SHARE("%soft", "cpu_softirq"), SHARE("%steal", "cpu_steal"),
	SHARE("%idle", "cpu_idle"), SHARE("%guest", "cpu_guest"), SHARE("%gnice", "cpu_guest_nice"),
	RATE("intr/s", "interrupts"),
	RATE("LOC/s", "interrupts_timer"), RATE("RES/s", "interrupts_reschedule"),
	RATE("CAL/s", "interrupts_call"), RATE("TLB/s", "interrupts_tlb"),
	RATE("NET_RX/s", "softirqs_net_rx"),
	RATE("dropd/s", "softnet_dropped"), RATE("squeezd/s", "softnet_squeezed"),
};

static const struct sheet_column disk_columns[] = {
	RATE("r/s", "reads"), RATE("w/s", "writes"), RATE("d/s", "discards"), RATE("f/s", "flushes"),
	RATE("tps", "transfers"),
	KILO("rkB/s", "read_bytes"), MEGA("rMB/s", "read_bytes"), SECTOR("rsec/s", "read_bytes"),
	SECTOR("rd_sec/s", "read_bytes"), KILO("kB_read/s", "read_bytes"), MEGA("MB_read/s", "read_bytes"),
	SECTOR("Blk_read/s", "read_bytes"), SECTOR("Blk_read", NULL),
	KILO("wkB/s", "write_bytes"), MEGA("wMB/s", "write_bytes"), SECTOR("wsec/s", "write_bytes"),
	SECTOR("wr_sec/s", "write_bytes"), KILO("kB_wrtn/s", "write_bytes"),
	MEGA("MB_wrtn/s", "write_bytes"), SECTOR("Blk_wrtn/s", "write_bytes"),
	KILO("dkB/s", "discard_bytes"), MEGA("dMB/s", "discard_bytes"),
	MS("r_await", "read_wait"), MS("w_await", "write_wait"), MS("f_await", "flush_wait"),
	MS("await", "wait"),
	{ "aqu-sz", "queue", "", 1, SUM_MEAN, NULL }, { "avgqu-sz", "queue", "", 1, SUM_MEAN, NULL },
	SHARE("%util", "busy"),
};

static const struct sheet_column interface_columns[] = {
	RATE("rxpck/s", "rx_packets"), RATE("txpck/s", "tx_packets"),
	KILO("rxkB/s", "rx_bytes"), KILO("txkB/s", "tx_bytes"),
	{ "rxbyt/s", "rx_bytes", "bytes_per_s", 1, SUM_MEAN, NULL },
	{ "txbyt/s", "tx_bytes", "bytes_per_s", 1, SUM_MEAN, NULL },
	SHARE("%ifutil", "busy"), RATE("rxerr/s", "rx_errors"), RATE("txerr/s", "tx_errors"),
	RATE("rxdrop/s", "rx_dropped"), RATE("txdrop/s", "tx_dropped"), RATE("coll/s", "collisions"),
	RATE("rxfifo/s", "rx_fifo_errors"), RATE("txfifo/s", "tx_fifo_errors"),
};

static const struct sheet_column task_columns[] = {
	CPUS("%usr", "cpu_user"), CPUS("%user", "cpu_user"), CPUS("%system", "cpu_system"),
	CPUS("%wait", "wait"), CPUS("%CPU", "cpu"),
	RATE("minflt/s", "page_faults"), RATE("majflt/s", "major_faults"), KB_NOW("RSS", "resident"),
	{ "%MEM", "memory", "ratio", 0.01, SUM_LAST, NULL },
	KILO("kB_rd/s", "read_bytes"), KILO("kB_wr/s", "write_bytes"),
	RATE("cswch/s", "switches_voluntary"), RATE("nvcswch/s", "switches_forced"),
	NOW("threads", "threads"), NOW("fd-nr", "files_open"), NOW("prio", "realtime_priority"),
};

static const struct sheet_column interrupt_columns[] = {
	RATE("all", "interrupts"), RATE("intr/s", "interrupts"),
};

/* clang-format on */

#define COLUMNS(entity, table)                                                                     \
	{                                                                                          \
		entity, table, ARRAY_SIZE(table)                                                   \
	}

const struct sheet_columns sheet_columns[] = {
	[SHEET_HOST] = COLUMNS("host", host_columns),
	[SHEET_CPU] = COLUMNS("cpu", cpu_columns),
	[SHEET_DISK] = COLUMNS("disk", disk_columns),
	[SHEET_INTERFACE] = COLUMNS("interface", interface_columns),
	[SHEET_TASK] = COLUMNS("process", task_columns),
	[SHEET_INTERRUPT] = COLUMNS("interrupt", interrupt_columns),
	[SHEET_OTHER] = { "", NULL, 0 },
};
