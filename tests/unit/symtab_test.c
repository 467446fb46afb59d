#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <string.h>

#include "elf_builder.h"
#include "symbol/plt.h"
#include "symbol/symtab.h"

enum { TEXT_ADDRESS = 0x1000, TEXT_BYTES = 0x1000 };

struct built {
	struct elf_builder elf;
	struct strbuf file;
	struct image *image;
	struct symtab symtab;
	unsigned text;
};

static struct built start(void)
{
	struct built built = { .elf = elf_builder_start() };

	built.text =
		elf_add_section(&built.elf, ".text", SHT_PROGBITS, TEXT_ADDRESS, NULL, TEXT_BYTES);
	return built;
}

static void function(struct built *built, const char *name, unsigned binding, uint64_t at,
		     uint64_t size)
{
	elf_add_symbol(&built->elf, name, (uint8_t)ELF64_ST_INFO(binding, STT_FUNC),
		       (uint16_t)built->text, at, size);
}

static void open_image(struct built *built)
{
	auto_error struct error *error = NULL;

	elf_builder_finish(&built->elf, &built->file);
	error = image_open_bytes(built->file.ptr, built->file.len, "built", &built->image);
	assert_null(error);
}

/* Reads the symbols that the test gave. */
static void finish(struct built *built)
{
	elf_finish_symbols(&built->elf, false);
	open_image(built);
	symtab_add_section(&built->symtab, built->image, image_section(built->image, ".symtab"));
	symtab_finish(&built->symtab);
}

static void done(struct built *built)
{
	symtab_done(&built->symtab);
	image_free(built->image);
	strbuf_done(&built->file);
	elf_builder_done(&built->elf);
}

static void check(const struct built *built, uint64_t address, const char *expected)
{
	const struct symbol *symbol = symtab_find(&built->symtab, address);
	struct str name = symbol ? symtab_name(&built->symtab, symbol) : STR("(none)");
	char text[128];

	assert_true(name.len < sizeof(text));
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	assert_string_equal(text, expected);
}

/* Both orders of two names of one address, as ties are broken by order. */
static void check_choice(const char *wins, unsigned wins_binding, uint64_t wins_size,
			 const char *loses, unsigned loses_binding, uint64_t loses_size)
{
	for (unsigned i = 0; i < 2; i++) {
		struct built built = start();

		if (i)
			function(&built, wins, wins_binding, 0x1100, wins_size);
		function(&built, loses, loses_binding, 0x1100, loses_size);
		if (!i)
			function(&built, wins, wins_binding, 0x1100, wins_size);
		function(&built, "after", STB_LOCAL, 0x1110, 4);
		finish(&built);
		assert_int_equal(built.symtab.symbols.count, 2);
		check(&built, 0x1101, wins);
		done(&built);
	}
}

static void a_weak_name_loses(void **state)
{
	(void)state;
	check_choice("a", STB_LOCAL, 8, "much_longer", STB_WEAK, 8);
}

static void a_global_name_wins_over_a_local_one(void **state)
{
	(void)state;
	check_choice("__a", STB_GLOBAL, 8, "much_longer", STB_LOCAL, 8);
}

static void fewer_leading_underscores_win(void **state)
{
	(void)state;
	check_choice("read", STB_GLOBAL, 8, "__libc_read", STB_GLOBAL, 8);
}

static void the_longer_name_wins_as_it_is_shown(void **state)
{
	(void)state;
	check_choice("memcpy_long", STB_GLOBAL, 8, "memcpy", STB_GLOBAL, 8);
	/* "x::y<int>" is longer than "abcdefg", and has fewer underscores than its mangled form. */
	check_choice("_ZN1x1yIiEEvv", STB_GLOBAL, 8, "abcdefg", STB_GLOBAL, 8);
}

static void a_name_with_a_size_wins_over_one_without(void **state)
{
	struct built built = start();

	(void)state;
	function(&built, "label", STB_GLOBAL, 0x1100, 0);
	function(&built, "sized", STB_WEAK, 0x1100, 8);
	finish(&built);
	check(&built, 0x1107, "sized");
	check(&built, 0x1108, "(none)");
	done(&built);
}

