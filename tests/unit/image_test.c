#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "dso/image.h"
#include "elf_builder.h"

static const uint8_t id[20] = { 0xab, 0xcd, 1,	2,  3,	4,  5,	6,  7,	8,
				9,    10,   11, 12, 13, 14, 15, 16, 17, 18 };

static struct image *open_built(struct elf_builder *elf, struct strbuf *file)
{
	struct image *image = NULL;
	auto_error struct error *error = NULL;

	elf_builder_finish(elf, file);
	error = image_open_bytes(file->ptr, file->len, "built", &image);
	assert_null(error);
	return image;
}

static void check_class_and_order(bool is_64, bool is_big_endian, bool extended)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_image struct image *image = NULL;
	uint64_t address, offset;
	struct bytes contents;
	unsigned text;

	elf.is_64 = is_64;
	elf.is_big_endian = is_big_endian;
	elf.extended_numbers = extended;
	elf.machine = EM_AARCH64;
	elf_add_build_id(&elf, id, sizeof(id));
	text = elf_add_section(&elf, ".text", SHT_PROGBITS, 0x401000, "\xc3\x90", 2);
	elf_add_segment(&elf, PT_LOAD, PF_R | PF_X, 0x401000, text);
	image = open_built(&elf, &file);
	assert_int_equal(image->is_64, is_64);
	assert_int_equal(image->machine, EM_AARCH64);
	assert_int_equal(image->section_count, elf.section_count);
	assert_int_equal(image->segment_count, 1);
	assert_int_equal(image->entry, 0x1000);
	assert_int_equal(image->build_id.size_bytes, 20);
	assert_memory_equal(image->build_id.bytes, id, 20);
	assert_true(image_contents_of(image, ".text", &contents));
	assert_int_equal(bytes_left(&contents), 2);
	assert_true(image_address_to_offset(image, 0x401001, &offset));
	assert_int_equal(offset, elf.sections[text].offset + 1);
	assert_true(image_offset_to_address(image, offset, &address));
	assert_int_equal(address, 0x401001);
	assert_false(image_address_to_offset(image, 0x500000, &offset));
}

static void both_classes_and_both_byte_orders_are_read(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		check_class_and_order(i & 1, i & 2, i & 4);
}

static void a_build_id_is_found_through_segments_without_sections(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_image struct image *image = NULL;
	auto_error struct error *error = NULL;

	(void)state;
	elf_add_segment(&elf, PT_NOTE, PF_R, 0, elf_add_build_id(&elf, id, 8));
	elf_builder_finish(&elf, &file);
	memset(file.ptr + 40, 0, 8); /* e_shoff */
	error = image_open_bytes(file.ptr, file.len, "built", &image);
	assert_null(error);
	assert_int_equal(image->section_count, 0);
	assert_int_equal(image->build_id.size_bytes, 8);
}

static void build_ids_differ_by_more_than_padding(void **state)
{
	struct build_id a = { { 1, 2, 3 }, 3 }, padded = { { 1, 2, 3 }, 20 },
			other = { { 1, 2, 4 }, 3 };
	struct build_id none = { 0 };
	char hex[2 * BUILD_ID_MAX_BYTES + 1];

	(void)state;
	assert_true(build_id_eq(&a, &padded));
	assert_false(build_id_eq(&a, &other));
	assert_false(build_id_eq(&none, &none));
	build_id_format(&a, hex);
	assert_string_equal(hex, "010203");
}

static void put_compressed(struct elf_builder *elf, const char *name, unsigned type,
			   const void *data, size_t size, size_t claimed)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	unsigned section;

	elf_put(elf, &out, type, 4);
	if (elf->is_64)
		elf_put(elf, &out, 0, 4);
	elf_put_word(elf, &out, claimed);
	elf_put_word(elf, &out, 1);
	strbuf_add(&out, (struct str){ data, size });
	section = elf_add_section(elf, name, SHT_PROGBITS, 0, out.ptr, out.len);
	elf->sections[section].flags = SHF_COMPRESSED;
}

