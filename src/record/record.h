/*
 * The recorder: events on a program, on processes or on the whole system, to a perf.data. Prints
 * nothing: what the user should know is in the notes and the summary.
 */
#pragma once

#include "base/strbuf.h"
#include "perf/open.h"

struct record_namer;

enum record_mode {
	RECORD_COPY, /* records as the kernel made them */
	RECORD_LIVE, /* dumps are unwound as they arrive: the file holds addresses */
};

struct record_options {
	enum record_mode mode;
	struct perf_open_options events; /* its target and enable_on_exec are filled in here */
	const char *output_path;
	const int32_t *pids; /* -p */
	size_t pid_count;
	const int32_t *tids; /* -t: these threads and no others */
	size_t tid_count;
	bool system_wide;
	char *const *command; /* NULL, or what to run; ended by NULL */
	bool stdout_is_ours;  /* the command's standard output goes to standard error */
	double duration_s;    /* 0 = until the end of the command or a signal */
	const char *version;
	const struct record_namer *namer; /* RECORD_LIVE: see record/kept_names.h; may be NULL */
};

/* What was recorded; also where the end was an error. */
struct record_summary {
	uint64_t samples, lost, throttled;
	uint64_t file_bytes; /* of records */
	double duration_s;
	uint32_t dump_bytes; /* 0 = no dumps */
	uint64_t ring_bytes; /* per CPU */
	char *event_name;
	bool started; /* the recording began: the file holds something */
	bool was_interrupted;
	bool command_ended;
	int command_status; /* as of waitpid() */
	/* CPU time of a command that was measured from its start to its end; 0 = there is none */
	double command_cpu_s;
	double sampled_cpu_s; /* what the samples of a clock stand for; < 0 = not a clock */
};

void record_summary_done(struct record_summary *summary);
/* kernel.perf_event_max_sample_rate, 0 where it cannot be read. */
uint64_t record_max_frequency(void);
/* `notes` gets one line per thing that is not as the user may think. */
MUST_CHECK struct error *record_run(const struct record_options *options, struct strbuf *notes,
				    struct record_summary *ret);
