/* Names of functions as the answers to stack patterns tell and sort them. Internal to samples. */
#pragma once

#include "base/strbuf.h"

/* Adds the name without template arguments, parameters and what compilers add, which say little
 * and fill lines: instances of one template get one name. */
void trace_short_name(const char *name, struct strbuf *out);
/* What runtimes put between the code that people write, and helpers that stand for their caller;
 * `plain` is the name's most general form. */
bool trace_is_runtime(struct str name, struct str plain);
