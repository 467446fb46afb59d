#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/units.h"
#include "render/reading.h"
#include "render/report.h"
#include "samples/table.h"

enum {
	NUMBERS_COLUMNS = 29, /* "  12.34%   45.67%     1,234  " */
	TIMELINE_COLUMNS = 40,
	NAME_COLUMNS = 46, /* of functions, on 100 columns */
	STACK_NAME_COLUMNS = 60,
	STACK_FRAMES_MAX = 4096,
	STACK_FRAMES_SHOWN = 24, /* the innermost and outermost ones of longer stacks */
};

struct printer {
	const struct term *term;
	FILE *stream;
	const struct profile_selection *selection;
	const struct profile *profile;
	const struct profile_event *event;
	const struct report_options *options;
};

/* A pasted table: shares without samples, and no stacks beyond a function each. */
static bool is_table(const struct printer *p)
{
	return strcmp(p->event->unit, "percent") == 0;
}

static void print_heading(const struct printer *p, const char *text)
{
	fprintf(p->stream, "\n%s%s%s\n", term_style(p->term, TERM_BOLD), text,
		term_style(p->term, TERM_PLAIN));
}

/* Foreign text, clipped to `columns` and, with `pad`, filled up to them. */
static void print_clipped(const struct printer *p, struct str text, unsigned columns, bool pad)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;
	struct str shown;
	unsigned width;

	term_safe(&safe, text);
	shown = strbuf_str(&safe);
	width = term_text_width(shown);
	if (width > columns && columns > 3) {
		shown = term_clip(shown, columns - 2);
		fwrite(shown.ptr, 1, shown.len, p->stream);
		fputs("..", p->stream);
		width = term_text_width(shown) + 2;
	} else {
		fwrite(shown.ptr, 1, shown.len, p->stream);
	}
	for (; pad && width < columns; width++)
		fputc(' ', p->stream);
}

/* Fills `text` to the terminal's width behind `lead`, which takes `indent` columns. */
static void print_filled(const struct printer *p, const char *lead, struct str text,
			 unsigned indent)
{
	unsigned width = MAX(p->term->width, indent + 40), at = indent;
	struct str word;
	bool is_first = true;

	fprintf(p->stream, "%*s", (int)indent, lead);
	while (str_next_word(&text, &word)) {
		unsigned columns = term_text_width(word);

		if (!is_first && at + 1 + columns > width) {
			fprintf(p->stream, "\n%*s", (int)indent, "");
			at = indent;
			is_first = true;
		}
		if (!is_first)
			fputc(' ', p->stream);
		fwrite(word.ptr, 1, word.len, p->stream);
		at += columns + !is_first;
		is_first = false;
	}
	fputc('\n', p->stream);
}

/* operator<, operator<<, operator->, operator<=>, operator() open and close nothing. */
static bool is_plain(struct str name, size_t at)
{
	struct str before = { name.ptr, at };

	if (str_ends_with(before, STR("operator")) || str_ends_with(before, STR("operator<")) ||
	    str_ends_with(before, STR("operator(")) || str_ends_with(before, STR("operator<=")) ||
	    str_ends_with(before, STR("operator>")))
		return true;
	return name.ptr[at] == '>' && at > 0 && name.ptr[at - 1] == '-';
}

/* Adds `name` with ".." for what stands between `open` and `close`. */
static void add_emptied(struct strbuf *out, struct str name, char open, char close)
{
	const struct str kept = STR("(anonymous namespace)");
	unsigned depth = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		struct str rest = { name.ptr + i, name.len - i };

		if (!depth && c == '(' && str_starts_with(rest, kept)) {
			strbuf_add(out, kept);
			i += kept.len - 1;
		} else if (is_plain(name, i)) {
			if (!depth)
				strbuf_add_char(out, c);
		} else if (c == open) {
			if (depth++ == 0)
				strbuf_addf(out, "%c..", c);
		} else {
			if (c == close && depth)
				depth--;
			if (!depth)
				strbuf_add_char(out, c);
		}
	}
}

/* Long arguments hide what a function is: "std::map<..>::find(..)". */
static void add_short_name(struct strbuf *out, struct str name, unsigned columns)
{
	auto_strbuf struct strbuf without_templates = STRBUF_INIT;

	if (term_text_width(name) <= columns) {
		strbuf_add(out, name);
		return;
	}
	add_emptied(&without_templates, name, '<', '>');
	name = strbuf_str(&without_templates);
	if (term_text_width(name) <= columns)
		strbuf_add(out, name);
	else
		add_emptied(out, name, '(', ')');
}

