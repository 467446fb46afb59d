#include "session/stitch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void stitches_done(struct stitches *stitches)
{
	free(stitches->frames);
	free(stitches->stack_pointers);
	*stitches = (struct stitches){ 0 };
}

static void reserve(struct stitches *stitches, size_t count)
{
	if (count <= stitches->allocated)
		return;
	stitches->allocated = MAX(count, stitches->allocated * 2);
	stitches->frames =
		x_reallocarray(stitches->frames, stitches->allocated, sizeof(*stitches->frames));
	stitches->stack_pointers = x_reallocarray(stitches->stack_pointers, stitches->allocated,
						  sizeof(*stitches->stack_pointers));
}

/* The remembered frame that the outermost walked one is, or the count. */
static size_t find_same_frame(const struct stitches *stitches, uint64_t stack_pointer, uint64_t ip)
{
	size_t low = 0, high = stitches->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stitches->stack_pointers[middle] < stack_pointer)
			low = middle + 1;
		else
			high = middle;
	}
	/* A leaf's address is no return address: it says nothing about a slot. */
	if (low < stitches->count && low > 0 && stitches->stack_pointers[low] == stack_pointer &&
	    stitches->frames[low].ip == ip)
		return low;
	return stitches->count;
}

/* Makes the remembered stack the walked frames, followed by what was remembered from `keep` on. */
static void remember(struct stitches *stitches, const struct unwinder *unwinder,
		     const struct unwind_trace *trace, size_t walked, size_t keep)
{
	size_t tail = stitches->count - keep;

	reserve(stitches, walked + tail);
	memmove(stitches->frames + walked, stitches->frames + keep,
		tail * sizeof(*stitches->frames));
	memmove(stitches->stack_pointers + walked, stitches->stack_pointers + keep,
		tail * sizeof(*stitches->stack_pointers));
	memcpy(stitches->frames, trace->frames, walked * sizeof(*stitches->frames));
	for (size_t i = 0; i < walked; i++)
		stitches->stack_pointers[i] = unwind_stack_pointer(unwinder, i);
	stitches->count = walked + tail;
}

void stitch_apply(struct stitches *stitches, const struct unwinder *unwinder,
		  struct unwind_trace *trace)
{
	size_t walked = trace->count, same, tail;

	if (trace->end == UNWIND_COMPLETE) {
		remember(stitches, unwinder, trace, walked, stitches->count);
		return;
	}
	/* Copies that end early for other reasons (a page that was not in memory) count as cut. */
	if ((trace->end != UNWIND_CUT && trace->end != UNWIND_BAD_CFA) || walked < 2)
		return;
	same = find_same_frame(stitches, unwind_stack_pointer(unwinder, walked - 1),
			       trace->frames[walked - 1].ip);
	tail = stitches->count - same;
	if (tail < 2 || tail - 1 > trace->capacity - walked)
		return;
	for (size_t i = 1; i < tail; i++) {
		stitches->frames[same + i].flags |= UNWIND_FRAME_STITCHED;
		trace->frames[trace->count++] = stitches->frames[same + i];
	}
	remember(stitches, unwinder, trace, walked, same + 1);
	trace->end = UNWIND_COMPLETE;
}
