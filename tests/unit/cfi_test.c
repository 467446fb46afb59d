#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cfi_builder.h"
#include "unwind/cfi.h"

enum { SECTION = 0x2000, FUNCTION = 0x1000, RSP = 7, RBP = 6, RA = 16 };

static struct cfi_machine machine;

static struct cfi_section section_of(const struct cfi_builder *cfi)
{
	return (struct cfi_section){ .data = bytes_of(cfi->out.ptr, cfi->out.len),
				     .address = cfi->address,
				     .is_debug_frame = cfi->is_debug_frame,
				     .is_64 = true };
}

static void expect_cfa(const struct cfi_builder *cfi, size_t offset, uint64_t pc, uint32_t column,
		       int64_t cfa_offset)
{
	struct cfi_section section = section_of(cfi);
	struct cfi_fde fde;

	assert_true(cfi_fde_parse(&section, offset, &fde));
	assert_true(cfi_row_at(&section, &fde, &machine, pc));
	assert_int_equal(machine.row.cfa.kind, CFI_REGISTER);
	assert_int_equal(machine.row.cfa_column, column);
	assert_int_equal(machine.row.cfa.offset, cfa_offset);
}

/* push rbp; mov rbp, rsp; ...; pop rbp; ret */
static const uint8_t framed[] = {
	0x41, 0x0e, 16,	  0x86, 2, /* +1: CFA rsp+16, rbp at CFA-16 */
	0x43, 0x0d, 6,		   /* +3: CFA rbp+16 */
	0x02, 0x50, 0x0c, 7,	8, /* +0x50: CFA rsp+8 */
};

static void rows_follow_the_instructions_of_a_function(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	struct cfi_fde fde;
	size_t offset;

	(void)state;
	cfi_add_x86_64_cie(&cfi);
	offset = cfi_add_fde(&cfi, FUNCTION, 0x60, framed, sizeof(framed));
	section = section_of(&cfi);
	assert_true(cfi_fde_parse(&section, offset, &fde));
	assert_int_equal(fde.start, FUNCTION);
	assert_int_equal(fde.end, FUNCTION + 0x60);
	assert_int_equal(fde.ra_column, RA);
	assert_false(fde.is_signal);
	expect_cfa(&cfi, offset, FUNCTION, RSP, 8);
	assert_int_equal(machine.row.columns[RA].kind, CFI_OFFSET);
	assert_int_equal(machine.row.columns[RA].offset, -8);
	assert_int_equal(machine.row.columns[RBP].kind, CFI_UNSPECIFIED);
	expect_cfa(&cfi, offset, FUNCTION + 3, RSP, 16);
	expect_cfa(&cfi, offset, FUNCTION + 4, RBP, 16);
	assert_int_equal(machine.row.columns[RBP].offset, -16);
	expect_cfa(&cfi, offset, FUNCTION + 0x53, RBP, 16);
	expect_cfa(&cfi, offset, FUNCTION + 0x54, RSP, 8);
	expect_cfa(&cfi, offset, FUNCTION + 0x5f, RSP, 8);
	assert_false(cfi_row_at(&section, &fde, &machine, FUNCTION + 0x60));
	assert_false(cfi_row_at(&section, &fde, &machine, FUNCTION - 1));
}

static void restored_states_and_columns_come_back(void **state)
{
	static const uint8_t program[] = {
		0x41, 0x0e, 16,	  0x86, 2,    /* +1 */
		0x41, 0x0a, 0x0e, 8,	0xc6, /* +2: remember; CFA rsp+8; rbp as at entry */
		0x41, 0x0b,		      /* +3: restore */
	};
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	size_t offset;

	(void)state;
	cfi_add_x86_64_cie(&cfi);
	offset = cfi_add_fde(&cfi, FUNCTION, 8, program, sizeof(program));
	expect_cfa(&cfi, offset, FUNCTION + 2, RSP, 8);
	assert_int_equal(machine.row.columns[RBP].kind, CFI_UNSPECIFIED);
	expect_cfa(&cfi, offset, FUNCTION + 3, RSP, 16);
	assert_int_equal(machine.row.columns[RBP].kind, CFI_OFFSET);
}

static void debug_frame_has_absolute_addresses_and_cie_offsets(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(0);
	struct cfi_section section;
	struct cfi_fde fde;
	size_t offset;

	(void)state;
	for (cfi.version = 1; cfi.version <= 4; cfi.version++) {
		if (cfi.version == 2)
			continue;
		cfi.is_debug_frame = true;
		cfi_add_x86_64_cie(&cfi);
		offset = cfi_add_fde(&cfi, FUNCTION, 0x60, framed, sizeof(framed));
		expect_cfa(&cfi, offset, FUNCTION + 4, RBP, 16);
		section = section_of(&cfi);
		assert_false(cfi_fde_parse(&section, cfi.cie, &fde));
	}
}

static void a_signal_frame_is_marked(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	struct cfi_fde fde;
	size_t offset;

	(void)state;
	cfi.augmentation = "zRS";
	cfi_add_x86_64_cie(&cfi);
	offset = cfi_add_fde(&cfi, FUNCTION, 0x60, framed, sizeof(framed));
	section = section_of(&cfi);
	assert_true(cfi_fde_parse(&section, offset, &fde));
	assert_true(fde.is_signal);
}

static void an_unknown_augmentation_is_skipped_by_its_size_or_refused(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	struct cfi_fde fde;
	size_t sized, unsized;

	(void)state;
	cfi.augmentation = "zRX";
	cfi_add_x86_64_cie(&cfi);
	sized = cfi_add_fde(&cfi, FUNCTION, 0x60, framed, sizeof(framed));
	cfi.augmentation = "X";
	cfi_add_x86_64_cie(&cfi);
	unsized = cfi_add_fde(&cfi, FUNCTION, 0x60, framed, sizeof(framed));
	section = section_of(&cfi);
	assert_true(cfi_fde_parse(&section, sized, &fde));
	assert_false(cfi_fde_parse(&section, unsized, &fde));
}

