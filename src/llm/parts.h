/*
 * What is too large for one request: records are laid out over parts (llm/chunk.h), each part is
 * summarised by a request of its own, side by side, and summaries that are still too large are
 * summarised again. Every request holds the header, leaves room for its answer, and is within the
 * limit. The figures of summaries are checked as those of answers are, so that the last answer
 * rests on facts. A part that fails is named, and costs no other.
 */
#pragma once

#include "base/error.h"
#include "facts/facts.h"
#include "llm/ask.h"

struct parts_job {
	struct asker *asker;
	const struct facts *facts; /* figures are checked against; NULL = are not */
	struct str system;	   /* the system message */
	struct str prompt;	   /* the body of part.md */
	struct str task;	   /* what the answer is for */
	struct str header;	   /* stands before the records of each part; whole lines */
	const struct str *records; /* whole lines, what matters most first */
	size_t count;
	size_t request_bytes; /* all messages of a request */
	size_t summary_bytes; /* all summaries together */
	unsigned calls_max;
	bool has_temperature;
	double temperature;
};

struct parts_result {
	struct strbuf text; /* the summaries with their numbers; says what is missing */
	unsigned calls, failed;
	size_t left_out; /* records for which no request was left */
	char *failure;	 /* why the first of those failed; owned, or NULL */
	struct cite_counts figures;
	struct llm_usage usage;
};

void parts_result_done(struct parts_result *result);
#define auto_parts_result __attribute__((cleanup(parts_result_done)))

/* ERROR_INTERRUPTED, or what kept all requests from being sent; `ret` holds what came all the
 * same. */
MUST_CHECK struct error *parts_reduce(const struct parts_job *job, struct parts_result *ret);
/* How many requests the first round takes: 0 where nothing fits. */
unsigned parts_count(const struct parts_job *job);
/* What the first round would send, byte for byte, without the key. */
void parts_show(const struct parts_job *job, struct strbuf *out);