static void print_percent(const struct printer *p, double ratio)
{
	const char *style = ratio >= 0.10   ? term_style(p->term, TERM_RED)
			    : ratio >= 0.01 ? term_style(p->term, TERM_YELLOW)
					    : "";

	fprintf(p->stream, "%s%7.2f%%%s", style, ratio * 100,
		*style ? term_style(p->term, TERM_PLAIN) : "");
}

static void print_count(const struct printer *p, uint64_t count, int width)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (is_table(p)) {
		fprintf(p->stream, "%*s", width, "-");
		return;
	}
	units_count(&text, count);
	fprintf(p->stream, "%*s", width, strbuf_text(&text));
}

static void add_weight(const struct printer *p, struct strbuf *out)
{
	uint64_t weight = p->selection->weight / p->event->scale;

	if (p->event->is_clock) {
		units_duration(out, weight);
		strbuf_add_text(out, " of CPU time");
	} else {
		units_count(out, weight);
		strbuf_addf(out, " %s", p->event->unit);
	}
}

/* "5,960 samples of cpu-clock at 999 Hz over 3.02 s, 5.96 s of CPU time" */
static void add_amount(const struct printer *p, struct strbuf *out)
{
	const struct profile_selection *selection = p->selection;

	/* Pasted stacks: their number is all that there is. */
	if (!selection->sample_count && p->event->scale == 1) {
		units_count(out, selection->weight);
		strbuf_addf(out, " %s", p->event->unit);
		return;
	}
	/* Decimal weights count nothing. */
	if (p->event->scale > 1)
		strbuf_addf(out, "%.10g", (double)selection->weight / (double)p->event->scale);
	else
		units_count(out, selection->sample_count);
	strbuf_add_text(out, " samples");
	if (strcmp(p->event->name, "samples") != 0)
		strbuf_addf(out, " of %s", p->event->name);
	if (p->event->sampling_hz)
		strbuf_addf(out, " at %" PRIu64 " Hz", p->event->sampling_hz);
	if (selection->to_ns > selection->from_ns) {
		strbuf_add_text(out, " over ");
		units_duration(out, selection->to_ns - selection->from_ns);
	}
	/* For folded text the count is all that there is. */
	if (strcmp(p->event->unit, "samples") != 0) {
		strbuf_add_text(out, ", ");
		add_weight(p, out);
	}
}

static void print_what(const struct printer *p)
{
	auto_strbuf struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s (%s): ", p->profile->source, p->profile->format);
	if (is_table(p))
		strbuf_addf(&line, "shares of %s", p->event->name);
	else
		add_amount(p, &line);
	fputs(term_style(p->term, TERM_BOLD), p->stream);
	print_clipped(p, strbuf_str(&line), MAX(p->term->width, 80U) * 2, false);
	fprintf(p->stream, "%s\n", term_style(p->term, TERM_PLAIN));
}

static void print_reading(const struct printer *p)
{
	auto_strbuf struct strbuf ignored = STRBUF_INIT, columns = STRBUF_INIT;

	reading_columns_text(p->profile, &columns);
	reading_ignored_text(p->profile, &ignored);
	if (columns.len) {
		fputs("  ", p->stream);
		term_wrap(p->stream, strbuf_str(&columns), p->term->width, 2);
	}
	if (ignored.len) {
		fputs("  ", p->stream);
		term_wrap(p->stream, strbuf_str(&ignored), p->term->width, 2);
	}
}

static void print_recording(const struct printer *p)
{
	const struct profile *profile = p->profile;
	auto_strbuf struct strbuf machine = STRBUF_INIT;

	print_what(p);
	print_reading(p);
	if (profile->command) {
		fputs("  command  ", p->stream);
		print_clipped(p, str_from(profile->command), p->term->width - 11, false);
		fputc('\n', p->stream);
	}
	if (profile->hostname)
		strbuf_addf(&machine, "%s, ", profile->hostname);
	if (profile->os_release)
		strbuf_addf(&machine, "Linux %s, ", profile->os_release);
	if (profile->cpu_count)
		strbuf_addf(&machine, "%" PRIu32 " CPUs, ", profile->cpu_count);
	if (profile->cpu)
		strbuf_addf(&machine, "%s, ", profile->cpu);
	if (machine.len) {
		fputs("  machine  ", p->stream);
		print_clipped(p, (struct str){ machine.ptr, machine.len - 2 }, p->term->width - 11,
			      false);
		fputc('\n', p->stream);
	}
	if (p->selection->is_filtered)
		fputs("  filtered: shares are of the samples that passed\n", p->stream);
	if (profile->damage)
		fputs("  partial: the input is damaged, what was read before is shown\n",
		      p->stream);
}

