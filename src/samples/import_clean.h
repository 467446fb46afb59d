/*
 * What mail, chats, editors and terminals do to a text on its way into a paste: byte order marks,
 * UTF-16, colours, quote marks, line numbers and code fences. Lines keep their numbers. Internal to
 * samples.
 */
#pragma once

#include "base/strbuf.h"

/* False where the text is as it should be (nothing is written); else the text as it was meant. */
bool import_clean(struct str text, struct strbuf *ret);
/* The same for "# " in front of every line: only for texts that mean nothing with it. */
bool import_unquote_hashes(struct str text, struct strbuf *ret);
