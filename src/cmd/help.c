#include "cmd/help.h"

#include <string.h>

#include "base/json_out.h"
#include "base/memory.h"
#include "cmd/commands.h"
#include "config.h"

#define MAX_WIDTH 100
#define SUMMARY_COLUMN 18

static void heading(const struct term *out, const char *title)
{
	fprintf(out->stream, "\n%s%s%s\n", term_style(out, TERM_BOLD), title,
		term_style(out, TERM_PLAIN));
}

static unsigned page_width(const struct term *out)
{
	return MIN(out->width, MAX_WIDTH);
}

static void print_options(const struct term *out, const struct option *options)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	options_help(options, page_width(out), &text);
	fputs(strbuf_text(&text), out->stream);
}

static void print_summary(const struct term *out, const char *name, const char *summary)
{
	fprintf(out->stream, "  %-*s", SUMMARY_COLUMN - 2, name);
	term_wrap(out->stream, str_from(summary), page_width(out), SUMMARY_COLUMN);
}

static void print_group(const struct term *out, enum command_group group)
{
	const struct command *command;
	bool empty = true;

	for (size_t i = 0; (command = command_at(i)); i++) {
		if (command->group != group)
			continue;
		if (empty)
			heading(out, command_group_title(group));
		empty = false;
		print_summary(out, command->name, command->summary);
	}
}

/* The commands that an earlier tool had, in its order. */
static void print_tool_commands(const struct term *out, const struct tool *tool)
{
	heading(out, "commands");
	for (size_t i = 0; tool->commands[i]; i++) {
		const struct command *command = command_find(tool->commands[i]);
		const struct absent_command *absent = absent_command_find(tool->commands[i]);

		if (command) {
			print_summary(out, command->name, command->summary);
		} else if (absent) {
			auto_free char *what =
				x_asprintf("(not in this version yet) %s", absent->what);

			print_summary(out, absent->name, what);
		}
	}
}

void help_overall(const struct term *out, const struct tool *tool)
{
	struct str forms = str_from(tool->usage), form;
	const char *lead = "usage:", *name = tool->name;

	fputs("sysgrok " SYSGROK_VERSION, out->stream);
	if (tool->commands)
		fprintf(out->stream, " as %s", name);
	fputs(": why is this Linux machine slow, and what can be done about it\n\n", out->stream);
	while (str_next_line(&forms, &form)) {
		fprintf(out->stream, "%-6s %-*s %.*s\n", lead, (int)strlen(tool->name), name,
			STR_ARG(form));
		lead = name = "";
	}
	if (tool->commands)
		print_tool_commands(out, tool);
	for (int group = 0; !tool->commands && group < COMMAND_GROUPS; group++)
		print_group(out, (enum command_group)group);
	heading(out, "global options");
	print_options(out, global_options);
	fprintf(out->stream, "\n'%s COMMAND -h' explains a command; ", tool->name);
	if (tool->commands)
		fputs("'sysgrok help' lists all of them, and\nall are taken here too. "
		      "'man sysgrok' has the exit statuses.\n",
		      out->stream);
	else
		fputs("'man sysgrok' has the exit statuses.\n", out->stream);
}

static void print_usage(const struct term *out, const struct tool *tool,
			const struct command *command)
{
	struct str forms = str_from(command->usage), form;
	const char *lead = "usage:";

	if (!forms.len)
		fprintf(out->stream, "%s %s %s\n", lead, tool->name, command->name);
	while (str_next_line(&forms, &form)) {
		fprintf(out->stream, "%-6s %s %s %.*s\n", lead, tool->name, command->name,
			STR_ARG(form));
		lead = "";
	}
}

static void print_examples(const struct term *out, const struct command *command)
{
	heading(out, "examples");
	for (const struct command_example *e = command->examples; e->line; e++) {
		fprintf(out->stream, "  %s%s%s\n      ", term_style(out, TERM_CYAN), e->line,
			term_style(out, TERM_PLAIN));
		term_wrap(out->stream, str_from(e->what), page_width(out), 6);
	}
}

