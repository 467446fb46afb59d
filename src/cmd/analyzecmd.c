/* What the output of commands and logs tell of a host: `sysgrok analyzecmd COMMAND`, `-i DIR`. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/units.h"
#include "cmd/host_answer.h"
#include "cmd/typed_commands.h"
#include "host/host.h"

#define FILE_CAP_BYTES ((uint64_t)8 << 30)
#define STREAM_CAP_BYTES ((size_t)1 << 28)

enum { MAX_FILES = 1000, MAX_REASONS = 4 };

struct analyzecmd_options {
	const char *input, *problem, *checklist, *ssh_config;
	struct option_list targets;
	double timeout_s;
	bool exit_code;
	struct model_options model;
};

static const struct analyzecmd_options defaults = { .timeout_s = 30 };

/* clang-format off */
static const struct option options[] = {
	{ 'i', "input", "DIR", "folder (or file, or '-') with the output of commands and with logs",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, input) },
	{ 'p', "problem-description", "TEXT", "what is wrong, in words: what fits it comes first",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, problem) },
	{ 't', "target-host", "HOST", "a host to run it on, by ssh (HOST, USER@HOST, HOST:PORT); "
	  "may be repeated; without it: this machine",
	  OPTION_LIST, offsetof(struct analyzecmd_options, targets) },
	{ 0, "checklist", "NAME", "run a list of commands: 60s, or one of your own",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, checklist) },
	{ 0, "timeout", "TIME", "stop what has not ended by then, and read what it printed; 30 s "
	  "by default",
	  OPTION_SECONDS, offsetof(struct analyzecmd_options, timeout_s) },
	{ 0, "ssh-config", "FILE", "configuration for ssh, instead of the user's own",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, ssh_config) },
	{ 0, "exit-code", NULL, "end with status 10 where something is wrong",
	  OPTION_FLAG, offsetof(struct analyzecmd_options, exit_code) },
	MODEL_OPTIONS(struct analyzecmd_options, model),
	OPTIONS_END
};
/* clang-format on */

/* ---- reading */

struct reading {
	struct command_context *context;
	struct facts *facts;
};

static void echo(const struct reading *reading, const char *name, struct str text)
{
	if (reading->context->echo_input && text.len) {
		FILE *stream = reading->context->json ? stderr : reading->context->out.stream;
		struct str rest = text, line;

		fprintf(stream, "==> ");
		term_write_safe(stream, str_from(name));
		fprintf(stream, " <==\n");
		if (memchr(text.ptr, '\0', MIN(text.len, (size_t)1 << 16))) {
			fprintf(stream, "(binary input, %zu bytes)\n\n", text.len);
			rest.len = 0;
		}
		while (str_next_line(&rest, &line)) {
			term_write_safe(stream, line);
			fputc('\n', stream);
		}
		fputc('\n', stream);
	}
}

static void text_take(struct reading *reading, const char *name, struct str text, bool is_cut)
{
	struct str command = host_command_of(name);
	auto_free char *command_text = x_strndup(command.ptr, command.len);

	echo(reading, name, text);
	host_read(&(struct host_text){ command_text, name, text, is_cut }, reading->facts);
}

static void refuse(struct reading *reading, const char *name, struct error *error)
{
	auto_free char *text = error_text(error);

	host_refuse(reading->facts, name, text);
	error_free(error);
}

/* A regular file through a map, so that its size is no matter. */
static struct error *regular_take(struct reading *reading, int fd, const char *name)
{
	auto_file_map struct file_map *map = NULL;
	uint64_t size;

	TRY(file_map_fd(fd, name, &map));
	size = MIN(map->size_bytes, FILE_CAP_BYTES);
	text_take(reading, name, (struct str){ (const char *)map->data, size },
		  size < map->size_bytes);
	return NULL;
}

static struct error *file_take(struct reading *reading, const char *path, const char *name)
{
	/* a pipe without a writer must not hold it up */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(errno, "opening it");
	if (S_ISDIR(status.st_mode))
		return error_new(ERROR_INPUT, "it is a folder");
	if (!S_ISREG(status.st_mode))
		return error_new(ERROR_INPUT, "it is no regular file");
	if (!status.st_size) {
		host_refuse(reading->facts, name, "it is empty");
		return NULL;
	}
	return regular_take(reading, fd, name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static struct error *folder_take(struct reading *reading, const char *path)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, is_visible, by_bytes);

