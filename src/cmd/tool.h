/*
 * The names that the program goes by. Called as perf-gpt or perf-copilot it takes the command line
 * of that earlier tool: the same commands and options, and all of sysgrok's besides. What a name
 * changes stands in its row; any other name is sysgrok.
 */
#pragma once

#include <stdbool.h>

struct tool {
	const char *name;
	const char *usage;	     /* what follows the name in its overall help */
	const char *const *commands; /* those that the tool had, ended by NULL; NULL: all */
	/* explainfunction says what to change only with -s. */
	bool suggests_on_demand;
};

/* By the base name of argv[0], with a trailing ".py" dropped; `path` may be NULL. */
const struct tool *tool_find(const char *path);

/* All names that are installed, both spellings of each, ended by NULL; the first is sysgrok. */
extern const char *const tool_names[];

/* A command that the earlier tools had, or that is planned, and that this version has not. */
struct absent_command {
	const char *name;
	const char *what;    /* what it is to do, as a summary in help */
	const char *instead; /* what can be done until then: the hint of the error */
};

/* Ended by { 0 }. Of a name that is in `commands` too, the row there wins. */
extern const struct absent_command absent_commands[];
const struct absent_command *absent_command_find(const char *name);
