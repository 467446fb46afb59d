/*
 * Debug lines by domain (--debug=symbol,record; "all"), on stderr. What the user must see is an
 * error or a warning instead; warnings are collected, counted by kind and printed once at the end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"

void log_enable(const char *domains); /* comma-separated; NULL or "" = all */
bool log_enabled(const char *domain);
void log_debug(const char *domain, const char *format, ...) PRINTF(2, 3);

struct warning {
	char *text; /* "%s" is not expanded; equal texts are one warning with a count */
	uint64_t count;
};

struct warnings {
	struct warning *items;
	size_t count, allocated;
};

void warnings_done(struct warnings *warnings);
void warnings_add(struct warnings *warnings, const char *format, ...) PRINTF(2, 3);
void warnings_print(const struct warnings *warnings, FILE *stream);
