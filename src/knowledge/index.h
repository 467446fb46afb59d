/*
 * The knowledge base as the program uses it: one block of bytes with sorted tables and offsets,
 * made from a kb_source by the build (embedded, so that start-up parses nothing) or at run time
 * (the user's own files). Byte order and layout are those of this build; it is no file format.
 */
#pragma once

#include "base/error.h"
#include "base/strbuf.h"
#include "knowledge/source.h"

/* All values are offsets in the text table (0 = "", not given) unless they say otherwise. */
struct kb_name {
	uint32_t text;
	uint32_t entry; /* index */
};

struct kb_entry {
	uint32_t fields[KB_FIELD_COUNT]; /* a scope's defaults are filled in */
	uint32_t origin;
	uint32_t scope;			     /* index */
	uint32_t advice_first, advice_count; /* indices */
	uint32_t hint_first, hint_count;     /* indices */
	uint32_t skid;			     /* 0 or 1 */
	uint32_t kind;			     /* enum kb_kind */
};

struct kb_advice {
	uint32_t fields[KB_ADVICE_FIELD_COUNT];
};

struct kb_hint {
	uint32_t pattern, text;
};

struct kb_scope_row {
	uint32_t glob_first, glob_count; /* indices */
	uint32_t belief;		 /* enum kb_belief */
};

/* Patterns by how they begin: a hash of the characters before the first wildcard, at most
 * KB_PREFIX_LENGTH of them. Sorted by key, then row. */
struct kb_prefix {
	uint32_t key, row; /* row: of `patterns` */
};

enum { KB_PREFIX_LENGTH = 8 };

struct kb_index {
	struct str block; /* what all pointers point into */
	const char *texts;
	/* function names without wildcards and topics: by text; with wildcards, libraries and
	   programs: more literal characters first */
	const struct kb_name *names, *patterns, *libraries, *programs, *topics,
		*faster; /* by text */
	const struct kb_entry *entries;
	const struct kb_advice *advice;
	const struct kb_hint *hints;
	const struct kb_scope_row *scopes;
	const uint32_t *globs;
	const struct kb_prefix *prefixes;
	uint32_t name_count, pattern_count, prefix_count, library_count, program_count, topic_count,
		faster_count, entry_count, advice_count, hint_count, scope_count, glob_count;
};

/* Appends the block for `source`. Errors: one name explained twice in one library, an unknown
 * topic (one that neither `source` nor `other` has; NULL = there is no other). */
MUST_CHECK struct error *kb_index_write(const struct kb_source *source,
					const struct kb_index *other, struct strbuf *out);
/* Borrows `block`, which must be aligned to 8 bytes and written by this build. */
MUST_CHECK struct error *kb_index_open(struct str block, struct kb_index *ret);

const char *kb_text(const struct kb_index *index, uint32_t offset);

/* How a function was found. */
enum kb_certainty { KB_NOT_FOUND, KB_BY_PATTERN, KB_BY_NAME };

struct kb_match {
	const struct kb_index *index;
	const struct kb_entry *entry;
	enum kb_certainty certainty;
	bool elsewhere;	  /* in another library than the entry is about: linked in statically */
	uint32_t pattern; /* of KB_BY_PATTERN: offset in the text table */
};

/* A pattern such as "*": it takes whatever the library has, so it says nothing of the function. */
bool kb_match_is_catch_all(struct kb_match match);
enum kb_belief kb_match_belief(struct kb_match match);

/*
 * The entry of a function; `library` "" = not known. The longest literal library pattern wins.
 * `elsewhere` true looks only at names that are believed outside of their libraries.
 */
struct kb_match kb_find_name(const struct kb_index *index, struct str library, struct str name,
			     bool elsewhere);
/* Of a name's forms (symbol_name.h): the pattern with most literal characters that takes one. */
struct kb_match kb_find_pattern(const struct kb_index *index, struct str library,
				const struct str *forms, size_t form_count, bool elsewhere);
/* NULL where there is none. */
const struct kb_entry *kb_find_library(const struct kb_index *index, struct str name);
const struct kb_entry *kb_find_program(const struct kb_index *index, struct str name);
const struct kb_entry *kb_find_topic(const struct kb_index *index, struct str name);
