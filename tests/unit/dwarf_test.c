#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "dwarf_builder.h"
#include "symbol/dwarf.h"
#include "symbol/dwarf_constants.h"

enum {
	UNIT = 1,
	NAMESPACE,
	ABSTRACT, /* DW_AT_name, DW_AT_linkage_name */
	PLAIN,	  /* DW_AT_name */
	FUNCTION,
	BLOCK,
	INLINED,
	FUNCTION_PASSED_BY, /* with DW_AT_sibling */
	FUNCTION_RANGES,
	FUNCTION_ORIGIN,
	UNIT_RANGES,
	INLINED_FAR, /* its origin is in another unit */
	INLINED_ALT, /* its origin is in the dwz file */
};

enum { CXX = 0x04, C99 = 0x0c };

/* What a test looks at. */
struct fixture {
	struct elf_builder elf;
	struct dwarf_builder dwarf;
	struct strbuf file;
	struct image *image;
	struct interner texts;
	struct dwarf *reader;
};

static unsigned offset_form(const struct fixture *f)
{
	if (f->dwarf.version >= 4)
		return DW_FORM_sec_offset;
	return f->dwarf.offset_bytes == 8 ? DW_FORM_data8 : DW_FORM_data4;
}

static void put_abbrevs(struct fixture *f)
{
	struct dwarf_builder *d = &f->dwarf;
	unsigned offset = offset_form(f);

	dwarf_put_abbrev(d, UNIT, DW_TAG_compile_unit, true, DW_AT_producer, DW_FORM_string,
			 DW_AT_language, DW_FORM_data1, DW_AT_comp_dir, DW_FORM_string,
			 DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_addr, DW_AT_stmt_list,
			 offset, 0);
	dwarf_put_abbrev(d, NAMESPACE, DW_TAG_namespace, true, DW_AT_name, DW_FORM_string, 0);
	dwarf_put_abbrev(d, ABSTRACT, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string,
			 DW_AT_linkage_name, DW_FORM_string, 0);
	dwarf_put_abbrev(d, PLAIN, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string, 0);
	dwarf_put_abbrev(d, FUNCTION, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string,
			 DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, 0);
	dwarf_put_abbrev(d, BLOCK, DW_TAG_lexical_block, true, 0);
	dwarf_put_abbrev(d, INLINED, DW_TAG_inlined_subroutine, true, DW_AT_abstract_origin,
			 DW_FORM_ref4, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4,
			 DW_AT_call_file, DW_FORM_data1, DW_AT_call_line, DW_FORM_udata, 0);
	dwarf_put_abbrev(d, FUNCTION_PASSED_BY, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string,
			 DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, DW_AT_sibling,
			 DW_FORM_ref4, 0);
	dwarf_put_abbrev(d, FUNCTION_RANGES, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string,
			 DW_AT_ranges, offset, 0);
	dwarf_put_abbrev(d, FUNCTION_ORIGIN, DW_TAG_subprogram, false, DW_AT_abstract_origin,
			 DW_FORM_ref4, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, 0);
	dwarf_put_abbrev(d, UNIT_RANGES, DW_TAG_compile_unit, true, DW_AT_low_pc, DW_FORM_addr,
			 DW_AT_ranges, offset, 0);
	dwarf_put_abbrev(d, INLINED_FAR, DW_TAG_inlined_subroutine, false, DW_AT_abstract_origin,
			 DW_FORM_ref_addr, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4,
			 0);
	dwarf_put_abbrev(d, INLINED_ALT, DW_TAG_inlined_subroutine, false, DW_AT_abstract_origin,
			 DW_FORM_GNU_ref_alt, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
			 DW_FORM_data4, 0);
	dwarf_end_abbrevs(d);
}

static void start(struct fixture *f, unsigned version, unsigned offset_bytes)
{
	*f = (struct fixture){ .elf = elf_builder_start() };
	f->dwarf = dwarf_builder_start(&f->elf, version, offset_bytes);
	put_abbrevs(f);
}

static void start_unit(struct fixture *f, unsigned language, uint64_t low_pc, uint64_t high_pc,
		       uint64_t lines)
{
	dwarf_start_unit(&f->dwarf, DW_UT_compile, 0);
	dwarf_put_entry(&f->dwarf, UNIT);
	dwarf_put_text(&f->dwarf, "GNU C++17 12.2.0 -g -O2");
	dwarf_put_number(&f->dwarf, language, 1);
	dwarf_put_text(&f->dwarf, "/src");
	dwarf_put_address(&f->dwarf, low_pc);
	dwarf_put_address(&f->dwarf, high_pc);
	dwarf_put_offset(&f->dwarf, lines);
}

