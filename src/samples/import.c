#include "samples/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "samples/import_clean.h"
#include "samples/import_names.h"
#include "samples/load.h"
#include "samples/quality.h"
#include "samples/skid.h"
#include "samples/threads.h"

enum {
	LOOK_BYTES = 1 << 20,	    /* that readers look at */
	MAX_NAME_BYTES = 1 << 14,   /* of a function: longer ones are no names */
	MAX_KEPT_LINES = 1 << 16,   /* of those not understood: looked at again by other readers */
	MAX_SHOWN_LINE_BYTES = 120, /* of such a line, as it is told */
	MIN_SECOND_LOOK_LINES = 2,
};

/* What runs in the kernel, by the names that perf gives to its dsos. */
static bool is_kernel_dso(struct str path)
{
	if (str_starts_with(path, STR("[kernel")) || str_starts_with(path, STR("[guest.kernel")))
		return true;
	if (str_ends_with(path, STR("vmlinux")) || str_ends_with(path, STR(".ko")) ||
	    str_find(path, STR("/vmlinux")) >= 0 || str_find(path, STR(".ko.")) >= 0)
		return true;
	if (str_starts_with(path, STR("bpf_prog_")) || str_starts_with(path, STR("[bpf_")))
		return true;
	/* Modules stand in brackets by their name alone; so do a process's special maps. */
	return path.len > 2 && path.ptr[0] == '[' && path.ptr[path.len - 1] == ']' &&
	       !str_starts_with(path, STR("[v")) && !str_is(path, "[unknown]") &&
	       !str_is(path, "[heap]") && !str_starts_with(path, STR("[stack")) &&
	       !str_starts_with(path, STR("[anon")) && !str_starts_with(path, STR("[JIT"));
}

static bool is_jit_dso(struct str path)
{
	return str_starts_with(path, STR("/tmp/perf-")) || str_starts_with(path, STR("[JIT]")) ||
	       str_starts_with(path, STR("jitted-")) || str_find(path, STR("/jitted-")) >= 0;
}

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	return at < path.len ? (struct str){ path.ptr + at, path.len - at } : path;
}

static struct str clipped(struct str text)
{
	return (struct str){ text.ptr, MIN(text.len, (size_t)MAX_NAME_BYTES) };
}

/* Rust's full names tell crates of one name apart by 16 digits: "std[e28293b1aa0f68bd]::rt". */
static bool is_disambiguator(struct str text)
{
	enum { LENGTH = 18 };
	uint64_t number;

	return text.len >= LENGTH && text.ptr[0] == '[' && text.ptr[LENGTH - 1] == ']' &&
	       str_to_hex((struct str){ text.ptr + 1, LENGTH - 2 }, &number);
}

/* The name without them, in `buffer` where it changed. */
static struct str without_disambiguators(struct str name, struct strbuf *buffer)
{
	if (name.len < 18 || !memchr(name.ptr + 1, '[', name.len - 1))
		return name;
	for (size_t i = 0; i < name.len; i++) {
		if (i && is_disambiguator((struct str){ name.ptr + i, name.len - i }))
			i += 17;
		else
			strbuf_add_char(buffer, name.ptr[i]);
	}
	return strbuf_str(buffer);
}

uint32_t import_frame(struct profile *profile, struct str name, struct str dso_path, uint32_t flags)
{
	return import_frame_at(profile, name, dso_path, flags, STR(""), 0);
}

uint32_t import_frame_at(struct profile *profile, struct str name, struct str dso_path,
			 uint32_t flags, struct str file, uint32_t line)
{
	struct profile_frame frame = { .flags = flags,
				       .file = intern(&profile->texts, clipped(file)),
				       .line = line };
	auto_strbuf struct strbuf plain = STRBUF_INIT;

	if (str_is(dso_path, "[unknown]"))
		dso_path = STR("");
	if (str_is(name, "[unknown]"))
		name = STR("");
	name = without_disambiguators(clipped(name), &plain);
	dso_path = clipped(dso_path);
	frame.name = intern(&profile->texts, name);
	frame.dso_path = intern(&profile->texts, dso_path);
	/* Special maps ("[vdso]") hold no directories, and a module's name may hold none either. */
	frame.dso = dso_path.len && dso_path.ptr[0] == '['
			    ? frame.dso_path
			    : intern(&profile->texts, base_name(dso_path));
	if (!name.len)
		frame.flags |= PROFILE_FRAME_UNNAMED;
	if (is_kernel_dso(dso_path))
		frame.flags |= PROFILE_FRAME_KERNEL;
	if (is_jit_dso(dso_path))
		frame.flags |= PROFILE_FRAME_JIT;
	return profile_frame(profile, &frame);
}

