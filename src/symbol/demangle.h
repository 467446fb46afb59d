/*
 * C++ and Rust names as people wrote them, through libiberty. As perf shows them: without the
 * parameters of functions, Rust's hashes dropped. A name whose text would pass the cap stays as it
 * is: mangled names of some hundred bytes can stand for gigabytes.
 */
#pragma once

#include "base/str.h"
#include "base/strbuf.h"

enum { DEMANGLED_CAP_BYTES = 64 << 10 };

/* True, and the name in `ret` (emptied first), when `name` was a mangled one. */
bool demangle(struct str name, struct strbuf *ret);