static void put_function(struct fixture *f, unsigned code, const char *name, uint64_t low_pc,
			 uint64_t size)
{
	dwarf_put_entry(&f->dwarf, code);
	dwarf_put_text(&f->dwarf, name);
	dwarf_put_address(&f->dwarf, low_pc);
	dwarf_put_number(&f->dwarf, size, 4);
}

static void put_inlined(struct fixture *f, uint64_t origin, uint64_t low_pc, uint64_t size,
			unsigned file, unsigned line)
{
	dwarf_put_entry(&f->dwarf, INLINED);
	dwarf_put_number(&f->dwarf, origin - f->dwarf.unit_start, 4);
	dwarf_put_address(&f->dwarf, low_pc);
	dwarf_put_number(&f->dwarf, size, 4);
	dwarf_put_number(&f->dwarf, file, 1);
	elf_put_uleb(&f->dwarf.info, line);
}

static void open_reader(struct fixture *f, struct image *alt)
{
	const struct dwarf_options options = {
		.texts = &f->texts, .demangle = true, .inlines = true, .lines = true
	};
	auto_error struct error *error = NULL;

	dwarf_add_sections(&f->dwarf);
	elf_builder_finish(&f->elf, &f->file);
	error = image_open_bytes(f->file.ptr, f->file.len, "built", &f->image);
	assert_null(error);
	f->reader = dwarf_new(f->image, alt, &options);
}

static void done(struct fixture *f)
{
	dwarf_free(f->reader);
	image_free(f->image);
	interner_done(&f->texts);
	strbuf_done(&f->file);
	dwarf_builder_done(&f->dwarf);
	elf_builder_done(&f->elf);
}

/* "name file:line" of each frame, one a line. */
static void check(struct fixture *f, uint64_t address, const char *expected)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	auto_strbuf struct strbuf text = STRBUF_INIT;
	uint64_t start_address;
	size_t count = dwarf_find(f->reader, address, frames, &start_address);

	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%s %s:%u\n", interned_text(&f->texts, frames[i].name),
			    interned_text(&f->texts, frames[i].file), frames[i].line);
	assert_string_equal(strbuf_text(&text), expected);
}

/* outer [1100, 1200) with mid [1110, 1150) inlined, and inner [1120, 1130) into that. */
static void put_nest(struct fixture *f)
{
	static const struct line_entry rows[] = { { 0x1100, 1, 5 },   { 0x1110, 2, 50 },
						  { 0x1120, 1, 300 }, { 0x1130, 2, 51 },
						  { 0x1150, 1, 6 },   { 0x1160, 1, 7 } };
	uint64_t inner, mid;

	start_unit(f, CXX, 0x1000, 0x2000,
		   dwarf_put_lines(&f->dwarf, rows, ARRAY_SIZE(rows), 0x1200));
	dwarf_put_entry(&f->dwarf, NAMESPACE);
	dwarf_put_text(&f->dwarf, "ns");
	inner = dwarf_put_entry(&f->dwarf, ABSTRACT);
	dwarf_put_text(&f->dwarf, "inner");
	dwarf_put_text(&f->dwarf, "_ZN2ns5innerEv");
	mid = dwarf_put_entry(&f->dwarf, PLAIN);
	dwarf_put_text(&f->dwarf, "mid");
	dwarf_put_entry(&f->dwarf, 0);
	put_function(f, FUNCTION, "outer", 0x1100, 0x100);
	dwarf_put_entry(&f->dwarf, BLOCK);
	put_inlined(f, mid, 0x1110, 0x40, 1, 10);
	dwarf_put_entry(&f->dwarf, BLOCK);
	put_inlined(f, inner, 0x1120, 0x10, 2, 20);
	for (unsigned i = 0; i < 6; i++)
		dwarf_put_entry(&f->dwarf, 0);
	dwarf_end_unit(&f->dwarf);
}

static void check_nest(struct fixture *f)
{
	check(f, 0x1100, "outer /src/a.cc:5\n");
	check(f, 0x1110, "ns::mid /src/sub/b.h:50\nouter /src/a.cc:10\n");
	check(f, 0x112f, "ns::inner /src/a.cc:300\nns::mid /src/sub/b.h:20\nouter /src/a.cc:10\n");
	check(f, 0x1130, "ns::mid /src/sub/b.h:51\nouter /src/a.cc:10\n");
	check(f, 0x1150, "outer /src/a.cc:6\n");
	check(f, 0x11ff, "outer /src/a.cc:7\n");
	check(f, 0x1200, "");
	check(f, 0x10ff, "");
	check(f, 0x3000, "");
}

