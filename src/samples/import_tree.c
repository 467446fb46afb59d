/*
 * perf report with call trees below its rows, as --stdio draws them ("|--64.10%--zip") and as
 * they look when copied out of the TUI ("- 64.10% zip"); both directions (callers below the
 * function, or from the outermost caller down), absolute and relative percentages.
 */
#include "samples/import.h"

#include <stdlib.h>

#include "base/memory.h"
#include "samples/paste.h"

enum { LOOK_LINES = 2000, MAX_NODES = 100000, MAX_DEPTH = 4096 };

/* A line of a tree. */
struct branch {
	struct str name;
	double ratio;  /* negative: none was printed */
	size_t column; /* where it hangs */
	size_t name_column;
	bool is_sign, is_stdio;
};

/* Node 0 is the row itself. */
struct node {
	uint32_t parent;
	size_t column;
	struct str name;
	double ratio; /* as printed, negative = none; made absolute when the tree ends */
};

VEC_DEFINE(tree_line_vec, struct node)

struct reader {
	struct profile *profile;
	struct paste_row row;
	struct tree_line_vec nodes;
	uint32_t top; /* the node that the next line may hang below */
	uint32_t event;
	bool has_row, in_tree;
	bool skip_tree; /* of a row without self time: its stacks are in others' trees */
	bool take_zero_self;
};

static struct str tail_of(struct str text, size_t from)
{
	return (struct str){ text.ptr + from, text.len - from };
}

/* "64.10%--zip" or "64.10% zip" at `*at`: moves past the number and what parts it from the name. */
static bool branch_percent(struct str line, size_t *at, double *ret_ratio)
{
	size_t end = *at;

	while (end < line.len && line.ptr[end] != '%' && line.ptr[end] != ' ')
		end++;
	if (end >= line.len || line.ptr[end] != '%' ||
	    !paste_percent((struct str){ line.ptr + *at, end + 1 - *at }, ret_ratio))
		return false;
	for (end++; end < line.len && (line.ptr[end] == '-' || line.ptr[end] == ' '); end++)
		;
	*at = end;
	return true;
}

/* What follows the name: "(inlined)" and blanks. */
static struct str branch_name(struct str text)
{
	static const struct str inlined = { "(inlined)", 9 };

	text = str_trim(text);
	if (str_ends_with(text, inlined))
		text = str_trim((struct str){ text.ptr, text.len - inlined.len });
	return text;
}

static bool branch_parse(struct str line, struct branch *ret)
{
	struct branch branch = { .ratio = -1 };
	size_t at = 0;

	while (at < line.len &&
	       (line.ptr[at] == ' ' || line.ptr[at] == '|' || line.ptr[at] == '\t'))
		at++;
	if (at == line.len)
		return false;
	branch.column = at;
	if (at && at + 2 < line.len && line.ptr[at] == '-' && line.ptr[at + 1] == '-') {
		branch.is_stdio = true;
		while (at < line.len && line.ptr[at] == '-')
			at++;
		if (branch_percent(line, &at, &branch.ratio))
			branch.column--; /* the '|' that it hangs on */
		else
			branch.column = at;
	} else if (at + 2 < line.len && (line.ptr[at] == '-' || line.ptr[at] == '+') &&
		   line.ptr[at + 1] == ' ') {
		branch.is_sign = true;
		while (at + 1 < line.len && line.ptr[++at] == ' ')
			;
		branch_percent(line, &at, &branch.ratio);
	} else if (branch_percent(line, &at, &branch.ratio)) {
		/* no sign as nothing is below it: its siblings' signs are two columns before */
		branch.column = branch.column > 2 ? branch.column - 2 : 0;
		branch.is_sign = true;
	}
	branch.name_column = at;
	branch.name = branch_name(tail_of(line, at));
	*ret = branch;
	return branch.name.len > 0;
}

static void branch_add(struct reader *reader, const struct branch *branch)
{
	struct tree_line_vec *nodes = &reader->nodes;
	uint32_t parent = reader->top;
	bool is_split = branch->ratio >= 0 || branch->is_sign;

	if (nodes->count >= MAX_NODES) {
		import_ignore(reader->profile, branch->name);
		return;
	}
	/* In the TUI splits of one column are siblings; in --stdio a split hangs below the plain
	   line of its column, and plain lines of one column are a chain in both. */
	while (parent &&
	       (nodes->items[parent].column > branch->column ||
		(is_split && !branch->is_stdio && nodes->items[parent].column == branch->column)))
		parent = nodes->items[parent].parent;
	tree_line_vec_push(nodes, (struct node){ .parent = parent,
						 .column = branch->is_stdio ? branch->name_column
									    : branch->column,
						 .name = branch->name,
						 .ratio = branch->ratio });
	reader->top = (uint32_t)nodes->count - 1;
}

/* Percentages of their parents ("-g fractal") add up to more than those have; absolute ones never
 * do. */
static bool is_relative(const struct tree_line_vec *nodes)
{
	auto_free double *below = x_calloc(nodes->count, sizeof(*below));
	bool relative = false;

	for (size_t i = 1; i < nodes->count; i++) {
		uint32_t up = nodes->items[i].parent;

		if (nodes->items[i].ratio < 0)
			continue;
		while (up && nodes->items[up].ratio < 0)
			up = nodes->items[up].parent;
		below[up] += nodes->items[i].ratio;
	}
	for (size_t i = 0; i < nodes->count && !relative; i++)
		relative = below[i] > nodes->items[i].ratio + 0.01 && nodes->items[i].ratio >= 0;
	return relative;
}

