/* What of an event is given up, in which order, when the kernel does not take it as it is. */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/*
 * Changes `attr` until the kernel accepts it for that thread (-1 = all) on that CPU. Each change
 * that the user should know of adds a line to `notes`.
 */
MUST_CHECK struct error *perf_ladder_settle(struct perf_event_attr *attr, int32_t tid, int cpu,
					    bool is_side_band, struct strbuf *notes);
int perf_event_open_fd(struct perf_event_attr *attr, int32_t tid, int cpu);
