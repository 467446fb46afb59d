/* One line on stderr for long work, only on a terminal, removed when the work ends. */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct progress {
	const char *what; /* NULL: silent */
	uint64_t total;	  /* 0: unknown */
	uint64_t last_shown_ns;
};

struct progress progress_start(const char *what, uint64_t total);
/* Cheap: redraws at most ten times a second. */
void progress_update(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);
