/*
 * Stacks of native code, one line a frame:
 *   gdb, eu-stack   #1  0x00005555 in main (argc=1) at main.c:12
 *   sanitizers      #0 0x4f1a in f /src/a.c:5:3 (a.out+0x4f1a) (BuildId: ...)
 *   coredumpctl     #0  0x00007f12 raise (libc.so.6 + 0x3ce)
 *   Android         #00 pc 000012345  /system/lib64/libc.so (tgkill+12)
 *   lldb            * frame #0: 0x7f12 libc.so.6`__poll(fds=0x0) + 12 at poll.c:29:10
 *   valgrind        ==7==    by 0x109: main (a.c:12)
 *   Rust            3: core::ops::call_once     and below it     at /rustc/x/function.rs:250:5
 *   backtrace(3)    ./prog(work+0x1a) [0x40069a]
 *   macOS           0   libsystem_kernel.dylib  0x00007ff8 __psynch_cvwait + 10
 */
#include "samples/import.h"
#include "samples/paste_stack.h"

struct reader {
	struct paste_stack stack;
	struct paste_row pending; /* a frame whose place may stand on the next line */
	bool has_pending;
	bool in_message; /* of a panic, or what a sanitizer tells behind its stacks */
};

/* A line that is a frame. */
struct frame_line {
	struct paste_row row;
	uint64_t number;
	bool is_first; /* begins a stack */
};

static struct str tail(struct str text, ptrdiff_t from)
{
	return (struct str){ text.ptr + from, text.len - (size_t)from };
}

static ptrdiff_t find_last(struct str text, struct str needle)
{
	for (ptrdiff_t at = (ptrdiff_t)text.len - (ptrdiff_t)needle.len; at >= 0; at--)
		if (str_starts_with(tail(text, at), needle))
			return at;
	return -1;
}

static bool is_address(struct str word)
{
	uint64_t address;

	return word.len > 2 && str_starts_with(word, STR("0x")) && str_to_hex(word, &address);
}

/* "a.c:5:3", "/src/b.cpp:12" */
static bool read_place(struct str text, struct paste_row *row)
{
	struct str file;
	uint32_t line, before;

	paste_place(text, &file, &line);
	if (!line || !file.len)
		return false;
	row->file = file;
	row->line = line;
	paste_place(file, &file, &before); /* that was the column */
	if (before && file.len) {
		row->file = file;
		row->line = before;
	}
	return true;
}

/* Takes "(...)" off the end of `*text`. */
static bool cut_group(struct str *text, struct str *ret_inside)
{
	struct str rest = str_trim(*text);
	ptrdiff_t at = find_last(rest, STR(" ("));

	/* a frame without a name begins with its module */
	if (at < 0 && rest.len > 2 && rest.ptr[0] == '(' && rest.ptr[rest.len - 1] == ')') {
		*ret_inside = (struct str){ rest.ptr + 1, rest.len - 2 };
		*text = (struct str){ rest.ptr, 0 };
		return true;
	}
	if (at < 0 || rest.ptr[rest.len - 1] != ')')
		return false;
	*ret_inside = (struct str){ rest.ptr + at + 2, rest.len - (size_t)at - 3 };
	*text = str_trim((struct str){ rest.ptr, (size_t)at });
	return true;
}

/* "libc.so.6 + 0x3ce", "a.out+0x4f1a", "/bin/x+0x12" */
static bool read_module(struct str text, struct paste_row *row)
{
	ptrdiff_t plus = find_last(text, STR("+"));
	uint64_t offset;

	if (plus < 1 || !str_to_hex(str_trim(tail(text, plus + 1)), &offset))
		return false;
	row->dso = str_trim((struct str){ text.ptr, (size_t)plus });
	return row->dso.len > 0;
}

/* "name + 12", "name+0x1a" */
static struct str without_offset(struct str name)
{
	ptrdiff_t plus = find_last(name, STR("+"));
	uint64_t offset;

