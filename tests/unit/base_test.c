#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/id_table.h"
#include "base/intern.h"
#include "base/strbuf.h"

#include <stdlib.h>

static void a_wrapped_error_reads_from_the_outside_in(void **state)
{
	auto_error struct error *error =
		error_wrap(error_with_hint(error_new(ERROR_INPUT, "bad magic"), "try a file"),
			   "reading '%s'", "x");
	char *text = error_text(error);

	(void)state;
	assert_string_equal(text, "reading 'x': bad magic");
	assert_string_equal(error_hint(error), "try a file");
	assert_int_equal(error_exit_status(error), 4);
	free(text);
}

static void equal_texts_get_one_id_and_the_empty_text_is_zero(void **state)
{
	struct interner interner = INTERNER_INIT;

	(void)state;
	assert_int_equal(intern(&interner, STR("a")), 1);
	assert_int_equal(intern(&interner, STR("")), 0);
	for (int i = 0; i < 5000; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "name-%d", i);
		assert_int_equal(intern(&interner, strbuf_str(&text)), i + 2);
	}
	assert_int_equal(intern(&interner, STR("name-77")), 79);
	assert_string_equal(interned_text(&interner, 79), "name-77");
	interner_done(&interner);
}

static uint64_t square_hash(const void *rows, uint32_t id)
{
	const uint64_t *squares = rows;

	return hash_mix(0, squares[id]);
}

static bool square_is(const void *rows, uint32_t id, const void *key)
{
	const uint64_t *squares = rows, *wanted = key;

	return squares[id] == *wanted;
}

static void a_row_is_found_again_by_its_key_however_often_the_table_grew(void **state)
{
	static const struct id_table_rows how = { square_hash, square_is };
	static uint64_t squares[3000];
	struct id_table table = { 0 };
	uint64_t absent = 2;

	(void)state;
	for (uint32_t id = 0; id < 3000; id++) {
		uint32_t *slot;

		squares[id] = (uint64_t)id * id;
		slot = id_table_slot(&table, &how, squares, hash_mix(0, squares[id]), &squares[id]);
		assert_int_equal(*slot, 0);
		assert_int_equal(id_table_put(&table, slot, id), id);
	}
	for (uint32_t id = 0; id < 3000; id++)
		assert_int_equal(*id_table_slot(&table, &how, squares, hash_mix(0, squares[id]),
						&squares[id]),
				 id + 1);
	assert_int_equal(*id_table_slot(&table, &how, squares, hash_mix(0, absent), &absent), 0);
	id_table_done(&table);
}

static void a_capped_buffer_drops_what_does_not_fit_and_says_so(void **state)
{
	auto_strbuf struct strbuf buf = { .cap = 5 };

	(void)state;
	strbuf_add_text(&buf, "abc");
	assert_false(buf.truncated);
	strbuf_add_text(&buf, "defg");
	assert_string_equal(strbuf_text(&buf), "abcde");
	assert_true(buf.truncated);
}

static void a_cursor_never_reads_past_its_end(void **state)
{
	const uint8_t data[] = { 0x01, 0x02, 0xe5, 0x8e, 0x26, 0xff };
	struct bytes b = bytes_of(data, sizeof(data));
	uint16_t u16;
	uint32_t u32;
	uint64_t leb;

	(void)state;
	b.swap = true;
	assert_true(bytes_u16(&b, &u16));
	assert_int_equal(u16, 0x0102);
	assert_true(bytes_uleb128(&b, &leb));
	assert_int_equal(leb, 624485);
	assert_false(bytes_u32(&b, &u32));
	assert_false(bytes_uleb128(&b, &leb));
	assert_int_equal(bytes_left(&b), 1);
}

static void a_glob_star_matches_any_run(void **state)
{
	(void)state;
	assert_true(str_glob(STR("_Py*_Dealloc?"), STR("_PyObject_DeallocX")));
	assert_true(str_glob(STR("*"), STR("")));
	assert_false(str_glob(STR("a*c"), STR("abd")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrapped_error_reads_from_the_outside_in),
		cmocka_unit_test(equal_texts_get_one_id_and_the_empty_text_is_zero),
		cmocka_unit_test(a_row_is_found_again_by_its_key_however_often_the_table_grew),
		cmocka_unit_test(a_capped_buffer_drops_what_does_not_fit_and_says_so),
		cmocka_unit_test(a_cursor_never_reads_past_its_end),
		cmocka_unit_test(a_glob_star_matches_any_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
