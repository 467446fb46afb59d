/* Help pages made from the command table, for a terminal of any width. */
#pragma once

#include "cmd/command.h"

void help_overall(const struct term *out);
void help_command_page(const struct term *out, const struct command *command);
