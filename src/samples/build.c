#include "samples/build.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/id_table.h"
#include "base/memory.h"
#include "perf/data.h"
#include "samples/group_reader.h"
#include "samples/quality.h"
#include "samples/skid.h"
#include "session/session.h"
#include "symbol/symbolizer.h"

enum {
	PROGRESS_EVERY = 256, /* records and places */
	MAX_CODES = 4096,
};

/* A place in code, named at the end. Equal ones share an id. */
struct location {
	struct dso *dso;  /* NULL: no map covered it */
	uint64_t address; /* dso address; the process's where dso is NULL */
	uint64_t time_ns; /* first seen: which code a JIT had there then */
	uint32_t flags;	  /* PROFILE_FRAME_* that came with it */
};

static_assert(PROFILE_END_NO_STACK == (int)UNWIND_END_COUNT, "the ends of unwind_end come first");

VEC_DEFINE(location_vec, struct location)
VEC_DEFINE(index_vec, uint32_t)

struct builder {
	const struct profile_load_options *options;
	struct profile *profile;
	struct perf_data *data;
	struct dso_table dsos;
	struct session *session;
	struct symbolizer *symbolizer;
	struct location_vec locations;
	struct id_table location_table, node_table;
	struct profile_node_vec nodes; /* the trie of locations: `frame` is a location */
	struct group_reader groups;
	struct index_vec event_of;  /* evsel -> profile event */
	struct index_vec thread_of; /* session thread -> profile thread + 1 */
	struct index_vec comm_of;   /* session text -> profile text + 1 */
	struct index_vec text_of;   /* symbolizer text -> profile text + 1 */
	/* per location: its frames in `chain_frames`, outermost first */
	uint32_t *chain_start;
	struct index_vec chain_frames;
};

static uint64_t location_hash(const struct location *location)
{
	return hash_mix(hash_mix((uintptr_t)location->dso, location->address), location->flags);
}

static uint64_t location_row_hash(const void *rows, uint32_t id)
{
	const struct builder *builder = rows;

	return location_hash(&builder->locations.items[id]);
}

static bool location_is(const void *rows, uint32_t id, const void *key)
{
	const struct builder *builder = rows;
	const struct location *a = &builder->locations.items[id], *b = key;

	return a->dso == b->dso && a->address == b->address && a->flags == b->flags;
}

static uint64_t node_hash(const struct profile_node *node)
{
	return hash_mix(hash_mix(1, (uint64_t)node->parent << 32 | node->frame), 0);
}

static uint64_t node_row_hash(const void *rows, uint32_t id)
{
	const struct builder *builder = rows;

	return node_hash(&builder->nodes.items[id]);
}

static bool node_is(const void *rows, uint32_t id, const void *key)
{
	const struct builder *builder = rows;
	const struct profile_node *a = &builder->nodes.items[id], *b = key;

	return a->parent == b->parent && a->frame == b->frame;
}

static const struct id_table_rows location_rows = { location_row_hash, location_is };
static const struct id_table_rows node_rows = { node_row_hash, node_is };

static uint32_t location_id(struct builder *builder, const struct location *location)
{
	struct id_table *table = &builder->location_table;
	uint32_t *slot =
		id_table_slot(table, &location_rows, builder, location_hash(location), location);

	if (*slot)
		return *slot - 1;
	location_vec_push(&builder->locations, *location);
	return id_table_put(table, slot, (uint32_t)builder->locations.count - 1);
}

static uint32_t node_id(struct builder *builder, uint32_t parent, uint32_t location)
{
	struct id_table *table = &builder->node_table;
	const struct profile_node node = { parent, location };
	uint32_t *slot = id_table_slot(table, &node_rows, builder, node_hash(&node), &node);

	if (*slot)
		return *slot - 1;
	profile_node_vec_push(&builder->nodes, node);
	return id_table_put(table, slot, (uint32_t)builder->nodes.count - 1);
}

/* The slot for `index` of a table that grows as indices come up; new ones are 0. */
static uint32_t *memo(struct index_vec *table, size_t index)
{
	while (table->count <= index)
		index_vec_push(table, 0);
	return &table->items[index];
}