	if (count < 0)
		return error_errno(errno, "reading the folder '%s'", path);
	if (!count) {
		free(names);
		return error_with_hint(
			error_new(ERROR_INPUT, "the folder '%s' is empty", path),
			"put the output of commands there: top -b -n 3 > %s/top.txt; "
			"dmesg > %s/dmesg.txt",
			path, path);
	}
	if (count > MAX_FILES)
		warnings_add(reading->context->warnings,
			     "'%s' holds %d files: the first %d are read", path, count, MAX_FILES);
	for (int i = 0; i < count; i++) {
		auto_free char *file = x_asprintf("%s/%s", path, names[i]->d_name);

		if (i < MAX_FILES) {
			struct error *error = file_take(reading, file, names[i]->d_name);

			if (error)
				refuse(reading, names[i]->d_name, error);
		}
		free(names[i]);
	}
	free(names);
	return NULL;
}

static struct error *stream_take(struct reading *reading, const char *path, const char *name)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	TRY(file_read(path, STREAM_CAP_BYTES, &text));
	text_take(reading, name, strbuf_str(&text), false);
	return NULL;
}

static struct error *input_take(struct reading *reading, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat status;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO))
			fputs("Paste, end with Ctrl-D.\n", stderr);
		return stream_take(reading, path, "standard input");
	}
	if (stat(path, &status) < 0)
		return error_errno(errno, "opening '%s'", path);
	if (S_ISDIR(status.st_mode))
		return folder_take(reading, path);
	if (S_ISREG(status.st_mode)) {
		struct error *error = file_take(reading, path, slash ? slash + 1 : path);

		return error ? error_wrap(error, "'%s'", path) : NULL;
	}
	return stream_take(reading, path, path);
}

/* ---- running what was typed */

static volatile sig_atomic_t stop;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

struct errand {
	struct command_context *context;
	const struct analyzecmd_options *given;
	struct host_material *materials;
};

static struct str last_line(struct str text)
{
	struct str line = { 0 }, next;

	while (str_next_line(&text, &next))
		if (str_trim(next).len)
			line = str_trim(next);
	return line;
}

/* Why it printed nothing. */
static char *silence(const struct exec_result *result)
{
	struct str said = last_line(strbuf_str(&result->err));

	if (result->outcome == EXEC_DONE && !result->status)
		return said.len ? x_asprintf("it printed nothing, and said: %.*s", STR_ARG(said))
				: x_strdup("it printed nothing");
	if (result->outcome != EXEC_DONE)
		return x_strdup(result->reason ? result->reason : "it was not run");
	return said.len ? x_asprintf("exit status %d: %.*s", result->status, STR_ARG(said))
			: x_asprintf("it printed nothing and ended with exit status %d",
				     result->status);
}

/* How it ended stands beside what it printed. */
static void tell_end(const struct errand *errand, struct facts *facts,
		     const struct typed_command *command, const struct exec_result *result)
{
	struct entity input = facts_entity(facts, "input", command->shown);
	struct str rest = strbuf_str(&result->err), line;

	if (result->outcome == EXEC_DONE)
		facts_add_number(facts, input, "exit_status", result->status, "", command->shown);
	if (result->outcome == EXEC_TIMED_OUT) {
		auto_free char *text = x_asprintf("stopped after %g s: what it had printed was "
						  "read",
						  errand->given->timeout_s);

		facts_add_text(facts, input, "cut", text, command->shown);
	} else if (result->outcome != EXEC_DONE) {
		facts_add_text(facts, input, "cut", result->reason ? result->reason : "not whole",
			       command->shown);
	}
	for (int shown = 0; shown < MAX_REASONS && str_next_line(&rest, &line);) {
		auto_free char *text = x_strndup(line.ptr, line.len);

		if (!str_trim(line).len)
			continue;
		facts_add_note(facts, input, "stderr", text, command->shown);
		shown++;
	}
}

static void output_take(void *context, size_t target, const struct typed_command *command,
			const struct exec_result *result)
{
	const struct errand *errand = context;
	struct host_material *material = &errand->materials[target];
	struct reading reading = { errand->context, &material->facts };

	if (result->outcome == EXEC_UNREACHABLE && !result->out.len) {
		if (!material->unreachable)
			material->unreachable = facts_str(
				&material->facts, facts_text(&material->facts, result->reason));
		host_refuse(&material->facts, command->shown, result->reason);
		return;
	}
	echo(&reading, command->shown, strbuf_str(&result->out));
	if (!str_trim(strbuf_str(&result->out)).len) {
		auto_free char *reason = silence(result);

		host_refuse(&material->facts, command->shown, reason);
		return;
	}
	host_read(&(struct host_text){ command->program, command->shown, strbuf_str(&result->out),
				       result->out.truncated || result->outcome != EXEC_DONE },
		  &material->facts);
	tell_end(errand, &material->facts, command, result);
}

