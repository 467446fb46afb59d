/*
 * Writes .eh_frame and .debug_frame for tests, entry by entry: 64-bit little-endian, whatever the
 * instructions say. What it writes is not checked in any way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

struct cfi_builder {
	struct strbuf out;
	uint64_t address; /* of the section */
	bool is_debug_frame;
	const char *augmentation; /* of the next CIE; NULL = "zR" or, for .debug_frame, "" */
	uint8_t encoding;	  /* DW_EH_PE_*: pcrel | sdata4 (0x1b) or absptr (0) */
	uint8_t version;
	uint8_t ra_column;
	size_t cie; /* offset of the newest one */
};

/* x86-64's usual: "zR", 0x1b, data alignment -8, return address in column 16. */
struct cfi_builder cfi_builder_start(uint64_t section_address);
void cfi_builder_done(struct cfi_builder *cfi);
#define auto_cfi_builder __attribute__((cleanup(cfi_builder_done)))

/* Both return the entry's offset in the section. */
size_t cfi_add_cie(struct cfi_builder *cfi, const uint8_t *program, size_t program_bytes);
size_t cfi_add_fde(struct cfi_builder *cfi, uint64_t start, uint64_t length, const uint8_t *program,
		   size_t program_bytes);
/* A length of 0, as crtend.o has it. */
void cfi_add_terminator(struct cfi_builder *cfi);

/* def_cfa rsp+8; return address at CFA-8: the CIE of every x86-64 compiler. */
size_t cfi_add_x86_64_cie(struct cfi_builder *cfi);
