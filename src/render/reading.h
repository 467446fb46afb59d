/*
 * How a text was read: the lines that were not understood, with their numbers, and what was taken
 * for what in a table. The same words and keys in every output.
 */
#pragma once

#include "base/json_out.h"
#include "base/strbuf.h"
#include "samples/profile.h"

/* Nothing is added where all was understood. */
void reading_ignored_text(const struct profile *profile, struct strbuf *out);
/* Likewise, where the columns of a table had to be told by their labels. */
void reading_columns_text(const struct profile *profile, struct strbuf *out);
/* The keys "ignored_lines", "ignored" (the first of them) and "columns". */
void reading_json(struct json_writer *json, const struct profile *profile);
