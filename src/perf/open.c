#include "perf/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "perf/attr.h"
#include "perf/open_error.h"
#include "perf/open_ladder.h"
#include "pmu/event.h"

enum {
	RING_PAGES_MIN = 8,
	RING_PAGES_USER = 512, /* what is tried without privilege; it is halved until it fits */
	RING_BYTES_ROOT = 16 << 20,   /* a quarter of a second of 64 KB dumps at 999 Hz */
	RINGS_BYTES_ROOT = 512 << 20, /* of all CPUs together: machines with many have less each */
	SIDE_PAGES_MAX = 256,
	SIDE_WAKEUP_BYTES = 1024, /* what the start of a program takes */
	DUMP_BYTES_MAX = 65528,	  /* 65535 and 65536 are EINVAL */
	DUMP_BYTES_MIN = 1024,
	DUMPS_PER_RING = 48,   /* at least */
	RINGS_PER_SECOND = 10, /* a ring of a busy CPU is to last a tenth of a second */
	CPUS_MAX = 8192,
};

uint64_t perf_dump_registers(void)
{
#if defined(__x86_64__)
	return 0xff0fff; /* all but the four data segments, which cannot be had */
#elif defined(__aarch64__)
	return (UINT64_C(1) << 33) - 1;
#else
	return 0;
#endif
}

/* "0-3,8" */
static bool parse_cpu_list(struct str text, struct perf_events *events)
{
	struct str item;
	bool more = true;

	while (more) {
		struct str first, last;
		uint64_t from, to;

		more = str_cut(text, ',', &item, &text);
		if (!str_cut(item, '-', &first, &last))
			last = first;
		if (!str_to_u64(first, &from) || !str_to_u64(last, &to) || to < from ||
		    to >= CPUS_MAX)
			return false;
		for (uint64_t cpu = from; cpu <= to && events->cpu_count < CPUS_MAX; cpu++) {
			events->cpus = x_reallocarray(events->cpus, events->cpu_count + 1,
						      sizeof(*events->cpus));
			events->cpus[events->cpu_count++] = (int)cpu;
		}
	}
	return events->cpu_count > 0;
}

static void find_cpus(struct perf_events *events)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read("/sys/devices/system/cpu/online", 65536, &text);
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	if (!error && parse_cpu_list(str_trim(strbuf_str(&text)), events))
		return;
	free(events->cpus);
	events->cpu_count = (size_t)MAX(count, 1);
	events->cpus = x_calloc(events->cpu_count, sizeof(*events->cpus));
	for (size_t i = 0; i < events->cpu_count; i++)
		events->cpus[i] = (int)i;
}

/* Each thread needs two descriptors per CPU. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void set_common(const struct perf_open_options *options, struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->sample_type |= PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			     PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD;
	attr->read_format = PERF_FORMAT_ID | PERF_FORMAT_LOST;
	attr->sample_id_all = 1;
	attr->disabled = 1;
	attr->inherit = !options->system_wide && !options->no_inherit;
	attr->exclude_guest = 1;
	if (options->clock_id >= 0) {
		attr->use_clockid = 1;
		attr->clockid = options->clock_id;
	}
	attr->watermark = 1;
}

static void set_sampling(const struct perf_open_options *options, struct perf_event_attr *attr)
{
	set_common(options, attr);
	attr->enable_on_exec = options->enable_on_exec;
	if (options->period) {
		attr->sample_period = options->period;
	} else {
		attr->freq = 1;
		attr->sample_freq = options->frequency_hz;
	}
	if (options->chain != PERF_CHAIN_NONE)
		attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
	if (options->chain == PERF_CHAIN_DUMP) {
		attr->sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
		attr->exclude_callchain_user = 1;
		attr->sample_regs_user = perf_dump_registers();
		attr->sample_stack_user =
			options->dump_bytes ? options->dump_bytes : DUMP_BYTES_MAX;
	}
}

/*
 * No attr.build_id: while it is asked for, Linux (seen with 6.18) marks everybody's mmap records as
 * holding a build-id, and a perf record beside us aborts. The files tell their build-ids.
 */
