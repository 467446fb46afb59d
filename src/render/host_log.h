/* A reduced log for people. Internal to render. */
#pragma once

#include "render/host.h"

/* Whether there is something to tell of the input but its line in the head. */
bool host_log_has_messages(const struct host_answer *answer, struct entity input);
void host_log_print(const struct term *term, const struct host_answer *answer, struct entity input);

/* Foreign text: safe for a terminal, and with no citation that is not ours. */
void host_foreign(struct strbuf *out, struct str text);
/* " [F12]"; nothing where there is no fact. */
void host_cite(struct strbuf *out, const struct fact *fact);
/* "64.57%", "1.5 GiB", "12 tasks": as it is shown. */
void host_value(struct strbuf *out, const struct facts *facts, const struct fact *fact);
/* The text of a fact, or "". */
const char *host_text_of(const struct facts *facts, struct entity entity, const char *name);
/* The first note of that aspect, or "". */
const char *host_note_of(const struct facts *facts, struct entity entity, const char *aspect);
