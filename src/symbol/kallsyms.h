/*
 * The kernel's names: /proc/kallsyms or a copy of it. One table for the kernel, its modules and
 * BPF programs, as their addresses are those of one machine.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "symbol/symtab.h"

struct kallsyms {
	struct symtab symtab;
	struct strbuf text; /* the file, words ended by NUL: holds the names */
	bool hidden;	    /* all addresses are 0: kptr_restrict */
};

/*
 * Reads `path`. `text_address`: where _text lay in the recording, 0 = not known; a kernel that was
 * booted anew (KASLR) is moved there, and the modules, which moved otherwise, are left out.
 */
MUST_CHECK struct error *kallsyms_load(const char *path, uint64_t text_address,
				       struct kallsyms *ret);
/* The same from text, which is taken over. */
void kallsyms_parse(struct strbuf *take_text, uint64_t text_address, struct kallsyms *ret);
/* The same from a vmlinux, which must outlive the result; modules have no names then. */
void kallsyms_from_image(struct image *vmlinux, uint64_t text_address, struct kallsyms *ret);
void kallsyms_done(struct kallsyms *kallsyms);
