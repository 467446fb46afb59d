#include "symbol/plt.h"

#include <elf.h>

#include "base/memory.h"
#include "base/vec.h"

enum {
	X86_ENTRY_BYTES = 16,
	X86_GOT_ENTRY_BYTES = 8, /* .plt.got without endbr64 */
	ARM64_HEADER_BYTES = 32,
	ARM64_ENTRY_BYTES = 16,
};

/* Which symbol the dynamic linker puts into which slot of the GOT. */
struct slot {
	uint64_t address;
	uint64_t resolver; /* addend */
	uint32_t symbol;   /* index in .dynsym; 0: the function that `resolver` picks (ifunc) */
};

VEC_DEFINE(slot_vec, struct slot)

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Relocations that fill a slot for a function; of the others libraries have ten thousands. */
static bool is_slot_type(const struct image *image, uint64_t info)
{
	uint32_t type = (uint32_t)info;

	return image->machine != EM_X86_64 || type == R_X86_64_JUMP_SLOT ||
	       type == R_X86_64_GLOB_DAT || type == R_X86_64_IRELATIVE;
}

/* In file order: that of the stubs in a classic .plt. */
static void read_relocations(struct image *image, const char *name, struct slot_vec *slots)
{
	const struct image_section *section = image_section(image, name);
	struct bytes b;

	if (!section || !image_contents(image, section, &b))
		return;
	for (;;) {
		uint64_t address, info, addend = 0;

		if (!image_word(image, &b, &address) || !image_word(image, &b, &info) ||
		    (section->type == SHT_RELA && !image_word(image, &b, &addend)))
			return;
		if (!is_slot_type(image, info))
			continue;
		slot_vec_push(slots,
			      (struct slot){
				      .address = address,
				      .resolver = addend,
				      .symbol = (uint32_t)(image->is_64 ? info >> 32 : info >> 8),
			      });
	}
}

/* The name of symbol `index` of .dynsym. */
static bool dynamic_name(const struct image *image, struct bytes symbols, struct bytes names,
			 uint32_t index, struct str *ret)
{
	uint32_t name;

	return bytes_skip(&symbols, (uint64_t)index * (image->is_64 ? 24 : 16)) &&
	       bytes_u32(&symbols, &name) && bytes_seek(&names, name) && bytes_cstr(&names, ret) &&
	       ret->len;
}

struct plt {
	struct symtab *symtab;
	struct image *image;
	struct bytes symbols, names;
	struct slot_vec slots; /* sorted by address */
};

/* Stubs of the file's own ifuncs (memcpy inside of libc) name no symbol but their resolver. */
static struct str resolver_name(const struct symtab *symtab, uint64_t address)
{
	for (size_t i = 0; i < symtab->symbols.count; i++) {
		const struct symbol *symbol = &symtab->symbols.items[i];

		if (symbol->start == address && symbol->table != SYMTAB_MADE_NAMES)
			return symtab_name(symtab, symbol);
	}
	return STR("");
}

static void add_stub(const struct plt *plt, uint64_t start, uint64_t size, const struct slot *slot)
{
	struct str name;

	if (slot->symbol == 0)
		name = resolver_name(plt->symtab, slot->resolver);
	else if (!dynamic_name(plt->image, plt->symbols, plt->names, slot->symbol, &name))
		return;
	if (name.len)
		symtab_add_made(plt->symtab, start, start + size, name, PLT_SUFFIX);
}

static const struct slot *find_slot(const struct plt *plt, uint64_t address)
{
	const struct slot wanted = { .address = address };

	return plt->slots.count ? bsearch(&wanted, plt->slots.items, plt->slots.count,
					  sizeof(wanted), compare_slots)
				: NULL;
}

/* Where `jmp *slot(%rip)` (ff 25 and 32 bits) inside of one stub goes. */
static bool jump_target(struct bytes stub, uint64_t stub_address, uint64_t *ret)
{
	while (bytes_left(&stub) >= 6) {
		uint32_t distance = 0;

		if (stub.pos[0] == 0xff && stub.pos[1] == 0x25) {
			bytes_skip(&stub, 2);
			bytes_u32(&stub, &distance);
			*ret = stub_address + bytes_offset(&stub) + (uint64_t)(int32_t)distance;
			return true;
		}
		bytes_skip(&stub, 1);
	}
	return false;
}

/* x86-64: whatever the linker and the order, the stub itself says which slot it jumps through. */
static void add_x86_stubs(const struct plt *plt, const char *name)
{
	const struct image_section *section = image_section(plt->image, name);
	uint64_t entry_bytes = X86_ENTRY_BYTES;
	struct bytes b, stub;

	if (!section || !image_contents(plt->image, section, &b))
		return;
	if (section->entry_size == X86_GOT_ENTRY_BYTES)
		entry_bytes = X86_GOT_ENTRY_BYTES;
	for (uint64_t address = section->address; bytes_sub(&b, entry_bytes, &stub);
	     address += entry_bytes) {
		const struct slot *slot;
		uint64_t target;

		slot = jump_target(stub, address, &target) ? find_slot(plt, target) : NULL;
		if (slot)
			add_stub(plt, address, entry_bytes, slot);
	}
}

static void add_ordered_stubs(const struct plt *plt, const struct slot_vec *jumps, uint64_t header,
			      uint64_t entry_bytes)
{
	const struct image_section *section = image_section(plt->image, ".plt");

	if (!section || section->size < header)
		return;
	for (size_t i = 0; i < jumps->count; i++) {
		uint64_t offset = header + i * entry_bytes;

		if (section->size - header < (i + 1) * entry_bytes)
			return;
		add_stub(plt, section->address + offset, entry_bytes, &jumps->items[i]);
	}
}

void plt_add_symbols(struct symtab *symtab, struct image *image)
{
	const struct image_section *dynsym = image_section(image, ".dynsym");
	struct plt plt = { .symtab = symtab, .image = image };
	struct slot_vec jumps = { 0 };

	if (!dynsym || dynsym->link >= image->section_count ||
	    !image_contents(image, dynsym, &plt.symbols) ||
	    !image_contents(image, &image->sections[dynsym->link], &plt.names))
		return;
	plt.names.start = plt.names.pos;
	read_relocations(image, ".rela.plt", &jumps);
	read_relocations(image, ".rel.plt", &jumps);
	if (image->machine == EM_X86_64) {
		read_relocations(image, ".rela.plt", &plt.slots);
		if (image_section(image, ".plt.got"))
			read_relocations(image, ".rela.dyn", &plt.slots);
		if (plt.slots.count)
			qsort(plt.slots.items, plt.slots.count, sizeof(*plt.slots.items),
			      compare_slots);
		add_x86_stubs(&plt, ".plt");
		add_x86_stubs(&plt, ".plt.sec");
		add_x86_stubs(&plt, ".plt.got");
	} else if (image->machine == EM_AARCH64) {
		add_ordered_stubs(&plt, &jumps, ARM64_HEADER_BYTES, ARM64_ENTRY_BYTES);
	} else if (image->machine == EM_386) {
		add_ordered_stubs(&plt, &jumps, X86_ENTRY_BYTES, X86_ENTRY_BYTES);
	}
	slot_vec_done(&plt.slots);
	slot_vec_done(&jumps);
}
