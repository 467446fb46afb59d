#include "samples/paste.h"

#include "base/memory.h"
#include "samples/import.h"
#include "samples/import_tree.h"

enum { LOOK_LINES = 400, MAX_DEPTH = 4096 };

VEC_DEFINE(stack_frame_vec, uint32_t)

/* One stack is collected at a time, in the order of the text. */
struct reader {
	struct profile *profile;
	struct stack_frame_vec frames;
	uint64_t first_index, last_index; /* numbers beside the frames, 0 = none were there */
	bool outermost_first;
};

static uint32_t stack_event(struct profile *profile)
{
	uint32_t event = profile_event(profile, "stacks");

	profile->events.items[event].unit = "stacks";
	return event;
}

static void stack_end(struct reader *reader)
{
	struct profile *profile = reader->profile;
	size_t count = reader->frames.count;
	uint32_t node = 0;

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		node = profile_node(
			profile, node,
			reader->frames.items[reader->outermost_first ? i : count - 1 - i]);
	profile_add_sample(profile, &(struct profile_sample){
					    .weight = 1,
					    .node = node,
					    .thread = profile_thread(profile, -1, -1, STR("")),
					    .comm = intern(&profile->texts, STR("")),
					    .cpu = UINT32_MAX,
					    .event = (uint16_t)stack_event(profile),
					    .end = PROFILE_END_UNKNOWN });
	reader->frames.count = 0;
	reader->first_index = reader->last_index = 0;
	reader->outermost_first = false;
}

static void frame_add(struct reader *reader, const struct paste_row *row)
{
	if (reader->frames.count >= MAX_DEPTH)
		stack_end(reader);
	stack_frame_vec_push(&reader->frames, paste_frame(reader->profile, row));
}

/* Indices count down from the innermost frame in Elastic's stacks; where they count up, the first
 * frame is the outermost. */
static void index_seen(struct reader *reader, uint64_t index)
{
	if (!reader->first_index)
		reader->first_index = index;
	reader->last_index = index;
	reader->outermost_first = reader->last_index > reader->first_index;
}

/* ---- "# Index | Process/Library | Function | File" */

static bool pipe_cells(struct str line, struct str cells[static 4])
{
	size_t count = 0;

	while (count < 4) {
		ptrdiff_t at = str_find(line, STR(" |"));

		if (at < 0)
			break;
		cells[count++] = str_trim((struct str){ line.ptr, (size_t)at });
		line = (struct str){ line.ptr + at + 2, line.len - (size_t)at - 2 };
	}
	if (count != 3)
		return false;
	cells[3] = str_trim(line);
	return true;
}

static bool pipe_frame(struct str line, struct paste_row *ret, uint64_t *ret_index)
{
	struct str cells[4];

	if (!pipe_cells(line, cells) || !str_to_u64(cells[0], ret_index))
		return false;
	*ret = (struct paste_row){ .dso = cells[1], .symbol = cells[2] };
	ret->is_kernel = str_is(cells[1], "vmlinux");
	paste_place(cells[3], &ret->file, &ret->line);
	return true;
}

static bool pipe_is(struct str text)
{
	struct paste_row row;
	struct str line;
	uint64_t index;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++)
		if (pipe_frame(line, &row, &index))
			return true;
	return false;
}

static void pipe_import(struct reader *reader, struct str text)
{
	struct paste_row row;
	struct str line;
	uint64_t index;

	reader->profile->format = "stack with | between the columns";
	while (str_next_line(&text, &line)) {
		if (pipe_frame(line, &row, &index)) {
			/* the numbers start again: another stack */
			if (reader->frames.count && !reader->outermost_first &&
			    index > reader->last_index && reader->frames.count > 1)
				stack_end(reader);
			index_seen(reader, index);
			frame_add(reader, &row);
		} else if (!str_trim(line).len) {
			stack_end(reader);
		} else if (line.ptr[0] != '#') {
			reader->profile->ignored_lines++;
		}
	}
	stack_end(reader);
}

/* ---- Elastic: an index, "process: function" and "file#line" or "module+0x1f" for each frame */

