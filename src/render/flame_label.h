/*
 * What of a function's name is written where there is no room for all of it. In C++ and Rust the
 * beginning of a name (namespaces) says least: parameters and template arguments go first, then
 * the namespaces, and only then is the name cut. data/web/flamegraph.js has the same rules.
 */
#pragma once

#include "base/strbuf.h"

/* "std::sort<int*>(int*, int*)" gives "std::sort"; never longer than the name, never empty. */
void flame_label_plain(struct strbuf *out, struct str name);
/* The longest form that has at most `letters` characters, in bad need cut with an ellipsis. */
void flame_label_fit(struct strbuf *out, struct str name, size_t letters);
