/* Lines of roff source to plain text. Internal to man_page.c. */
#pragma once

#include "base/strbuf.h"

/* Adds the text with its escapes resolved: fonts and sizes dropped, characters as UTF-8 or ASCII.
 */
void roff_text(struct str text, struct strbuf *out);
/* Takes the next argument of a macro line, quoted or not; false where there is none. */
bool roff_next_argument(struct str *line, struct str *ret);
/* Adds a line of mdoc(7) words, their macros resolved: "Fl n Ar count" is "-n count". `name` is
 * what Nm stands for. */
void mdoc_text(struct str line, const char *name, struct strbuf *out);
/* Whether "Fl", "Ar" ... begins a line of mdoc words. */
bool mdoc_is_inline(struct str macro);
