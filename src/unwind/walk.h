/*
 * The parts of the walk that the unwinder's files share: the state of one walk, its reads of the
 * copied stack, and the slow step that evaluates full rows.
 */
#pragma once

#include "unwind/rules.h"

/* Registers of a frame as the walk found them: what the slow step recovers others from. */
struct walk_level {
	uint64_t sp, fp, cfa;
};

struct walk {
	struct unwinder *unwinder;
	const struct maps *maps;
	const struct unwind_registers *registers;
	struct rule_columns columns;
	const uint8_t *data;
	uint64_t base;	   /* address of data[0] */
	uint64_t readable; /* words start below base + readable */
	bool full;
	uint64_t ip, sp, fp, lr; /* of frames[count - 1] */
	bool lr_is_known;
	struct unwind_frame *frames;
	struct walk_level *levels; /* as many as frames */
	size_t count;
	unsigned slow_budget; /* rows that may still be evaluated: hostile rules recurse */
};

enum walk_step {
	WALK_ON,
	WALK_ON_INTERRUPTED, /* the caller's ip is exact */
	WALK_ON_GUESSED,
	WALK_COMPLETE,
	WALK_BAD,
	WALK_BEYOND, /* a slot near levels[count - 1].cfa lies outside the copy */
	WALK_NO_INFO,
	WALK_UNMAPPED,
};

static inline bool walk_read(const struct walk *walk, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - walk->base;

	if (offset >= walk->readable)
		return false;
	memcpy(ret, walk->data + offset, sizeof(*ret));
	return true;
}

/* Evaluates the full row of the newest frame and moves the walk to its caller. */
enum walk_step walk_step_slowly(struct walk *walk);
/* Any register of frame `index` by its DWARF column. */
bool walk_register(struct walk *walk, size_t index, uint64_t column, uint64_t *ret);
struct rules *unwinder_rules(struct unwinder *unwinder, struct dso *dso);
const struct cfi_row *unwinder_row(const struct unwinder *unwinder);