/* ---- lines that are not understood */

VEC_DEFINE(import_line_vec, struct str)

struct import_state {
	struct str text; /* whose lines are told by number */
	struct import_line_vec ignored;
};

void import_ignore(struct profile *profile, struct str line)
{
	struct import_state *state = profile->importing;

	profile->ignored_lines++;
	if (state && state->ignored.count < MAX_KEPT_LINES)
		import_line_vec_push(&state->ignored, line);
}

static int by_place(const void *left, const void *right)
{
	const struct str *a = left, *b = right;

	return a->ptr < b->ptr ? -1 : a->ptr > b->ptr;
}

/* Keeps the first lines that were not understood, with their numbers. */
static void tell_ignored(struct profile *profile, const struct import_state *state)
{
	const struct import_line_vec *ignored = &state->ignored;
	struct str text = state->text, line;
	uint64_t number = 0;
	size_t told = 0;

	if (!profile->ignored_lines)
		return;
	if (ignored->count)
		qsort(ignored->items, ignored->count, sizeof(*ignored->items), by_place);
	while (str_next_line(&text, &line)) {
		struct str given = told < ignored->count ? ignored->items[told] : STR("");

		number++;
		profile->text_lines += str_trim(line).len > 0;
		if (told == PROFILE_IGNORED_SHOWN || !given.len || given.ptr > line.ptr + line.len)
			continue;
		given = str_trim(given);
		given.len = MIN(given.len, (size_t)MAX_SHOWN_LINE_BYTES);
		profile->ignored[told++] =
			(struct profile_ignored_line){ .number = number,
						       .text = intern(&profile->texts, given) };
	}
}

/* ---- which reader */

static const struct importer *const importers[] = {
	&import_pstats_reader,	      &import_json_reader,
	&import_report_reader,	      &import_v8_reader,
	&import_gprof_reader,	      &import_pprof_reader,
	&import_syscalls_reader,      &import_columns_reader,
	&import_backtrace_reader,     &import_go_reader,
	&import_managed_reader,	      &import_python_reader,
	&import_bpf_reader,	      &import_tree_reader,
	&import_pipe_stack_reader,    &import_kernel_reader,
	&import_script_reader,	      &import_folded_reader,
	&import_pipe_table_reader,    &import_perf_table_reader,
	&import_elastic_table_reader, &import_elastic_stack_reader,
	&import_grid_reader,
};

static struct str look_at(struct str text)
{
	text.len = MIN(text.len, (size_t)LOOK_BYTES);
	return text;
}

/* The surest one, of equally sure ones the first; NULL where none is. */
static const struct importer *find_reader(struct str text, enum import_look least,
					  const struct importer *except)
{
	const struct importer *found = NULL;
	struct str head = look_at(text);

	for (size_t i = 0; i < ARRAY_SIZE(importers) && least <= LOOK_SURE; i++) {
		enum import_look look = importers[i] == except ? LOOK_NO : importers[i]->look(head);

		if (look < least)
			continue;
		found = importers[i];
		least = look + 1;
	}
	return found;
}

bool profile_text_is_known(struct str text)
{
	return find_reader(text, LOOK_WEAK, NULL) != NULL;
}

static bool is_only_blanks(const char *from, const char *to)
{
	return from <= to && !str_trim((struct str){ from, (size_t)(to - from) }).len;
}

/* Takes the next run of adjoining lines. */
static struct str next_run(const struct import_line_vec *lines, size_t *at, size_t *ret_count)
{
	struct str run = lines->items[*at];
	size_t first = (*at)++;

	while (*at < lines->count && is_only_blanks(run.ptr + run.len, lines->items[*at].ptr)) {
		const struct str *line = &lines->items[(*at)++];

		run.len = (size_t)(line->ptr + line->len - run.ptr);
	}
	*ret_count = *at - first;
	return run;
}