static void add_end(struct strbuf *out, const struct quality *quality, enum profile_end end,
		    const char *words)
{
	if (quality->ends[end] >= 0.00005)
		strbuf_addf(out, ", %.2f%% %s", quality->ends[end] * 100, words);
}

static void print_mends(const struct printer *p, const struct mends *mends, unsigned indent)
{
	for (size_t i = 0; i < mends->count; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		term_safe(&text, str_from(mends->items[i]));
		print_filled(p, "-> ", strbuf_str(&text), indent);
	}
}

static void print_quality_dsos(const struct printer *p, const struct quality *quality)
{
	bool any = false;
	size_t shown = 0;

	for (size_t i = 0; i < quality->dso_count && shown < 8; i++) {
		const struct quality_dso *dso = &quality->dsos[i];
		auto_mends struct mends mends = { 0 };

		mends_of_dso(p->selection, dso, &p->options->mend, &mends);
		if (!mends.count)
			continue;
		if (!any)
			fputs("  stacks that end here   frames unnamed\n", p->stream);
		any = true;
		shown++;
		fprintf(p->stream, "%21.2f%% %15.2f%%  ",
			(double)dso->ended_early / (double)p->selection->weight * 100,
			dso->frames ? (double)dso->unnamed / (double)dso->frames * 100 : 0);
		print_clipped(p,
			      dso->dso ? interned(&p->profile->texts, dso->dso)
				       : STR("no known mapping"),
			      p->term->width - 42, false);
		fputc('\n', p->stream);
		print_mends(p, &mends, 9);
	}
}

static void print_quality(const struct printer *p)
{
	auto_quality struct quality quality = quality_measure(p->selection);
	auto_mends struct mends mends = { 0 };
	auto_strbuf struct strbuf line = STRBUF_INIT;

	print_heading(p, "Stacks");
	if (quality.ends[PROFILE_END_UNKNOWN] < 1)
		strbuf_addf(&line, "%.2f%% complete, ", quality.complete * 100);
	strbuf_addf(&line, "main in %.2f%%, %.1f frames each", quality.reaches_main * 100,
		    quality.frames_per_stack);
	add_end(&line, &quality, PROFILE_END_CUT, "cut");
	add_end(&line, &quality, PROFILE_END_NO_INFO, "without unwind information");
	add_end(&line, &quality, PROFILE_END_UNMAPPED, "into no mapping");
	add_end(&line, &quality, PROFILE_END_DAMAGED, "damaged");
	add_end(&line, &quality, PROFILE_END_TOO_DEEP, "too deep");
	add_end(&line, &quality, PROFILE_END_KERNEL_ONLY, "kernel only");
	add_end(&line, &quality, PROFILE_END_NO_STACK, "without call chain");
	add_end(&line, &quality, PROFILE_END_UNKNOWN, "not said by the input");
	if (quality.guessed > 0)
		strbuf_addf(&line, "; %.2f%% with guessed frames", quality.guessed * 100);
	if (quality.stitched > 0)
		strbuf_addf(&line, "; %.2f%% stitched", quality.stitched * 100);
	strbuf_addf(&line, "; %.2f%% of the frames have no name", quality.unnamed_frames * 100);
	print_filled(p, "", strbuf_str(&line), 2);
	mends_of_recording(p->selection, &quality, &p->options->mend, &mends);
	print_mends(p, &mends, 5);
	print_quality_dsos(p, &quality);
}

