#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pmu/event.h"

static struct perf_event_attr parsed(const char *text)
{
	struct perf_event_attr attr = { 0 };
	auto_error struct error *error = pmu_event_parse(str_from(text), &attr);

	assert_null(error);
	return attr;
}

static void check_name(const char *text, const char *expected)
{
	struct perf_event_attr attr = parsed(text);
	auto_strbuf struct strbuf name = STRBUF_INIT;

	pmu_event_name(&attr, &name);
	assert_string_equal(strbuf_text(&name), expected);
}

static void generic_names_become_their_types_and_configs(void **state)
{
	(void)state;
	assert_int_equal(parsed("cycles").type, PERF_TYPE_HARDWARE);
	assert_int_equal(parsed("cpu-cycles").config, PERF_COUNT_HW_CPU_CYCLES);
	assert_int_equal(parsed("cpu-clock").type, PERF_TYPE_SOFTWARE);
	assert_int_equal(parsed("task-clock").config, PERF_COUNT_SW_TASK_CLOCK);
	assert_int_equal(parsed("r01c2").type, PERF_TYPE_RAW);
	assert_int_equal(parsed("r01c2").config, 0x1c2);
	assert_int_equal(parsed("LLC-load-misses").type, PERF_TYPE_HW_CACHE);
	assert_int_equal(parsed("LLC-load-misses").config,
			 PERF_COUNT_HW_CACHE_LL | PERF_COUNT_HW_CACHE_OP_READ << 8 |
				 PERF_COUNT_HW_CACHE_RESULT_MISS << 16);
}

static void modifiers_restrict_and_sharpen(void **state)
{
	struct perf_event_attr user, kernel;

	(void)state;
	user = parsed("cycles:upp");
	assert_true(user.exclude_kernel && user.exclude_hv && !user.exclude_user);
	assert_int_equal(user.precise_ip, 2);
	kernel = parsed("cycles:k");
	assert_true(kernel.exclude_user && !kernel.exclude_kernel);
}

static void a_name_survives_the_way_there_and_back(void **state)
{
	(void)state;
	check_name("cycles:u", "cycles:u");
	check_name("cpu-clock", "cpu-clock");
	check_name("faults", "page-faults");
	check_name("r1c2", "r1c2");
	check_name("dTLB-store-misses", "dTLB-store-misses");
	check_name("cycles:ppp", "cycles:ppp");
	check_name("cycles:kp", "cycles:kp");
}

static void an_unknown_name_is_refused_with_the_nearest(void **state)
{
	struct perf_event_attr attr = { 0 };
	auto_error struct error *error = pmu_event_parse(STR("cycels"), &attr);
	auto_error struct error *modifier = pmu_event_parse(STR("cycles:x"), &attr);

	(void)state;
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_USAGE);
	assert_non_null(strstr(error_hint(error), "cycles"));
	assert_non_null(modifier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generic_names_become_their_types_and_configs),
		cmocka_unit_test(modifiers_restrict_and_sharpen),
		cmocka_unit_test(a_name_survives_the_way_there_and_back),
		cmocka_unit_test(an_unknown_name_is_refused_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
