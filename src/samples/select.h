/*
 * Which samples count: one event (two events are never added together), cut down by thread,
 * process, program, CPU, library, symbol and time. Everything that shows a profile works on a
 * selection, so that every command filters alike.
 */
#pragma once

#include "base/error.h"
#include "samples/profile.h"

/*
 * All fields may be NULL or 0 (no condition); lists are comma-separated, texts are globs (* and ?).
 * `dso` and `symbol` look at where the sample was taken, as perf report's filters do (inlined
 * functions there count too); `through` takes samples with a matching function anywhere in
 * the stack.
 */
struct profile_filter {
	const char *event;  /* name or glob; NULL: profile->default_event, else the first one that
			       has samples */
	const char *thread; /* tids, thread names, or "busiest" */
	const char *pid;
	const char *comm; /* program names at the time of the sample */
	const char *cpu;  /* "0,2-5" */
	const char *dso;  /* names or paths */
	const char *symbol;
	const char *through;
	const char *time; /* "a,b": seconds from the first sample, percents ("10%,20%"), or time
			     stamps as perf script prints them; either side may be empty */
};

struct profile_selection {
	const struct profile *profile;
	uint32_t event;
	uint32_t *samples; /* indices in profile->samples, in its order */
	size_t count;
	uint64_t weight;       /* sum of weights: what shares are of */
	uint64_t sample_count; /* sum of counts */
	uint64_t from_ns,
		to_ns;	  /* the window: of the filter, else of all samples; 0, 0: no times */
	bool is_filtered; /* a condition other than the event was given */
};

/* ERROR_USAGE for a condition that cannot be read; an empty selection is not an error. */
MUST_CHECK struct error *profile_select(const struct profile *profile,
					const struct profile_filter *filter,
					struct profile_selection *ret);
void profile_selection_done(struct profile_selection *selection);
#define auto_selection __attribute__((cleanup(profile_selection_done)))
