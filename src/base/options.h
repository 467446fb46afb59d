/*
 * The command line as tables. One parser reads it; help, completion and the man-page check read
 * the same tables. A command's options are written into a struct of the command's own.
 *
 *	struct topn_options { uint64_t limit; };
 *	static const struct option topn_options[] = {
 *		{ 'n', "limit", "N", "rows to show", OPTION_U64,
 *		  offsetof(struct topn_options, limit) },
 *		OPTIONS_END
 *	};
 *
 * A value that may be left out is glued on: --debug=dso, -d=dso.
 * Exact long names beat prefixes, and prefixes count among that command's options only, then among
 * the global ones. After a command's name, its own letters win over global ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum option_kind {
	OPTION_END,
	OPTION_FLAG,	 /* bool: true when given */
	OPTION_NEGATION, /* bool: false when given (--no-children) */
	OPTION_COUNT,	 /* unsigned: times given (-v -v) */
	OPTION_TEXT,	 /* const char *: borrowed from argv, the last one wins; "" = left out */
	OPTION_CHOICE,	 /* const char *: one of the texts that `value` lists ("a|b|c") */
	OPTION_U64,	 /* uint64_t; 1 where an optional value is left out */
	OPTION_REAL,	 /* double */
	OPTION_LIST,	 /* struct option_list: every value, in order */
	OPTION_SECONDS,	 /* double: 5, 1.5s, 200ms, 2m */
	OPTION_IGNORED,	 /* accepted with a note (perf's -q -N -T -B -m); nothing is written */
	OPTION_REFUSED,	 /* known elsewhere, refused here: `help` says the nearest of ours */
};

struct option {
	char letter;	   /* or 0 */
	const char *name;  /* long name without dashes, or NULL */
	const char *value; /* its value in help: "N", "a|b" (choices), "[=N]" (optional) or NULL */
	const char *help;  /* one line; NULL hides it from help and completion */
	enum option_kind kind;
	size_t offset; /* of the target in the command's struct */
};

/* clang-format off */
#define OPTIONS_END { .kind = OPTION_END }
/* clang-format on */

struct option_list {
	const char **items; /* owned array of borrowed texts */
	size_t count;
};

struct options_input {
	const struct option *own, *global; /* ended by OPTIONS_END; either may be NULL */
	void *own_target, *global_target;
	bool stop_at_operand; /* after the first operand nothing is ours (record, profile, ...) */
	bool *ret_dashes;     /* true when "--" stood before the operands; may be NULL */
};

/*
 * Reads argv[0..argc) (the command's name already dropped). Operands, in order, are left in `argv`
 * itself from index 0 on, their number in *ret_operands; "--" is dropped; a NULL follows them where
 * argv[argc] was NULL. Ignored options add a line to `notes`. Unknown options give ERROR_USAGE with
 * the nearest name as its hint.
 */
MUST_CHECK struct error *options_parse(const struct options_input *input, int argc, char **argv,
				       struct strbuf *notes, int *ret_operands);
/* The options' part of a help page, filled to `width` columns. */
void options_help(const struct option *options, unsigned width, struct strbuf *out);
/* Whether help, completion and the man page show it: known to be ours and with a help line. */
bool option_is_shown(const struct option *option);
void option_list_done(struct option_list *list);
/* The nearest of `names` (count of them) to `word` by edit distance, or NULL if none is near. */
const char *nearest_name(const char *word, const char *const *names, size_t count);
/* The nearest first, at most `max` different ones; returns how many. */
size_t nearest_names(const char *word, const char *const *names, size_t count, const char **ret,
		     size_t max);