static void check_compressed(bool is_64, bool is_big_endian)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT, text = STRBUF_INIT, old_style = STRBUF_INIT;
	auto_image struct image *image = NULL;
	char zlib[4096], zstd[4096];
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
	size_t zlib_bytes, zstd_bytes;
	static const char *const names[] = { ".debug_info", ".debug_line", ".debug_str" };

	elf.is_64 = is_64;
	elf.is_big_endian = is_big_endian;
	for (unsigned i = 0; i < 200; i++)
		strbuf_addf(&text, "line %u\n", i);
	assert_non_null(compressor);
	zlib_bytes = libdeflate_zlib_compress(compressor, text.ptr, text.len, zlib, sizeof(zlib));
	libdeflate_free_compressor(compressor);
	assert_int_not_equal(zlib_bytes, 0);
	zstd_bytes = ZSTD_compress(zstd, sizeof(zstd), text.ptr, text.len, 1);
	put_compressed(&elf, names[0], ELFCOMPRESS_ZLIB, zlib, zlib_bytes, text.len);
	put_compressed(&elf, names[1], 2, zstd, zstd_bytes, text.len);
	strbuf_add_text(&old_style, "ZLIB");
	for (int i = 7; i >= 0; i--)
		strbuf_add_char(&old_style, (char)(text.len >> (8 * i)));
	strbuf_add(&old_style, (struct str){ zlib, zlib_bytes });
	elf_add_section(&elf, ".zdebug_str", SHT_PROGBITS, 0, old_style.ptr, old_style.len);
	put_compressed(&elf, ".debug_loc", ELFCOMPRESS_ZLIB, zlib, zlib_bytes, text.len + 1);
	put_compressed(&elf, ".debug_abbrev", ELFCOMPRESS_ZLIB, zlib, zlib_bytes, (size_t)1 << 31);
	put_compressed(&elf, ".debug_addr", 77, zlib, zlib_bytes, text.len);
	image = open_built(&elf, &file);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct bytes contents;

		assert_true(image_contents_of(image, names[i], &contents));
		assert_int_equal(bytes_left(&contents), text.len);
		assert_memory_equal(contents.pos, text.ptr, text.len);
		assert_int_equal(contents.swap, is_big_endian);
	}
	assert_false(image_contents_of(image, ".debug_loc", &(struct bytes){ 0 }));
	assert_false(image_contents_of(image, ".debug_abbrev", &(struct bytes){ 0 }));
	assert_false(image_contents_of(image, ".debug_addr", &(struct bytes){ 0 }));
}

static void compressed_sections_are_unpacked_and_lies_about_their_size_refused(void **state)
{
	(void)state;
	check_compressed(true, false);
	check_compressed(false, true);
}

static void nobits_sections_have_no_contents(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_image struct image *image = NULL;

	(void)state;
	elf_add_section(&elf, ".eh_frame", SHT_NOBITS, 0x1000, NULL, 16);
	image = open_built(&elf, &file);
	assert_non_null(image_section(image, ".eh_frame"));
	assert_false(image_contents_of(image, ".eh_frame", &(struct bytes){ 0 }));
	assert_false(image_contents_of(image, ".absent", &(struct bytes){ 0 }));
}

static void a_debuglink_gives_name_and_crc(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT, link = STRBUF_INIT, alt = STRBUF_INIT;
	auto_image struct image *image = NULL;
	struct build_id alt_id;
	struct str name;
	uint32_t crc;

	(void)state;
	elf.is_big_endian = true;
	elf_put_text(&link, "a.debug");
	elf_put(&elf, &link, 0x12345678, 4);
	elf_add_section(&elf, ".gnu_debuglink", SHT_PROGBITS, 0, link.ptr, link.len);
	elf_put_text(&alt, "../x");
	strbuf_add(&alt, (struct str){ (const char *)id, 20 });
	elf_add_section(&elf, ".gnu_debugaltlink", SHT_PROGBITS, 0, alt.ptr, alt.len);
	image = open_built(&elf, &file);
	assert_true(image_debuglink(image, &name, &crc));
	assert_true(str_is(name, "a.debug"));
	assert_int_equal(crc, 0x12345678);
	assert_true(image_debugaltlink(image, &name, &alt_id));
	assert_true(str_is(name, "../x"));
	assert_int_equal(alt_id.size_bytes, 20);
}

