#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "dwarf_builder.h"
#include "symbol/dwarf_constants.h"
#include "symbol/symbolizer.h"

enum { UNIT = 1, FUNCTION, INLINED, ABSTRACT };

/* A directory that stands for the root of the recorded machine. */
struct fixture {
	char *root, *kallsyms;
	struct dso_table table;
	struct symbolizer *symbolizer;
};

/* `f` stays where it is: the symbolizer keeps a pointer to the table. */
static void start(struct fixture *f)
{
	const struct symbolizer_options options = { .inlines = true,
						    .lines = true,
						    .demangle = true };
	auto_free char *tmp = NULL;
	struct dso_options where = { 0 };

	*f = (struct fixture){ .root = x_strdup("symbolizer-test-XXXXXX") };
	assert_non_null(mkdtemp(f->root));
	tmp = x_asprintf("%s/tmp", f->root);
	assert_int_equal(mkdir(tmp, 0700), 0);
	f->kallsyms = x_asprintf("%s/kallsyms", f->root);
	where.sysroot = f->root;
	where.debug_dirs = f->root;
	where.build_id_dir = f->root;
	where.kallsyms_path = f->kallsyms;
	dso_table_init(&f->table, &where);
	f->symbolizer = symbolizer_new(&f->table, &options);
}

static void done(struct fixture *f)
{
	auto_free char *command = x_asprintf("rm -r %s", f->root);

	symbolizer_free(f->symbolizer);
	dso_table_done(&f->table);
	free(f->root);
	free(f->kallsyms);
	assert_int_equal(system(command), 0);
}

static void write_file(const struct fixture *f, const char *name, struct str text)
{
	auto_free char *path = x_asprintf("%s/%s", f->root, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_int_equal(fwrite(text.ptr, 1, text.len, stream), text.len);
	assert_int_equal(fclose(stream), 0);
}

static void put_dwarf(struct dwarf_builder *d)
{
	static const struct line_entry rows[] = { { 0x1100, 1, 5 }, { 0x1110, 2, 50 } };
	uint64_t origin;

	dwarf_put_abbrev(d, UNIT, DW_TAG_compile_unit, true, DW_AT_producer, DW_FORM_string,
			 DW_AT_comp_dir, DW_FORM_string, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
			 DW_FORM_data4, DW_AT_stmt_list, DW_FORM_sec_offset, 0);
	dwarf_put_abbrev(d, FUNCTION, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string,
			 DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, 0);
	dwarf_put_abbrev(d, INLINED, DW_TAG_inlined_subroutine, false, DW_AT_abstract_origin,
			 DW_FORM_ref4, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4,
			 DW_AT_call_file, DW_FORM_data1, DW_AT_call_line, DW_FORM_data1, 0);
	dwarf_put_abbrev(d, ABSTRACT, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string, 0);
	dwarf_end_abbrevs(d);
	dwarf_start_unit(d, DW_UT_compile, 0);
	dwarf_put_entry(d, UNIT);
	dwarf_put_text(d, "GNU C17 12.2.0 -g");
	dwarf_put_text(d, "/src");
	dwarf_put_address(d, 0x1000);
	dwarf_put_number(d, 0x1000, 4);
	dwarf_put_offset(d, dwarf_put_lines(d, rows, 2, 0x1200));
	origin = dwarf_put_entry(d, ABSTRACT);
	dwarf_put_text(d, "helper");
	dwarf_put_entry(d, FUNCTION);
	dwarf_put_text(d, "as_dwarf_says");
	dwarf_put_address(d, 0x1100);
	dwarf_put_number(d, 0x100, 4);
	dwarf_put_entry(d, INLINED);
	dwarf_put_number(d, origin - d->unit_start, 4);
	dwarf_put_address(d, 0x1110);
	dwarf_put_number(d, 0x20, 4);
	dwarf_put_number(d, 1, 1);
	dwarf_put_number(d, 9, 1);
	dwarf_put_entry(d, 0);
	dwarf_put_entry(d, 0);
	dwarf_end_unit(d);
	dwarf_add_sections(d);
}

static void write_program(const struct fixture *f, const char *name, bool with_symbols,
			  bool with_dwarf)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_dwarf_builder struct dwarf_builder dwarf = dwarf_builder_start(&elf, 4, 4);
	auto_strbuf struct strbuf file = STRBUF_INIT;
	unsigned text = elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1000, NULL, 0x1000);

	elf_add_section(&elf, ".eh_frame", SHT_PROGBITS, 0x3000, NULL, 4);
	if (with_symbols) {
		elf_add_symbol(&elf, "_ZN3app4mainEv", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			       (uint16_t)text, 0x1100, 0x100);
		elf_finish_symbols(&elf, false);
	}
	if (with_dwarf)
		put_dwarf(&dwarf);
	elf_builder_finish(&elf, &file);
	write_file(f, name, strbuf_str(&file));
}

