#include "samples/import_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool is_script(const struct profile *profile, const struct profile_frame *frame)
{
	static const char *const runtimes[] = { "Python", "Ruby", "node", "php", "perl" };
	const char *dso = profile_text(profile, frame->dso);

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (strcmp(dso, runtimes[i]) == 0)
			return true;
	return false;
}

/* "<module>", "<listcomp>": names of kinds, which are known as such */
static bool is_kind(const char *name)
{
	return !*name || *name == '<' || *name == '(';
}

struct named {
	uint32_t frame, dso, name, file;
};

static int by_name(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	if (a->dso != b->dso)
		return a->dso < b->dso ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static void add_file(struct profile *profile, struct profile_frame *frame)
{
	const char *file = profile_text(profile, frame->file), *slash = strrchr(file, '/');
	auto_free char *name = NULL;

	if (!*file)
		return;
	name = x_asprintf("%s (%s)", profile_text(profile, frame->name), slash ? slash + 1 : file);
	frame->name = intern_text(&profile->texts, name);
}

void import_tell_apart(struct profile *profile)
{
	auto_free struct named *named = x_calloc(profile->frames.count, sizeof(*named));
	size_t count = 0, end;

	for (uint32_t i = 0; i < profile->frames.count; i++) {
		const struct profile_frame *frame = &profile->frames.items[i];

		if (frame->file && is_script(profile, frame) &&
		    !is_kind(profile_text(profile, frame->name)))
			named[count++] = (struct named){ i, frame->dso, frame->name, frame->file };
	}
	if (count)
		qsort(named, count, sizeof(*named), by_name);
	for (size_t begin = 0; begin < count; begin = end) {
		for (end = begin; end < count && named[end].dso == named[begin].dso &&
				  named[end].name == named[begin].name;)
			end++;
		for (size_t i = begin; i < end && named[begin].file != named[end - 1].file; i++)
			add_file(profile, &profile->frames.items[named[i].frame]);
	}
}
