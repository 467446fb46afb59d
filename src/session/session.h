/*
 * Processes in time: mmap, comm, fork and exec records applied in order, each sample turned into a
 * stack of (dso, address). The same code serves files and the live recorder. Names are not its
 * business; what ends a recorded chain is told by unwind information alone, so that a chain whose
 * last function is a root by its name only (__libc_start_call_main) is not COMPLETE here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "dso/maps.h"
#include "perf/data.h"
#include "unwind/unwind.h"

struct session_thread {
	int32_t pid, tid;
	uint32_t comm;	   /* text id of session->texts: the last one */
	uint64_t start_ns; /* first seen */
	uint32_t index;	   /* in session->threads: unique, pids may be reused */
	bool is_kernel;
};

/* A sample as the rest of the house sees it. Valid during the callback only. */
struct session_sample {
	const struct perf_sample *raw;
	const struct session_thread *thread;
	uint32_t comm;			   /* of the thread at that time */
	const struct unwind_frame *frames; /* innermost first, kernel before user; may be none */
	size_t frame_count, kernel_frame_count;
	enum unwind_end end; /* NO_USER: no user frames; for leaves without a chain NO_INFO */
	bool from_dump;	     /* unwound here, not recorded as a chain */
};

struct session_options {
	size_t max_frames; /* 0: 1024 */
	bool no_stacks;	   /* leaf only: do not unwind (self-time tables) */
	bool stitch;	   /* complete cut stacks from earlier ones of the thread: see stitch.h */
	/*
	 * What reads a file takes the architecture from it; the live recorder, which has no file,
	 * says it here.
	 */
	enum unwind_arch live_arch;
};

struct session;

struct session *session_new(struct dso_table *dsos, const struct session_options *options);
void session_free(struct session *session);
void cleanup_session(struct session **session);
#define auto_session __attribute__((cleanup(cleanup_session)))
/*
 * Applies one record; for samples calls `on_sample`. Records must come in time order. `data` tells
 * build-ids and the architecture; NULL in the live recorder.
 */
void session_apply(struct session *session, const struct perf_data *data,
		   const struct perf_record *record,
		   void (*on_sample)(void *context, const struct session_sample *sample),
		   void *context);
/* All records of a file through session_apply. */
void session_run(struct session *session, struct perf_data *data,
		 void (*on_sample)(void *context, const struct session_sample *sample),
		 void *context);
const struct interner *session_texts(const struct session *session);
size_t session_thread_count(const struct session *session);
const struct session_thread *session_thread(const struct session *session, size_t index);
/* The address space of a process as it is now; NULL = no record of it was seen. */
const struct maps *session_maps(const struct session *session, int32_t pid);
const struct unwinder_counters *session_counters(const struct session *session);
