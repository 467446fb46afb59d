#include <string.h>

#include "base/json_out.h"
#include "base/memory.h"
#include "render/reading.h"
#include "render/report.h"
#include "samples/table.h"

enum {
	TIMELINE_SLOTS = 50,
	TIMELINE_THREADS = 100, /* those with most weight get one */
	STACK_FRAMES_MAX = 65536,
};

struct writer {
	struct json_writer json;
	const struct profile_selection *selection;
	const struct profile *profile;
	const struct report_options *options;
};

static const char *text_or_null(const struct profile *profile, uint32_t text)
{
	return text ? profile_text(profile, text) : NULL;
}

static void write_recording(struct writer *w)
{
	const struct profile *profile = w->profile;
	const struct profile_event *event = &profile->events.items[w->selection->event];
	uint64_t window_ns = w->selection->to_ns - w->selection->from_ns;

	json_key_text(&w->json, "source", profile->source);
	json_key_text(&w->json, "format", profile->format);
	json_key_text(&w->json, "command", profile->command);
	json_key_text(&w->json, "hostname", profile->hostname);
	json_key_text(&w->json, "os_release", profile->os_release);
	json_key_text(&w->json, "cpu", profile->cpu);
	json_key_uint(&w->json, "cpus", profile->cpu_count);
	json_key_text(&w->json, "event", event->name);
	json_key_text(&w->json, "unit", event->unit);
	json_key_uint(&w->json, "samples", w->selection->sample_count);
	json_key_real(&w->json, "weight", (double)w->selection->weight / (double)event->scale);
	json_key_uint(&w->json, "sampling_hz", event->sampling_hz);
	json_key_bool(&w->json, "filtered", w->selection->is_filtered);
	json_key_real(&w->json, "duration_s", (double)window_ns / 1e9);
	json_key_uint(&w->json, "lost_samples", profile->lost_samples);
	json_key_uint(&w->json, "lost_records", profile->lost_records);
	json_key_uint(&w->json, "throttled", profile->throttled);
	reading_json(&w->json, profile);
	json_key_bool(&w->json, "partial", profile->damage != NULL);
	json_key_text(&w->json, "damage", profile->damage);
	json_key(&w->json, "events");
	json_array_begin(&w->json);
	for (size_t i = 0; i < profile->events.count; i++) {
		const struct profile_event *other = &profile->events.items[i];

		json_object_begin(&w->json);
		json_key_text(&w->json, "event", other->name);
		json_key_text(&w->json, "unit", other->unit);
		json_key_uint(&w->json, "samples", other->samples);
		json_key_real(&w->json, "weight", (double)other->weight / (double)other->scale);
		json_object_end(&w->json);
	}
	json_array_end(&w->json);
}

static const char *const end_keys[PROFILE_END_COUNT] = {
	[PROFILE_END_COMPLETE] = "complete",	   [PROFILE_END_CUT] = "cut",
	[PROFILE_END_NO_INFO] = "no_unwind_info",  [PROFILE_END_UNMAPPED] = "unmapped",
	[PROFILE_END_DAMAGED] = "damaged",	   [PROFILE_END_TOO_DEEP] = "too_deep",
	[PROFILE_END_KERNEL_ONLY] = "kernel_only", [PROFILE_END_NO_STACK] = "no_stack",
	[PROFILE_END_UNKNOWN] = "unknown",
};

static void write_share(struct writer *w, const char *key, uint64_t part, uint64_t whole)
{
	json_key_real(&w->json, key, whole ? (double)part / (double)whole : 0);
}

static void write_mends(struct writer *w, const struct mends *mends)
{
	json_key(&w->json, "mends");
	json_array_begin(&w->json);
	for (size_t i = 0; i < mends->count; i++)
		json_text(&w->json, mends->items[i]);
	json_array_end(&w->json);
}

