/* What a stack does and how it could cost less: `sysgrok stacktrace < paste`. */
#include <string.h>

#include "cmd/answer.h"

/* clang-format off */
static const struct option options[] = {
	{ 'n', "limit", "N", "stacks to explain, the hottest first", OPTION_U64,
	  offsetof(struct answer_command, limit) },
	PROFILE_OPTIONS(struct answer_command, profile),
	MODEL_OPTIONS(struct answer_command, model),
	OPTIONS_END
};
/* clang-format on */

static bool has_callers(const struct profile *profile)
{
	for (size_t i = 1; i < profile->nodes.count; i++)
		if (profile->nodes.items[i].parent)
			return true;
	return false;
}

static struct error *check_stacks(const struct profile *profile)
{
	const char *format = profile->format ? profile->format : "perf.data";

	if (has_callers(profile))
		return NULL;
	for (size_t i = 0; i < profile->events.count; i++)
		if (strcmp(profile->events.items[i].unit, "stacks") == 0)
			return NULL;
	return error_with_hint(error_new(ERROR_INPUT, "'%s' (%s) holds functions without callers",
					 profile->source, format),
			       "'sysgrok topn' explains functions; for stacks record with call "
			       "graphs, as 'sysgrok record' does");
}

static struct error *run_stacktrace(struct command_context *context, int argc, char **argv)
{
	const struct answer_command *given = context->options;
	const struct answer_options shown = { .stacks = given->limit };
	auto_profile_input struct profile_input input = { 0 };

	if (!given->limit)
		return error_new(ERROR_USAGE, "--limit is at least 1");
	TRY(answer_open(context, &given->profile, argc, argv, &input));
	TRY(check_stacks(input.profile));
	return answer_give(context, &input, given, &shown, answer_stack_text);
}

static const struct command_example examples[] = {
	{ "sysgrok stacktrace", "paste a stack, end with Ctrl-D" },
	{ "sysgrok stacktrace -n 3 perf.data", "the three hottest stacks of a recording" },
	{ "gdb -p PID -batch -ex bt | sysgrok stacktrace", "where a process is right now" },
	{ 0 },
};

static const struct answer_command defaults = { .limit = 1 };

const struct command stacktrace_command = {
	.name = "stacktrace",
	.group = COMMAND_UNDERSTAND,
	.summary = "explain a stack, frame by frame, and how it could cost less",
	.usage = "[options] [FILE]",
	.description =
		"Takes a stack as profilers and debuggers print it: Elastic's three lines a frame, "
		"perf report rows with their call tree (from its screen or --stdio), tables with | "
		"between the columns, perf script, folded stacks, gdb, sanitizers, thread dumps of "
		"Java, Go and Python, tracebacks, bpftrace, /proc/PID/stack, kernel traces; or a "
		"recording, whose hottest stacks it explains. Without FILE it "
		"reads standard input: paste, and end with Ctrl-D.\n\n"
		"Assumes that the stack costs CPU time. Says what each function is, innermost "
		"first, and from there outwards what can be changed.",
	.options = options,
	.options_size = sizeof(struct answer_command),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_stacktrace,
};
