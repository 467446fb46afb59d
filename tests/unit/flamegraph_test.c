#include "render/flamegraph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "render/flame_color.h"
#include "small_tree.h"

static char *drawn(const struct small_stack *stacks, size_t count,
		   const struct flamegraph_options *options)
{
	struct small_tree small = small_tree_make(stacks, count);
	struct strbuf out = STRBUF_INIT;

	flamegraph_render(&small.selection, &small.tree, options, &out);
	small_tree_done(&small);
	return strbuf_take(&out);
}

static void assert_has(const char *svg, const char *expected)
{
	if (!strstr(svg, expected))
		fail_msg("'%s' is not in the graph", expected);
}

static const struct small_stack stacks[] = {
	{ "main;libz.so.1!deflate", 600, 6 },
	{ "main;libc.so.6!memcpy", 399, 3 },
	{ "main;libc.so.6!strlen", 1, 1 },
};

static void the_picture_stands_without_scripts(void **)
{
	auto_free char *svg = drawn(stacks, 3, &(struct flamegraph_options){ .width = 1024 });

	assert_has(svg, "width=\"1024\"");
	assert_has(svg, "<title>deflate (libz.so.1): 60.00%, 6 samples</title><rect x=\"");
	assert_has(svg, ">deflate</text>");
	/* 1000 pixels between the margins; memcpy comes after deflate by name. */
	assert_has(svg, "<rect x=\"12\" width=\"599.2\" height=\"17\"");
	assert_has(svg, "<rect x=\"612\" width=\"398.2\" height=\"17\"");
	assert_has(svg, "cycles \xc2\xb7 10 samples \xc2\xb7 1.00 k cycles");
}

static void the_data_has_what_the_picture_cannot_show(void **)
{
	static const struct small_stack narrow[] = { { "main;wide", 1000000, 10 },
						     { "main;narrow", 1, 1 } };
	auto_free char *svg = drawn(narrow, 2, &(struct flamegraph_options){ 0 });

	assert_null(strstr(svg, "<title>narrow"));
	assert_has(svg, "\"shared\":[0,0,0,0,0],\"rest\":[\"all\",\"main\",\"narrow\",\"prog\","
			"\"wide\"]");
	assert_has(svg, "\"cells\":{\"name\":[0,3,1,2,4],\n\"up\":[0,0,0,0,1],\n"
			"\"self\":[0,0,0,1,1000000],\n\"count\":[0,0,0,1,10]");
}

static void a_name_repeats_nothing_of_the_one_before(void **)
{
	static const struct small_stack alike[] = {
		{ "std::map::find", 1, 1 },
		{ "std::map::erase", 1, 1 },
		{ "std::map<\xc3\xa4>", 1, 1 },
		{ "std::map<\xc3\xa4>x", 1, 1 },
	};
	auto_free char *svg = drawn(alike, 4, &(struct flamegraph_options){ 0 });

	assert_has(svg, "\"shared\":[0,0,0,10,8,9],\"rest\":[\"all\",\"prog\",\"std::map::erase\","
			"\"find\",\"\\u003c\xc3\xa4\\u003e\",\"\xc3\xa4\\u003ex\"]");
}

static void what_is_left_out_is_said(void **)
{
	auto_free char *svg = drawn(stacks, 3, &(struct flamegraph_options){ .min_ratio = 0.01 });

	assert_has(svg, "Left out: 1 frame of less than 1 %.");
	assert_has(svg, "\"rest\":[2,1,1]");
	assert_null(strstr(svg, "strlen"));
}

