/*
 * From an address to its FDE in one dso: binary search in the mapped .eh_frame_hdr, else in an
 * index that is built from .eh_frame; then in an index of .debug_frame (of the file or of its
 * separate debug file), which is where Go keeps it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "dso/dso.h"
#include "unwind/cfi.h"

struct fde_place {
	uint64_t start;
	uint64_t offset; /* of the FDE in its section */
};

VEC_DEFINE(fde_place_vec, struct fde_place)

struct fde_index {
	struct dso_table *dsos;
	struct dso *dso;
	struct cfi_section eh_frame, debug_frame; /* .data empty: none */
	/* The table of .eh_frame_hdr: pairs of (start, FDE) addresses. */
	struct cfi_section header;
	uint64_t table_count;
	uint8_t table_encoding;
	struct fde_place_vec eh_places, debug_places; /* by start; built when needed */
	bool has_table, tried_debug_frame;
};

void fde_index_init(struct fde_index *index, struct dso_table *dsos, struct dso *dso);
void fde_index_done(struct fde_index *index);
/* False where no FDE covers `address`. The section is borrowed from the index. */
bool fde_index_find(struct fde_index *index, uint64_t address,
		    const struct cfi_section **ret_section, struct cfi_fde *ret_fde);
