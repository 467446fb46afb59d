#include <lzma.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "dso/dso.h"

enum {
	FIRST_BYTES = 64 << 10,
	/* A large browser's table is some 30 MB. */
	CAP_BYTES = 256 << 20,
	DECODER_CAP_BYTES = 128 << 20,
};

/* Unpacks all of `packed`; owned, NULL = damaged or too large. */
static uint8_t *unpack(struct bytes packed, size_t *ret_size)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t allocated = FIRST_BYTES;
	uint8_t *data = x_malloc(allocated);
	lzma_ret status = lzma_stream_decoder(&stream, DECODER_CAP_BYTES, 0);

	stream.next_in = packed.pos;
	stream.avail_in = bytes_left(&packed);
	stream.next_out = data;
	stream.avail_out = allocated;
	while (status == LZMA_OK) {
		status = lzma_code(&stream, LZMA_FINISH);
		if (status != LZMA_OK || stream.avail_out)
			continue;
		if (allocated >= CAP_BYTES)
			break;
		data = x_realloc(data, allocated * 2);
		stream.next_out = data + allocated;
		stream.avail_out = allocated;
		allocated *= 2;
	}
	*ret_size = allocated - stream.avail_out;
	lzma_end(&stream);
	if (status == LZMA_STREAM_END)
		return data;
	free(data);
	return NULL;
}

struct image *dso_mini_image(struct dso_table *table, struct dso *dso)
{
	struct image *image = dso_image(table, dso);
	auto_error struct error *error = NULL;
	struct bytes packed;
	size_t size_bytes;

	if (dso->mini_tried)
		return dso->mini;
	dso->mini_tried = true;
	if (!image || !image_contents_of(image, ".gnu_debugdata", &packed))
		return NULL;
	dso->mini_data = unpack(packed, &size_bytes);
	if (!dso->mini_data)
		return NULL;
	error = image_open_bytes(dso->mini_data, size_bytes, ".gnu_debugdata", &dso->mini);
	if (error)
		log_debug("dso", "%s: %s", dso->path, error->message);
	return dso->mini;
}
