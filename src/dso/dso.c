#include "dso/dso.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "dso/search.h"

enum { FIRST_SLOTS = 256 };

void dso_table_init(struct dso_table *table, const struct dso_options *options)
{
	*table = (struct dso_table){ 0 };
	if (options)
		table->options = *options;
}

static void dso_free(struct dso *dso)
{
	image_free(dso->image);
	image_free(dso->debug);
	image_free(dso->alt);
	image_free(dso->mini);
	free(dso->mini_data);
	dso_known_name_vec_done(&dso->known);
	free(dso->path);
	free(dso->open_path);
	free(dso->debug_path);
	free(dso);
}

void dso_table_done(struct dso_table *table)
{
	for (size_t i = 0; i < table->dsos.count; i++)
		dso_free(table->dsos.items[i]);
	dso_vec_done(&table->dsos);
	free(table->slots);
	arena_done(&table->arena);
	*table = (struct dso_table){ 0 };
}

struct identity {
	enum dso_kind kind;
	int32_t pid;
	struct str path;
	struct build_id build_id;
};

static uint32_t identity_hash(const struct identity *identity)
{
	uint64_t hash = str_hash(identity->path);

	hash ^= str_hash((struct str){ (const char *)identity->build_id.bytes,
				       identity->build_id.size_bytes });
	hash = (hash ^ (uint32_t)identity->pid) * 0x9e3779b97f4a7c15U;
	return (uint32_t)(hash >> 32) ^ (uint32_t)identity->kind;
}

static bool same_build_id(const struct build_id *a, const struct build_id *b)
{
	return (!a->size_bytes && !b->size_bytes) || build_id_eq(a, b);
}

static struct identity identity_of(const struct dso *dso)
{
	return (struct identity){ dso->kind, dso->pid, str_from(dso->path), dso->build_id };
}

static void grow_slots(struct dso_table *table)
{
	uint32_t slot_count = table->slots ? (table->slot_mask + 1) * 2 : FIRST_SLOTS;

	free(table->slots);
	table->slots = x_calloc(slot_count, sizeof(*table->slots));
	table->slot_mask = slot_count - 1;
	for (uint32_t i = 0; i < table->dsos.count; i++) {
		struct identity identity = identity_of(table->dsos.items[i]);
		uint32_t slot = identity_hash(&identity) & table->slot_mask;

		while (table->slots[slot])
			slot = (slot + 1) & table->slot_mask;
		table->slots[slot] = i + 1;
	}
}

/* What perf and we call it in tables. */
static const char *display_name(enum dso_kind kind, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (kind == DSO_KERNEL)
		return "[kernel.kallsyms]";
	if (kind == DSO_UNMAPPED)
		return "[unknown]";
	/* "[vdso]", "[nf_tables]": the brackets hold no directories. */
	return path[0] == '[' || !slash || !slash[1] ? path : slash + 1;
}

static struct dso *dso_new(const struct identity *identity, bool deleted)
{
	struct dso *dso = x_calloc(1, sizeof(*dso));

	dso->kind = identity->kind;
	dso->pid = identity->pid;
	dso->path = x_strndup(identity->path.ptr, identity->path.len);
	dso->build_id = identity->build_id;
	dso->name = display_name(dso->kind, dso->path);
	dso->deleted = deleted;
	return dso;
}

struct dso *dso_table_get(struct dso_table *table, enum dso_kind kind, const char *path,
			  int32_t pid, const struct build_id *build_id)
{
	struct identity identity = {
		kind, kind == DSO_JIT ? pid : -1, str_from(path), { { 0 }, 0 }
	};
	bool deleted = str_ends_with(identity.path, STR(" (deleted)"));
	struct dso *dso;
	uint32_t slot;

	if (build_id)
		identity.build_id = *build_id;
	if (deleted)
		identity.path.len -= strlen(" (deleted)");
	if (!table->slots || table->dsos.count * 4 >= (table->slot_mask + 1) * 3U)
		grow_slots(table);
	for (slot = identity_hash(&identity) & table->slot_mask; table->slots[slot];
	     slot = (slot + 1) & table->slot_mask) {
		dso = table->dsos.items[table->slots[slot] - 1];
		if (dso->kind == kind && dso->pid == identity.pid && dso->deleted == deleted &&
		    str_is(identity.path, dso->path) &&
		    same_build_id(&dso->build_id, &identity.build_id))
			return dso;
	}
	dso = dso_new(&identity, deleted);
	dso->id = (uint32_t)table->dsos.count;
	dso_vec_push(&table->dsos, dso);
	table->slots[slot] = dso->id + 1;
	return dso;
}

struct image *dso_image(struct dso_table *table, struct dso *dso)
{
	if (dso->state == DSO_NOT_TRIED)
		dso->state = dso_search_image(table, dso);
	return dso->image;
}

struct image *dso_separate_image(struct dso_table *table, struct dso *dso)
{
	if (dso->debug_state == DSO_NOT_TRIED)
		dso->debug_state = dso_search_debug(table, dso);
	return dso->debug;
}

struct image *dso_debug_image(struct dso_table *table, struct dso *dso)
{
	struct image *image = dso_image(table, dso);

	if (image && image_section(image, ".debug_info"))
		return image;
	image = dso_separate_image(table, dso);
	return image && image_section(image, ".debug_info") ? image : NULL;
}

void dso_add_name(struct dso_table *table, struct dso *dso, uint64_t start, uint64_t size,
		  struct str name)
{
	struct dso_known_name known = { start, size, { NULL, name.len } };

	known.name.ptr = arena_copy(&table->arena, name);
	dso_known_name_vec_push(&dso->known, known);
}