/* A paste may hold several things: what the first reader left is looked at once more. */
static void read_rest(struct profile *profile, const struct importer *first)
{
	struct import_state *state = profile->importing;
	struct import_line_vec left = state->ignored;
	size_t count;

	state->ignored = (struct import_line_vec){ 0 };
	for (size_t at = 0; at < left.count;) {
		size_t begin = at;
		struct str run = next_run(&left, &at, &count);
		const struct importer *reader =
			count < MIN_SECOND_LOOK_LINES ? NULL : find_reader(run, LOOK_SURE, first);
		if (reader) {
			const char *format = profile->format;

			profile->ignored_lines -= count;
			reader->read(profile, run);
			profile->format = format;
			continue;
		}
		for (size_t i = begin; i < at; i++)
			import_line_vec_push(&state->ignored, left.items[i]);
	}
	import_line_vec_done(&left);
}

static void read_text(struct profile *profile, const struct importer *reader, struct str text)
{
	struct import_state state = { .text = text };

	profile->importing = &state;
	profile->format = reader->name;
	reader->read(profile, text);
	if (state.ignored.count >= MIN_SECOND_LOOK_LINES)
		read_rest(profile, reader);
	profile->importing = NULL;
	tell_ignored(profile, &state);
	import_line_vec_done(&state.ignored);
}

/* perf 6.1 with --max-stack=0 drops every row of a recording with --call-graph dwarf. */
static struct error *no_samples(const struct profile *profile, const char *name)
{
	struct error *error =
		error_new(ERROR_INPUT, "'%s' (%s) holds no samples%s%s", name, profile->format,
			  profile->damage ? ": " : "", profile->damage ? profile->damage : "");

	if (!str_starts_with(str_from(profile->format), STR("perf report")))
		return error;
	return error_with_hint(error,
			       "'perf report --stdio --max-stack=0' leaves the table empty "
			       "for recordings with --call-graph dwarf: use 'perf report "
			       "--stdio --no-children -g none', or give the perf.data itself");
}

static struct error *no_reader(struct str text, const char *name)
{
	struct error *error =
		error_new(ERROR_INPUT, "'%s' is no profile of a kind that is known", name);

	if (text.len && memchr(text.ptr, '\0', MIN(text.len, (size_t)LOOK_BYTES)))
		return error_with_hint(error, "it is binary; perf.data is the binary format that "
					      "is read");
	text = look_at(text);
	if (str_find(text, STR("PID")) >= 0 && str_find(text, STR("%CPU")) >= 0)
		return error_with_hint(error, "it lists processes, which say nothing of functions: "
					      "record the busy one with 'sysgrok record -p PID'; "
					      "'sysgrok analyzecmd -i DIR' reads what top printed");
	if (str_find(text, STR("|@")) >= 0)
		return error_with_hint(error, "a histogram counts values, not functions: count "
					      "stacks with @[kstack, ustack] = count()");
	return error_with_hint(
		error,
		"read are perf.data; text of perf script, perf report and perf top; folded stacks "
		"(\"program;outer;inner 12\"); tables with a number and a function's name in each "
		"row (gprof, cProfile, py-spy, pprof, VTune, CSV ...); stacks of debuggers, "
		"thread dumps, tracebacks, kernel traces and bpftrace");
}

struct error *profile_import_text(struct str text, const char *name, struct profile **ret)
{
	auto_strbuf struct strbuf clean = STRBUF_INIT, plain = STRBUF_INIT;
	auto_profile struct profile *profile = profile_new();
	const struct importer *reader;

	if (!str_trim(text).len)
		return error_new(ERROR_INPUT, "'%s' is empty", name);
	if (import_clean(text, &clean))
		text = strbuf_str(&clean);
	reader = find_reader(text, LOOK_WEAK, NULL);
	if (!reader && import_unquote_hashes(text, &plain)) {
		text = strbuf_str(&plain);
		reader = find_reader(text, LOOK_WEAK, NULL);
	}
	if (!reader)
		return no_reader(text, name);
	read_text(profile, reader, text);
	if (!profile->samples.count)
		return no_samples(profile, name);
	import_tell_apart(profile);
	threads_judge(profile);
	quality_find_ends(profile);
	skid_find(profile);
	profile->source = x_strdup(name);
	*ret = take_ptr(profile);
	return NULL;
}