static void inlined_functions_and_lines_are_found_in_all_versions_and_encodings(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned version = 2; version <= 5; version++) {
		for (unsigned i = 0; i < 8; i++) {
			start(&f, version, i & 1 ? 8 : 4);
			f.elf.is_big_endian = i & 2;
			f.elf.is_64 = !(i & 4);
			f.dwarf.address_bytes = f.elf.is_64 ? 8 : 4;
			put_nest(&f);
			open_reader(&f, NULL);
			check_nest(&f);
			done(&f);
		}
	}
}

static void aranges_say_which_unit_an_address_is_in(void **state)
{
	struct fixture f;
	uint64_t second;

	(void)state;
	start(&f, 4, 4);
	start_unit(&f, C99, 0, 0, 0);
	put_function(&f, FUNCTION, "first", 0x1000, 0x10);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	second = f.dwarf.info.len;
	start_unit(&f, C99, 0, 0, 0);
	put_function(&f, FUNCTION, "second", 0x2000, 0x10);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	dwarf_put_arange(&f.dwarf, second, 0x2000, 0x10);
	dwarf_put_arange(&f.dwarf, 0, 0x1000, 0x10);
	dwarf_put_arange(&f.dwarf, 7, 0x3000, 0x10); /* no unit starts there */
	open_reader(&f, NULL);
	check(&f, 0x1001, "first :0\n");
	check(&f, 0x200f, "second :0\n");
	check(&f, 0x3000, "");
	done(&f);
}

static void a_function_inside_of_one_that_was_passed_by_is_found_all_the_same(void **state)
{
	struct fixture f;
	size_t reference;

	(void)state;
	start(&f, 4, 4);
	start_unit(&f, C99, 0x1000, 0x2000, 0);
	put_function(&f, FUNCTION_PASSED_BY, "outer", 0x1100, 0x100);
	reference = f.dwarf.info.len;
	dwarf_put_number(&f.dwarf, 0, 4);
	put_function(&f, FUNCTION, "nested", 0x1800, 0x10);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_patch_reference(&f.dwarf, reference, f.dwarf.info.len);
	put_function(&f, FUNCTION, "next", 0x1900, 0x10);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x1100, "outer :0\n");
	check(&f, 0x1900, "next :0\n");
	check(&f, 0x1808, "nested :0\n");
	check(&f, 0x1100, "outer :0\n");
	done(&f);
}

static void check_range_lists(unsigned version)
{
	struct fixture f;
	uint64_t unit_list = 0, function_list;
	struct strbuf *lists;

	start(&f, version, 4);
	lists = version >= 5 ? &f.dwarf.rnglists : &f.dwarf.ranges;
	if (version >= 5) {
		elf_put(&f.elf, lists, DW_RLE_start_length, 1);
		elf_put(&f.elf, lists, 0x5000, 8);
		elf_put_uleb(lists, 0x2000);
		elf_put(&f.elf, lists, DW_RLE_end_of_list, 1);
		function_list = lists->len;
		elf_put(&f.elf, lists, DW_RLE_offset_pair, 1); /* from the unit's low_pc */
		elf_put_uleb(lists, 0x10);
		elf_put_uleb(lists, 0x20);
		elf_put(&f.elf, lists, DW_RLE_base_address, 1);
		elf_put(&f.elf, lists, 0x6000, 8);
		elf_put(&f.elf, lists, DW_RLE_offset_pair, 1);
		elf_put_uleb(lists, 0);
		elf_put_uleb(lists, 8);
		elf_put(&f.elf, lists, DW_RLE_start_end, 1);
		elf_put(&f.elf, lists, 0x6100, 8);
		elf_put(&f.elf, lists, 0x6110, 8);
		elf_put(&f.elf, lists, DW_RLE_end_of_list, 1);
	} else {
		static const uint64_t pairs[][2] = {
			{ 0, 0x2000 },		{ 0, 0 },	  { 0x10, 0x20 },
			{ UINT64_MAX, 0x6000 }, { 0, 8 },	  { 0x100, 0x110 },
			{ UINT64_MAX, 0x0 },	{ 0x20, 0x6300 }, { 0, 0 }
		};

		for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
			elf_put(&f.elf, lists, pairs[i][0], 8);
			elf_put(&f.elf, lists, pairs[i][1], 8);
		}
		function_list = 32;
	}
	dwarf_start_unit(&f.dwarf, DW_UT_compile, 0);
	dwarf_put_entry(&f.dwarf, UNIT_RANGES);
	dwarf_put_address(&f.dwarf, 0x5000);
	dwarf_put_offset(&f.dwarf, unit_list);
	dwarf_put_entry(&f.dwarf, FUNCTION_RANGES);
	dwarf_put_text(&f.dwarf, "split");
	dwarf_put_offset(&f.dwarf, function_list);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x5010, "split :0\n");
	check(&f, 0x6007, "split :0\n");
	check(&f, 0x610f, "split :0\n");
	check(&f, 0x5020, "");
	check(&f, 0x6008, "");
	check(&f, 0x6200, ""); /* version 4: the last pair is of discarded code */
	done(&f);
}

