/* A flame graph of any profile: `sysgrok flamegraph perf.data`. */
#include <string.h>

#include "base/file.h"
#include "base/json_out.h"
#include "base/units.h"
#include "cmd/profile_input.h"
#include "render/flamegraph.h"

struct flamegraph_command_options {
	struct profile_options profile;
	const char *format, *output, *title;
	uint64_t width;
	double min_percent;
	bool inverted, by_thread;
};

/* clang-format off */
static const struct option options[] = {
	{ 'o', "output", "FILE", "write there; '-' is standard output (default: flamegraph.svg)",
	  OPTION_TEXT, offsetof(struct flamegraph_command_options, output) },
	{ 0, "title", "TEXT", "what stands above the graph", OPTION_TEXT,
	  offsetof(struct flamegraph_command_options, title) },
	{ 0, "inverted", NULL, "the root above, stacks hanging down (icicle)", OPTION_FLAG,
	  offsetof(struct flamegraph_command_options, inverted) },
	{ 0, "by-thread", NULL, "a thread each at the root instead of a program each", OPTION_FLAG,
	  offsetof(struct flamegraph_command_options, by_thread) },
	{ 0, "min-percent", "P", "leave out frames of less than P % of the whole", OPTION_REAL,
	  offsetof(struct flamegraph_command_options, min_percent) },
	{ 0, "width", "PIXELS", "of the picture; browsers with scripts fill their window",
	  OPTION_U64, offsetof(struct flamegraph_command_options, width) },
	{ 0, "format", "svg", "what to write", OPTION_CHOICE,
	  offsetof(struct flamegraph_command_options, format) },
	PROFILE_OPTIONS(struct flamegraph_command_options, profile),
	OPTIONS_END
};
/* clang-format on */

enum { SMALLEST_WIDTH = 300, LARGEST_WIDTH = 20000 };

static struct error *check_options(const struct flamegraph_command_options *given)
{
	if (given->width < SMALLEST_WIDTH || given->width > LARGEST_WIDTH)
		return error_new(ERROR_USAGE, "--width is %d to %d pixels", SMALLEST_WIDTH,
				 LARGEST_WIDTH);
	if (!(given->min_percent >= 0 && given->min_percent <= 100))
		return error_new(ERROR_USAGE, "--min-percent is 0 to 100");
	return NULL;
}

static void say_where(struct command_context *context, const char *path,
		      const struct profile_selection *selection)
{
	const char *event = selection->profile->events.items[selection->event].name;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (context->json) {
		struct json_writer json = json_writer_on(context->out.stream);

		json_object_begin(&json);
		json_key_text(&json, "file", path);
		json_key_text(&json, "event", event);
		json_key_uint(&json, "samples", selection->sample_count);
		json_object_end(&json);
		json_finish(&json);
		return;
	}
	strbuf_add_text(&text, "Flame graph of ");
	units_count(&text, selection->sample_count);
	strbuf_add_text(&text, " samples");
	/* Folded text does not say what was sampled: its event is called "samples". */
	if (strcmp(event, "samples") != 0)
		strbuf_addf(&text, " of %s", event);
	strbuf_addf(&text, ": %s (open it in a browser)", path);
	term_write_safe(context->out.stream, strbuf_str(&text));
	fputc('\n', context->out.stream);
}

/* Some folded texts begin with a function: a level of unknown programs would say nothing. */
static enum tree_root root_level(const struct profile_selection *selection, bool by_thread)
{
	const struct profile *profile = selection->profile;

	if (by_thread)
		return TREE_ROOT_THREAD;
	for (size_t i = 0; i < selection->count; i++) {
		if (profile->samples.items[selection->samples[i]].comm)
			return TREE_ROOT_PROGRAM;
	}
	return TREE_ROOT_NONE;
}

static struct error *run_flamegraph(struct command_context *context, int argc, char **argv)
{
	const struct flamegraph_command_options *given = context->options;
	const struct profile_needs needs = { .lines = true };
	struct tree_options tree_options = {
		.no_inlines = given->profile.no_inlines,
		.part_cut = true,
	};
	const struct flamegraph_options graph_options = {
		.title = given->title,
		.width = (unsigned)given->width,
		.min_ratio = given->min_percent / 100,
		.inverted = given->inverted,
	};
	auto_profile_input struct profile_input input = { 0 };
	auto_output struct output_file output = { 0 };
	auto_strbuf struct strbuf graph = STRBUF_INIT;

	TRY(check_options(given));
	TRY(profile_input_open(context, &given->profile, &needs, argc, argv, &input));

	tree_options.root = root_level(&input.selection, given->by_thread);

	auto_tree struct tree tree = tree_build(&input.selection, &tree_options);

	flamegraph_render(&input.selection, &tree, &graph_options, &graph);
	TRY(output_open(given->output, &output));
	if (fwrite(graph.ptr, 1, graph.len, output.stream) != graph.len)
		return output_error(given->output);
	TRY(output_finish(&output));
	if (strcmp(given->output, "-") != 0)
		say_where(context, given->output, &input.selection);
	return NULL;
}

static const struct command_example examples[] = {
	{ "sysgrok flamegraph", "./perf.data as flamegraph.svg" },
	{ "sysgrok flamegraph --comm gcc -o gcc.svg perf.data", "one program of a recording" },
	{ "perf script | sysgrok flamegraph -o - - > graph.svg", "from perf's text" },
	{ 0 },
};

static const struct flamegraph_command_options defaults = {
	.format = "svg",
	.output = "flamegraph.svg",
	.width = 1200,
};

const struct command flamegraph_command = {
	.name = "flamegraph",
	.group = COMMAND_PROFILES,
	.summary = "draw a profile as a flame graph that opens in any browser",
	.usage = "[options] [FILE]",
	.description =
		"Reads FILE, else ./perf.data: a profile of any kind (man sysgrok-profiles), and "
		"writes one SVG file: each box is a function, as wide as its share of the time, "
		"and stands on "
		"the function that called it. In a browser a click zooms in, / or Ctrl-F searches "
		"with a regular expression (dso:, file: or kind: in front looks at those) and "
		"shows the matching share, and the address keeps both. Colours tell the kernel "
		"and libraries apart; a name has the same colour in every graph.",
	.options = options,
	.options_size = sizeof(struct flamegraph_command_options),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_flamegraph,
};
