#include "symbol/symtab.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbol/demangle.h"

enum {
	PAGE_BYTES = 4096,
	RADIX_BITS = 11,
	RADIX_BUCKETS = 1 << RADIX_BITS,
	MAX_STEPS_BACK = 64,
};

void symtab_done(struct symtab *symtab)
{
	symbol_vec_done(&symtab->symbols);
	strbuf_done(&symtab->made);
}

uint8_t symtab_add_names(struct symtab *symtab, struct bytes names)
{
	unsigned index = MIN(symtab->name_table_count, SYMTAB_MAX_NAME_TABLES - 1U);

	names.start = names.pos;
	symtab->names[index] = names;
	symtab->name_table_count = index + 1;
	return (uint8_t)index;
}

void symtab_add(struct symtab *symtab, const struct symbol *symbol)
{
	symbol_vec_push(&symtab->symbols, *symbol);
}

void symtab_add_made(struct symtab *symtab, uint64_t start, uint64_t end, struct str name,
		     const char *suffix)
{
	const struct symbol symbol = {
		.start = start,
		.end = MAX(start, end),
		.name = (uint32_t)symtab->made.len,
		.table = SYMTAB_MADE_NAMES,
		.binding = SYMBOL_GLOBAL,
	};

	strbuf_add(&symtab->made, name);
	strbuf_add(&symtab->made, (struct str){ suffix, strlen(suffix) + 1 });
	symtab_add(symtab, &symbol);
}

struct str symtab_name(const struct symtab *symtab, const struct symbol *symbol)
{
	struct bytes names = symbol->table == SYMTAB_MADE_NAMES
				     ? bytes_of(symtab->made.ptr, symtab->made.len)
				     : symtab->names[symbol->table];
	struct str name;

	return bytes_seek(&names, symbol->name) && bytes_cstr(&names, &name) ? name : STR("");
}

/* One entry of an ELF symbol table, both classes. */
struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

static bool read_symbol(const struct image *image, struct bytes *b, struct elf_symbol *ret)
{
	if (!bytes_u32(b, &ret->name))
		return false;
	if (image->is_64)
		return bytes_u8(b, &ret->info) && bytes_u8(b, &ret->other) &&
		       bytes_u16(b, &ret->section) && bytes_u64(b, &ret->value) &&
		       bytes_u64(b, &ret->size);
	return image_word(image, b, &ret->value) && image_word(image, b, &ret->size) &&
	       bytes_u8(b, &ret->info) && bytes_u8(b, &ret->other) && bytes_u16(b, &ret->section);
}

static bool is_code_section(const struct image *image, uint16_t index)
{
	/* In debug files code sections are NOBITS but keep their flags. */
	if (index < image->section_count)
		return image->sections[index].flags & SHF_EXECINSTR;
	/* SHN_XINDEX: more than 65,280 sections, as -ffunction-sections objects have. */
	return index == SHN_XINDEX || index == SHN_ABS;
}

static bool is_wanted(const struct image *image, const struct elf_symbol *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->info);
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->other);

	if (!symbol->name || symbol->section == SHN_UNDEF ||
	    !is_code_section(image, symbol->section))
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	/* Versions (GLIBC_2.2.5) are absolute. */
	if (symbol->section == SHN_ABS)
		return false;
	return type == STT_OBJECT ||
	       (type == STT_NOTYPE && visibility != STV_HIDDEN && visibility != STV_INTERNAL);
}

/* "$x", "$d.1": marks between code and data on ARM, no names. */
static bool is_mapping_symbol(const struct image *image, struct bytes names, uint32_t offset)
{
	const uint8_t *name = names.start + offset;

	return (image->machine == EM_ARM || image->machine == EM_AARCH64) && names.end - name > 2 &&
	       name[0] == '$' && memchr("adtx", name[1], 4) && (name[2] == '\0' || name[2] == '.');
}

static uint8_t binding_of(const struct elf_symbol *symbol)
{
	switch (ELF64_ST_BIND(symbol->info)) {
	case STB_LOCAL:
		return SYMBOL_LOCAL;
	case STB_WEAK:
		return SYMBOL_WEAK;
	default: /* STB_GLOBAL, STB_GNU_UNIQUE */
		return SYMBOL_GLOBAL;
	}
}

void symtab_add_section(struct symtab *symtab, struct image *image,
			const struct image_section *section)
{
	struct elf_symbol symbol = { 0 };
	struct bytes b, names;
	uint8_t table;

	if (!section || section->link >= image->section_count ||
	    !image_contents(image, section, &b) ||
	    !image_contents(image, &image->sections[section->link], &names))
		return;
	names.start = names.pos;
	table = symtab_add_names(symtab, names);
	while (read_symbol(image, &b, &symbol)) {
		struct symbol entry = { symbol.value,	     0,	   symbol.name, table,
					binding_of(&symbol), false };

		if (!is_wanted(image, &symbol) || symbol.name >= bytes_left(&names) ||
		    is_mapping_symbol(image, names, symbol.name))
			continue;
		/* The lowest bit of an ARM function says Thumb. */
		if (image->machine == EM_ARM && ELF64_ST_TYPE(symbol.info) == STT_FUNC)
			entry.start &= ~(uint64_t)1;
		if (__builtin_add_overflow(entry.start, symbol.size, &entry.end))
			entry.end = UINT64_MAX;
		symtab_add(symtab, &entry);
	}
}

