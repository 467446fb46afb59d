#include "cmd/line_editor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <histedit.h>

#include "base/memory.h"
#include "base/term.h"

#define HISTORY_LINES 200

struct line_editor {
	char *prompt;
	FILE *in, *out;
	bool owns_in;
	EditLine *edit; /* NULL: no terminal, plain lines */
	History *history;
};

static char *prompt_of(EditLine *edit)
{
	struct line_editor *editor = NULL;

	el_get(edit, EL_CLIENTDATA, &editor);
	return editor->prompt;
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

	fputs(editor->prompt, editor->out);
	fflush(editor->out);
	got = getline(&line, &allocated, editor->in);
	if (got > 0)
		strbuf_add(ret, str_trim((struct str){ line, (size_t)got }));
	free(line);
	return got > 0;
}

bool line_editor_read(struct line_editor *editor, struct strbuf *ret)
{
	HistEvent event;
	const char *line;
	int count = 0;

	strbuf_reset(ret);
	if (!editor->edit || !editor->history)
		return read_plain(editor, ret);
	line = el_gets(editor->edit, &count);
	if (!line || count <= 0)
		return false;
	strbuf_add(ret, str_trim((struct str){ line, (size_t)count }));
	if (ret->len)
		history(editor->history, &event, H_ENTER, strbuf_text(ret));
	return true;
}
