#include "record/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "record/mapped_files.h"

enum {
	FRAMES_MAX = 8000, /* a record has 64 KB */
	DUMP_BYTES_LEAST = 4096,
	SHRINK_PAUSE_S = 1,
	/* A record is in its ring so long after its time stamp at most, unless its CPU is held up.
	 */
	SETTLE_NS = 3 * 1000 * 1000,
};

/* The oldest record of a ring that was not taken yet. */
struct live_cursor {
	const uint8_t *record; /* NULL: the ring is empty */
	size_t size_bytes;
	uint64_t time_ns;
};

static void describe_events(struct live *live)
{
	for (size_t i = 0; i < live->events->evsels.count; i++) {
		struct perf_evsel evsel = live->events->evsels.items[i];

		/* ids of their own: shrinking the dumps makes new ones, which the file need not
		 * know */
		evsel.ids = x_reallocarray(NULL, evsel.id_count, sizeof(*evsel.ids));
		memcpy(evsel.ids, live->events->evsels.items[i].ids,
		       evsel.id_count * sizeof(*evsel.ids));
		evsel.attr.sample_type &=
			~(uint64_t)(PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER);
		evsel.attr.exclude_callchain_user = 0;
		evsel.attr.sample_regs_user = 0;
		evsel.attr.sample_stack_user = 0;
		evsel.attr.sig_data = PERF_OWN_SIGNATURE;
		perf_evsel_vec_push(&live->written, evsel);
	}
}

static enum unwind_arch this_arch(void)
{
#if defined(__aarch64__)
	return UNWIND_AARCH64;
#else
	return UNWIND_X86_64;
#endif
}

void live_init(struct live *live, struct perf_events *events, bool may_shrink)
{
	const struct perf_event_attr *attr = &events->evsels.items[0].attr;
	struct session_options options = { .max_frames = FRAMES_MAX, .live_arch = this_arch() };

	*live = (struct live){ .events = events,
			       .may_shrink = may_shrink,
			       .clock_id = attr->use_clockid ? attr->clockid : -1 };
	dso_table_init(&live->dsos, &(struct dso_options){ .offline = true, .is_live = true });
	live->session = session_new(&live->dsos, &options);
	live->cursors = x_calloc(events->ring_count, sizeof(*live->cursors));
	describe_events(live);
}

void live_done(struct live *live)
{
	session_free(live->session);
	dso_table_done(&live->dsos);
	for (size_t i = 0; i < live->written.count; i++)
		free(live->written.items[i].ids);
	perf_evsel_vec_done(&live->written);
	tid_vec_done(&live->tids);
	free(live->cursors);
	kept_names_done(&live->kept);
	free(live->hit);
}

void live_begin(struct live *live, struct pump *pump)
{
	live->pump = pump;
}

static void mark_hit(struct live *live, const struct dso *dso)
{
	if (!dso)
		return;
	if (dso->id >= live->hit_allocated) {
		size_t allocated = MAX(live->hit_allocated * 2, (size_t)dso->id + 64);

		live->hit = x_reallocarray(live->hit, allocated, sizeof(*live->hit));
		memset(live->hit + live->hit_allocated, 0,
		       (allocated - live->hit_allocated) * sizeof(*live->hit));
		live->hit_allocated = allocated;
	}
	live->hit[dso->id] = true;
}

static uint8_t *put_word(uint8_t *to, uint64_t word)
{
	memcpy(to, &word, sizeof(word));
	return to + sizeof(word);
}

static uint16_t misc_of(const struct session_sample *sample)
{
	unsigned misc =
		sample->raw->misc & (PERF_RECORD_MISC_CPUMODE_MASK | PERF_RECORD_MISC_EXACT_IP);

	misc |= ((unsigned)sample->end + 1) << PERF_OWN_END_SHIFT;
	for (size_t i = sample->kernel_frame_count; i < sample->frame_count; i++)
		if (sample->frames[i].flags & UNWIND_FRAME_GUESSED)
			return (uint16_t)(misc | PERF_OWN_GUESSED);
	return (uint16_t)misc;
}

