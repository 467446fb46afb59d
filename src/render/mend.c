#include "render/mend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

static void add(struct mends *mends, const char *format, ...) PRINTF(2, 3);

static void add(struct mends *mends, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list args;

	if (mends->count == MENDS_MAX)
		return;
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	mends->items[mends->count++] = strbuf_take(&text);
}

/* Missing lines matter less than missing names: from ten times the share on. */
enum { MENDS_LINES_FACTOR = 10 };

/* Debian keeps debug files in NAME-dbgsym, but for some that have -dbg of their own. */
static char *debug_package(const struct mend_options *options, const char *path)
{
	auto_free char *package = NULL;

	if (!options->package_of || path[0] != '/')
		return NULL;
	package = options->package_of(options->package_context, path);
	if (!package)
		return NULL;
	if (strcmp(package, "libc6") == 0 || str_starts_with(str_from(package), STR("python3.")) ||
	    str_starts_with(str_from(package), STR("libpython3.")))
		return x_asprintf("%s-dbg", package);
	return x_asprintf("%s-dbgsym", package);
}

struct examiner {
	const struct profile *profile;
	const struct mend_options *options;
	const struct quality_dso *dso;
	const struct profile_dso *facts; /* NULL: a text input does not say */
	uint64_t least;			 /* weight from which on it matters */
	struct mends *ret;
};

static bool is_kernel_name(const char *name)
{
	return str_starts_with(str_from(name), STR("[kernel"));
}

static bool is_jit_path(const char *path)
{
	return str_starts_with(str_from(path), STR("//anon")) ||
	       str_starts_with(str_from(path), STR("/tmp/perf-")) ||
	       str_starts_with(str_from(path), STR("[JIT]")) ||
	       str_starts_with(str_from(path), STR("[anon"));
}

static void examine_file(const struct examiner *examiner)
{
	const char *path = profile_text(examiner->profile, examiner->facts->path);

	if (is_jit_path(path))
		return;
	if (examiner->facts->wrong_build_id)
		add(examiner->ret,
		    "'%s' is not the file that was recorded (another build-id): record again, or "
		    "point --symfs at the old files",
		    path);
	else if (examiner->facts->missing && path[0] == '/')
		add(examiner->ret,
		    "'%s' is not here: point --symfs at a copy of the recorded files", path);
}

/* Names are there; lines and inlined functions would be with debug information. */
static void examine_debug_info(const struct examiner *examiner, const char *path)
{
	auto_free char *package = NULL;

	if (examiner->dso->frames / MENDS_LINES_FACTOR < examiner->least)
		return;
	package = debug_package(examiner->options, path);
	if (package)
		add(examiner->ret, "no debug info: install %s to see lines and inlined functions",
		    package);
	else if (path[0] == '/')
		add(examiner->ret, "no debug info: build it with -g to see lines and inlined "
				   "functions");
}

static void examine_names(const struct examiner *examiner)
{
	const struct profile_dso *facts = examiner->facts;
	const char *name = profile_text(examiner->profile, facts->name);
	const char *path = profile_text(examiner->profile, facts->path);
	bool has_unnamed = examiner->dso->unnamed >= examiner->least;
	auto_free char *package = NULL;

	if (is_kernel_name(name)) {
		if (has_unnamed)
			add(examiner->ret, facts->names_hidden
						   ? "the kernel hides its addresses: run as "
						     "root, or set kernel.kptr_restrict=0"
						   : "kernel names of that machine: give "
						     "--kallsyms FILE");
		return;
	}
	if (is_jit_path(path)) {
		if (has_unnamed)
			add(examiner->ret, "code made at run time without a map: node "
					   "--perf-basic-prof, java with perf-map-agent, python "
					   "-X perf");
		return;
	}
	/* With all its names, what has none is no function: PLT stubs, padding. */
	if (facts->missing || facts->wrong_build_id || facts->has_debug_info || path[0] == '[')
		return;
	if (!has_unnamed) {
		examine_debug_info(examiner, path);
		return;
	}
	package = debug_package(examiner->options, path);
	if (package)
		add(examiner->ret, "stripped: install %s", package);
	else if (path[0] == '/')
		add(examiner->ret, "stripped: build it with -g and without -s, or keep its debug "
				   "file (objcopy --only-keep-debug)");
}