	if (plus < 1 || !str_to_hex(str_trim(tail(name, plus + 1)), &offset))
		return str_trim(name);
	return str_trim((struct str){ name.ptr, (size_t)plus });
}

/* Where the arguments begin, which gdb parts from the name by a blank; template ones do not count.
 */
static struct str without_arguments(struct str name)
{
	int depth = 0;

	for (size_t i = 0; i + 1 < name.len; i++) {
		depth += name.ptr[i] == '<';
		depth -= name.ptr[i] == '>' && i && name.ptr[i - 1] != '-' && depth > 0;
		if (i && name.ptr[i] == ' ' && name.ptr[i + 1] == '(' && !depth)
			return str_trim((struct str){ name.ptr, i });
	}
	return str_trim(name);
}

/* What follows the address: "main (argc=1) at main.c:12", "f /src/a.c:5:3 (a.out+0x1)", ... */
static void read_rest(struct str rest, struct paste_row *row)
{
	ptrdiff_t at = find_last(rest, STR(" at ")), from = find_last(rest, STR(" from "));
	ptrdiff_t dash = find_last(rest, STR(" - /")), blank;
	struct str inside, shorter = rest;

	while (cut_group(&shorter, &inside)) {
		if (read_module(inside, row))
			rest = shorter;
		else if (str_starts_with(inside, STR("BuildId")))
			rest = shorter;
		else
			break;
		at = find_last(rest, STR(" at "));
	}
	if (at > 0) {
		if (!read_place(tail(rest, at + 4), row))
			row->file = str_trim(tail(rest, at + 4));
		rest.len = (size_t)at;
	} else if (from > 0) {
		row->dso = str_trim(tail(rest, from + 6));
		rest.len = (size_t)from;
	} else if (dash > 0) {
		row->dso = str_trim(tail(rest, dash + 3));
		rest.len = (size_t)dash;
	} else if ((blank = find_last(str_trim(rest), STR(" /"))) > 0 &&
		   read_place(tail(str_trim(rest), blank + 1), row)) {
		row->symbol = str_trim((struct str){ str_trim(rest).ptr, (size_t)blank });
		return;
	} else if ((blank = find_last(str_trim(rest), STR(" "))) > 0 &&
		   read_place(tail(str_trim(rest), blank + 1), row)) {
		rest = str_trim((struct str){ str_trim(rest).ptr, (size_t)blank });
		row->symbol = rest;
		return;
	}
	row->symbol = without_arguments(rest);
	if (str_is(row->symbol, "n/a"))
		row->symbol = STR("");
}

/* "pc 0000000000012345  /system/lib64/libc.so (tgkill+12) (BuildId: ab)" */
static bool read_android(struct str rest, struct paste_row *row)
{
	struct str word, inside, name = STR("");
	uint64_t address;

	if (!str_next_word(&rest, &word) || !str_is(word, "pc") || !str_next_word(&rest, &word) ||
	    !str_to_hex(word, &address))
		return false;
	rest = str_trim(rest);
	while (cut_group(&rest, &inside))
		if (!str_starts_with(inside, STR("BuildId")))
			name = without_offset(inside);
	row->dso = rest;
	row->symbol = name;
	return row->dso.len > 0;
}

/* "/srv/app.php(12): Thing->run()", "{main}" */
static bool read_php(struct str rest, struct paste_row *row)
{
	ptrdiff_t at = str_find(rest, STR("): ")), open;
	uint64_t line;
	struct str place;

	if (str_is(rest, "{main}")) {
		row->symbol = rest;
		row->dso = STR("php");
		return true;
	}
	if (str_starts_with(rest, STR("[internal function]: "))) {
		row->symbol = tail(rest, 21);
		row->dso = STR("php");
	} else if (at > 0 && rest.ptr[0] == '/') {
		place = (struct str){ rest.ptr, (size_t)at };
		open = find_last(place, STR("("));
		if (open < 1 || !str_to_u64(tail(place, open + 1), &line))
			return false;
		row->file = (struct str){ place.ptr, (size_t)open };
		row->line = (uint32_t)MIN(line, (uint64_t)UINT32_MAX);
		row->dso = STR("php");
		row->symbol = tail(rest, at + 3);
	} else {
		return false;
	}
	if ((open = str_find(row->symbol, STR("("))) > 0)
		row->symbol.len = (size_t)open;
	return true;
}