/* Fixed words in the order of the sample_type that describe_events() leaves. */
static uint8_t *put_sample_words(uint8_t *to, const struct perf_evsel *evsel,
				 const struct session_sample *sample)
{
	const struct perf_sample *raw = sample->raw;

	to = put_word(to, evsel->id_count ? evsel->ids[0] : raw->id);
	to = put_word(to, raw->ip);
	to = put_word(to, (uint32_t)raw->pid | (uint64_t)(uint32_t)raw->tid << 32);
	to = put_word(to, raw->time_ns);
	to = put_word(to, raw->cpu);
	return put_word(to, raw->period);
}

/* The kernel's part of the chain as it made it, then ours as it would have. */
static uint8_t *put_chain(struct live *live, uint8_t *to, const struct session_sample *sample,
			  size_t kernel_bytes)
{
	memcpy(to, sample->raw->callchain.pos, kernel_bytes);
	to += kernel_bytes;
	if (sample->frame_count > sample->kernel_frame_count)
		to = put_word(to, PERF_CONTEXT_USER);
	for (size_t i = sample->kernel_frame_count; i < sample->frame_count; i++) {
		to = put_word(to, sample->frames[i].ip);
		mark_hit(live, sample->frames[i].dso);
	}
	return to;
}

static void write_sample(void *context, const struct session_sample *sample)
{
	enum { FIXED_BYTES = 8 + 7 * 8 };
	struct live *live = context;
	size_t kernel_bytes = bytes_left(&sample->raw->callchain);
	size_t user_frames = sample->frame_count - sample->kernel_frame_count;
	size_t chain_bytes, size_bytes;
	struct perf_event_header header;
	uint8_t *record, *to;

	kernel_bytes = MIN(kernel_bytes, (size_t)(8 * 180)) / 8 * 8;
	chain_bytes = kernel_bytes + (user_frames ? user_frames + 1 : 0) * 8;
	size_bytes = FIXED_BYTES + chain_bytes;
	header = (struct perf_event_header){ PERF_RECORD_SAMPLE, misc_of(sample),
					     (uint16_t)size_bytes };
	record = perf_writer_reserve(live->pump->writer, size_bytes);
	memcpy(record, &header, sizeof(header));
	to = put_sample_words(record + sizeof(header), &live->written.items[sample->raw->evsel],
			      sample);
	to = put_word(to, chain_bytes / 8);
	put_chain(live, to, sample, kernel_bytes);
	for (size_t i = 0; i < sample->frame_count; i++)
		if (sample->frames[i].dso)
			kept_names_add(&live->kept, sample->frames[i].dso,
				       sample->frames[i].address);
	if (user_frames) {
		live->user_stacks++;
		live->complete_stacks += sample->end == UNWIND_COMPLETE;
	}
}

/*
 * A file is opened while the process that maps it still lives: its path may lead elsewhere in a
 * container, and a deleted file has none.
 */
static void open_mapped_file(struct live *live, const struct perf_mmap *mmap)
{
	const struct maps *maps = session_maps(live->session, mmap->pid);
	const struct map *map = maps ? maps_find(maps, mmap->start) : NULL;
	struct dso *dso = map ? map->dso : NULL;
	auto_free char *mapped = NULL, *rooted = NULL;

	if (dso && dso->kind == DSO_JIT && !dso->ns_pid)
		dso->ns_pid = process_namespace_pid(mmap->pid);
	if (!dso || dso->kind != DSO_FILE || dso->state != DSO_NOT_TRIED)
		return;
	/* a build-id is compared with that of the file */
	if ((mmap->build_id || mapped_file_is_here(dso->path, mmap)) && dso_image(&live->dsos, dso))
		return;
	mapped = mapped_file_path(mmap);
	if (dso_open_from(&live->dsos, dso, mapped))
		return;
	rooted = x_asprintf("/proc/%d/root%s", mmap->pid, dso->path);
	if (!dso->deleted && dso_open_from(&live->dsos, dso, rooted))
		return;
	dso_image(&live->dsos, dso);
}

