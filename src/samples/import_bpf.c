/*
 * What tracing tools count by stack:
 *   bpftrace    "@[", frames, "]: 12"; keys that are no stacks ("@[comm]: 5") are counted by name
 *   bcc         frames, "-  comm (pid)", and the count or the microseconds below (profile,
 *               offcputime, wakeuptime); stackcount has no line for the program
 *   DTrace      frames "libc.so.1`read+0xa", and the count below
 * All list the innermost frame first. Folded output (-f) is read as folded stacks.
 */
#include "samples/import.h"

#include "base/memory.h"
#include "samples/paste_stack.h"

enum { MAX_FRAMES = 4096 };

VEC_DEFINE(row_vec, struct paste_row)

struct reader {
	struct paste_stack stack;
	struct row_vec rows; /* of the stack that is being read */
	bool in_map;	     /* between "@[" and "]: 12" */
	bool has_owner;	     /* bcc's "-  comm (pid)" was read */
	bool is_off_cpu;     /* what bcc's tool counts is microseconds */
	struct str map;
	struct str block; /* lines of the block, to be ignored when no count comes */
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

static bool is_offset(struct str text)
{
	uint64_t offset;

	return str_starts_with(text, STR("0x")) ? str_to_hex(text, &offset)
						: str_to_u64(text, &offset);
}

/* "b'name'" as bcc's older tools print bytes of Python */
static struct str without_bytes(struct str text)
{
	if (text.len > 3 && str_starts_with(text, STR("b'")) && text.ptr[text.len - 1] == '\'')
		return (struct str){ text.ptr + 2, text.len - 3 };
	return text;
}

/* "vfs_read+1", "main+12 (/usr/bin/x)", "read+0x11 [libc.so.6]", "libc.so.1`read+0xa" */
static void read_frame(struct str text, struct paste_row *row)
{
	ptrdiff_t at;
	struct str word, rest;
	uint64_t address;

	text = without_bytes(str_trim(text));
	*row = (struct paste_row){ 0 };
	rest = text;
	/* an address in front of the name (bpftrace's perf mode, bcc -a) */
	if (str_next_word(&rest, &word) && word.len > 6 && str_to_hex(word, &address) &&
	    str_trim(rest).len)
		text = str_trim(rest);
	if (text.len && text.ptr[text.len - 1] == ')' && (at = str_find(text, STR(" ("))) > 0) {
		row->dso = (struct str){ text.ptr + at + 2, text.len - (size_t)at - 3 };
		text = (struct str){ text.ptr, (size_t)at };
	} else if (text.len && text.ptr[text.len - 1] == ']' &&
		   (at = str_find(text, STR(" ["))) > 0) {
		row->dso = (struct str){ text.ptr + at + 2, text.len - (size_t)at - 3 };
		text = (struct str){ text.ptr, (size_t)at };
	} else if ((at = str_find(text, STR("`"))) > 0) {
		row->dso = (struct str){ text.ptr, (size_t)at };
		text = tail(text, at + 1);
	}
	at = find_last(text, '+');
	if (at > 0 && is_offset(tail(text, at + 1)))
		text.len = (size_t)at;
	if (str_ends_with(text, STR("_[k]"))) {
		text.len -= 4;
		row->is_kernel = true;
	}
	row->symbol = text;
}

/* The outermost functions of a kernel stack: what is inside of them is the kernel's too. */
static bool is_kernel_entry(struct str name)
{
	static const char *const names[] = {
		"entry_SYSCALL_64*",
		"do_syscall_64",
		"x64_sys_call",
		"__x64_sys_*",
		"ret_from_fork*",
		"kthread",
		"asm_*",
		"el0_svc*",
		"el0t_64_*",
		"secondary_startup_64*",
		"cpu_startup_entry",
		"do_fast_syscall_32",
		"entry_INT80*",
		"invoke_syscall*",
		"start_secondary",
		"do_idle",
		"finish_task_switch*",
		"__schedule",
		"el1h_64_*",
		"__arm64_sys_*",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_glob(str_from(names[i]), name))
			return true;
	return false;
}

static void mark_kernel(struct row_vec *rows)
{
	size_t kernel = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (!rows->items[i].dso.len && is_kernel_entry(rows->items[i].symbol))
			kernel = i + 1;
	for (size_t i = 0; i < kernel; i++)
		if (!rows->items[i].dso.len)
			rows->items[i].is_kernel = true;
}

static uint32_t event_of(struct reader *reader)
{
	struct profile *profile = reader->stack.profile;
	auto_free char *name = x_strndup(reader->map.ptr, reader->map.len);
	uint32_t event = profile_event(profile, reader->is_off_cpu ? "off-CPU time"
						: *name		   ? name
								   : "samples");

	profile->events.items[event].unit = reader->is_off_cpu ? "ns" : "samples";
	return event;
}

/* The block is whole: `count` is what stands behind it. */
static void block_end(struct reader *reader, uint64_t count)
{
	struct paste_stack *stack = &reader->stack;

	mark_kernel(&reader->rows);
	for (size_t i = 0; i < reader->rows.count; i++)
		paste_stack_frame(stack, &reader->rows.items[i]);
	stack->has_event = true;
	stack->event = event_of(reader);
	if (reader->is_off_cpu && __builtin_mul_overflow(count, (uint64_t)1000, &count))
		count = UINT64_MAX;
	stack->count = count;
	if (count)
		paste_stack_end(stack);
	stack->frames.count = 0;
	reader->rows.count = 0;
	reader->has_owner = false;
	reader->in_map = false;
	reader->block = STR("");
}

/* What looked like frames had no count: other text. */
static void block_drop(struct reader *reader)
{
	struct str line;

	while (str_next_line(&reader->block, &line))
		if (str_trim(line).len)
			import_ignore(reader->stack.profile, line);
	reader->rows.count = 0;
	reader->has_owner = reader->in_map = false;
	reader->stack.comm = STR("");
	reader->stack.pid = reader->stack.tid = 0;
}

static void block_add(struct reader *reader, struct str line)
{
	if (!reader->block.len)
		reader->block = line;
	reader->block.len = (size_t)(line.ptr + line.len - reader->block.ptr);
}

/* "]: 12", ", python3]: 12", ", python3, 123]: 12": the keys behind the stacks, and the count */
static bool read_map_end(struct str line, struct str *ret_keys, uint64_t *ret_count)
{
	ptrdiff_t at = find_last(line, ']');
	double value;
	enum paste_unit unit;

	if (at < 0 || !str_starts_with(tail(line, at), STR("]: ")) ||
	    !paste_number(str_trim(tail(line, at + 3)), &value, &unit) || unit != PASTE_PLAIN)
		return false;
	*ret_count = (uint64_t)value;
	*ret_keys = str_trim((struct str){ line.ptr, (size_t)at });
	if (ret_keys->len && ret_keys->ptr[0] == ',')
		*ret_keys = str_trim(tail(*ret_keys, 1));
	return true;
}

/* The program among the keys: the first that is no number. */
static void read_keys(struct reader *reader, struct str keys)
{
	struct str key;
	uint64_t number;

	while (keys.len) {
		str_cut(keys, ',', &key, &keys);
		key = str_trim(key);
		if (str_to_u64(key, &number)) {
			if (number && number <= INT32_MAX)
				reader->stack.pid = reader->stack.tid = (int32_t)number;
		} else if (key.len && !reader->stack.comm.len) {
			reader->stack.comm = key;
		}
	}
}

/* "@stacks[" opens a map with a stack in it; "@calls[read]: 12" is one with a name. */
static bool read_map(struct reader *reader, struct str line)
{
	struct str text = str_trim(line), keys;
	ptrdiff_t open = str_find(text, STR("["));
	uint64_t count;

	if (!text.len || text.ptr[0] != '@' || open < 1)
		return false;
	block_drop(reader);
	reader->map = (struct str){ text.ptr + 1, (size_t)open - 1 };
	if (read_map_end(tail(text, open + 1), &keys, &count)) {
		row_vec_push(&reader->rows, (struct paste_row){ .symbol = keys });
		block_end(reader, count);
		return true;
	}
	reader->in_map = (size_t)open + 1 == text.len;
	if (reader->in_map)
		block_add(reader, line);
	return reader->in_map;
}

static void read_in_map(struct reader *reader, struct str line)
{
	struct str text = str_trim(line), keys;
	uint64_t count;

	block_add(reader, line);
	if ((text.ptr[0] == ']' || text.ptr[0] == ',') && read_map_end(text, &keys, &count)) {
		read_keys(reader, keys);
		block_end(reader, count);
	} else if (!str_is(text, ",") && reader->rows.count < MAX_FRAMES) {
		/* a stack may begin on the line of the comma that ends the one before */
		struct paste_row row;

		read_frame(text.ptr[0] == ',' ? tail(text, 1) : text, &row);
		row_vec_push(&reader->rows, row);
	}
}

/* "-                python3 (1234)" */
static bool read_owner(struct paste_stack *stack, struct str line)
{
	struct str text = str_trim(line), name;
	ptrdiff_t open = find_last(text, '(');
	uint64_t pid;

	if (!str_starts_with(text, STR("- ")) || open < 3 || text.ptr[text.len - 1] != ')' ||
	    !str_to_u64((struct str){ text.ptr + open + 1, text.len - (size_t)open - 2 }, &pid))
		return false;
	name = str_trim((struct str){ text.ptr + 1, (size_t)open - 1 });
	if (stack) {
		stack->comm = without_bytes(name);
		if (pid && pid <= INT32_MAX)
			stack->pid = stack->tid = (int32_t)pid;
	}
	return true;
}

static bool is_indented(struct str line)
{
	return line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
}

static bool is_chatter(struct reader *reader, struct str line)
{
	static const char *const leads[] = { "Attaching ", "Attached ", "Sampling at ", "Tracing ",
					     "^C",	   "dtrace: ",	"WARNING: ",	"Detaching",
					     "CPU     ID", "Stack id",	"Missing " };
	struct str text = str_trim(line);

	if (str_find(text, STR("off-CPU time")) > 0 || str_find(text, STR("blocked time")) > 0)
		reader->is_off_cpu = true;
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(text, str_from(leads[i])))
			return true;
	return !text.len || str_is(text, "--");
}

