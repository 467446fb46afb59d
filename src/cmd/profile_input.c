#include "cmd/profile_input.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "render/reading.h"
#include "samples/table.h"

enum { HINT_PROGRAMS = 8 };

static const char default_path[] = "perf.data";

static struct error *find_path(const struct profile_options *options, int argc, char **argv,
			       const char **ret_path)
{
	if (options->input && argc)
		return error_new(ERROR_USAGE, "two inputs: '%s' by -i and '%s'", options->input,
				 argv[0]);
	*ret_path = options->input ? options->input : argc ? argv[0] : default_path;
	if (!options->input && !argc && access(default_path, F_OK) != 0)
		return error_with_hint(
			error_new(ERROR_NO_FILE, "there is no ./perf.data, and no file is named"),
			"'sysgrok record COMMAND' writes one; '-' reads standard input");
	return NULL;
}

static void warn_of_flaws(struct command_context *context, const struct profile_needs *needs,
			  const struct profile *profile)
{
	struct warnings *warnings = context->warnings;

	if (profile->damage)
		warnings_add(warnings, "'%s' is damaged: %s; what was read before is shown",
			     profile->source, profile->damage);
	if (profile->ignored_lines && !needs->tells_ignored) {
		auto_strbuf struct strbuf ignored = STRBUF_INIT;

		reading_ignored_text(profile, &ignored);
		warnings_add(warnings, "'%s': %s", profile->source, strbuf_text(&ignored));
	}
	if (profile->lost_samples || profile->lost_records)
		warnings_add(warnings,
			     "%" PRIu64 " samples and %" PRIu64
			     " other records were lost while recording",
			     profile->lost_samples, profile->lost_records);
	if (profile->throttled)
		warnings_add(warnings,
			     "the kernel held sampling back %" PRIu64
			     " times (perf_event_max_sample_rate)",
			     profile->throttled);
}

static void warn_of_other_events(struct command_context *context,
				 const struct profile_options *options,
				 const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	auto_strbuf struct strbuf names = STRBUF_INIT;

	if (options->filter.event)
		return;
	for (uint32_t i = 0; i < profile->events.count; i++)
		if (i != selection->event && profile->events.items[i].samples)
			strbuf_addf(&names, "%s%s", names.len ? ", " : "",
				    profile->events.items[i].name);
	if (names.len)
		warnings_add(context->warnings,
			     "there are samples of other events too; shown is '%s' (--event "
			     "chooses: %s)",
			     profile->events.items[selection->event].name, strbuf_text(&names));
}

static struct error *read_max_stack(const struct profile_options *options, uint64_t *ret_frames)
{
	*ret_frames = 0;
	if (options->max_stack && !str_to_u64(str_from(options->max_stack), ret_frames))
		return error_new(ERROR_USAGE, "--max-stack takes a number, not '%s'",
				 options->max_stack);
	return NULL;
}

bool profile_options_no_stacks(const struct profile_options *options)
{
	uint64_t frames;

	return options->max_stack && str_to_u64(str_from(options->max_stack), &frames) && !frames;
}

struct error *profile_input_hint(struct error *error)
{
	if (!error || error_hint(error))
		return error;
	switch (error->code) {
	case ERROR_NO_FILE:
		return error_with_hint(error, "'sysgrok record COMMAND' writes a recording; '-' "
					      "reads standard input");
	case ERROR_PERMISSION:
		return error_with_hint(error, "read it as its owner or as root, or have a copy "
					      "made that you may read");
	case ERROR_INPUT:
	case ERROR_IO:
		return error_with_hint(error,
				       "'man sysgrok-profiles' lists what is read as a profile");
	default:
		return error;
	}
}

struct stage {
	const char *what;
	struct progress progress;
};

static void show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct stage *stage = context;

	if (!stage->what || strcmp(stage->what, what) != 0) {
		progress_end(&stage->progress);
		stage->what = what;
		stage->progress = progress_start(what, total);
	}
	progress_update(&stage->progress, done);
}

static bool has_cpus(const struct profile *profile)
{
	for (size_t i = 0; i < profile->samples.count; i++)
		if (profile->samples.items[i].cpu != UINT32_MAX)
			return true;
	return false;
}

/* With what there would have been to choose from. */
static struct error *nothing_passes(const struct profile *profile,
				    const struct profile_filter *filter)
{
	const struct profile_filter event_only = { .event = filter->event };
	struct error *error =
		error_new(ERROR_INPUT, "no sample of '%s' passes the filters", profile->source);
	auto_selection struct profile_selection all = { 0 };
	auto_table struct table programs = { 0 };
	auto_strbuf struct strbuf names = STRBUF_INIT;

	if (filter->cpu && !has_cpus(profile))
		return error_with_hint(error, "its samples carry no CPU: record with -a, or perf's "
					      "--sample-cpu");
	error_free(profile_select(profile, &event_only, &all));
	programs = table_programs(&all);
	for (size_t i = 0; i < programs.count && i < HINT_PROGRAMS; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "",
			    profile_text(profile, programs.rows[i].text));
	if (!filter->comm || !names.len)
		return error;
	return error_with_hint(error, "it holds samples of %s%s", strbuf_text(&names),
			       programs.count > HINT_PROGRAMS ? ", ..." : "");
}

struct error *profile_input_open(struct command_context *context,
				 const struct profile_options *options,
				 const struct profile_needs *needs, int argc, char **argv,
				 struct profile_input *ret)
{
	struct stage stage = { 0 };
	uint64_t max_frames;
	struct profile_load_options load = {
		.dso = { .sysroot = options->sysroot,
			 .kallsyms_path = options->kallsyms,
			 .offline = context->offline },
		.no_stacks = profile_options_no_stacks(options),
		.no_inlines = options->no_inlines || needs->no_inlines,
		.no_lines = !needs->lines,
		.on_progress = show_progress,
		.progress_context = &stage,
	};
	struct error *error;
	auto_profile_input struct profile_input input = { 0 };
	const char *path;

	TRY(read_max_stack(options, &max_frames));
	load.max_frames = max_frames;
	TRY(find_path(options, argc, argv, &path));
	error = profile_load(path, &load, &input.profile);
	progress_end(&stage.progress);
	TRY(profile_input_hint(error));
	warn_of_flaws(context, needs, input.profile);
	if (!input.profile->samples.count)
		return error_with_hint(
			error_new(ERROR_INPUT, "'%s' holds no samples", input.profile->source),
			"what was recorded was too short or slept; record a busy "
			"time, or the whole system with -a");
	if (!needs->whole_profile) {
		TRY(profile_select(input.profile, &options->filter, &input.selection));
		warn_of_other_events(context, options, &input.selection);
		if (!input.selection.count)
			return nothing_passes(input.profile, &options->filter);
	}
	*ret = input;
	input = (struct profile_input){ 0 };
	return NULL;
}

void profile_input_done(struct profile_input *input)
{
	profile_selection_done(&input->selection);
	profile_free(input->profile);
	*input = (struct profile_input){ 0 };
}
