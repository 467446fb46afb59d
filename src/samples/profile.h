/*
 * What samples add up to, whatever they came from: frames (interned), stacks (a trie), threads, and
 * one row per sample (or per weighted stack of a folded text). Filters, top-N, timelines and the
 * quality of the stacks are computed from these rows; nothing here reads files or prints.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"

enum profile_frame_flags {
	PROFILE_FRAME_KERNEL = 1 << 0,
	PROFILE_FRAME_INLINED = 1 << 1, /* into the next outer frame */
	PROFILE_FRAME_GUESSED = 1 << 2,
	PROFILE_FRAME_STITCHED = 1 << 3,
	PROFILE_FRAME_UNNAMED = 1 << 4,
	PROFILE_FRAME_JIT = 1 << 5,
};

/* A function at a place; equal ones share an id. Texts are ids of profile->texts. */
struct profile_frame {
	uint32_t name; /* demangled symbol; "" for unnamed ones: see profile_frame_label */
	uint32_t dso;  /* name as reports show it, "" = not known */
	uint32_t dso_path;
	uint32_t file;
	uint32_t line;
	uint32_t flags;
	uint64_t address; /* dso address of the symbol (or of the unnamed place); 0 = not known */
};

/* A node of the stack trie. Node 0 is the root (no frame). */
struct profile_node {
	uint32_t parent; /* always smaller than the node's own index: parents come first */
	uint32_t frame;	 /* id in profile->frames */
};

struct profile_thread {
	int32_t pid, tid; /* -1 = not known */
	uint32_t comm;	  /* text id: the last one */
	bool is_kernel;
};

enum profile_end { /* how a stack ended; the same order as unwind_end, then: */
		   PROFILE_END_COMPLETE,
		   PROFILE_END_CUT,
		   PROFILE_END_NO_INFO,
		   PROFILE_END_UNMAPPED,
		   PROFILE_END_DAMAGED,
		   PROFILE_END_TOO_DEEP,
		   PROFILE_END_KERNEL_ONLY,
		   PROFILE_END_NO_STACK, /* recorded without call chains */
		   PROFILE_END_UNKNOWN,	 /* text input does not say */
		   PROFILE_END_COUNT
};

/* What a thread did when a dump of all threads was made. */
enum profile_state {
	PROFILE_STATE_UNKNOWN,
	PROFILE_STATE_RUNNING,
	PROFILE_STATE_BLOCKED, /* by a lock that another thread holds */
	PROFILE_STATE_IO,      /* waits for a device */
	PROFILE_STATE_IDLE,    /* waits for work, an event or a timer */
	PROFILE_STATE_COUNT
};

struct profile_sample {
	uint64_t time_ns; /* 0 = not known */
	uint64_t weight;  /* in 1/scale of the event's unit: periods, or a folded text's counts */
	uint64_t count;	  /* samples behind it: 1; what a folded text counts */
	uint32_t node;	  /* leaf of its stack; 0 = no stack */
	uint32_t thread;  /* index in profile->threads */
	uint32_t comm;	  /* text id: at the time of the sample */
	uint32_t cpu;	  /* UINT32_MAX = not known */
	uint16_t event;	  /* index in profile->events */
	uint8_t end;	  /* enum profile_end */
	bool skid;	  /* clock sample on the unlock after an interrupts-off region */
	uint8_t state;	  /* enum profile_state */
};

struct profile_event {
	char *name;
	const char *unit; /* "ns" (clocks), "cycles", "samples", "events" */
	uint64_t samples, weight;
	uint64_t scale; /* weights are in 1/scale units: 1, or a power of ten for decimal texts */
	uint64_t sampling_hz; /* asked for with -F; 0 = not known or sampled by period */
	bool is_clock;	      /* cpu-clock or task-clock: weights are ns of CPU time */
	bool is_time;	      /* a clock or cycles: what it counts is time spent */
};

/* How a dso was built and found: what mends its stacks and names. */
struct profile_dso {
	uint32_t name, path;
	bool has_symbols, has_debug_info, has_unwind_info, unoptimised, missing, wrong_build_id;
	bool names_hidden;  /* kernel names without addresses (kptr_restrict) */
	bool split_missing; /* a .dwo of split DWARF was not found */
	uint32_t producer;  /* text id: the compiler of a hit unit */
};

/* What a pasted table says of a function with its callees, as its rows carry no stacks. */
struct profile_claim {
	uint32_t frame;
	uint32_t comm;	 /* text id */
	double children; /* ratio 0..1; negative = it does not say */
	uint64_t calls;	 /* how often it was called; 0 = it does not say */
};

