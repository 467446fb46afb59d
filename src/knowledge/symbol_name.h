/*
 * What compilers, linkers and dynamic loaders add to a function's name, taken off again, so that
 * one entry of the knowledge base finds all of a function's clones and CPU variants:
 * "zip.constprop.0", "malloc@plt", "__memmove_avx_unaligned_erms", "__GI___libc_malloc",
 * "void std::sort<int*>(int*, int*)", "core::fmt::write::h0123456789abcdef". Functions of Python
 * code, whatever tool wrote them, are also "json/decoder.py:raw_decode".
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

#define SYMBOL_NAME_FORMS 8

/* Writes the forms, the name as it is first, then ever more general ones; returns how many.
 * Patterns are held against the forms from *ret_first_plain on, those without a clone's suffix. */
size_t symbol_name_forms(struct arena *arena, struct str name,
			 struct str ret[static SYMBOL_NAME_FORMS], size_t *ret_first_plain);
/* "kernel" for the kernel and its modules, else the base name without version suffixes of
 * deleted files (" (deleted)"); borrowed from `dso`. */
struct str library_name(struct str dso);
/* An Elastic, perf or folded spelling of the kernel or one of its modules. */
bool library_is_kernel(struct str dso);
