/*
 * A perf.data file or pipe through reading, ordering, sessions, unwinding without files, and the
 * profile that comes of it. No file of this machine is looked at: names are not what is tried here.
 */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "samples/load.h"
#include "samples/select.h"
#include "samples/tree.h"

static void read_profile(const char *path)
{
	static const struct profile_load_options options = {
		.dso = { .sysroot = "/nonexistent",
			 .kallsyms_path = "/dev/null",
			 .debug_dirs = "/nonexistent",
			 .build_id_dir = "/nonexistent",
			 .offline = true },
	};
	auto_profile struct profile *profile = NULL;
	auto_selection struct profile_selection selection = { 0 };
	auto_error struct error *error = profile_load(path, &options, &profile);

	if (!error)
		error = profile_select(profile, &(struct profile_filter){ 0 }, &selection);
	if (error)
		return;

	auto_tree struct tree tree =
		tree_build(&selection, &(struct tree_options){ .root = TREE_ROOT_THREAD });

	/* Whatever was read, the tree is one: parents come first. */
	for (size_t i = 1; i < tree.count; i++) {
		if (tree.nodes[i].parent >= i)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_close int file = memfd_create("perf.data", MFD_CLOEXEC);
	char path[32];

	if (file < 0 || write(file, data, size_bytes) != (ssize_t)size_bytes)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	read_profile(path);
	return 0;
}
