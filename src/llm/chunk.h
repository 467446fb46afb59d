/*
 * Records (rows, stacks, lines of a log) that do not fit into one prompt, laid out over several
 * chunks of a size. Records stay whole where they fit; a longer one goes on in the next chunk, cut
 * behind a line, else behind a blank, else between characters. Each byte is in exactly one chunk,
 * in order; no chunk is empty, none is over the limit. Knows nothing of what the records are.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/vec.h"

#define CHUNK_CONTINUED "(continued) "
/* Less room than this is none. */
#define CHUNK_LIMIT_LEAST 24

/* From a byte of one record up to a byte of another. */
struct chunk {
	size_t first, first_byte; /* where it begins */
	size_t last, last_byte;	  /* the last record in it, and where that ends or is cut */
	size_t bytes;		  /* of its text, with the marks of records that go on */
};

VEC_DEFINE(chunk_vec, struct chunk)

/* False where the limit leaves no room. */
bool chunks_plan(const struct str *records, size_t count, size_t limit_bytes,
		 struct chunk_vec *ret);
void chunk_write(const struct str *records, const struct chunk *chunk, struct strbuf *out);

/*
 * What each of `count` texts gets of `total`, where they want more together: the short ones all
 * that they want, what they leave is shared by the others.
 */
void fair_shares(const size_t *wanted, size_t count, size_t total, size_t *ret);
/* The longest beginning of at most `limit` bytes that ends with a line, else with a word, else with
 * a character. */
struct str text_cut(struct str text, size_t limit_bytes);