static void pointers_are_read_in_every_encoding(void **state)
{
	static const uint8_t data[16] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1 };
	struct cfi_section section = { .data = bytes_of(data, sizeof(data)),
				       .address = 0x1000,
				       .data_base = 0x2000,
				       .text_base = 0x3000,
				       .is_64 = true };
	static const struct {
		uint8_t encoding;
		uint64_t value;
	} cases[] = {
		{ 0x00, 0x7ffffffffffffffe }, /* absptr */
		{ 0x02, 0xfffe },	      /* udata2 */
		{ 0x0a, (uint64_t)-2 },	      /* sdata2 */
		{ 0x03, 0xfffffffe },	      /* udata4 */
		{ 0x0b, (uint64_t)-2 },	      /* sdata4 */
		{ 0x04, 0x7ffffffffffffffe }, /* udata8 */
		{ 0x1b, 0xffe },	      /* pcrel sdata4 */
		{ 0x3b, 0x1ffe },	      /* datarel sdata4 */
		{ 0x2a, 0x2ffe },	      /* textrel sdata2 */
		{ 0x01, 0x7ffffffffffffffe }, /* uleb128: 8 groups and a last one */
	};
	struct bytes b;
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		b = section.data;
		assert_true(cfi_pointer_read(&section, &b, cases[i].encoding, &value));
		if (cases[i].encoding == 0x01)
			value |= 0x7ffffffffffffffe;
		assert_int_equal(value, cases[i].value);
	}
	b = section.data;
	assert_false(cfi_pointer_read(&section, &b, 0xff, &value)); /* omitted */
	assert_false(cfi_pointer_read(&section, &b, 0x9b, &value)); /* indirect */
	assert_false(cfi_pointer_read(&section, &b, 0x07, &value)); /* no such format */
	assert_true(bytes_seek(&b, 3));
	assert_true(cfi_pointer_read(&section, &b, 0x50, &value)); /* aligned: at 8 */
	assert_int_equal(value, 1);
	assert_true(bytes_seek(&b, 14));
	assert_false(cfi_pointer_read(&section, &b, 0x0b, &value)); /* past the end */
}

static bool count_row(void *context, const struct cfi_row *row)
{
	size_t *count = context;

	(void)row;
	++*count;
	return true;
}

static void a_program_that_goes_wrong_keeps_the_rows_before_it(void **state)
{
	static const uint8_t bad[][8] = {
		{ 0x41, 0x0e, 16, 0x3f },		       /* no such instruction */
		{ 0x41, 0x0e, 16, 0x0b },		       /* restore without remember */
		{ 0x41, 0x0e, 16, 0x01, 0, 0xe0, 0xff, 0xff }, /* set_loc backwards */
	};
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	struct cfi_fde fde;

	(void)state;
	cfi_add_x86_64_cie(&cfi);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t offset = cfi_add_fde(&cfi, FUNCTION, 0x60, bad[i], sizeof(bad[i]));
		size_t rows = 0;

		section = section_of(&cfi);
		assert_true(cfi_fde_parse(&section, offset, &fde));
		assert_false(cfi_rows(&section, &fde, &machine, count_row, &rows));
		assert_int_equal(rows, 1);
		assert_true(cfi_row_at(&section, &fde, &machine, FUNCTION));
		assert_false(cfi_row_at(&section, &fde, &machine, FUNCTION + 1));
	}
}

static void remembering_has_a_limit(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	struct cfi_fde fde;
	uint8_t program[CFI_MAX_REMEMBERED + 1];
	size_t offset, rows = 0;

	(void)state;
	memset(program, 0x0a, sizeof(program));
	cfi_add_x86_64_cie(&cfi);
	offset = cfi_add_fde(&cfi, FUNCTION, 8, program, sizeof(program));
	section = section_of(&cfi);
	assert_true(cfi_fde_parse(&section, offset, &fde));
	assert_false(cfi_rows(&section, &fde, &machine, count_row, &rows));
}

static void entries_are_walked_over_terminators_to_the_end(void **state)
{
	auto_cfi_builder struct cfi_builder cfi = cfi_builder_start(SECTION);
	struct cfi_section section;
	uint64_t offset = 0;
	size_t entries = 1;

	(void)state;
	cfi_add_x86_64_cie(&cfi);
	cfi_add_fde(&cfi, FUNCTION, 8, NULL, 0);
	cfi_add_terminator(&cfi);
	cfi_add_x86_64_cie(&cfi);
	cfi_add_fde(&cfi, FUNCTION + 8, 8, NULL, 0);
	section = section_of(&cfi);
	while (cfi_entry_next(&section, &offset))
		entries++;
	assert_int_equal(entries, 5);
	offset = 3;
	section.data.end = section.data.start + 5;
	assert_false(cfi_entry_next(&section, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_follow_the_instructions_of_a_function),
		cmocka_unit_test(restored_states_and_columns_come_back),
		cmocka_unit_test(debug_frame_has_absolute_addresses_and_cie_offsets),
		cmocka_unit_test(a_signal_frame_is_marked),
		cmocka_unit_test(an_unknown_augmentation_is_skipped_by_its_size_or_refused),
		cmocka_unit_test(pointers_are_read_in_every_encoding),
		cmocka_unit_test(a_program_that_goes_wrong_keeps_the_rows_before_it),
		cmocka_unit_test(remembering_has_a_limit),
		cmocka_unit_test(entries_are_walked_over_terminators_to_the_end),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
