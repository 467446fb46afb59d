#include "samples/paste.h"

#include "samples/import.h"
#include "samples/paste_stack.h"

/* One stack is collected at a time, in the order of the text. */
struct reader {
	struct paste_stack stack;
	uint64_t first_index, last_index; /* numbers beside the frames, 0 = none were there */
};

static void stack_end(struct reader *reader)
{
	paste_stack_end(&reader->stack);
	reader->first_index = reader->last_index = 0;
}

/* Indices count down from the innermost frame in Elastic's stacks; where they count up, the first
 * frame is the outermost. */
static void index_seen(struct reader *reader, uint64_t index)
{
	if (!reader->first_index)
		reader->first_index = index;
	reader->last_index = index;
	reader->stack.outermost_first = reader->last_index > reader->first_index;
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

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&text, &line); i++)
		if (pipe_frame(line, &row, &index))
			return true;
	return false;
}

static void pipe_read(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct paste_row row;
	struct str line;
	uint64_t index;

	while (str_next_line(&text, &line)) {
		if (pipe_frame(line, &row, &index)) {
			/* the numbers start again: another stack */
			if (reader.stack.frames.count && !reader.stack.outermost_first &&
			    index > reader.last_index && reader.stack.frames.count > 1)
				stack_end(&reader);
			index_seen(&reader, index);
			paste_stack_frame(&reader.stack, &row);
		} else if (!str_trim(line).len) {
			stack_end(&reader);
		} else if (line.ptr[0] != '#') {
			import_ignore(profile, line);
		}
	}
	paste_stack_finish(&reader.stack);
}

static enum import_look pipe_look(struct str head)
{
	return pipe_is(head) ? LOOK_SURE : LOOK_NO;
}

const struct importer import_pipe_stack_reader = { "stack with | between the columns", pipe_look,
						   pipe_read };

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

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&text, &line); i++) {
		line = str_trim(line);
		if (elastic_frame(before, line, &row))
			return true;
		before = line;
	}
	return false;
}

static void elastic_read(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct str line, pending = STR("");
	struct paste_row row;
	uint64_t index;

	while (str_next_line(&text, &line)) {
		line = str_trim(line);
		if (pending.len && elastic_frame(pending, line, &row)) {
			paste_stack_frame(&reader.stack, &row);
			pending = STR("");
			continue;
		}
		if (pending.len)
			import_ignore(profile, pending);
		pending = STR("");
		if (str_to_u64(line, &index))
			index_seen(&reader, index);
		else
			pending = line;
	}
	if (pending.len)
		import_ignore(profile, pending);
	paste_stack_finish(&reader.stack);
}

static enum import_look elastic_look(struct str head)
{
	return elastic_is(head) ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_elastic_stack_reader = { "Elastic stack", elastic_look, elastic_read };
