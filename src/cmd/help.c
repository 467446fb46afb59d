#include "cmd/help.h"

#include <string.h>

#include "base/json_out.h"
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

static void print_group(const struct term *out, enum command_group group)
{
	bool empty = true;

	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->group != group)
			continue;
		if (empty)
			heading(out, command_group_title(group));
		empty = false;
		fprintf(out->stream, "  %-*s", SUMMARY_COLUMN - 2, commands[i]->name);
		term_wrap(out->stream, str_from(commands[i]->summary), page_width(out),
			  SUMMARY_COLUMN);
	}
}

void help_overall(const struct term *out)
{
	fputs("sysgrok " SYSGROK_VERSION
	      ": why is this Linux machine slow, and what can be done about it\n\n"
	      "usage: sysgrok [global options] COMMAND [options] [operands]\n",
	      out->stream);
	for (int group = 0; group < COMMAND_GROUPS; group++)
		print_group(out, (enum command_group)group);
	heading(out, "global options");
	print_options(out, global_options);
	fputs("\n'sysgrok COMMAND -h' explains a command; 'man sysgrok' has the exit statuses.\n",
	      out->stream);
}

static void print_usage(const struct term *out, const struct command *command)
{
	struct str forms = str_from(command->usage), form;
	const char *lead = "usage:";

	while (str_next_line(&forms, &form)) {
		fprintf(out->stream, "%-6s sysgrok %s%s%.*s\n", lead, command->name,
			form.len ? " " : "", STR_ARG(form));
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

void help_command_page(const struct term *out, const struct command *command)
{
	print_usage(out, command);
	fprintf(out->stream, "\n%ssysgrok %s%s: ", term_style(out, TERM_BOLD), command->name,
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
	fputs("\nGlobal options: 'sysgrok help'.\n", out->stream);
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
		help_overall(&context->out);
		return NULL;
	}
	command = command_find(argv[0]);
	if (!command)
		return command_unknown(argv[0]);
	help_command_page(&context->out, command);
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
