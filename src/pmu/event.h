/*
 * An event's name to its perf_event_attr and back: the kernel's generic hardware, software and
 * cache events with perf's spellings and modifiers. Knows nothing of opening or of files.
 * Source: perf_event_open(2), perf-list(1).
 */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

/*
 * "cycles", "cpu-clock:u", "LLC-load-misses", "r01c2", "cycles:ppH": sets type, config, the
 * exclude bits and precise_ip of `ret`. ERROR_USAGE with the nearest name for anything else.
 */
MUST_CHECK struct error *pmu_event_parse(struct str text, struct perf_event_attr *ret);
/* The name as perf has it: "cycles:u"; "type 8 config 0x1" where there is none. */
void pmu_event_name(const struct perf_event_attr *attr, struct strbuf *out);
/*
 * CPUs of several kinds (performance and efficiency cores) have a PMU each, whose number stands in
 * the upper half of a generic event's config. Writes at most `capacity` numbers; returns how many.
 */
size_t pmu_hybrid_types(uint32_t *types, size_t capacity);
/* True when this machine has a hardware PMU for CPU events (sysfs says so). */
bool pmu_cpu_present(void);
