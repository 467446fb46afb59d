/*
 * The other texts of pprof: -traces (stacks with their values) and -tree and -peek (each function
 * between its callers and its callees), from which its callers' shares become stacks of two frames.
 *   -----------+-------------------------------------------------------
 *        10ms   runtime.mallocgc
 *               main.work
 *   ----------------------------------------------------------+-------------
 *                                            0.20s   100% |   main.work
 *        0.10s  10.00% 10.00%      0.20s 20.00%                | runtime.mallocgc
 */
#include "samples/import.h"

#include "samples/paste_table.h"

VEC_DEFINE(row_vec, struct paste_row)

struct reader {
	struct profile *profile;
	struct row_vec frames; /* -traces: of one stack, innermost first */
	double value;
	enum paste_unit unit;
	bool is_tree, in_entry;
	/* -tree: the callers of the entry, and the function itself */
	struct paste_table_row own;
	struct row_vec callers; /* self: how much of the function's total comes from it */
};

static bool is_rule(struct str line)
{
	size_t plus = 0, dashes = 0;

	line = str_trim(line);
	for (size_t i = 0; i < line.len; i++) {
		plus += line.ptr[i] == '+';
		dashes += line.ptr[i] == '-';
		if (line.ptr[i] != '-' && line.ptr[i] != '+')
			return false;
	}
	return plus == 1 && dashes > 20;
}

static struct str tail(struct str text, ptrdiff_t from)
{
	return (struct str){ text.ptr + from, text.len - (size_t)from };
}

static uint32_t event_of(struct reader *reader)
{
	const char *name = reader->unit == PASTE_BYTES	   ? "bytes"
			   : reader->unit == PASTE_SECONDS ? "CPU"
							   : "samples";
	uint32_t event = profile_event(reader->profile, name);

	reader->profile->events.items[event].unit = reader->unit == PASTE_SECONDS ? "ns"
						    : reader->unit == PASTE_BYTES ? "bytes"
										  : "samples";
	return event;
}

static uint64_t weight_of(const struct reader *reader)
{
	double value = reader->unit == PASTE_SECONDS ? reader->value * 1e9 : reader->value;

	return value > 0 && value < 1e18 ? (uint64_t)(value + 0.5) : 0;
}

/* ---- -traces */

static void trace_end(struct reader *reader)
{
	struct profile *profile = reader->profile;
	uint32_t node = 0;

	for (size_t i = reader->frames.count; i-- > 0;)
		node = profile_node(profile, node, paste_frame(profile, &reader->frames.items[i]));
	if (node && weight_of(reader))
		profile_add_sample(profile,
				   &(struct profile_sample){
					   .weight = weight_of(reader),
					   .node = node,
					   .thread = profile_thread(profile, -1, -1, STR("")),
					   .cpu = UINT32_MAX,
					   .event = (uint16_t)event_of(reader),
					   .end = PROFILE_END_UNKNOWN });
	reader->frames.count = 0;
}

/* "      10ms   runtime.mallocgc", and then names alone; "  key:  value" are labels. */
static void trace_line(struct reader *reader, struct str line)
{
	struct str rest = str_trim(line), word, after = rest;
	struct paste_row row = { 0 };

	if (!rest.len)
		return;
	if (!reader->frames.count) {
		if (!str_next_word(&after, &word) || word.ptr[word.len - 1] == ':')
			return;
		if (!paste_number(word, &reader->value, &reader->unit) || !str_trim(after).len) {
			import_ignore(reader->profile, line);
			return;
		}
		rest = str_trim(after);
	}
	paste_name_pprof(rest, &row);
	row_vec_push(&reader->frames, row);
}

/* ---- -tree, -peek */

