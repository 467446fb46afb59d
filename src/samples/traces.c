#include "samples/traces.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "facts/stack_pattern.h"
#include "samples/facts_profile.h"
#include "samples/functions.h"
#include "samples/quality.h"
#include "samples/trace_names.h"

/*
 * Each distinct list of tests is a number, and each function knows the numbers that it fits. Each
 * `under` and `match` of a pattern is a bit; going outwards in, a frame that fits sets its bit if
 * the bit of what must stand further out is set for its caller. So one walk over the trie, callers
 * first, answers all patterns.
 */
enum {
	MAX_PATTERNS = 120,
	MAX_TESTS = 256,
	MAX_BITS = 256,
	WORDS = MAX_BITS / 64,
	MAX_CLASSED = 6000, /* functions that are looked up */
	MAX_THREAD_CELLS = 1 << 22,
	NO_BIT = 0xffff,
};

static const double least_function = 0.0025; /* with its callees: less is not looked up */

struct bits {
	uint64_t words[WORDS];
};

static bool bit_is(const struct bits *bits, unsigned bit)
{
	return bits->words[bit / 64] >> (bit % 64) & 1;
}

static void bit_set(struct bits *bits, unsigned bit)
{
	bits->words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static bool bits_empty(const struct bits *bits)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < WORDS; i++)
		any |= bits->words[i];
	return !any;
}

/* A frame that fits `tests` sets `bit` where `outer` is set for its caller. */
struct step {
	uint16_t tests, bit, outer;
};

VEC_DEFINE(step_vec, struct step)

struct asked {
	struct entity trace; /* what the answer's facts are about */
	size_t like; /* index of the first question with this pattern: it is counted there */
	struct str text;
	struct stack_pattern pattern;
	uint16_t tests; /* of its match */
	uint16_t bit;	/* match of `has`, NO_BIT for `leaf` */
	uint16_t outer; /* what must stand further out, or NO_BIT */
	uint16_t without;
	uint64_t weight, early, depth;
	uint64_t count;
};

VEC_DEFINE(asked_vec, struct asked)

/* A function that is looked up. */
struct classed {
	uint32_t frame;	  /* one of its frames */
	uint32_t group;	  /* instances of a template are one */
	uint64_t total;	  /* with callees; recursion counts twice */
	struct bits fits; /* tests */
	uint32_t step_first, step_count;
	bool is_kernel, is_app, is_root, is_idle;
};

VEC_DEFINE(classed_vec, struct classed)

/* Functions of one name, whatever their template arguments and parameters. */
struct group {
	uint32_t heaviest; /* classed */
	uint64_t total;
};

/* What a pattern got from a group of functions. */
struct cell {
	uint64_t frame, via, nearest, through;
	uint32_t stamp;
};

struct matcher {
	const struct profile_selection *selection;
	const struct profile *profile;
	struct facts *facts;
	const char *source;
	struct asked_vec asked;
	struct stack_tests tests[MAX_TESTS];
	size_t test_count, bit_count;
	struct step_vec steps; /* of patterns */
	struct function_map map;
	struct classed_vec classed;
	uint32_t *class_of; /* by function: index + 1 */
	struct step_vec function_steps;
	struct bits *state;    /* by node */
	uint64_t *self, *skid; /* by node: weight of the samples that end there */
	struct bits *fitting;  /* by node with samples: patterns */
	struct interner names; /* of groups */
	struct group *groups;
	struct cell *cells; /* pattern * names.count + group */
	uint32_t stamp;
	uint64_t idle;
};

/* ---- questions */

static uint16_t tests_number(struct matcher *m, const struct stack_tests *tests)
{
	for (size_t i = 0; i < m->test_count; i++)
		if (str_eq(m->tests[i].text, tests->text))
			return (uint16_t)i;
	if (m->test_count == MAX_TESTS)
		return NO_BIT;
	m->tests[m->test_count] = *tests;
	return (uint16_t)m->test_count++;
}

