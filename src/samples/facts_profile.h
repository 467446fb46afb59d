/*
 * The facts of a profile: what it is, how whole it is, and the shares of its programs, libraries
 *and hottest functions. A profile is never poured into facts whole: further questions (needs of
 *kind "stack_pattern") are answered from it one by one.
 *
 *	profile   format event samples lost_samples throttled complete reaches_main unnamed
 *		  not_shown stacks clock; snapshot = yes: stacks of one moment, whose number
 *		  says nothing about time
 *	program   self
 *	dso       self unnamed unoptimised producer path
 *	symbol   self children skid_share place in_stack code (words of symbol/code_marks.h);
 *relations "calls" (caller, symbol) of hot stacks and "in" (symbol, program) where the library is
 *not known call      share: of the time in a function, the part that came from one caller ("A ->
 *B")
 */
#pragma once

#include "facts/facts.h"
#include "samples/select.h"

/* Adds them. `source` of each is the profile's. */
void profile_facts(const struct profile_selection *selection, struct facts *facts);

/* The functions of the `limit` hottest stacks, as facts "in_stack" (the number of the stack), so
 * that they too can be explained. */
void profile_stack_facts(const struct profile_selection *selection, size_t limit,
			 struct facts *facts);

/*
 * Answers the needs that are the profile's: menu "callers" = who calls a function, as "call"
 * entities and "calls" relations. Returns how many it met; needs of other kinds stay.
 */
size_t profile_meet_needs(const struct profile_selection *selection, struct facts *facts);

/* The entity of a frame's function; false for frames without a name. */
bool profile_frame_entity(const struct profile *profile, uint32_t frame, struct facts *facts,
			  struct entity *ret);
/* Without a symbol; functions of stripped programs may still be told apart ("[gzip+0x4270]"). */
bool profile_frame_is_nameless(const struct profile *profile, uint32_t frame);
/* Its library as facts name it, "" = not known. */
const char *profile_frame_library(const struct profile *profile, uint32_t frame);