static void read_line(struct reader *reader, struct str line)
{
	struct str text = str_trim(line);
	struct paste_row row;
	uint64_t count;

	if (read_map(reader, line)) {
		return;
	} else if (reader->in_map) {
		if (text.len)
			read_in_map(reader, line);
	} else if (reader->rows.count && str_to_u64(text, &count)) {
		block_end(reader, count);
	} else if (is_chatter(reader, line)) {
		/* blank lines part blocks, "--" parts the kernel's frames from the user's */
		if (!text.len)
			block_drop(reader);
	} else if (read_owner(&reader->stack, line)) {
		block_add(reader, line);
		reader->has_owner = true;
	} else if (is_indented(line) && reader->rows.count < MAX_FRAMES && !reader->has_owner) {
		block_add(reader, line);
		read_frame(text, &row);
		row_vec_push(&reader->rows, row);
	} else {
		block_drop(reader);
		import_ignore(reader->stack.profile, line);
	}
}

static void read_bpf(struct profile *profile, struct str text)
{
	struct reader reader = { .stack.profile = profile };
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	block_drop(&reader);
	row_vec_done(&reader.rows);
	paste_stack_finish(&reader.stack);
}

static enum import_look look(struct str head)
{
	unsigned frames = 0, blocks = 0, others = 0, ticks = 0;
	struct str line, text, keys;
	uint64_t count;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++) {
		text = str_trim(line);
		if (!text.len) {
			frames = 0;
			continue;
		}
		if (read_owner(NULL, line) && frames)
			return LOOK_SURE;
		if (text.ptr[0] == '@' &&
		    (str_ends_with(text, STR("[")) ||
		     (str_find(text, STR("[")) > 0 && read_map_end(text, &keys, &count))))
			return LOOK_SURE;
		if (str_to_u64(text, &count)) {
			blocks += frames > 0 && is_indented(line);
			frames = 0;
		} else if (is_indented(line) && str_find(text, STR(" ")) < 0) {
			frames++;
			ticks += str_find(text, STR("`")) > 0;
		} else {
			others++;
		}
	}
	if (!blocks)
		return LOOK_NO;
	return ticks ? LOOK_SURE : others <= blocks ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_bpf_reader = { "stacks with counts", look, read_bpf };
