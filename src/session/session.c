#include "session/session.h"

#include <stdlib.h>

#include "base/memory.h"
#include "session/state.h"

enum { DEFAULT_MAX_FRAMES = 1024 };

/* perf says so of processes that ran before it: PERF_RECORD_MISC_FORK_EXEC in its own header. */
#define MISC_FORK_SYNTHETIC (1U << 13)

struct session *session_new(struct dso_table *dsos, const struct session_options *options)
{
	struct session *session = x_calloc(1, sizeof(*session));

	if (options)
		session->options = *options;
	if (!session->options.max_frames)
		session->options.max_frames = DEFAULT_MAX_FRAMES;
	session->dsos = dsos;
	session->unwinder = unwinder_new(dsos);
	session->frames = x_calloc(session->options.max_frames, sizeof(*session->frames));
	processes_init(&session->processes, &session->texts, &session->map_pool);
	maps_init(&session->kernel_maps, &session->map_pool);
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	processes_done(&session->processes);
	maps_done(&session->kernel_maps);
	unwinder_free(session->unwinder);
	interner_done(&session->texts);
	strbuf_done(&session->path);
	free(session->build_id_slots);
	free(session->frames);
	free(session);
}

void cleanup_session(struct session **session)
{
	session_free(*session);
}

static void apply_sample(struct session *session, const struct perf_data *data,
			 const struct perf_record *record,
			 void (*on_sample)(void *context, const struct session_sample *sample),
			 void *context)
{
	const struct perf_sample *raw = &record->sample;
	struct thread *thread =
		processes_thread(&session->processes, raw->pid, raw->tid, record->time_ns);
	struct session_sample sample = { .raw = raw,
					 .thread = &thread->shown,
					 .comm = thread->shown.comm };

	session_make_stack(session, data, thread, &sample);
	on_sample(context, &sample);
}

void session_apply(struct session *session, const struct perf_data *data,
		   const struct perf_record *record,
		   void (*on_sample)(void *context, const struct session_sample *sample),
		   void *context)
{
	if (data && !session->kept_names_taken && bytes_left(&data->own_section)) {
		session->kept_names_taken = true;
		session_take_kept_names(session, data);
	}
	switch (record->kind) {
	case PERF_KIND_SAMPLE:
		apply_sample(session, data, record, on_sample, context);
		break;
	case PERF_KIND_MMAP:
		session_apply_mmap(session, data, record);
		break;
	case PERF_KIND_COMM:
		processes_comm(&session->processes, record->comm.pid, record->comm.tid,
			       record->comm.name, record->comm.is_exec, record->time_ns);
		break;
	case PERF_KIND_FORK:
		processes_fork(&session->processes, record, record->misc & MISC_FORK_SYNTHETIC);
		break;
	case PERF_KIND_KSYMBOL:
		session_apply_ksymbol(session, record);
		break;
	case PERF_KIND_EXIT:
		processes_exit(&session->processes, record->fork.pid, record->fork.tid);
		break;
	case PERF_KIND_LOST:
	case PERF_KIND_LOST_SAMPLES:
	case PERF_KIND_THROTTLE:
	case PERF_KIND_SWITCH:
	case PERF_KIND_OTHER:
		break;
	}
}

void session_run(struct session *session, struct perf_data *data,
		 void (*on_sample)(void *context, const struct session_sample *sample),
		 void *context)
{
	struct perf_record record;

	while (perf_data_next(data, &record) == PERF_NEXT_RECORD)
		session_apply(session, data, &record, on_sample, context);
}

const struct interner *session_texts(const struct session *session)
{
	return &session->texts;
}

size_t session_thread_count(const struct session *session)
{
	return session->processes.threads.count;
}

const struct session_thread *session_thread(const struct session *session, size_t index)
{
	return &session->processes.threads.items[index]->shown;
}

const struct maps *session_maps(const struct session *session, int32_t pid)
{
	const struct process *process = processes_find(&session->processes, pid);

	return process ? &process->maps : NULL;
}

const struct unwinder_counters *session_counters(const struct session *session)
{
	return unwinder_counters(session->unwinder);
}
