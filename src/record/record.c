#include "record/record.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "record/live.h"
#include "record/machine.h"
#include "record/process_table.h"
#include "record/workload.h"

enum {
	/* how often is looked without being woken: files of processes that end soon must be opened
	   while they are there, an idle target needs no haste */
	HASTY_INTERVAL_MS = 4,
	BUSY_INTERVAL_MS = 20,
	IDLE_INTERVAL_MS = 100,
	/* a flood of maps, as a just-in-time compiler makes it, does not wake us for every few */
	REST_NS = 3 * 1000 * 1000,
	FLUSH_INTERVAL_NS = 100 * 1000 * 1000,
	RESCANS_MAX = 100,
};

VEC_DEFINE(pollfd_vec, struct pollfd)

struct recorder {
	const struct record_options *options;
	struct strbuf *notes;
	struct record_summary *summary;
	struct workload workload;
	struct perf_events *events;
	struct perf_writer *writer;
	struct pump pump;
	struct live live; /* RECORD_LIVE */
	bool is_live;
	struct pollfd_vec polls; /* signals, then processes, then rings */
	size_t process_count;
	sigset_t old_signals;
	int signal_fd;
	uint64_t started_ns, flushed_ns;
	int interval_ms;
	bool stop;
};

void record_summary_done(struct record_summary *summary)
{
	free(summary->event_name);
	*summary = (struct record_summary){ 0 };
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* From here on signals are read from a descriptor; what ends a writer is an error of write(). */
static struct error *take_signals(struct recorder *recorder)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &recorder->old_signals);
	recorder->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (recorder->signal_fd < 0)
		return error_errno(errno, "waiting for signals");
	pollfd_vec_push(&recorder->polls, (struct pollfd){ recorder->signal_fd, POLLIN, 0 });
	return NULL;
}

/* What write() was told by its status must not end us when the signals are let through again. */
static void drop_writers_signals(void)
{
	static const struct timespec at_once = { 0 };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	while (sigtimedwait(&signals, NULL, &at_once) > 0)
		;
}

static struct error *watch_process(struct recorder *recorder, int32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 && errno == ESRCH)
		return error_with_hint(error_new(ERROR_NO_FILE, "there is no process %d", pid),
				       "'ps -e' lists them; it may have ended meanwhile");
	if (fd < 0 && errno == EINVAL)
		return error_with_hint(
			error_new(ERROR_NO_FILE, "%d is a thread, not a process", pid),
			"give -p the process: 'ps -eLf' shows both");
	if (fd < 0)
		return NULL; /* Linux before 5.3: the recording ends by signal only */
	pollfd_vec_push(&recorder->polls, (struct pollfd){ fd, POLLIN, 0 });
	recorder->process_count++;
	return NULL;
}

static bool has_tid(const struct tid_vec *tids, int32_t tid)
{
	for (size_t i = 0; i < tids->count; i++)
		if (tids->items[i] == tid)
			return true;
	return false;
}

/* Threads that came while the first ones were opened; new ones of opened threads are inherited. */
static struct error *open_late_threads(struct recorder *recorder, struct tid_vec *known)
{
	const struct record_options *options = recorder->options;
	bool found = true;

	for (int round = 0; found && round < RESCANS_MAX; round++) {
		struct tid_vec now = { 0 };
		struct error *error = NULL;

		found = false;
		for (size_t i = 0; i < options->pid_count; i++)
			process_threads(options->pids[i], &now);
		for (size_t i = 0; i < now.count && !error; i++) {
			if (has_tid(known, now.items[i]))
				continue;
			found = true;
			tid_vec_push(known, now.items[i]);
			error = perf_events_add_thread(recorder->events, now.items[i]);
		}
		tid_vec_done(&now);
		TRY(error);
	}
	return NULL;
}

static bool has_target(const struct record_options *options)
{
	return options->system_wide || options->pid_count || options->tid_count;
}

