/*
 * The symbol table of one dso: which name covers an address. Made from the ELF symbol tables of
 * the image or its debug file, the PLT, kallsyms, or names that the recording brought.
 *
 * Choice among several names of one address, ends of symbols without a size, and the order of the
 * tables follow perf 6.1's util/symbol.c and util/symbol-elf.c in what they do, so that both give
 * the same self time per symbol.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "dso/image.h"

enum symbol_binding { SYMBOL_LOCAL, SYMBOL_GLOBAL, SYMBOL_WEAK };

struct symbol {
	uint64_t start, end;
	uint32_t name; /* offset in the text of its table */
	uint8_t table; /* index in symtab.names */
	uint8_t binding;
	uint8_t module; /* kallsyms: another one than the neighbours'; 0 = the kernel proper */
};

VEC_DEFINE(symbol_vec, struct symbol)

enum { SYMTAB_MAX_NAME_TABLES = 4 };

struct symtab {
	struct symbol_vec symbols;		    /* sorted by start after symtab_finish */
	struct bytes names[SYMTAB_MAX_NAME_TABLES]; /* borrowed from the images */
	unsigned name_table_count;
	struct strbuf made; /* names that stand in no file, "text NUL" each */
};

/* In symbol.table: the name is in symtab.made. */
#define SYMTAB_MADE_NAMES UINT8_MAX

void symtab_done(struct symtab *symtab);
/* The functions (and labels in code) of a SHT_SYMTAB or SHT_DYNSYM section. */
void symtab_add_section(struct symtab *symtab, struct image *image,
			const struct image_section *section);
/* A table of names, "text NUL" each, that outlives `symtab`; returns its index. */
uint8_t symtab_add_names(struct symtab *symtab, struct bytes names);
void symtab_add(struct symtab *symtab, const struct symbol *symbol);
/* `name` and `suffix` are copied. */
void symtab_add_made(struct symtab *symtab, uint64_t start, uint64_t end, struct str name,
		     const char *suffix);
/* Sorts, drops all but the best name of an address, ends open symbols; to be called once. */
void symtab_finish(struct symtab *symtab);
/* The symbol that covers `address`, or NULL. */
const struct symbol *symtab_find(const struct symtab *symtab, uint64_t address);
struct str symtab_name(const struct symtab *symtab, const struct symbol *symbol);
