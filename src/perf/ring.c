#include "perf/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "perf/format.h"

int perf_ring_map(struct perf_ring *ring, int fd, size_t pages)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *memory =
		mmap(NULL, (pages + 1) * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return errno;
	*ring = (struct perf_ring){
		.page = memory,
		.fd = fd,
		.data = (uint8_t *)memory + page_bytes,
		.size_bytes = pages * page_bytes,
	};
	return 0;
}

void perf_ring_unmap(struct perf_ring *ring)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->page)
		munmap(ring->page, ring->size_bytes + page_bytes);
	free(ring->joined);
	*ring = (struct perf_ring){ 0 };
}

void perf_ring_snapshot(struct perf_ring *ring)
{
	ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
}

size_t perf_ring_pieces(const struct perf_ring *ring, const uint8_t *ret_pieces[2],
			size_t ret_bytes[2])
{
	size_t start = (size_t)ring->tail & (ring->size_bytes - 1);
	size_t total = (size_t)(ring->head - ring->tail);

	if (!total)
		return 0;
	ret_pieces[0] = ring->data + start;
	ret_bytes[0] = MIN(total, ring->size_bytes - start);
	ret_pieces[1] = ring->data;
	ret_bytes[1] = total - ret_bytes[0];
	return ret_bytes[1] ? 2 : 1;
}

static void copy_out(const struct perf_ring *ring, uint8_t *to, size_t size_bytes)
{
	size_t start = (size_t)ring->tail & (ring->size_bytes - 1);
	size_t first = MIN(size_bytes, ring->size_bytes - start);

	memcpy(to, ring->data + start, first);
	memcpy(to + first, ring->data, size_bytes - first);
}

bool perf_ring_peek(struct perf_ring *ring, const uint8_t **ret_record, size_t *ret_bytes)
{
	uint64_t available = ring->head - ring->tail;
	size_t start = (size_t)ring->tail & (ring->size_bytes - 1);
	struct perf_event_header header;

	if (available < sizeof(header))
		return false;
	/* records are multiples of 8 bytes: a header never wraps */
	memcpy(&header, ring->data + start, sizeof(header));
	if (header.size < sizeof(header) || header.size > available) {
		ring->tail = ring->head;
		return false;
	}
	*ret_bytes = header.size;
	*ret_record = ring->data + start;
	if (start + header.size > ring->size_bytes) {
		if (!ring->joined)
			ring->joined = x_malloc(PERF_RECORD_MAX_BYTES + 1);
		copy_out(ring, ring->joined, header.size);
		*ret_record = ring->joined;
	}
	return true;
}

void perf_ring_release(struct perf_ring *ring)
{
	__atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
}
