#include "perf/own.h"
#include "session/state.h"

#include <assert.h>

static_assert((int)PERF_OWN_FILE == (int)DSO_FILE, "kinds of the file format");
static_assert((int)PERF_OWN_KERNEL == (int)DSO_KERNEL, "kinds of the file format");
static_assert((int)PERF_OWN_MODULE == (int)DSO_MODULE, "kinds of the file format");
static_assert((int)PERF_OWN_BPF == (int)DSO_BPF, "kinds of the file format");
static_assert((int)PERF_OWN_VDSO == (int)DSO_VDSO, "kinds of the file format");
static_assert((int)PERF_OWN_JIT == (int)DSO_JIT, "kinds of the file format");

/* The same dso that the maps of the file will lead to. */
static struct dso *dso_of(struct session *session, const struct perf_data *data,
			  const struct perf_own_group *group)
{
	struct build_id id = { .size_bytes = group->build_id_bytes };

	memcpy(id.bytes, group->build_id, sizeof(id.bytes));
	if (!id.size_bytes)
		session_build_id_by_path(session, data, group->path, &id);
	strbuf_reset(&session->path);
	strbuf_add(&session->path, group->path);
	return dso_table_get(session->dsos, (enum dso_kind)group->kind, strbuf_text(&session->path),
			     group->pid, &id);
}

void session_take_kept_names(struct session *session, const struct perf_data *data)
{
	struct bytes section = data->own_section;
	struct perf_own_group group;
	struct perf_own_name name;

	if (!perf_own_open(&section))
		return;
	while (perf_own_next_group(&section, &group)) {
		struct dso *dso = dso_of(session, data, &group);

		for (uint32_t i = 0; i < group.name_count; i++) {
			if (!perf_own_next_name(&section, &name))
				return;
			dso_add_name(session->dsos, dso, name.start, name.size, name.name);
		}
	}
}
