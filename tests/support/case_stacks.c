#include "case_stacks.h"

#include <string.h>

struct spec {
	uint64_t samples, threads, processes;
	bool early;
	struct str frames;
};

static bool head_read(struct str head, struct spec *ret)
{
	struct str word;
	uint64_t number = 0;

	*ret = (struct spec){ .threads = 1, .processes = 1 };
	if (!str_next_word(&head, &word) || !str_is(word, "stack") ||
	    !str_next_word(&head, &word) || !str_to_u64(word, &ret->samples))
		return false;
	while (str_next_word(&head, &word)) {
		if (str_is(word, "early"))
			ret->early = true;
		else if (str_is(word, "threads"))
			ret->threads = number;
		else if (str_is(word, "processes"))
			ret->processes = number;
		else if (!str_is(word, "of") && !str_to_u64(word, &number))
			return false;
	}
	return true;
}

static void frame_write(struct str frame, struct strbuf *out)
{
	ptrdiff_t in = str_find(frame, STR(" in "));
	struct str library = STR("app"), name = frame;

	if (in >= 0) {
		name.len = (size_t)in;
		library = (struct str){ frame.ptr + in + 4, frame.len - (size_t)in - 4 };
	}
	if (str_is(library, "kernel"))
		strbuf_addf(out, "\tffffffff81000010 %.*s+0x1 ([kernel.kallsyms])\n",
			    STR_ARG(name));
	else
		strbuf_addf(out, "\t400010 %.*s+0x1 (/usr/lib/%.*s)\n", STR_ARG(name),
			    STR_ARG(library));
}

/* perf script stands innermost first. */
static void frames_write(struct str frames, struct strbuf *out)
{
	while (frames.len) {
		ptrdiff_t at = -1;

		for (size_t i = 0; i + 2 < frames.len; i++)
			if (!memcmp(frames.ptr + i, " > ", 3))
				at = (ptrdiff_t)i;
		frame_write(str_trim((struct str){ frames.ptr + (at < 0 ? 0 : at + 3),
						   frames.len - (size_t)(at < 0 ? 0 : at + 3) }),
			    out);
		frames.len = at < 0 ? 0 : (size_t)at;
	}
}

/* As gdb prints it. */
static void backtrace_write(struct str frames, struct strbuf *out)
{
	unsigned number = 0;

	strbuf_add_text(out, "Thread 1 (Thread 0x7f0000000740 (LWP 7)):\n");
	while (frames.len) {
		struct str frame = frames, library = STR("");
		ptrdiff_t in;

		for (size_t i = 0; i + 2 < frames.len; i++)
			if (!memcmp(frames.ptr + i, " > ", 3))
				frame = (struct str){ frames.ptr + i + 3, frames.len - i - 3 };
		frames.len = frame.ptr == frames.ptr ? 0 : (size_t)(frame.ptr - frames.ptr) - 3;
		in = str_find(frame, STR(" in "));
		if (in >= 0) {
			library = (struct str){ frame.ptr + in + 4, frame.len - (size_t)in - 4 };
			frame.len = (size_t)in;
		}
		strbuf_addf(out, "#%u  0x0000000000400010 in %.*s ()", number++, STR_ARG(frame));
		if (library.len)
			strbuf_addf(out, " from /usr/lib/%.*s", STR_ARG(library));
		strbuf_add_char(out, '\n');
	}
	strbuf_add_char(out, '\n');
}

bool case_stack_write(struct str line, struct strbuf *out)
{
	ptrdiff_t colon = str_find(line, STR(": "));
	struct spec spec;

	if (str_starts_with(line, STR("backtrace: "))) {
		backtrace_write((struct str){ line.ptr + 11, line.len - 11 }, out);
		return true;
	}
	if (colon < 0 || !head_read((struct str){ line.ptr, (size_t)colon }, &spec))
		return false;
	spec.frames = (struct str){ line.ptr + colon + 2, line.len - (size_t)colon - 2 };
	for (uint64_t i = 0; i < spec.samples; i++) {
		uint64_t span_ms = spec.early ? 500 : 10000;
		uint64_t at_ms = 1000 + i * span_ms / spec.samples;

		strbuf_addf(out, "app %u/%u [000] %u.%03u: 1000000 cpu-clock:\n",
			    (unsigned)(100 + i % spec.processes),
			    (unsigned)(spec.processes > 1 ? 100 + i % spec.processes
							  : 100 + i % spec.threads),
			    (unsigned)(at_ms / 1000), (unsigned)(at_ms % 1000));
		frames_write(spec.frames, out);
		strbuf_add_char(out, '\n');
	}
	return true;
}