/* "name@file:line" of each frame, inlined ones in brackets, innermost first. */
static void check(struct fixture *f, struct dso *dso, uint64_t address, const char *expected,
		  uint64_t expected_start)
{
	struct symbol_frames frames = symbolizer_find(f->symbolizer, dso, address, 0);
	const struct interner *texts = symbolizer_texts(f->symbolizer);
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (uint32_t i = 0; i < frames.count; i++) {
		const struct symbol_frame *frame = &frames.items[i];

		strbuf_addf(&text, frame->inlined ? "[%s@%s:%u] " : "%s@%s:%u",
			    interned_text(texts, frame->name), interned_text(texts, frame->file),
			    frame->line);
	}
	assert_string_equal(strbuf_text(&text), expected);
	assert_int_equal(frames.symbol_start, expected_start);
}

static void the_physical_name_is_the_symbol_tables(void **state)
{
	struct fixture f;
	struct dso *dso;
	struct dso_build_facts facts;

	(void)state;
	start(&f);
	dso = dso_table_get(&f.table, DSO_FILE, "/program", -1, NULL);
	write_program(&f, "program", true, true);
	check(&f, dso, 0x1100, "app::main@/src/a.cc:5", 0x1100);
	check(&f, dso, 0x1112, "[helper@/src/sub/b.h:50] app::main@/src/a.cc:9", 0x1100);
	check(&f, dso, 0x1300, "@:0", 0);
	facts = symbolizer_build_facts(f.symbolizer, dso);
	assert_true(facts.has_symtab && facts.has_debug_info && facts.has_unwind_info);
	assert_true(facts.unoptimised);
	assert_false(facts.split_dwarf_missing);
	assert_string_equal(interned_text(symbolizer_texts(f.symbolizer), facts.producer),
			    "GNU C17 12.2.0 -g");
	done(&f);
}

static void without_a_symbol_table_dwarf_has_the_name(void **state)
{
	struct fixture f;
	struct dso *dso;

	(void)state;
	start(&f);
	dso = dso_table_get(&f.table, DSO_FILE, "/program", -1, NULL);
	write_program(&f, "program", false, true);
	check(&f, dso, 0x1150, "as_dwarf_says@/src/sub/b.h:50", 0x1100);
	assert_false(symbolizer_build_facts(f.symbolizer, dso).has_symtab);
	done(&f);
}

static void without_debug_information_there_is_the_symbol_alone(void **state)
{
	struct fixture f;
	struct dso *dso;

	(void)state;
	start(&f);
	dso = dso_table_get(&f.table, DSO_FILE, "/program", -1, NULL);
	write_program(&f, "program", true, false);
	check(&f, dso, 0x1112, "app::main@:0", 0x1100);
	assert_false(symbolizer_build_facts(f.symbolizer, dso).has_debug_info);
	done(&f);
}

/* A file with a function in .dynsym and another in .gnu_debugdata. */
static void write_fedora_program(const struct fixture *f, const char *name, bool damaged)
{
	auto_elf_builder struct elf_builder mini = elf_builder_start(), elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	uint8_t packed[4096];
	size_t packed_bytes = 0;
	unsigned text;

	text = elf_add_section(&mini, ".text", SHT_NOBITS, 0x1000, NULL, 0x1000);
	elf_add_symbol(&mini, "hidden_one", ELF64_ST_INFO(STB_LOCAL, STT_FUNC), (uint16_t)text,
		       0x1200, 0x10);
	elf_finish_symbols(&mini, false);
	elf_builder_finish(&mini, &file);
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL,
						 (const uint8_t *)file.ptr, file.len, packed,
						 &packed_bytes, sizeof(packed)),
			 LZMA_OK);
	if (damaged)
		packed[packed_bytes / 2] ^= 0x55;
	strbuf_reset(&file);
	text = elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1000, NULL, 0x1000);
	elf_add_symbol(&elf, "exported", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), (uint16_t)text,
		       0x1100, 0x10);
	elf_finish_symbols(&elf, true);
	elf_add_section(&elf, ".gnu_debugdata", SHT_PROGBITS, 0, packed, packed_bytes);
	elf_builder_finish(&elf, &file);
	write_file(f, name, strbuf_str(&file));
}

