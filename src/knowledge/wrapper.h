/*
 * Programs whose command line is not all their own (sudo, timeout, docker run, sh -c): how much of
 * it is theirs, and what the rest is. A table; knows words only.
 */
#pragma once

#include "base/str.h"
#include "knowledge/command_line.h"

enum wrapper_rest {
	WRAPPER_COMMAND, /* another command line */
	WRAPPER_SCRIPT,	 /* a script or module and its arguments */
	WRAPPER_NONE,	 /* nothing: the style alone is special */
};

struct wrapper {
	const char *names; /* parted by blanks */
	struct command_style style;
	enum wrapper_rest rest;
	const char *subcommands; /* it only runs another command after one of these, or NULL */
};

/* "python3.11" -> "python3", "gcc-12" -> "gcc"; a name without a version as it is. */
struct str program_without_version(struct str name);
/* By the name as it is, else without its version; NULL: an ordinary program. `first` is the first
 * operand ("run" of docker run), or NULL. */
const struct wrapper *wrapper_find(struct str name, const char *first);
bool wrapper_is_shell(struct str name);