/* The bit of "a frame fits, below one with `outer`"; shared by patterns that begin alike. */
static uint16_t step_bit(struct matcher *m, uint16_t tests, uint16_t outer)
{
	for (size_t i = 0; i < m->steps.count; i++)
		if (m->steps.items[i].tests == tests && m->steps.items[i].outer == outer)
			return m->steps.items[i].bit;
	if (m->bit_count == MAX_BITS || tests == NO_BIT)
		return NO_BIT;
	step_vec_push(&m->steps, (struct step){ tests, (uint16_t)m->bit_count, outer });
	return (uint16_t)m->bit_count++;
}

/* Works out the numbers of a new pattern; false where there is no room for more. */
static bool asked_number(struct matcher *m, struct asked *asked)
{
	const struct stack_pattern *pattern = &asked->pattern;

	for (size_t i = pattern->under_count; i-- > 0;) {
		asked->outer = step_bit(m, tests_number(m, &pattern->under[i]), asked->outer);
		if (asked->outer == NO_BIT)
			return false;
	}
	if (pattern->without.count) {
		asked->without = step_bit(m, tests_number(m, &pattern->without), NO_BIT);
		if (asked->without == NO_BIT)
			return false;
	}
	asked->tests = tests_number(m, &pattern->match);
	if (asked->tests == NO_BIT)
		return false;
	if (!pattern->is_leaf)
		asked->bit = step_bit(m, asked->tests, asked->outer);
	return pattern->is_leaf || asked->bit != NO_BIT;
}

static bool asked_add(struct matcher *m, struct entity trace, struct str text,
		      const struct stack_pattern *pattern)
{
	struct asked asked = { .trace = trace,
			       .like = m->asked.count,
			       .text = text,
			       .pattern = *pattern,
			       .bit = NO_BIT,
			       .outer = NO_BIT,
			       .without = NO_BIT };

	if (m->asked.count == MAX_PATTERNS)
		return false;
	for (size_t i = 0; i < m->asked.count; i++)
		if (str_eq(m->asked.items[i].text, text)) {
			asked.like = m->asked.items[i].like;
			asked_vec_push(&m->asked, asked);
			return true;
		}
	if (!asked_number(m, &asked))
		return false;
	asked_vec_push(&m->asked, asked);
	return true;
}

/* Takes the questions that are patterns out of the needs. */
static size_t questions_take(struct matcher *m)
{
	struct facts *facts = m->facts;
	size_t kept = 0, met = 0;

	for (size_t i = 0; i < facts->needs.count; i++) {
		struct need need = facts->needs.items[i];
		struct str text = interned(&facts->texts, need.menu_id);
		struct stack_pattern pattern;
		const char *mistake;
		size_t at;

		if (strcmp(facts_str(facts, need.kind), "stack_pattern") != 0 ||
		    !stack_pattern_parse(text, &pattern, &mistake, &at)) {
			facts->needs.items[kept++] = need;
			continue;
		}
		met++;
		if (!asked_add(m, need.entity, text, &pattern))
			facts_add_absent(facts, need.entity, "share", "too many questions at once",
					 m->source);
	}
	facts->needs.count = kept;
	return met;
}

/* ---- functions */

/* A glob that begins with a wildcard is tried on the most general form alone: names of template
 * instances are long. */
static bool form_fits(const struct trace_function *known, struct str glob)
{
	size_t first = *glob.ptr == '*' && known->form_count ? known->form_count - 1 : 0;

	for (size_t i = first; i < known->form_count; i++) {
		struct str form = known->forms[i];

		if (*glob.ptr != '*' && *glob.ptr != '?' && (!form.len || *form.ptr != *glob.ptr))
			continue;
		if (str_glob(glob, form))
			return true;
	}
	return false;
}

static bool function_fits(const struct trace_function *known, const struct classed *function,
			  const struct stack_tests *tests)
{
	for (size_t i = 0; i < tests->count; i++) {
		const struct stack_test *test = &tests->items[i];
		bool fits = false;

		switch (test->kind) {
		case STACK_TEST_FAMILY:
			fits = str_is(test->text, known->family);
			break;
		case STACK_TEST_TOPIC:
			fits = str_is(test->text, known->topic);
			break;
		case STACK_TEST_NAME:
			fits = form_fits(known, test->text);
			break;
		case STACK_TEST_KERNEL:
			fits = function->is_kernel;
			break;
		case STACK_TEST_APP:
			fits = function->is_app;
			break;
		}
		if (fits)
			return true;
	}
	return false;
}

