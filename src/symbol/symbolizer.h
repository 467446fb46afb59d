/*
 * Addresses to names: symbol, inlined functions, file and line, demangled; each (dso, address) is
 * worked out once. Sources in order: names that the recording brought, .symtab/.dynsym of the debug
 * file or the image, PLT names, kallsyms, perf maps; DWARF for inlines and lines through a lazy
 * index (units, then the functions of a hit unit, then the inlined ranges of a hit function).
 *
 * The physical symbol of an address is the one that perf shows; where no symbol table has a name,
 * that of the DWARF function stands in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/strbuf.h"
#include "dso/dso.h"

/* One function at an address. All texts are ids of the symbolizer's interner; 0 = not known. */
struct symbol_frame {
	uint32_t name;	  /* demangled */
	uint32_t file;	  /* source file as the compiler had it */
	uint32_t line;	  /* 0 = not known */
	uint32_t inlined; /* 1: inlined into the next frame of the list */
};

struct symbol_frames {
	const struct symbol_frame *items; /* innermost first; the last one is the physical symbol */
	uint32_t count;			  /* never 0: an unnamed address is one frame of name 0 */
	/* dso address of the physical symbol. Unnamed: of its function, where unwind information
	 * or DWARF tells it; else 0. */
	uint64_t symbol_start;
};

struct symbolizer_options {
	bool inlines; /* look DWARF inlines up */
	bool lines;   /* look file and line up */
	bool demangle;
};

struct symbolizer;

struct symbolizer *symbolizer_new(struct dso_table *table,
				  const struct symbolizer_options *options);
void symbolizer_free(struct symbolizer *symbolizer);
/*
 * Borrowed until symbolizer_free. `address` is a dso address and already the one to name (the
 * caller subtracted 1 from return addresses). `time_ns` matters to JIT regions only (0 = last), and
 * there the first time that an address is asked for decides.
 */
struct symbol_frames symbolizer_find(struct symbolizer *symbolizer, struct dso *dso,
				     uint64_t address, uint64_t time_ns);
/* What the code of the unnamed function at `start` (a symbol_start) shows by itself, as words
 * (code_marks.h), appended to `out`. */
void symbolizer_code_marks(struct symbolizer *symbolizer, struct dso *dso, uint64_t start,
			   struct strbuf *out);
const struct interner *symbolizer_texts(const struct symbolizer *symbolizer);

/* How one dso was built, for the quality report; text ids of the symbolizer's interner. */
struct dso_build_facts {
	bool has_symtab, has_debug_info, has_unwind_info;
	bool unoptimised;	  /* a hit unit was built with -O0 (DW_AT_producer) */
	uint32_t producer;	  /* of a hit unit, or 0 */
	bool split_dwarf_missing; /* a .dwo that was not found */
	bool names_hidden;	  /* the kernel shows its names without addresses (kptr_restrict) */
};

struct dso_build_facts symbolizer_build_facts(struct symbolizer *symbolizer, struct dso *dso);
