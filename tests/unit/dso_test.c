#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "dso/dso.h"
#include "elf_builder.h"

static const struct build_id id_a = { { 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5 }, 8 };
static const struct build_id id_b = { { 0xab, 0xcd, 0xef, 1, 2, 3, 4, 6 }, 8 };
static const char id_a_path[] = ".build-id/ab/cdef0102030405";

/* A directory that stands for the root of the recorded machine; removed by done(). */
struct fixture {
	char *root;
	struct dso_table table;
	char *debug_dir, *cache_dir;
};

static struct fixture start(void)
{
	struct fixture f = { .root = x_strdup("dso-test-XXXXXX") };
	struct dso_options options = { 0 };

	assert_non_null(mkdtemp(f.root));
	f.debug_dir = x_asprintf("%s/debug", f.root);
	f.cache_dir = x_asprintf("%s/cache", f.root);
	options.sysroot = f.root;
	options.debug_dirs = f.debug_dir;
	options.build_id_dir = f.cache_dir;
	dso_table_init(&f.table, &options);
	return f;
}

static void done(struct fixture *f)
{
	auto_free char *command = x_asprintf("rm -r %s", f->root);

	dso_table_done(&f->table);
	free(f->debug_dir);
	free(f->cache_dir);
	free(f->root);
	assert_int_equal(system(command), 0);
}

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

/* Writes an ELF file with that build-id (NULL: none); returns its CRC. */
static uint32_t write_elf(const char *base, const char *name, const struct build_id *id,
			  const char *debuglink, uint32_t link_crc, bool with_debug_info)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	auto_strbuf struct strbuf file = STRBUF_INIT, link = STRBUF_INIT;
	auto_free char *path = x_asprintf("%s/%s", base, name);
	FILE *stream;

	if (id)
		elf_add_build_id(&elf, id->bytes, id->size_bytes);
	if (debuglink) {
		elf_put_text(&link, debuglink);
		strbuf_add_repeated(&link, 0, -link.len % 4);
		elf_put(&elf, &link, link_crc, 4);
		elf_add_section(&elf, ".gnu_debuglink", SHT_PROGBITS, 0, link.ptr, link.len);
	}
	if (with_debug_info)
		elf_add_section(&elf, ".debug_info", SHT_PROGBITS, 0, "x", 1);
	elf_builder_finish(&elf, &file);
	make_directories(path);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(file.ptr, 1, file.len, stream), file.len);
	assert_int_equal(fclose(stream), 0);
	return libdeflate_crc32(0, file.ptr, file.len);
}

static void a_dso_is_one_per_path_build_id_and_kind(void **state)
{
	struct fixture f = start();
	struct dso *a = dso_table_get(&f.table, DSO_FILE, "/bin/a", 7, NULL);

	(void)state;
	assert_ptr_equal(dso_table_get(&f.table, DSO_FILE, "/bin/a", 8, NULL), a);
	assert_ptr_not_equal(dso_table_get(&f.table, DSO_FILE, "/bin/a", 7, &id_a), a);
	assert_ptr_not_equal(dso_table_get(&f.table, DSO_VDSO, "/bin/a", 7, NULL), a);
	assert_ptr_not_equal(dso_table_get(&f.table, DSO_JIT, "//anon", 7, NULL),
			     dso_table_get(&f.table, DSO_JIT, "//anon", 8, NULL));
	assert_string_equal(a->name, "a");
	assert_string_equal(
		dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]_text", -1, NULL)->name,
		"[kernel.kallsyms]");
	assert_string_equal(dso_table_get(&f.table, DSO_MODULE, "[ext4]", -1, NULL)->name,
			    "[ext4]");
	for (unsigned i = 0; i < 2000; i++) {
		auto_free char *path = x_asprintf("/lib/%u.so", i);

		assert_int_equal(dso_table_get(&f.table, DSO_FILE, path, -1, NULL)->id, i + 7);
	}
	assert_int_equal(dso_table_get(&f.table, DSO_FILE, "/lib/1234.so", -1, NULL)->id, 1241);
	done(&f);
}

static void a_deleted_file_is_another_one_than_what_took_its_place(void **state)
{
	struct fixture f = start();
	struct dso *deleted, *present;

	(void)state;
	write_elf(f.root, "bin/a", &id_a, NULL, 0, false);
	deleted = dso_table_get(&f.table, DSO_FILE, "/bin/a (deleted)", -1, NULL);
	present = dso_table_get(&f.table, DSO_FILE, "/bin/a", -1, NULL);
	assert_ptr_not_equal(deleted, present);
	assert_true(deleted->deleted);
	assert_string_equal(deleted->path, "/bin/a");
	assert_null(dso_image(&f.table, deleted));
	assert_int_equal(deleted->state, DSO_MISSING);
	assert_non_null(dso_image(&f.table, present));
	/* With a build-id it is known to be the same after all. */
	assert_non_null(dso_image(
		&f.table, dso_table_get(&f.table, DSO_FILE, "/bin/a (deleted)", -1, &id_a)));
	done(&f);
}

