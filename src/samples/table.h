/*
 * Tables over a selection: functions (self and children), programs, libraries, threads, hottest
 * stacks. Weights are in the event's unit; table_share makes the ratio 0..1 of them. Rows come
 * heaviest first, ties in name order, so that the same profile gives the same bytes.
 */
#pragma once

#include "samples/select.h"

/*
 * A function is (dso, name): places of one function share a row, unnamed places of one dso do too.
 * `inlined_too` = false looks at physical symbols as perf does: the time of inlined code
 * belongs to the function that it was inlined into. Recursion counts once in `children`; of pasted
 * tables these are what the table says.
 */
struct table_row {
	uint32_t frame;		 /* the heaviest place: name, dso, file, line; table_stack: leaf */
	uint32_t text;		 /* programs and libraries: text id of the name */
	uint32_t thread;	 /* threads: index in profile->threads */
	uint32_t node;		 /* stacks: node of the profile */
	uint64_t self, children; /* weights */
	uint64_t samples;	 /* behind `self` */
	uint64_t children_samples; /* behind `children` */
	uint64_t skid;		   /* part of `self` that is skid: not to be blamed on it */
	bool inlined;		   /* some of it was inlined code (inlined_too) */
};

struct table {
	struct table_row *rows;
	size_t count;
	uint64_t weight, samples; /* of the whole selection */
};

void table_done(struct table *table);
#define auto_table __attribute__((cleanup(table_done)))

struct table table_functions(const struct profile_selection *selection, bool inlined_too);
struct table table_programs(const struct profile_selection *selection);
struct table table_libraries(const struct profile_selection *selection);
struct table table_threads(const struct profile_selection *selection);
/* Whole stacks that differ in their functions, at most `limit` rows; `inlined_too` as above. */
struct table table_stacks(const struct profile_selection *selection, bool inlined_too,
			  size_t limit);

static inline double table_share(const struct table *table, uint64_t weight)
{
	return table->weight ? (double)weight / (double)table->weight : 0;
}

/*
 * How busy a thread was: `ratios` of the `count` equal slots of the window, 0..1 (what a clock
 * counted, or samples by the sampling frequency, per wall time). False where the input has no
 * times or no way to say how much time a sample stands for. *ret_busy is over the whole window.
 */
bool table_timeline(const struct profile_selection *selection, uint32_t thread, double *ratios,
		    size_t count, double *ret_busy);