/* One character per slot: how busy the thread was then. */
static void print_timeline(const struct printer *p, const double *ratios, size_t count)
{
	static const char *const blocks[] = { " ",	"\u2581", "\u2582", "\u2583", "\u2584",
					      "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const letters[] = { " ", ".", ".", ":", "-", "=", "+", "*", "#" };
	const char *const *set = p->options->ascii ? letters : blocks;

	for (size_t i = 0; i < count; i++) {
		size_t level = (size_t)(ratios[i] * 8 + 0.5);

		if (level == 0 && ratios[i] > 0.005)
			level = 1;
		fputs(set[MIN(level, (size_t)8)], p->stream);
	}
}

static size_t rows_shown(const struct printer *p, const struct table *table)
{
	return p->options->rows ? MIN(table->count, p->options->rows) : table->count;
}

static void print_rest(const struct printer *p, const struct table *table, size_t shown,
		       const char *what)
{
	uint64_t weight = 0;
	size_t count = 0;

	for (size_t i = shown; i < table->count; i++) {
		weight += table->rows[i].self;
		count += table->rows[i].self > 0;
	}
	if (!count)
		return;
	fprintf(p->stream, "%7.2f%%  in %zu more %s\n", table_share(table, weight) * 100, count,
		what);
}

/* Text without thread ids has programs only, and these have a table of their own. */
static bool has_threads(const struct profile *profile)
{
	for (size_t i = 0; i < profile->threads.count; i++)
		if (profile->threads.items[i].tid >= 0)
			return true;
	return false;
}

static void print_threads(const struct printer *p)
{
	auto_table struct table table = table_threads(p->selection);
	double slots[TIMELINE_COLUMNS], busy = 0;
	size_t shown = rows_shown(p, &table), i;
	bool has_times;

	if (table.count == 0 || !has_threads(p->profile))
		return;
	has_times =
		table_timeline(p->selection, table.rows[0].thread, slots, TIMELINE_COLUMNS, &busy);
	print_heading(p, "Threads");
	fprintf(p->stream, "   share%s      tid  %-16s%s\n", has_times ? "     busy" : "", "name",
		has_times ? "  over time" : "");
	for (i = 0; i < shown; i++) {
		const struct table_row *row = &table.rows[i];
		const struct profile_thread *thread = &p->profile->threads.items[row->thread];
		double share = table_share(&table, row->self);

		if (share < p->options->min_ratio && i > 0)
			break;
		print_percent(p, share);
		if (has_times &&
		    table_timeline(p->selection, row->thread, slots, TIMELINE_COLUMNS, &busy))
			fprintf(p->stream, " %7.2f%%", busy * 100);
		if (thread->tid >= 0)
			fprintf(p->stream, " %8d  ", thread->tid);
		else
			fputs("        -  ", p->stream);
		if (thread->tid == 0)
			print_clipped(p, STR("(idle)"), 16, has_times);
		else
			print_clipped(p, interned(&p->profile->texts, thread->comm), 16, has_times);
		if (has_times) {
			fputs(p->options->ascii ? "  |" : "  \u2595", p->stream);
			print_timeline(p, slots, TIMELINE_COLUMNS);
			fputs(p->options->ascii ? "|" : "\u258f", p->stream);
		}
		fputc('\n', p->stream);
	}
	print_rest(p, &table, i, "threads");
}

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	return (struct str){ path.ptr + at, path.len - at };
}

/* "libc.so.6 malloc.c:4302" */
static void add_place(const struct printer *p, struct strbuf *out,
		      const struct profile_frame *frame)
{
	const struct interner *texts = &p->profile->texts;

	strbuf_add(out, interned(texts, frame->dso));
	if (!frame->file)
		return;
	if (out->len)
		strbuf_add_char(out, ' ');
	strbuf_add(out, base_name(interned(texts, frame->file)));
	if (frame->line)
		strbuf_addf(out, ":%" PRIu32, frame->line);
}

/* Places without a name are one row per dso. */
static void add_function_name(const struct printer *p, struct strbuf *out,
			      const struct table_row *row, unsigned columns)
{
	uint32_t name = p->profile->frames.items[row->frame].name;

	if (name)
		add_short_name(out, interned(&p->profile->texts, name), columns);
	else
		strbuf_add_text(out, "[no name]");
	if (row->skid && row->skid * 2 >= row->self)
		strbuf_add_text(out, " (skid)");
}

static unsigned most_name_columns(const struct printer *p)
{
	unsigned wide = p->term->width > 100 ? (p->term->width - 100) / 2 : 0;

	return NAME_COLUMNS + wide + (p->options->no_children ? 9 : 0);
}

/* As wide as the names of the first `count` rows need, so that places get the rest. */
static unsigned name_columns_of(const struct printer *p, const struct table *table, size_t count)
{
	unsigned widest = 0, most = most_name_columns(p);

	for (size_t i = 0; i < count; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		add_function_name(p, &name, &table->rows[i], most);
		widest = MAX(widest, term_text_width(strbuf_str(&name)));
	}
	return MIN(widest, most);
}

