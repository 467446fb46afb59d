#include "render/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "samples/tree.h"

struct line {
	struct str stack;
	uint64_t weight;
};

VEC_DEFINE(line_vec, struct line)
VEC_DEFINE(tree_path, uint32_t)

struct writer {
	const struct profile *profile;
	const struct folded_options *options;
	struct str *labels;	 /* per frame, made at first use; ptr NULL = not yet */
	struct str *java_labels; /* the same for programs that are called java */
	struct arena texts;
	struct strbuf scratch;
	struct line_vec lines;
	bool is_tidy; /* folded text comes out as it went in */
};

/* "net/http.(*Client).Do": the brackets are part of a Go method's name. */
static bool is_go_method(struct str name)
{
	ptrdiff_t open = str_find(name, STR(".("));

	return open >= 0 &&
	       str_find((struct str){ name.ptr + open, name.len - (size_t)open }, STR(").")) >= 0;
}

/* Cuts the argument list off, but for "(anonymous namespace)". */
static struct str without_arguments(struct str name)
{
	const struct str anonymous = STR("(anonymous namespace)");

	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] != '(')
			continue;
		if (str_starts_with((struct str){ name.ptr + i, name.len - i }, anonymous))
			continue;
		return (struct str){ name.ptr, i };
	}
	return name;
}

/* Takes one character off; empty where it is none that may be written: it would end the line, or
 * move a terminal. */
static struct str take_character(struct str *text)
{
	uint32_t c = 0;
	unsigned length = utf8_decode(*text, &c);
	struct str character = { text->ptr, length };

	text->ptr += MAX(length, 1U);
	text->len -= MAX(length, 1U);
	if (c < ' ' || (c >= 0x7f && c < 0xa0) || utf8_is_deceptive(c))
		character.len = 0;
	return character;
}

static void add_tidy_name(const struct writer *writer, struct strbuf *out, struct str name,
			  bool is_java)
{
	bool is_tidy = writer->is_tidy;

	if (!is_tidy && !writer->options->full_names && !is_go_method(name)) {
		struct str cut = without_arguments(name);

		name = cut.len ? cut : name;
	}
	if (!is_tidy && is_java && name.len > 1 && name.ptr[0] == 'L' &&
	    memchr(name.ptr, '/', name.len))
		name = (struct str){ name.ptr + 1, name.len - 1 };
	while (name.len) {
		struct str character = take_character(&name);

		if (str_is(character, ";"))
			strbuf_add_char(out, ':');
		else if (!character.len)
			strbuf_add_char(out, '?');
		else if (is_tidy || (!str_is(character, "\"") && !str_is(character, "'")))
			strbuf_add(out, character);
	}
}

static void add_marks(const struct writer *writer, struct strbuf *out, uint32_t flags)
{
	const struct folded_options *options = writer->options;

	if (options->mark_inlined && (flags & PROFILE_FRAME_INLINED))
		strbuf_add_text(out, "_[i]");
	else if (options->mark_kernel && (flags & PROFILE_FRAME_KERNEL))
		strbuf_add_text(out, "_[k]");
	else if (options->mark_jit && (flags & PROFILE_FRAME_JIT))
		strbuf_add_text(out, "_[j]");
}

static void add_unnamed(const struct writer *writer, struct strbuf *out,
			const struct profile_frame *frame)
{
	struct str path = interned(&writer->profile->texts, frame->dso_path);
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	/* The file's name, as with stackcollapse-perf.pl: "[perf-12.map]", not "[[JIT] tid 12]". */
	path = (struct str){ path.ptr + at, path.len - at };
	strbuf_add_char(out, '[');
	add_tidy_name(writer, out, path.len ? path : STR("unknown"), false);
	strbuf_add_char(out, ']');
}

/*
 * perf-map-agent names what a JIT inlined as "outer->inner" in one symbol: these are frames of
 * their own. Elsewhere "->" belongs to the name ("operator->").
 */
static void add_frame(struct writer *writer, struct strbuf *out, const struct profile_frame *frame,
		      bool is_java)
{
	struct str rest = interned(&writer->profile->texts, frame->name);
	uint32_t flags = frame->flags;

	if (flags & PROFILE_FRAME_UNNAMED || !frame->name) {
		add_unnamed(writer, out, frame);
		add_marks(writer, out, flags);
		return;
	}
	while (flags & PROFILE_FRAME_JIT) {
		ptrdiff_t arrow = str_find(rest, STR("->"));

		if (arrow <= 0 || (size_t)arrow + 2 >= rest.len)
			break;
		add_tidy_name(writer, out, (struct str){ rest.ptr, (size_t)arrow }, is_java);
		add_marks(writer, out, flags);
		strbuf_add_char(out, ';');
		rest = (struct str){ rest.ptr + arrow + 2, rest.len - (size_t)arrow - 2 };
		flags |= PROFILE_FRAME_INLINED;
	}
	add_tidy_name(writer, out, rest, is_java);
	add_marks(writer, out, flags);
}

