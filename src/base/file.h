/* Files: whole reads with a cap, read-only maps that survive truncation, safe output. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strbuf.h"

/* Reads all of `path` ("-" = standard input) into `ret`, at most `cap_bytes` (beyond: an error). */
MUST_CHECK struct error *file_read(const char *path, size_t cap_bytes, struct strbuf *ret);

/*
 * A read-only map of a regular file. When somebody truncates the file meanwhile, the SIGBUS
 * handler that file_map installs puts zero pages there and sets `truncated`, instead of dying.
 */
struct file_map {
	const uint8_t *data;
	size_t size_bytes;
	volatile bool truncated;
	uint64_t device, inode;
	int64_t mtime_ns;
};

MUST_CHECK struct error *file_map_open(const char *path, struct file_map **ret);
MUST_CHECK struct error *file_map_fd(int fd, const char *name_for_errors, struct file_map **ret);
void file_map_close(struct file_map *map);
void cleanup_file_map(struct file_map **map);
#define auto_file_map __attribute__((cleanup(cleanup_file_map)))

/*
 * Output that is never lost half-written: a regular file is written beside its place and renamed
 * over it by output_finish; anything else (a pipe, /dev/null, "-") is written in place.
 */
struct output_file {
	FILE *stream;
	char *path, *temporary_path; /* temporary_path NULL: written in place */
};

MUST_CHECK struct error *output_open(const char *path, struct output_file *ret);
/* By errno, for a write to `path` ("-" = standard output) that failed. */
MUST_CHECK struct error *output_error(const char *path);
MUST_CHECK struct error *output_finish(struct output_file *output);
void output_abandon(struct output_file *output); /* removes what was not finished; idempotent */
#define auto_output __attribute__((cleanup(output_abandon)))
/* What was printed counts only once it is out: a full disk and a closed output show here. */
MUST_CHECK struct error *stdout_flush(void);

/* Creates a regular file with mode 0600, an existing one being renamed to PATH.old first. */
MUST_CHECK struct error *file_create_keeping_old(const char *path, int *ret_fd);
