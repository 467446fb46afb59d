#include "samples/import.h"

#include "base/error.h"
#include "base/memory.h"
#include "samples/load.h"
#include "samples/paste.h"
#include "samples/quality.h"
#include "samples/skid.h"

/* What runs in the kernel, by the names that perf gives to its dsos. */
static bool is_kernel_dso(struct str path)
{
	if (str_starts_with(path, STR("[kernel")) || str_starts_with(path, STR("[guest.kernel")))
		return true;
	if (str_ends_with(path, STR("vmlinux")) || str_ends_with(path, STR(".ko")) ||
	    str_find(path, STR("/vmlinux")) >= 0 || str_find(path, STR(".ko.")) >= 0)
		return true;
	if (str_starts_with(path, STR("bpf_prog_")) || str_starts_with(path, STR("[bpf_")))
		return true;
	/* Modules stand in brackets by their name alone; so do a process's special maps. */
	return path.len > 2 && path.ptr[0] == '[' && path.ptr[path.len - 1] == ']' &&
	       !str_starts_with(path, STR("[v")) && !str_is(path, "[unknown]") &&
	       !str_is(path, "[heap]") && !str_starts_with(path, STR("[stack")) &&
	       !str_starts_with(path, STR("[anon")) && !str_starts_with(path, STR("[JIT"));
}

static bool is_jit_dso(struct str path)
{
	return str_starts_with(path, STR("/tmp/perf-")) || str_starts_with(path, STR("[JIT]")) ||
	       str_starts_with(path, STR("jitted-")) || str_find(path, STR("/jitted-")) >= 0;
}

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	return at < path.len ? (struct str){ path.ptr + at, path.len - at } : path;
}

uint32_t import_frame(struct profile *profile, struct str name, struct str dso_path, uint32_t flags)
{
	return import_frame_at(profile, name, dso_path, flags, STR(""), 0);
}

uint32_t import_frame_at(struct profile *profile, struct str name, struct str dso_path,
			 uint32_t flags, struct str file, uint32_t line)
{
	struct profile_frame frame = { .flags = flags,
				       .file = intern(&profile->texts, file),
				       .line = line };

	if (str_is(dso_path, "[unknown]"))
		dso_path = STR("");
	if (str_is(name, "[unknown]"))
		name = STR("");
	frame.name = intern(&profile->texts, name);
	frame.dso_path = intern(&profile->texts, dso_path);
	/* Special maps ("[vdso]") hold no directories, and a module's name may hold none either. */
	frame.dso = dso_path.len && dso_path.ptr[0] == '['
			    ? frame.dso_path
			    : intern(&profile->texts, base_name(dso_path));
	if (!name.len)
		frame.flags |= PROFILE_FRAME_UNNAMED;
	if (is_kernel_dso(dso_path))
		frame.flags |= PROFILE_FRAME_KERNEL;
	if (is_jit_dso(dso_path))
		frame.flags |= PROFILE_FRAME_JIT;
	return profile_frame(profile, &frame);
}

bool profile_text_is_known(struct str text)
{
	return import_report_is(text) || import_script_is(text) || import_folded_is(text) ||
	       import_stack_is(text) || import_table_is(text);
}

/* perf 6.1 with --max-stack=0 drops every row of a recording with --call-graph dwarf. */
static struct error *no_samples(const struct profile *profile, const char *name)
{
	struct error *error =
		error_new(ERROR_INPUT, "'%s' (%s) holds no samples", name, profile->format);

	if (!str_starts_with(str_from(profile->format), STR("perf report")))
		return error;
	return error_with_hint(error,
			       "'perf report --stdio --max-stack=0' leaves the table empty "
			       "for recordings with --call-graph dwarf: use 'perf report "
			       "--stdio --no-children -g none', or give the perf.data itself");
}

struct error *profile_import_text(struct str text, const char *name, struct profile **ret)
{
	auto_profile struct profile *profile = profile_new();

	if (!str_trim(text).len)
		return error_new(ERROR_INPUT, "'%s' is empty", name);
	if (import_report_is(text))
		import_report(profile, text);
	else if (import_script_is(text))
		import_script(profile, text);
	else if (import_folded_is(text))
		import_folded(profile, text);
	else if (import_stack_is(text))
		import_stack(profile, text);
	else if (import_table_is(text))
		import_table(profile, text);
	else
		return error_with_hint(
			error_new(ERROR_INPUT, "'%s' is no profile of a kind that is known", name),
			"perf.data, the text of perf script and perf report, folded stacks "
			"(\"program;outer;inner 12\"), tables of functions and stacks are read");
	if (!profile->samples.count)
		return no_samples(profile, name);
	quality_find_ends(profile);
	skid_find(profile);
	profile->source = x_strdup(name);
	*ret = take_ptr(profile);
	return NULL;
}
