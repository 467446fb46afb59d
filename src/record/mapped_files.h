/*
 * Build-ids of the files that are mapped for execution, taken while the processes live. The kernel
 * could put them into the mmap records by itself (attr.build_id), but then marks the records of all
 * other recorders on the machine as well, which makes perf abort (Linux 6.18).
 */
#pragma once

#include "perf/writer.h"

struct mapped_files {
	uint64_t *slots; /* hash of (path, device, inode); 0 = free */
	size_t count;
	uint32_t slot_mask;
};

void mapped_files_done(struct mapped_files *files);
/* The first time that a file is mapped its build-id goes to the writer. */
void mapped_files_add(struct mapped_files *files, const struct perf_mmap *mmap,
		      struct perf_writer *writer);
/* True when the path leads, from here, to the very file that is mapped. */
bool mapped_file_is_here(const char *path, const struct perf_mmap *mmap);
/* "/proc/PID/map_files/...", which leads to it wherever it is, while the process lives; owned. */
char *mapped_file_path(const struct perf_mmap *mmap);
