#include "symbol/ranges.h"

#include <stdlib.h>

#include "base/memory.h"

/* Real tables need one or two steps; a hostile one must not make every search linear. */
enum { MAX_STEPS_BACK = 1024 };

void ranges_done(struct ranges *ranges)
{
	free(ranges->items);
	free(ranges->max_ends);
	*ranges = (struct ranges){ 0 };
}

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value)
{
	if (start >= end)
		return;
	if (ranges->count == ranges->allocated) {
		ranges->allocated = MAX(ranges->allocated * 2, (size_t)16);
		ranges->items =
			x_reallocarray(ranges->items, ranges->allocated, sizeof(*ranges->items));
	}
	ranges->items[ranges->count++] = (struct range){ start, end, value };
}

static bool is_sorted(const struct ranges *ranges)
{
	for (size_t i = 1; i < ranges->count; i++) {
		if (ranges->items[i].start < ranges->items[i - 1].start)
			return false;
	}
	return true;
}

/* Merges the sorted halves [from, middle) and [middle, to) of `in` into `out`. */
static void merge(const struct range *in, struct range *out, size_t from, size_t middle, size_t to)
{
	size_t a = from, b = middle;

	for (size_t i = from; i < to; i++) {
		bool take_a = a < middle && (b >= to || in[a].start <= in[b].start);

		out[i] = take_a ? in[a++] : in[b++];
	}
}

static void sort_by_start(struct ranges *ranges)
{
	size_t count = ranges->count;
	struct range *other;

	if (is_sorted(ranges))
		return;
	other = x_reallocarray(NULL, count, sizeof(*other));
	for (size_t width = 1; width < count; width *= 2) {
		struct range *in = ranges->items;

		for (size_t from = 0; from < count; from += 2 * width)
			merge(in, other, from, MIN(from + width, count),
			      MIN(from + 2 * width, count));
		ranges->items = other;
		other = in;
	}
	free(other);
	ranges->allocated = count;
}

static void set_max_ends(struct ranges *ranges)
{
	uint64_t max_end = 0;

	ranges->max_ends =
		x_reallocarray(ranges->max_ends, ranges->count, sizeof(*ranges->max_ends));
	for (size_t i = 0; i < ranges->count; i++) {
		max_end = MAX(max_end, ranges->items[i].end);
		ranges->max_ends[i] = max_end;
	}
}

void ranges_sort(struct ranges *ranges)
{
	sort_by_start(ranges);
	set_max_ends(ranges);
}

/* How many ranges start at or before `address`. */
static size_t count_before(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct range *ranges_next(const struct ranges *ranges, uint64_t address, size_t *cursor)
{
	size_t i = *cursor == SIZE_MAX ? count_before(ranges, address) : *cursor;

	for (unsigned steps = 0; i && ranges->max_ends[i - 1] > address; steps++) {
		i--;
		if (ranges->items[i].end > address) {
			*cursor = i;
			return &ranges->items[i];
		}
		if (steps == MAX_STEPS_BACK)
			break;
	}
	*cursor = 0;
	return NULL;
}

const struct range *ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t cursor = SIZE_MAX;

	return ranges_next(ranges, address, &cursor);
}

/* Appends a piece of `of`, joining it to the last piece where that is of the same range. */
static void add_piece(struct ranges *flat, uint64_t start, uint64_t end, uint32_t value)
{
	struct range *last = flat->count ? &flat->items[flat->count - 1] : NULL;

	if (last && last->end == start && last->value == value)
		last->end = MAX(last->end, end);
	else
		ranges_add(flat, start, end, value);
}

void ranges_flatten(struct ranges *ranges)
{
	struct ranges flat = { 0 };
	struct range *open; /* innermost last */
	size_t depth = 0;
	uint64_t done = 0; /* everything before it is in `flat` */

	sort_by_start(ranges);
	open = x_reallocarray(NULL, ranges->count + 1, sizeof(*open));
	for (size_t i = 0; i <= ranges->count; i++) {
		uint64_t next = i < ranges->count ? ranges->items[i].start : UINT64_MAX;

		while (depth && open[depth - 1].end <= next) {
			const struct range *inner = &open[--depth];

			if (inner->end > done) {
				add_piece(&flat, done, inner->end, inner->value);
				done = inner->end;
			}
		}
		if (depth && next > done)
			add_piece(&flat, done, next, open[depth - 1].value);
		if (i < ranges->count) {
			open[depth++] = ranges->items[i];
			done = next;
		}
	}
	free(open);
	ranges_done(ranges);
	*ranges = flat;
	set_max_ends(ranges);
}
