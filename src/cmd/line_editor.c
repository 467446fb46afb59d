#include "cmd/line_editor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

#include "base/memory.h"
#include "base/term.h"

#define HISTORY_LINES 200
#define PASTE_BYTES_MAX ((size_t)1 << 20)
#define PASTE_ON "\x1b[?2004h" /* the terminal marks what is pasted */
#define PASTE_OFF "\x1b[?2004l"
#define PASTE_BEGIN "\x1b[200~"
#define PASTE_END "\x1b[201~"
#define MORE_PROMPT "....> "

struct line_editor {
	char *prompt;
	FILE *in, *out;
	bool owns_in, is_more;
	EditLine *edit; /* NULL: no terminal, plain lines */
	History *history;
};

static char *prompt_of(EditLine *edit)
{
	static char more[] = MORE_PROMPT;
	struct line_editor *editor = NULL;

	el_get(edit, EL_CLIENTDATA, &editor);
	return editor->is_more ? more : editor->prompt;
}

/* Ctrl-C: an empty line ends it all, another one is dropped. */
static unsigned char on_interrupt(EditLine *edit, wint_t)
{
	const LineInfo *line = el_line(edit);
	int length = (int)(line->lastchar - line->buffer);

	if (!length)
		return CC_EOF;
	el_cursor(edit, (int)(line->lastchar - line->cursor));
	el_deletestr(edit, length);
	return CC_REFRESH;
}

/* Up to the mark of the end all belongs to the line: its line ends would send it in pieces. */
static unsigned char on_paste(EditLine *edit, wint_t)
{
	auto_strbuf struct strbuf text = { .cap = PASTE_BYTES_MAX };
	char c;

	while (!str_ends_with(strbuf_str(&text), STR(PASTE_END)) && !text.truncated &&
	       el_getc(edit, &c) == 1) {
		if (c)
			strbuf_add_char(&text, c == '\r' ? '\n' : c);
	}
	if (!str_ends_with(strbuf_str(&text), STR(PASTE_END)))
		return CC_ERROR;
	text.ptr[text.len - strlen(PASTE_END)] = '\0';
	return *text.ptr && el_insertstr(edit, text.ptr) < 0 ? CC_ERROR : CC_REFRESH;
}

static void start_editing(struct line_editor *editor)
{
	HistEvent event;

	editor->edit = el_init("sysgrok", editor->in, editor->out, stderr);
	editor->history = history_init();
	if (!editor->edit || !editor->history)
		return;
	history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
	history(editor->history, &event, H_SETUNIQUE, 1);
	el_set(editor->edit, EL_CLIENTDATA, editor);
	el_set(editor->edit, EL_PROMPT, prompt_of);
	el_set(editor->edit, EL_EDITOR, "emacs");
	el_set(editor->edit, EL_SIGNAL, 1);
	el_set(editor->edit, EL_HIST, history, editor->history);
	/* Ctrl-C is a key while a line is read, and a signal while an answer comes. */
	el_set(editor->edit, EL_SETTY, "-d", "-isig", NULL);
	/* Names in wide characters: libedit copies others, and never frees them. */
	el_wset(editor->edit, EL_ADDFN, L"sysgrok-interrupt", L"drop the line", on_interrupt);
	el_wset(editor->edit, EL_ADDFN, L"sysgrok-paste", L"take what is pasted", on_paste);
	el_set(editor->edit, EL_BIND, "^C", "sysgrok-interrupt", NULL);
	el_set(editor->edit, EL_BIND, PASTE_BEGIN, "sysgrok-paste", NULL);
}

struct error *line_editor_open(const char *prompt, bool used_up, struct line_editor **ret)
{
	auto_line_editor struct line_editor *editor = x_calloc(1, sizeof(*editor));
	bool is_terminal = isatty(STDIN_FILENO);

	editor->prompt = x_strdup(prompt);
	editor->in = stdin;
	editor->out = stdout;
	if (!is_terminal) {
		FILE *terminal = fopen("/dev/tty", "r+e");

		if (terminal) {
			editor->in = editor->out = terminal;
			editor->owns_in = is_terminal = true;
		} else if (used_up) {
			return error_with_hint(
				error_errno(errno, "no terminal to chat on"),
				"standard input held the data, and there is no /dev/tty: name a "
				"file instead");
		}
	}
	if (is_terminal)
		start_editing(editor);
	*ret = take_ptr(editor);
	return NULL;
}

void line_editor_close(struct line_editor *editor)
{
	if (!editor)
		return;
	if (editor->edit)
		el_end(editor->edit);
	if (editor->history)
		history_end(editor->history);
	if (editor->owns_in)
		fclose(editor->in);
	free(editor->prompt);
	free(editor);
}

static bool read_plain(struct line_editor *editor, struct strbuf *ret)
{
	char *line = NULL;
	size_t allocated = 0;
	ssize_t got;

	fputs(editor->is_more ? MORE_PROMPT : editor->prompt, editor->out);
	fflush(editor->out);
	got = getline(&line, &allocated, editor->in);
	if (got > 0)
		strbuf_add(ret, str_trim((struct str){ line, (size_t)got }));
	free(line);
	return got > 0;
}

static bool read_edited(struct line_editor *editor, struct strbuf *ret)
{
	const char *line;
	int count = 0;

	fputs(PASTE_ON, editor->out);
	fflush(editor->out);
	line = el_gets(editor->edit, &count);
	fputs(PASTE_OFF, editor->out);
	fflush(editor->out);
	if (!line || count <= 0)
		return false;
	strbuf_add(ret, str_trim((struct str){ line, (size_t)count }));
	return true;
}

bool line_editor_read(struct line_editor *editor, struct strbuf *ret)
{
	bool is_edited = editor->edit && editor->history, go_on;
	HistEvent event;

	strbuf_reset(ret);
	editor->is_more = false;
	for (;;) {
		go_on = is_edited ? read_edited(editor, ret) : read_plain(editor, ret);
		if (!go_on || !str_ends_with(strbuf_str(ret), STR("\\")))
			break;
		ret->ptr[ret->len - 1] = '\n';
		editor->is_more = true;
	}
	if (is_edited && ret->len)
		history(editor->history, &event, H_ENTER, strbuf_text(ret));
	return go_on || ret->len;
}
