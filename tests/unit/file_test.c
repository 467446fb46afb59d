#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static char folder[] = "/tmp/file_test.XXXXXX";

/* Each test runs in a folder of its own. */
static int enter_folder(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		unlink(entry->d_name);
	closedir(dir);
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static unsigned files_here(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *path, const char *expected)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	assert_null(file_read(path, 1000, &text));
	assert_string_equal(strbuf_text(&text), expected);
}

static void assert_error(struct error *error, enum error_code code)
{
	assert_non_null(error);
	assert_int_equal(error->code, code);
	error_free(error);
}

static void a_file_is_read_up_to_its_cap_and_not_beyond(void **state)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	(void)state;
	put("a", "12345");
	assert_null(file_read("a", 5, &text));
	assert_string_equal(strbuf_text(&text), "12345");
	assert_error(file_read("a", 4, &text), ERROR_INPUT);
	assert_error(file_read("none", 4, &text), ERROR_NO_FILE);
	assert_error(file_read(".", 4, &text), ERROR_INPUT);
}

static void a_map_shows_the_bytes_and_knows_its_file(void **state)
{
	auto_file_map struct file_map *map = NULL;
	struct stat status;

	(void)state;
	put("a", "bytes");
	stat("a", &status);
	assert_null(file_map_open("a", &map));
	assert_int_equal(map->size_bytes, 5);
	assert_memory_equal(map->data, "bytes", 5);
	assert_int_equal(map->inode, status.st_ino);
	assert_int_equal(map->mtime_ns / 1000000000, status.st_mtim.tv_sec);
	assert_false(map->truncated);
}

static void what_is_not_a_regular_file_is_not_mapped(void **state)
{
	auto_file_map struct file_map *map = NULL;

	(void)state;
	assert_error(file_map_open("none", &map), ERROR_NO_FILE);
	assert_error(file_map_open(".", &map), ERROR_INPUT);
	assert_error(file_map_open("/dev/null", &map), ERROR_INPUT);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_error(file_map_open("fifo", &map), ERROR_INPUT);
	assert_null(map);
}

static void an_empty_file_maps_to_no_bytes(void **state)
{
	auto_file_map struct file_map *map = NULL;

	(void)state;
	put("empty", "");
	assert_null(file_map_open("empty", &map));
	assert_int_equal(map->size_bytes, 0);
	assert_non_null(map->data);
}

static void a_file_cut_short_under_its_map_reads_as_zeros(void **state)
{
	auto_file_map struct file_map *map = NULL, *other = NULL;
	unsigned sum = 0;

	(void)state;
	put("a", "first page");
	put("b", "untouched");
	assert_int_equal(truncate("a", (off_t)(8 * PAGE)), 0);
	assert_null(file_map_open("b", &other));
	assert_null(file_map_open("a", &map));
	assert_int_equal(truncate("a", (off_t)PAGE), 0);
	for (size_t i = 0; i < map->size_bytes; i++)
		sum += map->data[i];
	assert_int_not_equal(sum, 0);
	assert_true(map->truncated);
	assert_false(other->truncated);
	assert_memory_equal(map->data, "first page", 10);
}

static void maps_come_and_go_without_losing_the_guard(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		auto_file_map struct file_map *map = NULL;

		put("a", "x");
		assert_int_equal(truncate("a", (off_t)(2 * PAGE)), 0);
		assert_null(file_map_open("a", &map));
		assert_int_equal(truncate("a", 0), 0);
		assert_int_equal(map->data[PAGE + 1], 0);
		assert_true(map->truncated);
	}
}

static void output_appears_only_when_it_is_finished(void **state)
{
	auto_output struct output_file output = { 0 };

	(void)state;
	put("out", "old");
	assert_null(output_open("out", &output));
	fputs("new", output.stream);
	fflush(output.stream);
	assert_content("out", "old");
	assert_null(output_finish(&output));
	assert_content("out", "new");
	assert_int_equal(files_here(), 1);
}

static void abandoned_output_leaves_the_old_file_and_no_other(void **state)
{
	struct output_file output = { 0 };

	(void)state;
	put("out", "old");
	assert_null(output_open("out", &output));
	fputs("new", output.stream);
	output_abandon(&output);
	output_abandon(&output);
	assert_content("out", "old");
	assert_int_equal(files_here(), 1);
}

static void output_keeps_the_permissions_and_the_link_of_what_it_replaces(void **state)
{
	auto_output struct output_file output = { 0 };
	struct stat status;

	(void)state;
	put("real", "old");
	assert_int_equal(chmod("real", 0640), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_null(output_open("link", &output));
	fputs("new", output.stream);
	assert_null(output_finish(&output));
	assert_content("real", "new");
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(stat("real", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
}

static void output_to_a_pipe_or_device_is_written_in_place(void **state)
{
	auto_output struct output_file output = { 0 };
	auto_close int reader = -1;
	char text[8] = "";
	struct stat status;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_null(output_open("fifo", &output));
	fputs("piped", output.stream);
	assert_null(output_finish(&output));
	assert_int_equal(read(reader, text, sizeof(text)), 5);
	assert_string_equal(text, "piped");
	assert_int_equal(lstat("fifo", &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	assert_null(output_open("/dev/null", &output));
	assert_null(output_finish(&output));
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

static void a_full_disk_is_an_error_of_finish(void **state)
{
	auto_output struct output_file output = { 0 };

	(void)state;
	assert_null(output_open("/dev/full", &output));
	fputs("text", output.stream);
	assert_error(output_finish(&output), ERROR_IO);
	assert_null(output_open("/dev/full", &output));
	for (int i = 0; i < 100000; i++)
		fputs("enough to be written before the end", output.stream);
	assert_error(output_finish(&output), ERROR_IO);
}

static void output_that_cannot_be_made_names_the_path(void **state)
{
	auto_output struct output_file output = { 0 };

	(void)state;
	assert_error(output_open("no/such/folder", &output), ERROR_NO_FILE);
	assert_error(output_open(".", &output), ERROR_IO);
}

static void a_recording_keeps_the_one_before_and_is_private(void **state)
{
	auto_close int fd = -1;
	struct stat status;

	(void)state;
	put("perf.data", "first");
	assert_null(file_create_keeping_old("perf.data", &fd));
	assert_content("perf.data.old", "first");
	assert_content("perf.data", "");
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_error(file_create_keeping_old("fifo", &fd), ERROR_USAGE);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_read_up_to_its_cap_and_not_beyond),
		IN_FOLDER(a_map_shows_the_bytes_and_knows_its_file),
		IN_FOLDER(what_is_not_a_regular_file_is_not_mapped),
		IN_FOLDER(an_empty_file_maps_to_no_bytes),
		IN_FOLDER(a_file_cut_short_under_its_map_reads_as_zeros),
		IN_FOLDER(maps_come_and_go_without_losing_the_guard),
		IN_FOLDER(output_appears_only_when_it_is_finished),
		IN_FOLDER(abandoned_output_leaves_the_old_file_and_no_other),
		IN_FOLDER(output_keeps_the_permissions_and_the_link_of_what_it_replaces),
		IN_FOLDER(output_to_a_pipe_or_device_is_written_in_place),
		IN_FOLDER(a_full_disk_is_an_error_of_finish),
		IN_FOLDER(output_that_cannot_be_made_names_the_path),
		IN_FOLDER(a_recording_keeps_the_one_before_and_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