static void print_function(const struct printer *p, const struct table *table,
			   const struct table_row *row, unsigned name_columns, bool children_first)
{
	const struct profile_frame *frame = &p->profile->frames.items[row->frame];
	auto_strbuf struct strbuf name = STRBUF_INIT, place = STRBUF_INIT;
	unsigned numbers = NUMBERS_COLUMNS - (p->options->no_children ? 9 : 0);
	double self = table_share(table, row->self), children = table_share(table, row->children);

	print_percent(p, children_first ? children : self);
	if (!p->options->no_children)
		fprintf(p->stream, " %7.2f%%", (children_first ? self : children) * 100);
	print_count(p, children_first ? row->children_samples : row->samples, 10);
	fputs("  ", p->stream);
	add_function_name(p, &name, row, most_name_columns(p));
	add_place(p, &place, frame);
	print_clipped(p, strbuf_str(&name), name_columns, place.len > 0);
	if (place.len) {
		fputs("  ", p->stream);
		print_clipped(p, strbuf_str(&place),
			      MAX(p->term->width, 80U) - numbers - name_columns - 2, false);
	}
	fputc('\n', p->stream);
}

static bool is_shown(const struct printer *p, const struct table *table, uint64_t weight)
{
	return weight && table_share(table, weight) >= p->options->min_ratio;
}

/* Prints the first rows, of a table that is sorted so, down to the smallest that is shown. */
static size_t print_functions(const struct printer *p, const struct table *table, size_t limit,
			      bool children_first)
{
	size_t count = 0;
	unsigned name_columns;

	while (count < limit &&
	       is_shown(p, table,
			children_first ? table->rows[count].children : table->rows[count].self))
		count++;
	name_columns = name_columns_of(p, table, count);
	if (p->options->no_children)
		fputs("    self   samples  function\n", p->stream);
	else
		fputs(children_first ? "children     self   samples  function\n"
				     : "    self children   samples  function\n",
		      p->stream);
	for (size_t i = 0; i < count; i++)
		print_function(p, table, &table->rows[i], name_columns, children_first);
	return count;
}

static void print_functions_by_self(const struct printer *p, const struct table *table)
{
	uint64_t skid = 0;
	size_t count;

	print_heading(p, "Functions by their own time");
	count = print_functions(p, table, rows_shown(p, table), false);
	print_rest(p, table, count, "functions");
	for (size_t i = 0; i < count; i++)
		skid += table->rows[i].skid;
	if (skid)
		print_filled(p, "",
			     STR("(skid) These functions switch interrupts on again. The clock "
				 "cannot see code that runs with interrupts off, so its time is "
				 "counted here: look at the callers, do not blame the function."),
			     2);
}