static void a_packed_symbol_table_adds_what_the_dynamic_one_lacks(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	write_fedora_program(&f, "good", false);
	write_fedora_program(&f, "bad", true);
	check(&f, dso_table_get(&f.table, DSO_FILE, "/good", -1, NULL), 0x1108, "exported@:0",
	      0x1100);
	check(&f, dso_table_get(&f.table, DSO_FILE, "/good", -1, NULL), 0x1208, "hidden_one@:0",
	      0x1200);
	check(&f, dso_table_get(&f.table, DSO_FILE, "/bad", -1, NULL), 0x1108, "exported@:0",
	      0x1100);
	check(&f, dso_table_get(&f.table, DSO_FILE, "/bad", -1, NULL), 0x1208, "@:0", 0);
	done(&f);
}

static void many_addresses_are_each_worked_out_once(void **state)
{
	struct fixture f;
	struct dso *dso;
	const struct symbol_frame *first[0x1000];

	(void)state;
	start(&f);
	dso = dso_table_get(&f.table, DSO_FILE, "/program", -1, NULL);
	write_program(&f, "program", true, true);
	for (uint64_t i = 0; i < ARRAY_SIZE(first); i++)
		first[i] = symbolizer_find(f.symbolizer, dso, 0x1000 + i, 0).items;
	for (uint64_t i = 0; i < ARRAY_SIZE(first); i++)
		assert_ptr_equal(symbolizer_find(f.symbolizer, dso, 0x1000 + i, 0).items, first[i]);
	done(&f);
}

static void names_that_the_recording_brought_win_also_when_they_come_late(void **state)
{
	struct fixture f;
	struct dso *dso, *bpf;

	(void)state;
	start(&f);
	dso = dso_table_get(&f.table, DSO_FILE, "/program", -1, NULL);
	bpf = dso_table_get(&f.table, DSO_BPF, "bpf_prog_1", -1, NULL);
	write_program(&f, "program", true, false);
	write_file(&f, "kallsyms", STR(""));
	dso_add_name(&f.table, dso, 0x1120, 0x10, STR("_ZN3app4lateEv"));
	check(&f, dso, 0x1125, "app::late@:0", 0x1120);
	check(&f, dso, 0x1135, "app::main@:0", 0x1100);
	check(&f, bpf, 0xffffffffc0001000, "@:0", 0);
	dso_add_name(&f.table, bpf, 0xffffffffc0001000, 0x10, STR("bpf_prog_1"));
	check(&f, bpf, 0xffffffffc0001000, "bpf_prog_1@:0", 0xffffffffc0001000);
	done(&f);
}

static void kernel_and_modules_share_one_table_of_names(void **state)
{
	struct fixture f;
	struct dso *kernel, *module;

	(void)state;
	start(&f);
	kernel = dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, NULL);
	module = dso_table_get(&f.table, DSO_MODULE, "[mod]", -1, NULL);
	write_file(&f, "kallsyms",
		   STR("ffffffff81000000 T _text\nffffffff81000100 T _Zschedule\n"
		       "ffffffffc0001000 t in_module\t[mod]\n"));
	/* The kernel's names are never demangled. */
	check(&f, kernel, 0xffffffff81000104, "_Zschedule@:0", 0xffffffff81000100);
	check(&f, module, 0xffffffffc0001004, "in_module@:0", 0xffffffffc0001000);
	assert_true(symbolizer_build_facts(f.symbolizer, kernel).has_symtab);
	done(&f);
}