static void range_lists_are_read_in_both_styles(void **state)
{
	(void)state;
	check_range_lists(4);
	check_range_lists(5);
}

static void names_are_followed_into_other_units(void **state)
{
	struct fixture f;
	uint64_t origin;

	(void)state;
	start(&f, 4, 4);
	start_unit(&f, C99, 0, 0, 0);
	origin = dwarf_put_entry(&f.dwarf, PLAIN);
	dwarf_put_text(&f.dwarf, "far");
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	start_unit(&f, C99, 0x1000, 0x2000, 0);
	put_function(&f, FUNCTION, "caller", 0x1000, 0x100);
	dwarf_put_entry(&f.dwarf, INLINED_FAR);
	dwarf_put_offset(&f.dwarf, origin);
	dwarf_put_address(&f.dwarf, 0x1000);
	dwarf_put_number(&f.dwarf, 0x10, 4);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x1008, "far :0\ncaller :0\n");
	done(&f);
}

static void names_are_followed_into_the_file_that_dwz_made(void **state)
{
	struct fixture f, alt;
	uint64_t origin;

	(void)state;
	start(&alt, 4, 4);
	start_unit(&alt, C99, 0, 0, 0);
	origin = dwarf_put_entry(&alt.dwarf, PLAIN);
	dwarf_put_text(&alt.dwarf, "shared");
	dwarf_put_entry(&alt.dwarf, 0);
	dwarf_end_unit(&alt.dwarf);
	open_reader(&alt, NULL);
	start(&f, 4, 4);
	start_unit(&f, C99, 0x1000, 0x2000, 0);
	put_function(&f, FUNCTION, "caller", 0x1000, 0x100);
	dwarf_put_entry(&f.dwarf, INLINED_ALT);
	dwarf_put_offset(&f.dwarf, origin);
	dwarf_put_address(&f.dwarf, 0x1000);
	dwarf_put_number(&f.dwarf, 0x10, 4);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, alt.image);
	check(&f, 0x1008, "shared :0\ncaller :0\n");
	done(&f);
	done(&alt);
}

static void an_origin_that_is_its_own_origin_ends(void **state)
{
	struct fixture f;
	uint64_t entry;

	(void)state;
	start(&f, 4, 4);
	start_unit(&f, C99, 0x1000, 0x2000, 0);
	entry = dwarf_put_entry(&f.dwarf, FUNCTION_ORIGIN);
	dwarf_put_number(&f.dwarf, entry - f.dwarf.unit_start, 4);
	dwarf_put_address(&f.dwarf, 0x1000);
	dwarf_put_number(&f.dwarf, 0x10, 4);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x1000, " :0\n");
	done(&f);
}

static void discarded_code_at_address_zero_is_no_code(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 4, 4);
	start_unit(&f, C99, 0x0, 0x2000, 0);
	put_function(&f, FUNCTION, "discarded", 0, 0x2000);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	start_unit(&f, C99, 0x1000, 0x2000, 0);
	put_function(&f, FUNCTION, "real", 0x1000, 0x100);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x1050, "real :0\n");
	check(&f, 0x50, "");
	done(&f);
}

static void check_producer(const char *producer, bool unoptimised)
{
	struct fixture f;

	start(&f, 4, 4);
	dwarf_start_unit(&f.dwarf, DW_UT_compile, 0);
	dwarf_put_entry(&f.dwarf, UNIT);
	dwarf_put_text(&f.dwarf, producer);
	dwarf_put_number(&f.dwarf, C99, 1);
	dwarf_put_text(&f.dwarf, "/src");
	dwarf_put_address(&f.dwarf, 0x1000);
	dwarf_put_address(&f.dwarf, 0x2000);
	dwarf_put_offset(&f.dwarf, 0);
	put_function(&f, FUNCTION, "f", 0x1000, 0x100);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_put_entry(&f.dwarf, 0);
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	assert_int_equal(dwarf_facts(f.reader).producer, 0);
	check(&f, 0x1000, "f :0\n");
	assert_int_equal(dwarf_facts(f.reader).unoptimised, unoptimised);
	assert_string_equal(interned_text(&f.texts, dwarf_facts(f.reader).producer), producer);
	done(&f);
}

