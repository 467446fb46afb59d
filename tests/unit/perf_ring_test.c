#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "perf/order.h"
#include "perf/ring.h"

enum { RING_BYTES = 4096 };

/* A ring in plain memory: what the kernel writes, the test writes. */
static struct perf_ring ring_made(void)
{
	return (struct perf_ring){
		.page = x_calloc(1, sizeof(struct perf_event_mmap_page)),
		.data = x_calloc(1, RING_BYTES),
		.size_bytes = RING_BYTES,
	};
}

static void ring_free(struct perf_ring *ring)
{
	free(ring->page);
	free(ring->data);
	free(ring->joined);
}

static void kernel_writes(struct perf_ring *ring, uint32_t type, uint16_t size_bytes)
{
	struct perf_event_header header = { type, 0, size_bytes };
	uint8_t record[RING_BYTES];

	memset(record, (int)type, size_bytes);
	memcpy(record, &header, sizeof(header));
	for (size_t i = 0; i < size_bytes; i++)
		ring->data[(ring->page->data_head + i) % RING_BYTES] = record[i];
	ring->page->data_head += size_bytes;
}

static void records_come_whole_also_where_the_ring_ends(void **state)
{
	struct perf_ring ring = ring_made();
	const uint8_t *record;
	size_t size_bytes;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		uint16_t written = (uint16_t)(16 + i % 37 * 8);

		kernel_writes(&ring, i, written);
		/* nothing is seen before the snapshot */
		assert_false(perf_ring_peek(&ring, &record, &size_bytes));
		perf_ring_snapshot(&ring);
		assert_true(perf_ring_peek(&ring, &record, &size_bytes));
		assert_int_equal(size_bytes, written);
		assert_int_equal(record[0], i);
		for (size_t j = 8; j < size_bytes; j++)
			assert_int_equal(record[j], i);
		perf_ring_skip(&ring, size_bytes);
		assert_false(perf_ring_peek(&ring, &record, &size_bytes));
		perf_ring_release(&ring);
		assert_int_equal(ring.page->data_tail, ring.page->data_head);
	}
	ring_free(&ring);
}

static void a_damaged_ring_is_given_up_not_read_for_ever(void **state)
{
	struct perf_ring ring = ring_made();
	const uint8_t *record;
	size_t size_bytes;

	(void)state;
	ring.page->data_head = 64; /* zeros: a record of 0 bytes */
	perf_ring_snapshot(&ring);
	assert_false(perf_ring_peek(&ring, &record, &size_bytes));
	assert_int_equal(ring.tail, ring.head);
	ring_free(&ring);
}

static void pieces_cover_what_is_unread_in_order(void **state)
{
	struct perf_ring ring = ring_made();
	const uint8_t *pieces[2];
	size_t bytes[2];

	(void)state;
	assert_int_equal(perf_ring_pieces(&ring, pieces, bytes), 0);
	ring.page->data_head = RING_BYTES + 100;
	ring.tail = RING_BYTES - 50;
	perf_ring_snapshot(&ring);
	assert_int_equal(perf_ring_pieces(&ring, pieces, bytes), 2);
	assert_ptr_equal(pieces[0], ring.data + RING_BYTES - 50);
	assert_int_equal(bytes[0], 50);
	assert_ptr_equal(pieces[1], ring.data);
	assert_int_equal(bytes[1], 100);
	ring_free(&ring);
}

static int compare_entries(const void *a, const void *b)
{
	const struct order_entry *first = a, *second = b;

	if (first->time_ns != second->time_ns)
		return first->time_ns < second->time_ns ? -1 : 1;
	return first->key < second->key ? -1 : first->key > second->key;
}

static void runs_of_any_number_and_length_merge_into_one_order(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t count = 0; count < 300; count++) {
		struct order_vec entries = { 0 };
		struct order_entry *expected = x_calloc(count + 1, sizeof(*expected));

		for (size_t i = 0; i < count; i++) {
			random = random * 1664525 + 1013904223;
			order_vec_push(&entries, (struct order_entry){ random >> 24 & 63, i });
			expected[i] = entries.items[i];
		}
		qsort(expected, count, sizeof(*expected), compare_entries);
		order_sort(&entries);
		assert_int_equal(entries.count, count);
		if (count)
			assert_memory_equal(entries.items, expected, count * sizeof(*expected));
		for (uint64_t limit = 0; limit < 65; limit++) {
			size_t until = order_until(&entries, limit);

			assert_true(until == 0 || entries.items[until - 1].time_ns <= limit);
			assert_true(until == count || entries.items[until].time_ns > limit);
		}
		order_vec_done(&entries);
		free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_whole_also_where_the_ring_ends),
		cmocka_unit_test(a_damaged_ring_is_given_up_not_read_for_ever),
		cmocka_unit_test(pieces_cover_what_is_unread_in_order),
		cmocka_unit_test(runs_of_any_number_and_length_merge_into_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
