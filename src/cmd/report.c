/* What a profile says, in tables: `sysgrok report perf.data`. */
#include <stdlib.h>
#include <string.h>

#include "cmd/package.h"
#include "cmd/profile_input.h"
#include "render/report.h"

struct report_command_options {
	struct profile_options profile;
	uint64_t limit, stacks;
	double percent_limit;
	const char *call_graph, *sort;
	bool no_children, children;
};

/* clang-format off */
static const struct option options[] = {
	{ 0, "limit", "N", "rows of each table; 0 shows all", OPTION_U64,
	  offsetof(struct report_command_options, limit) },
	{ 0, "stacks", "N", "hottest stacks to show", OPTION_U64,
	  offsetof(struct report_command_options, stacks) },
	{ 0, "percent-limit", "P", "leave out rows below P % of the whole", OPTION_REAL,
	  offsetof(struct report_command_options, percent_limit) },
	{ 0, "no-children", NULL, "self time only", OPTION_FLAG,
	  offsetof(struct report_command_options, no_children) },
	{ 0, "children", NULL, NULL, OPTION_FLAG,
	  offsetof(struct report_command_options, children) },
	{ 'g', "call-graph", "TYPE", "'none' leaves the stacks out", OPTION_TEXT,
	  offsetof(struct report_command_options, call_graph) },
	{ 0, "stdio", NULL, "the report is always text", OPTION_IGNORED, 0 },
	{ 'n', "show-nr-samples", NULL, "samples are always shown", OPTION_IGNORED, 0 },
	{ 'f', "force", NULL, "a file of any owner is read", OPTION_IGNORED, 0 },
	{ 0, "tui", NULL, "the tables are printed: leave it out", OPTION_REFUSED, 0 },
	{ 's', "sort", "KEYS", "programs, libraries and functions have a table each: leave it out",
	  OPTION_REFUSED, 0 },
	PROFILE_OPTIONS(struct report_command_options, profile),
	OPTIONS_END
};
/* clang-format on */

/* As setlocale would see it, without taking its decimal comma. */
static bool is_utf8_locale(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static struct error *run_report(struct command_context *context, int argc, char **argv)
{
	const struct report_command_options *given = context->options;
	const struct profile_needs needs = { .lines = true, .tells_ignored = true };
	auto_packages struct packages packages = { 0 };
	struct report_options report = {
		.rows = given->limit,
		.stacks = given->stacks,
		.min_ratio = given->percent_limit / 100,
		.no_children = given->no_children,
		.ascii = !is_utf8_locale(),
		.mend = { .package_of = package_of_file,
			  .package_context = &packages,
			  .min_ratio = 0.005 },
	};
	auto_profile_input struct profile_input input = { 0 };

	if (!(given->percent_limit >= 0 && given->percent_limit <= 100))
		return error_new(ERROR_USAGE, "--percent-limit is 0 to 100");
	if (profile_options_no_stacks(&given->profile)) {
		report.no_children = report.no_quality = true;
		report.stacks = 0;
	}
	if (given->call_graph && strcmp(given->call_graph, "none") == 0)
		report.stacks = 0;
	TRY(profile_input_open(context, &given->profile, &needs, argc, argv, &input));
	if (context->json)
		report_json(context->out.stream, &input.selection, &report);
	else
		report_text(&context->out, &input.selection, &report);
	return NULL;
}

static const struct command_example examples[] = {
	{ "sysgrok report", "./perf.data" },
	{ "sysgrok report --thread busiest --time 1,2 perf.data", "one thread, one second" },
	{ "perf script | sysgrok report -", "from perf's text" },
	{ "sysgrok report --json perf.data", "every row, as JSON" },
	{ 0 },
};

static const struct report_command_options defaults = {
	.limit = 20,
	.stacks = 5,
	.percent_limit = 0.1,
};

const struct command report_command = {
	.name = "report",
	.group = COMMAND_PROFILES,
	.summary = "show where the CPU time of a profile went",
	.usage = "[options] [FILE]",
	.description =
		"Reads FILE, else ./perf.data: a profile of any kind (man sysgrok-profiles). Shows "
		"what was recorded; how whole the stacks are, why not, and what mends it; threads "
		"by how "
		"busy they were; functions by their own time and with what they call; programs, "
		"libraries and the hottest stacks.\n\n"
		"Self time is that of the physical function, as in perf: inlined code counts for "
		"the function that it was inlined into, and has a table of its own. Shares are "
		"weighed by period. '(skid)' marks functions that got the samples of code which "
		"the clock cannot see, because it runs with interrupts off.\n\n"
		"Of damaged input what was read before the damage is shown, a warning says where "
		"it is, and the exit status is 0; it is 4 where nothing could be read.",
	.options = options,
	.options_size = sizeof(struct report_command_options),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_report,
};
