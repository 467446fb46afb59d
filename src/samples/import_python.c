/*
 * Stacks of Python, Ruby and Perl:
 *   Traceback (most recent call last):         the innermost frame comes last
 *     File "app.py", line 12, in work
 *   Current thread 0x7f (most recent call first):    faulthandler
 *   Thread 17 (active+gil): "MainThread"       py-spy dump, innermost first
 *       work (app.py:12)
 *   app.rb:3:in `work': text (RuntimeError)
 *   	from app.rb:9:in `<main>'
 */
#include "samples/import.h"
#include "samples/paste_stack.h"
#include "samples/paste_table.h"

struct reader {
	struct paste_stack stack;
	bool is_traceback;
};

static struct str tail(struct str text, ptrdiff_t from)
{
	return (struct str){ text.ptr + from, text.len - (size_t)from };
}

/* 'File "app.py", line 12, in work' */
static bool read_file_line(struct str line, struct paste_row *ret)
{
	struct str file, rest, word;
	uint64_t number;

	line = str_trim(line);
	if (!str_starts_with(line, STR("File \"")) || !str_cut(tail(line, 6), '"', &file, &rest) ||
	    !str_starts_with(rest, STR(", line ")))
		return false;
	rest = tail(rest, 7);
	*ret = (struct paste_row){ .dso = STR("Python"), .file = file, .symbol = STR("<module>") };
	if (!str_next_word(&rest, &word))
		return false;
	if (word.ptr[word.len - 1] == ',')
		word.len--;
	if (!str_to_u64(word, &number) || number > UINT32_MAX)
		return false;
	ret->line = (uint32_t)number;
	rest = str_trim(rest);
	/* a syntax error has a place without a function */
	if (str_starts_with(rest, STR("in ")))
		ret->symbol = str_trim(tail(rest, 3));
	return true;
}

/* "    work (app.py:12)", four blanks before it as py-spy has them */
static bool read_pyspy_frame(struct str line, struct paste_row *ret)
{
	struct str text = str_trim(line);

	*ret = (struct paste_row){ 0 };
	if (!str_starts_with(line, STR("    ")) || !text.len || text.ptr[text.len - 1] != ')')
		return false;
	paste_name_place(text, ret);
	return ret->file.len > 0;
}

/* 'Thread 17 (active+gil): "MainThread"', "Thread 0x7f (idle)" */
static bool read_pyspy_thread(struct str line, struct paste_stack *stack)
{
	static const struct {
		const char *text;
		enum profile_state state;
	} states[] = { { "(active", PROFILE_STATE_RUNNING }, { "(idle", PROFILE_STATE_IDLE } };
	struct str rest = line, word, name;
	uint64_t tid;

	line = str_trim(line);
	if (!str_next_word(&rest, &word) || !str_is(word, "Thread") || !str_next_word(&rest, &word))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (str_find(line, str_from(states[i].text)) < 0)
			continue;
		paste_stack_end(stack);
		if (str_to_u64(word, &tid) && tid <= INT32_MAX)
			stack->tid = (int32_t)tid;
		if (str_cut(line, '"', &word, &name) && str_cut(name, '"', &name, &rest))
			stack->thread = name;
		stack->state = states[i].state;
		return true;
	}
	return false;
}

/* "from app.rb:9:in `<main>'", "app.rb:3:in 'Foo#work': text (RuntimeError)" */
static bool read_ruby(struct str line, struct paste_row *ret)
{
	struct str rest = str_trim(line), name;
	ptrdiff_t in;

	if (str_starts_with(rest, STR("from ")))
		rest = tail(rest, 5);
	in = str_find(rest, STR(":in `"));
	if (in < 0)
		in = str_find(rest, STR(":in '"));
	if (in < 1)
		return false;
	*ret = (struct paste_row){ .dso = STR("Ruby") };
	paste_place((struct str){ rest.ptr, (size_t)in }, &ret->file, &ret->line);
	if (!ret->line || !str_cut(tail(rest, in + 5), '\'', &name, &rest))
		return false;
	ret->symbol = name;
	return name.len > 0;
}

