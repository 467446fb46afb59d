#include "told_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "samples/load.h"

struct profile *told_profile(const char *text)
{
	struct profile *profile = NULL;
	auto_error struct error *error = profile_import_text(str_from(text), "test", &profile);

	if (error)
		fail_msg("%s", error->message);
	return profile;
}

char *told_stacks(const struct profile *profile)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < profile->samples.count; i++) {
		const struct profile_sample *sample = &profile->samples.items[i];
		const struct profile_event *event = &profile->events.items[sample->event];
		uint32_t frames[64];
		size_t count = profile_stack(profile, sample->node, frames, ARRAY_SIZE(frames));

		for (size_t k = 0; k < count; k++) {
			strbuf_add_text(&out, k ? ";" : "");
			profile_frame_label(profile, frames[k], &out);
		}
		strbuf_addf(&out, " %.10g\n", (double)sample->weight / (double)event->scale);
	}
	return strbuf_take(&out);
}

void assert_told(const char *text, const char *wanted)
{
	auto_profile struct profile *profile = told_profile(text);
	auto_free char *stacks = told_stacks(profile);

	assert_string_equal(stacks, wanted);
	if (profile->ignored_lines)
		fail_msg("left out: '%s'", profile_text(profile, profile->ignored[0].text));
}

char *told_frame(const struct profile *profile, const char *name)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < profile->frames.count; i++) {
		const struct profile_frame *frame = &profile->frames.items[i];

		if (strcmp(profile_text(profile, frame->name), name) != 0)
			continue;
		strbuf_addf(&out, "%s %s %s:%u", name, profile_text(profile, frame->dso),
			    profile_text(profile, frame->file), frame->line);
		return strbuf_take(&out);
	}
	fail_msg("no frame '%s'", name);
	return NULL;
}
