/*
 * Annotated source as a tool printed it: functions, and in each the rows in the order of the input,
 * which are lines of source and instructions, with their cost where one was printed. No judgement:
 * what repeats, loops and patterns are code.h's. Texts are views into the listing's own copy.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"

/* What a cost counts, which decides what may be concluded from it. */
enum listing_unit {
	LISTING_NOTHING, /* nothing is measured */
	LISTING_SAMPLES,
	LISTING_PERCENT, /* shares, of what is not told: each function is a whole of its own */
	LISTING_TIME,	 /* seconds */
	LISTING_RUNS,	 /* how often a line was executed: no time */
	LISTING_EVENTS,	 /* of a simulated or counted event, as cachegrind's Ir */
};

enum listing_row_kind {
	LISTING_SOURCE,
	LISTING_INSTRUCTION,
	LISTING_LABEL, /* a jump target or the name of an inlined function */
};

struct listing_row {
	const char *ptr; /* the text, without what the tool put before it */
	uint32_t len;
	uint32_t number; /* of the source line; 0 = not known */
	uint32_t file;	 /* text id; 0 = not known */
	uint32_t scope;	 /* text id: the inlined function that it belongs to, 0 = the function */
	enum listing_row_kind kind : 8;
	unsigned even_branches : 1; /* its branches go both ways about equally often */
	double cost;		    /* < 0: none was printed */
};

struct listing_function {
	uint32_t name, file, object; /* text ids; 0 = not known */
	uint32_t told_file;	     /* of its own lines, where some of them say it */
	size_t first_row, row_count;
	double cost; /* of its rows */
	uint64_t samples;
};

VEC_DEFINE(listing_row_vec, struct listing_row)
VEC_DEFINE(listing_function_vec, struct listing_function)

enum { LISTING_KEPT_LINES = 3 };

struct listing {
	char *name;	    /* of the file; messages name it */
	const char *format; /* "perf annotate", "gcov", ... */
	enum listing_unit unit;
	uint32_t event; /* text id */
	struct interner texts;
	struct strbuf text; /* what rows point into */
	struct listing_row_vec rows;
	struct listing_function_vec functions;
	double total;		  /* of all rows, in units */
	uint64_t samples;	  /* 0: not told */
	bool is_whole_of_each;	  /* shares are of each function, not of all of them together */
	uint32_t other_events[4]; /* that the input has too: their sections are left out */
	size_t other_event_count;
	uint64_t ignored_lines;
	struct str ignored[LISTING_KEPT_LINES]; /* the first of them */
};

/*
 * Reads a text of any kind that is known, told apart by looking; takes `text` over (it is left
 * empty). Plain code without costs is a kind too. ERROR_INPUT, with a hint, where nothing of it
 * is code, and where it is a recording.
 */
MUST_CHECK struct error *listing_read(struct strbuf *text, const char *name, struct listing **ret);
void listing_free(struct listing *listing);
void cleanup_listing(struct listing **listing);
#define auto_listing __attribute__((cleanup(cleanup_listing)))

const char *listing_text(const struct listing *listing, uint32_t text_id);
struct str listing_row_text(const struct listing_row *row);
/* The number, from 1, of the line of the input that `text` is in. */
uint32_t listing_input_line(const struct listing *listing, struct str text);
/* "of the samples of cpu-clock", "of all line executions": what a share is a share of. */
void listing_whole(const struct listing *listing, struct strbuf *out);
