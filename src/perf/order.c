#include "perf/order.h"

#include <stdlib.h>
#include <string.h>

static inline bool is_before(const struct order_entry *a, const struct order_entry *b)
{
	return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->key < b->key);
}

VEC_DEFINE(run_vec, size_t)

/* Where each ordered run begins, and the end of the last one. */
static void find_runs(const struct order_vec *entries, struct run_vec *ret)
{
	run_vec_push(ret, 0);
	for (size_t i = 1; i < entries->count; i++)
		if (is_before(&entries->items[i], &entries->items[i - 1]))
			run_vec_push(ret, i);
	run_vec_push(ret, entries->count);
}

static void merge(const struct order_entry *from, size_t start, size_t middle, size_t end,
		  struct order_entry *to)
{
	size_t a = start, b = middle;

	for (size_t i = start; i < end; i++) {
		if (b == end || (a < middle && !is_before(&from[b], &from[a])))
			to[i] = from[a++];
		else
			to[i] = from[b++];
	}
}

/* Merges neighbours from one array into the other until one run is left. */
void order_sort(struct order_vec *entries)
{
	struct run_vec runs = { 0 };
	struct order_entry *from = entries->items, *to = NULL;

	if (entries->count < 2)
		return;
	find_runs(entries, &runs);
	if (runs.count > 2)
		to = x_reallocarray(NULL, entries->allocated, sizeof(*to));
	while (runs.count > 2) {
		struct order_entry *merged = to;
		size_t kept = 0;

		for (size_t i = 0; i + 1 < runs.count; i += 2) {
			size_t start = runs.items[i], middle = runs.items[i + 1];
			size_t end = i + 2 < runs.count ? runs.items[i + 2] : middle;

			merge(from, start, middle, end, to);
			runs.items[kept++] = start;
		}
		runs.items[kept++] = entries->count;
		runs.count = kept;
		to = from;
		from = merged;
	}
	entries->items = from;
	free(to);
	run_vec_done(&runs);
}

size_t order_until(const struct order_vec *entries, uint64_t limit_ns)
{
	size_t low = 0, high = entries->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entries->items[middle].time_ns <= limit_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
