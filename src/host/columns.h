/*
 * Tables that commands print under a header line, aligned to it: cells are told by where they
 * stand, as some are empty and some hold blanks. Places count characters, not bytes (lsblk draws
 * its tree with "├─"). Knows no command. Internal to host.
 */
#pragma once

#include "base/str.h"

enum { COLUMNS_MAX = 64, COLUMNS_HEADER_BYTES = 2048 };

struct column {
	struct str name; /* in the columns' own text */
	unsigned start, end;
};

struct columns {
	char text[COLUMNS_HEADER_BYTES];
	struct column items[COLUMNS_MAX];
	unsigned count;
};

/*
 * Takes the header apart. `joined`: names of several words ("Mounted on"), ended by NULL; may be
 * NULL. False where the line has no words or too many.
 */
bool columns_read(struct columns *columns, struct str header, const char *const *joined);
/* The column of that name, or -1. */
int columns_find(const struct columns *columns, const char *name);
/* Cells of a line, one for each column; views into it, without blanks around. The last column takes
 * what is left. */
void columns_cut(const struct columns *columns, struct str line, struct str cells[COLUMNS_MAX]);
/* The cell of the column of that name, or empty. */
struct str columns_cell(const struct columns *columns, const struct str cells[COLUMNS_MAX],
			const char *name);
/* The text without what trees are drawn with in front: "├─", "| `-", "  ". */
struct str tree_name(struct str text);
