/* Why the kernel refused an event, and what the user can do about it. */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* kernel.perf_event_paranoid, or INT_MIN where it cannot be read. */
int perf_paranoid(void);
/* True when this process may do what perf_event_paranoid forbids to others. */
bool perf_is_capable(void);
struct error *perf_open_error(int errno_value, const struct perf_event_attr *attr, int32_t tid,
			      bool system_wide);
