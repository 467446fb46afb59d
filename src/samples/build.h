/*
 * perf.data into a profile: records through the session, stacks kept as addresses, then each
 * distinct (dso, address) named once. Internal to samples.
 */
#pragma once

#include "base/error.h"
#include "samples/load.h"

/* `path` "-" is not taken here: see load.c. */
MUST_CHECK struct error *build_profile(const char *path, const struct profile_load_options *options,
				       struct profile **ret);
