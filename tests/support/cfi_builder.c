#include "cfi_builder.h"

#include <string.h>

struct cfi_builder cfi_builder_start(uint64_t section_address)
{
	return (struct cfi_builder){
		.address = section_address, .encoding = 0x1b, .version = 1, .ra_column = 16
	};
}

void cfi_builder_done(struct cfi_builder *cfi)
{
	strbuf_done(&cfi->out);
}

static void put(struct cfi_builder *cfi, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		strbuf_add_char(&cfi->out, (char)(value >> 8 * i));
}

static void put_bytes(struct cfi_builder *cfi, const void *bytes, size_t count)
{
	strbuf_add(&cfi->out, (struct str){ bytes, count });
}

/* The length is known when the entry is written: fill it in and pad to 8 bytes with nops. */
static void entry_finish(struct cfi_builder *cfi, size_t start)
{
	uint32_t length;

	while ((cfi->out.len - start) % 8 != 4)
		put(cfi, 0, 1);
	put(cfi, 0, 4);
	length = (uint32_t)(cfi->out.len - start - 4);
	memcpy(cfi->out.ptr + start, &length, sizeof(length));
}

size_t cfi_add_cie(struct cfi_builder *cfi, const uint8_t *program, size_t program_bytes)
{
	const char *augmentation = cfi->augmentation;

	if (!augmentation)
		augmentation = cfi->is_debug_frame ? "" : "zR";
	cfi->cie = cfi->out.len;
	put(cfi, 0, 4);
	put(cfi, cfi->is_debug_frame ? UINT32_MAX : 0, 4);
	put(cfi, cfi->version, 1);
	put_bytes(cfi, augmentation, strlen(augmentation) + 1);
	if (cfi->version == 4) {
		put(cfi, 8, 1);
		put(cfi, 0, 1);
	}
	put(cfi, 1, 1);	   /* code alignment */
	put(cfi, 0x78, 1); /* data alignment -8 */
	put(cfi, cfi->ra_column, 1);
	if (augmentation[0] == 'z') {
		put(cfi, strchr(augmentation, 'R') ? 1 : 0, 1);
		if (strchr(augmentation, 'R'))
			put(cfi, cfi->encoding, 1);
	}
	put_bytes(cfi, program, program_bytes);
	entry_finish(cfi, cfi->cie);
	return cfi->cie;
}

size_t cfi_add_fde(struct cfi_builder *cfi, uint64_t start, uint64_t length, const uint8_t *program,
		   size_t program_bytes)
{
	size_t offset = cfi->out.len;
	bool is_pcrel = !cfi->is_debug_frame && cfi->encoding == 0x1b;

	put(cfi, 0, 4);
	put(cfi, cfi->is_debug_frame ? cfi->cie : cfi->out.len - cfi->cie, 4);
	if (is_pcrel) {
		put(cfi, start - (cfi->address + cfi->out.len), 4);
		put(cfi, length, 4);
	} else {
		put(cfi, start, 8);
		put(cfi, length, 8);
	}
	if (!cfi->is_debug_frame)
		put(cfi, 0, 1); /* augmentation data */
	put_bytes(cfi, program, program_bytes);
	entry_finish(cfi, offset);
	return offset;
}

void cfi_add_terminator(struct cfi_builder *cfi)
{
	put(cfi, 0, 4);
}

size_t cfi_add_x86_64_cie(struct cfi_builder *cfi)
{
	static const uint8_t program[] = { 0x0c, 7, 8, 0x90, 1 };

	return cfi_add_cie(cfi, program, sizeof(program));
}
