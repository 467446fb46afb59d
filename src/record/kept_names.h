/*
 * Addresses that samples hit and whose names will be gone when the file is read: in the kernel,
 * in JIT regions, in the vdso, in files that were removed, replaced or in a container. All are
 * collected while recording; when it ends, what is gone by then is named, by a namer that the
 * caller brings (names are not this room's business).
 */
#pragma once

#include "dso/dso.h"
#include "perf/writer.h"

/* All functions may be called with the `state` that open() returned only. */
struct record_namer {
	void *(*open)(struct dso_table *table);
	/* False where it has no name; the name is borrowed until the next call. */
	bool (*find)(void *state, struct dso *dso, uint64_t address, uint64_t *ret_start,
		     struct str *ret_name);
	void (*close)(void *state);
};

struct kept_address {
	uint64_t address;
	uint32_t dso_plus_one; /* 0 = free */
};

struct kept_names {
	struct kept_address *slots;
	size_t count;
	uint32_t slot_mask;
};

void kept_names_done(struct kept_names *names);
void kept_names_add(struct kept_names *names, const struct dso *dso, uint64_t address);
/* Names everything and writes the file's own section; `namer` may be NULL. */
void kept_names_write(struct kept_names *names, struct dso_table *table,
		      const struct record_namer *namer, struct perf_writer *writer);
