/*
 * Call traces of the kernel: /proc/PID/stack ("[<0>] ep_poll+0x1d2/0x3f0") and what dmesg or the
 * journal show of oopses, warnings, hung tasks, stalls and lock reports, with or without time
 * stamps. Entries marked '?' were found on the stack and need not have been called: left out.
 */
#include "samples/import.h"
#include "samples/paste_stack.h"

/* "name+0x1/0x2": the offset in a function and its size */
static bool read_place(struct str word, struct str *ret_name)
{
	ptrdiff_t plus = str_find(word, STR("+0x"));
	ptrdiff_t slash = str_find(word, STR("/0x"));

	/* "0010:name+0x1/0x2" behind RIP: */
	if (word.len > 5 && word.ptr[4] == ':') {
		word = (struct str){ word.ptr + 5, word.len - 5 };
		return read_place(word, ret_name);
	}
	if (plus < 1 || slash < plus)
		return false;
	*ret_name = (struct str){ word.ptr, (size_t)plus };
	return true;
}

struct frame_line {
	struct paste_row row;
	bool is_guess, is_pc; /* '?'; of a register: where it happened */
};

/* Module names stand behind the place: "[ext4]", "[nvidia(OE)]"; arm64 adds " (P)". */
static bool is_module(struct str word)
{
	return word.len > 2 && word.len < 60 && word.ptr[0] == '[' &&
	       word.ptr[word.len - 1] == ']' && word.ptr[1] != '<';
}

static bool read_frame(struct str line, struct frame_line *ret)
{
	struct str word, name = STR("");

	*ret = (struct frame_line){ .row = { .dso = STR("[kernel.kallsyms]"), .is_kernel = true } };
	while (str_next_word(&line, &word)) {
		if (!name.len && str_is(word, "?"))
			ret->is_guess = true;
		else if (!name.len && (str_is(word, "RIP:") || str_is(word, "pc") ||
				       str_is(word, "PC") || str_is(word, "IP:")))
			ret->is_pc = true;
		else if (!name.len && (str_is(word, "lr") || str_is(word, "at:")))
			return false;
		else if (!name.len)
			read_place(word, &name);
		else if (is_module(word))
			ret->row.dso = word;
	}
	ret->row.symbol = name;
	return name.len > 0;
}

static bool has(struct str line, const char *text)
{
	return str_find(line, str_from(text)) >= 0;
}