/* A thread that waits for a lock. Texts are ids of profile->texts, 0 = the dump does not say. */
struct profile_wait {
	uint32_t waiter, lock, holder;
	bool is_deadlock; /* the holder waits, at the end of a chain, for the waiter */
};

/* The first lines of a text that were not understood. */
enum { PROFILE_IGNORED_SHOWN = 5 };

struct profile_ignored_line {
	uint64_t number; /* from 1 */
	uint32_t text;	 /* text id, clipped */
};

/* What the code of a function without a name shows by itself: words of symbol/code_marks.h. */
struct profile_code {
	uint32_t dso, name; /* as of its frames */
	uint32_t marks;	    /* text id */
};

VEC_DEFINE(profile_frame_vec, struct profile_frame)
VEC_DEFINE(profile_code_vec, struct profile_code)
VEC_DEFINE(profile_node_vec, struct profile_node)
VEC_DEFINE(profile_thread_vec, struct profile_thread)
VEC_DEFINE(profile_sample_vec, struct profile_sample)
VEC_DEFINE(profile_event_vec, struct profile_event)
VEC_DEFINE(profile_dso_vec, struct profile_dso)
VEC_DEFINE(profile_claim_vec, struct profile_claim)
VEC_DEFINE(profile_wait_vec, struct profile_wait)

/* Where the stacks come from: what mends broken ones depends on it. */
enum profile_stacks {
	PROFILE_STACKS_TEXT,   /* as a text says them */
	PROFILE_STACKS_CHAINS, /* the kernel walked frame pointers */
	PROFILE_STACKS_DUMPS,  /* copies of the stack, unwound by us when reading */
	PROFILE_STACKS_LIVE,   /* unwound by our recorder while recording */
};

struct profile_index;
struct import_state;

struct profile {
	struct interner texts;
	struct profile_frame_vec frames;
	struct profile_node_vec nodes;
	struct profile_thread_vec threads;
	struct profile_sample_vec samples;
	struct profile_event_vec events;
	struct profile_dso_vec dsos;
	struct profile_claim_vec claims; /* of pasted tables */
	struct profile_code_vec codes;	 /* each function once */
	enum profile_stacks stacks;
	char *source;	    /* path or "standard input" */
	const char *format; /* "perf.data", "folded", "perf script", ... */
	char *command, *hostname, *os_release, *cpu;
	uint32_t default_event; /* shown when the user names none, if it has samples */
	uint32_t cpu_count;	/* of the recorded machine; 0 = not known */
	uint64_t lost_records, lost_samples, throttled;
	uint64_t ignored_lines; /* text input: lines not understood, and the first of them */
	struct profile_ignored_line ignored[PROFILE_IGNORED_SHOWN];
	uint64_t text_lines; /* that are not blank; 0 where all were understood */
	uint32_t columns;    /* text id: what was taken for what in a table; 0 = no doubt */
	struct profile_wait_vec waits;	/* of a dump of threads */
	struct import_state *importing; /* while a text is read */
	char *damage;			/* the input was cut or damaged: what was read stands */
	struct profile_index *index;	/* hash tables behind profile_frame/_node */
};

struct profile *profile_new(void);
void profile_free(struct profile *profile);
void cleanup_profile(struct profile **profile);
#define auto_profile __attribute__((cleanup(cleanup_profile)))

/* Interned: equal frames, (parent, frame) pairs, (pid, tid, comm) threads, dsos get one id. */
uint32_t profile_frame(struct profile *profile, const struct profile_frame *frame);
uint32_t profile_node(struct profile *profile, uint32_t parent, uint32_t frame);
uint32_t profile_thread(struct profile *profile, int32_t pid, int32_t tid, struct str comm);
uint32_t profile_event(struct profile *profile, const char *name);
uint32_t profile_dso(struct profile *profile, uint32_t name, uint32_t path);
/* Adds the row and its weight and count to its event (sums stop at the largest uint64_t). */
void profile_add_sample(struct profile *profile, const struct profile_sample *sample);

const char *profile_text(const struct profile *profile, uint32_t text_id);
/*
 * Frame ids of the stack that ends in leaf `node`, outermost first, at most `capacity` of them
 * counted from the leaf; returns how many.
 */
size_t profile_stack(const struct profile *profile, uint32_t node, uint32_t *ret_frames,
		     size_t capacity);
/* What people are shown: the name, or "[dso+0x1f]", "[dso]", "[unknown]" for unnamed places. */
void profile_frame_label(const struct profile *profile, uint32_t frame, struct strbuf *out);