static bool is_place(struct str line)
{
	struct str file;
	uint32_t number;
	ptrdiff_t plus = str_find(line, STR("+0x"));
	uint64_t offset;

	if (plus > 0)
		return str_to_hex((struct str){ line.ptr + plus + 1, line.len - (size_t)plus - 1 },
				  &offset);
	paste_place(line, &file, &number);
	return number > 0 && str_find(line, STR("#")) > 0 && str_find(line, STR(": ")) < 0;
}

static bool elastic_frame(struct str name, struct str place, struct paste_row *ret)
{
	ptrdiff_t at = str_find(name, STR(": "));
	uint64_t number;

	if (!is_place(place) || is_place(name) || !name.len || name.len > 1000 ||
	    str_to_u64(name, &number))
		return false;
	/* a process's name alone: the function is not known */
	if (at < 0 && str_find(name, STR(" ")) >= 0)
		return false;
	*ret = (struct paste_row){ .dso = at < 0 ? name : (struct str){ name.ptr, (size_t)at } };
	if (at > 0)
		ret->symbol =
			str_trim((struct str){ name.ptr + at + 2, name.len - (size_t)at - 2 });
	ret->is_kernel = str_is(ret->dso, "vmlinux");
	paste_place(place, &ret->file, &ret->line);
	return true;
}

static bool elastic_is(struct str text)
{
	struct str line, before = STR("");
	struct paste_row row;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++) {
		line = str_trim(line);
		if (elastic_frame(before, line, &row))
			return true;
		before = line;
	}
	return false;
}

static void elastic_import(struct reader *reader, struct str text)
{
	struct str line, pending = STR("");
	struct paste_row row;
	uint64_t index;

	reader->profile->format = "Elastic stack";
	while (str_next_line(&text, &line)) {
		line = str_trim(line);
		if (pending.len && elastic_frame(pending, line, &row)) {
			frame_add(reader, &row);
			pending = STR("");
			continue;
		}
		if (pending.len)
			reader->profile->ignored_lines++;
		pending = STR("");
		if (str_to_u64(line, &index))
			index_seen(reader, index);
		else
			pending = line;
	}
	reader->profile->ignored_lines += pending.len > 0;
	stack_end(reader);
}

/* ---- gdb, eu-stack, lldb: "#0  0x7f.. in name (args) at file.c:12" */

static struct str after_at(struct str text, ptrdiff_t at, size_t skip)
{
	return (struct str){ text.ptr + at + skip, text.len - (size_t)at - skip };
}

static ptrdiff_t find_last(struct str text, struct str needle)
{
	ptrdiff_t found = -1, at;
	size_t from = 0;

	while ((at = str_find((struct str){ text.ptr + from, text.len - from }, needle)) >= 0) {
		found = (ptrdiff_t)from + at;
		from = (size_t)found + 1;
	}
	return found;
}

/* "name (args) at file:12", "name (args) from lib", "name - lib" without the address before it */
static void gdb_place(struct str rest, struct paste_row *row)
{
	ptrdiff_t at = find_last(rest, STR(" at ")), from = find_last(rest, STR(" from "));
	ptrdiff_t dash = find_last(rest, STR(" - /")), args;

	if (at > 0) {
		paste_place(after_at(rest, at, 4), &row->file, &row->line);
		rest.len = (size_t)at;
	} else if (from > 0) {
		row->dso = str_trim(after_at(rest, from, 6));
		rest.len = (size_t)from;
	} else if (dash > 0) {
		row->dso = str_trim(after_at(rest, dash, 3));
		rest.len = (size_t)dash;
	}
	args = str_find(rest, STR(" ("));
	if (args > 0)
		rest.len = (size_t)args;
	row->symbol = str_trim(rest);
}