static void set_side_band(const struct perf_open_options *options, struct perf_event_attr *attr)
{
	set_common(options, attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_DUMMY;
	attr->sample_period = 1;
	attr->mmap = attr->mmap2 = attr->comm = attr->comm_exec = attr->task = 1;
	attr->mmap_data = options->data_maps;
	attr->ksymbol = attr->bpf_event = 1;
}

static struct error *plan_events(const struct perf_open_options *options,
				 struct perf_events *events)
{
	static const char *const usual[] = { "cycles", "cpu-clock" };
	const char *const *names = options->event_names;
	size_t count = options->event_count;

	if (!count) {
		names = &usual[pmu_cpu_present() ? 0 : 1];
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		struct perf_event_attr attr = { 0 };

		TRY(pmu_event_parse(str_from(names[i]), &attr));
		if (!options->event_count && attr.type == PERF_TYPE_HARDWARE)
			attr.precise_ip = 3;
		set_sampling(options, &attr);
		perf_evsel_vec_push(&events->evsels, (struct perf_evsel){ .attr = attr });
	}
	events->side_evsel = (uint32_t)count;
	perf_evsel_vec_push(&events->evsels, (struct perf_evsel){ 0 });
	set_side_band(options, &events->evsels.items[count].attr);
	return NULL;
}

int perf_event_open_fd(struct perf_event_attr *attr, int32_t tid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Asks with the first thread and CPU how far the kernel goes along with the events. */
static struct error *settle_events(struct perf_events *events, int32_t tid, struct strbuf *notes)
{
	bool has_clock = true;

	for (size_t i = 0; i < events->evsels.count; i++) {
		struct perf_event_attr *attr = &events->evsels.items[i].attr;

		TRY(perf_ladder_settle(attr, tid, events->cpus[0], i == events->side_evsel, notes));
		has_clock &= attr->use_clockid;
	}
	/* one clock for all: events of two clocks cannot share a ring, nor be put in order */
	for (size_t i = 0; !has_clock && i < events->evsels.count; i++) {
		events->evsels.items[i].attr.use_clockid = 0;
		events->evsels.items[i].attr.clockid = 0;
	}
	return NULL;
}

static void add_id(struct perf_evsel *evsel, int fd)
{
	uint64_t id = 0;

	if (ioctl(fd, PERF_EVENT_IOC_ID, &id) != 0)
		return;
	evsel->ids = x_reallocarray(evsel->ids, evsel->id_count + 1, sizeof(*evsel->ids));
	evsel->ids[evsel->id_count++] = id;
}

static struct perf_ring *ring_of(struct perf_events *events, const struct perf_event_fd *fd)
{
	return &events->rings[fd->cpu_index +
			      (fd->evsel == events->side_evsel ? events->cpu_count : 0)];
}

/* A generic hardware event on a CPU of another kind than the first one is that PMU's. */
static int open_on_other_kind(const struct perf_event_attr *attr, int32_t tid, int cpu)
{
	uint32_t types[8];
	size_t count = pmu_hybrid_types(types, ARRAY_SIZE(types));
	int fd = -1;

	for (size_t i = 0; i < count && fd < 0; i++) {
		struct perf_event_attr other = *attr;

		other.config = (attr->config & UINT32_MAX) | (uint64_t)types[i] << 32;
		fd = perf_event_open_fd(&other, tid, cpu);
	}
	if (fd < 0)
		errno = ENOENT;
	return fd;
}

/* One event of one thread on one CPU. A CPU or thread that went away meanwhile is left out. */
static struct error *open_one(struct perf_events *events, uint32_t evsel, int32_t tid,
			      uint32_t cpu_index)
{
	struct perf_event_attr *attr = &events->evsels.items[evsel].attr;
	int fd = perf_event_open_fd(attr, tid, events->cpus[cpu_index]);

	if (fd < 0 && errno == ENOENT &&
	    (attr->type == PERF_TYPE_HARDWARE || attr->type == PERF_TYPE_HW_CACHE))
		fd = open_on_other_kind(attr, tid, events->cpus[cpu_index]);
	if (fd < 0 && (errno == ESRCH || errno == ENODEV))
		return NULL;
	if (fd < 0)
		return perf_open_error(errno, attr, tid, events->system_wide);
	add_id(&events->evsels.items[evsel], fd);
	perf_event_fd_vec_push(&events->fds, (struct perf_event_fd){ fd, evsel, cpu_index, tid });
	return NULL;
}

static struct error *open_thread(struct perf_events *events, int32_t tid)
{
	for (uint32_t cpu = 0; cpu < events->cpu_count; cpu++)
		for (size_t evsel = 0; evsel < events->evsels.count; evsel++)
			TRY(open_one(events, (uint32_t)evsel, tid, cpu));
	return NULL;
}

static void unmap_rings(struct perf_events *events)
{
	for (size_t i = 0; i < events->ring_count; i++)
		perf_ring_unmap(&events->rings[i]);
}

/* Maps each ring by the first event that writes to it. */
static int map_rings_of(struct perf_events *events, size_t pages)
{
	for (size_t i = 0; i < events->fds.count; i++) {
		const struct perf_event_fd *fd = &events->fds.items[i];
		struct perf_ring *ring = ring_of(events, fd);
		size_t side_pages = MIN(MAX(pages / 2, (size_t)RING_PAGES_MIN), SIDE_PAGES_MAX);
		int status;

		if (ring->page)
			continue;
		status = perf_ring_map(ring, fd->fd,
				       fd->evsel == events->side_evsel ? side_pages : pages);
		if (status)
			return status;
	}
	return 0;
}

static size_t first_ring_pages(const struct perf_events *events,
			       const struct perf_open_options *options)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), pages = RING_PAGES_MIN;
	size_t most = RING_BYTES_ROOT;

	while (options->ring_pages && pages < options->ring_pages)
		pages *= 2;
	if (options->ring_pages)
		return pages;
	if (geteuid() != 0)
		return RING_PAGES_USER;
	while (most > RING_PAGES_USER * page_bytes && most * events->cpu_count > RINGS_BYTES_ROOT)
		most /= 2;
	return most / page_bytes;
}

