#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/units.h"

#define READ_CHUNK_BYTES ((size_t)1 << 16)

static struct error *too_large(const char *path, size_t cap_bytes)
{
	auto_strbuf struct strbuf size = STRBUF_INIT;

	units_bytes(&size, cap_bytes);
	return error_new(ERROR_INPUT, "'%s' holds more than the %s that are read of it", path,
			 strbuf_text(&size));
}

static struct error *read_all(int fd, const char *path, size_t cap_bytes, struct strbuf *ret)
{
	auto_free char *chunk = x_malloc(READ_CHUNK_BYTES);
	size_t total = 0;

	if (!ret->cap && cap_bytes > STRBUF_DEFAULT_CAP)
		ret->cap = cap_bytes;
	for (;;) {
		ssize_t got = read(fd, chunk, READ_CHUNK_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(errno, "reading '%s'", path);
		if (got == 0)
			return NULL;
		total += (size_t)got;
		if (total > cap_bytes)
			return too_large(path, cap_bytes);
		strbuf_add(ret, (struct str){ chunk, (size_t)got });
	}
}

struct error *file_read(const char *path, size_t cap_bytes, struct strbuf *ret)
{
	auto_close int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", cap_bytes, ret);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "opening '%s'", path);
	return read_all(fd, path, cap_bytes, ret);
}

struct error *output_error(const char *path)
{
	if (strcmp(path, "-") == 0)
		return error_errno(errno ? errno : EIO, "writing to standard output");
	return error_errno(errno ? errno : EIO, "writing '%s'", path);
}

/* A new file beside `path`, with the permissions that the umask leaves. */
static int create_beside(const char *path, char **ret_temporary)
{
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		char *temporary = x_asprintf("%s.%d-%u.tmp", path, (int)getpid(), attempt);
		int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		int saved = errno;

		if (fd >= 0) {
			*ret_temporary = temporary;
			return fd;
		}
		free(temporary);
		errno = saved;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static struct error *open_in_place(struct output_file *output, int flags)
{
	int fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);

	if (fd < 0)
		return error_errno(errno, "opening '%s' for writing", output->path);
	output->stream = fdopen(fd, "w");
	return NULL;
}

struct error *output_open(const char *path, struct output_file *ret)
{
	auto_output struct output_file output = { 0 };
	struct stat existing;
	bool exists;
	int fd;

	if (strcmp(path, "-") == 0) {
		*ret = (struct output_file){ .stream = stdout, .path = x_strdup(path) };
		return NULL;
	}
	/* A symbolic link is followed: its target is replaced, not the link. */
	output.path = realpath(path, NULL);
	if (!output.path)
		output.path = x_strdup(path);
	exists = stat(output.path, &existing) == 0;
	if (exists && S_ISDIR(existing.st_mode))
		return error_new(ERROR_IO, "opening '%s' for writing: it is a directory", path);
	if (exists && !S_ISREG(existing.st_mode)) {
		TRY(open_in_place(&output, 0));
		*ret = output;
		output = (struct output_file){ 0 };
		return NULL;
	}
	fd = create_beside(output.path, &output.temporary_path);
	if (fd >= 0) {
		if (exists && fchmod(fd, existing.st_mode & 07777) < 0 && errno != EPERM) {
			close(fd);
			return error_errno(errno, "creating '%s'", path);
		}
		output.stream = fdopen(fd, "w");
	} else if (exists && (errno == EACCES || errno == EPERM)) {
		/* The file may be ours though its directory is not. */
		TRY(open_in_place(&output, O_TRUNC));
	} else {
		return error_errno(errno, "creating '%s'", path);
	}
	*ret = output;
	output = (struct output_file){ 0 };
	return NULL;
}

struct error *output_finish(struct output_file *output)
{
	struct error *error = NULL;
	FILE *stream = take_ptr(output->stream);
	bool failed;

	errno = 0;
	failed = ferror(stream) != 0;
	if (fflush(stream) != 0 || failed)
		error = output_error(output->path);
	if (stream != stdout && fclose(stream) != 0 && !error)
		error = output_error(output->path);
	if (!error && output->temporary_path) {
		if (rename(output->temporary_path, output->path) < 0)
			error = error_errno(errno, "replacing '%s'", output->path);
		else
			free(take_ptr(output->temporary_path));
	}
	output_abandon(output);
	return error;
}

struct error *stdout_flush(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return NULL;
	return output_error("-");
}

void output_abandon(struct output_file *output)
{
	if (output->stream && output->stream != stdout)
		fclose(output->stream);
	if (output->temporary_path)
		unlink(output->temporary_path);
	free(output->temporary_path);
	free(output->path);
	*output = (struct output_file){ 0 };
}

struct error *file_create_keeping_old(const char *path, int *ret_fd)
{
	auto_free char *old = x_asprintf("%s.old", path);
	struct stat existing;
	int fd;

	if (lstat(path, &existing) == 0) {
		if (!S_ISREG(existing.st_mode) && !S_ISLNK(existing.st_mode))
			return error_new(ERROR_USAGE, "'%s' exists and is not a regular file",
					 path);
		if (rename(path, old) < 0)
			return error_errno(errno, "renaming '%s' to '%s'", path, old);
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(errno, "creating '%s'", path);
	*ret_fd = fd;
	return NULL;
}
