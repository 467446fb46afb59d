/*
 * What is known without measuring: functions, libraries, programs and what makes them faster. The
 * base is compiled into the binary (data/knowledge/, looked up in a sorted index); the user's own
 * files are read at run time and win. It gives notes, never figures.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "facts/facts.h"
#include "knowledge/index.h"

struct knowledge;

/* The embedded base alone. */
struct knowledge *knowledge_new(void);
void knowledge_free(struct knowledge *knowledge);
void cleanup_knowledge(struct knowledge **knowledge);
#define auto_knowledge __attribute__((cleanup(cleanup_knowledge)))

/* Entries of `text` win over all that were there before. */
MUST_CHECK struct error *knowledge_add_text(struct knowledge *knowledge, const char *name,
					    struct str text);
/* Every *.kb of the folder, in name order; a folder that is not there is no error. A file with a
 * mistake is left out and said in *warnings. */
void knowledge_add_folder(struct knowledge *knowledge, const char *path, struct warnings *warnings);

/* `library` as reports show it ("libc.so.6", "[kernel.kallsyms]", ""); clones and CPU variants
 * of a function are found by its plain name. match.entry NULL = not known. */
struct kb_match knowledge_function(const struct knowledge *knowledge, struct str library,
				   struct str function);
struct kb_match knowledge_library(const struct knowledge *knowledge, struct str library);
struct kb_match knowledge_program(const struct knowledge *knowledge, struct str program);
/* The user's latest file first, the built-in base last; NULL beyond. */
const struct kb_index *knowledge_layer(const struct knowledge *knowledge, size_t number);
struct kb_match knowledge_topic(const struct knowledge *knowledge, struct str topic);

/*
 * Adds what is known of each symbol, dso and program entity of `facts` as notes, by aspect:
 *	symbol   what, why_hot, family, topic, change, caller_hint, skid, elsewhere,
 *		catch_all ("yes": told by its library alone, whatever its name)
 *	dso      what, why_hot, use, topic, change: of the library, else of the program so called
 *	program  what, why_hot, use, topic, change
 *	topic    problem, change: of those named above, as entities of kind "topic"
 *	advice   when, expect, cost, source: entities that are named by a change's text
 * A caller_hint is given where a "calls" relation or a caller entity matches its pattern.
 */
void knowledge_annotate(const struct knowledge *knowledge, struct facts *facts);
