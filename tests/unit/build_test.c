#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "../support/perf_builder.h"
#include "samples/group_reader.h"
#include "samples/load.h"
#include "samples/quality.h"
#include "samples/select.h"
#include "samples/table.h"

enum { START = 0x400000, MS = 1000000 };

static struct perf_event_attr attr_of(uint64_t config, uint64_t sample_type)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = config,
		.sample_freq = 100,
		.freq = 1,
		.sample_type = sample_type,
	};
}

enum {
	TYPE = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD |
	       PERF_SAMPLE_IDENTIFIER,
};

/* page-faults and cpu-clock, a process that is renamed between its samples. */
static struct perf_builder *example(void)
{
	static const uint64_t ids[] = { 11, 12 };
	static const uint64_t chain[] = { PERF_CONTEXT_USER, START + 0x10, START + 0x21 };
	struct perf_event_attr faults = attr_of(PERF_COUNT_SW_PAGE_FAULTS, TYPE);
	struct perf_event_attr clock =
		attr_of(PERF_COUNT_SW_CPU_CLOCK, TYPE | PERF_SAMPLE_CALLCHAIN);
	struct perf_builder *builder = perf_builder_new(0);

	perf_builder_event(builder, &faults, "page-faults", &ids[0], 1);
	perf_builder_event(builder, &clock, "cpu-clock", &ids[1], 1);
	perf_builder_comm(builder, 7, 7, "before", false, 0);
	perf_builder_mmap(builder, 7, START, 0x1000, 0, "/nowhere/prog", 0);
	perf_builder_sample(builder, 0,
			    &(struct built_sample){ .ip = START + 0x10,
						    .time_ns = 1 * MS,
						    .id = ids[0],
						    .period = 3,
						    .pid = 7,
						    .tid = 7 });
	perf_builder_sample(builder, 1,
			    &(struct built_sample){ .ip = START + 0x10,
						    .time_ns = 2 * MS,
						    .id = ids[1],
						    .period = 10 * MS,
						    .pid = 7,
						    .tid = 7,
						    .chain = chain,
						    .chain_count = 3 });
	perf_builder_comm(builder, 7, 7, "after", true, 3 * MS);
	perf_builder_mmap(builder, 7, START, 0x1000, 0, "/nowhere/prog", 3 * MS);
	perf_builder_sample(builder, 1,
			    &(struct built_sample){ .ip = START + 0x10,
						    .time_ns = 4 * MS,
						    .id = ids[1],
						    .period = 30 * MS,
						    .pid = 7,
						    .tid = 7,
						    .chain = chain,
						    .chain_count = 3 });
	return builder;
}

static struct profile *load(const char *path)
{
	struct profile *profile = NULL;

	assert_null(profile_load(path, NULL, &profile));
	return profile;
}

static void each_event_keeps_its_samples_and_periods(void **state)
{
	struct perf_builder *builder = example();
	auto_profile struct profile *profile = load(perf_builder_file(builder));

	(void)state;
	assert_string_equal(profile->format, "perf.data");
	assert_int_equal(profile->events.count, 2);
	assert_int_equal(profile->events.items[0].weight, 3);
	assert_int_equal(profile->events.items[1].weight, 40 * MS);
	assert_int_equal(profile->events.items[1].samples, 2);
	assert_true(profile->events.items[1].is_clock);
	assert_int_equal(profile->events.items[1].sampling_hz, 100);
	/* Time spent is what a profile is asked for, though the other event comes first. */
	assert_int_equal(profile->default_event, 1);
	perf_builder_free(builder);
}

static void a_sample_has_the_name_that_its_program_had_then(void **state)
{
	struct perf_builder *builder = example();
	auto_profile struct profile *profile = load(perf_builder_file(builder));
	const struct profile_sample *samples = profile->samples.items;

	(void)state;
	assert_int_equal(profile->samples.count, 3);
	assert_string_equal(profile_text(profile, samples[1].comm), "before");
	assert_string_equal(profile_text(profile, samples[2].comm), "after");
	assert_int_equal(samples[1].thread, samples[2].thread);
	assert_string_equal(profile_text(profile, profile->threads.items[samples[1].thread].comm),
			    "after");
	perf_builder_free(builder);
}

static void equal_chains_are_one_stack_and_callers_are_one_byte_back(void **state)
{
	struct perf_builder *builder = example();
	auto_profile struct profile *profile = load(perf_builder_file(builder));
	const struct profile_sample *samples = profile->samples.items;
	uint32_t frames[4];

	(void)state;
	assert_int_equal(samples[1].node, samples[2].node);
	assert_int_equal(profile_stack(profile, samples[1].node, frames, 4), 2);
	assert_true(profile->frames.items[frames[0]].flags & PROFILE_FRAME_UNNAMED);
	assert_string_equal(profile_text(profile, profile->frames.items[frames[0]].dso), "prog");
	assert_int_equal(profile->frames.items[frames[0]].address -
				 profile->frames.items[frames[1]].address,
			 0x10);
	assert_int_equal(samples[0].end, PROFILE_END_NO_STACK);
	assert_int_not_equal(samples[1].end, PROFILE_END_NO_STACK);
	perf_builder_free(builder);
}