static void write_quality_dso(struct writer *w, const struct quality_dso *dso)
{
	const struct profile *profile = w->profile;
	uint64_t whole = w->selection->weight;
	auto_mends struct mends mends = { 0 };

	json_object_begin(&w->json);
	json_key_text(&w->json, "dso", text_or_null(profile, dso->dso));
	write_share(w, "frames_per_stack", dso->frames, whole);
	write_share(w, "unnamed_frames", dso->unnamed, dso->frames);
	write_share(w, "guessed", dso->guessed, dso->frames);
	for (size_t i = 0; i < PROFILE_END_COUNT; i++)
		write_share(w, end_keys[i], dso->ends[i], whole);
	if (dso->facts != UINT32_MAX) {
		const struct profile_dso *facts = &profile->dsos.items[dso->facts];

		json_key_text(&w->json, "path", text_or_null(profile, facts->path));
		json_key_bool(&w->json, "has_symbols", facts->has_symbols);
		json_key_bool(&w->json, "has_debug_info", facts->has_debug_info);
		json_key_bool(&w->json, "has_unwind_info", facts->has_unwind_info);
		json_key_bool(&w->json, "unoptimised", facts->unoptimised);
		json_key_text(&w->json, "producer", text_or_null(profile, facts->producer));
		json_key_bool(&w->json, "missing", facts->missing);
		json_key_bool(&w->json, "wrong_build_id", facts->wrong_build_id);
	}
	mends_of_dso(w->selection, dso, &w->options->mend, &mends);
	write_mends(w, &mends);
	json_object_end(&w->json);
}

static void write_quality(struct writer *w)
{
	auto_quality struct quality quality = quality_measure(w->selection);
	auto_mends struct mends mends = { 0 };

	json_key(&w->json, "quality");
	json_object_begin(&w->json);
	json_key_real(&w->json, "reaches_main", quality.reaches_main);
	json_key_real(&w->json, "guessed", quality.guessed);
	json_key_real(&w->json, "stitched", quality.stitched);
	json_key_real(&w->json, "unnamed_frames", quality.unnamed_frames);
	json_key_real(&w->json, "frames_per_stack", quality.frames_per_stack);
	for (size_t i = 0; i < PROFILE_END_COUNT; i++)
		json_key_real(&w->json, end_keys[i], quality.ends[i]);
	mends_of_recording(w->selection, &quality, &w->options->mend, &mends);
	write_mends(w, &mends);
	json_key(&w->json, "by_dso");
	json_array_begin(&w->json);
	for (size_t i = 0; i < quality.dso_count; i++)
		write_quality_dso(w, &quality.dsos[i]);
	json_array_end(&w->json);
	json_object_end(&w->json);
}

static void write_timeline(struct writer *w, uint32_t thread, bool with_slots)
{
	double slots[TIMELINE_SLOTS], busy;

	if (!with_slots || !table_timeline(w->selection, thread, slots, TIMELINE_SLOTS, &busy)) {
		json_key(&w->json, "busy");
		json_null(&w->json);
		return;
	}
	json_key_real(&w->json, "busy", busy);
	json_key(&w->json, "timeline");
	json_array_begin(&w->json);
	for (size_t i = 0; i < TIMELINE_SLOTS; i++)
		json_real(&w->json, (double)(int)(slots[i] * 1000 + 0.5) / 1000);
	json_array_end(&w->json);
}

static void write_threads(struct writer *w)
{
	auto_table struct table table = table_threads(w->selection);

	json_key(&w->json, "threads");
	json_array_begin(&w->json);
	for (size_t i = 0; i < table.count; i++) {
		const struct table_row *row = &table.rows[i];
		const struct profile_thread *thread = &w->profile->threads.items[row->thread];

		json_object_begin(&w->json);
		json_key_int(&w->json, "pid", thread->pid);
		json_key_int(&w->json, "tid", thread->tid);
		json_key_text(&w->json, "comm", profile_text(w->profile, thread->comm));
		json_key_real(&w->json, "share", table_share(&table, row->self));
		json_key_uint(&w->json, "samples", row->samples);
		write_timeline(w, row->thread, i < TIMELINE_THREADS);
		json_object_end(&w->json);
	}
	json_array_end(&w->json);
}

static void write_groups(struct writer *w, const char *key, const char *name_key,
			 const struct table *table)
{
	json_key(&w->json, key);
	json_array_begin(&w->json);
	for (size_t i = 0; i < table->count; i++) {
		const struct table_row *row = &table->rows[i];

		json_object_begin(&w->json);
		json_key_text(&w->json, name_key,
			      row->text ? profile_text(w->profile, row->text) : "[unknown]");
		json_key_real(&w->json, "self", table_share(table, row->self));
		json_key_real(&w->json, "children", table_share(table, row->children));
		json_key_uint(&w->json, "samples", row->samples);
		json_object_end(&w->json);
	}
	json_array_end(&w->json);
}

