/*
 * The words of a command line, held against the options of the program's manual page: "-n5" is -n
 * with the value 5, "-xzf a" is -x, -z and -f with the value a, "--lin=5" is --lines. Knows words
 * and options; what the options do is the page's business.
 */
#pragma once

#include "knowledge/man_page.h"

enum argument_kind {
	ARGUMENT_OPTION,
	ARGUMENT_UNKNOWN_OPTION,
	ARGUMENT_OPERAND,
	ARGUMENT_END_OF_OPTIONS, /* "--" */
};

struct argument {
	enum argument_kind kind;
	const char *text;	     /* as it was typed, its value included; of a cluster "-x" */
	const char *word;	     /* the word that it stands in */
	const struct man_form *form; /* of a known option */
	const char *value;	     /* or NULL */
	bool is_negated;	     /* "--no-x" of --x */
	bool is_abbreviated;	     /* "--lin" of --lines */
};

VEC_DEFINE(argument_vec, struct argument)

struct command_style {
	bool bundled_first;    /* tar, ps: the first word is letters without a dash */
	bool stops_at_operand; /* what follows the first operand is another program's */
	bool has_assignments;  /* NAME=VALUE comes before the command (env, sudo) */
	unsigned operands;     /* of its own, before the command (timeout 5 COMMAND) */
	const char *valued;    /* letters that take a value, where the page is not there; or NULL */
	const char
		*last_options; /* words: an option that ends the options ("-m -c -jar"), or NULL */
	/* whether an option that the page does not list takes the next word; or NULL */
	bool (*takes_value)(const void *context, const char *option);
	const void *context;
};

/* Takes argv[0..argc) without the program's name; returns how many words were the program's own,
 * which is all of them unless the style says otherwise. Texts live in `arena` or are borrowed. */
int command_line_read(const struct man_page *page, const struct command_style *style, int argc,
		      char **argv, struct arena *arena, struct argument_vec *ret);
