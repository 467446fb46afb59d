/* The contract of cmd/line_editor.h without libedit: the terminal's own editing of a line. */
#include "cmd/line_editor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

struct line_editor {
	char *prompt;
	FILE *in, *out;
	bool owns_in;
};

struct error *line_editor_open(const char *prompt, bool used_up, struct line_editor **ret)
{
	auto_line_editor struct line_editor *editor = x_calloc(1, sizeof(*editor));

	editor->prompt = x_strdup(prompt);
	editor->in = stdin;
	editor->out = stdout;
	if (!isatty(STDIN_FILENO)) {
		FILE *terminal = fopen("/dev/tty", "r+e");

		if (!terminal && used_up)
			return error_with_hint(error_errno(errno, "no terminal to chat on"),
					       "standard input held the data, and there is no "
					       "/dev/tty: name a file instead");
		if (terminal) {
			editor->in = editor->out = terminal;
			editor->owns_in = true;
		}
	}
	*ret = take_ptr(editor);
	return NULL;
}

void line_editor_close(struct line_editor *editor)
{
	if (!editor)
		return;
	if (editor->owns_in)
		fclose(editor->in);
	free(editor->prompt);
	free(editor);
}

bool line_editor_read(struct line_editor *editor, struct strbuf *ret)
{
	const char *prompt = editor->prompt;
	bool go_on = true;

	strbuf_reset(ret);
	while (go_on) {
		char *line = NULL;
		size_t allocated = 0;
		ssize_t got;

		fputs(prompt, editor->out);
		fflush(editor->out);
		got = getline(&line, &allocated, editor->in);
		if (got > 0)
			strbuf_add(ret, str_trim((struct str){ line, (size_t)got }));
		free(line);
		if (got <= 0)
			return ret->len;
		go_on = str_ends_with(strbuf_str(ret), STR("\\"));
		if (go_on)
			ret->ptr[ret->len - 1] = '\n';
		prompt = "....> ";
	}
	return true;
}
