/*
 * Commands of the user's own: each file NAME.md in ~/.config/sysgrok/prompts that is not one of the
 * built-in prompts is a command NAME. Its front matter says what it takes (llm/prompt_spec.h).
 */
#pragma once

#include "cmd/command.h"

/* The files are read at the first call. NULL behind the last; they live as long as the process. */
const struct command *prompt_command_at(size_t index);
const struct command *prompt_command_find(const char *name);
