/*
 * One ELF file, mapped and read through bounds checks: sections, segments, build-id, debuglink.
 * Knows nothing of processes, symbols' meaning or unwinding. Never trusts a size or an offset.
 * Source: the System V gABI (ELF-32 and ELF-64, both byte orders, extended numbering,
 * SHF_COMPRESSED with zlib and zstd) and GNU's .zdebug_*, .gnu_debuglink and .gnu_debugaltlink.
 * An image is used by one thread at a time: contents are uncompressed at first use.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/str.h"

enum { BUILD_ID_MAX_BYTES = 20 };

struct build_id {
	uint8_t bytes[BUILD_ID_MAX_BYTES];
	uint8_t size_bytes; /* 0: none */
};

/* Equal over the shorter one's bytes is not equal: perf pads short ids with zeros, so trailing
 * zeros beyond either size are the only difference that is forgiven. False when both are empty. */
bool build_id_eq(const struct build_id *a, const struct build_id *b);
/* Lower-case hex with a final NUL; `ret` has room for 2 * BUILD_ID_MAX_BYTES + 1. */
void build_id_format(const struct build_id *id, char *ret);
/* The GNU build-id among ELF notes (a PT_NOTE, an SHT_NOTE, /sys/kernel/notes). */
bool build_id_from_notes(struct bytes notes, uint64_t align, struct build_id *ret);

struct image_section {
	struct str name;
	uint32_t type, link, info;
	uint64_t flags, address, offset, size, entry_size;
};

struct image_segment {
	uint32_t type, flags;
	uint64_t offset, address, file_size, memory_size, align;
};

struct file_map;

struct image {
	struct file_map *map;	    /* owned; NULL when made from bytes */
	struct bytes all;	    /* the whole file; .swap is set for the other byte order */
	bool is_64, is_static_exec; /* is_static_exec: ET_EXEC */
	uint16_t machine;	    /* EM_X86_64, EM_AARCH64, ... */
	uint64_t entry;
	struct image_section *sections;
	size_t section_count;
	struct image_segment *segments;
	size_t segment_count;
	struct build_id build_id;
	struct image_contents *contents; /* per section: what was uncompressed; NULL before */
	uint64_t uncompressed_bytes;	 /* over all sections, under a cap */
};

MUST_CHECK struct error *image_open(const char *path, struct image **ret);
/* From memory (vdso, jitdump): `data` is borrowed and must outlive the image. */
MUST_CHECK struct error *image_open_bytes(const void *data, size_t size_bytes, const char *name,
					  struct image **ret);
void image_free(struct image *image);
void cleanup_image(struct image **image);
#define auto_image __attribute__((cleanup(cleanup_image)))

/* By name; ".debug_x" also finds ".zdebug_x". NULL = absent. */
const struct image_section *image_section(const struct image *image, const char *name);
/* Contents, uncompressed; false for absent (NULL), NOBITS or damaged sections. Borrowed from the
 * image; the cursor has the image's byte order. */
bool image_contents(struct image *image, const struct image_section *section, struct bytes *ret);
bool image_contents_of(struct image *image, const char *name, struct bytes *ret);
/* Through PT_LOAD: a file offset is not a virtual address. */
bool image_offset_to_address(const struct image *image, uint64_t offset, uint64_t *ret_address);
bool image_address_to_offset(const struct image *image, uint64_t address, uint64_t *ret_offset);
/* Name and CRC of .gnu_debuglink; false where there is none. */
bool image_debuglink(struct image *image, struct str *ret_name, uint32_t *ret_crc);
/* Name and build-id of .gnu_debugaltlink (dwz); false where there is none. */
bool image_debugaltlink(struct image *image, struct str *ret_name, struct build_id *ret_id);
/* The CRC-32 of the whole file, as .gnu_debuglink has it. */
uint32_t image_crc(const struct image *image);
/* One address-sized or 4-byte word, by the class of the file. */
bool image_word(const struct image *image, struct bytes *bytes, uint64_t *ret);
