/* Sections that are stored compressed, inside dso only: what image_contents made of them. */
#pragma once

#include "dso/image.h"

struct image_contents {
	uint8_t *data; /* owned; NULL until asked for */
	size_t size_bytes;
	bool is_damaged;
};

void image_contents_free(struct image *image);