static void a_name_without_a_size_reaches_to_the_next_one(void **state)
{
	struct built built = start();

	(void)state;
	function(&built, "open", STB_GLOBAL, 0x1100, 0);
	function(&built, "next", STB_GLOBAL, 0x1200, 0x10);
	function(&built, "last", STB_GLOBAL, 0x1300, 0);
	finish(&built);
	check(&built, 0x11ff, "open");
	check(&built, 0x1200, "next");
	check(&built, 0x1210, "(none)");
	check(&built, 0x1fff, "last");
	check(&built, 0x2fff, "last");
	check(&built, 0x3000, "(none)");
	check(&built, 0x10ff, "(none)");
	done(&built);
}

static void what_is_no_code_has_no_name(void **state)
{
	struct built built = start();
	unsigned data = elf_add_section(&built.elf, ".data", SHT_PROGBITS, 0x4000, NULL, 64);

	(void)state;
	elf_add_symbol(&built.elf, "object", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), (uint16_t)data,
		       0x4000, 8);
	elf_add_symbol(&built.elf, "GLIBC_2.2.5", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), SHN_ABS, 0,
		       0);
	elf_add_symbol(&built.elf, "imported", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF,
		       0x1100, 8);
	elf_add_symbol(&built.elf, "file.c", ELF64_ST_INFO(STB_LOCAL, STT_FILE), SHN_ABS, 0, 0);
	elf_add_symbol(&built.elf, "label", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE),
		       (uint16_t)built.text, 0x1200, 0);
	finish(&built);
	assert_int_equal(built.symtab.symbols.count, 1);
	check(&built, 0x1200, "label");
	done(&built);
}

static void a_function_goes_on_behind_a_label_inside_of_it(void **state)
{
	struct built built = start();

	(void)state;
	function(&built, "outer", STB_GLOBAL, 0x1100, 0x100);
	function(&built, "inner", STB_GLOBAL, 0x1140, 0x10);
	finish(&built);
	check(&built, 0x113f, "outer");
	check(&built, 0x114f, "inner");
	check(&built, 0x1150, "outer");
	done(&built);
}

static void arm_mapping_symbols_are_no_names(void **state)
{
	struct built built = start();

	(void)state;
	built.elf.machine = EM_AARCH64;
	elf_add_symbol(&built.elf, "$x", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), (uint16_t)built.text,
		       0x1100, 0);
	elf_add_symbol(&built.elf, "$d.12", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE),
		       (uint16_t)built.text, 0x1104, 0);
	function(&built, "$dollar", STB_LOCAL, 0x1108, 4);
	finish(&built);
	assert_int_equal(built.symtab.symbols.count, 1);
	check(&built, 0x1109, "$dollar");
	done(&built);
}

static void a_32_bit_big_endian_table_is_read(void **state)
{
	struct built built = start();

	(void)state;
	built.elf.is_64 = false;
	built.elf.is_big_endian = true;
	function(&built, "first", STB_GLOBAL, 0x1100, 0x10);
	function(&built, "second", STB_GLOBAL, 0x1110, 0x10);
	finish(&built);
	check(&built, 0x1105, "first");
	check(&built, 0x111f, "second");
	done(&built);
}

static void names_outside_of_the_text_table_are_empty(void **state)
{
	struct built built = start();

	(void)state;
	function(&built, "good", STB_GLOBAL, 0x1100, 0x10);
	/* A name offset far behind the end. */
	memset(built.elf.symbols.ptr + 24, 0x7f, 4);
	function(&built, "other", STB_GLOBAL, 0x1200, 0x10);
	finish(&built);
	check(&built, 0x1100, "(none)");
	check(&built, 0x1200, "other");
	done(&built);
}