static bool gdb_frame(struct str line, struct paste_row *ret, uint64_t *ret_number)
{
	struct str rest = str_trim(line), word, after;
	uint64_t address;

	if (rest.len < 3 || rest.ptr[0] != '#' || !str_next_word(&rest, &word) ||
	    !str_to_u64((struct str){ word.ptr + 1, word.len - 1 }, ret_number))
		return false;
	*ret = (struct paste_row){ 0 };
	after = rest;
	if (str_next_word(&after, &word) && str_starts_with(word, STR("0x")) &&
	    str_to_hex(word, &address)) {
		rest = str_trim(after);
		if (str_starts_with(rest, STR("in ")))
			rest = after_at(rest, 3, 0);
	}
	gdb_place(str_trim(rest), ret);
	return ret->symbol.len > 0;
}

static bool gdb_is(struct str text)
{
	unsigned frames = 0;
	struct paste_row row;
	struct str line;
	uint64_t number;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line) && frames < 2; i++)
		frames += gdb_frame(line, &row, &number);
	return frames >= 2;
}

static bool gdb_chatter(struct str line)
{
	static const char *const leads[] = { "Thread ", "TID ", "PID ", "[", "warning:", "LWP " };

	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return !line.len;
}

static void gdb_import(struct reader *reader, struct str text)
{
	struct paste_row row;
	struct str line;
	uint64_t number;

	reader->profile->format = "backtrace";
	while (str_next_line(&text, &line)) {
		if (gdb_frame(line, &row, &number)) {
			if (number == 0)
				stack_end(reader);
			frame_add(reader, &row);
		} else if (!gdb_chatter(str_trim(line))) {
			reader->profile->ignored_lines++;
		}
	}
	stack_end(reader);
}

/* ---- kernel: "[<0>] ep_poll+0x1d2/0x3f0", "[ 12.5]  ? foo+0x1/0x2 [ext4]" */

/* "name+0x1/0x2": the offset in a function and its size */
static bool kernel_place(struct str word, struct str *ret_name)
{
	ptrdiff_t plus = str_find(word, STR("+0x"));
	ptrdiff_t slash = str_find(word, STR("/0x"));

	if (plus < 1 || slash < plus)
		return false;
	*ret_name = (struct str){ word.ptr, (size_t)plus };
	return true;
}

static bool kernel_frame(struct str line, struct paste_row *ret, bool *ret_is_guess)
{
	struct str word, name = STR("");

	*ret_is_guess = false;
	*ret = (struct paste_row){ .dso = STR("[kernel.kallsyms]"), .is_kernel = true };
	while (str_next_word(&line, &word)) {
		if (str_is(word, "?"))
			*ret_is_guess = true;
		else if (name.len && word.ptr[0] == '[' && word.len < 60)
			ret->dso = word;
		else if (!name.len)
			kernel_place(word, &name);
	}
	ret->symbol = name;
	return name.len > 0;
}

static bool kernel_is(struct str text)
{
	unsigned frames = 0;
	struct paste_row row;
	struct str line;
	bool is_guess;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line) && frames < 2; i++)
		frames += kernel_frame(line, &row, &is_guess);
	return frames >= 2;
}

static void kernel_import(struct reader *reader, struct str text)
{
	struct paste_row row;
	struct str line;
	bool is_guess;

	reader->profile->format = "kernel stack";
	while (str_next_line(&text, &line)) {
		if (str_find(line, STR("Call Trace:")) >= 0) {
			stack_end(reader);
		} else if (!kernel_frame(line, &row, &is_guess)) {
			reader->profile->ignored_lines += str_trim(line).len > 0;
		} else if (!is_guess) {
			frame_add(reader, &row);
		}
	}
	stack_end(reader);
}

bool import_stack_is(struct str text)
{
	/* Elastic's list of functions begins its rows as its stacks do */
	return import_tree_is(text) || pipe_is(text) || gdb_is(text) || kernel_is(text) ||
	       (elastic_is(text) && !import_table_is(text));
}

void import_stack(struct profile *profile, struct str text)
{
	struct reader reader = { .profile = profile };

	if (import_tree_is(text))
		import_tree(profile, text);
	else if (pipe_is(text))
		pipe_import(&reader, text);
	else if (gdb_is(text))
		gdb_import(&reader, text);
	else if (kernel_is(text))
		kernel_import(&reader, text);
	else
		elastic_import(&reader, text);
	stack_frame_vec_done(&reader.frames);
}