/* "Foo::work(1, 2) called at app.pl line 12" (Perl's Carp) */
static bool read_perl(struct str line, struct paste_row *ret)
{
	struct str rest = str_trim(line), word;
	ptrdiff_t called = str_find(rest, STR(" called at ")), at, open;
	uint64_t number;

	if (called < 1)
		return false;
	*ret = (struct paste_row){ .dso = STR("perl"), .symbol = { rest.ptr, (size_t)called } };
	open = str_find(ret->symbol, STR("("));
	if (open > 0)
		ret->symbol.len = (size_t)open;
	rest = tail(rest, called + 11);
	at = str_find(rest, STR(" line "));
	if (at < 1)
		return false;
	ret->file = (struct str){ rest.ptr, (size_t)at };
	rest = tail(rest, at + 6);
	if (str_next_word(&rest, &word) && str_to_u64(word, &number) && number <= UINT32_MAX)
		ret->line = (uint32_t)number;
	return true;
}

enum heading { NO_HEADING, LAST_FIRST, FIRST_LAST };

/* How the stack that follows is turned. */
static enum heading read_heading(struct str line)
{
	if (str_find(line, STR("(most recent call last):")) >= 0)
		return FIRST_LAST;
	return str_find(line, STR("(most recent call first):")) >= 0 ? LAST_FIRST : NO_HEADING;
}

/* 'Thread 0x7f ["worker"] (most recent call first):' */
static void name_thread(struct paste_stack *stack, struct str line)
{
	struct str name, rest;
	ptrdiff_t bracket = str_find(line, STR(" ["));

	line = str_trim(line);
	if (bracket > 0 && str_cut(tail(line, bracket + 2), ']', &name, &rest))
		stack->thread = name;
	else if (str_find(line, STR("hread 0x")) >= 0)
		stack->thread = (struct str){ line.ptr, (size_t)str_find(line, STR(" (")) };
}

/* Source lines below the places, "~~^^^" marks, and what the exception says. */
static bool is_chatter(struct reader *reader, struct str line)
{
	static const char *const leads[] = { "Process ",
					     "Python v",
					     "During handling",
					     "The above exception",
					     "Fatal Python error",
					     "[Previous line repeated",
					     "Thread " };
	struct str text = str_trim(line);

	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(text, str_from(leads[i])))
			return true;
	if (!text.len || line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return reader->stack.frames.count || !text.len;
	/* "text at app.pl line 3." */
	if (str_find(text, STR(" at ")) > 0 && str_find(text, STR(" line ")) > 0)
		return true;
	/* "ValueError: text" ends a traceback */
	return reader->is_traceback &&
	       (str_find(text, STR(": ")) > 0 || str_find(text, STR("Error")) > 0 ||
		str_find(text, STR("Interrupt")) > 0);
}

static void read_line(struct reader *reader, struct str line)
{
	struct paste_stack *stack = &reader->stack;
	enum heading heading = read_heading(line);
	struct paste_row row;

	if (heading != NO_HEADING) {
		paste_stack_end(stack);
		reader->is_traceback = heading == FIRST_LAST;
		name_thread(stack, line);
		stack->outermost_first = reader->is_traceback;
	} else if (read_pyspy_thread(line, stack)) {
		reader->is_traceback = false;
	} else if (read_file_line(line, &row)) {
		/* a part that was copied without its heading is a traceback's */
		if (!stack->frames.count && !reader->is_traceback && !stack->thread.len)
			stack->outermost_first = true;
		paste_stack_frame(stack, &row);
	} else if (read_ruby(line, &row)) {
		/* the line that tells the error is the innermost frame */
		if (str_find(line, STR("from ")) < 0 && stack->frames.count)
			paste_stack_end(stack);
		paste_stack_frame(stack, &row);
	} else if (read_perl(line, &row) || read_pyspy_frame(line, &row)) {
		paste_stack_frame(stack, &row);
	} else if (is_chatter(reader, line)) {
		if (!str_trim(line).len ||
		    (reader->is_traceback && line.ptr[0] != ' ' && line.ptr[0] != '\t'))
			paste_stack_end(stack);
	} else {
		import_ignore(stack->profile, line);
	}
}

static void read_python(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	paste_stack_finish(&reader.stack);
}

static enum import_look look(struct str head)
{
	unsigned frames = 0, perl = 0, spy = 0;
	bool has_thread = false;
	struct paste_row row;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		if (read_file_line(line, &row))
			return LOOK_SURE;
		frames += read_ruby(line, &row);
		perl += read_perl(line, &row);
		has_thread |=
			(str_find(line, STR("(active")) > 0 || str_find(line, STR("(idle")) > 0) &&
			str_starts_with(str_trim(line), STR("Thread "));
		spy += has_thread && read_pyspy_frame(line, &row);
	}
	return frames || spy ? LOOK_SURE : perl ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_python_reader = { "stack trace", look, read_python };
