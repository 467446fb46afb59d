/*
 * The terminal: width, colour, and text made safe for it. No byte of foreign origin reaches a
 * terminal but through term_safe or term_write_safe.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/strbuf.h"

enum term_color_mode { TERM_COLOR_AUTO, TERM_COLOR_ALWAYS, TERM_COLOR_NEVER };

enum term_style {
	TERM_PLAIN,
	TERM_BOLD,
	TERM_DIM,
	TERM_RED,
	TERM_GREEN,
	TERM_YELLOW,
	TERM_BLUE,
	TERM_CYAN,
	TERM_ITALIC,
	TERM_UNDERLINE,
};

struct term {
	FILE *stream;
	bool color;	/* decided once: mode, isatty, NO_COLOR, TERM=dumb */
	unsigned width; /* columns; 100 when it is not a terminal (or COLUMNS says otherwise) */
	bool is_tty;
};

struct term term_on(FILE *stream, enum term_color_mode mode);
/* Escape sequence that begins `style`, or "" without colour. TERM_PLAIN resets. */
const char *term_style(const struct term *term, enum term_style style);
/*
 * Adds `text` with control bytes, escapes, bidi marks and invalid UTF-8 shown as \xNN or U+FFFD.
 * Line ends and tabs are control bytes too (\n, \t): a name cannot forge a row.
 */
void term_safe(struct strbuf *out, struct str text);
void term_write_safe(FILE *stream, struct str text);
/* Columns that UTF-8 text takes (wide and combining characters counted). */
unsigned term_text_width(struct str text);
/* Longest prefix of `text` within `columns`. */
struct str term_clip(struct str text, unsigned columns);
/*
 * Fills text to `width` columns and ends it with a newline: `indent` blanks before every line but
 * the first, which stands at that column already. Newlines in the text stay; each word is made
 * safe.
 */
void term_wrap(FILE *stream, struct str text, unsigned width, unsigned indent);
