/*
 * Whether a command line that somebody proposed (a model, a text) may run unasked. It may where
 * every byte of it is a literal, its first word is a program of the closed table (command_table.c),
 * each further word is an option or an operand that the table has for that program, and what stands
 * behind a '|' is a filter of ours. Everything else is not: what is not understood is refused,
 * never quoted, escaped or mended.
 *
 * The outcome is an argument vector for exec: no shell sees a line that was not approved by a
 * person. Filters run in this program, over what the command printed.
 *
 * It stands here because the table is the collectors' sibling: both say what may be run on a host.
 * Runs nothing.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/strbuf.h"

enum { COMMAND_LINE_BYTES = 1000, COMMAND_WORDS = 32, COMMAND_FILTERS = 4 };

/* What a line that is not in the table may do, the worse the greater. For people: it decides
 * nothing. */
enum command_risk {
	COMMAND_READS,	 /* in the table */
	COMMAND_UNKNOWN, /* nothing is known of it */
	COMMAND_ENDLESS,
	COMMAND_SECRETS,
	COMMAND_NETWORK,
	COMMAND_ROOT,
	COMMAND_RUNS_CODE,
	COMMAND_WRITES,
	COMMAND_KILLS,
};

enum command_filter_kind {
	FILTER_HEAD,
	FILTER_TAIL,
	FILTER_GREP,
	FILTER_SORT,
	FILTER_COUNT,
	FILTER_UNIQUE
};

struct command_filter {
	enum command_filter_kind kind;
	size_t number; /* lines of head and tail; the field of sort, 0 = the whole line */
	struct str pattern;
	bool ignores_case, inverts, counts, is_fixed, has_alternatives, is_numeric, is_reversed;
};

struct command_check {
	bool is_tabled; /* it may run unasked: argv is there */
	enum command_risk risk;
	const char *reason; /* why it is not in the table; static, NULL where it is */
	const char *argv[COMMAND_WORDS + 1];
	size_t argc;
	struct command_filter filters[COMMAND_FILTERS];
	size_t filter_count;
	struct arena arena;
};

void command_check_done(struct command_check *check);
#define auto_command_check __attribute__((cleanup(command_check_done)))

/* `line` may hold any bytes. */
void command_check(struct str line, struct command_check *ret);
/* "only reads", "may write or change something" ...; static. */
const char *command_risk_words(enum command_risk risk);
/* What the filters leave of what the command printed; all of it where there are none. */
void command_filters_apply(const struct command_check *check, struct str text, struct strbuf *out);
