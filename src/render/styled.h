/*
 * Text with a style for each byte, laid out over lines: foreign text in, made safe on its way in,
 * so that styles are the only escapes that come out.
 */
#pragma once

#include "base/term.h"

enum styled_flag {
	STYLED_BOLD = 1 << 0,
	STYLED_ITALIC = 1 << 1,
	STYLED_CODE = 1 << 2,
	STYLED_LINK = 1 << 3,
	STYLED_DIM = 1 << 4,
	STYLED_BAD = 1 << 5,
};

struct styled {
	struct strbuf text;  /* safe UTF-8; '\n' only where a line must end */
	struct strbuf flags; /* as long as the text: enum styled_flag of each byte */
};

#define STYLED_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}

void styled_done(struct styled *styled);
#define auto_styled __attribute__((cleanup(styled_done)))
void styled_reset(struct styled *styled);

/* Makes the text safe; a tab becomes blanks. */
void styled_add(struct styled *styled, struct str text, unsigned flags);
void styled_break(struct styled *styled);
/* Columns of the longest line. */
unsigned styled_width(const struct styled *styled);
/*
 * The next line of at most `width` columns at `*at`, cut at a blank where there is one: its bytes
 * in *ret_start and *ret_end. False at the end.
 */
bool styled_next_line(const struct styled *styled, size_t *at, unsigned width, size_t *ret_start,
		      size_t *ret_end);
/* Writes a part with its styles, and switches them off again; returns its columns. */
unsigned styled_write(const struct styled *styled, const struct term *term, size_t start,
		      size_t end);