/* "#1  0x0000555 in main (x=1) at main.c:12" */
static bool read_numbered(struct str line, struct frame_line *ret)
{
	struct str rest = line, word, after;

	if (rest.len < 3 || rest.ptr[0] != '#' || !str_next_word(&rest, &word) ||
	    !str_to_u64(tail(word, 1), &ret->number))
		return false;
	rest = str_trim(rest);
	if (!read_android(rest, &ret->row) && !read_php(rest, &ret->row)) {
		after = rest;
		if (str_next_word(&after, &word) && is_address(word)) {
			rest = str_trim(after);
			if (str_starts_with(rest, STR("in ")))
				rest = tail(rest, 3);
		}
		read_rest(str_trim(rest), &ret->row);
	}
	ret->is_first = !ret->number;
	return ret->row.symbol.len > 0 || ret->row.dso.len > 0;
}

/* "frame #0: 0x7f12 libc.so.6`__poll(fds=0x0) + 12 at poll.c:29:10" */
static bool read_lldb(struct str line, struct frame_line *ret)
{
	struct str rest = line, word, name;
	ptrdiff_t tick, at;

	if (str_starts_with(rest, STR("* ")))
		rest = str_trim(tail(rest, 2));
	if (!str_starts_with(rest, STR("frame #")))
		return false;
	rest = tail(rest, 7);
	if (!str_next_word(&rest, &word) || word.ptr[word.len - 1] != ':' ||
	    !str_to_u64((struct str){ word.ptr, word.len - 1 }, &ret->number) ||
	    !str_next_word(&rest, &word) || !is_address(word))
		return false;
	rest = str_trim(rest);
	tick = str_find(rest, STR("`"));
	if (tick < 0)
		return false;
	ret->row.dso = (struct str){ rest.ptr, (size_t)tick };
	name = tail(rest, tick + 1);
	if ((at = find_last(name, STR(" at "))) > 0 && read_place(tail(name, at + 4), &ret->row))
		name.len = (size_t)at;
	if ((at = find_last(name, STR(" + "))) > 0)
		name.len = (size_t)at;
	ret->row.symbol = name;
	if (name.len && name.ptr[name.len - 1] == ')' && (at = str_find(name, STR("("))) > 0 &&
	    str_find(name, STR("=")) > at)
		ret->row.symbol.len = (size_t)at;
	ret->is_first = !ret->number;
	return name.len > 0;
}

/* "at 0x4C2: malloc (vg_replace_malloc.c:309)", "by 0x109: main (in /bin/prog)" */
static bool read_valgrind(struct str line, struct frame_line *ret)
{
	struct str rest = line, word, address, inside;

	if (!str_next_word(&rest, &word) || !(str_is(word, "at") || str_is(word, "by")) ||
	    !str_next_word(&rest, &address) || address.ptr[address.len - 1] != ':' ||
	    !is_address((struct str){ address.ptr, address.len - 1 }))
		return false;
	rest = str_trim(rest);
	if (cut_group(&rest, &inside)) {
		if (str_starts_with(inside, STR("in ")))
			ret->row.dso = tail(inside, 3);
		else
			read_place(inside, &ret->row);
	}
	ret->row.symbol = str_is(rest, "???") ? STR("") : rest;
	ret->is_first = str_is(word, "at");
	return ret->row.symbol.len > 0 || ret->row.dso.len > 0;
}