/* The function's most general form of its name. */
static struct str plain_name(const struct trace_function *known, struct str name)
{
	return known->form_count ? known->forms[known->form_count - 1] : name;
}

static void classify(struct matcher *m, const struct trace_knowledge *knowledge,
		     struct classed *function)
{
	const struct profile_frame *frame = &m->profile->frames.items[function->frame];
	const char *library = profile_frame_library(m->profile, function->frame);
	struct str name = interned(&m->profile->texts, frame->name);
	struct trace_function known = { .family = "", .topic = "" };

	function->is_kernel = frame->flags & PROFILE_FRAME_KERNEL ||
			      str_starts_with(str_from(library), STR("[kernel"));
	function->is_root = quality_is_thread_root(name) || str_is(name, "main");
	if (!name.len)
		return;
	known = knowledge->look(knowledge->context, str_from(library), name);
	function->is_app = !function->is_kernel &&
			   !profile_frame_is_nameless(m->profile, function->frame) &&
			   !trace_is_runtime(name, plain_name(&known, name)) &&
			   !quality_is_thread_root(name) && !known.is_library_known &&
			   (!known.is_known || str_is(name, "main"));
	function->is_idle = strcmp(known.family, "idle") == 0;
	for (size_t i = 0; i < m->test_count; i++)
		if (function_fits(&known, function, &m->tests[i]))
			bit_set(&function->fits, (unsigned)i);
	function->step_first = (uint32_t)m->function_steps.count;
	for (size_t i = 0; i < m->steps.count; i++)
		if (bit_is(&function->fits, m->steps.items[i].tests))
			step_vec_push(&m->function_steps, m->steps.items[i]);
	function->step_count = (uint32_t)m->function_steps.count - function->step_first;
}

static void groups_make(struct matcher *m)
{
	for (size_t i = 0; i < m->classed.count; i++) {
		struct classed *function = &m->classed.items[i];
		auto_strbuf struct strbuf name = STRBUF_INIT;

		trace_short_name(
			profile_text(m->profile, m->profile->frames.items[function->frame].name),
			&name);
		function->group = intern(&m->names, strbuf_str(&name));
	}
	m->groups = x_calloc((size_t)m->names.count + 1, sizeof(*m->groups));
	for (uint32_t i = 0; i < m->classed.count; i++) {
		const struct classed *function = &m->classed.items[i];
		struct group *group = &m->groups[function->group];

		if (!group->total || function->total > m->classed.items[group->heaviest].total)
			group->heaviest = i;
		group->total += function->total;
	}
}

/* Sums over all nodes of each function, as an upper bound of its time with callees. */
static void functions_class(struct matcher *m, const struct trace_knowledge *knowledge)
{
	const struct profile *profile = m->profile;
	size_t nodes = profile->nodes.count;
	auto_free uint64_t *below = x_calloc(nodes, sizeof(*below));
	auto_free uint64_t *totals = NULL;
	double least = least_function * (double)m->selection->weight;

	m->map = function_map_make(profile, false);
	m->class_of = x_calloc((size_t)m->map.count + 1, sizeof(*m->class_of));
	totals = x_calloc((size_t)m->map.count + 1, sizeof(*totals));
	for (size_t i = nodes; i-- > 1;) {
		const struct profile_node *node = &profile->nodes.items[i];

		below[i] += m->self[i] + m->skid[i];
		below[node->parent] += below[i];
		totals[m->map.of_frame[node->frame]] += below[i];
	}
	for (uint32_t i = 0; i < profile->frames.count; i++) {
		uint32_t function = m->map.of_frame[i];

		if (m->class_of[function] || !totals[function] ||
		    (double)totals[function] < least || m->classed.count == MAX_CLASSED)
			continue;
		classed_vec_push(&m->classed,
				 (struct classed){ .frame = i, .total = totals[function] });
		m->class_of[function] = (uint32_t)m->classed.count;
	}
	for (size_t i = 0; i < m->classed.count; i++)
		classify(m, knowledge, &m->classed.items[i]);
	groups_make(m);
}

static struct classed *function_at(const struct matcher *m, uint32_t node)
{
	uint32_t frame = m->profile->nodes.items[node].frame;
	uint32_t class = m->class_of[m->map.of_frame[frame]];