static uint32_t comm_text(struct builder *builder, uint32_t session_text)
{
	uint32_t *known = memo(&builder->comm_of, session_text);

	if (!*known)
		*known = intern(&builder->profile->texts,
				interned(session_texts(builder->session), session_text)) +
			 1;
	return *known - 1;
}

static uint32_t thread_index(struct builder *builder, const struct session_thread *thread)
{
	uint32_t *known = memo(&builder->thread_of, thread->index);

	if (!*known) {
		profile_thread_vec_push(&builder->profile->threads,
					(struct profile_thread){
						.pid = thread->pid,
						.tid = thread->tid,
						.is_kernel = thread->is_kernel,
					});
		*known = (uint32_t)builder->profile->threads.count;
	}
	return *known - 1;
}

static uint32_t frame_flags(const struct unwind_frame *frame)
{
	uint32_t flags = 0;

	if (frame->flags & UNWIND_FRAME_GUESSED)
		flags |= PROFILE_FRAME_GUESSED;
	if (frame->flags & UNWIND_FRAME_STITCHED)
		flags |= PROFILE_FRAME_STITCHED;
	return flags;
}

static uint32_t stack_node(struct builder *builder, const struct session_sample *sample)
{
	uint32_t node = 0;

	for (size_t i = sample->frame_count; i > 0; i--) {
		const struct unwind_frame *frame = &sample->frames[i - 1];
		const struct location location = {
			.dso = frame->dso,
			.address = frame->dso ? frame->address : frame->ip,
			.time_ns = sample->raw->time_ns,
			.flags = frame_flags(frame),
		};

		node = node_id(builder, node, location_id(builder, &location));
	}
	return node;
}

/* Thread roots that only their names tell are looked for later: quality_find_ends. */
static enum profile_end sample_end(const struct session_sample *sample)
{
	if (!sample->from_dump && !bytes_left(&sample->raw->callchain))
		return PROFILE_END_NO_STACK;
	return (enum profile_end)sample->end;
}

static void add_member(struct builder *builder, const struct session_sample *sample, uint32_t node,
		       uint32_t evsel, uint64_t period)
{
	if (evsel >= builder->event_of.count)
		return;
	profile_add_sample(
		builder->profile,
		&(struct profile_sample){
			.time_ns = sample->raw->time_ns,
			.weight = period,
			.count = 1,
			.node = node,
			.thread = thread_index(builder, sample->thread),
			.comm = comm_text(builder, sample->comm),
			.cpu = sample->raw->cpu,
			.event = (uint16_t)builder->event_of.items[evsel],
			.end = (uint8_t)(builder->options->no_stacks ? PROFILE_END_UNKNOWN
								     : sample_end(sample)),
		});
}

static void add_sample(void *context, const struct session_sample *sample)
{
	struct builder *builder = context;
	const struct perf_sample *raw = sample->raw;
	uint32_t node = stack_node(builder, sample);
	struct group_member members[GROUP_MEMBERS_MAX];
	size_t count;

	if (sample->from_dump)
		builder->profile->stacks = PROFILE_STACKS_DUMPS;
	if (!bytes_left(&raw->read_values)) {
		add_member(builder, sample, node, raw->evsel, raw->period);
		return;
	}
	count = group_reader_read(&builder->groups, builder->data, raw, members);
	for (size_t i = 0; i < count; i++)
		add_member(builder, sample, node, members[i].evsel, members[i].period);
}

/* A name of the symbolizer as a text of the profile. */
static uint32_t symbol_text(struct builder *builder, uint32_t symbolizer_text)
{
	uint32_t *known = memo(&builder->text_of, symbolizer_text);

	if (!*known)
		*known = intern(&builder->profile->texts,
				interned(symbolizer_texts(builder->symbolizer), symbolizer_text)) +
			 1;
	return *known - 1;
}

static uint32_t dso_flags(const struct dso *dso)
{
	switch (dso->kind) {
	case DSO_KERNEL:
	case DSO_MODULE:
	case DSO_BPF:
		return PROFILE_FRAME_KERNEL;
	case DSO_JIT:
		return PROFILE_FRAME_JIT;
	case DSO_FILE:
	case DSO_VDSO:
	case DSO_UNMAPPED:
		return 0;
	}
	return 0;
}

