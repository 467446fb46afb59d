#include "render/flame_heading.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/units.h"
#include "render/reading.h"

enum { LEGEND_ROWS = 8 };

static const struct flame_cell *heaviest(const struct flame_layout *layout,
					 const struct flame_cell *below)
{
	const struct flame_cell *best = NULL;

	for (size_t i = 1; i < layout->cell_count; i++) {
		const struct flame_cell *cell = &layout->cells[i];

		if (cell->depth != 1 || layout->names[cell->name].kind != FLAME_PROGRAM)
			continue;
		if (below &&
		    (cell->total > below->total || (cell->total == below->total && cell <= below)))
			continue;
		if (!best || cell->total > best->total)
			best = cell;
	}
	return best;
}

/* "cc1, as, ld and 12 more": what ran, the heaviest first, up to where it is most of the time. */
static void add_programs(struct strbuf *out, const struct flame_layout *layout)
{
	const struct flame_cell *cell = NULL;
	uint64_t shown = 0, whole = layout->cells[0].total;
	size_t count = 0, named = 0;

	for (size_t i = 1; i < layout->cell_count; i++)
		count += layout->cells[i].depth == 1;
	while (named < 3 && (double)shown < 0.95 * (double)whole) {
		cell = heaviest(layout, cell);
		if (!cell)
			break;
		strbuf_add_text(out, named ? ", " : "");
		strbuf_add(out, layout->names[cell->name].label);
		shown += cell->total;
		named++;
	}
	if (named && count > named)
		strbuf_addf(out, " and %zu more", count - named);
}

static void add_title(struct strbuf *out, const struct profile *profile,
		      const struct flame_layout *layout, const char *title)
{
	auto_strbuf struct strbuf programs = STRBUF_INIT;
	const char *slash = profile->source ? strrchr(profile->source, '/') : NULL;

	if (title) {
		strbuf_add_text(out, title);
		return;
	}
	add_programs(&programs, layout);
	strbuf_add_text(out, "Flame graph of ");
	if (programs.len)
		strbuf_add(out, strbuf_str(&programs));
	else if (profile->source)
		strbuf_add_text(out, slash ? slash + 1 : profile->source);
	else
		strbuf_add_text(out, "a profile");
}

/* "12.3 G cycles", "3.21 s": what the weights add up to; samples say it themselves. */
static void add_weight(struct strbuf *out, const struct profile_event *event, uint64_t weight)
{
	static const struct {
		double size;
		const char *letter;
	} steps[] = { { 1e12, "T " }, { 1e9, "G " }, { 1e6, "M " }, { 1e3, "k " } };
	double value = (double)weight / (double)MAX(event->scale, (uint64_t)1);

	if (strcmp(event->unit, "samples") == 0)
		return;
	strbuf_add_text(out, " \xc2\xb7 ");
	if (strcmp(event->unit, "ns") == 0) {
		units_duration(out, (uint64_t)value);
		strbuf_add_text(out, event->is_clock ? " of CPU time" : "");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (value >= steps[i].size) {
			strbuf_addf(out, "%.2f %s%s", value / steps[i].size, steps[i].letter,
				    event->unit);
			return;
		}
	}
	strbuf_addf(out, "%.0f %s", value, event->unit);
}

static void count_ends(const struct profile_selection *selection, uint64_t *ends)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&selection->profile->samples.items[selection->samples[i]];

		if (sample->end < PROFILE_END_COUNT)
			ends[sample->end] += MAX(sample->count, 1U);
	}
}

/* What is said of stacks that are not complete; complete ones and unknown ones have no words. */
static const char *end_words(enum profile_end end)
{
	switch (end) {
	case PROFILE_END_CUT:
		return "cut";
	case PROFILE_END_NO_INFO:
		return "without unwind information";
	case PROFILE_END_UNMAPPED:
		return "into unmapped memory";
	case PROFILE_END_DAMAGED:
		return "damaged";
	case PROFILE_END_TOO_DEEP:
		return "too deep";
	case PROFILE_END_NO_STACK:
		return "recorded without callers";
	case PROFILE_END_COMPLETE:
	case PROFILE_END_KERNEL_ONLY:
	case PROFILE_END_UNKNOWN:
	case PROFILE_END_COUNT:
		break;
	}
	return NULL;
}

static void add_quality(struct strbuf *out, const struct profile_selection *selection)
{
	uint64_t ends[PROFILE_END_COUNT] = { 0 }, known = 0;

	count_ends(selection, ends);
	for (int end = 0; end < PROFILE_END_COUNT; end++)
		known += end == PROFILE_END_UNKNOWN ? 0 : ends[end];
	if (!known)
		return;
	strbuf_add_text(out, " \xc2\xb7 stacks: ");
	units_percent(out, (double)(ends[PROFILE_END_COMPLETE] + ends[PROFILE_END_KERNEL_ONLY]) /
				   (double)known);
	strbuf_add_text(out, " complete");
	for (int end = 0; end < PROFILE_END_COUNT; end++) {
		const char *words = end_words((enum profile_end)end);

		if (!words || (double)ends[end] < 0.0005 * (double)known)
			continue;
		strbuf_add_text(out, ", ");
		units_percent(out, (double)ends[end] / (double)known);
		strbuf_addf(out, " %s", words);
	}
}