static struct str frame_label(struct writer *writer, uint32_t frame, bool is_java)
{
	struct str *label = is_java ? &writer->java_labels[frame] : &writer->labels[frame];

	if (!label->ptr) {
		strbuf_reset(&writer->scratch);
		add_frame(writer, &writer->scratch, &writer->profile->frames.items[frame], is_java);
		label->len = writer->scratch.len;
		label->ptr = arena_copy(&writer->texts, strbuf_str(&writer->scratch));
	}
	return *label;
}

static void add_root(const struct writer *writer, struct strbuf *out, const struct tree_node *node)
{
	struct str comm = interned(&writer->profile->texts, node->label);

	while (comm.len) {
		struct str character = take_character(&comm);

		if (str_is(character, ";"))
			strbuf_add_char(out, ':');
		else if (!character.len || str_is(character, " "))
			strbuf_add_char(out, '_');
		else
			strbuf_add(out, character);
	}
	if (node->thread != UINT32_MAX) {
		const struct profile_thread *thread = &writer->profile->threads.items[node->thread];

		if (thread->pid >= 0)
			strbuf_addf(out, "-%d/%d", thread->pid, thread->tid);
		else
			strbuf_addf(out, "-?/%d", thread->tid);
	}
}

static void add_line(struct writer *writer, const struct tree *tree, uint32_t leaf,
		     struct tree_path *path)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	bool is_java = false;
	uint32_t at;

	path->count = 0;
	for (at = leaf; at; at = tree->nodes[at].parent)
		tree_path_push(path, at);
	while (path->count) {
		const struct tree_node *node = &tree->nodes[path->items[--path->count]];

		if (text.len)
			strbuf_add_char(&text, ';');
		if (node->frame == UINT32_MAX) {
			add_root(writer, &text, node);
			is_java = str_starts_with(strbuf_str(&text), STR("java"));
		} else {
			strbuf_add(&text, frame_label(writer, node->frame, is_java));
		}
	}
	if (!text.len)
		return;
	line_vec_push(&writer->lines,
		      (struct line){ { arena_copy(&writer->texts, strbuf_str(&text)), text.len },
				     tree->nodes[leaf].self });
}

static int compare_lines(const void *left, const void *right)
{
	return str_cmp(((const struct line *)left)->stack, ((const struct line *)right)->stack);
}

/* Weights of decimal texts are kept in 1/scale units. */
static void write_weight(FILE *stream, uint64_t weight, uint64_t scale)
{
	char digits[32];
	int length;

	if (weight % scale == 0) {
		fprintf(stream, " %" PRIu64 "\n", weight / scale);
		return;
	}
	length = snprintf(digits, sizeof(digits), "%" PRIu64, scale + weight % scale);
	while (length > 1 && digits[length - 1] == '0')
		digits[--length] = '\0';
	fprintf(stream, " %" PRIu64 ".%s\n", weight / scale, digits + 1);
}

static void write_lines(FILE *stream, struct line_vec *lines, uint64_t scale)
{
	/* qsort of nothing wants a pointer all the same. */
	if (lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	for (size_t i = 0; i < lines->count; i++) {
		struct line line = lines->items[i];

		/* Functions that differ in their arguments only became one. */
		while (i + 1 < lines->count && str_eq(lines->items[i + 1].stack, line.stack))
			line.weight += lines->items[++i].weight;
		fwrite(line.stack.ptr, 1, line.stack.len, stream);
		write_weight(stream, line.weight, scale);
	}
}

void folded_write(FILE *stream, const struct profile_selection *selection,
		  const struct folded_options *options)
{
	const struct profile *profile = selection->profile;
	const struct tree_options tree_options = {
		.root = options->by_thread ? TREE_ROOT_THREAD : TREE_ROOT_PROGRAM,
		.no_inlines = options->no_inlines,
	};
	auto_tree struct tree tree = tree_build(selection, &tree_options);
	struct tree_path path = { 0 };
	struct writer writer = {
		.profile = profile,
		.options = options,
		.is_tidy = str_is(str_from(profile->format), "folded"),
		.labels = x_calloc(profile->frames.count, sizeof(struct str)),
		.java_labels = x_calloc(profile->frames.count, sizeof(struct str)),
	};

	for (uint32_t i = 1; i < tree.count; i++)
		if (tree.nodes[i].self)
			add_line(&writer, &tree, i, &path);
	write_lines(stream, &writer.lines, profile->events.items[selection->event].scale);
	tree_path_done(&path);
	line_vec_done(&writer.lines);
	strbuf_done(&writer.scratch);
	arena_done(&writer.texts);
	free(writer.labels);
	free(writer.java_labels);
}
