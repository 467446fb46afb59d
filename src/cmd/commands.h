/* The one table of commands, and the options that every command takes. */
#pragma once

#include <stdbool.h>

#include "base/options.h"
#include "cmd/command.h"

struct global_options {
	bool help, version, json, offline, echo_input;
	bool dashes; /* "--" stood before the operands of the command */
	unsigned verbosity;
	const char *color; /* auto, always or never */
	const char *debug; /* domains, "" = all, NULL = off */
	struct model_wishes model;
};

#define GLOBAL_OPTIONS_INIT                                                                        \
	{                                                                                          \
		.color = "auto", .model.concurrent = 4                                             \
	}

extern const struct option global_options[];
/* Ended by NULL, in the order in which help shows them. */
extern const struct command *const commands[];

/* The table's, then the user's own (cmd/prompt_command.h); NULL behind the last. */
const struct command *command_at(size_t index);
const struct command *command_find(const char *name);
/* An ERROR_USAGE that names the nearest command; of one that is not there yet, ERROR_UNSUPPORTED.
 */
struct error *command_unknown(const struct tool *tool, const char *name);
const char *command_group_title(enum command_group group);