static void a_file_with_another_build_id_is_refused_and_the_cached_one_taken(void **state)
{
	struct fixture f = start();
	auto_free char *cached = x_asprintf("%s/elf", id_a_path);
	struct dso *wrong, *right;

	(void)state;
	write_elf(f.root, "bin/a", &id_b, NULL, 0, false);
	wrong = dso_table_get(&f.table, DSO_FILE, "/bin/a", -1, &id_a);
	assert_null(dso_image(&f.table, wrong));
	assert_int_equal(wrong->state, DSO_WRONG_BUILD_ID);
	write_elf(f.cache_dir, cached, &id_a, NULL, 0, false);
	right = dso_table_get(&f.table, DSO_FILE, "/other/a", -1, &id_a);
	assert_non_null(dso_image(&f.table, right));
	assert_true(str_ends_with(str_from(right->open_path), STR("/elf")));
	done(&f);
}

static void what_is_no_elf_file_is_damaged_and_what_is_no_file_missing(void **state)
{
	struct fixture f = start();
	auto_free char *text = x_asprintf("%s/text", f.root), *fifo = x_asprintf("%s/fifo", f.root);
	FILE *stream = fopen(text, "w");
	struct dso *dso;

	(void)state;
	assert_non_null(stream);
	fputs("#!/bin/sh\n", stream);
	fclose(stream);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	dso = dso_table_get(&f.table, DSO_FILE, "/text", -1, NULL);
	assert_null(dso_image(&f.table, dso));
	assert_int_equal(dso->state, DSO_DAMAGED);
	dso = dso_table_get(&f.table, DSO_FILE, "/fifo", -1, NULL);
	assert_null(dso_image(&f.table, dso));
	assert_int_equal(dso->state, DSO_MISSING);
	dso = dso_table_get(&f.table, DSO_FILE, "[heap]", -1, NULL);
	assert_null(dso_image(&f.table, dso));
	done(&f);
}

static void a_debug_file_is_found_by_build_id(void **state)
{
	struct fixture f = start();
	auto_free char *name = x_asprintf("%s.debug", id_a_path);
	struct dso *dso;

	(void)state;
	write_elf(f.root, "bin/a", &id_a, NULL, 0, false);
	write_elf(f.debug_dir, name, &id_a, NULL, 0, true);
	dso = dso_table_get(&f.table, DSO_FILE, "/bin/a", -1, NULL);
	assert_non_null(dso_debug_image(&f.table, dso));
	assert_int_equal(dso->debug_state, DSO_READY);
	assert_ptr_equal(dso_debug_image(&f.table, dso), dso->debug);
	done(&f);
}

static void a_debug_file_under_the_wrong_name_is_refused(void **state)
{
	struct fixture f = start();
	auto_free char *name = x_asprintf("%s.debug", id_a_path);
	struct dso *dso;

	(void)state;
	write_elf(f.root, "bin/a", &id_a, NULL, 0, false);
	write_elf(f.debug_dir, name, &id_b, NULL, 0, true);
	dso = dso_table_get(&f.table, DSO_FILE, "/bin/a", -1, NULL);
	assert_null(dso_debug_image(&f.table, dso));
	done(&f);
}

/* Where the linked file lies, and whether its CRC is the one that the link gives. */
static void check_debuglink(const char *where, bool crc_is_right, bool found)
{
	struct fixture f = start();
	auto_free char *name = x_asprintf("%s/a.debug", where);
	uint32_t crc = write_elf(f.root, name, NULL, NULL, 0, true);
	struct dso *dso;

	write_elf(f.root, "lib/x/a", NULL, "a.debug", crc_is_right ? crc : crc + 1, false);
	dso = dso_table_get(&f.table, DSO_FILE, "/lib/x/a", -1, NULL);
	assert_int_equal(dso_debug_image(&f.table, dso) != NULL, found);
	done(&f);
}

static void a_debuglink_is_followed_to_the_three_places_when_the_crc_is_right(void **state)
{
	(void)state;
	check_debuglink("lib/x", true, true);
	check_debuglink("lib/x/.debug", true, true);
	check_debuglink("debug/lib/x", true, true);
	check_debuglink("debug/usr/lib/x", true, true);
	check_debuglink("lib/y", true, false);
	check_debuglink("lib/x", false, false);
}

