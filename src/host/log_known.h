/*
 * Messages that mean one thing for sure, wherever they stand: kernel, systemd, libc's error texts,
 * well-known servers. Each names a fact and the entity that it is about; what follows from it is
 * for data/rules/host.rule to say. Adding one = a row in log_known.c. Internal to host.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "host/log_time.h"

/* The row + 1 that the text of a line fits, 0 where it fits none. */
uint32_t log_known_find(struct str text);
/* "oom_kills": the number of such lines. */
const char *log_known_fact(uint32_t row);
/* Of the entity that the line speaks of: its kind, and its name (may be empty: the program that
 * wrote the line is not named in it). */
const char *log_known_entity(uint32_t row, struct str text, struct str *ret_name);
