/* One line after the other from the person at the terminal, with editing and history. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

struct line_editor;

/*
 * On standard input where that is a terminal, else on /dev/tty: the data may have come by a pipe.
 * Where there is no terminal at all, standard input is read as it is, if it is not `used_up`; else
 * ERROR_UNSUPPORTED.
 */
MUST_CHECK struct error *line_editor_open(const char *prompt, bool used_up,
					  struct line_editor **ret);
void line_editor_close(struct line_editor *editor);
static inline void cleanup_line_editor(struct line_editor **editor)
{
	line_editor_close(*editor);
}
#define auto_line_editor __attribute__((cleanup(cleanup_line_editor)))

/*
 * The next line without its end; false at the end of input, and on Ctrl-C at an empty line. Ctrl-C
 * elsewhere clears the line. What is pasted stays one line, its line ends within it; a line that
 * ends with '\\' goes on in the next.
 */
bool line_editor_read(struct line_editor *editor, struct strbuf *ret);
