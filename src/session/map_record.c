/* Which dso a mapping is of: files, the kernel and its modules, the vdso, memory without a file. */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "session/state.h"

enum { FIRST_BUILD_ID_SLOTS = 64 };

/* The first entry of a path counts: perf writes one per file that was hit. */
static void build_ids_index(struct session *session, const struct perf_data *data)
{
	const struct perf_build_id_vec *ids = &data->build_ids;
	size_t slot_count = FIRST_BUILD_ID_SLOTS;

	while (slot_count < ids->count * 2)
		slot_count *= 2;
	free(session->build_id_slots);
	session->build_id_slots = x_calloc(slot_count, sizeof(*session->build_id_slots));
	session->build_id_slot_count = slot_count;
	session->build_ids_indexed = ids->count;
	for (size_t i = 0; i < ids->count; i++) {
		uint64_t hash = str_hash(str_from(ids->items[i].path));
		size_t slot = hash & (slot_count - 1);

		while (session->build_id_slots[slot].index_plus_one)
			slot = (slot + 1) & (slot_count - 1);
		session->build_id_slots[slot] = (struct build_id_slot){ hash, (uint32_t)i + 1 };
	}
}

bool session_build_id_by_path(struct session *session, const struct perf_data *data,
			      struct str path, struct build_id *ret)
{
	uint64_t hash = str_hash(path);
	size_t slot;

	if (!data || !data->build_ids.count)
		return false;
	if (session->build_ids_indexed != data->build_ids.count)
		build_ids_index(session, data);
	for (slot = hash & (session->build_id_slot_count - 1);
	     session->build_id_slots[slot].index_plus_one;
	     slot = (slot + 1) & (session->build_id_slot_count - 1)) {
		const struct perf_build_id *id =
			&data->build_ids.items[session->build_id_slots[slot].index_plus_one - 1];

		if (session->build_id_slots[slot].path_hash != hash || !str_is(path, id->path) ||
		    id->size_bytes > BUILD_ID_MAX_BYTES)
			continue;
		memcpy(ret->bytes, id->bytes, id->size_bytes);
		ret->size_bytes = id->size_bytes;
		return ret->size_bytes > 0;
	}
	return false;
}

static struct build_id build_id_of(struct session *session, const struct perf_data *data,
				   const struct perf_mmap *mmap, struct str path)
{
	struct build_id id = { .size_bytes = 0 };

	if (mmap->build_id && mmap->build_id_bytes <= BUILD_ID_MAX_BYTES) {
		memcpy(id.bytes, mmap->build_id, mmap->build_id_bytes);
		id.size_bytes = mmap->build_id_bytes;
	} else {
		session_build_id_by_path(session, data, path, &id);
	}
	return id;
}

static struct dso *dso_get(struct session *session, enum dso_kind kind, struct str path,
			   int32_t pid, const struct build_id *build_id)
{
	strbuf_reset(&session->path);
	strbuf_add(&session->path, path);
	return dso_table_get(session->dsos, kind, strbuf_text(&session->path), pid, build_id);
}

/* Memory that no file on disk stands behind: code in it was made at run time. */
static bool is_anonymous(const struct perf_mmap *mmap)
{
	static const char *const prefixes[] = {
		"//anon", "/dev/zero", "/anon_hugepage", "anon_inode:", "/memfd:", "/SYSV", "[",
	};

	if (mmap->path.len == 0 || mmap->flags & MAP_HUGETLB)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts_with(mmap->path, str_from(prefixes[i])))
			return true;
	}
	return false;
}

static void user_map(struct session *session, const struct perf_data *data,
		     const struct perf_mmap *mmap, uint64_t end)
{
	struct process *process = processes_get(&session->processes, mmap->pid);
	struct map map = { mmap->start, end, mmap->file_offset, NULL };
	struct build_id id;

	if (!(mmap->protection & PROT_EXEC)) {
		maps_remove(&process->maps, mmap->start, end);
		return;
	}
	if (str_is(mmap->path, "[vdso]")) {
		id = build_id_of(session, data, mmap, mmap->path);
		map.dso = dso_get(session, DSO_VDSO, mmap->path, -1, &id);
	} else if (is_anonymous(mmap)) {
		if (!process->anonymous)
			process->anonymous =
				dso_get(session, DSO_JIT, STR("//anon"), mmap->pid, NULL);
		map.dso = process->anonymous;
	} else {
		id = build_id_of(session, data, mmap, mmap->path);
		map.dso = dso_get(session, DSO_FILE, mmap->path, -1, &id);
	}
	maps_insert(&process->maps, map);
}

static void kernel_map(struct session *session, const struct perf_data *data,
		       const struct perf_mmap *mmap, uint64_t end)
{
	struct str kernel = STR("[kernel.kallsyms]");
	struct map map = { mmap->start, end, mmap->file_offset, NULL };
	struct build_id id;

	/* kptr_restrict leaves zeros: worse than no map. */
	if (mmap->start == 0)
		return;
	if (str_starts_with(mmap->path, kernel)) {
		id = build_id_of(session, data, mmap, kernel);
		map.dso = session->kernel = dso_get(session, DSO_KERNEL, kernel, -1, &id);
		map.dso->kernel_text = mmap->file_offset;
	} else {
		id = build_id_of(session, data, mmap, mmap->path);
		map.dso = dso_get(session, DSO_MODULE, mmap->path, -1, &id);
	}
	maps_insert(&session->kernel_maps, map);
}

void session_apply_mmap(struct session *session, const struct perf_data *data,
			const struct perf_record *record)
{
	const struct perf_mmap *mmap = &record->mmap;
	uint64_t end;

	if (__builtin_add_overflow(mmap->start, mmap->length, &end))
		end = UINT64_MAX;
	switch (record->misc & PERF_RECORD_MISC_CPUMODE_MASK) {
	case PERF_RECORD_MISC_KERNEL:
		kernel_map(session, data, mmap, end);
		break;
	case PERF_RECORD_MISC_GUEST_KERNEL:
	case PERF_RECORD_MISC_GUEST_USER:
	case PERF_RECORD_MISC_HYPERVISOR:
		break;
	default:
		user_map(session, data, mmap, end);
	}
}

void session_apply_ksymbol(struct session *session, const struct perf_record *record)
{
	uint64_t start = record->ksymbol.address, length = record->ksymbol.length, end;
	struct dso *dso;

	if (__builtin_add_overflow(start, length, &end))
		return;
	if (record->ksymbol.is_unregister) {
		maps_remove(&session->kernel_maps, start, end);
		return;
	}
	dso = dso_get(session, DSO_BPF, record->ksymbol.name, -1, NULL);
	dso_add_name(session->dsos, dso, start, length, record->ksymbol.name);
	maps_insert(&session->kernel_maps, (struct map){ start, end, 0, dso });
}
