/*
 * How whole the stacks of a selection are, why not, and in which dso they end: ratios 0..1 weighed
 * by period. Words for people, and what mends it, are made from these in render.
 */
#pragma once

#include "samples/select.h"

struct quality_dso {
	uint32_t dso;			   /* text id of the name */
	uint32_t facts;			   /* index in profile->dsos, UINT32_MAX = none */
	uint64_t frames, unnamed, guessed; /* weights of its frames */
	uint64_t ends[PROFILE_END_COUNT];  /* weights of the stacks whose outermost frame it is */
	uint64_t ended_early;		   /* sum of `ends` that are neither complete nor kernel */
};

struct quality {
	double ends[PROFILE_END_COUNT]; /* shares of the selection's weight */
	double complete;		/* the outermost frame is a thread root */
	double reaches_main;		/* a frame is called main */
	double guessed, stitched;	/* a frame was found so */
	double unnamed_frames;		/* share of all frames */
	double frames_per_stack;
	struct quality_dso *dsos; /* those that harm most first */
	size_t dso_count;
};

struct quality quality_measure(const struct profile_selection *selection);
void quality_done(struct quality *quality);
#define auto_quality __attribute__((cleanup(quality_done)))

/* Functions that begin a thread: their callers do not exist. */
bool quality_is_thread_root(struct str name);
/*
 * Settles the ends that the reading did not: stacks that begin at a thread root are complete.
 */
void quality_find_ends(struct profile *profile);
