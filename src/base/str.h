/* Views of text: a pointer and a length, by value, never relying on a final NUL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr

struct str str_from(const char *text); /* NULL gives the empty view */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);
int str_cmp(struct str a, struct str b); /* bytewise, as memcmp */
bool str_starts_with(struct str text, struct str prefix);
bool str_ends_with(struct str text, struct str suffix);
struct str str_trim(struct str text); /* blanks, tabs, CR, LF at both ends */
/* Splits at the first `separator`; false (head = all, tail empty) where there is none. */
bool str_cut(struct str text, char separator, struct str *ret_head, struct str *ret_tail);
/* Takes the next line off `*text`, without its "\n" or "\r\n"; false at the end. */
bool str_next_line(struct str *text, struct str *ret_line);
/* Takes the next word (no blanks or tabs) off `*text`; false where none is left. */
bool str_next_word(struct str *text, struct str *ret_word);
/* Offset of `needle` in `text`, or -1. */
ptrdiff_t str_find(struct str text, struct str needle);
/* Whole-view conversions: false, and nothing written, on any other character or on overflow. */
bool str_to_u64(struct str text, uint64_t *ret_value);
bool str_to_hex(struct str text, uint64_t *ret_value);	/* with or without 0x */
bool str_to_double(struct str text, double *ret_value); /* decimal and finite */
/* fnmatch-like glob with * and ? only, over the whole text. */
bool str_glob(struct str pattern, struct str text);
/* 64-bit hash, the same in every run and on every machine. */
uint64_t str_hash(struct str text);
