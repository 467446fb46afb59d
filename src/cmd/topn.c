/* What the hottest functions are and what to do about them: `sysgrok topn perf.data`. */
#include "cmd/answer.h"

/* clang-format off */
static const struct option options[] = {
	{ 'n', "limit", "N", "functions to explain; 0 explains all", OPTION_U64,
	  offsetof(struct answer_command, limit) },
	{ 0, "percent-limit", "P", "leave out functions below P % of the whole", OPTION_REAL,
	  offsetof(struct answer_command, percent_limit) },
	PROFILE_OPTIONS(struct answer_command, profile),
	MODEL_OPTIONS(struct answer_command, model),
	OPTIONS_END
};
/* clang-format on */

static struct error *run_topn(struct command_context *context, int argc, char **argv)
{
	const struct answer_command *given = context->options;
	const struct answer_options shown = { .rows = given->limit,
					      .min_ratio = given->percent_limit / 100 };
	auto_profile_input struct profile_input input = { 0 };

	if (!(given->percent_limit >= 0 && given->percent_limit <= 100))
		return error_new(ERROR_USAGE, "--percent-limit is 0 to 100");
	TRY(answer_open(context, &given->profile, argc, argv, &input));
	return answer_give(context, &input, given, &shown, answer_topn_text);
}

static const struct command_example examples[] = {
	{ "sysgrok topn perf.data", "explain what was recorded" },
	{ "perf report --stdio --no-children -g none | sysgrok topn", "explain a table of perf's" },
	{ "sysgrok topn --comm python3 --json perf.data", "one program, with all facts as JSON" },
	{ 0 },
};

static const struct answer_command defaults = {
	.limit = 20,
	.percent_limit = 0.2,
};

const struct command topn_command = {
	.name = "topn",
	.group = COMMAND_UNDERSTAND,
	.summary = "explain the hottest functions and say what to do about them",
	.usage = "[options] [FILE]",
	.description =
		"Takes a profile of any kind, or a Top-N table: what perf report --stdio prints, "
		"rows copied from its screen, gprof, cProfile, pprof, py-spy, VTune's CSV, and any "
		"table with a number and a function's name in each row. Without FILE it reads "
		"standard input: paste, and end with "
		"Ctrl-D.\n\n"
		"Says for each function what it is and why it is hot, and for each library what "
		"the problem is, what was observed, what to change and what to expect of it. The "
		"share of time is the ceiling of any gain. Figures are cited as facts ([F12]), "
		"which --json lists in full.\n\n"
		"The answer is made offline from rules and a knowledge base, and a model, where "
		"one is "
		"configured, adds prose that is checked against the facts; files of your own "
		"below ~/.config/sysgrok/rules and ~/.config/sysgrok/knowledge add to them.",
	.options = options,
	.options_size = sizeof(struct answer_command),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_topn,
};
