/*
 * Answers about named things (a function, a command line, something to be replaced) from notes and
 * facts, for people and as JSON. An outline says which entities are told, in what order and below
 * which other; what is told of each are its notes, in the order in which they were added, then its
 * facts. The same outline gives the same bytes.
 */
#pragma once

#include <stdio.h>

#include "base/term.h"
#include "base/vec.h"
#include "facts/facts.h"
#include "render/answer.h"

struct explain_item {
	struct entity entity;
	unsigned depth;	   /* 0: a heading; one more than the item that it belongs to at most */
	const char *title; /* what stands above its notes; borrowed */
	const char *mark;  /* said behind the title, or NULL */
};

VEC_DEFINE(explain_outline, struct explain_item)

struct explain_answer {
	const char *command;
	const char *input; /* what was asked for, as it was typed */
	const struct facts *facts;
	struct explain_outline outline;
	bool is_asked;			  /* a model's prose follows */
	const struct answer_prose *prose; /* for --json; NULL: no model was asked */
};

void explain_text(const struct term *term, const struct explain_answer *answer);
void explain_json(FILE *stream, const struct explain_answer *answer);
