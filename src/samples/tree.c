#include "samples/tree.h"

#include <stdlib.h>

#include "base/memory.h"
#include "samples/functions.h"

VEC_DEFINE(path_vec, uint32_t)

struct builder {
	const struct profile *profile;
	const struct tree_options *options;
	struct function_map functions;
	struct tree tree;
	uint32_t *depth; /* of each tree node, below its root */
	uint32_t *slots; /* hash of (parent, function): tree node + 1 */
	uint32_t slot_mask;
	uint32_t *memo;	     /* per profile node: its tree node ... */
	uint32_t *memo_root; /* ... under this root; 0 = none */
	struct path_vec path;
};

static uint32_t new_node(struct builder *builder, struct tree_node node, uint32_t depth)
{
	struct tree *tree = &builder->tree;

	if (tree->count == tree->allocated) {
		tree->allocated = MAX(tree->allocated * 2, (size_t)64);
		tree->nodes = x_reallocarray(tree->nodes, tree->allocated, sizeof(*tree->nodes));
		builder->depth =
			x_reallocarray(builder->depth, tree->allocated, sizeof(*builder->depth));
	}
	tree->nodes[tree->count] = node;
	builder->depth[tree->count] = depth;
	return (uint32_t)tree->count++;
}

static uint32_t hash_of(uint32_t parent, uint32_t function)
{
	uint64_t hash = ((uint64_t)parent << 32 | function) * 0x9e3779b97f4a7c15U;

	hash = (hash ^ hash >> 29) * 0xd6e8feb86659fd93U;
	return (uint32_t)(hash >> 32);
}

static void grow_slots(struct builder *builder)
{
	uint32_t mask = builder->slots ? builder->slot_mask * 2 + 1 : 1023;

	free(builder->slots);
	builder->slots = x_calloc((size_t)mask + 1, sizeof(*builder->slots));
	builder->slot_mask = mask;
	for (uint32_t i = 0; i < builder->tree.count; i++) {
		const struct tree_node *node = &builder->tree.nodes[i];
		uint32_t at;

		if (node->frame == UINT32_MAX)
			continue;
		at = hash_of(node->parent, builder->functions.of_frame[node->frame]) & mask;
		while (builder->slots[at])
			at = (at + 1) & mask;
		builder->slots[at] = i + 1;
	}
}

static uint32_t child_of(struct builder *builder, uint32_t parent, uint32_t node_id)
{
	uint32_t frame = builder->profile->nodes.items[node_id].frame;
	uint32_t function = builder->functions.of_frame[frame];
	uint32_t at;

	if (!builder->slots || builder->tree.count * 2 > builder->slot_mask)
		grow_slots(builder);
	at = hash_of(parent, function) & builder->slot_mask;
	for (; builder->slots[at]; at = (at + 1) & builder->slot_mask) {
		const struct tree_node *node = &builder->tree.nodes[builder->slots[at] - 1];

		if (node->parent == parent && builder->functions.of_frame[node->frame] == function)
			return builder->slots[at] - 1;
	}
	builder->slots[at] = (uint32_t)builder->tree.count + 1;
	return new_node(
		builder,
		(struct tree_node){
			.parent = parent, .frame = frame, .node = node_id, .thread = UINT32_MAX },
		builder->depth[parent] + 1);
}

/* The tree node of a profile node under `root`: climbs to what is known, then comes down. */
static uint32_t place(struct builder *builder, uint32_t root, uint32_t node_id)
{
	const struct tree_options *options = builder->options;
	uint32_t at = root;

	builder->path.count = 0;
	while (node_id) {
		if (builder->memo_root[node_id] == root + 1) {
			at = builder->memo[node_id];
			break;
		}
		path_vec_push(&builder->path, node_id);
		node_id = builder->profile->nodes.items[node_id].parent;
	}
	while (builder->path.count) {
		uint32_t down = builder->path.items[--builder->path.count];
		uint32_t frame = builder->profile->nodes.items[down].frame;
		bool dropped = options->no_inlines &&
			       builder->profile->frames.items[frame].flags & PROFILE_FRAME_INLINED;

		if (!dropped && !(options->max_depth && builder->depth[at] >= options->max_depth))
			at = child_of(builder, at, down);
		builder->memo[down] = at;
		builder->memo_root[down] = root + 1;
	}
	return at;
}

