/*
 * As much of a programming language as patterns need: what of a line is code and not comment or
 * text in quotes, its identifiers and calls, and the heads of loops. Works line by line, with a
 * state in between; never complains.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/strbuf.h"

enum language {
	LANGUAGE_UNKNOWN,
	LANGUAGE_C,
	LANGUAGE_CPP,
	LANGUAGE_PYTHON,
	LANGUAGE_JAVA,
	LANGUAGE_GO,
	LANGUAGE_RUST,
	LANGUAGE_JS,
};

const char *language_name(enum language language);
/* By the file's name, else LANGUAGE_UNKNOWN. */
enum language language_of_file(struct str file);
/* Adds to `votes` (one per language) what the line speaks for. */
void language_vote(struct str line, unsigned votes[LANGUAGE_JS + 1]);
enum language language_elect(const unsigned votes[LANGUAGE_JS + 1]);

struct lexer {
	enum language language;
	bool in_comment;
	char in_text; /* the quote of a text over several lines: " or ', ` */
};

/* Writes the line with comments, and what stands in quotes, as blanks, of the same length; the
 * quotes stay. `out` is emptied first. */
void lex_clean(struct lexer *lexer, struct str line, struct strbuf *out);

bool lex_is_word(char c);
/* The next identifier from `*at` on; moves it behind. */
bool lex_next_word(struct str text, size_t *at, struct str *ret);
/* Offset of `word` as a whole word from `from` on, or -1. */
ptrdiff_t lex_find_word(struct str text, const char *word, size_t from);
/* Offset of the bracket that closes the one at `open`, or text.len. */
size_t lex_close(struct str text, size_t open);

enum loop_kind { LOOP_NONE, LOOP_FOR, LOOP_WHILE, LOOP_EACH, LOOP_DO };

/* What a cleaned line says as the head of a loop. */
struct loop_head {
	enum loop_kind kind;
	struct str variable;  /* what it counts or takes; empty = not told */
	struct str condition; /* of for (..;..;..) and while; else what it walks over */
};

struct loop_head lex_loop_head(enum language language, struct str clean);
