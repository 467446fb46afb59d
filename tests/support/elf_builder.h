/*
 * Builds small ELF files for tests: any class and byte order, sections, segments and symbols as
 * the test says, including nonsense. What it writes is not checked in any way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

struct elf_out_section {
	char *name;
	uint32_t type, link, info;
	uint64_t flags, address, size, entry_size;
	struct strbuf data;
	uint64_t offset; /* filled by elf_builder_finish */
};

struct elf_out_segment {
	uint32_t type, flags;
	uint64_t address, size, align;
	unsigned section; /* its offset is that of this section */
	uint64_t before;  /* bytes in front of the section that belong to the segment too */
};

struct elf_builder {
	bool is_64, is_big_endian;
	uint16_t type, machine;
	bool extended_numbers; /* counts in section 0 */
	struct elf_out_section sections[32];
	unsigned section_count; /* section 0 included */
	struct elf_out_segment segments[16];
	unsigned segment_count;
	struct strbuf names;   /* of .strtab */
	struct strbuf symbols; /* of .symtab */
};

/* 64-bit little-endian x86-64 ET_DYN. */
struct elf_builder elf_builder_start(void);
void elf_builder_done(struct elf_builder *elf);
#define auto_elf_builder __attribute__((cleanup(elf_builder_done)))

/* Returns the section's index. `data` may be NULL for `size` zero bytes (or NOBITS). */
unsigned elf_add_section(struct elf_builder *elf, const char *name, uint32_t type, uint64_t address,
			 const void *data, size_t size);
void elf_add_segment(struct elf_builder *elf, uint32_t type, uint32_t flags, uint64_t address,
		     unsigned section);
/* Values in the file's byte order, appended to `out`. */
void elf_put(const struct elf_builder *elf, struct strbuf *out, uint64_t value, unsigned bytes);
/* A word of 4 or 8 bytes by the class. */
void elf_put_word(const struct elf_builder *elf, struct strbuf *out, uint64_t value);
void elf_put_uleb(struct strbuf *out, uint64_t value);
void elf_put_text(struct strbuf *out, const char *text); /* with its NUL */
/* `info` is ELF64_ST_INFO(binding, type). */
void elf_add_symbol(struct elf_builder *elf, const char *name, uint8_t info, uint16_t section,
		    uint64_t value, uint64_t size);
/* Adds .symtab and .strtab (or .dynsym, .dynstr) from the symbols so far, and starts afresh. */
void elf_finish_symbols(struct elf_builder *elf, bool dynamic);
/* A note section with a GNU build-id. */
unsigned elf_add_build_id(struct elf_builder *elf, const uint8_t *id, unsigned id_bytes);
/* The file's bytes, owned by the caller. */
void elf_builder_finish(struct elf_builder *elf, struct strbuf *ret);
