/* Another tool's format from any profile: `sysgrok export --format folded perf.data`. */
#include <string.h>

#include "base/file.h"
#include "cmd/profile_input.h"
#include "render/folded.h"

struct export_options {
	struct profile_options profile;
	struct folded_options folded;
	const char *format, *output;
	bool annotate;
};

/* clang-format off */
static const struct option options[] = {
	{ 0, "format", "folded", "what to write", OPTION_CHOICE,
	  offsetof(struct export_options, format) },
	{ 'o', "output", "FILE", "write there instead of to standard output", OPTION_TEXT,
	  offsetof(struct export_options, output) },
	{ 0, "annotate-inlined", NULL, "mark inlined functions with _[i]", OPTION_FLAG,
	  offsetof(struct export_options, folded.mark_inlined) },
	{ 0, "annotate-kernel", NULL, "mark kernel functions with _[k]", OPTION_FLAG,
	  offsetof(struct export_options, folded.mark_kernel) },
	{ 0, "annotate-jit", NULL, "mark functions made at run time with _[j]", OPTION_FLAG,
	  offsetof(struct export_options, folded.mark_jit) },
	{ 0, "annotate", NULL, "all three marks", OPTION_FLAG,
	  offsetof(struct export_options, annotate) },
	{ 0, "by-thread", NULL, "begin stacks with program-pid/tid", OPTION_FLAG,
	  offsetof(struct export_options, folded.by_thread) },
	{ 0, "full-names", NULL, "keep the argument lists of C++ functions", OPTION_FLAG,
	  offsetof(struct export_options, folded.full_names) },
	PROFILE_OPTIONS(struct export_options, profile),
	OPTIONS_END
};
/* clang-format on */

static struct error *run_export(struct command_context *context, int argc, char **argv)
{
	const struct export_options *given = context->options;
	const struct profile_needs needs = { 0 };
	struct folded_options folded = given->folded;
	auto_profile_input struct profile_input input = { 0 };
	auto_output struct output_file output = { 0 };

	if (given->annotate)
		folded.mark_inlined = folded.mark_kernel = folded.mark_jit = true;
	folded.no_inlines = given->profile.no_inlines;
	TRY(profile_input_open(context, &given->profile, &needs, argc, argv, &input));
	TRY(output_open(given->output ? given->output : "-", &output));
	folded_write(output.stream, &input.selection, &folded);
	return output_finish(&output);
}

static const struct command_example examples[] = {
	{ "sysgrok export --format folded perf.data -o out.folded",
	  "for flamegraph.pl and others" },
	{ "perf script | sysgrok export --annotate -", "from perf's text, with all marks" },
	{ 0 },
};

static const struct export_options defaults = { .format = "folded" };

const struct command export_command = {
	.name = "export",
	.group = COMMAND_PROFILES,
	.summary = "write a profile in another tool's format",
	.usage = "[options] [FILE]",
	.description =
		"Reads FILE, else ./perf.data: a profile of any kind (man sysgrok-profiles), and "
		"writes folded stacks: one line per stack, the program first, the innermost "
		"function last, then "
		"the weight: the sum of the periods, as stackcollapse-perf.pl has it. Two events "
		"are never added together.",
	.options = options,
	.options_size = sizeof(struct export_options),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_export,
};
