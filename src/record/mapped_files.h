/*
 * Build-ids of the files that are mapped for execution, taken while the processes live. The kernel
 * could put them into the mmap records by itself (attr.build_id), but then marks the records of all
 * other recorders on the machine as well, which makes perf abort (Linux 6.18).
 */
#pragma once

#include "dso/image.h"
#include "perf/data.h"

struct mapped_file {
	uint64_t hash; /* of (path, device, inode, generation); 0 = free */
	struct build_id build_id;
};

struct mapped_files {
	struct mapped_file *slots;
	size_t count;
	uint32_t slot_mask;
};

void mapped_files_done(struct mapped_files *files);
/*
 * The build-id of an executable map's file, or NULL where it has none or cannot be reached. Read
 * the first time; borrowed until the next call.
 */
const struct build_id *mapped_files_build_id(struct mapped_files *files,
					     const struct perf_mmap *mmap, bool *ret_is_first);
/* True when the path leads, from here, to the very file that is mapped. */
bool mapped_file_is_here(const char *path, const struct perf_mmap *mmap);
/* "/proc/PID/map_files/...", which leads to it wherever it is, while the process lives; owned. */
char *mapped_file_path(const struct perf_mmap *mmap);