static void add_subtitle(struct strbuf *out, const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;

	if (selection->event < profile->events.count) {
		const struct profile_event *event = &profile->events.items[selection->event];

		/* Folded text does not say what was sampled: its event is called "samples". */
		if (event->name && *event->name && strcmp(event->name, "samples") != 0)
			strbuf_addf(out, "%s \xc2\xb7 ", event->name);
		units_count(out,
			    selection->sample_count ? selection->sample_count : selection->count);
		strbuf_add_text(out, selection->sample_count ? " samples" : " stacks");
		add_weight(out, event, selection->weight);
	} else {
		strbuf_add_text(out, "no samples");
	}
	add_quality(out, selection);
	if (profile->hostname && *profile->hostname)
		strbuf_addf(out, " \xc2\xb7 on %s", profile->hostname);
}

static void add_note(struct flame_heading *heading, struct strbuf *note)
{
	flame_note_vec_push(&heading->notes, strbuf_take(note));
}

static void add_notes(struct flame_heading *heading, const struct profile_selection *selection,
		      const struct flame_layout *layout)
{
	const struct profile *profile = selection->profile;
	struct strbuf note = STRBUF_INIT;

	if (!selection->count) {
		strbuf_add_text(&note, "There are no samples to show.");
		add_note(heading, &note);
	}
	if (profile->damage) {
		strbuf_addf(&note, "The input is damaged, what could be read is shown: %s",
			    profile->damage);
		add_note(heading, &note);
	}
	if (profile->lost_samples) {
		units_count(&note, profile->lost_samples);
		strbuf_add_text(&note,
				profile->lost_samples == 1 ? " sample was" : " samples were");
		strbuf_add_text(&note, " lost while recording.");
		add_note(heading, &note);
	}
	if (profile->ignored_lines) {
		reading_ignored_text(profile, &note);
		add_note(heading, &note);
	}
	if (selection->is_filtered) {
		strbuf_add_text(&note, "Only a part of the recording is shown: it was filtered.");
		add_note(heading, &note);
	}
	if (layout->dropped_cells) {
		strbuf_add_text(&note, "Left out: ");
		units_count(&note, layout->dropped_cells);
		strbuf_addf(&note, " frame%s of less than %.2g %%",
			    layout->dropped_cells == 1 ? "" : "s",
			    100 * (double)layout->dropped_below / (double)layout->cells[0].total);
		strbuf_add_text(&note, layout->dropped_cells == 1 ? "." : " each.");
		add_note(heading, &note);
	}
}

static struct flame_legend legend_of(const struct flame_name *name)
{
	struct flame_legend row = { .kind = name->kind };

	switch (name->kind) {
	case FLAME_KERNEL:
		row.label = STR("kernel");
		break;
	case FLAME_JIT:
		row.label = STR("JIT code");
		break;
	case FLAME_UNNAMED:
		row.label = STR("no symbol found");
		break;
	case FLAME_USER:
	case FLAME_INLINED:
		row.kind = FLAME_USER;
		row.label = name->dso;
		break;
	case FLAME_CUT:
	case FLAME_ALL:
	case FLAME_PROGRAM:
		break;
	}
	row.color = flame_color_of_dso(row.kind, row.label);
	return row;
}

static int compare_legend(const void *left, const void *right)
{
	const struct flame_legend *a = left, *b = right;

	if (a->self != b->self)
		return a->self < b->self ? 1 : -1;
	return str_cmp(a->label, b->label);
}

/* Self time by library; rows of less than a thousandth, and those beyond LEGEND_ROWS, are not
 * shown. */
static void add_legend(struct flame_legend_vec *rows, const struct flame_layout *layout)
{
	auto_free uint32_t *row_of_name = x_calloc(layout->name_count, sizeof(uint32_t));
	struct interner labels = INTERNER_INIT;

	for (size_t i = 0; i < layout->name_count; i++) {
		struct flame_legend row = legend_of(&layout->names[i]);

		if (!row.label.len)
			continue;
		/* Ids count up from 1 in the order of first use, as the rows do. */
		row_of_name[i] = intern(&labels, row.label);
		if (row_of_name[i] > rows->count)
			flame_legend_vec_push(rows, row);
	}
	interner_done(&labels);
	for (size_t i = 0; i < layout->cell_count; i++) {
		const struct flame_cell *cell = &layout->cells[i];

		if (row_of_name[cell->name])
			rows->items[row_of_name[cell->name] - 1].self += cell->self;
	}
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(struct flame_legend), compare_legend);
	rows->count = MIN(rows->count, (size_t)LEGEND_ROWS);
	while (rows->count && rows->items[rows->count - 1].self < layout->cells[0].total / 1000 + 1)
		rows->count--;
}

struct flame_heading flame_heading(const struct profile_selection *selection,
				   const struct flame_layout *layout, const char *title)
{
	struct flame_heading heading = { 0 };

	add_title(&heading.title, selection->profile, layout, title);
	add_subtitle(&heading.subtitle, selection);
	add_notes(&heading, selection, layout);
	add_legend(&heading.legend, layout);
	return heading;
}

void flame_heading_done(struct flame_heading *heading)
{
	strbuf_done(&heading->title);
	strbuf_done(&heading->subtitle);
	for (size_t i = 0; i < heading->notes.count; i++)
		free(heading->notes.items[i]);
	flame_note_vec_done(&heading->notes);
	flame_legend_vec_done(&heading->legend);
}
