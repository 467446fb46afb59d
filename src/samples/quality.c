#include "samples/quality.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool quality_is_thread_root(struct str name)
{
	static const char *const roots[] = {
		"_start",
		"__libc_start_call_main",
		"__libc_start_main",
		"__libc_start_main_impl",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		"start_thread",
		"thread_start",
		"_dl_start_user",
		"_start_c",
		"runtime.goexit",
		"runtime.mstart",
		"runtime.rt0_go",
		"_rt0_amd64",
		"kthread",
		"common_startup_64",
		"x86_64_start_kernel",
		"start_kernel",
		"__primary_switched",
		"__secondary_switched",
	};

	if (str_starts_with(name, STR("ret_from_fork")) ||
	    str_starts_with(name, STR("secondary_startup_64")) ||
	    str_starts_with(name, STR("__libc_start_main@")))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (str_is(name, roots[i]))
			return true;
	return false;
}

/* What is asked of whole stacks, answered for each node from its parent's answer. */
enum stack_marks {
	STACK_HAS_MAIN = 1 << 0,
	STACK_GUESSED = 1 << 1,
	STACK_STITCHED = 1 << 2,
	STACK_AT_ROOT = 1 << 3, /* the outermost frame is a thread root */
};

static uint8_t *mark_stacks(const struct profile *profile)
{
	uint8_t *marks = x_calloc(profile->nodes.count, 1);
	uint32_t main_name = intern_find(&profile->texts, STR("main"));

	for (size_t i = 1; i < profile->nodes.count; i++) {
		const struct profile_node *node = &profile->nodes.items[i];
		const struct profile_frame *frame = &profile->frames.items[node->frame];

		marks[i] = marks[node->parent];
		if (frame->name && frame->name == main_name)
			marks[i] |= STACK_HAS_MAIN;
		if (frame->flags & PROFILE_FRAME_GUESSED)
			marks[i] |= STACK_GUESSED;
		if (frame->flags & PROFILE_FRAME_STITCHED)
			marks[i] |= STACK_STITCHED;
		if (!node->parent && quality_is_thread_root(interned(&profile->texts, frame->name)))
			marks[i] |= STACK_AT_ROOT;
	}
	return marks;
}

void quality_find_ends(struct profile *profile)
{
	auto_free uint8_t *marks = mark_stacks(profile);

	for (size_t i = 0; i < profile->samples.count; i++) {
		struct profile_sample *sample = &profile->samples.items[i];

		if (sample->end != PROFILE_END_NO_STACK && (marks[sample->node] & STACK_AT_ROOT))
			sample->end = PROFILE_END_COMPLETE;
	}
}

struct meter {
	const struct profile *profile;
	struct quality_dso *rows; /* per text id of a dso's name */
	uint64_t *weights;	  /* per node: of the stacks that go through it */
	uint64_t frames, unnamed;
	uint64_t ends[PROFILE_END_COUNT], has_main, guessed, stitched; /* of whole stacks */
};

/* Every frame counts as often as stacks go through it. */
static void measure_frames(struct meter *meter)
{
	const struct profile *profile = meter->profile;

	for (size_t i = profile->nodes.count; i > 1; i--) {
		const struct profile_node *node = &profile->nodes.items[i - 1];
		const struct profile_frame *frame = &profile->frames.items[node->frame];
		struct quality_dso *row = &meter->rows[frame->dso];
		uint64_t weight = meter->weights[i - 1];

		meter->weights[node->parent] += weight;
		row->frames += weight;
		meter->frames += weight;
		if (frame->flags & PROFILE_FRAME_UNNAMED) {
			row->unnamed += weight;
			meter->unnamed += weight;
		}
		if (frame->flags & PROFILE_FRAME_GUESSED)
			row->guessed += weight;
	}
}

