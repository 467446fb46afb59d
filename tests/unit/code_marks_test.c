#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <string.h>

#include "elf_builder.h"
#include "symbol/code_marks.h"

enum { CODE = 0x1000, TABLE = 0x2000 };

/* Machine code, and a table that it may point at; both are mapped. */
struct code {
	const uint8_t *bytes;
	size_t size_bytes;
	const uint8_t *table;
	size_t table_bytes;
	uint16_t machine;
};

static void assert_marks(const struct code *code, const char *wanted)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_strbuf struct strbuf marks = STRBUF_INIT;
	auto_image struct image *image = NULL;
	struct symtab symtab = { 0 };
	unsigned text;

	elf.machine = code->machine ? code->machine : EM_X86_64;
	text = elf_add_section(&elf, ".text", SHT_PROGBITS, CODE, code->bytes, code->size_bytes);
	elf_add_segment(&elf, PT_LOAD, PF_R | PF_X, CODE, text);
	if (code->table) {
		unsigned table = elf_add_section(&elf, ".rodata", SHT_PROGBITS, TABLE, code->table,
						 code->table_bytes);

		elf_add_segment(&elf, PT_LOAD, PF_R, TABLE, table);
	}
	elf_builder_finish(&elf, &file);
	assert_null(image_open_bytes(file.ptr, file.len, "test", &image));
	symtab_add_made(&symtab, 0x1100, 0x1110, STR("strcoll"), "@plt");
	symtab_finish(&symtab);
	code_marks_read(image, &symtab, CODE, CODE + code->size_bytes, &marks);
	assert_string_equal(strbuf_text(&marks), wanted);
	symtab_done(&symtab);
}

static void instructions_of_one_use_tell_what_code_does(void **state)
{
	static const uint8_t aes[] = { 0x66, 0x0f, 0x38, 0xdc, 0xc1, /* aesenc xmm0, xmm1 */
				       0x66, 0x0f, 0x38, 0xdd, 0xc1, 0xc3, 0x90 };
	static const uint8_t once[] = { 0x66, 0x0f, 0x38, 0xdc, 0xc1, 0xc3, 0x90, 0x90 };
	static const uint8_t vector_aes[] = { 0xc4, 0xe2, 0x79, 0xdc, 0xc1, 0xc4, 0xe2,
					      0x79, 0xdd, 0xc1, 0xc3, 0x90, 0x90 };
	static const uint8_t spin[] = { 0xf3, 0x90, 0xeb, 0xfc, 0xc3, 0x90 };

	(void)state;
	assert_marks(&(struct code){ .bytes = aes, .size_bytes = sizeof(aes) }, "code:aes");
	assert_marks(&(struct code){ .bytes = once, .size_bytes = sizeof(once) }, "");
	assert_marks(&(struct code){ .bytes = vector_aes, .size_bytes = sizeof(vector_aes) },
		     "code:aes");
	assert_marks(&(struct code){ .bytes = spin, .size_bytes = sizeof(spin) }, "code:spin");
}

static void constants_of_algorithms_tell_what_code_does(void **state)
{
	static const uint8_t sha1[] = { 0x05, 0x99, 0x79, 0x82, 0x5a, /* add eax, 0x5a827999 */
					0x05, 0xa1, 0xeb, 0xd9, 0x6e, 0xc3 };
	static const uint8_t fnv[] = { 0x48, 0xb8, 0x25, 0x23, 0x22, 0x84,
				       0xe4, 0x9c, 0xf2, 0xcb, 0xc3, 0x90 };

	(void)state;
	assert_marks(&(struct code){ .bytes = sha1, .size_bytes = sizeof(sha1) }, "code:sha1");
	assert_marks(&(struct code){ .bytes = fnv, .size_bytes = sizeof(fnv) }, "code:fnv");
}

static void a_table_that_code_points_at_is_looked_at(void **state)
{
	/* lea rax, [rip + TABLE - 0x1007]; ret */
	static const uint8_t lea[] = { 0x48, 0x8d, 0x05, 0xf9, 0x0f, 0x00, 0x00, 0xc3, 0x90 };
	static const uint8_t crc[] = { 0, 0, 0, 0, 0x96, 0x30, 0x07, 0x77 };
	static const uint8_t other[] = { 1, 0, 0, 0, 0x96, 0x30, 0x07, 0x77 };

	(void)state;
	assert_marks(&(struct code){ .bytes = lea,
				     .size_bytes = sizeof(lea),
				     .table = crc,
				     .table_bytes = sizeof(crc) },
		     "code:crc32-table");
	assert_marks(&(struct code){ .bytes = lea,
				     .size_bytes = sizeof(lea),
				     .table = other,
				     .table_bytes = sizeof(other) },
		     "");
	/* a table that is cut by the end of the file */
	assert_marks(
		&(struct code){
			.bytes = lea, .size_bytes = sizeof(lea), .table = crc, .table_bytes = 4 },
		"");
}

static void calls_of_other_files_are_named_by_the_plt(void **state)
{
	/* call 0x1100; call 0x1104, which is inside of a stub */
	static const uint8_t call[] = { 0xe8, 0xfb, 0x00, 0x00, 0x00, 0xc3, 0x90 };
	static const uint8_t inside[] = { 0xe8, 0xff, 0x00, 0x00, 0x00, 0xc3, 0x90 };

	(void)state;
	assert_marks(&(struct code){ .bytes = call, .size_bytes = sizeof(call) }, "calls:strcoll");
	assert_marks(&(struct code){ .bytes = inside, .size_bytes = sizeof(inside) }, "");
}

static void code_of_another_machine_or_none_has_no_marks(void **state)
{
	static const uint8_t spin[] = { 0xf3, 0x90, 0xeb, 0xfc, 0xc3, 0x90 };

	(void)state;
	assert_marks(
		&(struct code){ .bytes = spin, .size_bytes = sizeof(spin), .machine = EM_AARCH64 },
		"");
	assert_marks(&(struct code){ .bytes = spin, .size_bytes = 3 }, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_of_one_use_tell_what_code_does),
		cmocka_unit_test(constants_of_algorithms_tell_what_code_does),
		cmocka_unit_test(a_table_that_code_points_at_is_looked_at),
		cmocka_unit_test(calls_of_other_files_are_named_by_the_plt),
		cmocka_unit_test(code_of_another_machine_or_none_has_no_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
