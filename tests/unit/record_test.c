#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "perf/data.h"
#include "perf/decode.h"
#include "perf/own.h"
#include "record/kept_names.h"
#include "record/process_table.h"
#include "record/workload.h"

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	char *directory = x_asprintf("%s/record-XXXXXX", temporary ? temporary : "/tmp");

	*state = directory;
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "marker", "program", "perf.data", "perf.data.old" };
	char *directory = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = x_asprintf("%s/%s", directory, names[i]);

		unlink(path);
	}
	rmdir(directory);
	free(directory);
	return 0;
}

static sigset_t no_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	return signals;
}

static void await_end(struct workload *workload)
{
	while (!workload_poll(workload))
		usleep(1000);
}

static void a_program_waits_at_the_barrier_until_it_may_go(void **state)
{
	auto_free char *marker = x_asprintf("%s/marker", (char *)*state);
	auto_free char *script = x_asprintf("echo x > '%s'; exit 3", marker);
	char shell[] = "sh", option[] = "-c";
	char *argv[] = { shell, option, script, NULL };
	sigset_t signals = no_signals();
	struct workload workload;

	assert_null(workload_start(&workload, argv, &signals, false));
	usleep(50000);
	assert_int_equal(access(marker, F_OK), -1);
	assert_null(workload_go(&workload, "sh"));
	await_end(&workload);
	assert_int_equal(access(marker, F_OK), 0);
	assert_true(WIFEXITED(workload.wait_status));
	assert_int_equal(WEXITSTATUS(workload.wait_status), 3);
}

static void a_program_that_is_given_up_never_runs(void **state)
{
	auto_free char *marker = x_asprintf("%s/marker", (char *)*state);
	auto_free char *script = x_asprintf("echo x > '%s'", marker);
	char shell[] = "sh", option[] = "-c";
	char *argv[] = { shell, option, script, NULL };
	sigset_t signals = no_signals();
	struct workload workload;

	assert_null(workload_start(&workload, argv, &signals, false));
	workload_stop(&workload, -1);
	if (!workload.has_ended)
		await_end(&workload);
	assert_int_equal(access(marker, F_OK), -1);
}

static void a_program_that_is_not_there_is_told_before_anything_is_started(void **state)
{
	char name[] = "no-such-program-anywhere";
	char *missing[] = { name, NULL };
	auto_free char *path = x_asprintf("%s/program", (char *)*state);
	char *forbidden[] = { path, NULL };
	sigset_t signals = no_signals();
	struct workload workload;
	auto_error struct error *first = workload_start(&workload, missing, &signals, false);
	auto_error struct error *second = NULL;

	assert_non_null(first);
	assert_int_equal(first->code, ERROR_NO_FILE);
	assert_int_equal(workload.pid, 0);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	second = workload_start(&workload, forbidden, &signals, false);
	assert_non_null(second);
	assert_int_equal(second->code, ERROR_PERMISSION);
}

static void a_program_that_cannot_be_executed_is_told_when_it_is_to_go(void **state)
{
	auto_free char *path = x_asprintf("%s/program", (char *)*state);
	char *argv[] = { path, NULL };
	auto_close int fd = open(path, O_WRONLY | O_CREAT, 0700);
	sigset_t signals = no_signals();
	struct workload workload;
	auto_error struct error *error = NULL;

	assert_int_equal(write(fd, "#!/no/such/thing\n", 17), 17);
	close(take_fd(fd));
	chmod(path, 0700);
	assert_null(workload_start(&workload, argv, &signals, false));
	error = workload_go(&workload, path);
	assert_non_null(error);
	assert_non_null(strstr(error->message, path));
	await_end(&workload);
}

/* What the table said of this very process. */
struct seen {
	struct perf_layout layout;
	bool comm, own_code;
};

static void on_record(void *context, const uint8_t *bytes, size_t size_bytes)
{
	struct seen *seen = context;
	struct perf_record record;
	uint64_t here = (uint64_t)(uintptr_t)on_record;

	assert_int_equal(perf_layout_decode(&seen->layout, bytes, size_bytes, &record),
			 PERF_DECODE_OK);
	assert_int_equal(record.time_ns, 0);
	if (record.kind == PERF_KIND_COMM) {
		assert_int_equal(record.comm.pid, getpid());
		seen->comm |=
			record.comm.tid == getpid() && str_is(record.comm.name, "record_test");
		return;
	}
	assert_int_equal(record.kind, PERF_KIND_MMAP);
	assert_true(record.mmap.protection & 4);
	if (here >= record.mmap.start && here < record.mmap.start + record.mmap.length) {
		assert_true(str_ends_with(record.mmap.path, STR("record_test")));
		assert_true(record.mmap.inode > 0);
		seen->own_code = true;
	}
}