static bool is_cut(const struct builder *builder, const struct profile_sample *sample)
{
	return builder->options->part_cut &&
	       (sample->end == PROFILE_END_CUT || sample->end == PROFILE_END_TOO_DEEP);
}

/* Twice what the root is made for, and one more for its cut stacks: those come behind the others.
 */
static uint32_t root_key(const struct builder *builder, const struct profile_sample *sample)
{
	uint32_t key = 0;

	switch (builder->options->root) {
	case TREE_ROOT_PROGRAM:
		key = sample->comm;
		break;
	case TREE_ROOT_THREAD:
		key = sample->thread;
		break;
	case TREE_ROOT_NONE:
		break;
	}
	return key * 2 + is_cut(builder, sample);
}

/* Sample indices grouped by root, so that one memo serves one root after the other. */
static uint32_t *group_by_root(const struct builder *builder,
			       const struct profile_selection *selection, uint32_t keys)
{
	auto_free size_t *starts = x_calloc((size_t)keys + 1, sizeof(*starts));
	uint32_t *grouped = x_calloc(selection->count, sizeof(*grouped));
	const struct profile_sample *samples = selection->profile->samples.items;

	for (size_t i = 0; i < selection->count; i++)
		starts[root_key(builder, &samples[selection->samples[i]]) + 1]++;
	for (uint32_t key = 0; key < keys; key++)
		starts[key + 1] += starts[key];
	for (size_t i = 0; i < selection->count; i++) {
		uint32_t index = selection->samples[i];

		grouped[starts[root_key(builder, &samples[index])]++] = index;
	}
	return grouped;
}

static uint32_t add_root(struct builder *builder, uint32_t key)
{
	struct tree_node node = { .frame = UINT32_MAX, .thread = UINT32_MAX };

	if (builder->options->root == TREE_ROOT_NONE)
		return 0;
	node.label = key;
	if (builder->options->root == TREE_ROOT_THREAD) {
		node.label = builder->profile->threads.items[key].comm;
		node.thread = key;
	}
	return new_node(builder, node, 0);
}

static uint32_t add_cut_node(struct builder *builder, uint32_t root)
{
	return new_node(
		builder,
		(struct tree_node){
			.parent = root, .frame = UINT32_MAX, .thread = UINT32_MAX, .is_cut = true },
		0);
}

static void add_samples(struct builder *builder, const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	uint32_t keys = (MAX(profile->texts.count, (uint32_t)profile->threads.count) + 1) * 2;
	auto_free uint32_t *grouped = group_by_root(builder, selection, keys);
	uint32_t last_key = UINT32_MAX, root = 0, base = 0;

	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample = &profile->samples.items[grouped[i]];
		uint32_t key = root_key(builder, sample);
		struct tree_node *node;
		uint32_t at;

		if (last_key == UINT32_MAX || key / 2 != last_key / 2)
			root = add_root(builder, key / 2);
		if (key != last_key)
			base = key % 2 ? add_cut_node(builder, root) : root;
		last_key = key;
		at = place(builder, base, sample->node); /* may move the nodes */
		node = &builder->tree.nodes[at];
		node->self += sample->weight;
		node->samples += sample->count;
	}
}

struct tree tree_build(const struct profile_selection *selection,
		       const struct tree_options *options)
{
	const struct profile *profile = selection->profile;
	struct builder builder = {
		.profile = profile,
		.options = options,
		.functions = function_map_make(profile, true),
		.memo = x_calloc(profile->nodes.count, sizeof(uint32_t)),
		.memo_root = x_calloc(profile->nodes.count, sizeof(uint32_t)),
	};
	struct tree *tree = &builder.tree;

	new_node(&builder, (struct tree_node){ .frame = UINT32_MAX, .thread = UINT32_MAX }, 0);
	add_samples(&builder, selection);
	for (size_t i = tree->count; i > 0; i--)
		tree->nodes[i - 1].total += tree->nodes[i - 1].self;
	for (size_t i = tree->count; i > 1; i--) {
		tree->nodes[tree->nodes[i - 1].parent].total += tree->nodes[i - 1].total;
		tree->nodes[tree->nodes[i - 1].parent].samples += tree->nodes[i - 1].samples;
	}
	function_map_done(&builder.functions);
	path_vec_done(&builder.path);
	free(builder.depth);
	free(builder.slots);
	free(builder.memo);
	free(builder.memo_root);
	return builder.tree;
}

void tree_done(struct tree *tree)
{
	free(tree->nodes);
	*tree = (struct tree){ 0 };
}