/*
 * Puts the file's build-id into a mmap record where the kernel would have put it: then files that
 * take each other's place under one path are told apart, here and by every reader.
 */
static bool identify_map(struct live *live, const uint8_t *bytes, size_t size_bytes,
			 struct perf_record *record)
{
	enum { MISC_OFFSET = 4, IDENTITY_OFFSET = 40 };
	bool is_first;
	const struct build_id *id =
		mapped_files_build_id(&live->pump->files, &record->mmap, &is_first);
	uint16_t misc = record->misc | PERF_RECORD_MISC_MMAP_BUILD_ID;
	uint8_t identity[24] = { 0 };

	if (!id)
		return false;
	identity[0] = id->size_bytes;
	memcpy(identity + 4, id->bytes, id->size_bytes);
	memcpy(live->identified, bytes, size_bytes);
	memcpy(live->identified + MISC_OFFSET, &misc, sizeof(misc));
	memcpy(live->identified + IDENTITY_OFFSET, identity, sizeof(identity));
	record->misc = misc;
	record->mmap.build_id = live->identified + IDENTITY_OFFSET + 4;
	record->mmap.build_id_bytes = id->size_bytes;
	return true;
}

static void note_thread(struct live *live, const struct perf_record *record)
{
	int32_t tid = record->kind == PERF_KIND_COMM ? record->comm.tid : record->fork.tid;

	for (size_t i = 0; i < live->tids.count; i++) {
		if (live->tids.items[i] != tid)
			continue;
		if (record->kind == PERF_KIND_EXIT)
			live->tids.items[i] = live->tids.items[--live->tids.count];
		return;
	}
	if (record->kind != PERF_KIND_EXIT)
		tid_vec_push(&live->tids, tid);
}

bool live_make_room(struct live *live, struct strbuf *notes)
{
	uint32_t dump_bytes = live->events->evsels.items[0].attr.sample_stack_user / 2 & ~7U;
	auto_error struct error *error = NULL;
	struct timespec now;

	if (live->pump->lost == live->lost_when_shrunk)
		return false;
	live->lost_when_shrunk = live->pump->lost;
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* one gap is told by every ring, each when it has room again */
	if (!live->may_shrink || dump_bytes < DUMP_BYTES_LEAST ||
	    now.tv_sec <= live->shrunk_at_s + SHRINK_PAUSE_S)
		return false;
	live->shrunk_at_s = now.tv_sec;
	error = perf_events_shrink_dumps(live->events, dump_bytes, live->tids.items,
					 live->tids.count);
	perf_layout_done(&live->pump->layout);
	perf_layout_init(&live->pump->layout, &live->events->evsels, false);
	if (error) {
		log_debug("record", "smaller dumps: %s", error->message);
		return false;
	}
	strbuf_addf(notes, "records were lost: from here on up to %u bytes of each stack\n",
		    dump_bytes);
	return true;
}

static void take_record(struct live *live, const uint8_t *bytes, size_t size_bytes)
{
	struct perf_record record;

	if (perf_layout_decode(&live->pump->layout, bytes, size_bytes, &record) != PERF_DECODE_OK)
		return;
	if (record.type == PERF_RECORD_MMAP2 && size_bytes <= sizeof(live->identified) &&
	    identify_map(live, bytes, size_bytes, &record))
		bytes = live->identified;
	session_apply(live->session, NULL, &record, write_sample, live);
	if (record.kind == PERF_KIND_SAMPLE)
		return;
	if (record.kind == PERF_KIND_MMAP)
		open_mapped_file(live, &record.mmap);
	else if (!live->events->system_wide &&
		 (record.kind == PERF_KIND_FORK || record.kind == PERF_KIND_EXIT ||
		  record.kind == PERF_KIND_COMM))
		note_thread(live, &record);
	pump_add(live->pump, bytes, size_bytes);
}

void live_add(struct live *live, const uint8_t *record, size_t size_bytes)
{
	take_record(live, record, size_bytes);
}

