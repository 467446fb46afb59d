/* Help pages made from the command table, for a terminal of any width. */
#pragma once

#include "cmd/command.h"
#include "cmd/tool.h"

void help_overall(const struct term *out, const struct tool *tool);
void help_command_page(const struct term *out, const struct tool *tool,
		       const struct command *command);