/* Stable least-significant-digit radix sort by start: tables have some hundred thousand rows. */
static void sort_by_start(struct symbol_vec *symbols)
{
	size_t count = symbols->count;
	struct symbol *from = symbols->items, *to = x_reallocarray(NULL, count, sizeof(*to));
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < count; i++) {
		low = MIN(low, from[i].start);
		high = MAX(high, from[i].start);
	}
	for (unsigned shift = 0; count && shift < 64 && (high - low) >> shift;
	     shift += RADIX_BITS) {
		size_t counts[RADIX_BUCKETS] = { 0 }, sum = 0;
		struct symbol *sorted = to;

		for (size_t i = 0; i < count; i++)
			counts[(from[i].start - low) >> shift & (RADIX_BUCKETS - 1)]++;
		for (size_t i = 0; i < RADIX_BUCKETS; i++) {
			size_t here = counts[i];

			counts[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			sorted[counts[(from[i].start - low) >> shift & (RADIX_BUCKETS - 1)]++] =
				from[i];
		to = from;
		from = sorted;
	}
	symbols->items = from;
	symbols->allocated = count;
	free(to);
}

/* As it will be shown: without the parameters, which is what makes lengths comparable. */
static struct str shown_name(const struct symtab *symtab, const struct symbol *symbol,
			     struct strbuf *buffer)
{
	struct str name = symtab_name(symtab, symbol);

	return demangle(name, buffer) ? strbuf_str(buffer) : name;
}

static size_t leading_underscores(struct str name)
{
	size_t count = 0;

	while (count < name.len && name.ptr[count] == '_')
		count++;
	return count;
}

static bool is_better_name(const struct symtab *symtab, const struct symbol *a,
			   const struct symbol *b)
{
	auto_strbuf struct strbuf a_buffer = STRBUF_INIT, b_buffer = STRBUF_INIT;
	struct str a_name = shown_name(symtab, a, &a_buffer);
	struct str b_name = shown_name(symtab, b, &b_buffer);
	size_t a_underscores = leading_underscores(a_name);
	size_t b_underscores = leading_underscores(b_name);

	if (a_underscores != b_underscores)
		return b_underscores < a_underscores;
	if (a_name.len != b_name.len)
		return b_name.len > a_name.len;
	/* The kernel's old system call aliases. */
	return str_starts_with(a_name, STR("SyS")) || str_starts_with(a_name, STR("compat_SyS"));
}

/* Whether `b`, which came later in the tables, names the address better than `a`. */
static bool is_better(const struct symtab *symtab, const struct symbol *a, const struct symbol *b)
{
	bool a_has_size = a->end > a->start, b_has_size = b->end > b->start;

	if (a_has_size != b_has_size)
		return b_has_size;
	if ((a->binding == SYMBOL_WEAK) != (b->binding == SYMBOL_WEAK))
		return a->binding == SYMBOL_WEAK;
	if ((a->binding == SYMBOL_GLOBAL) != (b->binding == SYMBOL_GLOBAL))
		return b->binding == SYMBOL_GLOBAL;
	return is_better_name(symtab, a, b);
}

static void drop_aliases(struct symtab *symtab)
{
	struct symbol_vec *symbols = &symtab->symbols;
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		struct symbol *symbol = &symbols->items[i];
		struct symbol *last = kept ? &symbols->items[kept - 1] : NULL;

		if (!last || last->start != symbol->start)
			symbols->items[kept++] = *symbol;
		else if (is_better(symtab, last, symbol))
			*last = *symbol;
	}
	symbols->count = kept;
}

static uint64_t end_of_page_after(uint64_t address)
{
	uint64_t end;

	return __builtin_add_overflow(address, 2 * PAGE_BYTES - 1, &end)
		       ? UINT64_MAX
		       : end & ~(uint64_t)(PAGE_BYTES - 1);
}

/*
 * A symbol without a size reaches to the next one (so of several at one address only the last one
 * does); where a module ends, or at the very end, at most two pages: what follows is not its
 * code.
 */
static void end_open_symbols(struct symtab *symtab)
{
	struct symbol *items = symtab->symbols.items;
	size_t count = symtab->symbols.count;

	for (size_t i = 0; i < count; i++) {
		struct symbol *symbol = &items[i];

		if (symbol->end != symbol->start)
			continue;
		if (i + 1 < count && items[i + 1].module == symbol->module)
			symbol->end = items[i + 1].start;
		else
			symbol->end = end_of_page_after(symbol->start);
	}
}

void symtab_finish(struct symtab *symtab)
{
	sort_by_start(&symtab->symbols);
	end_open_symbols(symtab);
	drop_aliases(symtab);
}

const struct symbol *symtab_find(const struct symtab *symtab, uint64_t address)
{
	const struct symbol *items = symtab->symbols.items;
	size_t low = 0, high = symtab->symbols.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* A label may lie inside of a function that goes on behind it. */
	for (unsigned steps = 0; low && steps < MAX_STEPS_BACK; steps++, low--) {
		if (address < items[low - 1].end)
			return &items[low - 1];
	}
	return NULL;
}
