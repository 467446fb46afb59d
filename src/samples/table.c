#include "samples/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "samples/functions.h"
#include "samples/threads.h"
#include "samples/tree.h"

/* Weights of the selection by leaf, so that each distinct stack is walked once. */
struct leaves {
	uint64_t *weight, *samples, *skid; /* per node */
};

static struct leaves leaves_make(const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	size_t nodes = profile->nodes.count;
	struct leaves leaves = {
		.weight = x_calloc(nodes, sizeof(uint64_t)),
		.samples = x_calloc(nodes, sizeof(uint64_t)),
		.skid = x_calloc(nodes, sizeof(uint64_t)),
	};

	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];

		leaves.weight[sample->node] += sample->weight;
		leaves.samples[sample->node] += sample->count;
		if (sample->skid)
			leaves.skid[sample->node] += sample->weight;
	}
	return leaves;
}

static void leaves_done(struct leaves *leaves)
{
	free(leaves->weight);
	free(leaves->samples);
	free(leaves->skid);
}

/* Groups frames by a key and adds up what stacks say about each group. */
struct grouping {
	const struct profile *profile;
	const uint32_t *group_of_frame;
	uint32_t groups;
	bool inlined_too;
	struct table_row *rows;	 /* per group */
	uint32_t *last_leaf;	 /* per group: leaf that counted it last, for recursion */
	uint64_t *frame_weights; /* per frame: which place of a group is the heaviest */
};

static void count_stack(struct grouping *grouping, const struct leaves *leaves, uint32_t leaf)
{
	const struct profile *profile = grouping->profile;
	uint64_t weight = leaves->weight[leaf], samples = leaves->samples[leaf];
	bool is_self = true;

	for (uint32_t at = leaf; at; at = profile->nodes.items[at].parent) {
		uint32_t frame = profile->nodes.items[at].frame;
		uint32_t group = grouping->group_of_frame[frame];
		bool inlined = profile->frames.items[frame].flags & PROFILE_FRAME_INLINED;
		struct table_row *row = &grouping->rows[group];

		if (inlined && !grouping->inlined_too)
			continue;
		row->inlined |= inlined;
		if (is_self) {
			row->self += weight;
			row->samples += samples;
			row->skid += leaves->skid[leaf];
		}
		if (grouping->last_leaf[group] != leaf) {
			row->children += weight;
			row->children_samples += samples;
			grouping->last_leaf[group] = leaf;
		}
		/* Where it was itself on the CPU matters most; calls only break ties. */
		grouping->frame_weights[frame] += is_self ? weight : weight >> 20;
		is_self = false;
	}
}

static void find_heaviest_places(struct grouping *grouping)
{
	const struct profile *profile = grouping->profile;

	for (uint32_t group = 0; group < grouping->groups; group++)
		grouping->rows[group].frame = UINT32_MAX;
	for (uint32_t i = 0; i < profile->frames.count; i++) {
		struct table_row *row = &grouping->rows[grouping->group_of_frame[i]];

		if (!grouping->inlined_too &&
		    (profile->frames.items[i].flags & PROFILE_FRAME_INLINED))
			continue;
		if (row->frame == UINT32_MAX ||
		    grouping->frame_weights[i] > grouping->frame_weights[row->frame])
			row->frame = i;
	}
}

