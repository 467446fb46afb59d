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

/* A figure in which a host is unlike the others that were read with it. */
struct host_answer_difference {
	uint32_t fact; /* row */
	double usual;  /* the median of all hosts */
};

struct host_answer {
	const char *command;	 /* "analyzecmd" */
	const char *host;	 /* its name; NULL: files, which do not say of which host */
	const char *source;	 /* what was read, for people: a folder, a file, a host */
	const char *unreachable; /* why nothing could be read, or NULL */
	const struct facts *facts;
	const struct host_answer_area *areas;
	size_t area_count;
	const char **unchecked; /* rules that a missing fact kept from being checked */
	size_t unchecked_count;
	const struct host_answer_difference *differences;
	size_t difference_count;
	bool is_look;	      /* a host was looked at: what each thing said is told on demand */
	bool shows_summaries; /* on demand, then */
	bool is_asked;
	unsigned verbosity;
};

/* One report, whatever their number: several begin with what is wrong with which. */
void host_answers_text(const struct term *term, const struct host_answer *answers, size_t count);
/* {"command", "hosts": [one each], "model"}. */
void host_answers_json(FILE *stream, const struct host_answer *answers, size_t count,
		       const struct answer_prose *prose);
