/*
 * The tables of sysstat: what their columns are called in the versions since 5, and what facts they
 * are. Internal to host. Source: sysstat's man pages and what its versions print.
 */
#pragma once

#include "host/sheet.h"

enum sheet_kind {
	SHEET_HOST,	 /* no key: one row a sample */
	SHEET_CPU,	 /* "all", "0", ... */
	SHEET_DISK,	 /* a device */
	SHEET_INTERFACE, /* a network interface */
	SHEET_TASK,	 /* a process or thread */
	SHEET_INTERRUPT, /* "sum", "LOC", "36" */
	SHEET_OTHER,	 /* known to be a table, and of no use here */
};

struct sheet_column {
	const char *heading;
	const char *fact, *unit; /* NULL: known, and no fact */
	double factor;
	enum sum_how how;
	const char
		*with; /* another heading of the same table, where the name alone is not enough */
};

struct sheet_columns {
	const char *entity; /* kind of entity */
	const struct sheet_column *columns;
	size_t count;
};

extern const struct sheet_columns sheet_columns[];

/* What the line is, in the order in which a table has them. */
enum sheet_line {
	SHEET_BLANK,
	SHEET_TIME,
	SHEET_BANNER,
	SHEET_RESTART,
	SHEET_HEADER,
	SHEET_ROW,
	SHEET_UNKNOWN
};

/* A table whose header was met: its words, and how its rows are laid out. */
struct sheet_table {
	enum sheet_kind kind;
	struct str *headings; /* without the time in front */
	size_t count;
	bool has_text;	       /* the last column may hold blanks */
	uint32_t key, key_end; /* the columns that name the row; end: one further */
	const struct sheet_column **columns;
	uint32_t *cells; /* which cell of the row it goes into */
	uint32_t samples;
	double header_s, last_s; /* of the day; -1 = not said */
	bool is_since_boot;	 /* its first sample: the time of its row is that of the header */
	bool is_boot_dropped;	 /* there was a report more, since boot */
	struct str last_time;	 /* of its last row */
};

struct sheet_reader {
	struct arena arena;
	struct sheet_table *tables[64];
	size_t table_count;
	struct sheet_table *table; /* that of the last header */
	struct cells cells;	   /* of the line, from the first column on */
	double clock_s;		   /* in front of it; -1 = none */
	struct str time;	   /* in front of it, as it stands */
	bool is_average;	   /* "Average:" stands in front of it */
	unsigned cpus;
	struct str kernel; /* of the banner */
};

void sheet_reader_done(struct sheet_reader *reader);
/* What a line (without escapes) is; of a row the cells are set, as many as the table has. */
enum sheet_line sheet_read(struct sheet_reader *reader, struct str line);
