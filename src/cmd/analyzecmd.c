/* What the output of commands and logs tell of a host: `sysgrok analyzecmd -i DIR`. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/units.h"
#include "cmd/host_answer.h"
#include "host/host.h"

#define FILE_CAP_BYTES ((uint64_t)8 << 30)
#define STREAM_CAP_BYTES ((size_t)1 << 28)

enum { MAX_FILES = 1000, MAX_REASONS = 4 };

struct analyzecmd_options {
	const char *input, *problem;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 'i', "input", "DIR", "folder (or file, or '-') with the output of commands and with logs",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, input) },
	{ 'p', "problem-description", "TEXT", "what is wrong, in words: what fits it comes first",
	  OPTION_TEXT, offsetof(struct analyzecmd_options, problem) },
	{ 't', "target-host", "HOST",
	  "nothing is run on hosts yet; keep what commands print in a folder (ssh HOST top -b -n 1 "
	  "> out/top.txt), and give that: -i out",
	  OPTION_REFUSED, 0 },
	MODEL_OPTIONS(struct analyzecmd_options, model),
	OPTIONS_END
};
/* clang-format on */

/* ---- reading */

struct reading {
	struct command_context *context;
	struct facts *facts;
};

static void text_take(struct reading *reading, const char *name, struct str text, bool is_cut)
{
	struct str command = host_command_of(name);
	auto_free char *command_text = x_strndup(command.ptr, command.len);

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

static struct error *run_analyzecmd(struct command_context *context, int argc, char **argv)
{
	const struct analyzecmd_options *given = context->options;
	auto_ruleset struct ruleset *rules = NULL;
	__attribute__((cleanup(material_done))) struct host_material material = { 0 };
	struct reading reading = { context, &material.facts };
	const char *source;

	if (argc && given->input)
		return error_new(ERROR_USAGE, "either -i or a command, not both: '%s'", argv[0]);
	if (argc)
		return error_with_hint(
			error_new(ERROR_UNSUPPORTED, "running '%s' for you is not there yet",
				  argv[0]),
			"keep its output in a file, and give the folder: %s > out/%s.txt; "
			"sysgrok analyzecmd -i out",
			argv[0], argv[0]);
	if (!given->input)
		return error_with_hint(
			error_new(ERROR_USAGE, "analyzecmd needs -i: what to read"),
			"-i DIR reads each file of a folder, named after its command (top.txt, "
			"dmesg.1.log); -i - reads standard input");
	if (!*given->input)
		return error_new(ERROR_USAGE, "-i needs a folder, a file or '-'");
	source = strcmp(given->input, "-") ? given->input : "standard input";
	TRY(with_hint(input_take(&reading, given->input)));
	if (!has_content(&material.facts))
		return with_hint(nothing_read(&material.facts, source));
	rules = host_rules_new(context);
	material.source = source;
	return host_answer_give(
		context, rules, &material, 1,
		&(struct host_answer_wishes){ .problem = given->problem,
					      .from_stdin = strcmp(given->input, "-") == 0,
					      .model = given->model });
}

static const struct command_example examples[] = {
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
	.usage = "[-p TEXT] -i DIR",
	.description =
		"Reads each file of a folder. A file is named after the command whose output it "
		"holds: top.txt, dmesg.1.log. The output of top is understood in all its layouts; "
		"several screens (-b -n 4) say more than one. Everything else is read as a log: "
		"its lines are reduced to templates with counts, first and last time, bursts, "
		"values that stand out and rare lines. Messages whose meaning is sure (out of "
		"memory, I/O errors, full tables and so on) become findings.\n\n"
		"The answer says what is wrong and who is guilty, with the evidence and what to "
		"do; what is not the reason; and what was not looked at, with the command that "
		"would tell. It is made offline from rules; rules of your own below "
		"~/.config/sysgrok/rules add to them. A model, where one is configured, gets the "
		"facts and the templates, never the raw text.\n\n"
		"Nothing is run and nothing is read but what -i names.",
	.options = options,
	.options_size = sizeof(struct analyzecmd_options),
	.examples = examples,
	.stop_at_operand = true,
	.max_operands = -1,
	.run = run_analyzecmd,
};
