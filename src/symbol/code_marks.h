/*
 * What the machine code of a function without a name shows by itself: instructions that have one
 * use (AES, SHA, carry-less multiplication), constants and tables of well-known algorithms, and
 * which functions of other files it calls. Told in words, "code:aes calls:memcpy", that the
 * knowledge base explains. Only marks that code has for one reason are looked for, and each must
 * stand there often enough that chance is no explanation. x86-64 only; nothing is disassembled, so
 * the bytes may be anything.
 *
 * Sources: Intel's SDM volume 2 (encodings); FIPS 180-4, FIPS 197, RFC 1321, 1951, 8439, 8878, and
 * the reference code of zlib, gzip, bzip2, xz, LZ4, brotli, xxHash, MurmurHash (constants).
 */
#pragma once

#include "base/strbuf.h"
#include "dso/image.h"
#include "symbol/symtab.h"

/* Appends the marks of the code in [start, end), parted by blanks, the most telling first. */
void code_marks_read(struct image *image, const struct symtab *symtab, uint64_t start, uint64_t end,
		     struct strbuf *out);