static void write_place(struct writer *w, uint32_t frame_id)
{
	const struct profile_frame *frame = &w->profile->frames.items[frame_id];
	bool is_named = frame->name && !(frame->flags & PROFILE_FRAME_UNNAMED);

	json_key_text(&w->json, "symbol",
		      is_named ? profile_text(w->profile, frame->name) : "[unknown]");
	if (!is_named)
		json_key_text(&w->json, "place", text_or_null(w->profile, frame->name));
	json_key_text(&w->json, "dso",
		      frame->dso ? profile_text(w->profile, frame->dso) : "[unknown]");
	json_key_text(&w->json, "path", text_or_null(w->profile, frame->dso_path));
	json_key_text(&w->json, "file", text_or_null(w->profile, frame->file));
	json_key(&w->json, "line");
	if (frame->line)
		json_uint(&w->json, frame->line);
	else
		json_null(&w->json);
}

static void write_functions(struct writer *w, const char *key, bool inlined)
{
	auto_table struct table table = table_functions(w->selection, inlined);

	json_key(&w->json, key);
	json_array_begin(&w->json);
	for (size_t i = 0; i < table.count; i++) {
		const struct table_row *row = &table.rows[i];
		uint32_t flags = w->profile->frames.items[row->frame].flags;

		if (inlined && !row->inlined)
			continue;
		json_object_begin(&w->json);
		write_place(w, row->frame);
		json_key_real(&w->json, "self", table_share(&table, row->self));
		json_key_real(&w->json, "children", table_share(&table, row->children));
		json_key_uint(&w->json, "samples", row->samples);
		json_key_uint(&w->json, "children_samples", row->children_samples);
		json_key_bool(&w->json, "kernel", flags & PROFILE_FRAME_KERNEL);
		json_key_bool(&w->json, "unnamed", flags & PROFILE_FRAME_UNNAMED);
		json_key_real(&w->json, "skid", table_share(&table, row->skid));
		json_object_end(&w->json);
	}
	json_array_end(&w->json);
}

static void write_stacks(struct writer *w)
{
	auto_table struct table table = table_stacks(w->selection, true, w->options->stacks);
	auto_free uint32_t *frames = x_calloc(STACK_FRAMES_MAX, sizeof(*frames));

	json_key(&w->json, "stacks");
	json_array_begin(&w->json);
	for (size_t i = 0; i < table.count; i++) {
		size_t count =
			profile_stack(w->profile, table.rows[i].node, frames, STACK_FRAMES_MAX);

		json_object_begin(&w->json);
		json_key_real(&w->json, "share", table_share(&table, table.rows[i].self));
		json_key_uint(&w->json, "samples", table.rows[i].samples);
		json_key(&w->json, "frames"); /* innermost first */
		json_array_begin(&w->json);
		for (size_t f = count; f > 0; f--) {
			uint32_t flags = w->profile->frames.items[frames[f - 1]].flags;

			json_object_begin(&w->json);
			write_place(w, frames[f - 1]);
			json_key_bool(&w->json, "inlined", flags & PROFILE_FRAME_INLINED);
			json_object_end(&w->json);
		}
		json_array_end(&w->json);
		json_object_end(&w->json);
	}
	json_array_end(&w->json);
}

void report_json(FILE *stream, const struct profile_selection *selection,
		 const struct report_options *options)
{
	struct writer writer = {
		.json = json_writer_on(stream),
		.selection = selection,
		.profile = selection->profile,
		.options = options,
	};
	auto_table struct table programs = table_programs(selection);
	auto_table struct table libraries = table_libraries(selection);

	json_object_begin(&writer.json);
	write_recording(&writer);
	write_quality(&writer);
	write_threads(&writer);
	write_groups(&writer, "programs", "comm", &programs);
	write_groups(&writer, "libraries", "dso", &libraries);
	write_functions(&writer, "top", false);
	write_functions(&writer, "top_inlined", true);
	if (options->stacks)
		write_stacks(&writer);
	json_object_end(&writer.json);
	json_finish(&writer.json);
}