/* perf's words for code that was made at run time: its dso is the map that names it. */
static bool is_anonymous(const struct dso *dso)
{
	struct str path = str_from(dso->path);

	return dso->kind == DSO_JIT &&
	       (str_starts_with(path, STR("//anon")) || str_starts_with(path, STR("/dev/zero")) ||
		str_starts_with(path, STR("/anon_hugepage")));
}

static void set_dso_texts(struct profile *profile, const struct dso *dso, uint32_t *ret_name,
			  uint32_t *ret_path)
{
	char name[32], path[32];

	if (!is_anonymous(dso)) {
		*ret_name = intern_text(&profile->texts, dso->name);
		*ret_path = intern_text(&profile->texts, dso->path);
		return;
	}
	snprintf(name, sizeof(name), "[JIT] tid %d", dso->pid);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", dso->pid);
	*ret_name = intern_text(&profile->texts, name);
	*ret_path = intern_text(&profile->texts, path);
}

/* Functions of a stripped program are told apart by where they begin: "[gzip+0x4270]". */
static uint32_t place_text(struct profile *profile, const struct dso *dso, uint64_t start,
			   bool *ret_is_new)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "[%s+0x%" PRIx64 "]", dso->name, start);
	*ret_is_new = intern_find(&profile->texts, strbuf_str(&text)) == UINT32_MAX;
	return intern(&profile->texts, strbuf_str(&text));
}

/* What its code shows, once for each function that has no name. */
static void mark_place(struct builder *builder, struct dso *dso, uint64_t start,
		       const struct profile_frame *frame)
{
	auto_strbuf struct strbuf marks = STRBUF_INIT;
	struct profile *profile = builder->profile;

	if (profile->codes.count == MAX_CODES)
		return;
	symbolizer_code_marks(builder->symbolizer, dso, start, &marks);
	profile_code_vec_push(
		&profile->codes,
		(struct profile_code){ .dso = frame->dso,
				       .name = frame->name,
				       .marks = intern(&profile->texts, strbuf_str(&marks)) });
}

static void name_location(struct builder *builder, const struct location *location)
{
	struct profile *profile = builder->profile;
	struct dso *dso = location->dso;
	struct profile_frame frame = { .flags = location->flags | PROFILE_FRAME_UNNAMED };
	struct symbol_frames names;

	if (!dso || dso->kind == DSO_UNMAPPED) {
		index_vec_push(&builder->chain_frames, profile_frame(profile, &frame));
		return;
	}
	names = symbolizer_find(builder->symbolizer, dso, location->address, location->time_ns);
	set_dso_texts(profile, dso, &frame.dso, &frame.dso_path);
	for (uint32_t i = names.count; i > 0; i--) {
		const struct symbol_frame *name = &names.items[i - 1];

		frame.flags = location->flags | dso_flags(dso) |
			      (name->inlined ? PROFILE_FRAME_INLINED : 0) |
			      (name->name ? 0 : PROFILE_FRAME_UNNAMED);
		frame.name = symbol_text(builder, name->name);
		frame.file = symbol_text(builder, name->file);
		frame.line = name->line;
		frame.address = names.symbol_start ? names.symbol_start : location->address;
		if (!name->name && names.symbol_start) {
			bool is_new;

			frame.name = place_text(profile, dso, names.symbol_start, &is_new);
			if (is_new)
				mark_place(builder, dso, names.symbol_start, &frame);
		}
		index_vec_push(&builder->chain_frames, profile_frame(profile, &frame));
	}
}

static int compare_locations(const void *left, const void *right, void *context)
{
	const struct location *locations = context;
	const struct location *a = &locations[*(const uint32_t *)left];
	const struct location *b = &locations[*(const uint32_t *)right];
	uint32_t dso_a = a->dso ? a->dso->id : UINT32_MAX, dso_b = b->dso ? b->dso->id : UINT32_MAX;

	if (dso_a != dso_b)
		return dso_a < dso_b ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

/* By dso and address, so that neighbours share what was read of their debug information. */
static void name_locations(struct builder *builder)
{
	const struct profile_load_options *options = builder->options;
	size_t count = builder->locations.count;
	auto_free uint32_t *order = x_calloc(count, sizeof(*order));
	uint32_t *ends = x_calloc(count * 2, sizeof(*ends));

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_locations, builder->locations.items);
	builder->chain_start = ends;
	for (size_t i = 0; i < count; i++) {
		if (options->on_progress && i % PROGRESS_EVERY == 0)
			options->on_progress(options->progress_context, "naming", i, count);
		ends[order[i] * 2] = (uint32_t)builder->chain_frames.count;
		name_location(builder, &builder->locations.items[order[i]]);
		ends[order[i] * 2 + 1] = (uint32_t)builder->chain_frames.count;
	}
}

