/*
 * `tc -s qdisc`: what waits at interfaces and what was dropped or held back there. Facts of
 * interface NAME: qdisc (kind of its root), qdisc_rate (bytes_per_s, of a shaper), qdisc_backlog
 * (bytes: of two readings the lesser), and of two readings qdisc_overlimits, qdisc_drops (per_s).
 * One reading: qdisc_overlimits_total, qdisc_drops_total, since the qdisc was made.
 * Asks no machine. Lines of options that are not known are skipped.
 */
#pragma once

#include "base/str.h"
#include "facts/facts.h"

/* `before` may be empty: one reading. Lines that are not understood are counted. */
void queues_to_facts(struct str before, struct str after, double window_s, const char *source,
		     struct facts *facts);