static int compare_children(const void *left, const void *right)
{
	const struct table_row *a = left, *b = right;

	if (a->children != b->children)
		return a->children < b->children ? 1 : -1;
	if (a->self != b->self)
		return a->self < b->self ? 1 : -1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static void print_functions_by_children(const struct printer *p, struct table *table)
{
	if (p->options->no_children || !table->count)
		return;
	qsort(table->rows, table->count, sizeof(*table->rows), compare_children);
	print_heading(p, "Functions with what they call");
	print_functions(p, table, rows_shown(p, table), true);
}

static void print_inlined(const struct printer *p)
{
	auto_table struct table table = table_functions(p->selection, true);
	size_t count = 0;

	for (size_t i = 0; i < table.count; i++)
		if (table.rows[i].inlined && is_shown(p, &table, table.rows[i].self))
			table.rows[count++] = table.rows[i];
	if (!count)
		return;
	table.count = count;
	print_heading(p, "Inlined functions by their own time (part of the functions above)");
	print_functions(p, &table, MIN(rows_shown(p, &table), (size_t)10), false);
}

static void print_groups(const struct printer *p, const char *heading, const struct table *table,
			 bool with_children, const char *what)
{
	size_t shown = rows_shown(p, table), i;

	if (!table->count || (table->count == 1 && !table->rows[0].text))
		return;
	with_children = with_children && !p->options->no_children;
	print_heading(p, heading);
	for (i = 0; i < shown; i++) {
		const struct table_row *row = &table->rows[i];

		if (i && !is_shown(p, table, row->self))
			break;
		print_percent(p, table_share(table, row->self));
		if (with_children)
			fprintf(p->stream, " %7.2f%%", table_share(table, row->children) * 100);
		print_count(p, row->samples, 10);
		fputs("  ", p->stream);
		print_clipped(
			p, row->text ? interned(&p->profile->texts, row->text) : STR("[unknown]"),
			p->term->width - 30, false);
		fputc('\n', p->stream);
	}
	print_rest(p, table, i, what);
}

/* A function that called itself so many times in a row. */
struct run {
	uint32_t frame;
	size_t times;
};

static bool is_same_function(const struct profile_frame *a, const struct profile_frame *b)
{
	bool is_unnamed = !a->name || !b->name;

	return a->name == b->name && a->dso_path == b->dso_path &&
	       !((a->flags ^ b->flags) & PROFILE_FRAME_INLINED) &&
	       (!is_unnamed || a->address == b->address);
}

/* Innermost first; returns how many. `ret` has room for STACK_FRAMES_MAX. */
static size_t stack_runs(const struct profile *profile, uint32_t node, struct run *ret)
{
	auto_free uint32_t *frames = x_calloc(STACK_FRAMES_MAX, sizeof(*frames));
	size_t runs = 0;

	for (size_t i = profile_stack(profile, node, frames, STACK_FRAMES_MAX); i > 0; i--) {
		const struct profile_frame *frame = &profile->frames.items[frames[i - 1]];

		if (runs && is_same_function(&profile->frames.items[ret[runs - 1].frame], frame))
			ret[runs - 1].times++;
		else
			ret[runs++] = (struct run){ frames[i - 1], 1 };
	}
	return runs;
}

static void add_run(const struct printer *p, const struct run *run, struct strbuf *out)
{
	auto_strbuf struct strbuf label = STRBUF_INIT, name = STRBUF_INIT;

	profile_frame_label(p->profile, run->frame, &label);
	add_short_name(&name, strbuf_str(&label), STACK_NAME_COLUMNS);
	term_safe(out, strbuf_str(&name));
	if (p->profile->frames.items[run->frame].flags & PROFILE_FRAME_INLINED)
		strbuf_add_text(out, " (inlined)");
	if (run->times > 1)
		strbuf_addf(out, " (%zu times)", run->times);
}

/* "leaf < caller < its caller", the middle of long ones left out. */
static void print_stack(const struct printer *p, const struct table *table,
			const struct table_row *row)
{
	auto_free struct run *runs = x_calloc(STACK_FRAMES_MAX, sizeof(*runs));
	size_t count = stack_runs(p->profile, row->node, runs), ends = STACK_FRAMES_SHOWN / 2;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	size_t hidden = 0;
	char share[16];

	snprintf(share, sizeof(share), "%.2f%%  ", table_share(table, row->self) * 100);
	for (size_t i = 0; i < count; i++) {
		if (count > STACK_FRAMES_SHOWN && i >= ends && i < count - ends) {
			hidden += runs[i].times;
			continue;
		}
		if (hidden)
			strbuf_addf(&text, " < ... %zu frames ...", hidden);
		hidden = 0;
		if (i)
			strbuf_add_text(&text, " < ");
		add_run(p, &runs[i], &text);
	}
	print_filled(p, share, strbuf_str(&text), 10);
}

static void print_stacks(const struct printer *p)
{
	auto_table struct table table = table_stacks(p->selection, true, p->options->stacks);
	bool any_callers = false;

	for (size_t i = 0; i < table.count; i++)
		any_callers |= p->profile->nodes.items[table.rows[i].node].parent != 0;
	if (!any_callers)
		return;
	print_heading(p, "Hottest stacks (innermost function first)");
	for (size_t i = 0; i < table.count; i++)
		print_stack(p, &table, &table.rows[i]);
}

void report_text(const struct term *term, const struct profile_selection *selection,
		 const struct report_options *options)
{
	const struct printer printer = {
		.term = term,
		.stream = term->stream,
		.selection = selection,
		.profile = selection->profile,
		.event = &selection->profile->events.items[selection->event],
		.options = options,
	};
	auto_table struct table functions = table_functions(selection, false);
	auto_table struct table programs = table_programs(selection);
	auto_table struct table libraries = table_libraries(selection);

	print_recording(&printer);
	if (!is_table(&printer) && !options->no_quality)
		print_quality(&printer);
	print_threads(&printer);
	print_functions_by_self(&printer, &functions);
	print_functions_by_children(&printer, &functions);
	print_inlined(&printer);
	print_groups(&printer, "Programs", &programs, false, "programs");
	print_groups(&printer, "Libraries", &libraries, true, "libraries");
	if (options->stacks)
		print_stacks(&printer);
}