static void hostile_names_stay_text(void **)
{
	static const struct small_stack hostile[] = {
		{ "</title><script>alert(1)</script>", 1, 1 },
		{ "]]></script><script>alert(2)", 1, 1 },
		{ "\x1b[31m\xff", 1, 1 },
	};
	auto_free char *svg = drawn(hostile, 3, &(struct flamegraph_options){ .title = "a<b>&" });
	const char *end;

	assert_null(strstr(svg, "<script>alert"));
	assert_null(strchr(svg, '\x1b'));
	assert_null(strchr(svg, '\xff'));
	assert_has(svg, "a&lt;b&gt;&amp;");
	/* Two scripts and the styles have a CDATA section each, and no name ended one. */
	end = svg;
	for (int i = 0; i < 3; i++) {
		end = strstr(end, "]]>");
		assert_non_null(end);
		end++;
	}
	assert_null(strstr(end, "]]>"));
}

static void the_same_profile_gives_the_same_bytes(void **)
{
	const struct flamegraph_options options = { .inverted = true };
	auto_free char *first = drawn(stacks, 3, &options);
	auto_free char *again = drawn(stacks, 3, &options);
	const struct small_stack turned[] = { stacks[2], stacks[1], stacks[0] };
	auto_free char *other_order = drawn(turned, 3, &options);

	assert_string_equal(first, again);
	assert_string_equal(first, other_order);
}

static void the_root_is_above_when_inverted(void **)
{
	auto_free char *flame = drawn(stacks, 3, &(struct flamegraph_options){ 0 });
	auto_free char *icicle = drawn(stacks, 3, &(struct flamegraph_options){ .inverted = true });
	const char *root = "<title>all: 100.00%";

	assert_has(flame, "\"inverted\":false");
	assert_has(icicle, "\"inverted\":true");
	/* The root's row is written first in both; three rows of 18 pixels lie above it or none. */
	long flame_y = strtol(strstr(flame, "translate(0,") + 12, NULL, 10);
	long icicle_y = strtol(strstr(icicle, "translate(0,") + 12, NULL, 10);

	assert_has(flame, root);
	assert_int_equal(flame_y - icicle_y, 3 * 18);
}

static void an_empty_profile_says_so(void **)
{
	auto_free char *svg = drawn(NULL, 0, &(struct flamegraph_options){ 0 });

	assert_has(svg, "There are no samples to show.");
	assert_has(svg, "</svg>");
}

static void weights_beyond_what_pixels_can_be_multiplied_with_keep_their_shares(void **)
{
	static const struct small_stack heavy[] = { { "a", UINT64_C(1) << 62, 1 },
						    { "b", UINT64_C(1) << 62, 1 } };
	auto_free char *svg = drawn(heavy, 2, &(struct flamegraph_options){ .width = 1024 });

	assert_has(svg, "<rect x=\"12\" width=\"499.2\"");
	assert_has(svg, "<rect x=\"512\" width=\"499.2\"");
}

static void colors_depend_on_the_name_alone(void **)
{
	uint32_t user = flame_color(FLAME_USER, STR("f"), STR("libfoo.so.1.2"));

	assert_int_equal(user, flame_color(FLAME_USER, STR("f"), STR("libfoo.so.3")));
	assert_int_not_equal(user, flame_color(FLAME_KERNEL, STR("f"), STR("libfoo.so.1.2")));
	assert_int_not_equal(user, flame_color(FLAME_INLINED, STR("f"), STR("libfoo.so.1.2")));
	assert_int_not_equal(flame_color_of_dso(FLAME_USER, STR("libc.so.6")),
			     flame_color_of_dso(FLAME_USER, STR("libstdc++.so.6")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_picture_stands_without_scripts),
		cmocka_unit_test(the_data_has_what_the_picture_cannot_show),
		cmocka_unit_test(a_name_repeats_nothing_of_the_one_before),
		cmocka_unit_test(what_is_left_out_is_said),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(the_same_profile_gives_the_same_bytes),
		cmocka_unit_test(the_root_is_above_when_inverted),
		cmocka_unit_test(an_empty_profile_says_so),
		cmocka_unit_test(
			weights_beyond_what_pixels_can_be_multiplied_with_keep_their_shares),
		cmocka_unit_test(colors_depend_on_the_name_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
