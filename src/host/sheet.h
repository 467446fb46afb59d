/*
 * Tables as commands print them: words between blanks (values overflow their columns, so columns
 * say nothing), numbers of any locale, and sums over the samples of a table. Internal to host.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/id_table.h"
#include "base/str.h"
#include "base/vec.h"
#include "host/parser.h"

enum { SHEET_CELLS = 1024 };

struct cells {
	struct str at[SHEET_CELLS]; /* of the line */
	size_t count;
};

/* More words than there is room for are in the last one. */
void cells_split(struct str line, struct cells *ret);
/* The last word made all of the line that is left from word `from` on. */
struct str cells_rest(const struct cells *cells, size_t from, struct str line);
/* The whole word is a number: "12", "-1.00", "1,5". */
bool cell_number(struct str cell, double *ret);
/* "98.8k", "1.2Gi", "0B", "12": in bytes; a bare number counts `base`. `step` is 1024 or 1000. */
bool cell_size(struct str cell, double base, double step, double *ret);
/* "13:31:25", with or without fractions: seconds of the day. */
bool cell_clock(struct str cell, double *ret_s);
/* The program's name in "[kworker/0:1]", "/usr/sbin/nginx -g", "sshd: root", "npm i x". */
struct str program_name(struct str command, bool has_arguments);

/* ---- values over samples, by entity and column */

enum sum_how {
	SUM_MEAN,    /* a rate: a sample in which the row is not listed counts as 0 */
	SUM_PRESENT, /* a time per request: of the samples in which there were some */
	SUM_LAST,    /* a state: what it is at the end */
};

struct sum_cell {
	double sum, first, last, least, most, average;
	uint32_t count, line; /* line: of the last value; of the average, where there is one */
	bool has_average;
};

struct sum_row {
	const char *kind; /* a constant */
	struct str key;	  /* in the arena */
	struct str label; /* what else names it: a command */
	struct sum_cell *cells;
	size_t cell_count;
	uint32_t parent; /* row + 1 */
};

VEC_DEFINE(sum_row_vec, struct sum_row)

struct sums {
	struct arena arena;
	struct sum_row_vec rows;
	struct id_table by_key;
};

void sums_done(struct sums *sums);
/* The row of that kind and key, made with `cells` cells where it is new; NULL when there are too
 * many. Good until the next call. */
struct sum_row *sums_row(struct sums *sums, const char *kind, struct str key, size_t cells);
void sum_add(struct sum_cell *cell, double value, uint32_t line);
void sum_set_average(struct sum_cell *cell, double value, uint32_t line);
/* False where nothing was added. `samples`: how many there were in all. */
bool sum_value(const struct sum_cell *cell, enum sum_how how, uint32_t samples, double *ret);
