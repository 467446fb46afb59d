/*
 * Stack stitching: a stack that was cut is completed from the newest complete one of its thread,
 * where both have the same return address in the same slot. It can be wrong: the slot may have been
 * left and entered again from elsewhere, with the same code above it. What was appended is flagged
 * UNWIND_FRAME_STITCHED, and whoever counts complete stacks must say how many are.
 */
#pragma once

#include "unwind/unwind.h"

/* The newest stack of a thread that reached its root, stitched or not. Initialise with { 0 }. */
struct stitches {
	struct unwind_frame *frames; /* innermost first, user part only */
	uint64_t *stack_pointers;    /* of each frame: grows */
	size_t count, allocated;
};

void stitches_done(struct stitches *stitches);
/* Completes `trace`, which is of the unwinder's latest walk, and remembers it when it is complete.
 */
void stitch_apply(struct stitches *stitches, const struct unwinder *unwinder,
		  struct unwind_trace *trace);
