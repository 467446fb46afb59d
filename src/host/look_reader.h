/* How data/host/look.sh's text becomes tables: what the parts of the reader share. Internal to
 * host. */
#pragma once

#include "host/look.h"

enum { LOOK_MAX_ROWS = 1 << 17 };

struct look_reader {
	struct looks *looks;
	struct look *look;		/* the one that is being read; NULL: before the first */
	bool is_unsorted;		/* its processes */
	struct str header_path, header; /* of files whose names stand in a line of their own */
};

/* The number under "AREA A" or "AREA A B". */
void look_put(struct look_reader *reader, const char *area, struct str a, struct str b,
	      uint64_t value);
/* Takes the next word off the line; false where it is no number. */
bool look_next_u64(struct str *line, uint64_t *ret);

/* All of these return false for a line that they do not understand. */
bool look_read_pressure(struct look_reader *reader, const char *area, struct str line);
/* `path` below /proc: "77/stat". */
bool look_read_process(struct look_reader *reader, struct str path, struct str line);
/* `line` behind /sys/fs/cgroup/. */
bool look_read_cgroup(struct look_reader *reader, struct str line);

/* After the last line of a reading. */
void look_end_processes(struct look_reader *reader);