static void an_unoptimised_build_shows_in_the_producer_of_a_hit_unit(void **state)
{
	(void)state;
	check_producer("GNU C17 12.2.0 -mtune=generic -g", true);
	check_producer("GNU C17 12.2.0 -mtune=generic -g -O0", true);
	check_producer("GNU C17 12.2.0 -mtune=generic -g -O2 -O0", true);
	check_producer("GNU C17 12.2.0 -mtune=generic -g -O0 -O2", false);
	check_producer("GNU C++17 12.2.0 -O2 -g", false);
	check_producer("GNU C17 12.2.0 -g -Og", false);
	check_producer("GNU C 4.4.7", false);
	check_producer("GNU AS 2.40", false);
	check_producer("Debian clang version 14.0.6", false);
}

static void a_skeleton_unit_is_said_to_have_its_contents_elsewhere(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 5, 4);
	strbuf_reset(&f.dwarf.abbrev);
	dwarf_put_abbrev(&f.dwarf, 1, DW_TAG_skeleton_unit, false, DW_AT_low_pc, DW_FORM_addr,
			 DW_AT_high_pc, DW_FORM_data4, DW_AT_dwo_name, DW_FORM_string, 0);
	dwarf_end_abbrevs(&f.dwarf);
	dwarf_start_unit(&f.dwarf, DW_UT_skeleton, 0);
	dwarf_put_entry(&f.dwarf, 1);
	dwarf_put_address(&f.dwarf, 0x1000);
	dwarf_put_number(&f.dwarf, 0x100, 4);
	dwarf_put_text(&f.dwarf, "a.dwo");
	dwarf_end_unit(&f.dwarf);
	open_reader(&f, NULL);
	check(&f, 0x1010, "");
	assert_true(dwarf_facts(f.reader).split_missing);
	done(&f);
}

/* Each section cut at each place: whatever comes out, it comes out, within the section's bounds. */
static void sections_cut_anywhere_do_no_harm(void **state)
{
	struct fixture f;
	struct strbuf *sections[3];
	const uint64_t addresses[] = { 0x1100, 0x1125, 0x1140, 0x1200 };

	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		for (size_t cut = 1;; cut++) {
			start(&f, which == 1 ? 4 : 5, 4);
			put_nest(&f);
			sections[0] = &f.dwarf.info;
			sections[1] = &f.dwarf.abbrev;
			sections[2] = &f.dwarf.line;
			if (cut >= sections[which]->len) {
				done(&f);
				break;
			}
			sections[which]->len -= cut;
			open_reader(&f, NULL);
			for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
				struct dwarf_frame frames[DWARF_MAX_FRAMES];
				uint64_t address;

				assert_true(dwarf_find(f.reader, addresses[i], frames, &address) <=
					    3);
			}
			done(&f);
		}
	}
}

static void an_unknown_form_ends_its_unit_and_no_other(void **state)
{
	struct fixture f;
	uint64_t table;

	(void)state;
	start(&f, 4, 4);
	table = f.dwarf.abbrev.len;
	dwarf_put_abbrev(&f.dwarf, 1, DW_TAG_compile_unit, true, DW_AT_low_pc, DW_FORM_addr,
			 DW_AT_name, 0x7777, 0);
	dwarf_end_abbrevs(&f.dwarf);
	dwarf_start_unit(&f.dwarf, DW_UT_compile, table);
	dwarf_put_entry(&f.dwarf, 1);
	dwarf_put_address(&f.dwarf, 0x3000);
	dwarf_end_unit(&f.dwarf);
	put_nest(&f);
	open_reader(&f, NULL);
	check_nest(&f);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			inlined_functions_and_lines_are_found_in_all_versions_and_encodings),
		cmocka_unit_test(aranges_say_which_unit_an_address_is_in),
		cmocka_unit_test(a_function_inside_of_one_that_was_passed_by_is_found_all_the_same),
		cmocka_unit_test(range_lists_are_read_in_both_styles),
		cmocka_unit_test(names_are_followed_into_other_units),
		cmocka_unit_test(names_are_followed_into_the_file_that_dwz_made),
		cmocka_unit_test(an_origin_that_is_its_own_origin_ends),
		cmocka_unit_test(discarded_code_at_address_zero_is_no_code),
		cmocka_unit_test(an_unoptimised_build_shows_in_the_producer_of_a_hit_unit),
		cmocka_unit_test(a_skeleton_unit_is_said_to_have_its_contents_elsewhere),
		cmocka_unit_test(sections_cut_anywhere_do_no_harm),
		cmocka_unit_test(an_unknown_form_ends_its_unit_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
