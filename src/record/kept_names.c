#include "record/kept_names.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "perf/own.h"

enum { SLOTS_FIRST = 1024, ADDRESSES_MAX = 4 << 20 };

void kept_names_done(struct kept_names *names)
{
	free(names->slots);
	*names = (struct kept_names){ 0 };
}

static struct kept_address *slot_of(const struct kept_names *names, uint32_t dso_plus_one,
				    uint64_t address)
{
	uint64_t hash = (address ^ (uint64_t)dso_plus_one << 48) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(hash >> 32) & names->slot_mask;

	while (names->slots[i].dso_plus_one &&
	       (names->slots[i].address != address || names->slots[i].dso_plus_one != dso_plus_one))
		i = (i + 1) & names->slot_mask;
	return &names->slots[i];
}

static void grow(struct kept_names *names)
{
	struct kept_names larger = { .count = names->count };
	uint32_t slot_count = names->slots ? (names->slot_mask + 1) * 2 : SLOTS_FIRST;

	larger.slots = x_calloc(slot_count, sizeof(*larger.slots));
	larger.slot_mask = slot_count - 1;
	for (uint32_t i = 0; names->slots && i <= names->slot_mask; i++)
		if (names->slots[i].dso_plus_one)
			*slot_of(&larger, names->slots[i].dso_plus_one, names->slots[i].address) =
				names->slots[i];
	free(names->slots);
	*names = larger;
}

void kept_names_add(struct kept_names *names, const struct dso *dso, uint64_t address)
{
	struct kept_address *slot;

	if (names->count >= ADDRESSES_MAX)
		return;
	if (!names->slots || names->count * 4 > names->slot_mask * UINT64_C(3))
		grow(names);
	slot = slot_of(names, dso->id + 1, address);
	if (slot->dso_plus_one)
		return;
	*slot = (struct kept_address){ address, dso->id + 1 };
	names->count++;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct kept_address *first = a, *second = b;

	if (first->dso_plus_one != second->dso_plus_one)
		return first->dso_plus_one < second->dso_plus_one ? -1 : 1;
	if (first->address != second->address)
		return first->address < second->address ? -1 : 1;
	return 0;
}

/* All addresses, one dso after the other, in order; the hash is not one any more. */
static size_t sort_addresses(struct kept_names *names)
{
	size_t count = 0;

	for (uint32_t i = 0; names->slots && i <= names->slot_mask; i++)
		if (names->slots[i].dso_plus_one)
			names->slots[count++] = names->slots[i];
	if (count)
		qsort(names->slots, count, sizeof(*names->slots), compare_addresses);
	return count;
}

/* The names of one dso while they are put together. */
struct naming {
	const struct record_namer *namer;
	void *state;
	struct strbuf entries;
	uint32_t count;
	/* One name covers all of its hit addresses, no more: its real size is not known here. */
	struct perf_own_name name;
	struct strbuf text;
	bool is_open;
};

static void close_name(struct naming *naming)
{
	if (!naming->is_open)
		return;
	naming->name.name = strbuf_str(&naming->text);
	perf_own_add_name(&naming->entries, &naming->name);
	naming->is_open = false;
	naming->count++;
}

static void name_address(struct naming *naming, struct dso *dso, uint64_t address)
{
	struct str name;
	uint64_t start;

	if (!naming->namer->find(naming->state, dso, address, &start, &name)) {
		close_name(naming);
		return;
	}
	if (!naming->is_open || naming->name.start != start) {
		close_name(naming);
		strbuf_reset(&naming->text);
		strbuf_add(&naming->text, name);
		naming->name.start = start;
		naming->is_open = true;
	}
	naming->name.size = address - start + 1;
}

static struct perf_own_group group_of(const struct dso *dso, struct strbuf *path)
{
	struct perf_own_group group = { .kind = (enum perf_own_kind)dso->kind,
					.pid = dso->pid,
					.build_id_bytes = dso->build_id.size_bytes };

	memcpy(group.build_id, dso->build_id.bytes, sizeof(group.build_id));
	strbuf_reset(path);
	strbuf_addf(path, "%s%s", dso->path, dso->deleted ? " (deleted)" : "");
	group.path = strbuf_str(path);
	return group;
}

/* The addresses of one dso; nothing is written where none has a name. */
static void write_group(struct naming *naming, struct dso *dso,
			const struct kept_address *addresses, size_t count, struct strbuf *section)
{
	auto_strbuf struct strbuf path = STRBUF_INIT;
	struct perf_own_group group = group_of(dso, &path);

	strbuf_reset(&naming->entries);
	naming->count = 0;
	for (size_t i = 0; i < count; i++)
		name_address(naming, dso, addresses[i].address);
	close_name(naming);
	if (!naming->count)
		return;
	group.name_count = naming->count;
	perf_own_add_group(section, &group);
	strbuf_add(section, strbuf_str(&naming->entries));
}

/* True when its names cannot be had from its path: it leads nowhere, or to another file. */
static bool is_gone(const struct dso *dso)
{
	struct stat status;

	if (dso->kind == DSO_UNMAPPED)
		return false;
	if (dso->kind != DSO_FILE || dso->deleted)
		return true;
	if (!dso->image || !dso->image->map)
		return false;
	return stat(dso->path, &status) != 0 || status.st_ino != dso->image->map->inode ||
	       status.st_dev != dso->image->map->device;
}

void kept_names_write(struct kept_names *names, struct dso_table *table,
		      const struct record_namer *namer, struct perf_writer *writer)
{
	auto_strbuf struct strbuf section = STRBUF_INIT;
	size_t count = sort_addresses(names);
	struct naming naming = { .namer = namer,
				 .state = namer && count ? namer->open(table) : NULL };

	perf_own_begin(&section);
	for (size_t start = 0, end; naming.state && start < count; start = end) {
		uint32_t dso_plus_one = names->slots[start].dso_plus_one;

		for (end = start; end < count && names->slots[end].dso_plus_one == dso_plus_one;)
			end++;
		if (is_gone(table->dsos.items[dso_plus_one - 1]))
			write_group(&naming, table->dsos.items[dso_plus_one - 1],
				    &names->slots[start], end - start, &section);
	}
	if (naming.state)
		namer->close(naming.state);
	strbuf_done(&naming.entries);
	strbuf_done(&naming.text);
	perf_writer_feature(writer, PERF_FEATURE_OWN, section.ptr, section.len);
	kept_names_done(names);
}
