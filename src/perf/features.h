/* The feature sections: what a file says about the machine and the events. */
#pragma once

#include "perf/data.h"
#include "perf/format.h"

/*
 * Takes one feature section's bytes into `data`. Sections that are not known are skipped; one that
 * does not fit its own sizes is left as far as it was read, and false is returned.
 */
bool perf_feature_read(struct perf_data *data, unsigned feature, struct bytes section);
/* BUILD_ID sections and records: `b` holds one record, header included. */
bool perf_build_id_read(struct perf_data *data, struct bytes *b);
void perf_machine_done(struct perf_machine *machine);
