/* What of annotated source costs time, and what to change: `perf annotate --stdio | sysgrok code`.
 */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/answer.h"
#include "render/code_answer.h"
#include "source/facts_code.h"

#define INPUT_CAP_BYTES ((size_t)1 << 30)

struct code_options {
	uint64_t limit;
	const char *input;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 'n', "limit", "N", "hot lines to show; 0 shows all of them", OPTION_U64,
	  offsetof(struct code_options, limit) },
	{ 'i', "input", "FILE", "the annotated source; '-' is standard input, the default", OPTION_TEXT,
	  offsetof(struct code_options, input) },
	MODEL_OPTIONS(struct code_options, model),
	OPTIONS_END
};
/* clang-format on */

static struct error *hinted(struct error *error)
{
	if (!error || error_hint(error))
		return error;
	if (error->code == ERROR_PERMISSION)
		return error_with_hint(error, "read it as its owner or as root, or have a copy "
					      "made that you may read");
	return error_with_hint(error, "'perf annotate --stdio | sysgrok code' reads what perf "
				      "writes; 'man sysgrok-code' lists what else is read");
}

static struct error *read_input(struct command_context *context, const char *path,
				struct listing **ret)
{
	bool is_stdin = strcmp(path, "-") == 0;
	auto_strbuf struct strbuf text = { .cap = INPUT_CAP_BYTES };

	if (is_stdin && isatty(STDIN_FILENO))
		fputs("Paste, end with Ctrl-D, or name a file.\n", stderr);
	TRY(hinted(file_read(path, INPUT_CAP_BYTES, &text)));
	if (context->echo_input)
		answer_echo(context, strbuf_str(&text));
	return listing_read(&text, is_stdin ? "standard input" : path, ret);
}

static struct error *give(struct command_context *context, const struct code *code, bool is_stdin)
{
	const struct code_options *given = context->options;
	const struct answer_options shown = { .rows = given->limit,
					      .verbosity = context->verbosity };
	auto_facts struct facts facts = FACTS_INIT;
	auto_model struct model_session *model = NULL;
	/* Whatever is wrong with a model, the answer is given first. */
	struct error *error = model_open(context, &given->model, &model);
	const struct answer_prose unasked = model_unasked(context, error);
	auto_thinker struct thinker thinker = thinker_new(context);
	auto_ruleset_result struct ruleset_result result = { 0 };
	struct code_answer answer = { .answer = { .command = context->command->name,
						  .facts = &facts,
						  .is_asked = model,
						  .prose = &unasked },
				      .code = code };

	code_facts(code, &facts);
	result = answer_judge(&thinker, &facts);
	answer.answer.unchecked = result.unchecked;
	answer.answer.unchecked_count = result.unchecked_count;
	if (!context->json) {
		code_answer_text(&context->out, &answer, &shown);
		fflush(context->out.stream);
	}
	if (model)
		error = model_ask(model, &facts, context->command->name, NULL,
				  &answer.answer.prose);
	if (context->json)
		code_answer_json(context->out.stream, &answer, &shown);
	if (!error && context->model->chat)
		error = chat_run(context, model, is_stdin);
	return error;
}

static struct error *run_code(struct command_context *context, int argc, char **argv)
{
	const struct code_options *given = context->options;
	const char *path = given->input ? given->input : argc ? argv[0] : "-";
	auto_listing struct listing *listing = NULL;
	auto_code struct code *code = NULL;

	if (given->input && argc)
		return error_new(ERROR_USAGE, "two inputs: '%s' by -i and '%s'", given->input,
				 argv[0]);
	TRY(read_input(context, path, &listing));
	code = code_new(listing);
	return give(context, code, strcmp(path, "-") == 0);
}

static const struct command_example examples[] = {
	{ "perf annotate --stdio | sysgrok code", "the hottest functions of ./perf.data" },
	{ "perf annotate --stdio -l main | sysgrok code", "one function, with names of files" },
	{ "go tool pprof -list main.work cpu.pprof | sysgrok code", "Go, as pprof lists it" },
	{ "sysgrok code main.c.gcov", "how often lines ran, as gcov counted" },
	{ 0 },
};

static const struct code_options defaults = { .limit = 20 };

const struct command code_command = {
	.name = "code",
	.group = COMMAND_UNDERSTAND,
	.summary = "explain annotated source: hot lines, loops, patterns that cost",
	.usage = "[options] [FILE]",
	.description =
		"Takes source code or disassembly with costs beside the lines, as profilers print "
		"it: perf annotate (--stdio in all its forms, and its screen), pprof -list, "
		"callgrind_annotate, cg_annotate, gprof -A, gcov, llvm-cov show, line_profiler, or "
		"any code with a column of percentages before or behind it. Without FILE it reads "
		"standard input: paste, and end with Ctrl-D.\n\n"
		"Says which lines and loops cost most, and which of them are patterns that are "
		"known to cost time (a division or a call in a hot loop, a walk down columns, "
		"false sharing, a value that aliasing keeps in memory, allocation in a loop ...), "
		"with what to write instead. C and C++ are known best, then Python, Go, Rust, "
		"Java and JavaScript. Code without costs is read too; then nothing is measured, "
		"and it says so.\n\n"
		"The answer is made offline from rules and a knowledge base, and a model, where "
		"one is configured, adds prose that is checked against the facts.",
	.options = options,
	.options_size = sizeof(struct code_options),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_code,
};
