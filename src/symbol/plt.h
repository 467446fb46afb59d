/*
 * Names for the procedure linkage table: calls into other files go through stubs that no symbol
 * table names. They are called "function@plt", as perf and objdump do.
 */
#pragma once

#include "dso/image.h"
#include "symbol/symtab.h"

#define PLT_SUFFIX "@plt"

/* After the other tables of the image were added, before symtab_finish. */
void plt_add_symbols(struct symtab *symtab, struct image *image);
