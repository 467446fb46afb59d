/*
 * Markdown for a terminal, as it arrives: headings, lists, quotes, code, tables with aligned
 * columns, emphasis, links with their addresses, filled to the terminal's width. Whole lines go in;
 * a block comes out as soon as it is complete. Nothing that was written is hidden: HTML is shown as
 * it stands, and so are definitions of links. The text is foreign: it comes out through term_safe.
 *
 * The grammar is CommonMark's (cmark reads it); tables are GitHub's.
 */
#pragma once

#include "base/term.h"

struct markdown;

/* The term is borrowed. */
struct markdown *markdown_new(const struct term *term);
void markdown_free(struct markdown *markdown);
static inline void cleanup_markdown(struct markdown **markdown)
{
	markdown_free(*markdown);
}
#define auto_markdown __attribute__((cleanup(cleanup_markdown)))

/* Whole lines; the last one of all may lack its end. */
void markdown_add(struct markdown *markdown, struct str lines);
/* Writes what is left. */
void markdown_end(struct markdown *markdown);
