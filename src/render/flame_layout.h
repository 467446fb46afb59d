/*
 * Where the frames of a flame graph lie: the tree of a profile as cells in the order in which they
 * are drawn (a parent, then its children by name), each with the offset and the width of its
 * weight. Knows names and weights; nothing of pixels, files or SVG.
 */
#pragma once

#include "base/arena.h"
#include "render/flame_color.h"
#include "samples/tree.h"

/* A function (or program) as it is written: cells of the same function share it. */
struct flame_name {
	struct str label; /* never empty */
	struct str dso;	  /* empty: not known */
	struct str file;  /* empty: not known */
	enum flame_kind kind;
};

struct flame_cell {
	uint32_t parent;	     /* index of a cell; the root's is 0 */
	uint32_t name;		     /* index in names */
	uint32_t depth;		     /* the root has 0 */
	uint32_t line;		     /* 0: not known */
	uint64_t start, total, self; /* weights; start counts from the left of the graph */
	uint64_t samples, self_samples;
	uint64_t dropped, dropped_samples; /* of children that were too small to keep */
};

struct flame_layout {
	struct flame_name *names; /* sorted by label, dso, file, kind */
	size_t name_count;
	struct flame_cell *cells; /* preorder; cell 0 is the root */
	size_t cell_count;
	uint32_t depth;		/* of the deepest cell */
	size_t dropped_cells;	/* with all that is above them in the stack */
	uint64_t dropped_below; /* cells of a smaller weight were dropped; 0: none */
	struct arena arena;	/* labels that were made here */
};

struct flame_layout_options {
	double min_ratio;     /* smaller parts of the whole are dropped */
	size_t largest_count; /* the smallest cells are dropped beyond it; 0: no limit */
};

/* `tree` is of the selection's profile, and the texts are borrowed from that. */
struct flame_layout flame_layout(const struct profile *profile, const struct tree *tree,
				 const struct flame_layout_options *options);
void flame_layout_done(struct flame_layout *layout);
#define auto_flame_layout __attribute__((cleanup(flame_layout_done)))
