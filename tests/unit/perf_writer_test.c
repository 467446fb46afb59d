#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "perf/data.h"
#include "perf/own.h"
#include "perf/writer.h"

static uint64_t ids[] = { 5, 6 };

/* A directory of its own for each test, and the events that all of them write. */
struct fixture {
	char *directory, *path;
	struct perf_evsel_vec evsels;
};

static int set_up(void **state)
{
	struct fixture *fixture = x_calloc(1, sizeof(*fixture));
	const char *temporary = getenv("TMPDIR");
	struct perf_evsel evsel = {
		.attr = { .type = PERF_TYPE_SOFTWARE,
			  .size = sizeof(struct perf_event_attr),
			  .config = PERF_COUNT_SW_CPU_CLOCK,
			  .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TIME },
		.ids = ids,
		.id_count = 2,
		.name = x_strdup("cpu-clock"),
	};

	fixture->directory = x_asprintf("%s/writer-XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(fixture->directory))
		return -1;
	fixture->path = x_asprintf("%s/perf.data", fixture->directory);
	perf_evsel_vec_push(&fixture->evsels, evsel);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	auto_free char *old = x_asprintf("%s.old", fixture->path);

	unlink(fixture->path);
	unlink(old);
	rmdir(fixture->directory);
	free(fixture->evsels.items[0].name);
	perf_evsel_vec_done(&fixture->evsels);
	free(fixture->directory);
	free(fixture->path);
	free(fixture);
	return 0;
}

struct sample_record {
	struct perf_event_header header;
	uint64_t ip, time_ns;
};

static void add_samples(struct perf_writer *writer, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++) {
		struct sample_record record = {
			{ PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER, sizeof(record) }, 0x1000 + i, i
		};

		perf_writer_add(writer, &record, sizeof(record));
	}
}

/* Reads the file as it is now. */
static struct perf_data *read_back(const char *path, uint64_t expected_samples)
{
	struct perf_data *data = NULL;
	struct perf_record record;
	uint64_t count = 0;

	assert_null(perf_data_open(path, &data));
	while (perf_data_next(data, &record) == PERF_NEXT_RECORD) {
		count++;
		assert_int_equal(record.sample.time_ns, count);
		assert_int_equal(record.sample.ip, 0x1000 + count);
	}
	assert_int_equal(count, expected_samples);
	return data;
}

static void what_is_written_reads_back_with_its_features(void **state)
{
	struct fixture *fixture = *state;
	auto_perf_writer struct perf_writer *writer = NULL;
	const uint8_t build_id[16] = { 0xab };
	struct perf_data *data;
	struct stat status;

	assert_null(perf_writer_open(fixture->path, &fixture->evsels, &writer));
	perf_writer_feature_text(writer, PERF_FEATURE_HOSTNAME, "build-7");
	perf_writer_build_id(writer, -1, PERF_RECORD_MISC_USER, "/bin/x", build_id, 16);
	add_samples(writer, 1, 100);
	assert_null(perf_writer_finish(writer));
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(perf_writer_file_bytes(writer), status.st_size);
	data = read_back(fixture->path, 100);
	assert_null(data->damage);
	assert_string_equal(data->evsels.items[0].name, "cpu-clock");
	assert_int_equal(data->evsels.items[0].id_count, 2);
	assert_string_equal(data->machine.hostname, "build-7");
	assert_int_equal(data->build_ids.count, 1);
	assert_string_equal(data->build_ids.items[0].path, "/bin/x");
	assert_int_equal(data->build_ids.items[0].size_bytes, 16);
	perf_data_free(data);
}

static void after_each_flush_the_file_can_be_read_though_nobody_finishes_it(void **state)
{
	struct fixture *fixture = *state;
	struct perf_writer *writer = NULL;
	struct perf_data *data;

	assert_null(perf_writer_open(fixture->path, &fixture->evsels, &writer));
	perf_writer_feature_text(writer, PERF_FEATURE_HOSTNAME, "never written");
	add_samples(writer, 1, 10);
	assert_null(perf_writer_flush(writer));
	data = read_back(fixture->path, 10);
	assert_null(data->damage);
	perf_data_free(data);
	add_samples(writer, 11, 5);
	assert_null(perf_writer_flush(writer));
	add_samples(writer, 16, 5);
	data = read_back(fixture->path, 15);
	assert_null(data->damage);
	assert_null(data->machine.hostname);
	perf_data_free(data);
	perf_writer_free(writer);
}

