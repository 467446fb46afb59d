/*
 * Stacks of managed languages, whose frames begin with "at": thread dumps of Java (jstack, kill -3,
 * jcmd Thread.print) with their states and monitors, and exceptions of Java, .NET and JavaScript:
 *   "main" #1 prio=5 os_prio=0 cpu=8.1ms tid=0x7f nid=0x1e runnable  [0x00007f]
 *      java.lang.Thread.State: BLOCKED (on object monitor)
 *   	at java.util.HashMap.get(java.base@17.0.2/HashMap.java:557)
 *   	- waiting to lock <0x000000061> (a java.lang.Object)
 *   at Namespace.Class.Method(String arg) in /src/file.cs:line 12
 *   at Object.parse (/app/x.js:12:3)
 */
#include "samples/import.h"
#include "samples/paste_stack.h"

struct reader {
	struct paste_stack stack;
	struct str released; /* the monitor that Object.wait() let go */
	bool in_deadlock;    /* the report behind the threads, which repeats them */
	bool is_dump;	     /* of threads, not an exception */
	bool is_source;	     /* the next line is the one that failed */
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

/* "x.js:12:3" -> x.js, 12 */
static void read_script_place(struct str place, struct paste_row *row)
{
	struct str file;
	uint32_t line;

	if (str_starts_with(place, STR("file://")))
		place = tail(place, 7);
	paste_place(place, &row->file, &row->line);
	paste_place(row->file, &file, &line);
	if (line) {
		row->file = file;
		row->line = line;
	}
}

static bool is_java_place(struct str place)
{
	return str_find(place, STR(".java")) >= 0 || str_find(place, STR(".kt")) >= 0 ||
	       str_find(place, STR(".scala")) >= 0 || str_find(place, STR(".groovy")) >= 0 ||
	       str_find(place, STR(".clj")) >= 0 || str_is(place, "Native Method") ||
	       str_is(place, "Unknown Source") || str_is(place, "<generated>") ||
	       str_ends_with(place, STR("/Native Method")) ||
	       str_ends_with(place, STR("/Unknown Source")) ||
	       str_find(place, STR("Redefined")) >= 0;
}

/* "java.base@17.0.2/java.util.HashMap.get(HashMap.java:557)": the module stands before the class
 * or, as jstack has it, in the brackets */
static void read_java(struct str name, struct str place, struct paste_row *row)
{
	ptrdiff_t slash = find_last(place, '/');
	struct str module = STR("");

	if (slash > 0) {
		module = (struct str){ place.ptr, (size_t)slash };
		place = tail(place, slash + 1);
	}
	slash = find_last(name, '/');
	if (slash > 0) {
		/* "app//com.x.Y.f": a class loader and an empty module; hidden classes end in
		 * "$$Lambda/0x7f" */
		if (str_find(tail(name, slash + 1), STR(".")) > 0 &&
		    !str_starts_with(tail(name, slash + 1), STR("0x"))) {
			module = (struct str){ name.ptr, (size_t)slash };
			name = tail(name, slash + 1);
		}
	}
	str_cut(module, '@', &module, &(struct str){ 0 });
	while (module.len && module.ptr[module.len - 1] == '/')
		module.len--;
	row->symbol = name;
	row->dso = module.len ? module : STR("Java");
	if (str_find(place, STR(":")) > 0 || str_find(place, STR(".")) > 0)
		paste_place(place, &row->file, &row->line);
}

/* " in /src/file.cs:line 12" behind .NET's frames; where the program came without symbols, nothing
 */
static void read_dotnet(struct str rest, struct paste_row *row)
{
	ptrdiff_t in = str_find(rest, STR(" in ")), line;
	struct str place;
	uint64_t number;

	row->dso = STR(".NET");
	if (in > 0) {
		place = str_trim(tail(rest, in + 4));
		rest = str_trim((struct str){ rest.ptr, (size_t)in });
		line = str_find(place, STR(":line "));
		if (line > 0 && str_to_u64(tail(place, line + 6), &number) &&
		    number <= UINT32_MAX) {
			row->line = (uint32_t)number;
			place.len = (size_t)line;
		}
		row->file = place;
	}
	in = str_find(rest, STR("("));
	row->symbol = in > 0 ? (struct str){ rest.ptr, (size_t)in } : rest;
}

static bool is_script_word(struct str word)
{
	struct paste_row row = { 0 };

	read_script_place(word, &row);
	return row.line && row.file.len;
}

/* "parse (/app/x.js:12:3)", "async Promise.all (index 0)", "/app/x.js:1:1", "new Foo (x.js:1:2)" */
static bool read_javascript(struct str rest, struct paste_row *row)
{
	ptrdiff_t open = str_find(rest, STR(" ("));
	struct str place;

	row->dso = STR("node");
	if (open < 0) {
		if (!is_script_word(rest))
			return false;
		read_script_place(rest, row);
		row->symbol = STR("(anonymous)");
		return true;
	}
	if (rest.ptr[rest.len - 1] != ')')
		return false;
	place = (struct str){ rest.ptr + open + 2, rest.len - (size_t)open - 3 };
	row->symbol = (struct str){ rest.ptr, (size_t)open };
	if (str_starts_with(row->symbol, STR("async ")))
		row->symbol = tail(row->symbol, 6);
	if (is_script_word(place))
		read_script_place(place, row);
	return is_script_word(place) || str_is(place, "<anonymous>") || str_is(place, "native") ||
	       str_starts_with(place, STR("index ")) || str_starts_with(place, STR("eval at"));
}

static bool read_frame(struct str line, struct paste_row *ret)
{
	ptrdiff_t open;
	struct str place;

	line = str_trim(line);
	*ret = (struct paste_row){ 0 };
	if (!str_starts_with(line, STR("at ")))
		return false;
	line = str_trim(tail(line, 3));
	open = find_last(line, '(');
	if (open > 0 && line.ptr[open - 1] != ' ' && line.ptr[line.len - 1] == ')') {
		place = (struct str){ line.ptr + open + 1, line.len - (size_t)open - 2 };
		if (is_java_place(place)) {
			read_java((struct str){ line.ptr, (size_t)open }, place, ret);
			return true;
		}
	}
	/* logging libraries put "[rt.jar:1.8]" or "~[app.jar:na]" behind Java's frames */
	if ((open = str_find(line, STR(") ~["))) > 0 || (open = str_find(line, STR(") ["))) > 0) {
		struct str shorter = { line.ptr, (size_t)open + 1 };
		ptrdiff_t begin = find_last(shorter, '(');

		if (begin > 0) {
			place = (struct str){ shorter.ptr + begin + 1,
					      shorter.len - (size_t)begin - 2 };
			read_java((struct str){ line.ptr, (size_t)begin }, place, ret);
			return true;
		}
	}
	if (read_javascript(line, ret))
		return true;
	*ret = (struct paste_row){ 0 };
	open = str_find(line, STR("("));
	if (open < 1 || str_find((struct str){ line.ptr, (size_t)open }, STR(".")) < 0 ||
	    str_find((struct str){ line.ptr, (size_t)open }, STR(" ")) > 0)
		return false;
	read_dotnet(line, ret);
	return true;
}

/* '"main" #1 prio=5 ... tid=0x7f nid=0x1e runnable'; newer ones have "[7421]" behind the number */
static bool read_thread(struct paste_stack *stack, struct str line)
{
	struct str name, rest, word, value;
	uint64_t number;

	if (!line.len || line.ptr[0] != '"')
		return false;
	/* names may hold quotes */
	ptrdiff_t end = str_find(tail(line, 1), STR("\" "));

	if (end < 0 || (str_find(line, STR("nid=")) < 0 && str_find(line, STR("Id=")) < 0 &&
			str_find(line, STR("tid=")) < 0 && str_find(line, STR("prio=")) < 0))
		return false;
	name = (struct str){ line.ptr + 1, (size_t)end };
	rest = tail(line, end + 2);
	paste_stack_end(stack);
	stack->thread = name;
	while (str_next_word(&rest, &word)) {
		if (!str_cut(word, '=', &word, &value) || !str_is(word, "nid"))
			continue;
		if ((str_starts_with(value, STR("0x")) ? str_to_hex(value, &number)
						       : str_to_u64(value, &number)) &&
		    number <= INT32_MAX)
			stack->tid = (int32_t)number;
	}
	/* threads of the virtual machine have no frames */
	if (str_find(line, STR(" runnable")) > 0)
		stack->state = PROFILE_STATE_RUNNING;
	return true;
}

static bool read_state(struct paste_stack *stack, struct str line)
{
	static const struct {
		const char *name;
		enum profile_state state;
	} states[] = {
		{ "RUNNABLE", PROFILE_STATE_RUNNING }, { "BLOCKED", PROFILE_STATE_BLOCKED },
		{ "WAITING", PROFILE_STATE_IDLE },     { "TIMED_WAITING", PROFILE_STATE_IDLE },
		{ "NEW", PROFILE_STATE_IDLE },	       { "TERMINATED", PROFILE_STATE_IDLE },
	};
	ptrdiff_t at = str_find(line, STR("java.lang.Thread.State: "));
	struct str rest, word;

	if (at < 0)
		return false;
	rest = tail(line, at + 24);
	if (!str_next_word(&rest, &word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_is(word, states[i].name))
			stack->state = states[i].state;
	return true;
}

/* "<0x00000000e1> (a java.lang.Object)" */
static struct str lock_of(struct str text)
{
	ptrdiff_t open = str_find(text, STR("<"));

	return open < 0 ? STR("") : str_trim(tail(text, open));
}

static bool is_owned_lock(struct str lock)
{
	return str_find(lock, STR("Lock$")) > 0 || str_find(lock, STR("Sync)")) > 0;
}

/* "- locked <0x..> (a java.lang.Object)" and its like below a frame */
static bool read_lock(struct reader *reader, struct str line)
{
	struct paste_stack *stack = &reader->stack;
	struct str lock;

	line = str_trim(line);
	if (!str_starts_with(line, STR("- ")))
		return false;
	line = tail(line, 2);
	lock = lock_of(line);
	if (str_starts_with(line, STR("waiting to lock")) ||
	    str_starts_with(line, STR("waiting to re-lock"))) {
		stack->state = PROFILE_STATE_BLOCKED;
		paste_lock_wanted(stack, lock);
	} else if (str_starts_with(line, STR("parking to wait for"))) {
		/* conditions have no owner: a pool's worker waits for work */
		if (is_owned_lock(lock)) {
			stack->state = PROFILE_STATE_BLOCKED;
			paste_lock_wanted(stack, lock);
		}
	} else if (str_starts_with(line, STR("waiting on"))) {
		reader->released = lock;
	} else if (str_starts_with(line, STR("locked"))) {
		if (!str_eq(lock, reader->released))
			paste_lock_held(stack, lock);
	} else if (str_starts_with(line, STR("<0x"))) {
		/* "Locked ownable synchronizers:" */
		paste_lock_held(stack, lock);
	} else {
		return str_starts_with(line, STR("None")) ||
		       str_starts_with(line, STR("eliminated"));
	}
	return true;
}

/* What begins a stack of an exception: "java.lang.X: text", "Caused by: ...", "Error: text". */
static bool is_exception(struct str line)
{
	static const char *const leads[] = { "Caused by:",  "Exception in ", "Error: ",
					     "Suppressed:", "Unhandled ",    "Uncaught ",
					     "--- End of ", "TypeError: ",   "RangeError: " };
	struct str word, rest = line;

	line = str_trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return str_next_word(&rest, &word) &&
	       (str_find(word, STR("Exception")) > 0 || str_find(word, STR("Error")) > 0 ||
		str_find(word, STR("Throwable")) > 0);
}

/* "/app/x.js:12" stands before the line of the source that failed. */
static bool is_place_alone(struct str line)
{
	struct str word;

	return str_next_word(&line, &word) && !str_trim(line).len && is_script_word(word);
}

static bool is_chatter(struct str line)
{
	static const char *const leads[] = {
		"Full thread dump",
		"Threads class SMR",
		"_java_thread_list",
		"0x",
		"}",
		"JNI global ref",
		"Locked ownable",
		"Heap",
		"Found ",
		"=====",
		"...",
		"Java stack information",
		"Debugger attached",
		"Node.js v",
		"carrying virtual",
		"\"VM ",
		"length=",
		"No compile task",
		"Compiling:",
		"Mounted virtual",
	};
	struct str word, rest = str_trim(line);

	line = rest;
	if (!line.len)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	/* a date heads the dump, "    ^" points at the place of an error */
	if (str_next_word(&rest, &word) && !rest.len && str_starts_with(word, STR("^")))
		return true;
	return line.len == 19 && line.ptr[4] == '-' && line.ptr[13] == ':';
}

static void read_line(struct reader *reader, struct str line)
{
	struct paste_stack *stack = &reader->stack;
	bool is_source = reader->is_source;
	struct paste_row row;

	reader->is_source = false;
	/* what follows repeats the threads' stacks */
	if (str_find(line, STR("Java-level deadlock")) >= 0)
		reader->in_deadlock = true;
	else if (str_starts_with(line, STR("Full thread dump")))
		reader->in_deadlock = false;
	if (reader->in_deadlock)
		return;
	if (read_frame(line, &row)) {
		paste_stack_frame(stack, &row);
	} else if (read_thread(stack, line)) {
		reader->released = STR("");
		reader->is_dump = true;
	} else if (read_state(stack, line) || read_lock(reader, line)) {
		return;
	} else if (is_exception(line)) {
		paste_stack_end(stack);
	} else if (is_place_alone(line)) {
		reader->is_source = true;
	} else if (is_chatter(line)) {
		/* "Locked ownable synchronizers" stands behind a blank line and is the thread's */
		if (!str_trim(line).len && !reader->is_dump)
			paste_stack_end(stack);
	} else if (!is_source) {
		import_ignore(stack->profile, line);
	}
}

static void read_managed(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	if (reader.is_dump)
		profile->format = "Java thread dump";
	paste_stack_finish(&reader.stack);
}

static enum import_look look(struct str head)
{
	struct paste_row row;
	unsigned frames = 0, threads = 0;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		frames += read_frame(line, &row);
		threads += str_find(line, STR("java.lang.Thread.State: ")) >= 0;
	}
	return frames && frames + threads > 1 ? LOOK_SURE : frames ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_managed_reader = { "stack trace", look, read_managed };
