/*
 * Runs a fuzz target over files: every file of the directories named, in the order of their names,
 * and every file named. The name of an input is printed before it is run, so that the last line
 * of a failed run names the culprit. An input that takes longer than the deadline ends the run.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

enum { DEADLINE_SECONDS = 60 };

/* Its own allocation of the exact size, so that reading past the end is seen. */
static struct error *replay_file(const char *path)
{
	auto_fclose FILE *file = fopen(path, "rbe");
	struct stat status;

	if (!file || fstat(fileno(file), &status) != 0)
		return error_errno(errno, "cannot open '%s'", path);

	size_t size_bytes = (size_t)status.st_size;
	auto_free uint8_t *data = malloc(size_bytes);

	if (!data || fread(data, 1, size_bytes, file) != size_bytes)
		return error_new(ERROR_IO, "cannot read '%s'", path);
	printf("%s\n", path);
	fflush(stdout);
	alarm(DEADLINE_SECONDS);
	LLVMFuzzerTestOneInput(data, size_bytes);
	alarm(0);
	return NULL;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void free_entries(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static struct error *replay_directory(const char *path, unsigned *files)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_visible, alphasort);
	struct error *error = NULL;

	if (count < 0)
		return error_errno(errno, "cannot list '%s'", path);
	for (int i = 0; i < count && !error; i++) {
		auto_free char *file = x_asprintf("%s/%s", path, entries[i]->d_name);

		error = replay_file(file);
		*files += 1;
	}
	free_entries(entries, count);
	return error;
}

static struct error *replay(const char *path, unsigned *files)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return error_errno(errno, "cannot open '%s'", path);
	if (S_ISDIR(status.st_mode))
		return replay_directory(path, files);
	*files += 1;
	return replay_file(path);
}

int main(int argc, char **argv)
{
	unsigned files = 0;

	for (int i = 1; i < argc; i++) {
		auto_error struct error *error = replay(argv[i], &files);

		if (error) {
			auto_free char *text = error_text(error);

			fprintf(stderr, "%s\n", text);
			return 1;
		}
	}
	if (files == 0) {
		fprintf(stderr, "no input: name files or directories of a corpus\n");
		return 1;
	}
	printf("%u inputs\n", files);
	return 0;
}
