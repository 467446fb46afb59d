/*
 * Which functions, inlined ones included, and which source lines an address belongs to, from the
 * DWARF (versions 2 to 5) of one file. An own reader in place of libdw: bounded (every size, every
 * reference and the work as a whole), without shared state, and built for profiles, which ask for
 * few addresses of large files. Three layers, each made when first needed:
 *   1. sorted address ranges of the units (.debug_aranges, else the units' own);
 *   2. for a hit unit, the ranges of its functions, by one fast skip over its entries (abbreviation
 *      tables are compiled into skip programs; DW_AT_sibling leads past what holds no functions);
 *   3. for a hit function, the ranges of what was inlined into it.
 * Lines are decoded once per hit unit; names are read once per entry.
 *
 * Split DWARF (.dwo) is not read; that a unit has its contents elsewhere is said.
 * Source: the DWARF standards 2 to 5, and GNU's .gnu_debugaltlink forms (dwz).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "dso/image.h"

enum { DWARF_MAX_FRAMES = 256 };

/* Texts are ids of the interner given to dwarf_new; 0 = not known. */
struct dwarf_frame {
	uint32_t name; /* linkage name demangled, else the qualified name */
	uint32_t file;
	uint32_t line;
};

struct dwarf_options {
	struct interner *texts; /* borrowed */
	bool demangle;
	bool inlines, lines; /* what dwarf_find looks up */
};

struct dwarf;

/* `image` has .debug_info; `alt` is what dwz moved out of it, or NULL. Both are borrowed. */
struct dwarf *dwarf_new(struct image *image, struct image *alt,
			const struct dwarf_options *options);
void dwarf_free(struct dwarf *dwarf);
/*
 * The functions at `address`, innermost first, the physical one last; 0 = DWARF has none, but the
 * first of `frames` may have file and line all the same. `frames` has room for DWARF_MAX_FRAMES.
 * *ret_start is where the physical function starts.
 */
size_t dwarf_find(struct dwarf *dwarf, uint64_t address, struct dwarf_frame *frames,
		  uint64_t *ret_start);

/* About the units that were hit so far. */
struct dwarf_unit_facts {
	uint32_t producer; /* text id of the last one's */
	bool unoptimised;  /* one of them was compiled without optimisation */
	bool split_missing;
};

struct dwarf_unit_facts dwarf_facts(const struct dwarf *dwarf);
