/*
 * Records in time order without copying them: 16 bytes a record. Rings are read one after the
 * other, so the input is a few ordered runs after another: a natural merge sort, and one look
 * when all is in order already.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

/* `key` breaks ties: side-band before samples, then the place in the file. */
struct order_entry {
	uint64_t time_ns, key;
};

#define ORDER_SAMPLE (UINT64_C(1) << 63)   /* a sample: after side-band of the same time */
#define ORDER_UNPACKED (UINT64_C(1) << 62) /* the place is one in the unpacked stream */
#define ORDER_PLACE (ORDER_UNPACKED - 1)

VEC_DEFINE(order_vec, struct order_entry)

void order_sort(struct order_vec *entries);
/* How many of the first entries (sorted) are not younger than `limit_ns`. */
size_t order_until(const struct order_vec *entries, uint64_t limit_ns);