static void make_absolute(struct tree_line_vec *nodes)
{
	bool relative = is_relative(nodes);

	for (size_t i = 1; i < nodes->count; i++) {
		struct node *node = &nodes->items[i];
		double above = nodes->items[node->parent].ratio;

		if (node->ratio < 0)
			node->ratio = above;
		else if (relative)
			node->ratio *= above;
	}
}

static struct str symbol_of(const struct reader *reader)
{
	return paste_name(reader->row.symbol);
}

static uint32_t frame_of(struct reader *reader, struct str name)
{
	struct paste_row row = { .symbol = name };

	if (str_eq(paste_name(name), symbol_of(reader)))
		row = reader->row;
	return paste_frame(reader->profile, &row);
}

/* The stack from the row to `leaf` of the tree, as much of it as `ratio` says. */
static void path_add(struct reader *reader, uint32_t leaf, double ratio, bool callers_below)
{
	const struct node *nodes = reader->nodes.items;
	struct profile *profile = reader->profile;
	uint32_t path[MAX_DEPTH], node = 0;
	size_t depth = 0;

	for (uint32_t i = leaf; depth < MAX_DEPTH; i = nodes[i].parent) {
		path[depth++] = i;
		if (!i)
			break;
	}
	/* path: from the end of the tree up to the row (node 0) */
	if (callers_below) {
		for (size_t i = 0; i < depth; i++) {
			/* the row's own name is repeated as the first line of its tree */
			if (path[i] == 0 && i && str_eq(nodes[path[i - 1]].name, nodes[0].name))
				continue;
			node = profile_node(profile, node, frame_of(reader, nodes[path[i]].name));
		}
	} else {
		for (size_t i = depth - 1; i-- > 0;)
			node = profile_node(profile, node, frame_of(reader, nodes[path[i]].name));
		if (depth < 2 || !str_eq(nodes[path[0]].name, nodes[0].name))
			node = profile_node(profile, node, frame_of(reader, nodes[0].name));
	}
	paste_sample(profile, reader->event, node, reader->row.comm, ratio);
}

static void tree_end(struct reader *reader)
{
	struct tree_line_vec *nodes = &reader->nodes;
	auto_free double *below = x_calloc(nodes->count, sizeof(*below));
	bool callers_below;

	if (!reader->has_row)
		return;
	/* with callees counted in, the tree is not that of the row's own time */
	if (reader->row.children > reader->row.self + 0.0005 && !reader->take_zero_self)
		nodes->count = 1;
	callers_below = nodes->count < 2 || str_eq(nodes->items[1].name, nodes->items[0].name);
	make_absolute(nodes);
	for (size_t i = 1; i < nodes->count; i++)
		below[nodes->items[i].parent] += nodes->items[i].ratio;
	for (uint32_t i = 0; i < nodes->count; i++) {
		double rest = nodes->items[i].ratio - below[i];

		/* less than perf's last digit is rounding */
		if (rest >= 0.00005)
			path_add(reader, i, rest, callers_below);
	}
	nodes->count = 0;
	reader->top = 0;
	reader->has_row = false;
}

static void row_begin(struct reader *reader, const struct paste_row *row)
{
	double ratio = row->self;

	tree_end(reader);
	if (reader->take_zero_self && ratio == 0 && row->children > 0)
		ratio = row->children;
	reader->row = *row;
	reader->has_row = reader->in_tree = ratio > 0;
	reader->skip_tree = !reader->has_row;
	if (row->children >= 0)
		profile_claim_vec_push(
			&reader->profile->claims,
			(struct profile_claim){ .frame = paste_frame(reader->profile, row),
						.comm = intern(&reader->profile->texts, row->comm),
						.children = row->children });
	tree_line_vec_push(&reader->nodes,
			   (struct node){ .name = paste_name(row->symbol), .ratio = ratio });
	if (!reader->has_row)
		reader->nodes.count = 0;
}

/* Blanks and the bars that join branches. */
static bool is_only_drawn(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] != ' ' && line.ptr[i] != '|' && line.ptr[i] != '\t')
			return false;
	return true;
}

static void tree_read(struct reader *reader, struct str text)
{
	struct branch branch;
	struct paste_row row;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (is_only_drawn(line) || line.ptr[0] == '#')
			continue;
		if (paste_perf_row(line, &row))
			row_begin(reader, &row);
		else if (reader->in_tree && branch_parse(line, &branch) && branch.column > 0)
			branch_add(reader, &branch);
		else if (!reader->skip_tree) {
			/* text that is no tree ends it, however the rest is indented */
			reader->in_tree = false;
			import_ignore(reader->profile, line);
		}
	}
	tree_end(reader);
}

static bool is_tree(struct str text)
{
	bool after_row = false;
	struct branch branch;
	struct paste_row row;
	struct str line;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++) {
		if (line.len && line.ptr[0] == '#')
			continue;
		if (paste_perf_row(line, &row))
			after_row = true;
		else if (after_row && branch_parse(line, &branch) && branch.column > 0)
			return true;
	}
	return false;
}

static void read_tree(struct profile *profile, struct str text)
{
	struct reader reader = { .profile = profile, .event = paste_percent_event(profile, "CPU") };

	tree_read(&reader, text);
	/* rows of callers alone, without self time: what is below them then */
	if (!profile->samples.count) {
		reader.take_zero_self = true;
		profile->claims.count = 0;
		tree_read(&reader, text);
	}
	tree_line_vec_done(&reader.nodes);
	paste_fill_up(profile, reader.event);
}

static enum import_look look(struct str head)
{
	return is_tree(head) ? LOOK_SURE : LOOK_NO;
}

const struct importer import_tree_reader = { "perf report with call trees", look, read_tree };