static void a_file_that_is_not_here_is_said_to_be_missing(void **state)
{
	struct perf_builder *builder = example();
	auto_profile struct profile *profile = load(perf_builder_file(builder));

	(void)state;
	assert_int_equal(profile->dsos.count, 1);
	assert_true(profile->dsos.items[0].missing);
	assert_string_equal(profile_text(profile, profile->dsos.items[0].path), "/nowhere/prog");
	perf_builder_free(builder);
}

static void what_was_read_before_the_damage_stands(void **state)
{
	struct perf_builder *builder = example();
	const char *path = perf_builder_file(builder);
	struct profile *profile = NULL;
	size_t size;

	(void)state;
	perf_builder_finish(builder, &size);
	assert_int_equal(truncate(path, (off_t)size / 2), 0);
	/* However much is cut off: samples and damage, or an error, never a crash. */
	for (size_t left = size / 2; left > 0; left -= MIN(left, (size_t)8)) {
		auto_error struct error *error = NULL;

		assert_int_equal(truncate(path, (off_t)left), 0);
		error = profile_load(path, NULL, &profile);
		if (!error) {
			assert_non_null(profile->damage);
			profile_free(profile);
		}
	}
	perf_builder_free(builder);
}

static void events_of_one_name_stay_two(void **state)
{
	static const uint64_t ids[] = { 1, 2 };
	struct perf_event_attr attr = attr_of(PERF_COUNT_SW_CPU_CLOCK, TYPE);
	struct perf_builder *builder = perf_builder_new(0);
	auto_profile struct profile *profile = NULL;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		perf_builder_event(builder, &attr, "cpu-clock", &ids[i], 1);
	for (unsigned i = 0; i < 2; i++)
		perf_builder_sample(builder, i,
				    &(struct built_sample){ .ip = START,
							    .time_ns = i + 1,
							    .id = ids[i],
							    .period = i + 1,
							    .pid = 1,
							    .tid = 1 });
	profile = load(perf_builder_file(builder));
	assert_int_equal(profile->events.count, 2);
	assert_string_equal(profile->events.items[1].name, "cpu-clock#2");
	assert_int_equal(profile->events.items[0].weight, 1);
	assert_int_equal(profile->events.items[1].weight, 2);
	perf_builder_free(builder);
}

static void a_group_sample_stands_for_every_member_that_moved(void **state)
{
	uint64_t ids[] = { 100, 200 };
	struct perf_evsel evsels[] = {
		{ .ids = &ids[0], .id_count = 1 },
		{ .ids = &ids[1], .id_count = 1 },
	};
	const struct perf_data data = { .evsels = { evsels, 2, 2 } };
	uint64_t first[] = { 50, 100, 7, 200 }, second[] = { 80, 100, 7, 200 };
	struct perf_sample sample = { .read_values = bytes_of(first, sizeof(first)) };
	struct group_member members[GROUP_MEMBERS_MAX];
	struct group_reader reader = { 0 };

	(void)state;
	evsels[0].attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_ID;
	assert_int_equal(group_reader_read(&reader, &data, &sample, members), 2);
	assert_int_equal(members[0].period, 50);
	assert_int_equal(members[1].evsel, 1);
	assert_int_equal(members[1].period, 7);
	sample.read_values = bytes_of(second, sizeof(second));
	assert_int_equal(group_reader_read(&reader, &data, &sample, members), 1);
	assert_int_equal(members[0].evsel, 0);
	assert_int_equal(members[0].period, 30);
	/* Cut in the middle of a pair: what is whole counts. */
	sample.read_values = bytes_of(first, sizeof(uint64_t));
	assert_int_equal(group_reader_read(&reader, &data, &sample, members), 0);
	group_reader_done(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_keeps_its_samples_and_periods),
		cmocka_unit_test(a_sample_has_the_name_that_its_program_had_then),
		cmocka_unit_test(equal_chains_are_one_stack_and_callers_are_one_byte_back),
		cmocka_unit_test(a_file_that_is_not_here_is_said_to_be_missing),
		cmocka_unit_test(what_was_read_before_the_damage_stands),
		cmocka_unit_test(events_of_one_name_stay_two),
		cmocka_unit_test(a_group_sample_stands_for_every_member_that_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