static void a_file_that_may_not_grow_ends_with_a_whole_record(void **state)
{
	struct fixture *fixture = *state;
	auto_perf_writer struct perf_writer *writer = NULL;
	auto_error struct error *error = NULL;
	struct rlimit before, small = { 10000, RLIM_INFINITY };
	struct perf_data *data;

	signal(SIGXFSZ, SIG_IGN);
	assert_null(perf_writer_open(fixture->path, &fixture->evsels, &writer));
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	add_samples(writer, 1, 2000);
	error = perf_writer_flush(writer);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_IO);
	/* nothing is written behind a hole */
	add_samples(writer, 2001, 2000);
	assert_null(perf_writer_finish(writer));
	data = read_back(fixture->path, (10000 - 104 - 16 - sizeof(struct perf_event_attr) - 16) /
						sizeof(struct sample_record));
	assert_null(data->damage);
	perf_data_free(data);
}

static void an_old_file_is_kept_and_the_new_one_is_private(void **state)
{
	struct fixture *fixture = *state;
	auto_free char *old = x_asprintf("%s.old", fixture->path);
	struct perf_writer *writer = NULL;
	struct stat status;

	for (uint64_t count = 1; count <= 2; count++) {
		assert_null(perf_writer_open(fixture->path, &fixture->evsels, &writer));
		add_samples(writer, 1, count);
		assert_null(perf_writer_finish(writer));
		perf_writer_free(writer);
	}
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	perf_data_free(read_back(old, 1));
	perf_data_free(read_back(fixture->path, 2));
}

static void a_pipe_gets_the_pipe_format_in_place(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t build_id[20] = { 1 };
	auto_free char *path = NULL;
	struct perf_writer *writer = NULL;
	struct perf_data *data;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	path = x_asprintf("/proc/self/fd/%d", ends[1]);
	assert_null(perf_writer_open(path, &fixture->evsels, &writer));
	assert_true(perf_writer_is_pipe(writer));
	perf_writer_feature_text(writer, PERF_FEATURE_ARCH, "x86_64");
	perf_writer_build_id(writer, -1, PERF_RECORD_MISC_USER, "/bin/x", build_id, 20);
	add_samples(writer, 1, 20);
	assert_null(perf_writer_finish(writer));
	perf_writer_free(writer);
	close(ends[1]);
	free(path);
	path = x_asprintf("/proc/self/fd/%d", ends[0]);
	data = read_back(path, 20);
	assert_null(data->damage);
	assert_true(data->is_pipe);
	assert_string_equal(data->machine.arch, "x86_64");
	assert_string_equal(data->evsels.items[0].name, "cpu-clock");
	assert_int_equal(data->build_ids.count, 1);
	perf_data_free(data);
	close(ends[0]);
}

static void kept_names_read_back_and_damage_ends_them(void **state)
{
	auto_strbuf struct strbuf section = STRBUF_INIT;
	struct perf_own_group group = {
		.kind = PERF_OWN_JIT, .pid = 77, .path = STR("//anon"), .name_count = 2
	};
	struct perf_own_name name = { 0x1000, 0x20, STR("LazyCompile:*f") };
	struct bytes whole;

	(void)state;
	perf_own_begin(&section);
	perf_own_add_group(&section, &group);
	perf_own_add_name(&section, &name);
	name.name = STR("g");
	perf_own_add_name(&section, &name);
	whole = bytes_of(section.ptr, section.len);
	for (size_t cut = 0; cut <= section.len; cut++) {
		struct bytes part = { whole.start, whole.start, whole.start + cut, false };
		size_t names = 0;

		group = (struct perf_own_group){ 0 };
		if (perf_own_open(&part) && perf_own_next_group(&part, &group))
			while (perf_own_next_name(&part, &name))
				names++;
		assert_true(names <= 2);
		if (cut < section.len)
			assert_true(names < 2);
		else
			assert_true(names == 2 && group.pid == 77 && group.kind == PERF_OWN_JIT &&
				    str_is(name.name, "g"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_reads_back_with_its_features,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			after_each_flush_the_file_can_be_read_though_nobody_finishes_it, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_may_not_grow_ends_with_a_whole_record,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_old_file_is_kept_and_the_new_one_is_private,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pipe_gets_the_pipe_format_in_place, set_up,
						tear_down),
		cmocka_unit_test(kept_names_read_back_and_damage_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