static struct error *find_threads(struct recorder *recorder, struct tid_vec *ret)
{
	const struct record_options *options = recorder->options;

	for (size_t i = 0; i < options->pid_count; i++) {
		TRY(watch_process(recorder, options->pids[i]));
		process_threads(options->pids[i], ret);
	}
	for (size_t i = 0; i < options->tid_count; i++) {
		int32_t pid = thread_process(options->tids[i]);

		if (pid < 0)
			return error_with_hint(
				error_new(ERROR_NO_FILE, "there is no thread %d", options->tids[i]),
				"'ps -eLf' lists them (LWP)");
		TRY(watch_process(recorder, pid));
		tid_vec_push(ret, options->tids[i]);
	}
	if (!has_target(options))
		tid_vec_push(ret, recorder->workload.pid);
	if (!ret->count && !options->system_wide)
		return error_new(ERROR_NO_FILE, "all of the processes are gone");
	return NULL;
}

static struct error *open_events(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	struct perf_open_options events = options->events;
	struct tid_vec tids = { 0 };
	struct error *error = find_threads(recorder, &tids);

	events.tids = tids.items;
	events.tid_count = tids.count;
	events.system_wide = options->system_wide;
	events.enable_on_exec = !has_target(options);
	if (!error)
		error = perf_events_open(&events, recorder->notes, &recorder->events);
	if (!error && options->pid_count)
		error = open_late_threads(recorder, &tids);
	tid_vec_done(&tids);
	return error;
}

static void watch_rings(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->events->ring_count; i++)
		if (recorder->events->rings[i].page)
			pollfd_vec_push(
				&recorder->polls,
				(struct pollfd){ recorder->events->rings[i].fd, POLLIN, 0 });
}

static void sink(void *context, const uint8_t *record, size_t size_bytes)
{
	struct recorder *recorder = context;

	if (recorder->is_live)
		live_add(&recorder->live, record, size_bytes);
	else
		pump_add(&recorder->pump, record, size_bytes);
}

static void pump(struct recorder *recorder, bool all)
{
	if (recorder->is_live)
		live_pump(&recorder->live, all);
	else
		pump_copy(&recorder->pump);
}

static void describe_processes(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	const struct perf_evsel *side =
		&recorder->events->evsels.items[recorder->events->side_evsel];
	struct process_table table = {
		.attr = &side->attr,
		.id = side->id_count ? side->ids[0] : 0,
		.data_maps = options->events.data_maps,
		.sink = sink,
		.context = recorder,
	};

	process_table_kernel(&table);
	if (options->system_wide)
		process_table_all(&table);
	for (size_t i = 0; i < options->pid_count; i++)
		process_table_process(&table, options->pids[i]);
	for (size_t i = 0; i < options->tid_count; i++)
		process_table_process(&table, thread_process(options->tids[i]));
}

static struct error *open_output(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	const struct perf_event_attr *attr = &recorder->events->evsels.items[0].attr;

	const struct perf_evsel_vec *evsels = &recorder->events->evsels;

	if (options->mode == RECORD_LIVE) {
		live_init(&recorder->live, recorder->events, !options->events.dump_bytes);
		recorder->is_live = true;
		evsels = &recorder->live.written;
	}
	TRY(perf_writer_open(options->output_path, evsels, &recorder->writer));
	pump_init(&recorder->pump, recorder->events, recorder->writer);
	recorder->pump.collects_files = !recorder->is_live;
	if (recorder->is_live)
		live_begin(&recorder->live, &recorder->pump);
	machine_describe(recorder->writer, options->version);
	if (attr->use_clockid)
		machine_describe_clock(recorder->writer, attr->clockid);
	machine_describe_kernel(recorder->writer);
	return NULL;
}

/* Side-band first, then what ran before, then samples: no sample comes without its maps. */
static struct error *begin(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;

	perf_events_enable_side_band(recorder->events);
	describe_processes(recorder);
	if (has_target(options))
		perf_events_enable_samples(recorder->events);
	recorder->started_ns = now_ns();
	recorder->interval_ms = BUSY_INTERVAL_MS;
	if (options->command)
		TRY(workload_go(&recorder->workload, options->command[0]));
	recorder->summary->started = true;
	return NULL;
}

