#include "knowledge/process_title.h"

#include <string.h>

#include "base/str.h"

void process_title_done(struct process_title *title)
{
	strbuf_done(&title->name);
	strbuf_done(&title->state);
}

static void words_join(int argc, char **argv, struct strbuf *out)
{
	for (int i = 0; i < argc; i++)
		strbuf_addf(out, "%s%s", i ? " " : "", argv[i]);
}

/* "[kworker/u8:2-flush]": the name ends at the first '/', which no kernel thread's begins with. */
static enum process_title_kind bracketed(struct str text, struct process_title *ret)
{
	struct str inside, after, name, state = { 0 };

	text = (struct str){ text.ptr + 1, text.len - 1 };
	/* "[ -f x ]" is the test command */
	if (!str_cut(text, ']', &inside, &after) || !inside.len || inside.ptr[0] == ' ')
		return PROCESS_COMMAND_LINE;
	after = str_trim(after);
	if (after.len && !str_is(after, "<defunct>"))
		return PROCESS_COMMAND_LINE;
	str_cut(inside, '/', &name, &state);
	strbuf_add(&ret->name, name);
	strbuf_add(&ret->state, state);
	return after.len ? PROCESS_DEFUNCT : PROCESS_KERNEL_THREAD;
}

enum process_title_kind process_title_parse(int argc, char **argv, struct process_title *ret)
{
	auto_strbuf struct strbuf whole = STRBUF_INIT;
	struct str text, name, state;
	ptrdiff_t colon;
	const char *slash;

	words_join(argc, argv, &whole);
	text = str_trim(strbuf_str(&whole));
	if (text.len > 2 && text.ptr[0] == '[')
		return bracketed(text, ret);
	colon = str_find(text, STR(": "));
	if (colon <= 0 || (size_t)colon > strcspn(strbuf_text(&whole), " \t"))
		return PROCESS_COMMAND_LINE;
	name = (struct str){ text.ptr, (size_t)colon };
	state = str_trim((struct str){ text.ptr + colon + 1, text.len - (size_t)colon - 1 });
	slash = memrchr(name.ptr, '/', name.len);
	if (slash)
		name = (struct str){ slash + 1, (size_t)(name.ptr + name.len - slash - 1) };
	if (!name.len)
		return PROCESS_COMMAND_LINE;
	strbuf_add(&ret->name, name);
	strbuf_add(&ret->state, state);
	return PROCESS_TITLE;
}
