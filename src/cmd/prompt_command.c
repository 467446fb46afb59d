#include "cmd/prompt_command.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/answer.h"
#include "cmd/config_folder.h"
#include "cmd/model.h"
#include "llm/prompt.h"
#include "llm/prompt_spec.h"
#include "render/explain.h"

#define FILE_CAP_BYTES ((size_t)1 << 20)
#define INPUT_CAP_BYTES ((size_t)64 << 20)

struct text_options {
	const char *input;
	struct model_options model;
};

/* clang-format off */
static const struct option plain_options[] = {
	MODEL_OPTIONS(struct text_options, model),
	OPTIONS_END
};
static const struct option text_options[] = {
	{ 'i', "input", "FILE", "what to read; standard input by default", OPTION_TEXT,
	  offsetof(struct text_options, input) },
	MODEL_OPTIONS(struct text_options, model),
	OPTIONS_END
};
static const struct option profile_options[] = {
	PROFILE_OPTIONS(struct answer_command, profile),
	MODEL_OPTIONS(struct answer_command, model),
	OPTIONS_END
};
/* clang-format on */

static const struct answer_command profile_defaults = { .limit = 20, .percent_limit = 0.2 };

/* A file, read or not to be used. */
struct own_command {
	struct command command;
	struct prompt_spec spec;
	struct error *fault;
	struct strbuf text;
};

VEC_DEFINE(own_vec, struct own_command *)

static struct own_vec own_commands;
static struct arena own_arena;
static bool is_read;

static char *join_words(int argc, char **argv)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < argc; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", argv[i]);
	return strbuf_take(&text);
}

static struct error *no_model(const struct command_context *context)
{
	return error_with_hint(
		error_new(ERROR_UNSUPPORTED, "'%s' asks a model, and %s", context->command->name,
			  context->offline ? "--offline forbids that" : "none is configured"),
		"man sysgrok-model says how one is configured; --dry-run shows what "
		"it would be sent");
}

static struct error *read_input(struct command_context *context, const char *path,
				struct strbuf *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!path)
		path = "-";
	if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
		fputs("Paste, end with Ctrl-D, or name a file by -i.\n", stderr);
	TRY(file_read(path, INPUT_CAP_BYTES, &text));
	if (text.len && memchr(text.ptr, '\0', text.len))
		return error_new(ERROR_INPUT, "'%s' is no text", path);
	prompt_add_input(ret, strbuf_str(&text));
	if (context->echo_input)
		answer_echo(context, strbuf_str(&text));
	return NULL;
}

static void write_json(struct command_context *context, const char *question,
		       const struct facts *facts, const struct answer_prose *prose)
{
	const struct explain_answer answer = {
		.command = context->command->name, .input = question, .facts = facts, .prose = prose
	};

	explain_json(context->out.stream, &answer);
}

static struct error *run_text(struct command_context *context, const struct own_command *own,
			      int argc, char **argv)
{
	const struct text_options *given = context->options;
	auto_free char *question = join_words(argc, argv);
	auto_strbuf struct strbuf input = STRBUF_INIT;
	auto_facts struct facts facts = FACTS_INIT;
	auto_model struct model_session *model = NULL;
	const struct answer_prose *prose = NULL;
	struct error *error;

	TRY(model_open(context, &given->model, &model));
	if (!model)
		return no_model(context);
	if (own->spec.input == PROMPT_INPUT_TEXT) {
		TRY(read_input(context, given->input, &input));
		/* What stands there may be repeated. */
		facts_add_note(&facts, facts_entity(&facts, "input", "text"), "input",
			       strbuf_text(&input), given->input ? given->input : "-");
		model_set_input(model, strbuf_str(&input), own->spec.header_lines);
	}
	facts_number(&facts);
	error = model_ask(model, &facts, context->command->name, question, &prose);
	if (context->json)
		write_json(context, question, &facts, prose);
	if (!error && context->model->chat)
		error = chat_run(context, model,
				 own->spec.input == PROMPT_INPUT_TEXT && !given->input);
	return error;
}

static void render_nothing(const struct term *, const struct answer *,
			   const struct answer_options *)
{
}

static struct error *run_profile(struct command_context *context, int argc, char **argv)
{
	const struct answer_command *given = context->options;
	const struct answer_options shown = { .rows = given->limit,
					      .min_ratio = given->percent_limit / 100 };
	auto_profile_input struct profile_input input = { 0 };
	auto_model struct model_session *model = NULL;

	TRY(model_open(context, &given->model, &model));
	if (!model)
		return no_model(context);
	TRY(answer_open(context, &given->profile, argc, argv, &input));
	return answer_give(context, &input, given, &shown, render_nothing);
}

