/* What the files of this room share: the state of a session. */
#pragma once

#include "base/strbuf.h"
#include "session/process.h"

struct build_id_slot {
	uint64_t path_hash;
	uint32_t index_plus_one; /* in perf_data.build_ids; 0 = free */
};

struct session {
	struct session_options options;
	struct dso_table *dsos; /* borrowed */
	struct unwinder *unwinder;
	struct interner texts;
	struct maps_pool map_pool;
	struct processes processes;
	struct maps kernel_maps;
	struct dso *kernel; /* where no map tells which part of the kernel */
	struct unwind_frame *frames;
	bool kept_names_taken;
	struct strbuf path; /* scratch: a record's path with a final NUL */
	/* build-ids of the file by path; made again when the file has told more */
	struct build_id_slot *build_id_slots;
	size_t build_id_slot_count, build_ids_indexed;
};

/* MMAP, MMAP2 and KSYMBOL records. */
void session_apply_mmap(struct session *session, const struct perf_data *data,
			const struct perf_record *record);
void session_apply_ksymbol(struct session *session, const struct perf_record *record);
/* Names that our recorder kept in the file go to their dsos. */
void session_take_kept_names(struct session *session, const struct perf_data *data);
/* What the file's BUILD_ID section says of a path; false where it says nothing. */
bool session_build_id_by_path(struct session *session, const struct perf_data *data,
			      struct str path, struct build_id *ret);
/* Fills frames, counts, end and from_dump of `ret`; thread and raw are set. */
void session_make_stack(struct session *session, const struct perf_data *data,
			struct thread *thread, struct session_sample *ret);
