/* What a recording says about the machine it was made on: the feature sections. */
#pragma once

#include "perf/writer.h"

/* Host name, release, CPUs, memory and the command line of this process. */
void machine_describe(struct perf_writer *writer, const char *version);
/* Resolution of the clock, and one moment on it and on the wall clock. */
void machine_describe_clock(struct perf_writer *writer, int clock_id);
/* Build-ids of the running kernel and the vdso, which no file has. */
void machine_describe_kernel(struct perf_writer *writer);