static struct error *run_own(struct command_context *context, int argc, char **argv)
{
	/* The command is its first member. */
	const struct own_command *own = (const void *)context->command;

	if (own->fault)
		return error_with_hint(error_new(ERROR_INPUT, "%s", own->fault->message), "%s",
				       error_hint(own->fault)
					       ? error_hint(own->fault)
					       : "man sysgrok-model says what the file may hold");
	if (own->spec.input == PROMPT_INPUT_PROFILE)
		return run_profile(context, argc, argv);
	return run_text(context, own, argc, argv);
}

static const char *usage_of(const struct prompt_spec *spec)
{
	const char *words = spec->max_operands == 0  ? ""
			    : spec->min_operands > 0 ? " WORDS..."
						     : " [WORDS...]";
	auto_free char *text = NULL;

	if (spec->usage)
		return spec->usage;
	if (spec->input == PROMPT_INPUT_PROFILE)
		return "[options] [FILE]";
	text = x_asprintf("[options]%s%s", words,
			  spec->input == PROMPT_INPUT_TEXT ? " [< FILE]" : "");
	return arena_copy(&own_arena, str_from(text));
}

static const char *description_of(const char *path, const struct prompt_spec *spec)
{
	auto_free char *text = x_asprintf(
		"%s%sA prompt of your own: '%s'. It needs a model; --dry-run shows what that would "
		"be sent.",
		spec->help ? spec->help : "", spec->help ? "\n\n" : "", path);

	return arena_copy(&own_arena, str_from(text));
}

static void describe(struct own_command *own, const char *name, const char *path)
{
	struct command *command = &own->command;
	const struct prompt_spec *spec = &own->spec;
	bool is_profile = spec->input == PROMPT_INPUT_PROFILE;

	*command = (struct command){
		.name = arena_copy(&own_arena, str_from(name)),
		.group = COMMAND_PROMPTS,
		.summary = spec->description,
		.usage = own->fault ? "" : usage_of(spec),
		.description = description_of(path, spec),
		.options = is_profile			      ? profile_options
			   : spec->input == PROMPT_INPUT_TEXT ? text_options
							      : plain_options,
		.options_size =
			is_profile ? sizeof(struct answer_command) : sizeof(struct text_options),
		.defaults = is_profile ? &profile_defaults : NULL,
		.min_operands = spec->min_operands,
		.max_operands = is_profile ? 1 : spec->max_operands,
		.run = run_own,
	};
	if (own->fault) {
		struct str message = str_from(own->fault->message);
		bool has_line = str_starts_with(message, str_from(path));
		auto_free char *text = x_asprintf("cannot be used: %s%s", has_line ? "line " : "",
						  message.ptr + (has_line ? strlen(path) + 1 : 0));

		command->summary = arena_copy(&own_arena, str_from(text));
	}
}

static void add_file(const char *folder, const char *name)
{
	auto_free char *path = x_asprintf("%s/%s.md", folder, name);
	struct own_command *own = x_calloc(1, sizeof(*own));

	own->spec.max_operands = -1;
	own->fault = file_read(path, FILE_CAP_BYTES, &own->text);
	if (!own->fault)
		own->fault =
			prompt_spec_parse(path, strbuf_str(&own->text), &own_arena, &own->spec);
	describe(own, name, path);
	own_vec_push(&own_commands, own);
}

static int by_name(const void *left, const void *right)
{
	const struct own_command *const *a = left, *const *b = right;

	return strcmp((*a)->command.name, (*b)->command.name);
}

static void read_all(void)
{
	auto_free char *folder = config_folder("prompts");
	DIR *listing = folder ? opendir(folder) : NULL;
	struct dirent *entry;

	is_read = true;
	while (listing && (entry = readdir(listing))) {
		struct str name = str_from(entry->d_name);

		if (!str_ends_with(name, STR(".md")))
			continue;
		name.len -= 3;
		auto_free char *copy = x_strndup(name.ptr, name.len);

		if (prompt_name_is_valid(name) && !prompt_is_built_in(copy))
			add_file(folder, copy);
	}
	if (listing)
		closedir(listing);
	if (own_commands.count)
		qsort(own_commands.items, own_commands.count, sizeof(*own_commands.items), by_name);
}

const struct command *prompt_command_at(size_t index)
{
	if (!is_read)
		read_all();
	return index < own_commands.count ? &own_commands.items[index]->command : NULL;
}

const struct command *prompt_command_find(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = prompt_command_at(i)); i++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}