static struct error *map_rings(struct perf_events *events, const struct perf_open_options *options,
			       struct strbuf *notes)
{
	size_t pages = first_ring_pages(events, options),
	       page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t wanted = pages;
	int status;

	events->ring_count = events->cpu_count * 2;
	events->rings = x_calloc(events->ring_count, sizeof(*events->rings));
	while ((status = map_rings_of(events, pages)) != 0) {
		unmap_rings(events);
		if ((status != EPERM && status != ENOMEM) || pages <= RING_PAGES_MIN)
			return error_with_hint(
				error_errno(status, "mapping a ring of %zu pages", pages),
				"raise kernel.perf_event_mlock_kb or RLIMIT_MEMLOCK, or use root");
		pages /= 2;
	}
	if (options->ring_pages && pages < wanted)
		strbuf_addf(notes,
			    "rings have %zu pages each: this user may not lock more memory\n",
			    pages);
	events->sample_ring_bytes = pages * page_bytes;
	events->side_ring_bytes =
		MIN(MAX(pages / 2, (size_t)RING_PAGES_MIN), SIDE_PAGES_MAX) * page_bytes;
	return NULL;
}

static struct error *redirect(struct perf_events *events, size_t from)
{
	for (size_t i = from; i < events->fds.count; i++) {
		const struct perf_event_fd *fd = &events->fds.items[i];
		const struct perf_ring *ring = ring_of(events, fd);
		int owner = ring->page ? ring->fd : fd->fd;

		if (owner != fd->fd && ioctl(fd->fd, PERF_EVENT_IOC_SET_OUTPUT, owner) != 0)
			return error_errno(errno, "joining the events of a CPU");
	}
	return NULL;
}

