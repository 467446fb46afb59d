/*
 * How often something happened over time, in bounded memory: a fixed number of equal slots over the
 * whole time of the log, whose width doubles when the log turns out to be longer. Internal to host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LOG_SLOTS = 128 };

/* The time that all counters of one log share. */
struct log_span {
	int64_t start_ns, slot_ns; /* slot_ns 0: nothing came yet */
};

struct log_rate {
	uint32_t slots[LOG_SLOTS];
};

/* How the slots have to be moved for a time to fit: newer times double them to the left. */
struct log_shift {
	unsigned doublings;
	bool is_earlier[64]; /* per doubling: room is made in front instead of behind */
};

/* Makes the span hold `ns`. What it did is in ret_shift, for log_rate_shift of every counter. */
void log_span_cover(struct log_span *span, int64_t ns, struct log_shift *ret_shift);
void log_rate_shift(struct log_rate *rate, const struct log_shift *shift);
unsigned log_span_slot(const struct log_span *span, int64_t ns);

/* A time in which something happened far more often than in the rest. */
struct log_burst {
	unsigned first, last; /* slots */
	uint64_t count;
	double times; /* its rate over that of the rest; 0: it is all that there was */
};

/*
 * The largest burst among the slots 0 .. used - 1: at least `least` events, at least five times the
 * rest's rate, and in less than a third of the time. False where there is none.
 */
bool log_burst_find(const struct log_rate *rate, unsigned used, uint64_t least,
		    struct log_burst *ret);
/* Longest run of empty slots in a log that otherwise always says something; false: none. */
bool log_gap_find(const struct log_rate *rate, unsigned used, unsigned *ret_first,
		  unsigned *ret_last);