static void another_machines_kernel_is_named_by_its_vmlinux_where_it_lay_then(void **state)
{
	static const struct build_id id = { { 0xab, 0xcd, 0xef }, 3 };
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_free char *directory = NULL;
	struct fixture f;
	struct dso *kernel;
	unsigned text;

	(void)state;
	start(&f);
	free(take_ptr(f.kallsyms));
	f.table.options.kallsyms_path = NULL;
	elf_add_build_id(&elf, id.bytes, id.size_bytes);
	text = elf_add_section(&elf, ".text", SHT_NOBITS, 0xffffffff81000000, NULL, 0x1000);
	elf.sections[text].flags |= SHF_ALLOC | SHF_EXECINSTR;
	elf_add_symbol(&elf, "_text", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), (uint16_t)text,
		       0xffffffff81000000, 0);
	elf_add_symbol(&elf, "schedule", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), (uint16_t)text,
		       0xffffffff81000100, 0x40);
	elf_finish_symbols(&elf, false);
	elf_builder_finish(&elf, &file);
	directory = x_asprintf("%s/.build-id", f.root);
	assert_int_equal(mkdir(directory, 0700), 0);
	free(directory);
	directory = x_asprintf("%s/.build-id/ab", f.root);
	assert_int_equal(mkdir(directory, 0700), 0);
	write_file(&f, ".build-id/ab/cdef.debug", strbuf_str(&file));
	kernel = dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, &id);
	kernel->kernel_text = 0xffffffff9a000000;
	check(&f, kernel, 0xffffffff9a000104, "schedule@:0", 0xffffffff9a000100);
	check(&f, kernel, 0xffffffff81000104, "@:0", 0);
	done(&f);
}

static void hidden_kernel_names_are_said(void **state)
{
	struct fixture f;
	struct dso *kernel;

	(void)state;
	start(&f);
	kernel = dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, NULL);
	write_file(&f, "kallsyms", STR("0000000000000000 T _text\n0000000000000000 T schedule\n"));
	check(&f, kernel, 0xffffffff81000104, "@:0", 0);
	assert_true(symbolizer_build_facts(f.symbolizer, kernel).names_hidden);
	assert_false(symbolizer_build_facts(f.symbolizer, kernel).has_symtab);
	done(&f);
}

static void jit_code_is_named_by_the_map_of_its_process(void **state)
{
	struct fixture f;
	struct dso *jit, *other;

	(void)state;
	start(&f);
	jit = dso_table_get(&f.table, DSO_JIT, "//anon", 77, NULL);
	other = dso_table_get(&f.table, DSO_JIT, "//anon", 78, NULL);
	write_file(&f, "tmp/perf-77.map", STR("7f0000001000 40 JS:*_Zadd a.js:1\n"));
	check(&f, jit, 0x7f0000001010, "JS:*_Zadd a.js:1@:0", 0x7f0000001000);
	check(&f, other, 0x7f0000001010, "@:0", 0);
	assert_true(symbolizer_build_facts(f.symbolizer, jit).has_symtab);
	assert_false(symbolizer_build_facts(f.symbolizer, other).has_symtab);
	done(&f);
}

static void what_is_not_there_has_no_name(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	check(&f, dso_table_get(&f.table, DSO_FILE, "/absent", -1, NULL), 0x1100, "@:0", 0);
	check(&f, dso_table_get(&f.table, DSO_UNMAPPED, "[unknown]", -1, NULL), 0x1100, "@:0", 0);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_physical_name_is_the_symbol_tables),
		cmocka_unit_test(without_a_symbol_table_dwarf_has_the_name),
		cmocka_unit_test(without_debug_information_there_is_the_symbol_alone),
		cmocka_unit_test(a_packed_symbol_table_adds_what_the_dynamic_one_lacks),
		cmocka_unit_test(many_addresses_are_each_worked_out_once),
		cmocka_unit_test(names_that_the_recording_brought_win_also_when_they_come_late),
		cmocka_unit_test(kernel_and_modules_share_one_table_of_names),
		cmocka_unit_test(another_machines_kernel_is_named_by_its_vmlinux_where_it_lay_then),
		cmocka_unit_test(hidden_kernel_names_are_said),
		cmocka_unit_test(jit_code_is_named_by_the_map_of_its_process),
		cmocka_unit_test(what_is_not_there_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