/* How ties between rows of equal weight are broken: by what the row is called. */
static int compare_names(const struct profile *profile, const struct table_row *a,
			 const struct table_row *b)
{
	const struct profile_frame *frame_a, *frame_b;
	int order = strcmp(profile_text(profile, a->text), profile_text(profile, b->text));

	if (order || a->frame == UINT32_MAX || b->frame == UINT32_MAX)
		return order;
	frame_a = &profile->frames.items[a->frame];
	frame_b = &profile->frames.items[b->frame];
	order = strcmp(profile_text(profile, frame_a->name), profile_text(profile, frame_b->name));
	if (!order)
		order = strcmp(profile_text(profile, frame_a->dso_path),
			       profile_text(profile, frame_b->dso_path));
	return order;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct table_row *a = left, *b = right;
	int order;

	if (a->self != b->self)
		return a->self < b->self ? 1 : -1;
	if (a->children != b->children)
		return a->children < b->children ? 1 : -1;
	order = compare_names(context, a, b);
	if (order)
		return order;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

/* Drops what no sample touched and sorts the rest; takes `rows`. */
static struct table finish(const struct profile_selection *selection, struct table_row *rows,
			   size_t count)
{
	struct table table = { .rows = rows,
			       .weight = selection->weight,
			       .samples = selection->sample_count };

	for (size_t i = 0; i < count; i++)
		if (rows[i].children || rows[i].children_samples)
			rows[table.count++] = rows[i];
	qsort_r(rows, table.count, sizeof(*rows), compare_rows,
		(void *)(uintptr_t)selection->profile);
	return table;
}

static struct table table_by_group(const struct profile_selection *selection,
				   const uint32_t *group_of_frame, uint32_t groups,
				   bool inlined_too, const double *claimed)
{
	const struct profile *profile = selection->profile;
	struct leaves leaves = leaves_make(selection);
	auto_free uint32_t *last_leaf = x_calloc(groups, sizeof(*last_leaf));
	auto_free uint64_t *frame_weights = x_calloc(profile->frames.count, sizeof(*frame_weights));
	struct grouping grouping = {
		.profile = profile,
		.group_of_frame = group_of_frame,
		.groups = groups,
		.inlined_too = inlined_too,
		.rows = x_calloc(groups, sizeof(struct table_row)),
		.last_leaf = last_leaf,
		.frame_weights = frame_weights,
	};

	for (uint32_t leaf = 1; leaf < profile->nodes.count; leaf++)
		if (leaves.weight[leaf] || leaves.samples[leaf])
			count_stack(&grouping, &leaves, leaf);
	leaves_done(&leaves);
	find_heaviest_places(&grouping);
	for (uint32_t i = 0; claimed && i < groups; i++) {
		uint64_t children;

		if (grouping.rows[i].frame == UINT32_MAX) /* inlined places only */
			continue;
		/* Rounding up to 2^64 would leave uint64_t. */
		children = claimed[i] >= 1 ? selection->weight
					   : (uint64_t)(claimed[i] * (double)selection->weight);
		grouping.rows[i].children = MAX(grouping.rows[i].children, children);
	}
	return finish(selection, grouping.rows, groups);
}

/* A pasted table says itself what functions cost with what they call: per group, or NULL. */
static double *claimed_children(const struct profile_selection *selection,
				const uint32_t *group_of_frame, uint32_t groups)
{
	const struct profile *profile = selection->profile;
	double *claimed;

	/* Claims are of the whole table: of filtered rows only their own time is known. */
	if (!profile->claims.count || selection->is_filtered)
		return NULL;
	claimed = x_calloc(groups, sizeof(*claimed));
	for (size_t i = 0; i < profile->claims.count; i++) {
		const struct profile_claim *claim = &profile->claims.items[i];

		claimed[group_of_frame[claim->frame]] += MAX(claim->children, 0);
	}
	return claimed;
}

struct table table_functions(const struct profile_selection *selection, bool inlined_too)
{
	auto_function_map struct function_map map = function_map_make(selection->profile, false);

	auto_free double *claimed = claimed_children(selection, map.of_frame, map.count);

	return table_by_group(selection, map.of_frame, map.count, inlined_too, claimed);
}

struct table table_libraries(const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	auto_free uint32_t *dso_of = x_calloc(profile->frames.count, sizeof(*dso_of));
	struct table table;

	for (uint32_t i = 0; i < profile->frames.count; i++)
		dso_of[i] = profile->frames.items[i].dso;
	table = table_by_group(selection, dso_of, profile->texts.count, true, NULL);
	for (size_t i = 0; i < table.count; i++)
		table.rows[i].text = profile->frames.items[table.rows[i].frame].dso;
	return table;
}

/* Tables by what a sample carries itself: self and children are the same. */
static struct table table_by_sample(const struct profile_selection *selection, bool by_thread)
{
	const struct profile *profile = selection->profile;
	size_t count = by_thread ? profile->threads.count : profile->texts.count;
	struct table_row *rows = x_calloc(count, sizeof(*rows));

	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];
		struct table_row *row = &rows[by_thread ? sample->thread : sample->comm];

		row->self += sample->weight;
		row->samples += sample->count;
		row->skid += sample->skid ? sample->weight : 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		rows[i].frame = UINT32_MAX;
		rows[i].children = rows[i].self;
		rows[i].children_samples = rows[i].samples;
		rows[i].thread = by_thread ? i : 0;
		rows[i].text = by_thread ? profile->threads.items[i].comm : i;
	}
	return finish(selection, rows, count);
}