	return class ? &m->classed.items[class - 1] : NULL;
}

/* ---- stacks */

static void states_make(struct matcher *m)
{
	const struct profile *profile = m->profile;

	m->state = x_calloc(profile->nodes.count, sizeof(*m->state));
	for (uint32_t i = 1; i < profile->nodes.count; i++) {
		const struct bits *outer = &m->state[profile->nodes.items[i].parent];
		const struct classed *function = function_at(m, i);
		const struct step *steps;

		m->state[i] = *outer;
		if (!function)
			continue;
		steps = m->function_steps.items + function->step_first;
		for (uint32_t k = 0; k < function->step_count; k++)
			if (steps[k].outer == NO_BIT || bit_is(outer, steps[k].outer))
				bit_set(&m->state[i], steps[k].bit);
	}
}

/* The real function that inlined code at `node` is part of; 0 where there is none. */
static uint32_t physical(const struct profile *profile, uint32_t node)
{
	while (node && profile->frames.items[profile->nodes.items[node].frame].flags &
			       PROFILE_FRAME_INLINED)
		node = profile->nodes.items[node].parent;
	return node;
}

static bool pattern_fits(const struct matcher *m, const struct asked *asked, uint32_t node,
			 uint32_t leaf)
{
	const struct bits *state = &m->state[node];
	const struct classed *function;

	if (asked->without != NO_BIT && bit_is(state, asked->without))
		return false;
	if (!asked->pattern.is_leaf)
		return bit_is(state, asked->bit);
	function = leaf ? function_at(m, leaf) : NULL;
	return function && bit_is(&function->fits, asked->tests) &&
	       (asked->outer == NO_BIT ||
		bit_is(&m->state[m->profile->nodes.items[leaf].parent], asked->outer));
}

static struct cell *cell_of(const struct matcher *m, size_t pattern, const struct classed *function)
{
	return &m->cells[pattern * m->names.count + function->group];
}

/* The innermost frame of the stack that fits; 0 is not met, as the pattern fits. */
static uint32_t hit_of(const struct matcher *m, const struct asked *asked, uint32_t node)
{
	for (; node; node = m->profile->nodes.items[node].parent) {
		const struct classed *function = function_at(m, node);

		if (function && bit_is(&function->fits, asked->tests) &&
		    (asked->outer == NO_BIT ||
		     bit_is(&m->state[m->profile->nodes.items[node].parent], asked->outer)))
			return node;
	}
	return 0;
}

/* Goes outwards from the frame that fits, and gives the weight to those that it meets. */
static void callers_count(struct matcher *m, size_t pattern, uint32_t hit, uint64_t weight)
{
	const struct profile *profile = m->profile;
	struct asked *asked = &m->asked.items[pattern];
	const struct classed *inner = function_at(m, hit);
	bool has_via = false, has_nearest = false;

	if (!inner)
		return;
	m->stamp++;
	cell_of(m, pattern, inner)->frame += weight;
	asked->depth += weight;
	for (uint32_t node = profile->nodes.items[hit].parent; node;
	     node = profile->nodes.items[node].parent) {
		const struct classed *function = function_at(m, node);
		struct cell *cell;

		if (!function)
			continue;
		cell = cell_of(m, pattern, function);
		if (bit_is(&function->fits, asked->tests))
			asked->depth += weight;
		else if (!has_via && !(inner->is_kernel && function->is_kernel)) {
			cell->via += weight;
			has_via = true;
		}
		if (!function->is_app || cell->stamp == m->stamp)
			continue;
		cell->stamp = m->stamp;
		cell->through += weight;
		if (!has_nearest)
			cell->nearest += weight;
		has_nearest = true;
	}
}

/* All patterns for the samples that end at `node`. */
static void node_match(struct matcher *m, uint32_t node, uint64_t weight, struct bits *ret)
{
	uint32_t leaf = physical(m->profile, node);
	const struct classed *function = leaf ? function_at(m, leaf) : NULL;

	if (function && function->is_idle)
		m->idle += weight;
	if (bits_empty(&m->state[node]) && !(function && !bits_empty(&function->fits)))
		return;
	for (size_t i = 0; i < m->asked.count; i++) {
		struct asked *asked = &m->asked.items[i];
		uint32_t hit;

		if (asked->like != i || !pattern_fits(m, asked, node, leaf))
			continue;
		hit = asked->pattern.is_leaf ? leaf : hit_of(m, asked, node);
		if (!hit)
			continue;
		asked->weight += weight;
		bit_set(ret, (unsigned)i);
		callers_count(m, i, hit, weight);
	}
}

