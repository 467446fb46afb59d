#include "render/flame_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vec.h"

#define NONE UINT32_MAX

/* A frame or a program that the tree mentions; several may turn out to have the same name. */
struct entry {
	struct flame_name name;
	uint64_t prefix; /* the first bytes of the label, so that most comparisons are one */
	uint32_t name_index;
	uint32_t position; /* before sorting */
};

VEC_DEFINE(entry_vec, struct entry)

/* What is known of a tree node while cells are made. */
struct link {
	uint32_t first_child, next_sibling; /* kept ones in order of their names; NONE ends */
	uint32_t entry, cell;
};

struct builder {
	const struct profile *profile;
	const struct tree *tree;
	struct flame_layout *layout;
	struct entry_vec entries;
	struct link *links; /* by tree node */
	uint64_t cut;	    /* smaller nodes are dropped */
};

static enum flame_kind frame_kind(const struct profile_frame *frame)
{
	if (frame->flags & PROFILE_FRAME_UNNAMED || !frame->name)
		return FLAME_UNNAMED;
	if (frame->flags & PROFILE_FRAME_KERNEL)
		return FLAME_KERNEL;
	if (frame->flags & PROFILE_FRAME_JIT)
		return FLAME_JIT;
	return frame->flags & PROFILE_FRAME_INLINED ? FLAME_INLINED : FLAME_USER;
}

/* Unnamed places of one library are one cell: an address would name only one of them. */
static struct str unnamed_label(struct arena *arena, struct str dso)
{
	auto_strbuf struct strbuf label = STRBUF_INIT;

	if (!dso.len)
		return STR("[unknown]");
	if (dso.ptr[0] == '[')
		return dso;
	strbuf_addf(&label, "[%.*s]", STR_ARG(dso));
	return (struct str){ arena_copy(arena, strbuf_str(&label)), label.len };
}

static struct flame_name frame_name(struct builder *builder, uint32_t id)
{
	const struct profile_frame *frame = &builder->profile->frames.items[id];
	const struct interner *texts = &builder->profile->texts;
	struct flame_name name = {
		.label = interned(texts, frame->name),
		.dso = interned(texts, frame->dso),
		.file = interned(texts, frame->file),
		.kind = frame_kind(frame),
	};

	if (!name.label.len)
		name.label = unnamed_label(&builder->layout->arena, name.dso);
	return name;
}

static uint32_t add_entry(struct builder *builder, struct flame_name name)
{
	struct entry entry = { .name = name, .position = (uint32_t)builder->entries.count };
	unsigned char bytes[8] = { 0 };

	memcpy(bytes, name.label.ptr, MIN(name.label.len, sizeof(bytes)));
	for (size_t i = 0; i < sizeof(bytes); i++)
		entry.prefix = entry.prefix << 8 | bytes[i];
	entry_vec_push(&builder->entries, entry);
	return entry.position;
}

/* A program, or a thread of one: those of the same name are told apart by their numbers. */
static struct flame_name root_name(struct builder *builder, const struct tree_node *node)
{
	struct str label = interned(&builder->profile->texts, node->label);
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (node->is_cut)
		return (struct flame_name){ .label = STR("[callers cut off]"), .kind = FLAME_CUT };
	if (!label.len)
		label = STR("[unknown]");
	if (node->thread != NONE) {
		const struct profile_thread *thread =
			&builder->profile->threads.items[node->thread];

		strbuf_addf(&text, "%.*s", STR_ARG(label));
		if (thread->tid >= 0)
			strbuf_addf(&text, " %d", thread->tid);
		label = (struct str){ arena_copy(&builder->layout->arena, strbuf_str(&text)),
				      text.len };
	}
	return (struct flame_name){ .label = label, .kind = FLAME_PROGRAM };
}

/* The entry of a node; frames and programs are looked at once, the others are few. */
static uint32_t entry_of(struct builder *builder, const struct tree_node *node, uint32_t *of_frame,
			 uint32_t *of_text)
{
	uint32_t *known;

	if (node->frame == NONE && (node->thread != NONE || node->is_cut))
		return add_entry(builder, root_name(builder, node));
	known = node->frame == NONE ? &of_text[node->label] : &of_frame[node->frame];
	if (*known == NONE)
		*known = add_entry(builder, node->frame == NONE ? root_name(builder, node)
								: frame_name(builder, node->frame));
	return *known;
}

