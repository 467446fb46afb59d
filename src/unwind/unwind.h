/*
 * Stacks from registers and a copy of stack memory: unwind rules per dso (expanded from .eh_frame,
 * .debug_frame on first hit, kept per dso and shared by all processes), and the walk. No names.
 * The walk never allocates once its caches are warm, reads nothing but the copy, and reports how it
 * ended. Two caches stand before the rules: (address, map generation), which all processes with
 * equal maps share, and (dso, dso address), which all processes share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "dso/maps.h"

/* UNWIND_X86_32: not unwound; the leaf only, ended by no_unwind_info. */
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
	UNWIND_FRAME_SIGNAL = 1 << 1,  /* interrupted by a signal: exact too */
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
	const uint8_t *values;	 /* all that were recorded, 8 bytes each, borrowed */
	uint64_t mask;		 /* which: bits are the kernel's perf_regs numbers */
};

struct unwind_stack {
	const uint8_t *data; /* bytes from `sp` upwards; not aligned */
	size_t size_bytes;
	bool full; /* the dump was as large as asked for: the stack may go on */
};

/* What a walk gives: the caller sets frames and capacity, the walk the rest. */
struct unwind_trace {
	struct unwind_frame *frames; /* innermost first */
	size_t capacity, count;
	enum unwind_end end;
};

/* What is known about the place of a frame that something else found (a recorded chain). */
enum unwind_place {
	UNWIND_AT_ORDINARY, /* a place with unwind information, not the next three */
	UNWIND_AT_ROOT,	    /* the return address is undefined: thread roots have that */
	UNWIND_AT_SIGNAL,   /* a signal trampoline: its caller's address is exact */
	UNWIND_AT_NO_INFO,  /* mapped, without unwind information */
	UNWIND_AT_UNMAPPED,
};

struct unwinder_counters {
	uint64_t frames, misses, rule_misses, slow_steps;
};

struct unwinder;

struct unwinder *unwinder_new(struct dso_table *table);
void unwinder_free(struct unwinder *unwinder);
/* From recorded user registers; false where instruction or stack pointer are not among them. */
bool unwind_registers_read(enum unwind_arch arch, struct bytes values, uint64_t mask,
			   struct unwind_registers *ret);
void unwind_walk(struct unwinder *unwinder, const struct maps *maps,
		 const struct unwind_registers *registers, const struct unwind_stack *stack,
		 struct unwind_trace *trace);
/* The stack pointer in frame `index` of the latest walk. */
uint64_t unwind_stack_pointer(const struct unwinder *unwinder, size_t index);
/* Sets dso and address of a frame from its ip and flags. */
enum unwind_place unwind_locate(struct unwinder *unwinder, const struct maps *maps,
				struct unwind_frame *frame);
const struct unwinder_counters *unwinder_counters(const struct unwinder *unwinder);
