/* --chat: more questions to the model, about the facts that it was told already. */
#include <stdlib.h>
#include <string.h>

#include "cmd/line_editor.h"
#include "cmd/model.h"

static bool is_end(struct str line)
{
	static const char *const words[] = { "q", "quit", "c", "continue", "exit" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_is(line, words[i]))
			return true;
	}
	return false;
}

static void tell(const struct error *error)
{
	char *text = error_text(error);

	fputs("sysgrok: ", stderr);
	term_write_safe(stderr, str_from(text));
	fputc('\n', stderr);
	free(text);
}

struct error *chat_run(struct command_context *context, struct model_session *session,
		       bool stdin_used)
{
	auto_line_editor struct line_editor *editor = NULL;
	auto_strbuf struct strbuf line = STRBUF_INIT;
	auto_error struct error *error = NULL;

	if (context->json)
		return error_new(ERROR_USAGE, "--chat and --json do not go together");
	if (!session) {
		warnings_add(context->warnings,
			     "a chat needs a model: man sysgrok-model says how one is configured");
		return NULL;
	}
	if (!model_is_able_to_chat(session))
		return NULL;
	/* A service or a script has none: the answer stands, and nobody is there to go on. */
	error = line_editor_open("chat> ", stdin_used, &editor);
	if (error) {
		auto_free char *text = error_text(error);

		warnings_add(context->warnings, "no chat: %s", text);
		return NULL;
	}
	fputs("\nAsk the model about what was measured. It is told the same facts, and its figures "
	      "are checked\nagainst them. A line that ends with \\ goes on in the next; Ctrl-C "
	      "stops an answer; c, q or Ctrl-D\nends the chat.\n\n",
	      context->out.stream);
	fflush(context->out.stream);
	while (line_editor_read(editor, &line) && !is_end(strbuf_str(&line))) {
		auto_error struct error *failure = NULL;

		if (!line.len)
			continue;
		failure = model_reply(session, strbuf_str(&line));
		/* One answer that failed, or that was stopped, ends no conversation. */
		if (failure)
			tell(failure);
		fputc('\n', context->out.stream);
		fflush(context->out.stream);
	}
	return NULL;
}