/* What a report of the kernel begins with. */
static bool is_report(struct str line)
{
	static const char *const starts[] = {
		"cut here",
		"BUG:",
		"INFO: task ",
		"WARNING: ",
		"Oops:",
		"rcu: INFO:",
		"general protection fault",
		"Kernel panic",
		"NMI backtrace",
		"Sending NMI",
		"invoked oom-killer",
		"soft lockup",
		"sysrq: ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (has(line, starts[i]))
			return true;
	return false;
}

static bool is_trace_heading(struct str line)
{
	return has(line, "Call Trace:") || has(line, "Call trace:") ||
	       has(line, "stack backtrace:");
}

/* "CPU: 1 PID: 1234 Comm: kworker/1:2 Not tainted ...", "task:sh  state:D stack:0 pid:12" */
static void read_task(struct paste_stack *stack, struct str line)
{
	ptrdiff_t pid = str_find(line, STR("PID: ")), comm = str_find(line, STR("Comm: "));
	ptrdiff_t task = str_find(line, STR("task:")), state = str_find(line, STR(" state:"));
	struct str word, rest;
	uint64_t number;

	if (comm > 0) {
		rest = (struct str){ line.ptr + comm + 6, line.len - (size_t)comm - 6 };
		if (str_next_word(&rest, &word))
			stack->comm = word;
	} else if (task >= 0 && state > task) {
		stack->comm =
			str_trim((struct str){ line.ptr + task + 5, (size_t)(state - task) - 5 });
		if (has(line, "state:D"))
			stack->state = PROFILE_STATE_IO;
		pid = str_find(line, STR(" pid:"));
	} else {
		return;
	}
	if (pid < 0)
		return;
	rest = (struct str){ line.ptr + pid + 5, line.len - (size_t)pid - 5 };
	if (str_next_word(&rest, &word) && str_to_u64(word, &number) && number <= INT32_MAX)
		stack->pid = stack->tid = (int32_t)number;
}

/* What else stands in these reports: registers, code bytes, modules, marks. */
static bool is_chatter(struct str line)
{
	static const char *const parts[] = {
		"<TASK>",
		"</TASK>",
		"<IRQ>",
		"</IRQ>",
		"<NMI>",
		"</NMI>",
		"<SOFTIRQ>",
		"</SOFTIRQ>",
		"<EOI>",
		"Modules linked in",
		"Hardware name:",
		"RIP:",
		"RSP:",
		"RAX:",
		"RDX:",
		"RBP:",
		"R10:",
		"R13:",
		"ORIG_RAX",
		"FS:",
		"CS:",
		"CR2:",
		"DR0:",
		"DR3:",
		"Code:",
		"PKRU:",
		"#PF:",
		"PGD ",
		"CPU:",
		"task:",
		"end trace",
		"echo 0 >",
		"Tainted:",
		"tainted",
		"Workqueue:",
		"softirqs last",
		"hardirqs last",
		"irq event stamp",
		"x29:",
		"pstate:",
		"sp :",
		"pc :",
		"lr :",
		"ret_from_fork",
	};

	line = str_trim(line);
	/* "==> /proc/7/stack <==" as head and tail part files */
	if (!line.len || line.ptr[line.len - 1] == ':' || line.ptr[line.len - 1] == ']' ||
	    str_starts_with(line, STR("==")) || str_starts_with(line, STR("/proc/")))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (has(line, parts[i]))
			return true;
	return is_report(line);
}

/* "[<0>] 0xffffffffffffffff" ends old /proc/PID/stack */
static bool is_end_mark(struct str line)
{
	return has(line, "[<") && has(line, "0xffffffffffffffff");
}

struct reader {
	struct paste_stack stack;
	struct paste_row pc; /* where it happened, told before the trace */
	bool has_pc, in_trace;
	bool was_outermost; /* the frame before */
};

static void end(struct reader *reader)
{
	paste_stack_end(&reader->stack);
	reader->has_pc = reader->in_trace = reader->was_outermost = false;
}

static void begin_trace(struct reader *reader)
{
	if (reader->stack.frames.count) {
		end(reader);
	} else if (reader->has_pc) {
		paste_stack_frame(&reader->stack, &reader->pc);
		reader->has_pc = false;
	}
	reader->in_trace = true;
}

/* The outermost functions of a task: what follows is another one's stack. */
static bool is_outermost(struct str name)
{
	return str_starts_with(name, STR("entry_SYSCALL_")) ||
	       str_starts_with(name, STR("entry_INT80")) ||
	       str_starts_with(name, STR("ret_from_fork")) ||
	       str_starts_with(name, STR("el0t_64_sync")) ||
	       str_starts_with(name, STR("ret_fast_syscall"));
}

static void add(struct reader *reader, const struct frame_line *frame)
{
	struct paste_stack *stack = &reader->stack;
	bool is_outer = is_outermost(frame->row.symbol);

	/* "ret_from_fork" is called by "ret_from_fork_asm", el0t_64_sync by none */
	if (reader->was_outermost && !is_outer)
		end(reader);
	if (!frame->is_guess && !frame->is_pc)
		reader->was_outermost = is_outer;
	if (frame->is_pc) {
		/* the same registers stand behind the trace once more */
		if (!reader->in_trace) {
			reader->pc = frame->row;
			reader->has_pc = true;
		}
		return;
	}
	if (!frame->is_guess)
		paste_stack_frame(stack, &frame->row);
}

static void read_kernel(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct frame_line frame;
	struct str line;

	while (str_next_line(&text, &line)) {
		if (is_trace_heading(line)) {
			begin_trace(&reader);
		} else if (read_frame(line, &frame)) {
			add(&reader, &frame);
		} else if (is_report(line)) {
			end(&reader);
		} else if (is_chatter(line) || is_end_mark(line)) {
			if ((!str_trim(line).len || str_starts_with(line, STR("==")) ||
			     str_starts_with(line, STR("/proc/"))) &&
			    !reader.in_trace)
				end(&reader);
			/* the next task's heading */
			if (has(line, "task:") && reader.stack.frames.count)
				end(&reader);
			read_task(&reader.stack, line);
		} else {
			import_ignore(profile, line);
		}
	}
	if (reader.has_pc && !reader.stack.frames.count)
		paste_stack_frame(&reader.stack, &reader.pc);
	paste_stack_finish(&reader.stack);
}

static enum import_look look(struct str head)
{
	unsigned frames = 0, headings = 0, lines = 0;
	struct frame_line frame;
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		lines += str_trim(line).len > 0;
		frames += read_frame(line, &frame);
		headings += is_trace_heading(line);
	}
	if (frames < 2 && !(headings && frames))
		return frames && lines == 1 ? LOOK_LIKELY : LOOK_NO;
	return LOOK_SURE;
}

const struct importer import_kernel_reader = { "kernel stack", look, read_kernel };
