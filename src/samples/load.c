#include "samples/load.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "perf/data.h"
#include "samples/build.h"

enum {
	TEXT_CAP_BYTES = 0x7fffffff, /* larger texts are refused rather than swapped */
	LOOK_BYTES = 16,	     /* that tell what kind of file it is */
};

VEC_DEFINE(node_vec, uint32_t)

/* Of a pipe that has a name (a fifo, the shell's <(...)) nothing is taken in order to look. */
static bool is_perf_data(const char *path)
{
	struct stat status;
	bool is_file = stat(path, &status) == 0 && S_ISREG(status.st_mode);
	auto_fclose FILE *file = is_file ? fopen(path, "rbe") : NULL;
	uint8_t start[LOOK_BYTES];

	return file && perf_data_is_magic(start, fread(start, 1, sizeof(start), file));
}

/*
 * perf record --kcore and --threads write a directory with a file "data" in it; with --threads that
 * has the side-band records only, and the samples are in data.0, data.1, ... *ret is NULL where
 * `path` is no directory.
 */
static struct error *path_in_directory(const char *path, char **ret)
{
	auto_free char *data = x_asprintf("%s/data", path), *part = x_asprintf("%s/data.0", path);
	struct stat st;

	*ret = NULL;
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return NULL;
	if (access(part, F_OK) == 0)
		return error_with_hint(error_new(ERROR_UNSUPPORTED,
						 "'%s' is in parts, as perf record --threads "
						 "writes them",
						 path),
				       "record without --threads");
	if (is_perf_data(data))
		*ret = take_ptr(data);
	return NULL;
}

/* A pipe cannot be looked at and then read again: its bytes go to memory that has a path. */
static struct error *load_bytes(struct str bytes, const struct profile_load_options *options,
				struct profile **ret)
{
	auto_close int fd = memfd_create("perf.data", MFD_CLOEXEC);
	char path[64];

	if (fd < 0)
		return error_errno(errno, "memory for standard input");
	while (bytes.len) {
		ssize_t written = write(fd, bytes.ptr, bytes.len);

		if (written < 0)
			return error_errno(errno, "memory for standard input");
		bytes = (struct str){ bytes.ptr + written, bytes.len - (size_t)written };
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return build_profile(path, options, ret);
}

/* The innermost `max` physical frames of a stack, with what was inlined into them. */
static uint32_t shorten(struct profile *profile, uint32_t node, size_t max,
			struct node_vec *scratch)
{
	scratch->count = 0;
	for (size_t physical = 0; node && physical < max;
	     node = profile->nodes.items[node].parent) {
		uint32_t frame = profile->nodes.items[node].frame;

		node_vec_push(scratch, frame);
		physical += !(profile->frames.items[frame].flags & PROFILE_FRAME_INLINED);
	}
	node = 0;
	while (scratch->count)
		node = profile_node(profile, node, scratch->items[--scratch->count]);
	return node;
}

static void shorten_stacks(struct profile *profile, size_t max)
{
	struct node_vec scratch = { 0 };
	size_t nodes = profile->nodes.count;
	auto_free uint32_t *known = x_calloc(nodes, sizeof(*known)); /* node + 1 */

	for (size_t i = 0; i < profile->samples.count; i++) {
		uint32_t *node = &profile->samples.items[i].node;

		if (!known[*node])
			known[*node] = shorten(profile, *node, max, &scratch) + 1;
		*node = known[*node] - 1;
	}
	node_vec_done(&scratch);
}

struct error *profile_load(const char *path, const struct profile_load_options *options,
			   struct profile **ret)
{
	static const struct profile_load_options no_options = { 0 };
	bool is_stdin = str_is(str_from(path), "-");
	const char *name = is_stdin ? "standard input" : path;
	auto_strbuf struct strbuf bytes = { .cap = TEXT_CAP_BYTES };
	auto_free char *inside = NULL;
	struct profile *profile = NULL;

	options = options ? options : &no_options;
	TRY(path_in_directory(path, &inside));
	if (inside)
		path = inside;
	if (!is_stdin && is_perf_data(path)) {
		TRY(build_profile(path, options, &profile));
	} else {
		TRY(file_read(path, TEXT_CAP_BYTES, &bytes));
		if (!perf_data_is_magic((const uint8_t *)strbuf_text(&bytes), bytes.len)) {
			TRY(profile_import_text(strbuf_str(&bytes), name, ret));
			if (options->no_stacks || options->max_frames)
				shorten_stacks(*ret, options->no_stacks ? 1 : options->max_frames);
			return NULL;
		}
		TRY(load_bytes(strbuf_str(&bytes), options, &profile));
	}
	profile->source = x_strdup(name);
	*ret = profile;
	return NULL;
}
