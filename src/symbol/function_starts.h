/*
 * Where functions begin in code without names, as the table of .eh_frame_hdr tells: enough to keep
 * the functions of a stripped program apart. Source: the Linux Standard Base, "Eh_frame_hdr".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dso/image.h"

struct function_starts {
	struct bytes table; /* sorted pairs of s32: start and FDE, counted from `base` */
	uint64_t base, count;
};

/* Empty where the section is absent or of another encoding than linkers write. */
struct function_starts function_starts_of(struct image *image);
/* The greatest start at or below `address`; false where there is none. */
bool function_starts_find(const struct function_starts *starts, uint64_t address, uint64_t *ret);
/* The first start above `address`; false where there is none. */
bool function_starts_next(const struct function_starts *starts, uint64_t address, uint64_t *ret);
