/*
 * gprof: its flat profile, its call graph, or both. The call graph says which callers a function's
 * own time belongs to, so that its samples get stacks of two frames; the explanations that gprof
 * prints without -b are passed over.
 */
#include "samples/import.h"

#include "base/memory.h"
#include "samples/paste_table.h"

/* Of many functions the callers of the first ones are told, which gprof sorts by weight. */
enum { MAX_FUNCTIONS_WITH_CALLERS = 500, MAX_EDGES = 1 << 18 };

/* A line of the call graph that a function is called by. */
struct edge {
	struct str caller, callee;
	double self; /* seconds of the callee's own that belong to these calls */
};

/* A function: from the flat profile, or from the line in the call graph that is its own. */
struct function {
	struct str name;
	double self, share; /* seconds; with callees, ratio; negative = it does not say */
	uint64_t calls;
};

VEC_DEFINE(edge_vec, struct edge)
VEC_DEFINE(function_vec, struct function)

enum section { NO_SECTION, FLAT, GRAPH };

struct reader {
	struct profile *profile;
	enum section section;
	bool is_before_own; /* in an entry of the graph: callers come first */
	size_t first_edge;  /* of the entry */
	struct function_vec flat, graph;
	struct edge_vec edges;
};

static bool has_words(struct str line, const char *words)
{
	struct str wanted = str_from(words), word, given;

	while (str_next_word(&wanted, &word))
		if (!str_next_word(&line, &given) || !str_eq(word, given))
			return false;
	return true;
}

static bool is_flat_header(struct str line)
{
	return has_words(line, "time seconds seconds calls");
}

static bool is_graph_header(struct str line)
{
	return has_words(line, "index % time self children called name");
}

static bool take_number(struct str *line, double *ret)
{
	struct str rest = *line, word;
	enum paste_unit unit;

	if (!str_next_word(&rest, &word) || !paste_number(word, ret, &unit) || unit != PASTE_PLAIN)
		return false;
	*line = rest;
	return true;
}

/* "33.34  0.02  0.02  7208  0.00  0.00  open"; calls and what follows may be absent */
static bool read_flat_row(struct str line, struct function *ret)
{
	double share, sum, calls = 0, each;

	if (!take_number(&line, &share) || !take_number(&line, &sum) ||
	    !take_number(&line, &ret->self))
		return false;
	if (take_number(&line, &calls) && take_number(&line, &each))
		(void)take_number(&line, &each);
	ret->calls = (uint64_t)calls;
	ret->share = -1;
	ret->name = str_trim(line);
	return ret->name.len > 0;
}

/* "main <cycle 1> [3]" -> "main" */
static struct str graph_name(struct str text)
{
	text = str_trim(text);
	for (size_t i = text.len; i > 1; i--)
		if (text.ptr[i - 1] == '[' && text.ptr[text.len - 1] == ']') {
			text = str_trim((struct str){ text.ptr, i - 1 });
			break;
		}
	if (text.len && text.ptr[text.len - 1] == '>') {
		ptrdiff_t cycle = str_find(text, STR(" <cycle "));

		if (cycle > 0)
			text = str_trim((struct str){ text.ptr, (size_t)cycle });
	}
	return text;
}

static bool is_count(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((word.ptr[i] < '0' || word.ptr[i] > '9') && word.ptr[i] != '/' &&
		    word.ptr[i] != '+')
			return false;
	return word.len > 0;
}

static uint64_t count_of(struct str word)
{
	size_t digits = 0;
	uint64_t count = 0;

	while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9')
		digits++;
	str_to_u64((struct str){ word.ptr, digits }, &count);
	return count;
}

/* "[2]    100.0    0.00    0.05       1         work [2]" */
static bool read_own_line(struct str line, struct function *ret)
{
	struct str word, after;
	double share, children;

	if (!str_next_word(&line, &word) || word.ptr[0] != '[' || word.ptr[word.len - 1] != ']' ||
	    !take_number(&line, &share) || !take_number(&line, &ret->self) ||
	    !take_number(&line, &children))
		return false;
	after = line;
	ret->calls = 0;
	if (str_next_word(&after, &word) && is_count(word)) {
		ret->calls = count_of(word);
		line = after;
	}
	ret->share = share / 100;
	ret->name = graph_name(line);
	return ret->name.len > 0;
}

/* "                0.05    0.00 3000000/3000000     work [2]" */
static bool read_relative(struct str line, struct str *ret_name, double *ret_self)
{
	struct str word, after;
	double children;

	*ret_self = 0;
	if (take_number(&line, ret_self) && !take_number(&line, &children)) {
		/* calls alone: the function called itself */
		*ret_self = 0;
	}
	after = line;
	if (str_next_word(&after, &word) && is_count(word))
		line = after;
	*ret_name = graph_name(line);
	return ret_name->len > 0;
}