/* The trie of locations becomes the trie of frames; parents come first in both. */
static void make_stacks(struct builder *builder)
{
	struct profile *profile = builder->profile;
	auto_free uint32_t *node_of = x_calloc(builder->nodes.count, sizeof(*node_of));

	for (size_t i = 1; i < builder->nodes.count; i++) {
		const struct profile_node *node = &builder->nodes.items[i];
		uint32_t at = node_of[node->parent];
		const uint32_t *range = &builder->chain_start[(size_t)node->frame * 2];

		for (uint32_t f = range[0]; f < range[1]; f++)
			at = profile_node(profile, at, builder->chain_frames.items[f]);
		node_of[i] = at;
	}
	for (size_t i = 0; i < profile->samples.count; i++)
		profile->samples.items[i].node = node_of[profile->samples.items[i].node];
}

static void name_threads(struct builder *builder)
{
	for (size_t i = 0; i < builder->thread_of.count; i++) {
		uint32_t known = builder->thread_of.items[i];

		if (known)
			builder->profile->threads.items[known - 1].comm =
				comm_text(builder, session_thread(builder->session, i)->comm);
	}
}

static void describe_dsos(struct builder *builder)
{
	struct profile *profile = builder->profile;
	auto_free bool *hit = x_calloc(builder->dsos.dsos.count, sizeof(*hit));

	for (size_t i = 0; i < builder->locations.count; i++)
		if (builder->locations.items[i].dso)
			hit[builder->locations.items[i].dso->id] = true;
	for (size_t i = 0; i < builder->dsos.dsos.count; i++) {
		struct dso *dso = builder->dsos.dsos.items[i];
		struct dso_build_facts facts;
		struct profile_dso *row;
		uint32_t id, name, path;

		if (!hit[i])
			continue;
		facts = symbolizer_build_facts(builder->symbolizer, dso);
		set_dso_texts(profile, dso, &name, &path);
		id = profile_dso(profile, name, path);
		row = &profile->dsos.items[id];
		row->has_symbols |= facts.has_symtab;
		row->has_debug_info |= facts.has_debug_info;
		row->has_unwind_info |= facts.has_unwind_info;
		row->unoptimised |= facts.unoptimised;
		row->names_hidden |= facts.names_hidden;
		row->split_missing |= facts.split_dwarf_missing;
		row->missing |= dso->state == DSO_MISSING || dso->state == DSO_DAMAGED;
		row->wrong_build_id |= dso->state == DSO_WRONG_BUILD_ID;
		if (facts.producer)
			row->producer = symbol_text(builder, facts.producer);
	}
}

static char *copy_or_null(const char *text)
{
	return text ? x_strdup(text) : NULL;
}

static void describe_recording(struct builder *builder)
{
	struct profile *profile = builder->profile;
	const struct perf_data *data = builder->data;

	profile->format = "perf.data";
	if (profile->stacks != PROFILE_STACKS_DUMPS)
		profile->stacks = bytes_left(&data->own_section) ? PROFILE_STACKS_LIVE
								 : PROFILE_STACKS_CHAINS;
	profile->command = copy_or_null(data->machine.cmdline);
	profile->hostname = copy_or_null(data->machine.hostname);
	profile->os_release = copy_or_null(data->machine.os_release);
	profile->cpu = copy_or_null(data->machine.cpu_desc);
	profile->cpu_count = data->machine.cpus_online;
	profile->lost_records = data->tally.lost_records;
	profile->lost_samples = data->tally.lost_samples;
	profile->throttled = data->tally.throttled;
	if (data->damage)
		profile->damage =
			x_asprintf("%s (offset %" PRIu64 ")", data->damage, data->damage_offset);
}

