/*
 * The answer to "what is wrong with this host", from facts and findings, for people and as JSON.
 * Knows no collector and no parser: what was read stands in the facts, as src/host/host.h names
 * them. Every figure is a fact; the same facts give the same bytes.
 */
#pragma once

#include <stdio.h>

#include "base/term.h"
#include "facts/facts.h"
#include "render/answer.h"

/* What was not looked at, or was and is fine. */
struct host_answer_area {
	const char *name, *reason;
	const char *run; /* what would tell; NULL: it is fine */
};

struct host_answer {
	const char *command; /* "analyzecmd" */
	const char *source;  /* the folder or file that was read */
	const struct facts *facts;
	const struct host_answer_area *areas;
	size_t area_count;
	const char **unchecked; /* rules that a missing fact kept from being checked */
	size_t unchecked_count;
	bool is_asked;
	const struct answer_prose *prose; /* for --json */
	unsigned verbosity;
};

void host_answer_text(const struct term *term, const struct host_answer *answer);
void host_answer_json(FILE *stream, const struct host_answer *answer);
