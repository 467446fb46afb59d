#include "small_tree.h"

#include <stdlib.h>

#include "base/memory.h"

static uint32_t child(struct tree *tree, uint32_t parent, uint32_t frame, uint32_t label)
{
	for (uint32_t i = 1; i < tree->count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		if (node->parent == parent && node->frame == frame && node->label == label)
			return i;
	}
	tree->nodes = x_reallocarray(tree->nodes, tree->count + 1, sizeof(struct tree_node));
	tree->nodes[tree->count] = (struct tree_node){
		.parent = parent,
		.frame = frame,
		.label = label,
		.thread = UINT32_MAX,
	};
	return (uint32_t)tree->count++;
}

static uint32_t frame_of(struct profile *profile, struct str function)
{
	struct str dso, name;

	if (!str_cut(function, '!', &dso, &name)) {
		dso = STR("");
		name = function;
	}
	return profile_frame(profile, &(struct profile_frame){
					      .name = intern(&profile->texts, name),
					      .dso = intern(&profile->texts, dso),
				      });
}

static void add_weight(struct tree *tree, uint32_t leaf, const struct small_stack *stack)
{
	tree->nodes[leaf].self += stack->weight;
	for (uint32_t node = leaf;; node = tree->nodes[node].parent) {
		tree->nodes[node].total += stack->weight;
		tree->nodes[node].samples += stack->samples;
		if (node == 0)
			return;
	}
}

struct small_tree small_tree_make(const struct small_stack *stacks, size_t count)
{
	struct small_tree small = { .profile = profile_new() };
	struct profile *profile = small.profile;
	uint32_t program = intern_text(&profile->texts, "prog");
	uint32_t event = profile_event(profile, "cycles");

	small.tree.nodes = x_calloc(1, sizeof(struct tree_node));
	small.tree.nodes[0].frame = small.tree.nodes[0].thread = UINT32_MAX;
	small.tree.count = 1;
	small.selection = (struct profile_selection){ .profile = profile, .event = event };
	small.selection.samples = x_calloc(count, sizeof(uint32_t));
	for (size_t i = 0; i < count; i++) {
		struct str rest = str_from(stacks[i].functions), function;
		uint32_t node = child(&small.tree, 0, UINT32_MAX, program);

		while (rest.len) {
			str_cut(rest, ';', &function, &rest);
			node = child(&small.tree, node, frame_of(profile, function), 0);
		}
		add_weight(&small.tree, node, &stacks[i]);
		profile_add_sample(profile, &(struct profile_sample){
						    .weight = stacks[i].weight,
						    .count = (uint32_t)stacks[i].samples,
						    .event = (uint16_t)event,
						    .end = PROFILE_END_COMPLETE,
					    });
		small.selection.samples[i] = (uint32_t)i;
		small.selection.count++;
		small.selection.weight += stacks[i].weight;
		small.selection.sample_count += stacks[i].samples;
	}
	return small;
}

void small_tree_done(struct small_tree *small)
{
	free(small->tree.nodes);
	free(small->selection.samples);
	profile_free(small->profile);
}
