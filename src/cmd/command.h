/*
 * What a command is: one const row of data beside its code. Adding a command = a file cmd/NAME.c
 * that exports `const struct command NAME_command`, and one row in commands.c; help, completion and
 * the man-page check follow from the row.
 *
 * The options of the command line are parsed before `run` is called, into a copy of `defaults`:
 * context->options points to it. `argv` holds the operands only.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "base/term.h"

struct command;
struct tool;

/* What the global options say of asking a model. */
struct model_wishes {
	const char *name;	   /* --model; NULL = by the configuration */
	const char *output_format; /* what the prose shall look like, in words; NULL */
	double temperature;
	uint64_t concurrent; /* queries at a time */
	bool chat;	     /* go on with questions after the answer */
};

/* What every command gets, from the global options and the terminal. */
struct command_context {
	const struct tool *tool; /* the name that the program was called by */
	const struct command *command;
	const void *options; /* the command's own struct, NULL where it has none */
	struct term out;     /* standard output: the result goes there and nothing else */
	enum term_color_mode color;
	bool json;	    /* --json: the result is one JSON document */
	bool offline;	    /* --offline: no network of any kind */
	bool echo_input;    /* --echo-input: show what was read before the answer */
	unsigned verbosity; /* -v given so many times */
	bool after_dashes;  /* the operands stood behind "--" */
	const struct model_wishes *model;
	struct warnings *warnings; /* printed on stderr, with counts, when the command ends */
};

enum command_group {
	COMMAND_UNDERSTAND,
	COMMAND_HOSTS,
	COMMAND_PROFILES,
	COMMAND_COUNTERS,
	COMMAND_SELF,
	COMMAND_PROMPTS,
	COMMAND_GROUPS
};

struct command_example {
	const char *line, *what; /* "sysgrok topn", "what it does" */
};

struct command {
	const char *name;
	enum command_group group;
	const char *summary;	 /* one line of at most 72 columns, no full stop */
	const char *usage;	 /* what follows the name: "[options] [FILE]"; a line per form */
	const char *description; /* paragraphs, parted by an empty line */
	const struct option *options;		/* ended by OPTIONS_END, or NULL */
	size_t options_size;			/* of the struct that the options are written to */
	const void *defaults;			/* its initial content; NULL = zeroes */
	const struct command_example *examples; /* ended by { 0 }, or NULL */
	bool stop_at_operand; /* from the first operand on nothing is ours (record COMMAND ...) */
	int min_operands, max_operands; /* max_operands < 0: any number */
	struct error *(*run)(struct command_context *context, int argc, char **argv);
};
