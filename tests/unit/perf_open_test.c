#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "perf/open_ladder.h"
#include "pmu/event.h"

/* What the kernel of a test refuses: 0 = it takes the event. Linked in by --wrap. */
static int (*kernel)(const struct perf_event_attr *attr);

int __wrap_perf_event_open_fd(struct perf_event_attr *attr, int32_t tid, int cpu);

int __wrap_perf_event_open_fd(struct perf_event_attr *attr, int32_t tid, int cpu)
{
	int refusal = kernel(attr);

	assert_int_equal(tid, 42);
	assert_int_equal(cpu, 0);
	if (!refusal)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	errno = refusal;
	return -1;
}

static struct perf_event_attr full_attr(const char *event)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.read_format = PERF_FORMAT_ID | PERF_FORMAT_LOST,
					.use_clockid = 1,
					.clockid = 1,
					.exclude_guest = 1,
					.ksymbol = 1 };

	assert_null(pmu_event_parse(str_from(event), &attr));
	return attr;
}

/* Settles the attr; what the user is told is left in `notes`. */
static struct perf_event_attr settled(const char *event, struct strbuf *notes)
{
	struct perf_event_attr attr = full_attr(event);

	assert_null(perf_ladder_settle(&attr, 42, 0, false, notes));
	return attr;
}

static int linux_5_10(const struct perf_event_attr *attr)
{
	return attr->read_format & PERF_FORMAT_LOST ? EINVAL : 0;
}

static void what_an_older_kernel_does_not_know_is_left_out_silently(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr;

	(void)state;
	kernel = linux_5_10;
	attr = settled("cpu-clock", &notes);
	assert_int_equal(attr.read_format, PERF_FORMAT_ID);
	assert_true(attr.ksymbol && attr.exclude_guest && attr.use_clockid);
	assert_int_equal(notes.len, 0);
}

static int without_pmu(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_HARDWARE ? ENOENT : 0;
}

static void cycles_become_cpu_clock_where_there_is_no_pmu_and_that_is_said(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr;

	(void)state;
	kernel = without_pmu;
	attr = settled("cycles:ppp", &notes);
	assert_int_equal(attr.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(attr.config, PERF_COUNT_SW_CPU_CLOCK);
	assert_non_null(strstr(strbuf_text(&notes), "cpu-clock"));
}

static void another_hardware_event_is_not_replaced(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr = full_attr("cache-misses");
	auto_error struct error *error = NULL;

	(void)state;
	kernel = without_pmu;
	error = perf_ladder_settle(&attr, 42, 0, false, &notes);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_UNSUPPORTED);
	assert_non_null(strstr(error->message, "cache-misses"));
}

static int imprecise_pmu(const struct perf_event_attr *attr)
{
	return attr->precise_ip > 1 ? EOPNOTSUPP : 0;
}

static void precision_is_given_up_step_by_step(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr;

	(void)state;
	kernel = imprecise_pmu;
	attr = settled("cycles:ppp", &notes);
	assert_int_equal(attr.precise_ip, 1);
	assert_int_equal(attr.type, PERF_TYPE_HARDWARE);
}

static int users_only(const struct perf_event_attr *attr)
{
	return attr->exclude_kernel ? 0 : EACCES;
}

static void without_rights_the_kernel_is_left_out_and_that_is_said(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr;

	(void)state;
	kernel = users_only;
	attr = settled("cpu-clock", &notes);
	assert_true(attr.exclude_kernel && attr.exclude_hv);
	assert_non_null(strstr(strbuf_text(&notes), "kernel code is not measured"));
}

static int nobody(const struct perf_event_attr *attr)
{
	(void)attr;
	return EPERM;
}

static void a_refusal_of_everything_is_one_error_with_a_remedy(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr = full_attr("cpu-clock");
	auto_error struct error *error = NULL;

	(void)state;
	kernel = nobody;
	error = perf_ladder_settle(&attr, 42, 0, false, &notes);
	assert_non_null(error);
	assert_non_null(error_hint(error));
}

static int no_descriptors(const struct perf_event_attr *attr)
{
	(void)attr;
	return EMFILE;
}

static void running_out_of_descriptors_says_how_many_are_needed(void **state)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct perf_event_attr attr = full_attr("cpu-clock");
	auto_error struct error *error = NULL;

	(void)state;
	kernel = no_descriptors;
	error = perf_ladder_settle(&attr, 42, 0, false, &notes);
	assert_non_null(error);
	assert_non_null(strstr(error_hint(error), "ulimit -n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_older_kernel_does_not_know_is_left_out_silently),
		cmocka_unit_test(cycles_become_cpu_clock_where_there_is_no_pmu_and_that_is_said),
		cmocka_unit_test(another_hardware_event_is_not_replaced),
		cmocka_unit_test(precision_is_given_up_step_by_step),
		cmocka_unit_test(without_rights_the_kernel_is_left_out_and_that_is_said),
		cmocka_unit_test(a_refusal_of_everything_is_one_error_with_a_remedy),
		cmocka_unit_test(running_out_of_descriptors_says_how_many_are_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
