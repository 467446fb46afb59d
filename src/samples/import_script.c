#include "samples/import.h"

#include <string.h>

#include "base/memory.h"

enum {
	LOOK_LINES = 400, /* lines that decide what a text is: headers can be long */
	MAX_FRAMES = 65536,
};

/* What a header line says. */
struct header {
	struct str comm, event, rest; /* rest: what follows the event */
	int32_t pid, tid;
	uint32_t cpu;
	uint64_t time_ns, period; /* period 0: not printed */
};

VEC_DEFINE(frame_id_vec, uint32_t)

/* One sample is collected at a time; `pending_inlined` counts frames whose dso comes later. */
struct reader {
	struct profile *profile;
	struct frame_id_vec frames; /* innermost first */
	size_t pending_inlined;
	struct interner tails;		/* "sym+0x1f (dso)" as printed */
	struct frame_id_vec tail_frame; /* frame of each tail + 1, 0 = not made yet */
	struct profile_sample sample;
	bool in_sample, skip, has_one_line, is_bare;
	bool has_blank_lines; /* between samples */
	struct str bare_line;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_word(struct str word)
{
	uint64_t value;

	return word.len >= 1 && word.len <= 18 && str_to_hex(word, &value);
}

/* "123", "123/456", "-1" of a task that is gone */
static bool read_ids(struct str word, int32_t *ret_pid, int32_t *ret_tid)
{
	struct str first, second;
	uint64_t a, b;
	bool both;

	if (str_is(word, "-1") || str_is(word, "-1/-1")) {
		*ret_pid = *ret_tid = -1;
		return true;
	}
	both = str_cut(word, '/', &first, &second);
	if (!str_to_u64(first, &a) || a > INT32_MAX)
		return false;
	if (both && (!str_to_u64(second, &b) || b > INT32_MAX))
		return false;
	*ret_pid = both ? (int32_t)a : -1;
	*ret_tid = both ? (int32_t)b : (int32_t)a;
	return true;
}

/* "[003]" */
static bool read_cpu(struct str word, uint32_t *ret_cpu)
{
	uint64_t cpu;

	if (word.len < 3 || word.ptr[0] != '[' || word.ptr[word.len - 1] != ']' ||
	    !str_to_u64((struct str){ word.ptr + 1, word.len - 2 }, &cpu) || cpu >= UINT32_MAX)
		return false;
	*ret_cpu = (uint32_t)cpu;
	return true;
}

/* "1321.762096:" (or with nanoseconds) */
static bool read_time(struct str word, uint64_t *ret_time_ns)
{
	struct str seconds, fraction;
	uint64_t whole, part = 0, ns;

	if (word.len < 4 || word.ptr[word.len - 1] != ':')
		return false;
	word.len--;
	if (!str_cut(word, '.', &seconds, &fraction) || !str_to_u64(seconds, &whole) ||
	    fraction.len > 9 || !str_to_u64(fraction, &part))
		return false;
	for (size_t i = fraction.len; i < 9; i++)
		part *= 10;
	if (__builtin_mul_overflow(whole, 1000000000U, &ns) ||
	    __builtin_add_overflow(ns, part, &ns))
		return false;
	*ret_time_ns = ns;
	return true;
}

/* An event's word ends in ':' and is no time stamp. */
static bool is_event_word(struct str word)
{
	return word.len >= 2 && word.ptr[word.len - 1] == ':' && !is_digit(word.ptr[0]);
}

static bool is_misc(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
			return false;
	return word.len && word.len <= 4;
}

/* "[cpu] time: period event:" behind the ids, each of them optional; false where none is there. */
static bool read_header_fields(struct str rest, struct header *header)
{
	struct str word, before = rest;
	uint64_t number;
	bool any = false;

	if (!str_next_word(&rest, &word))
		return false;
	if (read_cpu(word, &header->cpu)) {
		any = true;
		before = rest;
		if (!str_next_word(&rest, &word))
			return true;
	}
	/* -F +misc prints letters ("U", "K", "PH") here. */
	if (is_misc(word)) {
		struct str after = rest, next;
		uint64_t time_ns;

		if (str_next_word(&after, &next) && (any || read_time(next, &time_ns))) {
			before = rest;
			rest = after;
			word = next;
		}
	}
	if (read_time(word, &header->time_ns)) {
		any = true;
		before = rest;
		if (!str_next_word(&rest, &word))
			word = STR("");
	}
	if (word.len && str_to_u64(word, &number)) {
		struct str after = rest, next;

		if (str_next_word(&after, &next) && is_event_word(next)) {
			header->period = number;
			rest = after;
			word = next;
		}
	}
	if (is_event_word(word)) {
		header->event = (struct str){ word.ptr, word.len - 1 };
		header->rest = str_trim(rest);
		return true;
	}
	header->rest = str_trim(before);
	return any;
}

/* "7f1c2 sym+0x1f (dso)": the part behind the address, or false. */
static bool read_frame(struct str line, struct str *ret_tail)
{
	struct str rest = line, word;

	if (!str_next_word(&rest, &word) || !is_hex_word(word))
		return false;
	*ret_tail = str_trim(rest);
	return ret_tail->len > 0;
}

/* A leaf with its dso right behind the ids (-F comm,tid,ip,sym,dso without call chains). */
static bool is_leaf(struct str text)
{
	struct str tail;

	text = str_trim(text);
	return read_frame(text, &tail) && tail.ptr - text.ptr > 5 && tail.ptr[tail.len - 1] == ')';
}

/*
 * "comm tid ...", "comm pid/tid ..."; the program's name may hold blanks and digits, so each number
 * is tried until what follows makes a header.
 */
static bool read_header(struct str line, struct header *ret)
{
	struct header header = { .pid = -1, .tid = -1, .cpu = UINT32_MAX };
	struct str trimmed = str_trim(line), rest = trimmed, word;

	if (!str_next_word(&rest, &word))
		return false;
	/* -F without comm: ids come first, or the time does. */
	if ((read_ids(word, &header.pid, &header.tid) && read_header_fields(rest, &header) &&
	     header.time_ns) ||
	    (read_time(word, &header.time_ns) && read_header_fields(trimmed, &header))) {
		header.comm = STR("");
		*ret = header;
		return true;
	}
	header = (struct header){ .pid = -1, .tid = -1, .cpu = UINT32_MAX };
	while (str_next_word(&rest, &word)) {
		if (!read_ids(word, &header.pid, &header.tid))
			continue;
		if (!read_header_fields(rest, &header)) {
			if (!is_leaf(rest))
				continue;
			header.rest = str_trim(rest);
		}
		header.comm =
			str_trim((struct str){ trimmed.ptr, (size_t)(word.ptr - trimmed.ptr) });
		*ret = header;
		return true;
	}
	return false;
}

/* Headers of few fields (-F comm,ip,sym; -F comm,tid,ip,sym; -F comm,event,ip,sym). */
static void read_bare_header(struct str line, struct header *ret)
{
	struct header header = { .pid = -1, .tid = -1, .cpu = UINT32_MAX };
	struct str rest = str_trim(line), word = STR(""), trimmed = rest;
	size_t comm_len = trimmed.len;

	while (str_next_word(&rest, &word)) {
		size_t at = (size_t)(word.ptr - trimmed.ptr);

		if (at && header.tid < 0 && read_ids(word, &header.pid, &header.tid))
			comm_len = at;
		else if (at && is_event_word(word) && !rest.len)
			header.event = (struct str){ word.ptr, word.len - 1 };
		else
			continue;
		comm_len = MIN(comm_len, at);
	}
	header.comm = str_trim((struct str){ trimmed.ptr, comm_len });
	*ret = header;
}

/* Divides "sym (dso)"; a deleted file's dso holds a bracket of its own. */
static void split_tail(struct str tail, struct str *ret_symbol, struct str *ret_dso)
{
	size_t at;

	*ret_symbol = tail;
	*ret_dso = STR("");
	if (!tail.len || tail.ptr[tail.len - 1] != ')')
		return;
	at = tail.len - 1;
	if (str_ends_with(tail, STR(" (deleted))")))
		at = tail.len - sizeof(" (deleted))") + 1;
	while (at > 0 && !(tail.ptr[at] == '(' && (at == 0 || tail.ptr[at - 1] == ' ')))
		at--;
	if (tail.ptr[at] != '(')
		return;
	*ret_symbol = str_trim((struct str){ tail.ptr, at });
	*ret_dso = (struct str){ tail.ptr + at + 1, tail.len - at - 2 };
}

/* "name+0x1f" -> "name" */
static struct str without_offset(struct str name)
{
	size_t at = name.len;