static void read_signals(struct recorder *recorder)
{
	struct signalfd_siginfo info;

	while (read(recorder->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		recorder->stop = true;
		recorder->summary->was_interrupted = true;
	}
	if (recorder->options->command && workload_poll(&recorder->workload))
		recorder->stop = true;
}

/* A process that ended is not asked again; nor is a ring whose first thread ended (POLLHUP). */
static void read_polls(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->polls.count; i++) {
		struct pollfd *poll = &recorder->polls.items[i];
		bool is_process = i >= 1 && i < 1 + recorder->process_count;

		if (!poll->revents || poll->fd < 0)
			continue;
		if (i == 0) {
			read_signals(recorder);
		} else if (is_process) {
			close(poll->fd);
			poll->fd = -1;
		} else if (poll->revents & (POLLHUP | POLLERR)) {
			poll->fd = -1;
		}
	}
}

static bool all_processes_ended(const struct recorder *recorder)
{
	for (size_t i = 1; i < 1 + recorder->process_count; i++)
		if (recorder->polls.items[i].fd >= 0)
			return false;
	return recorder->process_count > 0;
}

static int wait_ms(const struct recorder *recorder)
{
	double left_ms;

	if (recorder->options->duration_s <= 0)
		return recorder->interval_ms;
	left_ms = recorder->options->duration_s * 1e3 -
		  (double)(now_ns() - recorder->started_ns) / 1e6;
	return left_ms <= 0 ? 0 : (int)MIN(left_ms + 1, (double)recorder->interval_ms);
}

/* Now and then: each flush is two system calls, and a killed recorder loses no more than that. */
static struct error *flush(struct recorder *recorder)
{
	uint64_t now = now_ns();

	if (now - recorder->flushed_ns < FLUSH_INTERVAL_NS)
		return NULL;
	recorder->flushed_ns = now;
	return perf_writer_flush(recorder->writer);
}

static int next_interval(const struct recorder *recorder, uint64_t bytes_before)
{
	if (recorder->is_live && recorder->live.maps_wait)
		return HASTY_INTERVAL_MS;
	return perf_writer_bytes(recorder->writer) == bytes_before ? IDLE_INTERVAL_MS
								   : BUSY_INTERVAL_MS;
}

static struct error *run_loop(struct recorder *recorder)
{
	double duration_s = recorder->options->duration_s;
	uint64_t before;

	while (!recorder->stop) {
		nanosleep(&(struct timespec){ .tv_nsec = REST_NS }, NULL);
		if (poll(recorder->polls.items, recorder->polls.count, wait_ms(recorder)) > 0)
			read_polls(recorder);
		before = perf_writer_bytes(recorder->writer);
		pump(recorder, false);
		recorder->interval_ms = next_interval(recorder, before);
		if (recorder->is_live)
			live_make_room(&recorder->live, recorder->notes);
		TRY(flush(recorder));
		if (all_processes_ended(recorder))
			recorder->stop = true;
		if (duration_s > 0 && (double)(now_ns() - recorder->started_ns) / 1e9 >= duration_s)
			recorder->stop = true;
	}
	return NULL;
}

static bool is_clock(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_SOFTWARE && (attr->config == PERF_COUNT_SW_CPU_CLOCK ||
						    attr->config == PERF_COUNT_SW_TASK_CLOCK);
}

