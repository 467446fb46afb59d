/*
 * Unwinding while the program runs: the records of all rings in time order through a session; a
 * sample leaves as a call chain, so that the file needs neither registers nor stacks. How its
 * stack ended goes into unused bits of the record's misc (PERF_OWN_* in perf/format.h).
 */
#pragma once

#include "record/kept_names.h"
#include "record/process_table.h"
#include "record/pump.h"
#include "session/session.h"

struct live {
	struct pump *pump;
	struct perf_events *events;
	struct perf_evsel_vec written; /* the events as the file has them; ids are borrowed */
	struct dso_table dsos;
	struct session *session;
	struct live_cursor *cursors; /* one per ring */
	bool *hit;		     /* by dso id: a frame lay in it */
	size_t hit_allocated;
	struct kept_names kept;
	uint64_t newest_ns;	  /* clocks that cannot be read: of the last pass */
	int clock_id;		  /* -1 = cannot be read here */
	uint8_t identified[8192]; /* the last mmap record that got a build-id */
	uint64_t user_stacks, complete_stacks;
	struct tid_vec tids;	   /* threads that live now and may be sampled */
	uint64_t lost_when_shrunk; /* losses that were answered already */
	int64_t shrunk_at_s;	   /* CLOCK_MONOTONIC */
	bool maps_wait;		   /* side-band records were too young: look again soon */
	bool may_shrink;
};

/* `may_shrink`: the size of the dumps is ours to choose. */
void live_init(struct live *live, struct perf_events *events, bool may_shrink);
void live_done(struct live *live);
/* After the writer stands. */
void live_begin(struct live *live, struct pump *pump);
/* Records of processes that ran before: to the session and to the file. */
void live_add(struct live *live, const uint8_t *record, size_t size_bytes);
/*
 * Takes the records of all rings, up to those so young that another ring may still get older
 * ones; with `all` those too.
 */
void live_pump(struct live *live, bool all);
/*
 * When records were lost: halves the dumps, which is where the room goes. True when it did; the
 * user is to be told.
 */
bool live_make_room(struct live *live, struct strbuf *notes);
/* Build-ids of the files that samples lay in, and names that will be gone; `namer` may be NULL. */
void live_describe(struct live *live, const struct record_namer *namer);
