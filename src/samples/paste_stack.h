/*
 * Collects the frames of one stack after the other, as a text lists them, into samples; knows the
 * threads that they are of, how often each was seen, and who holds and who wants a lock. Internal
 * to samples.
 */
#pragma once

#include "samples/paste.h"

VEC_DEFINE(stack_frame_vec, uint32_t)

struct paste_lock {
	uint32_t thread, lock; /* text ids */
};

VEC_DEFINE(paste_lock_vec, struct paste_lock)

struct paste_stack {
	struct profile *profile;
	struct stack_frame_vec frames;
	struct paste_lock_vec held, wanted;
	bool has_event;
	uint32_t event; /* with has_event; else one of that counts stacks */
	/* of the stack that is being collected: */
	bool outermost_first;	  /* in the text */
	struct str thread, comm;  /* views that live as long as the text */
	int32_t pid, tid;	  /* 0 = not known */
	uint64_t count;		  /* seen so often; 0 = once */
	enum profile_state state; /* unknown: told by the frames */
};

void paste_stack_frame(struct paste_stack *stack, const struct paste_row *row);
/* The stack is whole: a sample is made of it, unless it is empty, and the next one may begin. */
void paste_stack_end(struct paste_stack *stack);
/* The thread that is being read holds a lock, or waits for it. */
void paste_lock_held(struct paste_stack *stack, struct str lock);
void paste_lock_wanted(struct paste_stack *stack, struct str lock);
/* Ends the last stack, tells who waits for whom, and releases. */
void paste_stack_finish(struct paste_stack *stack);