void help_command_page(const struct term *out, const struct tool *tool,
		       const struct command *command)
{
	print_usage(out, tool, command);
	fprintf(out->stream, "\n%s%s %s%s: ", term_style(out, TERM_BOLD), tool->name, command->name,
		term_style(out, TERM_PLAIN));
	term_wrap(out->stream, str_from(command->summary), page_width(out), 0);
	if (command->description) {
		fputc('\n', out->stream);
		term_wrap(out->stream, str_from(command->description), page_width(out), 0);
	}
	if (command->options && command->options->kind != OPTION_END) {
		heading(out, "options");
		print_options(out, command->options);
	}
	if (command->examples)
		print_examples(out, command);
	fprintf(out->stream, "\nGlobal options: '%s help'.\n", tool->name);
}

static const char *kind_name(const struct option *option)
{
	if (option->kind == OPTION_IGNORED)
		return "ignored";
	return option_is_shown(option) ? "shown" : "hidden";
}

static void json_options(struct json_writer *json, const char *key, const struct option *options)
{
	json_key(json, key);
	json_array_begin(json);
	for (const struct option *o = options; o && o->kind != OPTION_END; o++) {
		char letter[] = { o->letter, '\0' };

		if (o->kind == OPTION_REFUSED)
			continue;
		json_object_begin(json);
		json_key_text(json, "letter", o->letter ? letter : NULL);
		json_key_text(json, "name", o->name);
		json_key_text(json, "value", o->value);
		json_key_text(json, "help", o->help);
		json_key_text(json, "kind", kind_name(o));
		json_object_end(json);
	}
	json_array_end(json);
}

static void json_commands(struct json_writer *json)
{
	json_key(json, "commands");
	json_array_begin(json);
	for (size_t i = 0; commands[i]; i++) {
		json_object_begin(json);
		json_key_text(json, "name", commands[i]->name);
		json_key_text(json, "group", command_group_title(commands[i]->group));
		json_key_text(json, "summary", commands[i]->summary);
		json_key_text(json, "usage", commands[i]->usage);
		json_options(json, "options", commands[i]->options);
		json_object_end(json);
	}
	json_array_end(json);
}

/* The tables as they are: what the check of the man pages reads. */
static void help_json(FILE *out)
{
	static const struct {
		int status;
		const char *meaning;
	} statuses[] = {
#define X(name, status, meaning) { status, meaning },
		ERROR_CODES(X)
#undef X
	};
	struct json_writer json = json_writer_on(out);

	json_object_begin(&json);
	json_key_text(&json, "version", SYSGROK_VERSION);
	json_options(&json, "global_options", global_options);
	json_commands(&json);
	json_key(&json, "absent_commands");
	json_array_begin(&json);
	for (const struct absent_command *c = absent_commands; c->name; c++)
		json_text(&json, c->name);
	json_array_end(&json);
	json_key(&json, "exit_statuses");
	json_array_begin(&json);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		json_object_begin(&json);
		json_key_int(&json, "status", statuses[i].status);
		json_key_text(&json, "meaning", statuses[i].meaning);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	json_finish(&json);
}

static struct error *run_help(struct command_context *context, int argc, char **argv)
{
	const struct command *command;

	if (context->json) {
		help_json(context->out.stream);
		return NULL;
	}
	if (!argc) {
		help_overall(&context->out, context->tool);
		return NULL;
	}
	command = command_find(argv[0]);
	if (!command)
		return command_unknown(context->tool, argv[0]);
	help_command_page(&context->out, context->tool, command);
	return NULL;
}

static const struct command_example examples[] = {
	{ "sysgrok help help", "this page" },
	{ "sysgrok help --json", "all commands and options, for programs" },
	{ 0 },
};

const struct command help_command = {
	.name = "help",
	.group = COMMAND_SELF,
	.summary = "list the commands, or explain one of them",
	.usage = "[COMMAND]",
	.examples = examples,
	.max_operands = 1,
	.run = run_help,
};
