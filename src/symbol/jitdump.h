/*
 * jit-PID.dump: the names of code that a JIT compiler wrote and when it did. Only the names are
 * read here. Source: tools/perf/Documentation/jitdump-specification.txt; both byte orders.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "symbol/ranges.h"

struct file_map;

struct jit_code {
	uint64_t start, time_ns;
	struct str name; /* in the file's bytes */
};

struct jitdump {
	struct file_map *file;	/* owned; NULL when made from bytes */
	struct ranges ranges;	/* value: index in `codes` */
	struct jit_code *codes; /* in file order */
	size_t count, allocated;
	bool is_cut; /* the end could not be read */
};

/* Refuses a file that neither root nor the user who asks (nor, for root, its process) owns. */
MUST_CHECK struct error *jitdump_load(const char *path, struct jitdump *ret);
/* The same from bytes, which are borrowed. */
MUST_CHECK struct error *jitdump_parse(struct bytes bytes, struct jitdump *ret);
void jitdump_done(struct jitdump *jitdump);
/*
 * The code that lay at `address` at that time: what was written last before it; where all was
 * written later (another clock) or time_ns is 0, what was written last. False: none.
 */
bool jitdump_find(const struct jitdump *jitdump, uint64_t address, uint64_t time_ns,
		  struct str *ret_name, uint64_t *ret_start);