/* Two events of one name are two events all the same: the later ones get a number. */
static uint32_t add_event(struct profile *profile, const struct perf_evsel *evsel)
{
	const char *name = evsel->name ? evsel->name : "unknown";
	auto_free char *unique = x_strdup(name);
	struct profile_event *event;
	uint32_t id;

	for (unsigned n = 2; n < 100; n++) {
		bool taken = false;

		for (size_t i = 0; i < profile->events.count; i++)
			taken |= strcmp(profile->events.items[i].name, unique) == 0;
		if (!taken)
			break;
		free(unique);
		unique = x_asprintf("%s#%u", name, n);
	}
	id = profile_event(profile, unique);
	event = &profile->events.items[id];
	if (evsel->attr.freq)
		event->sampling_hz = evsel->attr.sample_freq;
	event->is_clock = evsel->attr.type == PERF_TYPE_SOFTWARE &&
			  (evsel->attr.config == PERF_COUNT_SW_CPU_CLOCK ||
			   evsel->attr.config == PERF_COUNT_SW_TASK_CLOCK);
	event->is_time |= event->is_clock;
	if (event->is_clock)
		event->unit = "ns";
	return id;
}

/* Pipes announce events as they come, so that the table is brought up to date at each record. */
static void add_new_events(struct builder *builder)
{
	while (builder->event_of.count < builder->data->evsels.count) {
		const struct perf_evsel *evsel =
			&builder->data->evsels.items[builder->event_of.count];

		index_vec_push(&builder->event_of, add_event(builder->profile, evsel));
	}
}

/* The first event with samples that measures time, else the first one with samples. */
static void choose_default_event(struct profile *profile)
{
	for (uint32_t i = 0; i < profile->events.count; i++) {
		const struct profile_event *event = &profile->events.items[i];

		if (event->samples && event->is_time) {
			profile->default_event = i;
			return;
		}
	}
}

static uint64_t size_of_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

static void read_samples(struct builder *builder, const char *path)
{
	const struct profile_load_options *options = builder->options;
	uint64_t total = options->on_progress ? size_of_file(path) : 0, records = 0;
	const struct session_options session_options = {
		.max_frames = options->max_frames,
		.no_stacks = options->no_stacks,
	};
	struct perf_record record;

	builder->session = session_new(&builder->dsos, &session_options);
	while (perf_data_next(builder->data, &record) == PERF_NEXT_RECORD) {
		if (options->on_progress && records++ % PROGRESS_EVERY == 0)
			options->on_progress(options->progress_context, "reading",
					     record.file_offset, total);
		add_new_events(builder);
		builder->dsos.recorded_hostname = builder->data->machine.hostname;
		builder->dsos.recorded_os_release = builder->data->machine.os_release;
		session_apply(builder->session, builder->data, &record, add_sample, builder);
	}
}

static void name_everything(struct builder *builder)
{
	const struct profile_load_options *options = builder->options;
	const struct symbolizer_options symbolizer_options = {
		.inlines = !options->no_inlines,
		.lines = !options->no_lines,
		.demangle = true,
	};

	builder->symbolizer = symbolizer_new(&builder->dsos, &symbolizer_options);
	name_locations(builder);
	make_stacks(builder);
	name_threads(builder);
	describe_dsos(builder);
	quality_find_ends(builder->profile);
	skid_find(builder->profile);
}

static void builder_done(struct builder *builder)
{
	symbolizer_free(builder->symbolizer);
	session_free(builder->session);
	dso_table_done(&builder->dsos);
	perf_data_free(builder->data);
	location_vec_done(&builder->locations);
	id_table_done(&builder->location_table);
	id_table_done(&builder->node_table);
	profile_node_vec_done(&builder->nodes);
	index_vec_done(&builder->event_of);
	index_vec_done(&builder->thread_of);
	index_vec_done(&builder->comm_of);
	index_vec_done(&builder->text_of);
	index_vec_done(&builder->chain_frames);
	free(builder->chain_start);
	group_reader_done(&builder->groups);
}

struct error *build_profile(const char *path, const struct profile_load_options *options,
			    struct profile **ret)
{
	struct builder builder = { .options = options };

	TRY(perf_data_open(path, &builder.data));
	builder.profile = profile_new();
	dso_table_init(&builder.dsos, &options->dso);
	profile_node_vec_push(&builder.nodes, (struct profile_node){ 0 });
	read_samples(&builder, path);
	name_everything(&builder);
	describe_recording(&builder);
	choose_default_event(builder.profile);
	*ret = builder.profile;
	builder_done(&builder);
	return NULL;
}