static void summarize(struct recorder *recorder)
{
	struct record_summary *summary = recorder->summary;
	const struct pump *counts = &recorder->pump;
	const struct perf_evsel *evsel = &recorder->events->evsels.items[0];
	uint64_t counted = perf_events_lost(recorder->events);
	auto_strbuf struct strbuf names = STRBUF_INIT;

	summary->samples = counts->samples;
	summary->lost = MAX(counts->lost, counted);
	summary->throttled = counts->throttled;
	summary->file_bytes = perf_writer_file_bytes(recorder->writer);
	summary->duration_s = (double)(now_ns() - recorder->started_ns) / 1e9;
	summary->dump_bytes = evsel->attr.sample_stack_user;
	summary->ring_bytes = recorder->events->sample_ring_bytes;
	for (size_t i = 0; i < recorder->events->side_evsel; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", recorder->events->evsels.items[i].name);
	summary->event_name = strbuf_take(&names);
	summary->sampled_cpu_s = -1;
	if (is_clock(&evsel->attr) && recorder->events->side_evsel == 1)
		summary->sampled_cpu_s =
			evsel->attr.freq
				? (double)counts->samples / (double)evsel->attr.sample_freq
				: (double)counts->samples * (double)evsel->attr.sample_period / 1e9;
}

static struct error *finish(struct recorder *recorder)
{
	struct error *error;
	uint64_t times[2];

	perf_events_disable(recorder->events);
	pump(recorder, true);
	if (recorder->is_live)
		live_describe(&recorder->live, recorder->options->namer);
	times[0] = recorder->pump.first_sample_ns;
	times[1] = recorder->pump.last_sample_ns;
	perf_writer_feature(recorder->writer, PERF_FEATURE_SAMPLE_TIME, times, sizeof(times));
	error = perf_writer_finish(recorder->writer);
	summarize(recorder);
	return error;
}

static struct error *record(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	struct error *error;

	TRY(take_signals(recorder));
	if (options->command)
		TRY(workload_start(&recorder->workload, options->command, &recorder->old_signals,
				   options->stdout_is_ours));
	TRY(open_events(recorder));
	TRY(open_output(recorder));
	watch_rings(recorder);
	TRY(begin(recorder));
	error = run_loop(recorder);
	if (!error)
		return finish(recorder);
	/* the disk is full: that is no reason to end the program that was measured */
	summarize(recorder);
	perf_events_disable(recorder->events);
	workload_await(&recorder->workload, recorder->signal_fd);
	return error;
}

static void recorder_done(struct recorder *recorder)
{
	bool had_command = recorder->workload.pid > 0 || recorder->workload.has_ended;

	workload_stop(&recorder->workload, recorder->signal_fd);
	recorder->summary->command_ended = had_command;
	recorder->summary->command_status = recorder->workload.wait_status;
	if (!has_target(recorder->options) && !recorder->options->events.no_inherit &&
	    !recorder->summary->was_interrupted)
		recorder->summary->command_cpu_s = recorder->workload.cpu_s;
	if (recorder->is_live)
		live_done(&recorder->live);
	if (recorder->writer)
		pump_done(&recorder->pump);
	perf_writer_free(recorder->writer);
	perf_events_close(recorder->events);
	for (size_t i = 0; i < 1 + recorder->process_count && i < recorder->polls.count; i++)
		if (recorder->polls.items[i].fd >= 0)
			close(recorder->polls.items[i].fd);
	pollfd_vec_done(&recorder->polls);
	drop_writers_signals();
	sigprocmask(SIG_SETMASK, &recorder->old_signals, NULL);
}

uint64_t record_max_frequency(void)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error =
		file_read("/proc/sys/kernel/perf_event_max_sample_rate", 64, &text);
	uint64_t value = 0;

	if (error || !str_to_u64(str_trim(strbuf_str(&text)), &value))
		return 0;
	return value;
}

struct error *record_run(const struct record_options *options, struct strbuf *notes,
			 struct record_summary *ret)
{
	struct recorder recorder = {
		.options = options,
		.notes = notes,
		.summary = ret,
		.workload = { .go_fd = -1, .failed_fd = -1 },
		.signal_fd = -1,
	};
	struct error *error;

	*ret = (struct record_summary){ 0 };
	error = record(&recorder);
	recorder_done(&recorder);
	return error;
}
