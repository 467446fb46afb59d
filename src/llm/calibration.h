/*
 * How many bytes a token of a model has, by what its server counted: one file, a line a model. The
 * estimate of a prompt's size follows the newest counts, and is on the safe side of them.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* 0 where nothing is known. */
double calibration_find(const char *path, const char *model);
/* Takes a request of so many bytes for which the server counted so many tokens. */
MUST_CHECK struct error *calibration_note(const char *path, const char *model, uint64_t bytes,
					  uint64_t tokens);