static struct error *commands_run(struct command_context *context,
				  const struct analyzecmd_options *given,
				  const struct typed_command_vec *commands,
				  const char *const *targets, size_t target_count,
				  struct host_material *materials)
{
	struct errand errand = { context, given, materials };
	const struct typed_run run = {
		.targets = targets,
		.target_count = target_count,
		.ssh_config = given->ssh_config,
		.timeout_ms = (unsigned)(given->timeout_s * 1000),
		.stop = &stop,
		.take = output_take,
		.context = &errand,
	};
	const struct sigaction stopping = { .sa_handler = on_interrupt };
	struct sigaction before;
	struct error *error;
	bool tells = isatty(STDERR_FILENO);

	if (tells)
		fprintf(stderr, "running %zu command%s, %g s at most ...", commands->count,
			commands->count == 1 ? "" : "s", given->timeout_s);
	sigaction(SIGINT, &stopping, &before);
	error = typed_commands_run(commands, &run);
	sigaction(SIGINT, &before, NULL);
	if (tells)
		fputs("\r\x1b[K", stderr);
	if (!error && stop)
		warnings_add(context->warnings,
			     "stopped by Ctrl-C: the answer is made of what was printed by then");
	return error;
}

/* ---- the command */

static bool has_content(const struct facts *facts)
{
	for (size_t i = 0; i < facts->facts.count; i++)
		if (!strcmp(facts_str(facts, facts->facts.items[i].name), "format"))
			return true;
	return false;
}

/* Why the inputs could not be read, the first of them by name. */
static struct error *nothing_read(const struct facts *facts, const char *path)
{
	auto_strbuf struct strbuf why = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		if (fact->type != FACT_ABSENT)
			continue;
		if (count++ < MAX_REASONS)
			strbuf_addf(&why, "%s%s: %s", count > 1 ? "; " : "",
				    facts_str(facts, fact->entity.name),
				    facts_str(facts, fact->text));
	}
	if (count > MAX_REASONS)
		strbuf_addf(&why, " and %zu more", count - MAX_REASONS);
	return error_new(ERROR_INPUT, "nothing in '%s' could be read: %s", path, strbuf_text(&why));
}

/* What can be done about it, where nothing said so yet. */
static struct error *with_hint(struct error *error)
{
	if (!error || error_hint(error))
		return error;
	if (error->code == ERROR_PERMISSION)
		return error_with_hint(error, "read it as a user who may, or copy it");
	return error_with_hint(error, "-i takes a folder of texts (top.txt, dmesg.log), one such "
				      "file, or '-' for standard input");
}

static void material_done(struct host_material *material)
{
	facts_done(&material->facts);
}

static struct error *analyze_files(struct command_context *context,
				   const struct analyzecmd_options *given)
{
	auto_ruleset struct ruleset *rules = NULL;
	__attribute__((cleanup(material_done))) struct host_material material = { 0 };
	struct reading reading = { context, &material.facts };

	if (!*given->input)
		return error_new(ERROR_USAGE, "-i needs a folder, a file or '-'");
	material.source = strcmp(given->input, "-") ? given->input : "standard input";
	TRY(with_hint(input_take(&reading, given->input)));
	if (!has_content(&material.facts))
		return with_hint(nothing_read(&material.facts, material.source));
	rules = host_rules_new(context);
	return host_answer_give(
		context, rules, &material, 1,
		&(struct host_answer_wishes){ .problem = given->problem,
					      .fails_on_findings = given->exit_code,
					      .from_stdin = strcmp(given->input, "-") == 0,
					      .model = given->model });
}

/* Where nothing printed anything: that is the answer. */
static struct error *all_silent(const struct host_material *materials, size_t count)
{
	struct error *error;

	for (size_t i = 0; i < count; i++)
		if (materials[i].unreachable || has_content(&materials[i].facts))
			return NULL;
	error = nothing_read(&materials->facts, materials->source);
	error->code = stop ? ERROR_INTERRUPTED : ERROR_CHILD;
	return error_with_hint(error,
			       "try it by itself: what it prints on standard output is read");
}

