/*
 * Feature section 255, which only our recorder writes: names of addresses that samples hit and
 * that no file will tell later (the kernel's, JIT regions', the vdso's, deleted files'). perf skips
 * the section. Layout, in the byte order of the file:
 *
 *	u64 magic, u32 version, u32 reserved
 *	group: u32 kind (PERF_OWN_*), s32 pid, u32 bytes of build-id, u8 build_id[20], u32 count,
 *	       path and NUL
 *	name:  u64 start, u64 size, name as a linker has it and NUL
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/strbuf.h"

/* Kinds of what names belong to; never renumbered. */
enum perf_own_kind {
	PERF_OWN_FILE = 0,
	PERF_OWN_KERNEL = 1,
	PERF_OWN_MODULE = 2,
	PERF_OWN_BPF = 3,
	PERF_OWN_VDSO = 4,
	PERF_OWN_JIT = 5,
};

struct perf_own_group {
	enum perf_own_kind kind;
	int32_t pid; /* PERF_OWN_JIT: whose region; else -1 */
	uint8_t build_id[20];
	uint8_t build_id_bytes; /* 0 = not known */
	struct str path;
	uint32_t name_count;
};

struct perf_own_name {
	uint64_t start, size;
	struct str name;
};

/* Writing: begin, then each group followed by its names. */
void perf_own_begin(struct strbuf *section);
void perf_own_add_group(struct strbuf *section, const struct perf_own_group *group);
void perf_own_add_name(struct strbuf *section, const struct perf_own_name *name);

/* Reading: false where the section is not ours or of a version to come. */
bool perf_own_open(struct bytes *section);
/* The next group, whose names must be read before the next one; false at the end or at damage. */
bool perf_own_next_group(struct bytes *section, struct perf_own_group *ret);
bool perf_own_next_name(struct bytes *section, struct perf_own_name *ret);
