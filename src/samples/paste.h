/*
 * Pieces of the importers of what people paste: numbers, rows and places as profilers print them.
 * Internal to samples.
 */
#pragma once

#include "samples/profile.h"

/* Weights of pasted percentages are in 1/PASTE_SCALE percent. */
#define PASTE_SCALE 10000

/* One row of a Top-N table, or the row that heads a call tree. Views into the text. */
struct paste_row {
	double self, children; /* ratios 0..1; negative = the text does not say */
	struct str comm, dso, symbol, file;
	uint32_t line;
	uint64_t calls; /* 0 = the text does not say */
	bool is_kernel; /* "[k]" */
};

/* "64.57%" -> 0.6457 */
bool paste_percent(struct str word, double *ret_ratio);
/* What a number in a table counts. */
enum paste_unit {
	PASTE_PLAIN,
	PASTE_PERCENT,
	PASTE_SECONDS, /* ret in seconds, whatever was written */
	PASTE_BYTES,
};

/*
 * "12.5%", "12,5%", "(12.5%)", "1,234,567", "1.20s", "340ms", "1.5GB", "3/1" (calls of a recursive
 * function: the first): its value in the unit's base. False on anything else.
 */
bool paste_number(struct str word, double *ret_value, enum paste_unit *ret_unit);
/* The next field off `*text`: fields are parted by two blanks or more, or by a tab. */
bool paste_field(struct str *text, struct str *ret_field);
/* "lib/sha1.c#436", "sha1.c:436", "sha1.c": file and line; "" and "Unknown file" are none. */
void paste_place(struct str text, struct str *ret_file, uint32_t *ret_line);
/* "[unknown]", "Unknown function", "0x00007f..." and "" are no names. */
struct str paste_name(struct str symbol);
/*
 * A row as perf report prints it, with perf's TUI marks: "-   64.57%  gzip  gzip  [.] zip". The
 * columns are guessed where no header said them: percentages, then command and shared object.
 */
bool paste_perf_row(struct str line, struct paste_row *ret);
/* What follows the numbers of such a row: "gzip  gzip  [.] zip"; false without the mark. */
bool paste_perf_names(struct str text, struct paste_row *ret);

uint32_t paste_frame(struct profile *profile, const struct paste_row *row);
/* Events whose weights are percentages. */
uint32_t paste_percent_event(struct profile *profile, const char *name);
/* A sample of `ratio` of the whole at `node`. */
void paste_sample(struct profile *profile, uint32_t event, uint32_t node, struct str comm,
		  double ratio);
/* A row of a table: its self time as a sample, its time with callees as a claim. */
void paste_add_row(struct profile *profile, uint32_t event, const struct paste_row *row);
/* What the rows of an event leave of 100 % becomes a sample without a stack. */
void paste_fill_up(struct profile *profile, uint32_t event);