static void close_fds(struct perf_events *events)
{
	for (size_t i = 0; i < events->fds.count; i++)
		close(events->fds.items[i].fd);
	events->fds.count = 0;
	for (size_t i = 0; i < events->evsels.count; i++)
		events->evsels.items[i].id_count = 0;
}

/* Samples come in batches; new programs are told at once, as they may end as soon. */
static void set_watermarks(struct perf_events *events, size_t pages)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < events->evsels.count; i++)
		events->evsels.items[i].attr.wakeup_watermark =
			i == events->side_evsel ? SIDE_WAKEUP_BYTES
						: (uint32_t)(pages * page_bytes / 4);
}

static struct error *open_all(struct perf_events *events, const struct perf_open_options *options)
{
	static const int32_t everybody[] = { -1 };
	const int32_t *tids = options->system_wide ? everybody : options->tids;
	size_t tid_count = options->system_wide ? 1 : options->tid_count;

	for (size_t i = 0; i < tid_count; i++)
		TRY(open_thread(events, tids[i]));
	if (!events->fds.count)
		return error_new(ERROR_NO_FILE, "all of the processes are gone");
	return NULL;
}

/* A small ring holds few large dumps: takes the size that leaves room for a while. */
static uint32_t fitting_dump_bytes(uint64_t ring_bytes, const struct perf_open_options *options)
{
	uint64_t dumps = options->period ? 0 : options->frequency_hz / RINGS_PER_SECOND;
	uint64_t fitting = ring_bytes / MAX(dumps, (uint64_t)DUMPS_PER_RING) & ~UINT64_C(7);

	return (uint32_t)MIN(MAX(fitting, (uint64_t)DUMP_BYTES_MIN), (uint64_t)DUMP_BYTES_MAX);
}

static bool shrink_dumps(struct perf_events *events, const struct perf_open_options *options)
{
	uint32_t fitting = fitting_dump_bytes(events->sample_ring_bytes, options);
	bool is_smaller = false;

	if (options->chain != PERF_CHAIN_DUMP || options->dump_bytes)
		return false;
	for (size_t i = 0; i < events->side_evsel; i++) {
		struct perf_event_attr *attr = &events->evsels.items[i].attr;

		is_smaller |= fitting < attr->sample_stack_user;
		attr->sample_stack_user = MIN(attr->sample_stack_user, fitting);
	}
	return is_smaller;
}

struct error *perf_events_open(const struct perf_open_options *options, struct strbuf *notes,
			       struct perf_events **ret)
{
	auto_perf_events struct perf_events *events = x_calloc(1, sizeof(*events));
	int32_t probe_tid = options->system_wide ? -1 : options->tids[0];

	events->system_wide = options->system_wide;
	raise_file_limit();
	find_cpus(events);
	TRY(plan_events(options, events));
	TRY(settle_events(events, probe_tid, notes));
	set_watermarks(events, first_ring_pages(events, options));
	TRY(open_all(events, options));
	TRY(map_rings(events, options, notes));
	/* attrs are fixed at opening: smaller rings need other watermarks and dumps */
	if (shrink_dumps(events, options) ||
	    events->sample_ring_bytes <
		    first_ring_pages(events, options) * (size_t)sysconf(_SC_PAGESIZE)) {
		size_t pages = events->sample_ring_bytes / (size_t)sysconf(_SC_PAGESIZE);
		struct perf_open_options smaller = *options;

		smaller.ring_pages = pages;
		unmap_rings(events);
		free(take_ptr(events->rings));
		close_fds(events);
		set_watermarks(events, pages);
		TRY(open_all(events, options));
		TRY(map_rings(events, &smaller, notes));
	}
	TRY(redirect(events, 0));
	perf_evsels_name(&events->evsels);
	*ret = take_ptr(events);
	return NULL;
}

struct error *perf_events_add_thread(struct perf_events *events, int32_t tid)
{
	size_t before = events->fds.count;