static void make_entries(struct builder *builder)
{
	const struct profile *profile = builder->profile;
	const struct tree *tree = builder->tree;
	auto_free uint32_t *of_frame =
		x_reallocarray(NULL, profile->frames.count, sizeof(uint32_t));
	auto_free uint32_t *of_text = x_reallocarray(NULL, profile->texts.count, sizeof(uint32_t));

	memset(of_frame, 0xff, profile->frames.count * sizeof(uint32_t));
	memset(of_text, 0xff, profile->texts.count * sizeof(uint32_t));
	builder->links[0].entry =
		add_entry(builder, (struct flame_name){ .label = STR("all"), .kind = FLAME_ALL });
	for (size_t i = 1; i < tree->count; i++) {
		if (tree->nodes[i].total >= builder->cut)
			builder->links[i].entry =
				entry_of(builder, &tree->nodes[i], of_frame, of_text);
	}
}

static int compare_names(const struct flame_name *a, const struct flame_name *b)
{
	int order = str_cmp(a->label, b->label);

	if (order == 0)
		order = str_cmp(a->dso, b->dso);
	if (order == 0)
		order = str_cmp(a->file, b->file);
	return order ? order : (int)a->kind - (int)b->kind;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return compare_names(&a->name, &b->name);
}

/* Sorts the entries into the table of names; links[].entry become indices of that table. */
static void make_names(struct builder *builder)
{
	struct entry_vec *entries = &builder->entries;
	struct flame_layout *layout = builder->layout;
	auto_free uint32_t *names = x_reallocarray(NULL, entries->count, sizeof(uint32_t));

	qsort(entries->items, entries->count, sizeof(struct entry), compare_entries);
	layout->names = x_reallocarray(NULL, entries->count, sizeof(struct flame_name));
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];

		if (i == 0 || compare_entries(entry - 1, entry) != 0)
			layout->names[layout->name_count++] = entry->name;
		names[entry->position] = (uint32_t)layout->name_count - 1;
	}
	for (size_t i = 0; i < builder->tree->count; i++) {
		if (builder->tree->nodes[i].total >= builder->cut)
			builder->links[i].entry = names[builder->links[i].entry];
	}
}

/* Links the kept nodes to their parents; a counting sort by name puts children in order. */
static void link_children(struct builder *builder)
{
	const struct tree *tree = builder->tree;
	struct link *links = builder->links;
	size_t name_count = builder->layout->name_count;
	auto_free uint32_t *ends = x_calloc(name_count + 1, sizeof(uint32_t));
	auto_free uint32_t *order = x_reallocarray(NULL, tree->count, sizeof(uint32_t));
	uint32_t kept = 0;

	for (size_t i = 0; i < tree->count; i++) {
		if (tree->nodes[i].total >= builder->cut)
			ends[links[i].entry]++;
	}
	for (size_t i = 0; i < name_count; i++) {
		kept += ends[i];
		ends[i] = kept;
	}
	for (size_t i = tree->count; i-- > 0;) {
		if (tree->nodes[i].total >= builder->cut)
			order[--ends[links[i].entry]] = (uint32_t)i;
		links[i].first_child = links[i].next_sibling = NONE;
	}
	for (uint32_t i = kept; i-- > 0;) {
		uint32_t node = order[i];
		uint32_t parent = tree->nodes[node].parent;

		if (node == 0)
			continue;
		links[node].next_sibling = links[parent].first_child;
		links[parent].first_child = node;
	}
	builder->layout->cells = x_calloc(kept, sizeof(struct flame_cell));
}