static void file_offsets_are_translated_by_the_executable_segment_that_holds_them(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_image struct image *image = NULL;
	uint64_t address, text_offset;
	unsigned rodata, text;

	(void)state;
	/* As lld lays files out: addresses move on by a page where the file does not. */
	rodata = elf_add_section(&elf, ".rodata", SHT_PROGBITS, 0x200, NULL, 64);
	text = elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1240, NULL, 64);
	elf_add_segment(&elf, PT_LOAD, PF_R, 0x200, rodata);
	elf_add_segment(&elf, PT_LOAD, PF_R | PF_X, 0x1240, text);
	image = open_built(&elf, &file);
	text_offset = elf.sections[text].offset;
	assert_true(image_offset_to_address(image, text_offset + 3, &address));
	assert_int_equal(address, 0x1243);
	assert_true(image_offset_to_address(image, elf.sections[rodata].offset, &address));
	assert_int_equal(address, 0x200);
	/* Past both, but still on the page that the kernel maps executable. */
	assert_true(image_offset_to_address(image, text_offset + 100, &address));
	assert_int_equal(address, 0x1240 + 100);
	assert_false(image_offset_to_address(image, 0x100000, &address));
}

static void a_file_cut_anywhere_is_refused_or_read_in_part(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;

	(void)state;
	elf_add_build_id(&elf, id, 20);
	elf_add_segment(&elf, PT_LOAD, PF_X, 0x1000,
			elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1000, NULL, 64));
	elf_builder_finish(&elf, &file);
	for (size_t size = 0; size < file.len; size++) {
		auto_free uint8_t *copy = x_malloc(size);
		auto_image struct image *image = NULL;
		auto_error struct error *error = NULL;

		memcpy(copy, file.ptr, size);
		error = image_open_bytes(copy, size, "cut", &image);
		assert_true((error == NULL) == (size >= 64));
		if (image) {
			assert_true(image->section_count < elf.section_count);
			assert_false(image_contents_of(image, ".text", &(struct bytes){ 0 }));
		}
	}
}

static void counts_beyond_the_file_are_cut_to_what_fits(void **state)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT;
	auto_image struct image *image = NULL;
	auto_error struct error *error = NULL;

	(void)state;
	elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1000, NULL, 64);
	elf_builder_finish(&elf, &file);
	file.ptr[60] = file.ptr[61] = (char)0xff; /* e_shnum */
	file.ptr[56] = file.ptr[57] = (char)0xfe; /* e_phnum */
	error = image_open_bytes(file.ptr, file.len, "lies", &image);
	assert_null(error);
	assert_int_equal(image->section_count, 3);
	assert_int_equal(image->segment_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_classes_and_both_byte_orders_are_read),
		cmocka_unit_test(a_build_id_is_found_through_segments_without_sections),
		cmocka_unit_test(build_ids_differ_by_more_than_padding),
		cmocka_unit_test(
			compressed_sections_are_unpacked_and_lies_about_their_size_refused),
		cmocka_unit_test(nobits_sections_have_no_contents),
		cmocka_unit_test(a_debuglink_gives_name_and_crc),
		cmocka_unit_test(
			file_offsets_are_translated_by_the_executable_segment_that_holds_them),
		cmocka_unit_test(a_file_cut_anywhere_is_refused_or_read_in_part),
		cmocka_unit_test(counts_beyond_the_file_are_cut_to_what_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
