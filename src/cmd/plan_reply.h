/*
 * What a model asks to see, from what it wrote: entries of a closed menu, and command lines that it
 * proposes. It may come as lines ("READ: a, b", "RUN: LINE -- why"), as JSON of several shapes, as
 * a list, in fences and between prose: weak models write all of these. Only ids of the menu count;
 * whether a command may run is not decided here (host/command_check.h, and the person).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

enum { PLAN_PICKS = 4, PLAN_PROPOSALS = 5 };

struct plan_proposal {
	struct str line; /* any bytes */
	struct str why;	 /* may be empty */
};

struct plan_reply {
	const char *picks[PLAN_PICKS]; /* of the menu */
	size_t pick_count;
	struct plan_proposal proposals[PLAN_PROPOSALS];
	size_t proposal_count;
	size_t left_out; /* proposals over the number that is read */
	struct arena arena;
};

void plan_reply_done(struct plan_reply *reply);
#define auto_plan_reply __attribute__((cleanup(plan_reply_done)))

void plan_reply_parse(struct str text, const char *const *menu, size_t menu_count,
		      struct plan_reply *ret);