static uint32_t *find_outermost(const struct profile *profile)
{
	uint32_t *outermost = x_calloc(profile->nodes.count, sizeof(*outermost));

	for (uint32_t i = 1; i < profile->nodes.count; i++) {
		uint32_t parent = profile->nodes.items[i].parent;

		outermost[i] = parent ? outermost[parent] : i;
	}
	return outermost;
}

static bool is_early(enum profile_end end)
{
	return end == PROFILE_END_CUT || end == PROFILE_END_NO_INFO ||
	       end == PROFILE_END_UNMAPPED || end == PROFILE_END_DAMAGED ||
	       end == PROFILE_END_TOO_DEEP;
}

static int compare_harm(const void *left, const void *right, void *context)
{
	const struct quality_dso *a = left, *b = right;
	const struct profile *profile = context;
	uint64_t harm_a = a->ended_early + a->unnamed, harm_b = b->ended_early + b->unnamed;

	if (harm_a != harm_b)
		return harm_a < harm_b ? 1 : -1;
	if (a->frames != b->frames)
		return a->frames < b->frames ? 1 : -1;
	return strcmp(profile_text(profile, a->dso), profile_text(profile, b->dso));
}

static void keep_dsos(struct meter *meter, struct quality *quality)
{
	const struct profile *profile = meter->profile;

	for (uint32_t i = 0; i < profile->texts.count; i++)
		meter->rows[i].facts = UINT32_MAX;
	for (uint32_t i = 0; i < profile->dsos.count; i++)
		meter->rows[profile->dsos.items[i].name].facts = i;
	quality->dsos = meter->rows;
	for (uint32_t i = 0; i < profile->texts.count; i++) {
		struct quality_dso row = meter->rows[i];

		if (!row.frames)
			continue;
		row.dso = i;
		quality->dsos[quality->dso_count++] = row;
	}
	qsort_r(quality->dsos, quality->dso_count, sizeof(*quality->dsos), compare_harm,
		(void *)(uintptr_t)profile);
}

static void measure_stacks(struct meter *meter, const struct profile_selection *selection)
{
	const struct profile *profile = meter->profile;
	auto_free uint8_t *marks = mark_stacks(profile);
	auto_free uint32_t *outermost = find_outermost(profile);

	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];
		uint8_t stack = marks[sample->node];

		meter->weights[sample->node] += sample->weight;
		meter->ends[sample->end] += sample->weight;
		if (stack & STACK_HAS_MAIN)
			meter->has_main += sample->weight;
		if (stack & STACK_GUESSED)
			meter->guessed += sample->weight;
		if (stack & STACK_STITCHED)
			meter->stitched += sample->weight;
		if (sample->node) {
			uint32_t last = profile->nodes.items[outermost[sample->node]].frame;
			struct quality_dso *row = &meter->rows[profile->frames.items[last].dso];

			row->ends[sample->end] += sample->weight;
			if (is_early(sample->end))
				row->ended_early += sample->weight;
		}
	}
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

struct quality quality_measure(const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	struct quality quality = { 0 };
	struct meter meter = {
		.profile = profile,
		.rows = x_calloc(profile->texts.count, sizeof(struct quality_dso)),
		.weights = x_calloc(profile->nodes.count, sizeof(uint64_t)),
	};

	measure_stacks(&meter, selection);
	measure_frames(&meter);
	for (size_t i = 0; i < PROFILE_END_COUNT; i++)
		quality.ends[i] = ratio(meter.ends[i], selection->weight);
	quality.complete = quality.ends[PROFILE_END_COMPLETE];
	quality.reaches_main = ratio(meter.has_main, selection->weight);
	quality.guessed = ratio(meter.guessed, selection->weight);
	quality.stitched = ratio(meter.stitched, selection->weight);
	quality.unnamed_frames = ratio(meter.unnamed, meter.frames);
	quality.frames_per_stack = ratio(meter.frames, selection->weight);
	keep_dsos(&meter, &quality);
	free(meter.weights);
	return quality;
}

void quality_done(struct quality *quality)
{
	free(quality->dsos);
	*quality = (struct quality){ 0 };
}
