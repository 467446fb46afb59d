#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>

#include "elf_builder.h"
#include "symbol/function_starts.h"

enum { HEADER_ADDRESS = 0x5000 };

/* An image whose only section is a .eh_frame_hdr with these starts; `count` may lie. */
static struct image *image_with_starts(struct strbuf *file, const uint32_t *starts, size_t have,
				       uint32_t count, uint8_t table_encoding)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf header = STRBUF_INIT;
	struct image *image;

	/* Version, encodings of the pointer, the count and the table. */
	elf_put(&elf, &header, 0x031b01 | (uint64_t)table_encoding << 24, 4);
	elf_put(&elf, &header, 0, 4);
	elf_put(&elf, &header, count, 4);
	for (size_t i = 0; i < have; i++) {
		elf_put(&elf, &header, starts[i] - HEADER_ADDRESS, 4);
		elf_put(&elf, &header, 0, 4);
	}
	elf_add_section(&elf, ".eh_frame_hdr", SHT_PROGBITS, HEADER_ADDRESS, header.ptr,
			header.len);
	elf_builder_finish(&elf, file);
	assert_null(image_open_bytes(file->ptr, file->len, "test", &image));
	return image;
}

static void an_address_belongs_to_the_function_that_begins_before_it(void **state)
{
	const uint32_t starts[] = { 0x1000, 0x1040, 0x2000 };
	auto_strbuf struct strbuf file = STRBUF_INIT;
	struct image *image = image_with_starts(&file, starts, 3, 3, 0x3b);
	struct function_starts found = function_starts_of(image);
	uint64_t start = 0;

	(void)state;
	assert_false(function_starts_find(&found, 0xfff, &start));
	assert_true(function_starts_find(&found, 0x1000, &start));
	assert_int_equal(start, 0x1000);
	assert_true(function_starts_find(&found, 0x103f, &start));
	assert_int_equal(start, 0x1000);
	assert_true(function_starts_find(&found, 0x1040, &start));
	assert_int_equal(start, 0x1040);
	assert_true(function_starts_find(&found, 0x9999, &start));
	assert_int_equal(start, 0x2000);
	image_free(image);
}

static void a_count_larger_than_the_section_is_cut_to_what_is_there(void **state)
{
	const uint32_t starts[] = { 0x1000 };
	auto_strbuf struct strbuf file = STRBUF_INIT;
	struct image *image = image_with_starts(&file, starts, 1, 0xffffffff, 0x3b);
	struct function_starts found = function_starts_of(image);

	(void)state;
	assert_int_equal(found.count, 1);
	image_free(image);
}

static void a_table_of_another_encoding_is_left_alone(void **state)
{
	const uint32_t starts[] = { 0x1000 };
	auto_strbuf struct strbuf file = STRBUF_INIT;
	struct image *image = image_with_starts(&file, starts, 1, 1, 0x0b);
	struct function_starts found = function_starts_of(image);
	uint64_t start;

	(void)state;
	assert_false(function_starts_find(&found, 0x1000, &start));
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_belongs_to_the_function_that_begins_before_it),
		cmocka_unit_test(a_count_larger_than_the_section_is_cut_to_what_is_there),
		cmocka_unit_test(a_table_of_another_encoding_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
