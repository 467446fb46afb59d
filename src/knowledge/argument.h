/*
 * What the knowledge base says of command lines beyond single arguments: which options take the
 * next word, and which arguments are worth a word because they are not there.
 */
#pragma once

#include "knowledge/command_line.h"
#include "knowledge/lookup.h"

/* Whether the base knows "OPTION VALUE" as one argument of the program, and so the next word is
 * the option's value. For programs without a manual page. */
bool knowledge_takes_value(const struct knowledge *knowledge, struct str program,
			   struct str option);

/*
 * Appends the entries "without GLOB..." of the program whose globs take none of the arguments, and,
 * where they go on with "with GLOB...", whose second globs each take one. Not where the program was
 * only asked for its help or version.
 */
void knowledge_absent_arguments(const struct knowledge *knowledge, struct str program,
				const struct argument_vec *arguments, struct kb_match_vec *ret);
