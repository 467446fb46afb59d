#include "samples/import.h"

#include <string.h>

#include "samples/paste_table.h"

enum {
	LOOK_LINES = 64,	 /* lines that decide what a text is */
	MAX_FRACTION_DIGITS = 6, /* of a weight; more are dropped */
	MAX_FRAMES = 65536,
};

bool import_decimal(struct str text, uint64_t *ret_digits, unsigned *ret_fraction_digits)
{
	uint64_t digits = 0;
	unsigned fraction = 0;
	bool in_fraction = false, any = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' && !in_fraction) {
			in_fraction = true;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		any = true;
		if (in_fraction && fraction == MAX_FRACTION_DIGITS)
			continue;
		fraction += in_fraction;
		if (__builtin_mul_overflow(digits, 10U, &digits) ||
		    __builtin_add_overflow(digits, (uint64_t)(c - '0'), &digits))
			return false;
	}
	if (!any)
		return false;
	*ret_digits = digits;
	*ret_fraction_digits = fraction;
	return true;
}

/* Takes the weight off the end: the last blank divides, as frames may hold blanks. */
static bool cut_weight(struct str line, struct str *ret_stack, uint64_t *ret_digits,
		       unsigned *ret_fraction)
{
	size_t at = line.len;

	while (at > 0 && line.ptr[at - 1] != ' ' && line.ptr[at - 1] != '\t')
		at--;
	if (at == 0 ||
	    !import_decimal((struct str){ line.ptr + at, line.len - at }, ret_digits, ret_fraction))
		return false;
	*ret_stack = str_trim((struct str){ line.ptr, at });
	return ret_stack->len > 0;
}

static bool is_folded(struct str text)
{
	unsigned lines = 0, good = 0, with_stack = 0;
	struct str line, stack;
	uint64_t digits;
	unsigned fraction;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		line = str_trim(line);
		if (!line.len || line.ptr[0] == '#')
			continue;
		lines++;
		if (!cut_weight(line, &stack, &digits, &fraction))
			continue;
		good++;
		with_stack += memchr(stack.ptr, ';', stack.len) != NULL;
	}
	return with_stack > 0 && good * 10 >= lines * 6;
}