static void tree_end(struct reader *reader)
{
	struct profile *profile = reader->profile;
	const struct paste_row *own = &reader->own.row;
	double total = 0, left = own->self;
	uint32_t event;

	if (!reader->in_entry)
		return;
	reader->in_entry = false;
	event = paste_percent_event(profile, "CPU");
	for (size_t i = 0; i < reader->callers.count; i++)
		total += reader->callers.items[i].self;
	/* a function's own time is split among its callers as its time with callees is */
	for (size_t i = 0; i < reader->callers.count && total > 0 && own->self > 0; i++) {
		struct paste_row *caller = &reader->callers.items[i];
		double part = own->self * caller->self / total;
		uint32_t node = profile_node(profile, 0, paste_frame(profile, caller));

		node = profile_node(profile, node, paste_frame(profile, own));
		paste_sample(profile, event, node, STR(""), part);
		left -= part;
	}
	reader->callers.count = 0;
	reader->own.row.self = left > 0.000001 ? left : 0;
	paste_add_row(profile, event, &reader->own.row);
}

/* "0.10s 10.00% 10.00%  0.20s 20.00%  | runtime.mallocgc" */
static bool own_line(struct reader *reader, struct str left, struct str name)
{
	struct str word;
	double values[5];
	enum paste_unit unit;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (!str_next_word(&left, &word) || !paste_number(word, &values[i], &unit))
			return false;
	reader->own = (struct paste_table_row){ .row = { .self = values[1] / 100,
							 .children = values[4] / 100 } };
	paste_name_pprof(name, &reader->own.row);
	reader->in_entry = true;
	return true;
}

static void tree_line(struct reader *reader, struct str line)
{
	ptrdiff_t bar = str_find(line, STR("| "));
	struct paste_row row = { 0 };
	struct str left, word;
	enum paste_unit unit;
	double value;

	if (bar < 0) {
		if (str_find(line, STR("flat%")) < 0 && str_trim(line).len)
			import_ignore(reader->profile, line);
		return;
	}
	left = (struct str){ line.ptr, (size_t)bar };
	if (own_line(reader, left, tail(line, bar + 2)))
		return;
	/* behind the function come its callees, which have entries of their own */
	if (reader->in_entry || !str_next_word(&left, &word) || !paste_number(word, &value, &unit))
		return;
	paste_name_pprof(tail(line, bar + 2), &row);
	row.self = value;
	row_vec_push(&reader->callers, row);
}

static bool is_chatter(struct str line)
{
	static const char *const leads[] = {
		"File:",	  "Type:",    "Time:",	  "Duration:", "Showing",
		"Dropped",	  "Build ID", "(pprof)",  "Entering",  "Main binary",
		"Active filters", "   show",  "   focus", "   hide",   "   ignore"
	};

	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return !str_trim(line).len;
}

static bool is_tree_header(struct str line)
{
	return str_find(line, STR("flat%")) > 0 && str_find(line, STR("calls calls%")) > 0;
}

static void read_pprof(struct profile *profile, struct str text)
{
	struct reader reader = { .profile = profile };
	bool has_begun = false;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (is_rule(line)) {
			has_begun = true;
			if (reader.is_tree)
				tree_end(&reader);
			else
				trace_end(&reader);
			reader.callers.count = 0;
		} else if (is_tree_header(line)) {
			reader.is_tree = true;
		} else if (is_chatter(line)) {
			continue;
		} else if (!has_begun) {
			import_ignore(profile, line);
		} else if (reader.is_tree) {
			tree_line(&reader, line);
		} else {
			trace_line(&reader, line);
		}
	}
	if (reader.is_tree) {
		tree_end(&reader);
		for (uint32_t i = 0; i < profile->events.count; i++)
			paste_fill_up(profile, i);
		profile->format = "pprof -tree";
	} else {
		trace_end(&reader);
	}
	row_vec_done(&reader.frames);
	row_vec_done(&reader.callers);
}

static enum import_look look(struct str head)
{
	unsigned rules = 0;
	bool is_tree = false;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		is_tree |= is_tree_header(line);
		rules += is_rule(line);
	}
	return rules && (is_tree || rules > 1) ? LOOK_SURE : LOOK_NO;
}

const struct importer import_pprof_reader = { "pprof -traces", look, read_pprof };
