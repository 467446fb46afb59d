/*
 * node --prof-process with its tree: below each hot function its callers, two blanks further in for
 * each level, with the ticks that came through them:
 *    ticks parent  name
 *      20   34.5%  JS: *parse /app/x.js:12:3
 *       7   35.0%    JS: ^read /app/x.js:40:1
 * Functions that the tree leaves out are in the flat lists before it. Without a tree the text is a
 * table (import_columns.c).
 */
#include "samples/import.h"

#include "base/memory.h"
#include "samples/paste_table.h"

enum { MAX_NODES = 1 << 20, MAX_DEPTH = 512, INDENT = 2 };

struct node {
	struct str name;
	uint64_t ticks, below; /* of itself; of its callers that are told */
	uint32_t parent;       /* index + 1; 0 = the function itself */
	size_t depth;
};

VEC_DEFINE(tick_vec, struct node)

enum section { SKIPPED, FLAT, TREE };

struct reader {
	struct profile *profile;
	struct tick_vec flat, tree;
	enum section section;
	uint64_t whole;
	size_t base;		  /* column of the names of functions */
	uint32_t open[MAX_DEPTH]; /* by depth: index + 1 in the tree */
};

static bool has(struct str line, const char *text)
{
	return str_find(line, str_from(text)) >= 0;
}

/* "Statistical profiling result from x-v8.log, (58 ticks, 20 unaccounted, 0 excluded)." */
static bool read_whole(struct str line, uint64_t *ret)
{
	ptrdiff_t at = str_find(line, STR(", ("));
	struct str word;

	if (at < 0 || !has(line, "Statistical profiling result"))
		return false;
	line = (struct str){ line.ptr + at + 3, line.len - (size_t)at - 3 };
	return str_next_word(&line, &word) && str_to_u64(word, ret);
}

/* "  20   34.5%   57.1%    name": where the name begins, after one share or two */
static bool read_row(struct str line, struct node *ret, size_t *ret_column)
{
	struct str rest = line, word, before;
	double share;

	if (!str_next_word(&rest, &word) || !str_to_u64(word, &ret->ticks) ||
	    !str_next_word(&rest, &word) || !paste_percent(word, &share))
		return false;
	before = rest;
	if (str_next_word(&before, &word) && paste_percent(word, &share))
		rest = before;
	while (rest.len && rest.ptr[0] == ' ')
		rest = (struct str){ rest.ptr + 1, rest.len - 1 };
	*ret_column = (size_t)(rest.ptr - line.ptr);
	ret->name = str_trim(rest);
	return ret->name.len > 0;
}

static void tree_add(struct reader *reader, struct node node, size_t column)
{
	uint32_t parent = 0;

	if (!reader->base || column < reader->base)
		reader->base = column;
	node.depth = MIN((column - reader->base) / INDENT, (size_t)MAX_DEPTH - 1);
	if (node.depth)
		parent = reader->open[node.depth - 1];
	if ((node.depth && !parent) || reader->tree.count >= MAX_NODES)
		return;
	node.parent = parent;
	if (parent)
		reader->tree.items[parent - 1].below += node.ticks;
	tick_vec_push(&reader->tree, node);
	reader->open[node.depth] = (uint32_t)reader->tree.count;
	for (size_t i = node.depth + 1; i < MAX_DEPTH && reader->open[i]; i++)
		reader->open[i] = 0;
}

static uint32_t frame_of(struct profile *profile, struct str name)
{
	struct paste_row row = { 0 };

	if (str_is(name, "UNKNOWN"))
		return paste_frame(profile, &row);
	paste_name_v8(name, &row);
	return paste_frame(profile, &row);
}

static void add(struct reader *reader, uint32_t event, uint32_t node, uint64_t ticks)
{
	paste_sample(reader->profile, event, node, STR("node"),
		     (double)ticks / (double)MAX(reader->whole, (uint64_t)1));
}

/* The stack of a node: it is the outermost caller that is told, the function itself the leaf. */
static void add_tree(struct reader *reader, uint32_t event)
{
	for (uint32_t i = 0; i < reader->tree.count; i++) {
		const struct node *node = &reader->tree.items[i];
		uint32_t at = 0;

		if (node->ticks <= node->below)
			continue;
		for (uint32_t k = i + 1; k; k = reader->tree.items[k - 1].parent)
			at = profile_node(
				reader->profile, at,
				frame_of(reader->profile, reader->tree.items[k - 1].name));
		add(reader, event, at, node->ticks - node->below);
	}
}

/* What the flat lists tell and the tree does not. */
static void add_flat(struct reader *reader, uint32_t event)
{
	struct profile *profile = reader->profile;
	struct interner in_tree = INTERNER_INIT;

	for (size_t i = 0; i < reader->tree.count; i++)
		if (!reader->tree.items[i].depth)
			intern(&in_tree, reader->tree.items[i].name);
	for (size_t i = 0; i < reader->flat.count; i++) {
		const struct node *row = &reader->flat.items[i];

		if (intern_find(&in_tree, row->name) == UINT32_MAX)
			add(reader, event, profile_node(profile, 0, frame_of(profile, row->name)),
			    row->ticks);
	}
	interner_done(&in_tree);
}

static void read_line(struct reader *reader, struct str line)
{
	struct node row = { 0 };
	size_t column;

	if (has(line, "ticks") && has(line, "name"))
		return;
	if (str_trim(line).len && str_trim(line).ptr[0] == '[') {
		reader->section = has(line, "[Bottom up")			      ? TREE
				  : has(line, "[Summary]") || has(line, "[C++ entry") ? SKIPPED
										      : FLAT;
	} else if (reader->section == SKIPPED || !str_trim(line).len) {
		read_whole(line, &reader->whole);
	} else if (read_row(line, &row, &column)) {
		if (reader->section == TREE)
			tree_add(reader, row, column);
		else
			tick_vec_push(&reader->flat, row);
	} else if (reader->section != TREE || reader->tree.count) {
		/* a note of several lines heads the tree */
		import_ignore(reader->profile, line);
	}
}

static void read_v8(struct profile *profile, struct str text)
{
	auto_free struct reader *reader = x_calloc(1, sizeof(*reader));
	uint32_t event = paste_percent_event(profile, "CPU");
	uint64_t told = 0;
	struct str line;

	reader->profile = profile;
	while (str_next_line(&text, &line))
		read_line(reader, line);
	for (size_t i = 0; i < reader->flat.count; i++)
		told += reader->flat.items[i].ticks;
	reader->whole = MAX(reader->whole, told);
	add_tree(reader, event);
	add_flat(reader, event);
	paste_fill_up(profile, event);
	tick_vec_done(&reader->flat);
	tick_vec_done(&reader->tree);
}

static enum import_look look(struct str head)
{
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++)
		if (has(line, "[Bottom up (heavy) profile]"))
			return LOOK_SURE;
	return LOOK_NO;
}

const struct importer import_v8_reader = { "node --prof-process", look, read_v8 };