static void a_debuglink_to_the_file_itself_or_to_a_path_is_not_followed(void **state)
{
	struct fixture f = start();

	(void)state;
	write_elf(f.root, "lib/a", NULL, "a", 0, false);
	write_elf(f.root, "lib/b", NULL, "../lib/c",
		  write_elf(f.root, "lib/c", NULL, NULL, 0, true), false);
	assert_null(
		dso_debug_image(&f.table, dso_table_get(&f.table, DSO_FILE, "/lib/a", -1, NULL)));
	assert_null(
		dso_debug_image(&f.table, dso_table_get(&f.table, DSO_FILE, "/lib/b", -1, NULL)));
	done(&f);
}

static void an_image_with_debug_info_is_its_own_debug_file(void **state)
{
	struct fixture f = start();
	struct dso *dso;

	(void)state;
	write_elf(f.root, "bin/a", NULL, NULL, 0, true);
	dso = dso_table_get(&f.table, DSO_FILE, "/bin/a", -1, NULL);
	assert_ptr_equal(dso_debug_image(&f.table, dso), dso_image(&f.table, dso));
	done(&f);
}

static void the_recorder_may_name_another_path_to_a_file(void **state)
{
	struct fixture f = start();
	auto_free char *path = x_asprintf("%s/elsewhere", f.root);
	struct dso *dso = dso_table_get(&f.table, DSO_FILE, "/gone (deleted)", -1, &id_a);

	(void)state;
	write_elf(f.root, "elsewhere", &id_b, NULL, 0, false);
	assert_false(dso_open_from(&f.table, dso, path));
	write_elf(f.root, "elsewhere", &id_a, NULL, 0, false);
	assert_true(dso_open_from(&f.table, dso, path));
	assert_non_null(dso_image(&f.table, dso));
	done(&f);
}

static void another_kernels_names_and_vdso_are_not_taken_from_this_machine(void **state)
{
	struct fixture f = start();
	struct dso *vdso = dso_table_get(&f.table, DSO_VDSO, "[vdso]", -1, NULL);

	(void)state;
	dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, &id_a);
	assert_null(dso_kallsyms_path(&f.table));
	assert_null(dso_image(&f.table, vdso));
	vdso = dso_table_get(&f.table, DSO_VDSO, "[vdso]", -1, &id_b);
	assert_null(dso_image(&f.table, vdso));
	assert_int_not_equal(vdso->state, DSO_READY);
	done(&f);
}

static void the_running_kernels_names_and_vdso_are_taken_when_it_was_recorded(void **state)
{
	struct fixture f = start();
	const struct build_id *running = dso_running_kernel(&f.table);
	auto_free char *path = NULL;

	(void)state;
	if (running->size_bytes) {
		dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, running);
		path = dso_kallsyms_path(&f.table);
		assert_non_null(path);
		assert_string_equal(path, "/proc/kallsyms");
		assert_non_null(
			dso_image(&f.table, dso_table_get(&f.table, DSO_VDSO, "[vdso]", -1, NULL)));
	}
	done(&f);
}

static void a_kept_copy_of_the_kernels_names_is_found_by_build_id(void **state)
{
	struct fixture f = start();
	auto_free char *name = x_asprintf("%s/%s/kallsyms", f.cache_dir, id_a_path);
	auto_free char *path = NULL;
	FILE *stream;

	(void)state;
	make_directories(name);
	stream = fopen(name, "w");
	assert_non_null(stream);
	fclose(stream);
	dso_table_get(&f.table, DSO_KERNEL, "[kernel.kallsyms]", -1, &id_a);
	path = dso_kallsyms_path(&f.table);
	assert_non_null(path);
	assert_string_equal(path, name);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dso_is_one_per_path_build_id_and_kind),
		cmocka_unit_test(a_deleted_file_is_another_one_than_what_took_its_place),
		cmocka_unit_test(a_file_with_another_build_id_is_refused_and_the_cached_one_taken),
		cmocka_unit_test(what_is_no_elf_file_is_damaged_and_what_is_no_file_missing),
		cmocka_unit_test(a_debug_file_is_found_by_build_id),
		cmocka_unit_test(a_debug_file_under_the_wrong_name_is_refused),
		cmocka_unit_test(a_debuglink_is_followed_to_the_three_places_when_the_crc_is_right),
		cmocka_unit_test(a_debuglink_to_the_file_itself_or_to_a_path_is_not_followed),
		cmocka_unit_test(an_image_with_debug_info_is_its_own_debug_file),
		cmocka_unit_test(the_recorder_may_name_another_path_to_a_file),
		cmocka_unit_test(another_kernels_names_and_vdso_are_not_taken_from_this_machine),
		cmocka_unit_test(the_running_kernels_names_and_vdso_are_taken_when_it_was_recorded),
		cmocka_unit_test(a_kept_copy_of_the_kernels_names_is_found_by_build_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