/* "3: core::ops::call_once", "12:     0x55d4 - std::rt::lang_start" */
static bool read_rust(struct str line, struct frame_line *ret)
{
	struct str rest = line, word, after;

	if (!str_next_word(&rest, &word) || word.len < 2 || word.ptr[word.len - 1] != ':' ||
	    !str_to_u64((struct str){ word.ptr, word.len - 1 }, &ret->number))
		return false;
	rest = after = str_trim(rest);
	if (str_next_word(&after, &word) && is_address(word)) {
		after = str_trim(after);
		if (!str_starts_with(after, STR("- ")))
			return false;
		rest = str_trim(tail(after, 2));
	}
	/* names have no blanks outside of "<T as Trait>" and "fn(..) -> .." */
	if (!rest.len || (str_find(rest, STR("::")) < 0 && str_find(rest, STR(" ")) >= 0))
		return false;
	ret->row.symbol = str_is(rest, "<unknown>") ? STR("") : rest;
	ret->is_first = !ret->number;
	return true;
}

/* "at /rustc/x/function.rs:250:5" below its frame */
static bool read_rust_place(struct str line, struct paste_row *row)
{
	return str_starts_with(line, STR("at ")) && !row->line && read_place(tail(line, 3), row);
}

/* "./prog(work+0x1a) [0x40069a]", "/lib/libc.so.6(+0x2724a) [0x7f]" */
static bool read_glibc(struct str line, struct frame_line *ret)
{
	ptrdiff_t bracket = find_last(line, STR("[0x")), open;
	struct str module, name;

	if (bracket < 1 || line.ptr[line.len - 1] != ']' ||
	    !is_address((struct str){ line.ptr + bracket + 1, line.len - (size_t)bracket - 2 }))
		return false;
	module = str_trim((struct str){ line.ptr, (size_t)bracket });
	open = find_last(module, STR("("));
	if (open < 1 || module.ptr[module.len - 1] != ')')
		return false;
	name = (struct str){ module.ptr + open + 1, module.len - (size_t)open - 2 };
	ret->row.dso = (struct str){ module.ptr, (size_t)open };
	ret->row.symbol = without_offset(name);
	if (name.len && name.ptr[0] == '+')
		ret->row.symbol = STR("");
	return str_find(ret->row.dso, STR(" ")) < 0;
}

/* "0   libsystem_kernel.dylib  0x00007ff81 __psynch_cvwait + 10" */
static bool read_macos(struct str line, struct frame_line *ret)
{
	struct str rest = line, word, module, address;

	if (!str_next_word(&rest, &word) || !str_to_u64(word, &ret->number) ||
	    !str_next_word(&rest, &module) || !str_next_word(&rest, &address) ||
	    !is_address(address) || address.len < 10)
		return false;
	ret->row.dso = module;
	ret->row.symbol = without_offset(rest);
	ret->is_first = !ret->number;
	return ret->row.symbol.len > 0;
}

/* "==12345== " in front of each line of valgrind */
static struct str without_valgrind(struct str line)
{
	ptrdiff_t end = str_starts_with(line, STR("==")) ? str_find(tail(line, 2), STR("== ")) : -1;

	return end > 0 ? str_trim(tail(line, end + 5)) : line;
}

static bool read_frame(struct str line, struct frame_line *ret)
{
	static bool (*const forms[])(struct str, struct frame_line *) = {
		read_numbered, read_lldb, read_valgrind, read_rust, read_glibc, read_macos,
	};

	line = without_valgrind(str_trim(line));
	for (size_t i = 0; line.len && i < ARRAY_SIZE(forms); i++) {
		*ret = (struct frame_line){ 0 };
		if (forms[i](line, ret))
			return true;
	}
	return false;
}