/* Marks that stackcollapse-perf.pl and inferno append on demand. */
static uint32_t cut_marks(struct str *name)
{
	static const struct {
		const char *mark;
		uint32_t flag;
	} marks[] = {
		{ "_[k]", PROFILE_FRAME_KERNEL },
		{ "_[i]", PROFILE_FRAME_INLINED },
		{ "_[j]", PROFILE_FRAME_JIT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		struct str mark = str_from(marks[i].mark);

		if (name->len > mark.len && str_ends_with(*name, mark)) {
			name->len -= mark.len;
			return marks[i].flag;
		}
	}
	return 0;
}

/* "work (app.py:12)" as py-spy writes it */
static bool is_python_place(struct str text)
{
	return text.len > 8 && text.ptr[text.len - 1] == ')' && str_find(text, STR(" (")) > 0 &&
	       str_find(text, STR(".py:")) > 0;
}

/* "[libc.so.6]" stands for an unnamed place of that dso, "[unknown]" for one of no dso. */
static uint32_t folded_frame(struct profile *profile, struct str text)
{
	uint32_t flags = cut_marks(&text);

	if (text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') {
		struct str dso = { text.ptr + 1, text.len - 2 };

		if (str_is(dso, "unknown"))
			dso = STR("");
		return import_frame(profile, STR(""), dso, flags);
	}
	if (is_python_place(text)) {
		struct paste_row row = { 0 };

		paste_name_place(text, &row);
		return import_frame_at(profile, row.symbol, row.dso, flags, row.file, row.line);
	}
	return import_frame(profile, text, STR(""), flags);
}

/*
 * Tells "program first" texts (perf's collapsers) from those that begin with a function (py-spy,
 * gdb, sampling in the program itself).
 */
static bool is_function_name(struct str name)
{
	static const char *const roots[] = {
		"main",	 "_start", "all",	   "root",     "[unknown]",
		"clone", "clone3", "start_thread", "<module>",
	};

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (str_is(name, roots[i]))
			return true;
	/* "java/lang/Thread.run", "runtime.goexit"; only functions carry marks. */
	if (cut_marks(&name) ||
	    (memchr(name.ptr, '/', name.len) && memchr(name.ptr, '.', name.len) &&
	     !memchr(name.ptr, ':', name.len)))
		return true;
	return str_starts_with(name, STR("runtime.")) ||
	       str_starts_with(name, STR("__libc_start")) || str_find(name, STR("::")) >= 0 ||
	       str_find(name, STR(" (")) >= 0 || str_find(name, STR("()")) >= 0 ||
	       str_find(name, STR(".py:")) >= 0 || str_starts_with(name, STR("ret_from_fork")) ||
	       str_starts_with(name, STR("entry_SYSCALL"));
}

static bool begins_with_programs(struct str text)
{
	uint64_t functions = 0, programs = 0;
	struct str line, stack, first, rest;
	uint64_t digits;
	unsigned fraction;

	while (str_next_line(&text, &line)) {
		if (!cut_weight(str_trim(line), &stack, &digits, &fraction))
			continue;
		if (str_cut(stack, ';', &first, &rest) && is_function_name(first))
			functions++;
		else
			programs++;
	}
	return programs >= functions;
}

/* "java-24636/24637" as --tid writes it; the text stays the program's name. */
static void read_ids(struct str program, int32_t *ret_pid, int32_t *ret_tid)
{
	size_t dash = program.len;
	struct str pid, tid;
	uint64_t number;

	while (dash > 0 && program.ptr[dash - 1] != '-')
		dash--;
	if (dash < 2 ||
	    !str_cut((struct str){ program.ptr + dash, program.len - dash }, '/', &pid, &tid))
		return;
	if (!str_to_u64(tid, &number) || number > INT32_MAX)
		return;
	if (!str_is(pid, "?")) {
		uint64_t pid_number;

		if (!str_to_u64(pid, &pid_number) || pid_number > INT32_MAX)
			return;
		*ret_pid = (int32_t)pid_number;
	}
	*ret_tid = (int32_t)number;
}

/* Weights are kept as integers in 1/scale; a finer one than before makes all finer. */
static uint64_t scaled_weight(struct profile *profile, uint32_t event_id, uint64_t digits,
			      unsigned fraction)
{
	struct profile_event *event = &profile->events.items[event_id];
	uint64_t scale = 1, weight;

	while (fraction--)
		scale *= 10;
	if (scale > event->scale) {
		uint64_t factor = scale / event->scale;

		event->scale = scale;
		event->weight = 0;
		for (size_t i = 0; i < profile->samples.count; i++) {
			struct profile_sample *sample = &profile->samples.items[i];

			if (__builtin_mul_overflow(sample->weight, factor, &sample->weight))
				sample->weight = UINT64_MAX;
			if (__builtin_add_overflow(event->weight, sample->weight, &event->weight))
				event->weight = UINT64_MAX;
		}
	}
	return __builtin_mul_overflow(digits, event->scale / scale, &weight) ? UINT64_MAX : weight;
}

static void read_folded(struct profile *profile, struct str text)
{
	bool has_programs = begins_with_programs(text);
	uint32_t event = profile_event(profile, "samples");
	uint64_t digits;
	unsigned fraction;
	struct str line, rest, part;

	while (str_next_line(&text, &line)) {
		struct profile_sample sample = { .cpu = UINT32_MAX,
						 .event = (uint16_t)event,
						 .end = PROFILE_END_UNKNOWN };
		struct str program = STR("");
		int32_t pid = -1, tid = -1;
		unsigned depth = 0;

		line = str_trim(line);
		if (!line.len || line.ptr[0] == '#')
			continue;
		if (!cut_weight(line, &rest, &digits, &fraction)) {
			import_ignore(profile, line);
			continue;
		}
		if (has_programs) {
			str_cut(rest, ';', &program, &rest);
			read_ids(program, &pid, &tid);
		}
		while (rest.len && depth++ < MAX_FRAMES) {
			str_cut(rest, ';', &part, &rest);
			sample.node =
				profile_node(profile, sample.node, folded_frame(profile, part));
		}
		sample.weight = scaled_weight(profile, event, digits, fraction);
		sample.thread = profile_thread(profile, pid, tid, program);
		sample.comm = profile->threads.items[sample.thread].comm;
		sample.count = fraction ? 0 : digits;
		profile_add_sample(profile, &sample);
	}
}

static enum import_look look(struct str head)
{
	return is_folded(head) ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_folded_reader = { "folded", look, read_folded };
