/*
 * Answers to stack patterns (facts/stack_pattern.h), all of them in one pass over the stacks: how
 * much of the time fits, and which function of the application it is done for. What functions are
 * known for is told by the caller, as this room knows no knowledge base. Facts of the entity that
 * the need names, of kind "trace":
 *
 *	share	      of the selection's weight; n = samples. Absent where the input has no stacks
 *		      and the pattern needs them
 *	work	      the same of what is not idle
 *	count	      samples or stacks behind it
 * and where something fits, as texts and as parts of what fits (ratios):
 *	pattern	      the question
 *	who	      the function of the application that it is done for: the nearest one, if half
 *		      of the time goes through it, else the most specific one that four fifths have
 *		      in common. Absent where there is no such one.
 *	who_share     what goes through it
 *	who_library, who_place (FILE:LINE)
 *	nearest	      yes: no function of the application stands between it and what fits
 *	callers	      functions of the application that are nearest for at least 5% each
 *	frame, frame_share, library   the function that fits, innermost, most often
 *	via, via_share		      the first frame further out that does not fit; for kernel
 *		      frames the first outside of the kernel
 *	depth	      mean number of frames of a stack that fit: recursion
 *	threads	      those with at least 1% of it, and two samples
 *	processes     all that have some of it
 *	early	      part of it in the first tenth of the recording
 */
#pragma once

#include "facts/facts.h"
#include "samples/select.h"

/* What is known of a function; texts are borrowed until the next question. */
struct trace_function {
	const char *family, *topic;	 /* "" = none */
	bool is_known, is_library_known; /* the function; its library, runtime or program */
	const struct str *forms;	 /* of its name, the name as it is first */
	size_t form_count;
};

struct trace_knowledge {
	struct trace_function (*look)(void *context, struct str library, struct str function);
	void *context;
};

/* Answers the needs of kind "stack_pattern" whose menu id is a pattern; returns how many. */
size_t profile_meet_traces(const struct profile_selection *selection,
			   const struct trace_knowledge *knowledge, struct facts *facts);
