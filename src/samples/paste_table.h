/*
 * Rows of a table, collected until the whole is known that their numbers are shares of; and names
 * as the tools of a language write them, with their places. Internal to samples.
 */
#pragma once

#include "samples/paste.h"

struct paste_table_row {
	struct paste_row row;	  /* ratios in it count before the values */
	double self_value, total; /* in the table's unit; negative = it does not say */
};

VEC_DEFINE(paste_table_row_vec, struct paste_table_row)

struct paste_table {
	struct profile *profile;
	struct paste_table_row_vec rows;
	double whole;	   /* as the text states it; 0 = it does not */
	const char *event; /* what the shares are of */
};

void paste_table_add(struct paste_table *table, const struct paste_table_row *row);
/* Rows become samples and claims; the table is empty then and may be used again. */
void paste_table_finish(struct paste_table *table);

/* Python's "{method 'append' of 'list' objects}" and "<built-in method posix.read>" without what is
 * always there: "append", "posix.read". */
struct str paste_name_builtin(struct str text);

/* How names are written. All views into `text`. */
typedef void paste_name_reader(struct str text, struct paste_row *row);

/* "lib/decoder.py:343(raw_decode)", "{method 'append' of 'list' objects}" */
paste_name_reader paste_name_pstats;
/* "raw_decode (json/decoder.py:343)", "File.read - [unknown] (c function)", "f - app.rb:3" */
paste_name_reader paste_name_place;
/* "runtime.mallocgc (inline)", "main.work /src/main.go:12" */
paste_name_reader paste_name_pprof;
/* "./malloc/malloc.c:_int_malloc [/usr/lib/libc.so.6]" */
paste_name_reader paste_name_callgrind;
/* "LazyCompile: *parse /app/x.js:12:3", "/usr/bin/node" */
paste_name_reader paste_name_v8;
/* "libc.so.6                memcpy": a file and a symbol, two blanks between them */
paste_name_reader paste_name_owned;
paste_name_reader paste_name_plain;
