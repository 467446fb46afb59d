/* What was asked of a model and what it wrote, to attach to an issue: `sysgrok feedback`. */
#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "cmd/model.h"
#include "llm/store.h"

#define RECORD_CAP_BYTES ((size_t)32 << 20)

struct feedback_options {
	const char *output;
};

static struct error *run_feedback(struct command_context *context, int argc, char **argv)
{
	const struct feedback_options *options = context->options;
	auto_free char *folder = model_store_folder();
	auto_free char *path = NULL;
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_output struct output_file output = { 0 };

	if (!folder)
		return error_new(ERROR_NO_FILE, "there is no home folder, so nothing is kept");
	TRY(store_pick(folder, argc ? argv[0] : NULL, &path));
	TRY(file_read(path, RECORD_CAP_BYTES, &text));
	TRY(output_open(options->output, &output));
	fwrite(text.ptr, 1, text.len, output.stream);
	return output_finish(&output);
}

static const struct feedback_options defaults = { .output = "-" };

static const struct option options[] = { { 'o', "output", "FILE",
					   "where to write it; standard output by default",
					   OPTION_TEXT, offsetof(struct feedback_options, output) },
					 OPTIONS_END };

static const struct command_example examples[] = {
	{ "sysgrok feedback -o feedback.json", "the newest answer, as a file for an issue" },
	{ "sysgrok feedback 3f2a90c1", "the one whose id begins so" },
	{ 0 },
};

const struct command feedback_command = {
	.name = "feedback",
	.group = COMMAND_SELF,
	.summary = "show what was asked of a model and what it wrote, for an issue",
	.usage = "[options] [ID]",
	.description = "Writes the record of a request to a model and of its answer as one JSON "
		       "document: as they went over the wire, with private names masked, without "
		       "the key. It sends nothing. Read it before you attach it to an issue.\n\n"
		       "ID is what stands below each answer of a model, or its beginning; without "
		       "it the newest is taken.",
	.options = options,
	.options_size = sizeof(struct feedback_options),
	.defaults = &defaults,
	.examples = examples,
	.max_operands = 1,
	.run = run_feedback,
};
