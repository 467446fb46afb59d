/*
 * Finding what people type: faster replacements by free text, functions without their library, and
 * the names that are near to one that is not known.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "knowledge/knowledge.h"

VEC_DEFINE(kb_match_vec, struct kb_match)
VEC_DEFINE(kb_names, const char *)

#define FASTER_ALL_KINDS                                                                           \
	(1U << KB_FASTER_PROGRAM | 1U << KB_FASTER_LIBRARY | 1U << KB_FASTER_PYLIBRARY)

/*
 * The entries of that target, of the `kinds` (bits of enum kb_kind) that are wanted: "gzip",
 * "/usr/bin/gzip", "libz.so.1", "python json" (a word that names a kind chooses it). An entry whose
 * name is part of the text is found where nothing has it as its name. Appended to `ret`.
 */
void knowledge_faster(const struct knowledge *knowledge, struct str target, unsigned kinds,
		      struct kb_match_vec *ret);
/* "program", "library" or "Python library" */
const char *faster_kind_name(enum kb_kind kind);

/* Every entry of a function of that name, in any library; each once. */
void knowledge_function_everywhere(const struct knowledge *knowledge, struct str function,
				   struct kb_match_vec *ret);
/* What is known of an argument ("-9") of a program. entry NULL = nothing. */
struct kb_match knowledge_argument(const struct knowledge *knowledge, struct str program,
				   struct str argument);
/* The libraries that an entry's scope names, as globs. */
void knowledge_scope_names(struct kb_match match, struct kb_names *ret);

/* All names that a target, or a function of a library ("" = any), could have had. Borrowed. */
void knowledge_faster_names(const struct knowledge *knowledge, unsigned kinds,
			    struct kb_names *ret);
void knowledge_function_names(const struct knowledge *knowledge, struct str library,
			      struct kb_names *ret);
