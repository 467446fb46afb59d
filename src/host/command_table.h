/* The closed table of command_check: programs, their harmless options, the shapes of operands. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Nothing stands here that runs code, writes, goes on for ever, asks the network or reads what is
 * secret, whatever its values. A program whose harmless form depends on an option has it in
 * `needs`.
 *
 * options:  words as they are typed, "-n=COUNT" with a value of that kind. Letters may be bundled,
 *           unless `is_exact`. Options with optional values stand here without.
 * operands: shapes parted by '|', each of words (as they stand) and kinds; "KIND..." is one or more
 *           of them. NULL: none at all.
 * needs:    groups parted by ';': one of the words of each group must be among the options.
 */
struct command_row {
	const char *program, *options, *operands, *needs;
	bool is_exact;
};

/* How long it is to run, by its own numbers: SECONDS and TIMES. */
struct command_span {
	unsigned long seconds, times;
};

const struct command_row *command_row_find(struct str program);
/* Whether the value is of that kind ("COUNT", "PIDS", "FILE" ...). An unknown kind has none. */
bool command_value_fits(struct str kind, struct str value, struct command_span *span);
