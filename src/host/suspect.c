#include "host/suspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "base/strbuf.h"

enum { SHOWN_FRAMES = 8, MAX_FILES = 1 << 20, NAME_BYTES = 200 };

bool suspect_find(const struct facts *facts, uint32_t pid, struct entity *ret)
{
	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->type == FACT_NUMBER && fact->number == pid &&
		    !strcmp(facts_str(facts, fact->name), "pid") &&
		    !strcmp(facts_str(facts, fact->entity.kind), "process")) {
			*ret = fact->entity;
			return true;
		}
	}
	return false;
}

/* "[<0>] io_schedule+0x46/0x80": the function. */
static struct str frame_of(struct str line)
{
	struct str head, tail;

	if (!str_starts_with(line, STR("[<")) || !str_cut(line, ']', &head, &tail))
		return (struct str){ 0 };
	tail = str_trim(tail);
	str_cut(tail, '+', &head, &tail);
	return (struct str){ head.ptr, MIN(head.len, (size_t)NAME_BYTES) };
}

static void stack_to_facts(struct str text, struct entity process, const char *source,
			   struct facts *facts)
{
	auto_strbuf struct strbuf frames = STRBUF_INIT;
	struct str line;

	for (int shown = 0; shown < SHOWN_FRAMES && str_next_line(&text, &line);) {
		struct str frame = frame_of(str_trim(line));

		if (!frame.len)
			continue;
		strbuf_addf(&frames, "%s%.*s", shown++ ? " < " : "", STR_ARG(frame));
	}
	if (frames.len)
		facts_add_text(facts, process, "kernel_stack", strbuf_text(&frames), source);
}

static int by_text(const void *left, const void *right)
{
	const struct str *a = left, *b = right;
	int order = memcmp(a->ptr, b->ptr, MIN(a->len, b->len));

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* What an open file is, so that many of one kind meet: a folder, "socket", "pipe", "[eventpoll]".
 */
static struct str kind_of(struct str target)
{
	const char *slash = memrchr(target.ptr, '/', target.len);
	struct str head, tail;

	if (*target.ptr == '/' && slash)
		target.len = slash > target.ptr ? (size_t)(slash - target.ptr) : 1;
	else if (str_cut(target, ':', &head, &tail))
		target = str_is(head, "anon_inode") ? tail : head;
	return (struct str){ target.ptr, MIN(target.len, (size_t)NAME_BYTES) };
}

static void files_to_facts(struct str text, struct entity process, const char *source,
			   struct facts *facts)
{
	auto_free struct str *kinds = NULL;
	size_t count = 0, room = 0, best = 0, best_first = 0, first = 0;
	struct str line;

	while (str_next_line(&text, &line) && count < MAX_FILES) {
		ssize_t arrow = str_find(line, STR(" -> "));
		struct str target;

		if (arrow < 0 || (size_t)arrow + 4 >= line.len)
			continue;
		target = (struct str){ line.ptr + arrow + 4, line.len - (size_t)arrow - 4 };
		if (count == room) {
			room = MAX(room * 2, (size_t)64);
			kinds = x_realloc(kinds, room * sizeof(*kinds));
		}
		kinds[count++] = kind_of(target);
	}
	if (!count)
		return;
	qsort(kinds, count, sizeof(*kinds), by_text);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && by_text(&kinds[i], &kinds[first]) == 0)
			continue;
		if (i - first > best) {
			best = i - first;
			best_first = first;
		}
		first = i;
	}
	auto_free char *name = x_strndup(kinds[best_first].ptr, kinds[best_first].len);

	facts_add_text(facts, process, "files_most", name, source);
	facts_add_number(facts, process, "files_most_count", (double)best, "", source);
}

void suspect_to_facts(const char *collector, struct str text, struct entity process,
		      const char *source, struct facts *facts)
{
	if (strcmp(collector, "stack") == 0)
		stack_to_facts(text, process, source, facts);
	else if (strcmp(collector, "files") == 0)
		files_to_facts(text, process, source, facts);
}