static struct error *analyze_commands(struct command_context *context,
				      const struct analyzecmd_options *given,
				      const struct typed_command_vec *commands)
{
	static const char *const here[] = { NULL };
	const char *const *targets =
		given->targets.count ? (const char *const *)given->targets.items : here;
	size_t count = MAX(given->targets.count, (size_t)1);
	auto_free struct host_material *materials = x_calloc(count, sizeof(*materials));
	struct error *error;

	for (size_t i = 0; i < count; i++)
		materials[i].host = materials[i].source = targets[i] ? targets[i] : "this machine";
	error = commands_run(context, given, commands, targets, count, materials);
	/* of a connection that broke, what came before is there */
	for (size_t i = 0; i < count; i++)
		if (has_content(&materials[i].facts))
			materials[i].unreachable = NULL;
	if (!error)
		error = all_silent(materials, count);
	if (!error) {
		auto_ruleset struct ruleset *rules = host_rules_new(context);

		error = host_answer_give(
			context, rules, materials, count,
			&(struct host_answer_wishes){ .problem = given->problem,
						      .fails_on_findings = given->exit_code,
						      .model = given->model });
	}
	for (size_t i = 0; i < count; i++)
		material_done(&materials[i]);
	return error;
}

static struct error *run_analyzecmd(struct command_context *context, int argc, char **argv)
{
	const struct analyzecmd_options *given = context->options;
	auto_typed_commands struct typed_command_vec commands = { 0 };

	if (given->input && (argc || given->checklist || given->targets.count))
		return error_new(ERROR_USAGE, "either -i, which runs nothing, or what to run: '%s'",
				 argc		    ? argv[0]
				 : given->checklist ? given->checklist
						    : given->targets.items[0]);
	if (given->input)
		return analyze_files(context, given);
	if (given->timeout_s < 0.1 || given->timeout_s > 3600)
		return error_new(ERROR_USAGE, "--timeout takes 0.1 s to an hour");
	if (given->checklist)
		TRY(typed_commands_add_checklist(&commands, given->checklist));
	typed_commands_add_words(&commands, argc, argv, context->after_dashes);
	if (!commands.count)
		return error_with_hint(
			error_new(ERROR_USAGE, "analyzecmd needs a command, --checklist or -i"),
			"'analyzecmd top -b -n 3' runs it; -i DIR reads each file of a folder, "
			"named after its command (top.txt, dmesg.1.log)");
	return analyze_commands(context, given, &commands);
}

static const struct command_example examples[] = {
	{ "sysgrok analyzecmd uptime 'dmesg | tail'", "two commands, run here" },
	{ "sysgrok analyzecmd -t web1 -t web2 --checklist 60s", "the sixty-second checklist" },
	{ "sysgrok analyzecmd -i out", "what the files of a folder tell" },
	{ "top -b -d 2 -n 4 | sysgrok analyzecmd -i -", "why this host is busy" },
	{ "sysgrok analyzecmd -p 'requests time out' -i /var/log/nginx",
	  "logs, the complaint first" },
	{ 0 },
};

const struct command analyzecmd_command = {
	.name = "analyzecmd",
	.group = COMMAND_HOSTS,
	.summary = "say what the output of commands and what logs tell of a host",
	.usage = "[-p TEXT] [-t HOST]... [--] COMMAND...\n"
		 "[-p TEXT] [-t HOST]... --checklist NAME\n"
		 "[-p TEXT] -i DIR",
	.description =
		"Runs what is typed, once, here or by ssh, and reads what it prints; that it was "
		"typed is what approves it. Several words are one argument vector; a word that "
		"holds blanks or shell syntax is a command line of its own, run by sh -c, unless "
		"it is the value of the option before it, or the words stand behind --. What has "
		"not ended in time is stopped, and what it printed is read.\n\n"
		"With -i it reads each file of a folder. A file is named after the command whose "
		"output it "
		"holds: top.txt, dmesg.1.log. The output of top is understood in all its layouts; "
		"several screens (-b -n 4) say more than one. Everything else is read as a log: "
		"its lines are reduced to templates with counts, first and last time, bursts, "
		"values that stand out and rare lines. Messages whose meaning is sure (out of "
		"memory, I/O errors, full tables and so on) become findings.\n\n"
		"The answer says what is wrong and who is guilty, with the evidence and what to "
		"do; what is not the reason; and what was not looked at, with the command that "
		"would tell. It is made offline from rules; rules of your own below "
		"~/.config/sysgrok/rules add to them. A model, where one is configured, gets the "
		"facts and the templates, never the raw text.",
	.options = options,
	.options_size = sizeof(struct analyzecmd_options),
	.defaults = &defaults,
	.examples = examples,
	.stop_at_operand = true,
	.max_operands = -1,
	.run = run_analyzecmd,
};
