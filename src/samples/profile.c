#include "samples/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Texts can name any number of events; what comes later counts as the last one. */
enum { MAX_EVENTS = 4096 };

/* Open addressing over ids: id + 1, 0 = free; the keys are the rows themselves. */
struct id_table {
	uint32_t *slots;
	uint32_t mask, used;
};

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
	free(profile->source);
	free(profile->command);
	free(profile->hostname);
	free(profile->os_release);
	free(profile->cpu);
	free(profile->damage);
	free(profile->index->frames.slots);
	free(profile->index->nodes.slots);
	free(profile->index->threads.slots);
	free(profile->index->dsos.slots);
	free(profile->index);
	free(profile);
}

void cleanup_profile(struct profile **profile)
{
	profile_free(*profile);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
	return hash ^ (hash >> 29);
}

static uint64_t frame_hash(const struct profile_frame *frame)
{
	uint64_t hash = mix(frame->name, frame->dso);

	hash = mix(hash, frame->dso_path);
	hash = mix(hash, (uint64_t)frame->file << 32 | frame->line);
	hash = mix(hash, frame->address);
	return mix(hash, frame->flags);
}

static bool frame_eq(const struct profile_frame *a, const struct profile_frame *b)
{
	return a->name == b->name && a->dso == b->dso && a->dso_path == b->dso_path &&
	       a->file == b->file && a->line == b->line && a->flags == b->flags &&
	       a->address == b->address;
}

static uint64_t node_hash(uint32_t parent, uint32_t frame)
{
	return mix(mix(1, (uint64_t)parent << 32 | frame), 0);
}

static uint64_t thread_hash(int32_t pid, int32_t tid, uint32_t comm)
{
	return mix(mix((uint32_t)pid, (uint32_t)tid), comm);
}

static uint64_t row_hash(const struct profile *profile, const struct id_table *table, uint32_t id)
{
	const struct profile_index *index = profile->index;

	if (table == &index->frames)
		return frame_hash(&profile->frames.items[id]);
	if (table == &index->nodes)
		return node_hash(profile->nodes.items[id].parent, profile->nodes.items[id].frame);
	if (table == &index->threads)
		return thread_hash(profile->threads.items[id].pid, profile->threads.items[id].tid,
				   profile->threads.items[id].comm);
	return mix(profile->dsos.items[id].name, profile->dsos.items[id].path);
}

/* Room for one more id, so that a slot found afterwards stays the right one. */
static void make_room(const struct profile *profile, struct id_table *table)
{
	uint32_t old_count = table->slots ? table->mask + 1 : 0;
	uint32_t *old = table->slots;

	if ((uint64_t)table->used * 4 + 4 <= (uint64_t)old_count * 3)
		return;
	table->mask = old_count ? old_count * 2 - 1 : 63;
	table->slots = x_calloc((size_t)table->mask + 1, sizeof(*table->slots));
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t at;

		if (!old[i])
			continue;
		at = (uint32_t)row_hash(profile, table, old[i] - 1) & table->mask;
		while (table->slots[at])
			at = (at + 1) & table->mask;
		table->slots[at] = old[i];
	}
	free(old);
}

uint32_t profile_frame(struct profile *profile, const struct profile_frame *frame)
{
	struct id_table *table = &profile->index->frames;
	uint32_t at;

	make_room(profile, table);
	at = (uint32_t)frame_hash(frame) & table->mask;
	for (; table->slots[at]; at = (at + 1) & table->mask)
		if (frame_eq(&profile->frames.items[table->slots[at] - 1], frame))
			return table->slots[at] - 1;
	profile_frame_vec_push(&profile->frames, *frame);
	table->slots[at] = (uint32_t)profile->frames.count;
	table->used++;
	return table->slots[at] - 1;
}

uint32_t profile_node(struct profile *profile, uint32_t parent, uint32_t frame)
{
	struct id_table *table = &profile->index->nodes;
	uint32_t at;

	make_room(profile, table);
	at = (uint32_t)node_hash(parent, frame) & table->mask;
	for (; table->slots[at]; at = (at + 1) & table->mask) {
		const struct profile_node *node = &profile->nodes.items[table->slots[at] - 1];

		if (node->parent == parent && node->frame == frame)
			return table->slots[at] - 1;
	}
	profile_node_vec_push(&profile->nodes, (struct profile_node){ parent, frame });
	table->slots[at] = (uint32_t)profile->nodes.count;
	table->used++;
	return table->slots[at] - 1;
}

uint32_t profile_thread(struct profile *profile, int32_t pid, int32_t tid, struct str comm)
{
	struct id_table *table = &profile->index->threads;
	uint32_t comm_id = intern(&profile->texts, comm);
	uint32_t at;

	make_room(profile, table);
	at = (uint32_t)thread_hash(pid, tid, comm_id) & table->mask;
	for (; table->slots[at]; at = (at + 1) & table->mask) {
		const struct profile_thread *thread = &profile->threads.items[table->slots[at] - 1];

		if (thread->pid == pid && thread->tid == tid && thread->comm == comm_id)
			return table->slots[at] - 1;
	}
	profile_thread_vec_push(&profile->threads, (struct profile_thread){
							   .pid = pid,
							   .tid = tid,
							   .comm = comm_id,
						   });
	table->slots[at] = (uint32_t)profile->threads.count;
	table->used++;
	return table->slots[at] - 1;
}

uint32_t profile_dso(struct profile *profile, uint32_t name, uint32_t path)
{
	struct id_table *table = &profile->index->dsos;
	uint32_t at;

	make_room(profile, table);
	at = (uint32_t)mix(name, path) & table->mask;
	for (; table->slots[at]; at = (at + 1) & table->mask) {
		const struct profile_dso *dso = &profile->dsos.items[table->slots[at] - 1];

		if (dso->name == name && dso->path == path)
			return table->slots[at] - 1;
	}
	profile_dso_vec_push(&profile->dsos, (struct profile_dso){ .name = name, .path = path });
	table->slots[at] = (uint32_t)profile->dsos.count;
	table->used++;
	return table->slots[at] - 1;
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