static void examine_chains(const struct examiner *examiner)
{
	const struct quality_dso *dso = examiner->dso;

	/* A walk through code that uses the register otherwise ends anywhere. */
	if (dso->ends[PROFILE_END_NO_INFO] + dso->ends[PROFILE_END_UNMAPPED] >= examiner->least)
		add(examiner->ret, "no frame pointers: record with 'sysgrok record' or perf's "
				   "--call-graph dwarf, or build with -fno-omit-frame-pointer");
}

static void examine_unwinding(const struct examiner *examiner)
{
	const struct quality_dso *dso = examiner->dso;

	if (dso->ends[PROFILE_END_CUT] >= examiner->least)
		add(examiner->ret,
		    examiner->profile->stacks == PROFILE_STACKS_LIVE
			    ? "stacks larger than the copy of them: record with --call-graph "
			      "dwarf,65528, at a lower frequency if samples get lost"
			    : "stacks larger than the recorded copy: 'sysgrok record' unwinds "
			      "while it records; perf: --call-graph dwarf,65528");
	if (dso->ends[PROFILE_END_NO_INFO] >= examiner->least)
		add(examiner->ret, "no unwind information: build with "
				   "-fasynchronous-unwind-tables, or with "
				   "-fno-omit-frame-pointer");
	if (dso->ends[PROFILE_END_UNMAPPED] >= examiner->least)
		add(examiner->ret, "callers lie in no known mapping: code made at run time, or "
				   "the recording began after it was mapped");
}

static void examine_ends(const struct examiner *examiner)
{
	switch (examiner->profile->stacks) {
	case PROFILE_STACKS_TEXT:
		break;
	case PROFILE_STACKS_CHAINS:
		examine_chains(examiner);
		break;
	case PROFILE_STACKS_DUMPS:
	case PROFILE_STACKS_LIVE:
		examine_unwinding(examiner);
		break;
	}
	if (examiner->dso->ends[PROFILE_END_TOO_DEEP] >= examiner->least)
		add(examiner->ret, "deeper than what was kept: raise --max-stack, or "
				   "kernel.perf_event_max_stack when recording");
}

static void examine_build(const struct examiner *examiner)
{
	const struct profile_dso *facts = examiner->facts;
	const char *producer = profile_text(examiner->profile, facts->producer);

	if (examiner->dso->frames < examiner->least)
		return;
	if (facts->unoptimised)
		add(examiner->ret, "built without optimisation (%.*s): build with -O2",
		    (int)MIN(strlen(producer), (size_t)60), producer);
	if (facts->split_missing)
		add(examiner->ret,
		    "its split debug files (.dwo) are not here: keep them beside it, "
		    "or make a .dwp");
}

void mends_of_dso(const struct profile_selection *selection, const struct quality_dso *dso,
		  const struct mend_options *options, struct mends *ret)
{
	const struct profile *profile = selection->profile;
	double least = options->min_ratio * (double)selection->weight;
	struct examiner examiner = {
		.profile = profile,
		.options = options,
		.dso = dso,
		.least = least >= 1 ? (uint64_t)least : 1,
		.ret = ret,
	};

	*ret = (struct mends){ 0 };
	if (dso->facts != UINT32_MAX)
		examiner.facts = &profile->dsos.items[dso->facts];
	if (examiner.facts) {
		if (dso->frames >= examiner.least)
			examine_file(&examiner);
		examine_names(&examiner);
	}
	examine_ends(&examiner);
	if (examiner.facts)
		examine_build(&examiner);
}

void mends_of_recording(const struct profile_selection *selection, const struct quality *quality,
			const struct mend_options *options, struct mends *ret)
{
	const struct profile *profile = selection->profile;

	*ret = (struct mends){ 0 };
	if (quality->ends[PROFILE_END_NO_STACK] > options->min_ratio)
		add(ret, "recorded without call chains: record with -g (perf: --call-graph dwarf)");
	if (profile->lost_samples)
		add(ret, "samples were lost: record at a lower frequency (-F), with smaller stack "
			 "copies, or on fewer CPUs");
}

void mends_done(struct mends *mends)
{
	for (size_t i = 0; i < mends->count; i++)
		free(mends->items[i]);
	*mends = (struct mends){ 0 };
}