static void add_cell(struct builder *builder, uint32_t node)
{
	struct flame_layout *layout = builder->layout;
	const struct tree_node *from = &builder->tree->nodes[node];
	struct flame_cell *cell = &layout->cells[layout->cell_count];
	struct flame_cell *parent = &layout->cells[builder->links[from->parent].cell];
	bool is_frame = from->frame != NONE;

	builder->links[node].cell = (uint32_t)layout->cell_count++;
	*cell = (struct flame_cell){
		.parent = builder->links[from->parent].cell,
		.name = builder->links[node].entry,
		.line = is_frame ? builder->profile->frames.items[from->frame].line : 0,
		.total = from->total,
		.self = from->self,
		.samples = from->samples,
		.self_samples = from->samples,
		.dropped = from->total - from->self,
		.dropped_samples = 0,
	};
	if (node == 0)
		return;
	/* The room that a parent has not given away yet begins where its next child goes. */
	cell->depth = parent->depth + 1;
	cell->start = parent->start + (parent->total - parent->self - parent->dropped);
	parent->dropped -= MIN(parent->dropped, cell->total);
	layout->depth = MAX(layout->depth, cell->depth);
}

/* Visits the kept nodes in preorder, without recursion: stacks may be thousands of frames deep. */
static void make_cells(struct builder *builder)
{
	const struct link *links = builder->links;
	uint32_t node = 0;

	for (;;) {
		add_cell(builder, node);
		if (links[node].first_child != NONE) {
			node = links[node].first_child;
			continue;
		}
		while (node != 0 && links[node].next_sibling == NONE)
			node = builder->tree->nodes[node].parent;
		if (node == 0)
			return;
		node = links[node].next_sibling;
	}
}

/* Samples of a node are its own, its kept children's and those of the children that were dropped.
 */
static void share_out_samples(struct builder *builder)
{
	const struct tree *tree = builder->tree;
	struct flame_layout *layout = builder->layout;

	for (size_t i = 1; i < tree->count; i++) {
		const struct tree_node *node = &tree->nodes[i];
		struct flame_cell *parent;

		if (tree->nodes[node->parent].total < builder->cut)
			continue;
		parent = &layout->cells[builder->links[node->parent].cell];
		parent->self_samples -= MIN(parent->self_samples, node->samples);
		if (node->total < builder->cut)
			parent->dropped_samples += node->samples;
	}
}

static int compare_descending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? 1 : a > b ? -1 : 0;
}

/* The smallest weight that leaves at most `largest_count` nodes. */
static uint64_t cut_for_count(const struct tree *tree, size_t largest_count)
{
	auto_free uint64_t *totals = NULL;

	if (largest_count == 0 || tree->count <= largest_count)
		return 1;
	totals = x_reallocarray(NULL, tree->count, sizeof(uint64_t));
	for (size_t i = 0; i < tree->count; i++)
		totals[i] = tree->nodes[i].total;
	qsort(totals, tree->count, sizeof(uint64_t), compare_descending);
	return totals[largest_count] == UINT64_MAX ? UINT64_MAX : totals[largest_count] + 1;
}

static uint64_t smallest_kept(const struct tree *tree, const struct flame_layout_options *options)
{
	uint64_t whole = tree->nodes[0].total;
	uint64_t cut = cut_for_count(tree, options->largest_count);
	double least = options->min_ratio * (double)whole;

	/* Below 1 there is nothing to see; the root always stays. */
	if (least > (double)cut)
		cut = least >= (double)whole ? whole : (uint64_t)least;
	return MIN(MAX(cut, (uint64_t)1), whole);
}

struct flame_layout flame_layout(const struct profile *profile, const struct tree *tree,
				 const struct flame_layout_options *options)
{
	struct flame_layout layout = { 0 };
	struct builder builder = {
		.profile = profile,
		.tree = tree,
		.layout = &layout,
		.links = x_calloc(tree->count, sizeof(struct link)),
		.cut = smallest_kept(tree, options),
	};

	make_entries(&builder);
	make_names(&builder);
	link_children(&builder);
	make_cells(&builder);
	share_out_samples(&builder);
	for (size_t i = 1; i < tree->count; i++) {
		if (tree->nodes[i].total && tree->nodes[i].total < builder.cut)
			layout.dropped_cells++;
	}
	if (layout.dropped_cells)
		layout.dropped_below = builder.cut;
	entry_vec_done(&builder.entries);
	free(builder.links);
	return layout;
}

void flame_layout_done(struct flame_layout *layout)
{
	free(layout->names);
	free(layout->cells);
	arena_done(&layout->arena);
	*layout = (struct flame_layout){ 0 };
}