	/* a CPU whose events all came to nothing has no ring: its events are left out as well */
	TRY(open_thread(events, tid));
	return redirect(events, before);
}

/* Events that other events write into must stay open. */
static bool is_ring_owner(const struct perf_events *events, int fd)
{
	for (size_t i = 0; i < events->ring_count; i++)
		if (events->rings[i].page && events->rings[i].fd == fd)
			return true;
	return false;
}

/* Stops the sampling events among the first `count`; keeps side-band events and ring owners. */
static void retire_samplers(struct perf_events *events, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < events->fds.count; i++) {
		struct perf_event_fd *fd = &events->fds.items[i];
		bool is_old_sampler = i < count && fd->evsel != events->side_evsel;

		if (is_old_sampler)
			ioctl(fd->fd, PERF_EVENT_IOC_DISABLE, 0);
		if (is_old_sampler && !is_ring_owner(events, fd->fd))
			close(fd->fd);
		else
			events->fds.items[kept++] = *fd;
	}
	events->fds.count = kept;
}

struct error *perf_events_shrink_dumps(struct perf_events *events, uint32_t dump_bytes,
				       const int32_t *tids, size_t tid_count)
{
	static const int32_t everybody[] = { -1 };
	size_t before = events->fds.count;

	if (events->system_wide) {
		tids = everybody;
		tid_count = 1;
	}
	for (uint32_t evsel = 0; evsel < events->side_evsel; evsel++) {
		events->evsels.items[evsel].attr.sample_stack_user = dump_bytes;
		events->evsels.items[evsel].attr.enable_on_exec = 0;
		for (size_t i = 0; i < tid_count; i++)
			for (uint32_t cpu = 0; cpu < events->cpu_count; cpu++)
				TRY(open_one(events, evsel, tids[i], cpu));
	}
	TRY(redirect(events, before));
	retire_samplers(events, before);
	for (size_t i = 0; i < events->fds.count; i++)
		if (events->fds.items[i].evsel != events->side_evsel &&
		    !is_ring_owner(events, events->fds.items[i].fd))
			ioctl(events->fds.items[i].fd, PERF_EVENT_IOC_ENABLE, 0);
	return NULL;
}

static void control(struct perf_events *events, unsigned long request, bool side_band)
{
	for (size_t i = 0; i < events->fds.count; i++) {
		const struct perf_event_fd *fd = &events->fds.items[i];

		if ((fd->evsel == events->side_evsel) == side_band)
			ioctl(fd->fd, request, 0);
	}
}

void perf_events_enable_side_band(struct perf_events *events)
{
	control(events, PERF_EVENT_IOC_ENABLE, true);
}

void perf_events_enable_samples(struct perf_events *events)
{
	control(events, PERF_EVENT_IOC_ENABLE, false);
}

void perf_events_disable(struct perf_events *events)
{
	control(events, PERF_EVENT_IOC_DISABLE, false);
	control(events, PERF_EVENT_IOC_DISABLE, true);
}

uint64_t perf_events_lost(const struct perf_events *events)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < events->fds.count; i++) {
		const struct perf_event_fd *fd = &events->fds.items[i];
		uint64_t values[3]; /* value, id, lost */

		if (!(events->evsels.items[fd->evsel].attr.read_format & PERF_FORMAT_LOST) ||
		    fd->evsel == events->side_evsel)
			continue;
		if (read(fd->fd, values, sizeof(values)) == (ssize_t)sizeof(values))
			lost += values[2];
	}
	return lost;
}

void perf_events_close(struct perf_events *events)
{
	if (!events)
		return;
	if (events->rings)
		unmap_rings(events);
	close_fds(events);
	for (size_t i = 0; i < events->evsels.count; i++)
		perf_evsel_done(&events->evsels.items[i]);
	perf_evsel_vec_done(&events->evsels);
	perf_event_fd_vec_done(&events->fds);
	free(events->rings);
	free(events->cpus);
	free(events);
}

void cleanup_perf_events(struct perf_events **events)
{
	perf_events_close(*events);
}