static void advance(struct live *live, size_t index)
{
	struct live_cursor *cursor = &live->cursors[index];
	struct perf_ring *ring = &live->events->rings[index];

	if (!perf_ring_peek(ring, &cursor->record, &cursor->size_bytes)) {
		cursor->record = NULL;
		return;
	}
	cursor->time_ns = perf_layout_time(&live->pump->layout, cursor->record, cursor->size_bytes);
}

static uint64_t newest_in_ring(struct live *live, struct perf_ring *ring)
{
	const uint8_t *record;
	size_t size_bytes;
	uint64_t start = ring->tail, newest = 0;

	while (perf_ring_peek(ring, &record, &size_bytes)) {
		newest = MAX(newest, perf_layout_time(&live->pump->layout, record, size_bytes));
		perf_ring_skip(ring, size_bytes);
	}
	ring->tail = start;
	return newest;
}

/* Everything that the rings hold from before this moment is in them by now. */
static uint64_t settled_until(struct live *live)
{
	struct timespec now;

	if (live->clock_id < 0 || clock_gettime(live->clock_id, &now) != 0)
		return live->newest_ns;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec - SETTLE_NS;
}

static size_t oldest_cursor(const struct live *live)
{
	size_t oldest = live->events->ring_count;

	for (size_t i = 0; i < live->events->ring_count; i++) {
		const struct live_cursor *cursor = &live->cursors[i];

		/* side-band rings come second: at the same time they go first */
		if (cursor->record && (oldest == live->events->ring_count ||
				       cursor->time_ns <= live->cursors[oldest].time_ns))
			oldest = i;
	}
	return oldest;
}

void live_pump(struct live *live, bool all)
{
	uint64_t limit_ns = all ? UINT64_MAX : settled_until(live), newest_ns = 0;
	size_t index;

	for (size_t i = 0; i < live->events->ring_count; i++) {
		live->cursors[i].record = NULL;
		if (!live->events->rings[i].page)
			continue;
		perf_ring_snapshot(&live->events->rings[i]);
		if (live->clock_id < 0)
			newest_ns = MAX(newest_ns, newest_in_ring(live, &live->events->rings[i]));
		advance(live, i);
	}
	live->newest_ns = MAX(live->newest_ns, newest_ns);
	while ((index = oldest_cursor(live)) < live->events->ring_count &&
	       live->cursors[index].time_ns <= limit_ns) {
		struct live_cursor *cursor = &live->cursors[index];

		pump_count(live->pump, cursor->record, cursor->size_bytes);
		take_record(live, cursor->record, cursor->size_bytes);
		perf_ring_skip(&live->events->rings[index], cursor->size_bytes);
		perf_ring_release(&live->events->rings[index]);
		advance(live, index);
	}
	live->maps_wait = false;
	for (size_t i = live->events->cpu_count; i < live->events->ring_count; i++)
		live->maps_wait |= live->cursors[i].record != NULL;
	pump_end_round(live->pump);
}

/* A path that led to several files says nothing: their maps tell them apart. */
static bool is_ambiguous(const struct live *live, const struct dso *dso)
{
	for (size_t i = 0; i < live->dsos.dsos.count; i++) {
		const struct dso *other = live->dsos.dsos.items[i];

		if (other != dso && other->kind == DSO_FILE && strcmp(other->path, dso->path) == 0)
			return true;
	}
	return false;
}

void live_describe(struct live *live, const struct record_namer *namer)
{
	for (size_t i = 0; i < live->dsos.dsos.count && i < live->hit_allocated; i++) {
		const struct dso *dso = live->dsos.dsos.items[i];
		const struct build_id *id = &dso->build_id;
		auto_free char *path = NULL;

		if (!live->hit[i] || dso->kind != DSO_FILE)
			continue;
		if (!id->size_bytes && dso->image)
			id = &dso->image->build_id;
		if (!id->size_bytes || is_ambiguous(live, dso))
			continue;
		path = x_asprintf("%s%s", dso->path, dso->deleted ? " (deleted)" : "");
		perf_writer_build_id(live->pump->writer, -1, PERF_RECORD_MISC_USER, path, id->bytes,
				     id->size_bytes);
	}
	kept_names_write(&live->kept, &live->dsos, namer, live->pump->writer);
}
