/*
 * An ELF file: its sections, compressed or not, notes and links; its symbol tables and PLT, what
 * its code shows; its DWARF, which also stands for the file that dwz would have made, asked at the
 * places that its own tables name.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "dso/image.h"
#include "symbol/code_marks.h"
#include "symbol/dwarf.h"
#include "symbol/plt.h"
#include "symbol/symtab.h"

enum {
	MAX_ADDRESSES = 64,
	MAX_MARKED = 8,
	/* libFuzzer's limit for one allocation is 2 GB, and a section unpacks to 1,100 times
	   itself. */
	MAX_INPUT_BYTES = 1 << 20,
};

struct addresses {
	uint64_t items[MAX_ADDRESSES];
	size_t count;
};

static void add_address(struct addresses *addresses, uint64_t address)
{
	if (addresses->count < MAX_ADDRESSES)
		addresses->items[addresses->count++] = address;
}

static void read_sections(struct image *image)
{
	struct build_id alt_id;
	struct bytes contents;
	struct str name;
	uint32_t crc;

	for (size_t i = 0; i < image->section_count; i++)
		(void)image_contents(image, &image->sections[i], &contents);
	(void)image_debuglink(image, &name, &crc);
	(void)image_debugaltlink(image, &name, &alt_id);
}

static void translate(const struct image *image, uint64_t address)
{
	uint64_t offset, back;

	if (image_address_to_offset(image, address, &offset))
		(void)image_offset_to_address(image, offset, &back);
}

static void read_symbols(struct image *image, struct addresses *addresses)
{
	struct symtab symtab = { 0 };

	symtab_add_section(&symtab, image, image_section(image, ".symtab"));
	symtab_add_section(&symtab, image, image_section(image, ".dynsym"));
	plt_add_symbols(&symtab, image);
	symtab_finish(&symtab);
	for (size_t i = 0; i < symtab.symbols.count; i++) {
		const struct symbol *symbol = symtab_find(&symtab, symtab.symbols.items[i].start);

		if (symbol)
			(void)symtab_name(&symtab, symbol);
		add_address(addresses, symtab.symbols.items[i].start);
	}
	for (size_t i = 0; i < MIN(addresses->count, (size_t)MAX_MARKED); i++) {
		auto_strbuf struct strbuf marks = STRBUF_INIT;

		code_marks_read(image, &symtab, addresses->items[i], addresses->items[i] + 512,
				&marks);
	}
	symtab_done(&symtab);
}

static void read_dwarf(struct image *image, const struct addresses *addresses)
{
	struct interner texts = INTERNER_INIT;
	const struct dwarf_options options = {
		.texts = &texts, .demangle = true, .inlines = true, .lines = true
	};
	struct dwarf *dwarf = dwarf_new(image, image, &options);

	for (size_t i = 0; i < addresses->count; i++) {
		struct dwarf_frame frames[DWARF_MAX_FRAMES];
		uint64_t start;
		size_t count = dwarf_find(dwarf, addresses->items[i], frames, &start);

		for (size_t j = 0; j < count; j++)
			(void)interned(&texts, frames[j].name);
	}
	dwarf_free(dwarf);
	interner_done(&texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_image struct image *image = NULL;
	auto_error struct error *error = NULL;
	struct addresses addresses = { 0 };

	if (size_bytes > MAX_INPUT_BYTES)
		return 0;
	error = image_open_bytes(data, size_bytes, "input", &image);
	if (error)
		return 0;
	read_sections(image);
	add_address(&addresses, image->entry);
	/* Where the seeds' code lies: their DWARF must be reachable without symbols too. */
	for (uint64_t address = 0x1000; address < 0x1200; address += 0x10)
		add_address(&addresses, address);
	read_symbols(image, &addresses);
	for (size_t i = 0; i < addresses.count; i++)
		translate(image, addresses.items[i]);
	read_dwarf(image, &addresses);
	return 0;
}
