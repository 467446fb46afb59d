#include "render/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void scripts_and_styles_are_in_the_program(void **)
{
	assert_true(embedded_flamegraph_js.len > 0);
	assert_true(embedded_flamegraph_css.len > 0);
	assert_int_equal(embedded_flamegraph_js.ptr[embedded_flamegraph_js.len], '\0');
}

/* They stand in a CDATA section, which has no way to escape its own end. */
static void scripts_and_styles_do_not_end_their_cdata_section(void **)
{
	assert_true(str_find(embedded_flamegraph_js, STR("]]>")) < 0);
	assert_true(str_find(embedded_flamegraph_css, STR("]]>")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_and_styles_are_in_the_program),
		cmocka_unit_test(scripts_and_styles_do_not_end_their_cdata_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
