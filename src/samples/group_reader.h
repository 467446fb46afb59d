/*
 * Groups that are sampled through their leader (perf record -e '{cycles,instructions}:S'): each
 * sample brings the counts of all members, and stands for one sample of every member that moved,
 * with what it moved by as its period. perf counts them so. Internal to samples.
 */
#pragma once

#include "perf/data.h"

enum { GROUP_MEMBERS_MAX = 64 };

struct group_member {
	uint32_t evsel;
	uint64_t period;
};

struct group_counter {
	uint64_t id, value; /* as last read */
	uint32_t evsel;
};

struct group_reader {
	struct group_counter *counters; /* sorted by id; made at first use */
	size_t count;
};

/* How many of `ret` were filled; members beyond GROUP_MEMBERS_MAX and unknown ids are left out. */
size_t group_reader_read(struct group_reader *reader, const struct perf_data *data,
			 const struct perf_sample *sample,
			 struct group_member ret[static GROUP_MEMBERS_MAX]);
void group_reader_done(struct group_reader *reader);
