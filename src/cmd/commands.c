#include "cmd/commands.h"

#include <string.h>

#include "cmd/prompt_command.h"
#include "cmd/tool.h"

extern const struct command analyzecmd_command;
extern const struct command code_command;
extern const struct command completion_command;
extern const struct command debughost_command;
extern const struct command doctor_command;
extern const struct command explainfunction_command;
extern const struct command explainprocess_command;
extern const struct command export_command;
extern const struct command feedback_command;
extern const struct command findfaster_command;
extern const struct command flamegraph_command;
extern const struct command help_command;
extern const struct command record_command;
extern const struct command report_command;
extern const struct command stacktrace_command;
extern const struct command topn_command;

/* clang-format off */
const struct command *const commands[] = {
	&analyzecmd_command,
	&code_command,
	&completion_command,
	&debughost_command,
	&doctor_command,
	&explainfunction_command,
	&explainprocess_command,
	&export_command,
	&feedback_command,
	&findfaster_command,
	&flamegraph_command,
	&help_command,
	&record_command,
	&report_command,
	&stacktrace_command,
	&topn_command,
	NULL,
};
/* clang-format on */

const struct option global_options[] = {
	{ 'h', "help", NULL, "show this help, or that of the command, and exit", OPTION_FLAG,
	  offsetof(struct global_options, help) },
	{ 'v', "verbose", NULL, "more words; may be repeated", OPTION_COUNT,
	  offsetof(struct global_options, verbosity) },
	{ 0, "version", NULL, "show the version and exit", OPTION_FLAG,
	  offsetof(struct global_options, version) },
	{ 0, "json", NULL, "write the result as one JSON document", OPTION_FLAG,
	  offsetof(struct global_options, json) },
	{ 0, "offline", NULL, "use no network of any kind", OPTION_FLAG,
	  offsetof(struct global_options, offline) },
	{ 0, "color", "auto|always|never", "when to colour; auto = on a terminal, unless NO_COLOR",
	  OPTION_CHOICE, offsetof(struct global_options, color) },
	{ 'e', "echo-input", NULL, "show the input that was read before the answer", OPTION_FLAG,
	  offsetof(struct global_options, echo_input) },
	{ 'c', "chat", NULL, "ask the model more questions after its answer", OPTION_FLAG,
	  offsetof(struct global_options, model.chat) },
	{ 'm', "model", "NAME", "the model (on Azure: the deployment) to ask", OPTION_TEXT,
	  offsetof(struct global_options, model.name) },
	{ 0, "model-or-deployment-id", "NAME", NULL, OPTION_TEXT,
	  offsetof(struct global_options, model.name) },
	{ 0, "temperature", "N", "how freely the model writes; 0 by default", OPTION_REAL,
	  offsetof(struct global_options, model.temperature) },
	{ 0, "output-format", "TEXT", "what the model's prose shall look like, in words",
	  OPTION_TEXT, offsetof(struct global_options, model.output_format) },
	{ 0, "output", "FILE",
	  "-o names the file of commands that write one; --output-format is of a model's prose",
	  OPTION_REFUSED, 0 },
	{ 0, "max-concurrent-queries", "N", "queries to the model at a time; 4 by default",
	  OPTION_U64, offsetof(struct global_options, model.concurrent) },
	{ 'd', "debug", "[=DOMAIN]", "say on stderr what goes on inside, e.g. --debug=symbol,dso",
	  OPTION_TEXT, offsetof(struct global_options, debug) },
	OPTIONS_END
};

const struct command *command_at(size_t index)
{
	const size_t built_in = ARRAY_SIZE(commands) - 1;

	return index < built_in ? commands[index] : prompt_command_at(index - built_in);
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return prompt_command_find(name);
}

struct error *command_unknown(const struct tool *tool, const char *name)
{
	const struct absent_command *absent = absent_command_find(name);
	const char *names[64], *nearest;
	size_t count = 0;
	struct error *error;

	if (absent)
		return error_with_hint(error_new(ERROR_UNSUPPORTED,
						 "'%s' (%s) is not in this version yet", name,
						 absent->what),
				       "%s", absent->instead);
	error = error_new(ERROR_USAGE, "there is no command '%s'", name);

	for (const struct command *c; (c = command_at(count)) && count < ARRAY_SIZE(names);)
		names[count++] = c->name;
	nearest = nearest_name(name, names, count);
	if (nearest)
		return error_with_hint(error, "did you mean '%s'?", nearest);
	return error_with_hint(error, "'%s help' lists the commands", tool->name);
}

const char *command_group_title(enum command_group group)
{
	switch (group) {
	case COMMAND_UNDERSTAND:
		return "understand";
	case COMMAND_HOSTS:
		return "hosts";
	case COMMAND_PROFILES:
		return "profiles";
	case COMMAND_COUNTERS:
		return "counters";
	case COMMAND_SELF:
		return "self";
	case COMMAND_PROMPTS:
		return "your own prompts";
	case COMMAND_GROUPS:
		break;
	}
	return "";
}