static void read_graph_line(struct reader *reader, struct str line)
{
	struct function own;
	struct str name;
	double self;

	if (str_starts_with(line, STR("-----"))) {
		reader->is_before_own = true;
		reader->first_edge = reader->edges.count;
	} else if (read_own_line(line, &own)) {
		for (size_t i = reader->first_edge; i < reader->edges.count; i++)
			reader->edges.items[i].callee = own.name;
		reader->is_before_own = false;
		function_vec_push(&reader->graph, own);
	} else if (str_find(line, STR("<spontaneous>")) >= 0) {
		return;
	} else if (!read_relative(line, &name, &self)) {
		import_ignore(reader->profile, line);
	} else if (reader->is_before_own && reader->edges.count < MAX_EDGES) {
		edge_vec_push(&reader->edges, (struct edge){ .caller = name, .self = self });
	}
}

static void read_line(struct reader *reader, struct str line)
{
	struct function row;

	/* a form feed parts the sections */
	if (line.len && line.ptr[0] == '\f')
		line = (struct str){ line.ptr + 1, line.len - 1 };
	if (is_flat_header(line)) {
		reader->section = FLAT;
	} else if (is_graph_header(line)) {
		reader->section = GRAPH;
		reader->is_before_own = true;
		reader->first_edge = reader->edges.count;
	} else if (!str_trim(line).len) {
		reader->section = NO_SECTION;
	} else if (reader->section == FLAT) {
		if (read_flat_row(line, &row))
			function_vec_push(&reader->flat, row);
		else
			import_ignore(reader->profile, line);
	} else if (reader->section == GRAPH) {
		read_graph_line(reader, line);
	}
}

static uint32_t frame_of(struct profile *profile, struct str name)
{
	return import_frame(profile, name, STR(""), 0);
}

/* Samples of a function below each of its callers, by what the graph says of them. */
static double add_edges(struct reader *reader, const struct function *function, uint32_t event,
			double whole)
{
	struct profile *profile = reader->profile;
	double known = 0;

	for (size_t i = 0; i < reader->edges.count; i++) {
		const struct edge *edge = &reader->edges.items[i];
		uint32_t node;

		if (!str_eq(edge->callee, function->name) || edge->self <= 0 ||
		    str_eq(edge->caller, function->name) || known + edge->self > function->self)
			continue;
		known += edge->self;
		node = profile_node(profile, 0, frame_of(profile, edge->caller));
		node = profile_node(profile, node, frame_of(profile, function->name));
		paste_sample(profile, event, node, STR(""), edge->self / whole);
	}
	return known;
}

static void tell(struct reader *reader)
{
	const struct function_vec *rows = reader->flat.count ? &reader->flat : &reader->graph;
	struct profile *profile = reader->profile;
	uint32_t event = paste_percent_event(profile, "time");
	double whole = 0, calls = 0;

	for (size_t i = 0; i < rows->count; i++) {
		whole += rows->items[i].self;
		calls += (double)rows->items[i].calls;
	}
	for (size_t i = 0; i < rows->count; i++) {
		const struct function *function = &rows->items[i];
		struct paste_row row = { .symbol = function->name,
					 .self = 0,
					 .children = -1,
					 .calls = function->calls };
		double known = 0;

		if (whole > 0 && i < MAX_FUNCTIONS_WITH_CALLERS)
			known = add_edges(reader, function, event, whole);
		/* too short for one tick: what was counted is calls */
		row.self = whole > 0 ? (function->self - known) / whole
				     : (double)function->calls / MAX(calls, 1);
		paste_add_row(profile, event, &row);
	}
	for (size_t i = 0; i < reader->graph.count; i++)
		paste_add_row(profile, event,
			      &(struct paste_row){ .symbol = reader->graph.items[i].name,
						   .self = -1,
						   .children = reader->graph.items[i].share });
	paste_fill_up(profile, event);
}

static void read_gprof(struct profile *profile, struct str text)
{
	struct reader reader = { .profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	tell(&reader);
	function_vec_done(&reader.flat);
	function_vec_done(&reader.graph);
	edge_vec_done(&reader.edges);
}

static enum import_look look(struct str head)
{
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++)
		if (is_flat_header(line) || is_graph_header(line))
			return LOOK_SURE;
	return LOOK_NO;
}

const struct importer import_gprof_reader = { "gprof", look, read_gprof };