static void weights_make(struct matcher *m)
{
	size_t nodes = m->profile->nodes.count;

	m->self = x_calloc(nodes, sizeof(*m->self));
	m->skid = x_calloc(nodes, sizeof(*m->skid));
	for (size_t i = 0; i < m->selection->count; i++) {
		const struct profile_sample *sample =
			&m->profile->samples.items[m->selection->samples[i]];

		*(sample->skid ? &m->skid[sample->node] : &m->self[sample->node]) += sample->weight;
	}
}

/* What skid puts on a function is its caller's. */
static uint32_t skid_node(const struct profile *profile, uint32_t node)
{
	uint32_t leaf = physical(profile, node);

	return leaf ? profile->nodes.items[leaf].parent : 0;
}

static void stacks_match(struct matcher *m)
{
	size_t nodes = m->profile->nodes.count;

	m->fitting = x_calloc(nodes, sizeof(*m->fitting));
	m->cells = x_calloc(m->asked.count * m->names.count + 1, sizeof(*m->cells));
	for (uint32_t i = 1; i < nodes; i++) {
		uint32_t caller;

		if (m->self[i])
			node_match(m, i, m->self[i], &m->fitting[i]);
		if (m->skid[i] && (caller = skid_node(m->profile, i)))
			node_match(m, caller, m->skid[i], &m->fitting[i]);
	}
}

/* ---- samples: threads, processes and times */

struct spread {
	uint64_t *weights; /* pattern * threads + thread */
	uint32_t *counts;
	size_t threads;
};

static void spread_count(struct matcher *m, struct spread *spread)
{
	uint64_t first = m->selection->from_ns;
	uint64_t early_end = first + (m->selection->to_ns - first) / 10;

	for (size_t i = 0; i < m->selection->count; i++) {
		const struct profile_sample *sample =
			&m->profile->samples.items[m->selection->samples[i]];
		const struct bits *fitting = &m->fitting[sample->node];

		for (unsigned word = 0; word < WORDS; word++)
			for (uint64_t left = fitting->words[word]; left; left &= left - 1) {
				size_t pattern = word * 64 + (unsigned)__builtin_ctzll(left);
				struct asked *asked = &m->asked.items[pattern];

				asked->count +=
					MAX(sample->count, 1U); /* stacks of one moment have none */
				if (sample->time_ns && sample->time_ns < early_end)
					asked->early += sample->weight;
				if (!spread->weights || sample->thread >= spread->threads)
					continue;
				spread->weights[pattern * spread->threads + sample->thread] +=
					sample->weight;
				spread->counts[pattern * spread->threads + sample->thread]++;
			}
	}
}

static int by_pid(const void *left, const void *right)
{
	int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;

	return (a > b) - (a < b);
}

/* Threads with enough of it, and all processes that have some: many live shortly. */
static void spread_sum(const struct matcher *m, const struct spread *spread, size_t pattern,
		       size_t *ret_threads, size_t *ret_processes)
{
	const uint64_t *weights = spread->weights + pattern * spread->threads;
	const uint32_t *counts = spread->counts + pattern * spread->threads;
	auto_free int32_t *pids = x_calloc(spread->threads, sizeof(*pids));
	uint64_t all = m->asked.items[pattern].weight;
	size_t found = 0;

	*ret_threads = *ret_processes = 0;
	for (size_t i = 0; i < spread->threads; i++) {
		*ret_threads += counts[i] >= 2 && weights[i] >= all / 100;
		if (counts[i])
			pids[found++] = m->profile->threads.items[i].pid;
	}
	if (found)
		qsort(pids, found, sizeof(*pids), by_pid);
	for (size_t i = 0; i < found; i++)
		*ret_processes += !i || pids[i] != pids[i - 1];
}

/* ---- answers */

