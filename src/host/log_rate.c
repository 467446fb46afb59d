#include "host/log_rate.h"

#include "base/macros.h"

#include <string.h>

#define FIRST_SLOT_NS INT64_C(100000000)
#define MAX_SLOT_NS (INT64_C(1) << 54) /* so that all slots together fit into 64 bits */

unsigned log_span_slot(const struct log_span *span, int64_t ns)
{
	int64_t slot = span->slot_ns ? (ns - span->start_ns) / span->slot_ns : 0;

	return (unsigned)(slot < 0 ? 0 : MIN(slot, (int64_t)LOG_SLOTS - 1));
}

void log_span_cover(struct log_span *span, int64_t ns, struct log_shift *ret_shift)
{
	ret_shift->doublings = 0;
	if (!span->slot_ns)
		*span = (struct log_span){ ns, FIRST_SLOT_NS };
	while ((ns < span->start_ns || ns - span->start_ns >= span->slot_ns * LOG_SLOTS) &&
	       span->slot_ns < MAX_SLOT_NS &&
	       ret_shift->doublings < ARRAY_SIZE(ret_shift->is_earlier)) {
		bool is_earlier = ns < span->start_ns;

		ret_shift->is_earlier[ret_shift->doublings++] = is_earlier;
		if (is_earlier)
			span->start_ns -= span->slot_ns * LOG_SLOTS;
		span->slot_ns *= 2;
	}
}

void log_rate_shift(struct log_rate *rate, const struct log_shift *shift)
{
	for (unsigned i = 0; i < shift->doublings; i++) {
		uint32_t halves[LOG_SLOTS / 2];

		for (unsigned k = 0; k < LOG_SLOTS / 2; k++)
			halves[k] = rate->slots[2 * k] + rate->slots[2 * k + 1];
		memset(rate->slots, 0, sizeof(rate->slots));
		memcpy(rate->slots + (shift->is_earlier[i] ? LOG_SLOTS / 2 : 0), halves,
		       sizeof(halves));
	}
}

static bool burst_judge(const struct log_rate *rate, unsigned used, uint64_t total, uint64_t least,
			struct log_burst *burst)
{
	unsigned width = burst->last - burst->first + 1;
	double rest;

	burst->count = 0;
	for (unsigned i = burst->first; i <= burst->last; i++)
		burst->count += rate->slots[i];
	if (burst->count < least || width * 3 > used)
		return false;
	rest = (double)(total - burst->count) / (used - width);
	burst->times = rest > 0 ? (double)burst->count / width / rest : 0;
	return rest <= 0 || burst->times >= 5;
}

bool log_burst_find(const struct log_rate *rate, unsigned used, uint64_t least,
		    struct log_burst *ret)
{
	uint64_t total = 0, best = 0;
	double high;

	for (unsigned i = 0; i < used; i++)
		total += rate->slots[i];
	if (used < 4 || total < least)
		return false;
	high = 2.0 * (double)total / used;
	for (unsigned i = 0; i < used; i++) {
		struct log_burst burst = { .first = i, .last = i };

		if (rate->slots[i] <= high)
			continue;
		/* one quiet slot does not end it */
		while (i + 1 < used &&
		       (rate->slots[i + 1] > high || (i + 2 < used && rate->slots[i + 2] > high)))
			burst.last = ++i;
		if (burst_judge(rate, used, total, least, &burst) && burst.count > best) {
			best = burst.count;
			*ret = burst;
		}
	}
	return best > 0;
}

bool log_gap_find(const struct log_rate *rate, unsigned used, unsigned *ret_first,
		  unsigned *ret_last)
{
	unsigned empty = 0, best = 0, run = 0, runs = 0;

	for (unsigned i = 0; i < used; i++) {
		empty += !rate->slots[i];
		run = rate->slots[i] ? 0 : run + 1;
		runs += run == 1;
		if (run > best) {
			best = run;
			*ret_last = i;
		}
	}
	if (used < 16 || best < 3 || runs > 3 || (empty - best) * 8 > used ||
	    (used - empty) * 3 < used)
		return false;
	*ret_first = *ret_last + 1 - best;
	return true;
}
