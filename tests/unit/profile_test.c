#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples/profile.h"

static uint32_t frame_named(struct profile *profile, const char *name, uint64_t address)
{
	struct profile_frame frame = {
		.name = intern_text(&profile->texts, name),
		.dso = intern(&profile->texts, STR("libx.so")),
		.address = address,
	};

	return profile_frame(profile, &frame);
}

static void equal_frames_nodes_and_threads_share_an_id(void **state)
{
	auto_profile struct profile *profile = profile_new();

	(void)state;
	for (int round = 0; round < 2; round++) {
		uint32_t parent = 0;

		for (uint32_t i = 0; i < 3000; i++) {
			uint32_t frame = frame_named(profile, "f", i);

			assert_int_equal(frame, i);
			parent = profile_node(profile, parent, frame);
			assert_int_equal(parent, i + 1);
			assert_int_equal(profile_thread(profile, 1, (int32_t)i, STR("a b")), i);
			assert_int_equal(profile_dso(profile, i, 0), i);
		}
	}
	assert_int_equal(profile->frames.count, 3000);
	assert_int_equal(profile->nodes.count, 3001);
	assert_int_equal(profile_thread(profile, 1, 0, STR("other")), 3000);
}

static void a_stack_is_read_outermost_first(void **state)
{
	auto_profile struct profile *profile = profile_new();
	uint32_t main_node = profile_node(profile, 0, frame_named(profile, "main", 1));
	uint32_t leaf = profile_node(profile, main_node, frame_named(profile, "leaf", 2));
	uint32_t frames[4];

	(void)state;
	assert_int_equal(profile_stack(profile, leaf, frames, 4), 2);
	assert_int_equal(frames[0], 0);
	assert_int_equal(frames[1], 1);
	assert_int_equal(profile_stack(profile, leaf, frames, 1), 1);
	assert_int_equal(frames[0], 1);
	assert_int_equal(profile_stack(profile, 0, frames, 4), 0);
}

static void weights_add_up_by_event_and_stop_at_the_largest_number(void **state)
{
	auto_profile struct profile *profile = profile_new();
	struct profile_sample sample = {
		.event = (uint16_t)profile_event(profile, "cpu-clock:u"),
		.weight = UINT64_MAX - 1,
		.count = 1,
	};

	(void)state;
	assert_int_equal(profile_event(profile, "cycles"), 1);
	assert_int_equal(profile_event(profile, "cpu-clock:u"), 0);
	profile_add_sample(profile, &sample);
	profile_add_sample(profile, &sample);
	assert_int_equal(profile->events.items[0].samples, 2);
	assert_true(profile->events.items[0].weight == UINT64_MAX);
	assert_true(profile->events.items[0].is_clock);
	assert_string_equal(profile->events.items[0].unit, "ns");
	assert_string_equal(profile->events.items[1].unit, "cycles");
	assert_int_equal(profile->events.items[1].samples, 0);
}

static void an_unnamed_place_is_shown_by_its_dso_and_address(void **state)
{
	auto_profile struct profile *profile = profile_new();
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct profile_frame kernel = {
		.dso = intern(&profile->texts, STR("[kernel.kallsyms]")),
		.address = 0xffff,
	};
	struct profile_frame nothing = { 0 };

	(void)state;
	profile_frame_label(profile, frame_named(profile, "", 0x1f), &out);
	assert_string_equal(strbuf_text(&out), "[libx.so+0x1f]");
	strbuf_reset(&out);
	profile_frame_label(profile, frame_named(profile, "qsort", 0x1f), &out);
	assert_string_equal(strbuf_text(&out), "qsort");
	strbuf_reset(&out);
	profile_frame_label(profile, profile_frame(profile, &kernel), &out);
	assert_string_equal(strbuf_text(&out), "[kernel.kallsyms+0xffff]");
	strbuf_reset(&out);
	profile_frame_label(profile, profile_frame(profile, &nothing), &out);
	assert_string_equal(strbuf_text(&out), "[unknown]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_frames_nodes_and_threads_share_an_id),
		cmocka_unit_test(a_stack_is_read_outermost_first),
		cmocka_unit_test(weights_add_up_by_event_and_stop_at_the_largest_number),
		cmocka_unit_test(an_unnamed_place_is_shown_by_its_dso_and_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
