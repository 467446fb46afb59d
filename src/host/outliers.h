/*
 * Which of several hosts are unlike the rest, and in what. A figure of a host is held against the
 * median of all hosts that have it, in units of their median absolute deviation: a few odd hosts
 * move neither. Judges nothing: unlike is not ill.
 */
#pragma once

#include "base/vec.h"
#include "facts/facts.h"

enum { OUTLIERS_LEAST_HOSTS = 5, OUTLIERS_PER_HOST = 5 };

struct outlier {
	uint32_t fact; /* row of that host's table */
	double usual;  /* the median */
	double score;  /* how many deviations away */
};

VEC_DEFINE(outlier_vec, struct outlier)

/*
 * Of each table (one a host) the figures that stand out, the farthest first, at most
 * OUTLIERS_PER_HOST of them; `ret` has `count` empty vectors. NULL tables are hosts that were not
 * read. Nothing where fewer than OUTLIERS_LEAST_HOSTS have a figure. The same tables give the same
 * outliers, in whatever order they come.
 */
void outliers_find(const struct facts *const *hosts, size_t count, struct outlier_vec *ret);