/* Lines that stand around the frames of these tools and tell nothing of a stack. */
static bool is_chatter(struct str line)
{
	static const char *const leads[] = {
		"TID ",
		"PID ",
		"[",
		"warning:",
		"LWP ",
		"==",
		"SUMMARY:",
		"Using host ",
		"stack backtrace:",
		"note: ",
		"backtrace:",
		"Stack trace",
		"PHP Stack",
		"*** ***",
		"Core was ",
		"Program ",
		"0x",
		"Binary Images",
		"Reading symbols",
		"Process ",
		"Message: ",
		"(gdb)",
		"(lldb)",
		"--Type <RET>",
		"thread '",
		"READ of ",
		"WRITE of ",
		"Read of ",
		"Write of ",
		"Previous ",
		"Direct leak",
		"Indirect leak",
		"Location is ",
		"Mutex M",
		"freed by",
		"previously ",
		"allocated by",
		"[Inferior",
		"Missing separate",
		"ABI: ",
		"pid: ",
		"signal ",
	};

	if (!line.len || line.ptr[line.len - 1] == ':' ||
	    str_ends_with(line, STR(": No such file or directory.")))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(line, str_from(leads[i])))
			return true;
	return false;
}

/* 'Thread 2 (Thread 0x7f (LWP 31) "worker"):', "Stack trace of thread 77:", "TID 7:" */
static bool read_thread(struct paste_stack *stack, struct str line)
{
	static const struct str leads[] = { { "Stack trace of thread ", 22 }, { "TID ", 4 } };
	struct str number, after, name;
	ptrdiff_t at;
	uint64_t tid;

	if (str_starts_with(line, STR("* ")))
		line = str_trim(tail(line, 2));
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++) {
		if (!str_starts_with(line, leads[i]))
			continue;
		str_cut(tail(line, (ptrdiff_t)leads[i].len), ':', &number, &after);
		if (str_to_u64(number, &tid) && tid <= INT32_MAX)
			stack->tid = (int32_t)tid;
		return true;
	}
	if (!str_starts_with(line, STR("Thread ")) && !str_starts_with(line, STR("thread #")))
		return false;
	if ((at = str_find(line, STR("(LWP "))) > 0 &&
	    str_cut(tail(line, at + 5), ')', &number, &after) && str_to_u64(number, &tid) &&
	    tid <= INT32_MAX)
		stack->tid = (int32_t)tid;
	if (str_cut(line, '"', &number, &after) && str_cut(after, '"', &name, &after))
		stack->thread = name;
	else if ((at = str_find(line, STR("name = '"))) > 0 &&
		 str_cut(tail(line, at + 8), '\'', &name, &after))
		stack->thread = name;
	return true;
}

static void flush(struct reader *reader)
{
	if (reader->has_pending)
		paste_stack_frame(&reader->stack, &reader->pending);
	reader->has_pending = false;
}

static void end(struct reader *reader)
{
	flush(reader);
	paste_stack_end(&reader->stack);
}

static void read_line(struct reader *reader, struct str line)
{
	struct frame_line frame;
	struct str text = str_trim(line);

	if (read_frame(text, &frame)) {
		flush(reader);
		/* a thread's heading was read before its first frame */
		if (frame.is_first && reader->stack.frames.count)
			end(reader);
		reader->pending = frame.row;
		reader->has_pending = true;
		reader->in_message = false;
	} else if (reader->has_pending && read_rust_place(text, &reader->pending)) {
		flush(reader);
	} else if (!text.len || is_chatter(text) || str_starts_with(text, STR("Thread ")) ||
		   str_starts_with(text, STR("* thread #"))) {
		/* valgrind's and the sanitizers' headings stand between stacks */
		end(reader);
		read_thread(&reader->stack, text);
		if (str_starts_with(text, STR("SUMMARY:")) ||
		    str_find(text, STR("panicked at")) > 0)
			reader->in_message = true;
	} else if (!reader->in_message) {
		import_ignore(reader->stack.profile, line);
	}
}

static void read_backtrace(struct profile *profile, struct str text)
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
	unsigned frames = 0, lines = 0;
	struct frame_line frame;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		bool is_frame = read_frame(line, &frame) ||
				(frames && read_rust_place(str_trim(line), &frame.row));

		frames += is_frame;
		lines += is_frame || !is_chatter(str_trim(line));
	}
	if (frames < 2)
		return LOOK_NO;
	return frames * 2 >= lines ? LOOK_SURE : LOOK_LIKELY;
}

const struct importer import_backtrace_reader = { "backtrace", look, read_backtrace };
