#include "samples/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/id_table.h"
#include "base/memory.h"

/* Texts can name any number of events; what comes later counts as the last one. */
enum { MAX_EVENTS = 4096 };

struct profile_index {
	struct id_table frames, nodes, threads, dsos;
};

struct profile *profile_new(void)
{
	struct profile *profile = x_calloc(1, sizeof(*profile));

	profile->index = x_calloc(1, sizeof(*profile->index));
	profile->format = "";
	intern(&profile->texts, STR(""));
	profile_node_vec_push(&profile->nodes, (struct profile_node){ 0 });
	return profile;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->events.count; i++)
		free(profile->events.items[i].name);
	interner_done(&profile->texts);
	profile_frame_vec_done(&profile->frames);
	profile_node_vec_done(&profile->nodes);
	profile_thread_vec_done(&profile->threads);
	profile_sample_vec_done(&profile->samples);
	profile_event_vec_done(&profile->events);
	profile_dso_vec_done(&profile->dsos);
	profile_claim_vec_done(&profile->claims);
	profile_wait_vec_done(&profile->waits);
	profile_code_vec_done(&profile->codes);
	free(profile->source);
	free(profile->command);
	free(profile->hostname);
	free(profile->os_release);
	free(profile->cpu);
	free(profile->damage);
	id_table_done(&profile->index->frames);
	id_table_done(&profile->index->nodes);
	id_table_done(&profile->index->threads);
	id_table_done(&profile->index->dsos);
	free(profile->index);
	free(profile);
}

void cleanup_profile(struct profile **profile)
{
	profile_free(*profile);
}

static uint64_t frame_hash(const struct profile_frame *frame)
{
	uint64_t hash = hash_mix(frame->name, frame->dso);

	hash = hash_mix(hash, frame->dso_path);
	hash = hash_mix(hash, (uint64_t)frame->file << 32 | frame->line);
	hash = hash_mix(hash, frame->address);
	return hash_mix(hash, frame->flags);
}

static uint64_t frame_row_hash(const void *rows, uint32_t id)
{
	const struct profile *profile = rows;

	return frame_hash(&profile->frames.items[id]);
}

static bool frame_is(const void *rows, uint32_t id, const void *key)
{
	const struct profile *profile = rows;
	const struct profile_frame *a = &profile->frames.items[id], *b = key;

	return a->name == b->name && a->dso == b->dso && a->dso_path == b->dso_path &&
	       a->file == b->file && a->line == b->line && a->flags == b->flags &&
	       a->address == b->address;
}

static uint64_t node_hash(const struct profile_node *node)
{
	return hash_mix(hash_mix(1, (uint64_t)node->parent << 32 | node->frame), 0);
}

static uint64_t node_row_hash(const void *rows, uint32_t id)
{
	const struct profile *profile = rows;

	return node_hash(&profile->nodes.items[id]);
}

static bool node_is(const void *rows, uint32_t id, const void *key)
{
	const struct profile *profile = rows;
	const struct profile_node *a = &profile->nodes.items[id], *b = key;

	return a->parent == b->parent && a->frame == b->frame;
}

static uint64_t thread_hash(const struct profile_thread *thread)
{
	return hash_mix(hash_mix((uint32_t)thread->pid, (uint32_t)thread->tid), thread->comm);
}

static uint64_t thread_row_hash(const void *rows, uint32_t id)
{
	const struct profile *profile = rows;

	return thread_hash(&profile->threads.items[id]);
}

static bool thread_is(const void *rows, uint32_t id, const void *key)
{
	const struct profile *profile = rows;
	const struct profile_thread *a = &profile->threads.items[id], *b = key;

	return a->pid == b->pid && a->tid == b->tid && a->comm == b->comm;
}

static uint64_t dso_hash(const struct profile_dso *dso)
{
	return hash_mix(dso->name, dso->path);
}

static uint64_t dso_row_hash(const void *rows, uint32_t id)
{
	const struct profile *profile = rows;

	return dso_hash(&profile->dsos.items[id]);
}

static bool dso_is(const void *rows, uint32_t id, const void *key)
{
	const struct profile *profile = rows;
	const struct profile_dso *a = &profile->dsos.items[id], *b = key;

	return a->name == b->name && a->path == b->path;
}

static const struct id_table_rows frame_rows = { frame_row_hash, frame_is };
static const struct id_table_rows node_rows = { node_row_hash, node_is };
static const struct id_table_rows thread_rows = { thread_row_hash, thread_is };
static const struct id_table_rows dso_rows = { dso_row_hash, dso_is };

uint32_t profile_frame(struct profile *profile, const struct profile_frame *frame)
{
	struct id_table *table = &profile->index->frames;
	uint32_t *slot = id_table_slot(table, &frame_rows, profile, frame_hash(frame), frame);

	if (*slot)
		return *slot - 1;
	profile_frame_vec_push(&profile->frames, *frame);
	return id_table_put(table, slot, (uint32_t)profile->frames.count - 1);
}