static void put(struct matcher *m, const struct asked *asked, const char *name, double number,
		const char *unit)
{
	facts_add(m->facts, (struct fact){ .entity = asked->trace,
					   .name = facts_text(m->facts, name),
					   .type = FACT_NUMBER,
					   .number = number,
					   .unit = facts_text(m->facts, unit),
					   .source = facts_text(m->facts, m->source),
					   .n = asked->count,
					   .flags = m->profile->damage ? FACT_PARTIAL : 0 });
}

static void put_text(struct matcher *m, const struct asked *asked, const char *name,
		     const char *text)
{
	facts_add_text(m->facts, asked->trace, name, text, m->source);
}

static void put_function(struct matcher *m, const struct asked *asked, const char *name,
			 const struct classed *function)
{
	put_text(m, asked, name, interned_text(&m->names, function->group));
}

/* The function with the largest of one of the cells' fields. */
static const struct classed *largest(const struct matcher *m, size_t pattern, size_t field,
				     uint64_t *ret_weight)
{
	const struct classed *best = NULL;

	*ret_weight = 0;
	for (uint32_t i = 0; i < m->names.count; i++) {
		const struct cell *cell = &m->cells[pattern * m->names.count + i];
		uint64_t weight;

		memcpy(&weight, (const char *)cell + field, sizeof(weight));
		if (weight > *ret_weight) {
			*ret_weight = weight;
			best = &m->classed.items[m->groups[i].heaviest];
		}
	}
	return best;
}

/* The function through which at least four fifths go, and as little else as can be. One that stands
 * for nearly all of the time says nothing. */
static const struct classed *common_caller(const struct matcher *m, size_t pattern,
					   uint64_t *ret_weight)
{
	double wanted = 0.8 * (double)m->asked.items[pattern].weight;
	double most = 0.9 * (double)m->selection->weight;
	const struct group *best = NULL;

	for (uint32_t i = 0; i < m->names.count; i++) {
		const struct group *group = &m->groups[i];
		const struct cell *cell = &m->cells[pattern * m->names.count + i];

		if ((double)cell->through < wanted || (double)group->total > most ||
		    m->classed.items[group->heaviest].is_root)
			continue;
		if (!best || group->total < best->total) {
			best = group;
			*ret_weight = cell->through;
		}
	}
	return best ? &m->classed.items[best->heaviest] : NULL;
}

static void put_place(struct matcher *m, const struct asked *asked, const struct classed *who)
{
	const struct profile_frame *frame = &m->profile->frames.items[who->frame];
	auto_strbuf struct strbuf place = STRBUF_INIT;

	put_text(m, asked, "who_library", profile_frame_library(m->profile, who->frame));
	if (!*profile_text(m->profile, frame->file))
		return;
	strbuf_add_text(&place, profile_text(m->profile, frame->file));
	if (frame->line)
		strbuf_addf(&place, ":%u", frame->line);
	put_text(m, asked, "who_place", strbuf_text(&place));
}

static void put_who(struct matcher *m, size_t pattern)
{
	const struct asked *asked = &m->asked.items[pattern];
	uint64_t weight = 0;
	const struct classed *nearest =
		largest(m, pattern, offsetof(struct cell, nearest), &weight);
	const struct classed *who = nearest;
	size_t callers = 0;

	for (uint32_t i = 0; i < m->names.count; i++)
		callers += (double)m->cells[pattern * m->names.count + i].nearest >=
			   0.05 * (double)asked->weight;
	put(m, asked, "callers", (double)callers, "functions");
	if (!who || who->is_root || (double)weight < 0.5 * (double)asked->weight)
		who = common_caller(m, pattern, &weight);
	if (!who)
		return;
	put_function(m, asked, "who", who);
	put(m, asked, "who_share", (double)weight / (double)asked->weight, "ratio");
	put_place(m, asked, who);
	if (who == nearest)
		put_text(m, asked, "nearest", "yes");
}

/* The caller where it is not the one that is named already. */
static void put_via(struct matcher *m, size_t pattern)
{
	const struct asked *asked = &m->asked.items[pattern];
	const struct fact *who = facts_find(m->facts, asked->trace, "who");
	uint64_t weight;
	const struct classed *function = largest(m, pattern, offsetof(struct cell, via), &weight);

	if (!function || (who && str_eq(interned(&m->names, function->group),
					interned(&m->facts->texts, who->text))))
		return;
	put_function(m, asked, "via", function);
	put(m, asked, "via_share", (double)weight / (double)asked->weight, "ratio");
}

