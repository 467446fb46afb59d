#include "perf/unpack.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/memory.h"
#include "base/vec.h"
#include "perf/format.h"

enum { CHUNK_BYTES = 1 << 20 };

/* Recordings of empty stacks reach some 500; a bomb is stopped long before it hurts. */
#define EXPANSION_MAX UINT64_C(4096)
#define EXPANSION_FREE_BYTES (UINT64_C(64) << 20)

struct chunk {
	uint64_t base; /* place of data[0] in the unpacked stream */
	uint8_t *data;
	size_t used;
	size_t kept; /* records that somebody still needs */
};

VEC_DEFINE(chunk_vec, struct chunk)

struct unpack {
	ZSTD_DStream *stream;
	struct chunk_vec chunks; /* by base; the last one is being filled */
	size_t parsed;		 /* bytes of the last chunk that are whole records */
	uint8_t *spare;		 /* one chunk's memory, to stay in the cache */
	uint64_t packed_total, unpacked_total;
};

struct unpack *unpack_new(void)
{
	struct unpack *unpack = x_calloc(1, sizeof(*unpack));

	unpack->stream = ZSTD_createDStream();
	ZSTD_initDStream(unpack->stream);
	return unpack;
}

void unpack_free(struct unpack *unpack)
{
	if (!unpack)
		return;
	ZSTD_freeDStream(unpack->stream);
	for (size_t i = 0; i < unpack->chunks.count; i++)
		free(unpack->chunks.items[i].data);
	chunk_vec_done(&unpack->chunks);
	free(unpack->spare);
	free(unpack);
}

static struct chunk *last_chunk(struct unpack *unpack)
{
	return unpack->chunks.count ? &unpack->chunks.items[unpack->chunks.count - 1] : NULL;
}

static void release(struct unpack *unpack, size_t index)
{
	struct chunk_vec *chunks = &unpack->chunks;

	if (unpack->spare)
		free(chunks->items[index].data);
	else
		unpack->spare = chunks->items[index].data;
	memmove(&chunks->items[index], &chunks->items[index + 1],
		(chunks->count - index - 1) * sizeof(*chunks->items));
	chunks->count--;
}

/* A new chunk that begins with the unfinished record of the full one. */
static struct chunk *begin_chunk(struct unpack *unpack)
{
	struct chunk *full = last_chunk(unpack);
	uint8_t *data = unpack->spare ? unpack->spare : x_malloc(CHUNK_BYTES);
	size_t carried = 0;
	uint64_t base = 0;

	unpack->spare = NULL;
	if (full) {
		carried = full->used - unpack->parsed;
		base = full->base + unpack->parsed;
		memcpy(data, full->data + unpack->parsed, carried);
		full->used = unpack->parsed;
		if (!full->kept)
			release(unpack, unpack->chunks.count - 1);
	}
	unpack->parsed = 0;
	return chunk_vec_push(&unpack->chunks, (struct chunk){ base, data, carried, 0 });
}

static size_t record_bytes(const uint8_t *record, bool swap)
{
	uint16_t size;

	memcpy(&size, record + 6, sizeof(size));
	return swap ? __builtin_bswap16(size) : size;
}

static bool parse(struct unpack *unpack, struct chunk *chunk, bool swap,
		  bool (*on_record)(void *, const uint8_t *, size_t, uint64_t), void *context)
{
	while (chunk->used - unpack->parsed >= PERF_RECORD_HEADER_BYTES) {
		const uint8_t *record = chunk->data + unpack->parsed;
		size_t size_bytes = record_bytes(record, swap);

		if (size_bytes < PERF_RECORD_HEADER_BYTES)
			return false;
		if (size_bytes > chunk->used - unpack->parsed)
			break;
		chunk->kept += on_record(context, record, size_bytes, chunk->base + unpack->parsed);
		unpack->parsed += size_bytes;
	}
	return true;
}

enum unpack_result unpack_feed(struct unpack *unpack, struct bytes packed, bool swap,
			       bool (*on_record)(void *context, const uint8_t *record,
						 size_t size_bytes, uint64_t place),
			       void *context)
{
	ZSTD_inBuffer input = { packed.pos, bytes_left(&packed), 0 };
	bool is_full = true;

	unpack->packed_total += input.size;
	while (input.pos < input.size || is_full) {
		struct chunk *chunk = last_chunk(unpack);
		ZSTD_outBuffer output;
		size_t before, status;

		if (!chunk || chunk->used == CHUNK_BYTES)
			chunk = begin_chunk(unpack);
		before = chunk->used;
		output = (ZSTD_outBuffer){ chunk->data, CHUNK_BYTES, before };
		status = ZSTD_decompressStream(unpack->stream, &output, &input);
		if (ZSTD_isError(status))
			return UNPACK_DAMAGED;
		chunk->used = output.pos;
		unpack->unpacked_total += output.pos - before;
		if (unpack->unpacked_total >
		    EXPANSION_FREE_BYTES + unpack->packed_total * EXPANSION_MAX)
			return UNPACK_TOO_LARGE;
		if (!parse(unpack, chunk, swap, on_record, context))
			return UNPACK_DAMAGED;
		is_full = output.pos == output.size;
		if (!is_full && output.pos == before && input.pos == input.size)
			break;
	}
	return UNPACK_OK;
}

/* The chunk of `place`; places are kept ones, so it is there. */
static size_t chunk_of(const struct unpack *unpack, uint64_t place)
{
	size_t low = 0, high = unpack->chunks.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (unpack->chunks.items[middle].base <= place)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct bytes unpack_at(struct unpack *unpack, uint64_t place)
{
	const struct chunk *chunk = &unpack->chunks.items[chunk_of(unpack, place)];
	size_t offset = (size_t)(place - chunk->base);

	/* no longer, or never, there */
	if (place < chunk->base || offset > chunk->used)
		return bytes_of(chunk->data, 0);
	return bytes_of(chunk->data + offset, chunk->used - offset);
}

void unpack_drop(struct unpack *unpack, uint64_t place)
{
	size_t index = chunk_of(unpack, place);
	struct chunk *chunk = &unpack->chunks.items[index];

	if (--chunk->kept == 0 && index + 1 < unpack->chunks.count)
		release(unpack, index);
}

uint64_t unpack_held_bytes(const struct unpack *unpack)
{
	return (uint64_t)unpack->chunks.count * CHUNK_BYTES;
}

size_t unpack_unfinished_bytes(const struct unpack *unpack)
{
	size_t count = unpack->chunks.count;

	return count ? unpack->chunks.items[count - 1].used - unpack->parsed : 0;
}