uint32_t profile_node(struct profile *profile, uint32_t parent, uint32_t frame)
{
	struct id_table *table = &profile->index->nodes;
	const struct profile_node node = { parent, frame };
	uint32_t *slot = id_table_slot(table, &node_rows, profile, node_hash(&node), &node);

	if (*slot)
		return *slot - 1;
	profile_node_vec_push(&profile->nodes, node);
	return id_table_put(table, slot, (uint32_t)profile->nodes.count - 1);
}

uint32_t profile_thread(struct profile *profile, int32_t pid, int32_t tid, struct str comm)
{
	struct id_table *table = &profile->index->threads;
	const struct profile_thread thread = {
		.pid = pid,
		.tid = tid,
		.comm = intern(&profile->texts, comm),
	};
	uint32_t *slot = id_table_slot(table, &thread_rows, profile, thread_hash(&thread), &thread);

	if (*slot)
		return *slot - 1;
	profile_thread_vec_push(&profile->threads, thread);
	return id_table_put(table, slot, (uint32_t)profile->threads.count - 1);
}

uint32_t profile_dso(struct profile *profile, uint32_t name, uint32_t path)
{
	struct id_table *table = &profile->index->dsos;
	const struct profile_dso dso = { .name = name, .path = path };
	uint32_t *slot = id_table_slot(table, &dso_rows, profile, dso_hash(&dso), &dso);

	if (*slot)
		return *slot - 1;
	profile_dso_vec_push(&profile->dsos, dso);
	return id_table_put(table, slot, (uint32_t)profile->dsos.count - 1);
}

static bool is_clock_name(struct str name)
{
	return str_starts_with(name, STR("cpu-clock")) ||
	       str_starts_with(name, STR("task-clock")) || str_starts_with(name, STR("cpu_clock"));
}

static bool is_cycles_name(struct str name)
{
	return str_starts_with(name, STR("cycles")) || str_starts_with(name, STR("cpu-cycles")) ||
	       str_find(name, STR("/cycles")) >= 0 || str_find(name, STR("/cpu-cycles")) >= 0;
}

static bool is_time_name(struct str name)
{
	return is_clock_name(name) || is_cycles_name(name) || str_is(name, "samples");
}

static const char *unit_of(struct str name)
{
	if (is_clock_name(name))
		return "ns";
	if (is_cycles_name(name))
		return "cycles";
	if (str_is(name, "samples"))
		return "samples";
	return "events";
}

uint32_t profile_event(struct profile *profile, const char *name)
{
	for (uint32_t i = 0; i < profile->events.count; i++)
		if (strcmp(profile->events.items[i].name, name) == 0)
			return i;
	if (profile->events.count == MAX_EVENTS)
		return MAX_EVENTS - 1;
	profile_event_vec_push(&profile->events, (struct profile_event){
							 .name = x_strdup(name),
							 .unit = unit_of(str_from(name)),
							 .scale = 1,
							 .is_clock = is_clock_name(str_from(name)),
							 .is_time = is_time_name(str_from(name)),
						 });
	return (uint32_t)profile->events.count - 1;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void profile_add_sample(struct profile *profile, const struct profile_sample *sample)
{
	struct profile_event *event = &profile->events.items[sample->event];

	event->samples = add_saturated(event->samples, sample->count);
	event->weight = add_saturated(event->weight, sample->weight);
	profile_sample_vec_push(&profile->samples, *sample);
}

const char *profile_text(const struct profile *profile, uint32_t text_id)
{
	return interned_text(&profile->texts, text_id);
}

size_t profile_stack(const struct profile *profile, uint32_t node, uint32_t *ret_frames,
		     size_t capacity)
{
	size_t count = 0;

	for (; node && count < capacity; node = profile->nodes.items[node].parent)
		ret_frames[count++] = profile->nodes.items[node].frame;
	for (size_t i = 0; i < count / 2; i++) {
		uint32_t other = ret_frames[count - 1 - i];

		ret_frames[count - 1 - i] = ret_frames[i];
		ret_frames[i] = other;
	}
	return count;
}

void profile_frame_label(const struct profile *profile, uint32_t frame, struct strbuf *out)
{
	const struct profile_frame *row = &profile->frames.items[frame];
	struct str dso = interned(&profile->texts, row->dso);

	if (row->name) {
		strbuf_add(out, interned(&profile->texts, row->name));
		return;
	}
	if (!dso.len) {
		strbuf_add_text(out, "[unknown]");
		return;
	}
	/* "[kernel.kallsyms]" and "[vdso]" have brackets of their own. */
	if (dso.len > 2 && dso.ptr[0] == '[' && dso.ptr[dso.len - 1] == ']')
		dso = (struct str){ dso.ptr + 1, dso.len - 2 };
	strbuf_addf(out, "[%.*s", STR_ARG(dso));
	if (row->address)
		strbuf_addf(out, "+0x%" PRIx64, row->address);
	strbuf_add_char(out, ']');
}