struct table table_programs(const struct profile_selection *selection)
{
	return table_by_sample(selection, false);
}

struct table table_threads(const struct profile_selection *selection)
{
	return table_by_sample(selection, true);
}

struct stack_order {
	const uint8_t *ranks; /* by node of the profile */
};

static int by_rank(const void *left, const void *right, void *context)
{
	const struct stack_order *order = context;
	const struct table_row *a = left, *b = right;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	if (order->ranks[a->node] != order->ranks[b->node])
		return (int)order->ranks[a->node] - (int)order->ranks[b->node];
	/* as they were: by name */
	return a->children < b->children ? -1 : a->children > b->children;
}

/* Of a dump of threads, what ran comes before what waited where as many threads did so. */
static void rank_by_state(const struct profile_selection *selection, struct table *table)
{
	const struct profile *profile = selection->profile;
	auto_free uint8_t *ranks = NULL;

	if (selection->event >= profile->events.count ||
	    strcmp(profile->events.items[selection->event].unit, "stacks") != 0)
		return;
	ranks = x_calloc(profile->nodes.count, sizeof(*ranks));
	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];

		ranks[sample->node] = (uint8_t)thread_state_rank((enum profile_state)sample->state);
	}
	for (size_t i = 0; i < table->count; i++)
		table->rows[i].children = i;
	qsort_r(table->rows, table->count, sizeof(*table->rows), by_rank,
		&(struct stack_order){ ranks });
	for (size_t i = 0; i < table->count; i++)
		table->rows[i].children = table->rows[i].self;
}

struct table table_stacks(const struct profile_selection *selection, bool inlined_too, size_t limit)
{
	const struct tree_options options = { .root = TREE_ROOT_NONE, .no_inlines = !inlined_too };
	auto_tree struct tree tree = tree_build(selection, &options);
	auto_free uint64_t *samples = x_calloc(tree.count, sizeof(*samples));
	struct table_row *rows = x_calloc(tree.count, sizeof(*rows));
	struct table table;

	for (size_t i = tree.count; i > 1; i--) {
		samples[i - 1] += tree.nodes[i - 1].samples;
		samples[tree.nodes[i - 1].parent] -= tree.nodes[i - 1].samples;
	}
	for (size_t i = 1; i < tree.count; i++) {
		const struct tree_node *node = &tree.nodes[i];

		rows[i] = (struct table_row){
			.frame = node->frame,
			.node = node->node,
			.self = node->self,
			.children = node->self,
			.samples = samples[i],
			.children_samples = samples[i],
		};
	}
	table = finish(selection, rows, tree.count);
	rank_by_state(selection, &table);
	table.count = MIN(table.count, limit);
	return table;
}

void table_done(struct table *table)
{
	free(table->rows);
	*table = (struct table){ 0 };
}

/* Wall time that one sample stands for, in ns; 0 = not known. */
static double sample_time(const struct profile_event *event, const struct profile_sample *sample)
{
	if (event->is_clock)
		return (double)sample->weight / (double)event->scale;
	return event->sampling_hz ? 1e9 / (double)event->sampling_hz * (double)sample->count : 0;
}

bool table_timeline(const struct profile_selection *selection, uint32_t thread, double *ratios,
		    size_t count, double *ret_busy)
{
	const struct profile *profile = selection->profile;
	const struct profile_event *event = &profile->events.items[selection->event];
	double window = (double)(selection->to_ns - selection->from_ns), total = 0;
	double slot = window / (double)MAX(count, (size_t)1);

	if (!(window > 0) || (!event->is_clock && !event->sampling_hz))
		return false;
	memset(ratios, 0, count * sizeof(*ratios));
	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];
		double end, start;

		if (sample->thread != thread || sample->time_ns < selection->from_ns)
			continue;
		/* A sample stands for the time before it. */
		end = MIN((double)(sample->time_ns - selection->from_ns), window);
		start = MAX(end - sample_time(event, sample), 0.0);
		total += end - start;
		for (size_t at = (size_t)(start / slot); at < count && (double)at * slot < end;
		     at++)
			ratios[at] +=
				MIN(end, (double)(at + 1) * slot) - MAX(start, (double)at * slot);
	}
	for (size_t i = 0; i < count; i++)
		ratios[i] = MIN(ratios[i] / slot, 1.0);
	*ret_busy = MIN(total / window, 1.0);
	return true;
}