static void a_running_process_is_described_by_its_names_and_executable_maps(void **state)
{
	uint64_t id = 9;
	struct perf_evsel evsel = { .attr = { .size = sizeof(struct perf_event_attr),
					      .sample_id_all = 1,
					      .sample_type = PERF_SAMPLE_IDENTIFIER |
							     PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
							     PERF_SAMPLE_CPU },
				    .ids = &id,
				    .id_count = 1 };
	const struct perf_evsel_vec evsels = { &evsel, 1, 1 };
	struct seen seen = { .comm = false };
	const struct process_table table = {
		.attr = &evsel.attr, .id = id, .sink = on_record, .context = &seen
	};

	(void)state;
	perf_layout_init(&seen.layout, &evsels, false);
	process_table_process(&table, getpid());
	assert_true(seen.comm);
	assert_true(seen.own_code);
	/* gone: nothing is said */
	process_table_process(&table, INT32_MAX);
	perf_layout_done(&seen.layout);
	assert_int_equal(thread_process(getpid()), getpid());
	assert_int_equal(thread_process(INT32_MAX), -1);
}

/* Names every address below 0x3000 after its page. */
static void *namer_open(struct dso_table *table)
{
	return table;
}

static bool namer_find(void *state, struct dso *dso, uint64_t address, uint64_t *ret_start,
		       struct str *ret_name)
{
	(void)state;
	(void)dso;
	*ret_start = address & ~UINT64_C(0xfff);
	*ret_name = address < 0x2000 ? STR("first") : STR("second");
	return address < 0x3000;
}

static void namer_close(void *state)
{
	(void)state;
}

static void hit_addresses_become_one_name_per_function(void **state)
{
	static const struct record_namer namer = { namer_open, namer_find, namer_close };
	auto_free char *path = x_asprintf("%s/perf.data", (char *)*state);
	struct perf_evsel evsel = { .attr = { .size = sizeof(struct perf_event_attr) },
				    .name = x_strdup("cpu-clock") };
	const struct perf_evsel_vec evsels = { &evsel, 1, 1 };
	struct kept_names kept = { 0 };
	struct dso_table dsos;
	struct perf_writer *writer = NULL;
	struct perf_data *data = NULL;
	struct perf_own_group group;
	struct perf_own_name name;
	struct bytes section;
	struct dso *jit;

	dso_table_init(&dsos, &(struct dso_options){ .offline = true });
	jit = dso_table_get(&dsos, DSO_JIT, "//anon", 77, NULL);
	kept_names_add(&kept, dso_table_get(&dsos, DSO_FILE, "/bin/sh", -1, NULL), 0x1000);
	for (uint64_t i = 0; i < 5000; i++)
		kept_names_add(&kept, jit, 0x1000 + i * 2 % 0x3000);
	assert_null(perf_writer_open(path, &evsels, &writer));
	kept_names_write(&kept, &dsos, &namer, writer);
	assert_null(perf_writer_finish(writer));
	perf_writer_free(writer);

	assert_null(perf_data_open(path, &data));
	section = data->own_section;
	assert_true(perf_own_open(&section));
	assert_true(perf_own_next_group(&section, &group));
	assert_int_equal(group.kind, PERF_OWN_JIT);
	assert_int_equal(group.pid, 77);
	assert_int_equal(group.name_count, 2);
	assert_true(perf_own_next_name(&section, &name));
	assert_true(str_is(name.name, "first"));
	assert_int_equal(name.start, 0x1000);
	assert_int_equal(name.size, 0xfff);
	assert_true(perf_own_next_name(&section, &name));
	assert_true(str_is(name.name, "second"));
	assert_false(perf_own_next_group(&section, &group));
	perf_data_free(data);
	dso_table_done(&dsos);
	free(evsel.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_waits_at_the_barrier_until_it_may_go,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_program_that_is_given_up_never_runs, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_program_that_is_not_there_is_told_before_anything_is_started, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_program_that_cannot_be_executed_is_told_when_it_is_to_go, set_up,
			tear_down),
		cmocka_unit_test(a_running_process_is_described_by_its_names_and_executable_maps),
		cmocka_unit_test_setup_teardown(hit_addresses_become_one_name_per_function, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