static void stubs_are_named_after_the_slot_that_they_jump_through(void **state)
{
	struct built built = start();
	auto_strbuf struct strbuf stubs = STRBUF_INIT, relocations = STRBUF_INIT;
	unsigned plt;

	(void)state;
	/* endbr64; bnd jmp *slot(%rip), as .plt.sec has it; the second stub uses the first slot. */
	for (unsigned i = 0; i < 2; i++) {
		uint64_t slot = 0x3000 + (i ? 0 : 8), next = 0x2000 + i * 16 + 4 + 1 + 6;

		strbuf_add(&stubs, (struct str){ "\xf3\x0f\x1e\xfa\xf2\xff\x25", 7 });
		elf_put(&built.elf, &stubs, slot - next, 4);
		strbuf_add_repeated(&stubs, '\x90', 5);
	}
	for (unsigned i = 0; i < 2; i++) {
		elf_put(&built.elf, &relocations, 0x3000 + i * 8, 8);
		elf_put(&built.elf, &relocations, ELF64_R_INFO(i + 1, R_X86_64_JUMP_SLOT), 8);
		elf_put(&built.elf, &relocations, 0, 8);
	}
	plt = elf_add_section(&built.elf, ".plt.sec", SHT_PROGBITS, 0x2000, stubs.ptr, stubs.len);
	built.elf.sections[plt].flags |= SHF_EXECINSTR;
	elf_add_section(&built.elf, ".rela.plt", SHT_RELA, 0, relocations.ptr, relocations.len);
	elf_add_symbol(&built.elf, "malloc", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF, 0, 0);
	elf_add_symbol(&built.elf, "free", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF, 0, 0);
	elf_finish_symbols(&built.elf, true);
	open_image(&built);
	plt_add_symbols(&built.symtab, built.image);
	symtab_finish(&built.symtab);
	check(&built, 0x2004, "free@plt");
	check(&built, 0x2014, "malloc@plt");
	check(&built, 0x2020, "(none)");
	done(&built);
}

static void aarch64_stubs_are_named_in_the_order_of_the_relocations(void **state)
{
	struct built built = start();
	auto_strbuf struct strbuf relocations = STRBUF_INIT;

	(void)state;
	built.elf.machine = EM_AARCH64;
	for (unsigned i = 0; i < 2; i++) {
		elf_put(&built.elf, &relocations, 0x3000 + i * 8, 8);
		elf_put(&built.elf, &relocations, ELF64_R_INFO(2 - i, R_AARCH64_JUMP_SLOT), 8);
		elf_put(&built.elf, &relocations, 0, 8);
	}
	elf_add_section(&built.elf, ".plt", SHT_PROGBITS, 0x2000, NULL, 32 + 2 * 16);
	elf_add_section(&built.elf, ".rela.plt", SHT_RELA, 0, relocations.ptr, relocations.len);
	elf_add_symbol(&built.elf, "malloc", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF, 0, 0);
	elf_add_symbol(&built.elf, "free", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF, 0, 0);
	elf_finish_symbols(&built.elf, true);
	open_image(&built);
	plt_add_symbols(&built.symtab, built.image);
	symtab_finish(&built.symtab);
	check(&built, 0x2020, "free@plt");
	check(&built, 0x203f, "malloc@plt");
	check(&built, 0x2000, "(none)");
	done(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_weak_name_loses),
		cmocka_unit_test(a_global_name_wins_over_a_local_one),
		cmocka_unit_test(fewer_leading_underscores_win),
		cmocka_unit_test(the_longer_name_wins_as_it_is_shown),
		cmocka_unit_test(a_name_with_a_size_wins_over_one_without),
		cmocka_unit_test(a_name_without_a_size_reaches_to_the_next_one),
		cmocka_unit_test(what_is_no_code_has_no_name),
		cmocka_unit_test(a_function_goes_on_behind_a_label_inside_of_it),
		cmocka_unit_test(arm_mapping_symbols_are_no_names),
		cmocka_unit_test(a_32_bit_big_endian_table_is_read),
		cmocka_unit_test(names_outside_of_the_text_table_are_empty),
		cmocka_unit_test(stubs_are_named_after_the_slot_that_they_jump_through),
		cmocka_unit_test(aarch64_stubs_are_named_in_the_order_of_the_relocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
