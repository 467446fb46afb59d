/*
 * The readers behind listing_read. Each knows its kind by looking at the first lines and fills the
 * listing from all of it; lines that it does not know are counted. Internal to source.
 */
#pragma once

#include "source/listing.h"

struct reader {
	bool (*is_kind)(struct str text);
	void (*read)(struct listing *listing, struct str text);
};

extern const struct reader reader_perf, reader_perf_screen, reader_gcov, reader_llvm_cov,
	reader_gprof, reader_pprof, reader_line_profiler, reader_grind, reader_pasted;
/* Takes all that looks like code. */
extern const struct reader reader_plain;

/* How many lines readers look at to tell a kind. */
enum { READER_LOOK_LINES = 400 };

/* The function whose rows come now; names are text ids. */
struct listing_function *listing_begin(struct listing *listing, struct str name, struct str file,
				       struct str object);
struct listing_row *listing_add(struct listing *listing, enum listing_row_kind kind,
				struct str text, double cost);
void listing_ignore(struct listing *listing, struct str line);
uint32_t listing_intern(struct listing *listing, struct str text);

/* "12,345" "12" "1.5k" "180M" "3.2G" at the start of `text`; false where there is no number. */
bool reader_number(struct str *text, double *ret);
/* A number of decimal digits only. */
bool reader_decimal(struct str *text, uint32_t *ret);
struct str reader_skip_blanks(struct str text);
