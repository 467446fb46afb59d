/*
 * The memory that the kernel writes one CPU's records into. Records are looked at in place; only
 * one that wraps around the end is copied together. What was consumed is given back by
 * perf_ring_release.
 */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perf_ring {
	struct perf_event_mmap_page *page; /* NULL: not mapped */
	int fd;				   /* borrowed: the event that it was mapped by */
	uint8_t *data;
	size_t size_bytes;   /* of `data`, a power of two */
	uint64_t tail, head; /* [tail, head) is to be read; head as of the last snapshot */
	uint8_t *joined;     /* the last record that wrapped */
};

/* errno, or 0. `pages` is a power of two. */
int perf_ring_map(struct perf_ring *ring, int fd, size_t pages);
void perf_ring_unmap(struct perf_ring *ring);

/* Takes in what the kernel wrote up to now. */
void perf_ring_snapshot(struct perf_ring *ring);
/* The record at the tail, whole; false at the head or when the ring is damaged. */
bool perf_ring_peek(struct perf_ring *ring, const uint8_t **ret_record, size_t *ret_bytes);
static inline void perf_ring_skip(struct perf_ring *ring, size_t size_bytes)
{
	ring->tail += size_bytes;
}
/* Gives everything before the tail back to the kernel. */
void perf_ring_release(struct perf_ring *ring);
/* The bytes of [tail, head) as at most two pieces. */
size_t perf_ring_pieces(const struct perf_ring *ring, const uint8_t *ret_pieces[2],
			size_t ret_bytes[2]);
