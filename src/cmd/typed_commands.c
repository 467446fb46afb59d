#include "cmd/typed_commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/config_folder.h"
#include "exec/ssh.h"

enum { CHECKLIST_CAP_BYTES = 1 << 20, MAX_COMMANDS = 200 };

#define OUTPUT_CAP_BYTES ((size_t)64 << 20)

extern const struct str embedded_checklist_60s;

static const struct {
	const char *name;
	const struct str *text;
} built_in[] = { { "60s", &embedded_checklist_60s } };

void typed_commands_done(struct typed_command_vec *commands)
{
	for (size_t i = 0; i < commands->count; i++) {
		struct typed_command *command = &commands->items[i];

		for (size_t k = 0; command->argv[k]; k++)
			free(command->argv[k]);
		free(command->argv);
		free(command->shown);
		free(command->program);
	}
	typed_command_vec_done(commands);
}

/* ---- one command */

/* The first word that is neither sudo nor one of its options, without its folder. */
static char *program_of(struct str line)
{
	struct str word = { 0 };

	while (str_next_word(&line, &word)) {
		const char *slash = memrchr(word.ptr, '/', word.len);

		if (slash)
			word = (struct str){ slash + 1, word.len - (size_t)(slash + 1 - word.ptr) };
		if (!str_is(word, "sudo") && word.len && *word.ptr != '-')
			break;
	}
	return x_strndup(word.ptr ? word.ptr : "", word.len);
}

static void add_line(struct typed_command_vec *commands, struct str line)
{
	char **argv = x_calloc(4, sizeof(*argv));

	argv[0] = x_strdup("sh");
	argv[1] = x_strdup("-c");
	argv[2] = x_strndup(line.ptr, line.len);
	typed_command_vec_push(commands,
			       (struct typed_command){ .shown = x_strndup(line.ptr, line.len),
						       .program = program_of(line),
						       .argv = argv });
}

static const char blanks[] = " \t\n";
static const char between_commands[] = "|&;<>`$";
static const char syntax[] = "|&;<>`$()\"'\\*?[]{}~#!";

static bool needs_quotes(const char *word)
{
	return !*word || strpbrk(word, blanks) || strpbrk(word, syntax);
}

static void add_vector(struct typed_command_vec *commands, int count, char *const *words)
{
	char **argv = x_calloc((size_t)count + 1, sizeof(*argv));
	auto_strbuf struct strbuf shown = STRBUF_INIT, plain = STRBUF_INIT;

	for (int i = 0; i < count; i++) {
		argv[i] = x_strdup(words[i]);
		strbuf_addf(&plain, "%s ", words[i]);
		strbuf_add_text(&shown, i ? " " : "");
		if (needs_quotes(words[i]))
			sh_quote(&shown, words[i]);
		else
			strbuf_add_text(&shown, words[i]);
	}
	typed_command_vec_push(commands,
			       (struct typed_command){ .shown = strbuf_take(&shown),
						       .program = program_of(strbuf_str(&plain)),
						       .argv = argv });
}

/* ---- what was typed */

void typed_commands_add_words(struct typed_command_vec *commands, int argc, char *const *argv,
			      bool is_one)
{
	int first = 0;

	if (argc == 1 && needs_quotes(argv[0])) {
		add_line(commands, str_from(argv[0]));
		return;
	}
	for (int i = 0; i < argc && !is_one; i++) {
		if (!strpbrk(argv[i], blanks) && !strpbrk(argv[i], between_commands))
			continue;
		if (*argv[i] == '-' || (i > first && *argv[i - 1] == '-'))
			continue;
		if (i > first)
			add_vector(commands, i - first, argv + first);
		add_line(commands, str_from(argv[i]));
		first = i + 1;
	}
	if (argc > first)
		add_vector(commands, argc - first, argv + first);
}

/* ---- checklists */

static void add_plain_or_line(struct typed_command_vec *commands, struct str line)
{
	auto_free char *text = x_strndup(line.ptr, line.len);
	char *words[64], *rest = text, *word;
	int count = 0;

	if (strpbrk(text, syntax)) {
		add_line(commands, line);
		return;
	}
	while ((word = strsep(&rest, blanks)))
		if (*word && count < (int)ARRAY_SIZE(words))
			words[count++] = word;
	add_vector(commands, count, words);
}

static struct error *add_lines(struct typed_command_vec *commands, const char *name,
			       struct str text)
{
	size_t before = commands->count;
	struct str line;

	while (str_next_line(&text, &line)) {
		line = str_trim(line);
		if (!line.len || *line.ptr == '#')
			continue;
		if (commands->count - before == MAX_COMMANDS)
			return error_new(ERROR_INPUT, "the checklist '%s' has more than %d lines",
					 name, MAX_COMMANDS);
		add_plain_or_line(commands, line);
	}
	if (commands->count == before)
		return error_with_hint(
			error_new(ERROR_INPUT, "the checklist '%s' holds no command", name),
			"write a command line on each line: vmstat 1 5");
	return NULL;
}

static struct error *no_checklist(const char *name, const char *folder)
{
	return error_with_hint(
		error_new(ERROR_NO_FILE, "there is no checklist '%s'", name),
		"built in is 60s; your own stand in %s/NAME, a command line on each line",
		folder ? folder : "~/.config/sysgrok/checklists");
}

struct error *typed_commands_add_checklist(struct typed_command_vec *commands, const char *name)
{
	auto_free char *folder = config_folder("checklists");
	auto_free char *path = folder ? x_asprintf("%s/%s", folder, name) : NULL;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct error *error;

	if (!*name || *name == '.' || strchr(name, '/'))
		return no_checklist(name, folder);
	error = path ? file_read(path, CHECKLIST_CAP_BYTES, &text) : NULL;
	if (path && !error)
		return add_lines(commands, name, strbuf_str(&text));
	if (error && error->code != ERROR_NO_FILE)
		return error;
	error_free(error);
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
		if (strcmp(built_in[i].name, name) == 0)
			return add_lines(commands, name, *built_in[i].text);
	return no_checklist(name, folder);
}

/* ---- running */

struct error *typed_commands_run(const struct typed_command_vec *commands,
				 const struct typed_run *run)
{
	const struct exec_limits limits = { .ssh_config = run->ssh_config };
	auto_exec struct exec *exec = exec_new(&limits);
	auto_free uint32_t *hosts = x_calloc(run->target_count, sizeof(*hosts));
	uint32_t task = 0;

	for (size_t t = 0; t < run->target_count; t++)
		TRY(exec_add_host(exec, run->targets[t], &hosts[t]));
	for (size_t t = 0; t < run->target_count; t++)
		for (size_t c = 0; c < commands->count; c++)
			exec_add(exec, hosts[t],
				 &(struct exec_command){
					 .argv = (const char *const *)commands->items[c].argv,
					 .timeout_ms = run->timeout_ms,
					 .cap_bytes = OUTPUT_CAP_BYTES });
	exec_run(exec, run->stop);
	for (size_t t = 0; t < run->target_count; t++)
		for (size_t c = 0; c < commands->count; c++)
			run->take(run->context, t, &commands->items[c],
				  exec_result_of(exec, task++));
	return NULL;
}
