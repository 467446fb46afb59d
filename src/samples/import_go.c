/*
 * Go: dumps of goroutines and panics, and the profiles that net/http/pprof prints with ?debug=1:
 *   goroutine 18 [chan receive, 5 minutes]:
 *   main.worker(0xc000, 0x3)
 *   	/src/main.go:42 +0x1d5
 *   created by main.main in goroutine 1
 *   	/src/main.go:17 +0x57
 *
 *   12 @ 0x43 0x40
 *   #	0x4a	main.worker+0x1d	/src/main.go:42
 */
#include "samples/import.h"
#include "samples/paste_stack.h"

struct reader {
	struct paste_stack stack;
	struct paste_row pending; /* a function; its place stands on the next line */
	bool has_pending, in_goroutine;
};

static struct str tail(struct str text, ptrdiff_t from)
{
	return (struct str){ text.ptr + from, text.len - (size_t)from };
}

static ptrdiff_t find_last(struct str text, char c)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.ptr[i - 1] == c)
			return (ptrdiff_t)i - 1;
	return -1;
}

/* What a goroutine waits for, as the runtime names it. */
static enum profile_state state_of(struct str reason)
{
	static const struct {
		const char *lead;
		enum profile_state state;
	} states[] = {
		{ "running", PROFILE_STATE_RUNNING },	 { "runnable", PROFILE_STATE_RUNNING },
		{ "syscall", PROFILE_STATE_UNKNOWN },	 { "sync.", PROFILE_STATE_BLOCKED },
		{ "semacquire", PROFILE_STATE_BLOCKED }, { "copystack", PROFILE_STATE_RUNNING },
		{ "preempted", PROFILE_STATE_RUNNING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_starts_with(reason, str_from(states[i].lead)))
			return states[i].state;
	return PROFILE_STATE_IDLE;
}

/* "goroutine 18 [chan receive, 5 minutes]:" */
static bool read_goroutine(struct str line, struct str *ret_reason)
{
	struct str rest = line, word;
	ptrdiff_t open = str_find(line, STR(" [")), close = str_find(line, STR("]:"));
	uint64_t number;

	if (!str_starts_with(line, STR("goroutine ")) || open < 0 || close < open)
		return false;
	rest = tail(rest, 10);
	if (!str_next_word(&rest, &word) || !str_to_u64(word, &number))
		return false;
	*ret_reason = (struct str){ line.ptr + open + 2, (size_t)(close - open) - 2 };
	return true;
}

/* "	/src/main.go:42 +0x1d5" */
static bool read_place(struct str line, struct paste_row *row)
{
	struct str word, rest = line;
	struct str file;
	uint32_t number;

	if (!line.len || (line.ptr[0] != '\t' && line.ptr[0] != ' '))
		return false;
	line = str_trim(line);
	/* paths may hold blanks: the offset is taken off the end */
	if (str_find(line, STR(" +0x")) > 0)
		line = (struct str){ line.ptr, (size_t)str_find(line, STR(" +0x")) };
	if (!str_next_word(&rest, &word))
		return false;
	paste_place(line, &file, &number);
	if (!number ||
	    (!str_ends_with(file, STR(".go")) && !str_ends_with(file, STR(".s")) &&
	     !str_ends_with(file, STR(".c")) && !str_ends_with(file, STR("_cgo_gotypes"))))
		return false;
	row->file = file;
	row->line = number;
	return true;
}

/* "main.(*Server).serve(0xc000, {0x1, 0x2})", "panic({0x4, 0x5})" */
static bool read_function(struct str line, struct paste_row *ret)
{
	ptrdiff_t open;

	if (!line.len || line.ptr[0] == ' ' || line.ptr[0] == '\t' || line.ptr[line.len - 1] != ')')
		return false;
	/* arguments: the last bracket that opens at depth 0, as types hold some too */
	open = find_last(line, '(');
	for (int depth = 0, i = (int)line.len - 1; i > 0 && i > (int)line.len - 4096; i--) {
		depth += line.ptr[i] == ')';
		depth -= line.ptr[i] == '(';
		if (!depth) {
			open = i;
			break;
		}
	}
	if (open < 1 || str_find((struct str){ line.ptr, (size_t)open }, STR(" ")) >= 0)
		return false;
	*ret = (struct paste_row){ .symbol = { line.ptr, (size_t)open } };
	return true;
}

/* "12 @ 0x43 0x40"; heap profiles: "1: 8 [2: 16] @ 0x43" */
static bool read_group(struct str line, uint64_t *ret_count)
{
	struct str word, rest = line;
	ptrdiff_t at = str_find(line, STR(" @ 0x"));

	return at > 0 && str_next_word(&rest, &word) &&
	       str_to_u64(str_ends_with(word, STR(":")) ? (struct str){ word.ptr, word.len - 1 }
							: word,
			  ret_count);
}

/* "#	0x4a	main.worker+0x1d	/src/main.go:42" */
static bool read_group_frame(struct str line, struct paste_row *ret)
{
	struct str word, rest, name;
	uint64_t address;
	ptrdiff_t plus;

	if (!str_starts_with(line, STR("#\t")) && !str_starts_with(line, STR("# ")))
		return false;
	rest = tail(line, 1);
	if (!str_next_word(&rest, &word) || !str_starts_with(word, STR("0x")) ||
	    !str_to_hex(word, &address) || !str_next_word(&rest, &name))
		return false;
	plus = str_find(name, STR("+0x"));
	*ret = (struct paste_row){ .symbol = name };
	if (plus > 0)
		ret->symbol.len = (size_t)plus;
	paste_place(str_trim(rest), &ret->file, &ret->line);
	return true;
}

static void flush(struct reader *reader)
{
	if (reader->has_pending)
		paste_stack_frame(&reader->stack, &reader->pending);
	reader->has_pending = false;
}

static bool is_chatter(struct str line)
{
	static const char *const leads[] = {
		"panic:",
		"fatal error:",
		"exit status",
		"[signal ",
		"goroutine profile:",
		"SIG",
		"PC=",
		"rax ",
		"#",
		"# ",
		"threadcreate",
		"mutex:",
		"block profile",
		"heap profile:",
		"--- ",
		"cycles/second",
		"sampling period",
		"...",
		"[recovered]",
		"[originating from",
	};

	line = str_trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return !line.len;
}

static void read_line(struct reader *reader, struct str line)
{
	struct paste_stack *stack = &reader->stack;
	struct paste_row row = { 0 };
	struct str reason;
	uint64_t count;

	if (read_goroutine(line, &reason)) {
		flush(reader);
		paste_stack_end(stack);
		reader->in_goroutine = true;
		stack->thread = (struct str){ line.ptr, (size_t)str_find(line, STR(" [")) };
		stack->state = state_of(reason);
	} else if (read_group(line, &count)) {
		paste_stack_end(stack);
		reader->in_goroutine = false;
		stack->count = count;
	} else if (read_group_frame(line, &row)) {
		paste_stack_frame(stack, &row);
	} else if (reader->in_goroutine && read_place(line, &row)) {
		/* who made the goroutine is no caller of its functions */
		if (reader->has_pending) {
			reader->pending.file = row.file;
			reader->pending.line = row.line;
		}
		flush(reader);
	} else if (reader->in_goroutine && str_starts_with(line, STR("created by "))) {
		flush(reader);
	} else if (reader->in_goroutine && read_function(line, &row)) {
		flush(reader);
		reader->pending = row;
		reader->has_pending = true;
	} else if (!is_chatter(line)) {
		import_ignore(stack->profile, line);
	}
}

static void read_go(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	flush(&reader);
	paste_stack_finish(&reader.stack);
}

static enum import_look look(struct str head)
{
	unsigned groups = 0, frames = 0;
	struct paste_row row;
	struct str line, reason;
	uint64_t count;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		if (read_goroutine(line, &reason))
			return LOOK_SURE;
		groups += read_group(line, &count);
		frames += read_group_frame(line, &row);
	}
	return groups && frames ? LOOK_SURE : LOOK_NO;
}

const struct importer import_go_reader = { "goroutine stacks", look, read_go };
