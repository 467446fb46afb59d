/* Looks the command up, runs it, and turns its error into text and an exit status. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/tool.h"
#include "config.h"

static void print_line(const char *lead, const char *text)
{
	fputs(lead, stderr);
	term_write_safe(stderr, str_from(text));
	fputc('\n', stderr);
}

static void print_error(const struct error *error)
{
	auto_free char *text = error_text(error);
	const char *hint = error_hint(error);

	print_line("sysgrok: ", text);
	if (hint)
		print_line("hint: ", hint);
}

static void print_notes(struct str notes)
{
	struct str line;

	while (str_next_line(&notes, &line))
		fprintf(stderr, "sysgrok: note: %.*s\n", STR_ARG(line));
}

static void print_version(void)
{
	puts("sysgrok " SYSGROK_VERSION);
}

static enum term_color_mode color_mode(const char *name)
{
	if (strcmp(name, "always") == 0)
		return TERM_COLOR_ALWAYS;
	return strcmp(name, "never") == 0 ? TERM_COLOR_NEVER : TERM_COLOR_AUTO;
}

static struct error *usage_hint(struct error *error, const struct tool *tool,
				const struct command *command)
{
	if (error_hint(error))
		return error;
	if (!command)
		return error_with_hint(error, "'%s help' shows how it is used", tool->name);
	return error_with_hint(error, "'%s %s -h' shows how it is used", tool->name, command->name);
}

static struct error *check_operands(const struct command *command, int count, char **operands)
{
	if (count && !operands[0][strspn(operands[0], " \t\n")])
		return error_new(ERROR_USAGE, "'%s': the first operand is empty", command->name);
	if (count < command->min_operands)
		return error_new(ERROR_USAGE, "'%s' needs more operands: %s", command->name,
				 command->usage);
	if (command->max_operands >= 0 && count > command->max_operands)
		return error_new(ERROR_USAGE, "'%s': unexpected operand '%s'", command->name,
				 operands[command->max_operands]);
	return NULL;
}

static void free_options(const struct command *command, char *options)
{
	for (const struct option *o = command->options; o && o->kind != OPTION_END; o++) {
		if (o->kind == OPTION_LIST)
			option_list_done((struct option_list *)(void *)(options + o->offset));
	}
	free(options);
}

/* Called with the options of the command parsed into `options`. */
static struct error *start(const struct tool *tool, const struct command *command,
			   const struct global_options *global, const void *options, int argc,
			   char **argv)
{
	struct warnings warnings = { 0 };
	struct command_context context = {
		.tool = tool,
		.command = command,
		.options = options,
		.color = color_mode(global->color),
		.json = global->json,
		.offline = global->offline,
		.echo_input = global->echo_input,
		.verbosity = global->verbosity,
		.after_dashes = global->dashes,
		.model = &global->model,
		.warnings = &warnings,
	};
	struct error *error;

	context.out = term_on(stdout, context.color);
	if (global->debug)
		log_enable(global->debug);
	if (global->help) {
		help_command_page(&context.out, tool, command);
		return NULL;
	}
	TRY(check_operands(command, argc, argv));
	error = command->run(&context, argc, argv);
	if (error)
		fflush(stdout);
	else
		error = stdout_flush();
	warnings_print(&warnings, stderr);
	warnings_done(&warnings);
	return error;
}

static struct error *run_command(const struct tool *tool, const struct command *command,
				 struct global_options *global, int argc, char **argv)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	char *options = x_calloc(1, command->options_size);
	struct options_input input = {
		.own = command->options,
		.global = global_options,
		.own_target = options,
		.global_target = global,
		.stop_at_operand = command->stop_at_operand,
		.ret_dashes = &global->dashes,
	};
	struct error *error;
	int operands;

	if (command->defaults)
		memcpy(options, command->defaults, command->options_size);
	error = options_parse(&input, argc, argv, &notes, &operands);
	if (!error && global->version) {
		print_version();
	} else if (!error) {
		print_notes(strbuf_str(&notes));
		error = start(tool, command, global, options, operands, argv);
	}
	free_options(command, options);
	if (error && error->code == ERROR_USAGE)
		error = usage_hint(error, tool, command);
	return error;
}

/* argv[0] is the first word after the program's name. */
static struct error *run_tool(const struct tool *tool, int argc, char **argv)
{
	struct global_options global = GLOBAL_OPTIONS_INIT;
	struct options_input input = {
		.global = global_options,
		.global_target = &global,
		.stop_at_operand = true,
	};
	const struct command *command;
	struct error *error;
	struct term out;
	int operands;

	error = options_parse(&input, argc, argv, NULL, &operands);
	if (error)
		return usage_hint(error, tool, NULL);
	if (global.version) {
		print_version();
		return NULL;
	}
	if (!operands && !global.help)
		return error_with_hint(error_new(ERROR_USAGE, "no command was given"),
				       "'%s help' lists the commands; a start: 'sysgrok record "
				       "PROGRAM', then 'sysgrok topn perf.data'",
				       tool->name);
	if (operands) {
		command = command_find(argv[0]);
		if (!command)
			return command_unknown(tool, argv[0]);
		return run_command(tool, command, &global, operands - 1, argv + 1);
	}
	out = term_on(stdout, color_mode(global.color));
	help_overall(&out, tool);
	return NULL;
}

/* A file must not be opened as what the program prints to, or reads from: a descriptor that was
 * closed stays unusable, and saying so is left to whoever uses it. */
static void hold_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(error_code_exit_status(ERROR_IO));
	}
}

int main(int argc, char **argv)
{
	const struct tool *tool = tool_find(argc ? argv[0] : NULL);
	auto_error struct error *error = NULL;

	hold_closed_streams();
	error = run_tool(tool, MAX(argc - 1, 0), argv + 1);

	if (!error)
		error = stdout_flush();
	if (error)
		print_error(error);
	return error_exit_status(error);
}
