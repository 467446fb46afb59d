/*
 * The text form of the knowledge base (data/knowledge/README.md is its manual): one parser for the
 * files of the tree, which the build compiles, and for the user's own, which are read at run time.
 * Knows the grammar only: nothing here looks a function up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

enum kb_kind {
	KB_FUNCTION, /* or an argument, in the scope of a program's command line */
	KB_LIBRARY,
	KB_PROGRAM,
	KB_TOPIC,
	KB_FASTER_PROGRAM, /* faster replacements */
	KB_FASTER_LIBRARY,
	KB_FASTER_PYLIBRARY,
	KB_KIND_COUNT
};

/* What a scope's globs begin with where it is a program's command line. */
#define KB_ARGUMENTS "arguments:"
/* Replacements that one entry may offer. */
#define KB_FASTER_CAP 3

/* Text fields of an entry; the names are those of the files. */
/* clang-format off */
#define KB_FIELDS(X) \
	X(WHAT, "what") X(HOT, "hot") X(PROBLEM, "problem") X(USE, "use") \
	X(FAMILY, "family") X(TOPIC, "topic") X(SOURCE, "source") X(KEEP, "keep")
/* Text fields below a `change`; those of the second line only below replacements. */
#define KB_ADVICE_FIELDS(X) \
	X(TEXT, "change") X(WHEN, "when") X(EXPECT, "expect") X(COST, "cost") X(SOURCE, "source") \
	X(HOW, "how") X(BY, "by") X(RECOMMENDED, "recommended")
/* clang-format on */

enum kb_field {
#define X(name, text) KB_FIELD_##name,
	KB_FIELDS(X)
#undef X
		KB_FIELD_COUNT
};

enum kb_advice_field {
#define X(name, text) KB_ADVICE_##name,
	KB_ADVICE_FIELDS(X)
#undef X
		KB_ADVICE_FIELD_COUNT
};

extern const char *const kb_field_names[KB_FIELD_COUNT];
extern const char *const kb_advice_field_names[KB_ADVICE_FIELD_COUNT];

/* NULL where a field was not given. All text lives in the source's arena. */
struct kb_advice_text {
	const char *fields[KB_ADVICE_FIELD_COUNT];
};

/* What to say where a caller's name matches. */
struct kb_hint_text {
	const char *pattern, *text;
};

VEC_DEFINE(kb_advice_vec, struct kb_advice_text)
VEC_DEFINE(kb_hint_vec, struct kb_hint_text)
VEC_DEFINE(kb_text_vec, const char *)

/* Where else than in its own libraries a scope's names are believed. */
enum kb_belief {
	KB_NOWHERE,
	KB_UNKNOWN,    /* where the library is not known */
	KB_ANYWHERE,   /* the names are distinctive: linked in statically */
	KB_EVERYWHERE, /* the code is generated into every program: templates, runtimes */
};

/* Libraries that function entries belong to. */
struct kb_scope {
	struct kb_text_vec globs;
	enum kb_belief belief;
	const char *fields[KB_FIELD_COUNT]; /* defaults of its functions */
};

struct kb_source_entry {
	enum kb_kind kind;
	struct kb_text_vec names; /* globs, but for topics */
	uint32_t scope;		  /* functions only */
	const char *fields[KB_FIELD_COUNT];
	struct kb_advice_vec advice;
	struct kb_hint_vec hints;
	bool skid;	    /* samples pile up here that belong elsewhere */
	const char *origin; /* "file.kb:12" */
};

VEC_DEFINE(kb_scope_vec, struct kb_scope)
VEC_DEFINE(kb_source_entry_vec, struct kb_source_entry)

struct kb_source {
	struct arena arena;
	struct kb_scope_vec scopes;
	struct kb_source_entry_vec entries;
};

#define KB_SOURCE_CAP_BYTES ((size_t)4 << 20)

void kb_source_done(struct kb_source *source);
#define auto_kb_source __attribute__((cleanup(kb_source_done)))

/* Adds what `text` holds; `name` stands in messages and origins. Errors: "NAME:LINE: what". */
MUST_CHECK struct error *kb_source_parse(struct kb_source *source, const char *name,
					 struct str text);
