/* What the reduction of a log came to, as facts of its input, its messages and of the entities that
 * known messages name. Internal to host. */
#pragma once

#include "host/log_templates.h"
#include "host/parser.h"

/* Known messages by what they are about. */
struct log_event {
	uint32_t row; /* of log_known.h */
	const char *fact, *kind;
	struct str name;
	uint64_t count;
	uint32_t first_line, last_line;
	struct log_time first, last;
};

VEC_DEFINE(log_event_vec, struct log_event)

struct log_summary {
	struct log_templates templates;
	struct log_event_vec events;
	uint64_t events_left_out; /* names beyond the cap */
	uint64_t lines, blank, below, untimed, disordered, odd_times;
	uint64_t requests, requests_failed; /* of web servers; with a status of 500 and up */
	uint64_t levels[LOG_LEVELS];
	struct log_time first, last;
	uint64_t first_error; /* line; 0: none */
	int64_t longest_gap_ns;
};

void log_facts(struct parse *parse, const struct log_summary *summary);