	while (at > 0 && name.ptr[at - 1] != '+')
		at--;
	if (at < 2 || name.len - at < 3 || name.ptr[at] != '0' || name.ptr[at + 1] != 'x' ||
	    !is_hex_word((struct str){ name.ptr + at, name.len - at }))
		return name;
	return (struct str){ name.ptr, at - 1 };
}

static uint32_t make_frame(struct reader *reader, struct str tail, bool *ret_inlined)
{
	struct str symbol, dso;

	split_tail(tail, &symbol, &dso);
	symbol = without_offset(symbol);
	dso = without_offset(dso);
	if (str_ends_with(dso, STR(" (deleted)")))
		dso.len -= sizeof(" (deleted)") - 1;
	*ret_inlined = str_is(dso, "inlined");
	if (*ret_inlined)
		return import_frame(reader->profile, symbol, STR(""), PROFILE_FRAME_INLINED);
	return import_frame(reader->profile, symbol, dso, 0);
}

/* An inlined function lives in the dso of the function that it was inlined into. */
static void give_dso_to_inlined(struct reader *reader, uint32_t outer)
{
	struct profile *profile = reader->profile;

	for (; reader->pending_inlined; reader->pending_inlined--) {
		uint32_t *id =
			&reader->frames.items[reader->frames.count - reader->pending_inlined];
		struct profile_frame frame = profile->frames.items[*id];
		const struct profile_frame *physical = &profile->frames.items[outer];

		frame.dso = physical->dso;
		frame.dso_path = physical->dso_path;
		frame.flags |= physical->flags & (PROFILE_FRAME_KERNEL | PROFILE_FRAME_JIT);
		*id = profile_frame(profile, &frame);
	}
}

static void add_frame(struct reader *reader, struct str tail)
{
	uint32_t tail_id = intern(&reader->tails, tail), frame;
	bool inlined = false;

	if (reader->frames.count >= MAX_FRAMES)
		return;
	while (reader->tail_frame.count <= tail_id)
		frame_id_vec_push(&reader->tail_frame, 0);
	frame = reader->tail_frame.items[tail_id];
	if (frame) {
		frame--;
		inlined = reader->profile->frames.items[frame].flags & PROFILE_FRAME_INLINED;
	} else {
		frame = make_frame(reader, tail, &inlined);
		reader->tail_frame.items[tail_id] = frame + 1;
	}
	if (!inlined)
		give_dso_to_inlined(reader, frame);
	frame_id_vec_push(&reader->frames, frame);
	reader->pending_inlined = inlined ? reader->pending_inlined + 1 : 0;
}

static bool is_kernel_stack(const struct reader *reader)
{
	const struct profile *profile = reader->profile;
	uint32_t outermost = reader->frames.items[reader->frames.count - 1];

	return profile->frames.items[outermost].flags & PROFILE_FRAME_KERNEL;
}

static void finish_sample(struct reader *reader)
{
	struct profile_sample *sample = &reader->sample;

	/* A line that could be a program's name but is followed by no frame was something else. */
	if (reader->in_sample && reader->is_bare && !reader->frames.count) {
		import_ignore(reader->profile, reader->bare_line);
	} else if (reader->in_sample && !reader->skip) {
		sample->end = PROFILE_END_UNKNOWN;
		if (reader->has_one_line || !reader->frames.count)
			sample->end = PROFILE_END_NO_STACK;
		else if (is_kernel_stack(reader))
			sample->end = PROFILE_END_KERNEL_ONLY;
		for (size_t i = reader->frames.count; i > 0; i--)
			sample->node = profile_node(reader->profile, sample->node,
						    reader->frames.items[i - 1]);
		profile_add_sample(reader->profile, sample);
	}
	reader->frames.count = 0;
	reader->pending_inlined = 0;
	reader->in_sample = false;
	reader->skip = false;
	reader->has_one_line = false;
	reader->is_bare = false;
}

/* The leaf of recordings without call chains stands on the header line, maybe behind an address. */
static void read_one_line_frame(struct reader *reader, struct str rest)
{
	struct str tail, word, after;

	if (!rest.len || !read_frame(rest, &tail))
		return;
	after = tail;
	if (str_next_word(&after, &word) && word.len >= 5 && is_hex_word(word) &&
	    str_trim(after).len && str_trim(after).ptr[0] != '(')
		tail = str_trim(after);
	add_frame(reader, tail);
	reader->has_one_line = true;
}

static void start_sample(struct reader *reader, const struct header *header)
{
	struct profile *profile = reader->profile;
	char event[256] = "samples";

	finish_sample(reader);
	reader->in_sample = true;
	/* --show-task-events and its like print side-band records in the same form. */
	if (str_starts_with(header->event, STR("PERF_RECORD_")) ||
	    str_starts_with(header->rest, STR("PERF_RECORD_"))) {
		reader->skip = true;
		return;
	}
	if (header->event.len && header->event.len < sizeof(event)) {
		memcpy(event, header->event.ptr, header->event.len);
		event[header->event.len] = '\0';
	}
	reader->sample = (struct profile_sample){
		.time_ns = header->time_ns,
		.weight = header->period ? header->period : 1,
		.count = 1,
		.thread = profile_thread(profile, header->pid, header->tid, header->comm),
		.cpu = header->cpu,
		.event = (uint16_t)profile_event(profile, event),
	};
	reader->sample.comm = profile->threads.items[reader->sample.thread].comm;
	read_one_line_frame(reader, header->rest);
}

static void set_text(char **target, struct str value)
{
	free(*target);
	*target = x_strndup(value.ptr, value.len);
}

/* "# cmdline : /usr/bin/perf record ..." */
static void read_comment(struct profile *profile, struct str line)
{
	struct str key, value;
	uint64_t number;

	if (!str_cut((struct str){ line.ptr + 1, line.len - 1 }, ':', &key, &value))
		return;
	key = str_trim(key);
	value = str_trim(value);
	if (str_is(key, "cmdline"))
		set_text(&profile->command, value);
	else if (str_is(key, "hostname"))
		set_text(&profile->hostname, value);
	else if (str_is(key, "os release"))
		set_text(&profile->os_release, value);
	else if (str_is(key, "cpudesc"))
		set_text(&profile->cpu, value);
	else if (str_is(key, "nrcpus online") && str_to_u64(value, &number) && number <= UINT32_MAX)
		profile->cpu_count = (uint32_t)number;
}

/* -F +srcline: "  file.c:123" or "  libx.so[1f]" under a frame. */
static bool read_source_line(struct reader *reader, struct str line)
{
	struct str text = str_trim(line);
	size_t at = text.len;
	uint64_t number;
	struct profile_frame frame;

	if (!reader->frames.count || !text.len)
		return false;
	if (text.ptr[text.len - 1] == ']' && memchr(text.ptr, '[', text.len))
		return true;
	while (at > 0 && text.ptr[at - 1] != ':')
		at--;
	if (at < 2 || !str_to_u64((struct str){ text.ptr + at, text.len - at }, &number) ||
	    number > UINT32_MAX)
		return false;
	frame = reader->profile->frames.items[reader->frames.items[reader->frames.count - 1]];
	frame.file = intern(&reader->profile->texts, (struct str){ text.ptr, at - 1 });
	frame.line = (uint32_t)number;
	reader->frames.items[reader->frames.count - 1] = profile_frame(reader->profile, &frame);
	return true;
}

static bool starts_blank(struct str line)
{
	return line.ptr[0] == ' ' || line.ptr[0] == '\t';
}

static void read_line(struct reader *reader, struct str line)
{
	static const struct header no_header = { .pid = -1, .tid = -1, .cpu = UINT32_MAX };
	struct header header;
	struct str tail;

	if (!str_trim(line).len) {
		finish_sample(reader);
		return;
	}
	if (line.ptr[0] == '#') {
		read_comment(reader->profile, line);
		return;
	}
	/* Frames are by far the most frequent; programs that are called "add" are checked first. */
	if (reader->in_sample && line.ptr[0] == '\t' && read_frame(line, &tail)) {
		add_frame(reader, tail);
		return;
	}
	if (read_header(line, &header)) {
		start_sample(reader, &header);
		return;
	}
	if (reader->in_sample && read_frame(line, &tail)) {
		add_frame(reader, tail);
		return;
	}
	if (reader->in_sample && starts_blank(line) && read_source_line(reader, line))
		return;
	/* -F ip,sym,dso: stacks without any header. */
	if (!reader->in_sample && starts_blank(line) && read_frame(line, &tail)) {
		start_sample(reader, &no_header);
		add_frame(reader, tail);
		reader->has_one_line = !reader->has_blank_lines;
		if (reader->has_one_line)
			finish_sample(reader);
		return;
	}
	if (!starts_blank(line) && !reader->in_sample) {
		read_bare_header(line, &header);
		start_sample(reader, &header);
		reader->is_bare = !header.event.len;
		reader->bare_line = line;
		return;
	}
	import_ignore(reader->profile, line);
}

static void read_script(struct profile *profile, struct str text)
{
	struct reader reader = {
		.profile = profile,
		.has_blank_lines = str_find(text, STR("\n\n")) >= 0,
	};
	struct str line;

	while (str_next_line(&text, &line))
		read_line(&reader, line);
	finish_sample(&reader);
	frame_id_vec_done(&reader.frames);
	frame_id_vec_done(&reader.tail_frame);
	interner_done(&reader.tails);
}

/* Headers with an event or a time, or bare headers with indented frames of the right form. */
static bool is_script(struct str text)
{
	struct str line, tail, symbol, dso;
	unsigned lines = 0, headers = 0, frames = 0, with_dso = 0, others = 0;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		struct header header;

		if (!str_trim(line).len || line.ptr[0] == '#')
			continue;
		lines++;
		if (read_header(line, &header) &&
		    (header.event.len || header.time_ns || is_leaf(header.rest))) {
			headers++;
		} else if (read_frame(line, &tail)) {
			split_tail(tail, &symbol, &dso);
			/* without a dso a number and a word may be anything, a process of top too
			 */
			frames += dso.len || line.ptr[0] == '\t';
			with_dso += dso.len > 0;
			others += !(dso.len || line.ptr[0] == '\t');
		} else {
			others++;
		}
	}
	if (headers)
		return (headers + frames) * 2 > others;
	return frames && frames >= others && (others > 0 || with_dso * 2 > frames);
}

static enum import_look look(struct str head)
{
	return is_script(head) ? LOOK_LIKELY : LOOK_NO;
}

const struct importer import_script_reader = { "perf script", look, read_script };