static void put_frames(struct matcher *m, size_t pattern)
{
	const struct asked *asked = &m->asked.items[pattern];
	uint64_t weight;
	const struct classed *function = largest(m, pattern, offsetof(struct cell, frame), &weight);

	if (function) {
		put_function(m, asked, "frame", function);
		put_text(m, asked, "library", profile_frame_library(m->profile, function->frame));
		put(m, asked, "frame_share", (double)weight / (double)asked->weight, "ratio");
	}
	put(m, asked, "depth", (double)asked->depth / (double)asked->weight, "frames");
}

static bool has_callers(const struct profile *profile)
{
	for (size_t i = 1; i < profile->nodes.count; i++)
		if (profile->nodes.items[i].parent)
			return true;
	return false;
}

static void answer(struct matcher *m, const struct spread *spread, size_t pattern, bool stacks)
{
	const struct asked *asked = &m->asked.items[pattern];
	uint64_t all = m->selection->weight, work = all - MIN(m->idle, all);
	size_t threads, processes;

	if (!stacks && (!asked->pattern.is_leaf || asked->pattern.under_count ||
			asked->pattern.without.count)) {
		facts_add_absent(m->facts, asked->trace, "share", "the input has no stacks",
				 m->source);
		return;
	}
	put(m, asked, "share", all ? (double)asked->weight / (double)all : 0, "ratio");
	put(m, asked, "work", work ? MIN((double)asked->weight / (double)work, 1) : 0, "ratio");
	if (!asked->weight)
		return;
	put(m, asked, "count", (double)asked->count, "samples");
	put_text(m, asked, "pattern", asked->text.ptr);
	put_frames(m, pattern);
	if (stacks) {
		put_who(m, pattern);
		put_via(m, pattern);
	}
	if (m->selection->to_ns > m->selection->from_ns)
		put(m, asked, "early", (double)asked->early / (double)asked->weight, "ratio");
	if (!spread->weights)
		return;
	spread_sum(m, spread, pattern, &threads, &processes);
	put(m, asked, "threads", (double)threads, "threads");
	put(m, asked, "processes", (double)processes, "processes");
}

static void answers_make(struct matcher *m)
{
	struct spread spread = { .threads = m->profile->threads.count };
	bool stacks = has_callers(m->profile);

	if (spread.threads && spread.threads * m->asked.count <= MAX_THREAD_CELLS) {
		spread.weights = x_calloc(spread.threads * m->asked.count, sizeof(uint64_t));
		spread.counts = x_calloc(spread.threads * m->asked.count, sizeof(uint32_t));
	}
	spread_count(m, &spread);
	for (size_t i = 0; i < m->asked.count; i++) {
		struct entity trace = m->asked.items[i].trace;
		size_t first = m->asked.items[i].like;

		m->asked.items[first].trace = trace;
		answer(m, &spread, first, stacks);
	}
	free(spread.weights);
	free(spread.counts);
}

static void matcher_done(struct matcher *m)
{
	asked_vec_done(&m->asked);
	step_vec_done(&m->steps);
	step_vec_done(&m->function_steps);
	classed_vec_done(&m->classed);
	function_map_done(&m->map);
	free(m->class_of);
	free(m->state);
	free(m->self);
	free(m->skid);
	free(m->fitting);
	interner_done(&m->names);
	free(m->groups);
	free(m->cells);
	free(m);
}

size_t profile_meet_traces(const struct profile_selection *selection,
			   const struct trace_knowledge *knowledge, struct facts *facts)
{
	struct matcher *m = x_calloc(1, sizeof(*m));
	size_t met;

	*m = (struct matcher){ .selection = selection,
			       .profile = selection->profile,
			       .facts = facts,
			       .source = selection->profile->source ? selection->profile->source
								    : "profile" };
	met = questions_take(m);
	if (m->asked.count) {
		weights_make(m);
		functions_class(m, knowledge);
		states_make(m);
		stacks_match(m);
		answers_make(m);
	}
	matcher_done(m);
	return met;
}
