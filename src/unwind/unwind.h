/*
 * Stacks from registers and a copy of stack memory: unwind rules per dso (expanded from .eh_frame,
 * .debug_frame on first hit, kept per dso and shared by all processes), and the walk. No names.
 * The walk never allocates and reports how it ended; it follows the CFA upwards only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dso/maps.h"

enum unwind_arch { UNWIND_X86_64, UNWIND_AARCH64, UNWIND_X86_32 };

/* clang-format off */
#define UNWIND_ENDS(X) \
	X(COMPLETE,   "complete", "the outermost frame is a thread root") \
	X(CUT,        "cut",      "the copy of the stack ended first: the stack was larger") \
	X(NO_INFO,    "no_unwind_info", "a dso on the stack has no unwind information") \
	X(UNMAPPED,   "unmapped", "a return address lies in no known mapping") \
	X(BAD_CFA,    "damaged",  "the stack did not grow upwards or a rule could not be applied") \
	X(TOO_DEEP,   "too_deep", "more frames than the cap") \
	X(NO_USER,    "kernel_only", "a kernel thread or a sample without user registers")
/* clang-format on */

enum unwind_end {
#define X(name, id, meaning) UNWIND_##name,
	UNWIND_ENDS(X)
#undef X
		UNWIND_END_COUNT
};

enum unwind_frame_flags {
	UNWIND_FRAME_LEAF = 1 << 0,    /* `address` is exact, not a return address */
	UNWIND_FRAME_SIGNAL = 1 << 1,  /* below a signal frame: exact too */
	UNWIND_FRAME_GUESSED = 1 << 2, /* found by frame pointer without unwind information */
	UNWIND_FRAME_STITCHED = 1 << 3,
};

struct unwind_frame {
	uint64_t ip;	  /* process address as found (return address for callers) */
	struct dso *dso;  /* NULL: no map */
	uint64_t address; /* dso address to name: already minus 1 for callers */
	unsigned flags;
};

struct unwind_registers {
	enum unwind_arch arch;
	uint64_t ip, sp, fp, lr; /* rip rsp rbp / pc sp x29 x30 */
	uint64_t all[33];	 /* in the kernel's perf_regs order */
	uint64_t valid;		 /* bit per register of `all` */
};

struct unwind_stack {
	const uint8_t *data; /* bytes from `sp` upwards */
	size_t size_bytes;
	bool full; /* the dump was as large as asked for: the stack may go on */
};

struct unwinder;

struct unwinder *unwinder_new(struct dso_table *table);
void unwinder_free(struct unwinder *unwinder);
/* Innermost first. Writes at most `capacity` frames; returns how many, and how it ended. */
size_t unwind_walk(struct unwinder *unwinder, const struct maps *maps,
		   const struct unwind_registers *registers, const struct unwind_stack *stack,
		   struct unwind_frame *frames, size_t capacity, enum unwind_end *ret_end);
