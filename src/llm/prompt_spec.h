/*
 * The front matter of a prompt that is a command of its own: what it is called, what it takes, what
 * it is given. Each mistake is told with its line.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum prompt_input_kind {
	PROMPT_INPUT_NONE,
	PROMPT_INPUT_TEXT,    /* {{input}}: a file or standard input, as it is */
	PROMPT_INPUT_PROFILE, /* {{findings}}, {{facts}}, {{notes}}: of a profile of any kind */
};

/* Texts live in the arena that was given. */
struct prompt_spec {
	const char *description, *usage, *help;
	int min_operands, max_operands; /* max < 0: any number */
	enum prompt_input_kind input;
	unsigned header_lines; /* of the input, repeated before each part of it */
	struct str body;       /* a view into the text */
};

/* `path` is for messages; ERROR_INPUT. */
MUST_CHECK struct error *prompt_spec_parse(const char *path, struct str text, struct arena *arena,
					   struct prompt_spec *ret);
/* Whether a command may be called so: lower-case letters, digits, '-' and '_'. */
bool prompt_name_is_valid(struct str name);
