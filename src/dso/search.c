#include "dso/search.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define DEFAULT_DEBUG_DIRS "/usr/lib/debug"

enum {
	BUILD_ID_HEX_BYTES = 2 * BUILD_ID_MAX_BYTES + 1,
	NOTES_CAP_BYTES = 1 << 20,
};

static const char *sysroot_of(const struct dso_table *table)
{
	return table->options.sysroot ? table->options.sysroot : "";
}

/* Devices and pipes that a recording names are never opened: that may block or have effects. */
static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* DSO_READY, and *ret_image open, when `path` is an ELF file of that build-id (size 0: any). */
static enum dso_state try_image(const char *path, const struct build_id *wanted,
				struct image **ret_image)
{
	auto_image struct image *image = NULL;
	auto_error struct error *error = NULL;

	if (!is_regular(path))
		return DSO_MISSING;
	error = image_open(path, &image);
	if (error) {
		log_debug("dso", "%s: %s", path, error->message);
		return DSO_DAMAGED;
	}
	if (wanted->size_bytes && !build_id_eq(&image->build_id, wanted)) {
		log_debug("dso", "%s: another build-id than the recording's", path);
		return DSO_WRONG_BUILD_ID;
	}
	*ret_image = take_ptr(image);
	return DSO_READY;
}

/* Takes `path`, keeping it in *ret_path where the file is good. */
static enum dso_state try_path(char *path, const struct build_id *wanted, struct image **ret_image,
			       char **ret_path)
{
	enum dso_state state = try_image(path, wanted, ret_image);

	if (state == DSO_READY)
		*ret_path = path;
	else
		free(path);
	return state;
}

/* "ab/cdef..." as the .build-id directories name files; false for ids too short for that. */
static bool build_id_path(const struct build_id *id, char ret[BUILD_ID_HEX_BYTES + 1])
{
	char hex[BUILD_ID_HEX_BYTES];

	if (id->size_bytes < 2)
		return false;
	build_id_format(id, hex);
	memcpy(ret, hex, 2);
	ret[2] = '/';
	memcpy(ret + 3, hex + 2, strlen(hex + 2) + 1);
	return true;
}

/* perf's cache: ~/.debug/.build-id/ab/cdef.../{elf,vdso,kallsyms,debug}; owned, NULL = no place. */
static char *cache_path(const struct dso_table *table, const struct build_id *id, const char *file)
{
	const char *home = getenv("HOME");
	char id_path[BUILD_ID_HEX_BYTES + 1];

	if (!build_id_path(id, id_path))
		return NULL;
	if (table->options.build_id_dir)
		return x_asprintf("%s/.build-id/%s/%s", table->options.build_id_dir, id_path, file);
	if (!home || !*home)
		return NULL;
	return x_asprintf("%s/.debug/.build-id/%s/%s", home, id_path, file);
}

/* Takes the next of the debug directories, sysroot included, off *list; NULL at the end. */
static char *next_debug_dir(const struct dso_table *table, struct str *list)
{
	struct str dir;

	while (list->len) {
		str_cut(*list, ':', &dir, list);
		if (!dir.len)
			continue;
		/* A directory that was named on purpose is taken as it stands. */
		return x_asprintf("%s%.*s", table->options.debug_dirs ? "" : sysroot_of(table),
				  STR_ARG(dir));
	}
	return NULL;
}

static struct str debug_dirs(const struct dso_table *table)
{
	return str_from(table->options.debug_dirs ? table->options.debug_dirs : DEFAULT_DEBUG_DIRS);
}

static enum dso_state search_debug_dirs_by_id(const struct dso_table *table,
					      const struct build_id *id, const char *suffix,
					      struct image **ret_image, char **ret_path)
{
	struct str list = debug_dirs(table);
	char id_path[BUILD_ID_HEX_BYTES + 1];
	enum dso_state state = DSO_MISSING;

	if (!build_id_path(id, id_path))
		return DSO_MISSING;
	while (state != DSO_READY) {
		auto_free char *dir = next_debug_dir(table, &list);

		if (!dir)
			return DSO_MISSING;
		state = try_path(x_asprintf("%s/.build-id/%s%s", dir, id_path, suffix), id,
				 ret_image, ret_path);
	}
	return state;
}

static enum dso_state search_file(struct dso_table *table, struct dso *dso)
{
	enum dso_state first = DSO_MISSING;
	char *cached;

	/* Without a build-id nothing tells a deleted file from what took its place. */
	if (dso->path[0] == '/' && (!dso->deleted || dso->build_id.size_bytes))
		first = try_path(x_asprintf("%s%s", sysroot_of(table), dso->path), &dso->build_id,
				 &dso->image, &dso->open_path);
	if (first == DSO_READY)
		return first;
	cached = cache_path(table, &dso->build_id, "elf");
	if (cached && try_path(cached, &dso->build_id, &dso->image, &dso->open_path) == DSO_READY)
		return DSO_READY;
	if (search_debug_dirs_by_id(table, &dso->build_id, "", &dso->image, &dso->open_path) ==
	    DSO_READY)
		return DSO_READY;
	return first;
}

static const struct dso *kernel_dso(const struct dso_table *table)
{
	for (size_t i = 0; i < table->dsos.count; i++) {
		const struct dso *dso = table->dsos.items[i];

		if (dso->kind == DSO_KERNEL && dso->build_id.size_bytes)
			return dso;
	}
	return NULL;
}

const struct build_id *dso_running_kernel(struct dso_table *table)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	auto_error struct error *error = NULL;

	if (table->running_kernel_read)
		return &table->running_kernel;
	table->running_kernel_read = true;
	error = file_read("/sys/kernel/notes", NOTES_CAP_BYTES, &notes);
	if (!error)
		build_id_from_notes(bytes_of(notes.ptr, notes.len), 4, &table->running_kernel);
	return &table->running_kernel;
}

/* For recordings without the kernel's build-id: names are moved to where _text was recorded. */
static bool is_recorded_here(const struct dso_table *table)
{
	struct utsname here;

	return table->recorded_hostname && table->recorded_os_release && uname(&here) == 0 &&
	       strcmp(table->recorded_hostname, here.nodename) == 0 &&
	       strcmp(table->recorded_os_release, here.release) == 0;
}

static bool is_kernel_running_here(struct dso_table *table)
{
	const struct dso *kernel = kernel_dso(table);

	if (table->options.is_live)
		return true;
	return kernel ? build_id_eq(&kernel->build_id, dso_running_kernel(table))
		      : is_recorded_here(table);
}

/* The vdso that the kernel mapped into this very process: it lives as long as we do. */
static enum dso_state running_vdso(struct dso *dso)
{
	uintptr_t address = getauxval(AT_SYSINFO_EHDR);
	auto_error struct error *error = NULL;
	const void *data;
	ElfW(Ehdr) header;

	if (!address)
		return DSO_MISSING;
	memcpy(&data, &address, sizeof(data));
	memcpy(&header, data, sizeof(header));
	/* The section headers are what the linker puts last. */
	error = image_open_bytes(data, header.e_shoff + (size_t)header.e_shnum * header.e_shentsize,
				 "[vdso]", &dso->image);
	return error ? DSO_DAMAGED : DSO_READY;
}

static enum dso_state search_vdso(struct dso_table *table, struct dso *dso)
{
	char *cached = cache_path(table, &dso->build_id, "vdso");
	enum dso_state state;

	if (cached && try_path(cached, &dso->build_id, &dso->image, &dso->open_path) == DSO_READY)
		return DSO_READY;
	if (!dso->build_id.size_bytes && !is_kernel_running_here(table))
		return DSO_MISSING;
	state = running_vdso(dso);
	if (state == DSO_READY && dso->build_id.size_bytes &&
	    !build_id_eq(&dso->image->build_id, &dso->build_id)) {
		image_free(dso->image);
		dso->image = NULL;
		return DSO_WRONG_BUILD_ID;
	}
	return state;
}

/* A vmlinux, by nothing but its build-id: there is one for each kernel ever installed. */
static enum dso_state search_vmlinux(struct dso_table *table, struct dso *dso)
{
	char *cached = cache_path(table, &dso->build_id, "vmlinux");

	if (!dso->build_id.size_bytes)
		return DSO_MISSING;
	if (cached && try_path(cached, &dso->build_id, &dso->image, &dso->open_path) == DSO_READY)
		return DSO_READY;
	return search_debug_dirs_by_id(table, &dso->build_id, ".debug", &dso->image,
				       &dso->open_path);
}

enum dso_state dso_search_image(struct dso_table *table, struct dso *dso)
{
	switch (dso->kind) {
	case DSO_FILE:
		return search_file(table, dso);
	case DSO_VDSO:
		return search_vdso(table, dso);
	case DSO_KERNEL:
		return search_vmlinux(table, dso);
	case DSO_MODULE:
	case DSO_BPF:
	case DSO_JIT:
	case DSO_UNMAPPED:
		return DSO_MISSING;
	}
	return DSO_MISSING;
}

bool dso_open_from(struct dso_table *table, struct dso *dso, const char *path)
{
	(void)table;
	if (dso->image || dso->kind != DSO_FILE)
		return dso->image != NULL;
	if (try_path(x_strdup(path), &dso->build_id, &dso->image, &dso->open_path) != DSO_READY)
		return false;
	dso->state = DSO_READY;
	return true;
}

/* What a debug file is held against. */
struct debug_wanted {
	struct build_id build_id;
	struct str link; /* name in .gnu_debuglink, or empty */
	uint32_t crc;
};

static bool is_wanted(const struct image *image, const struct debug_wanted *wanted)
{
	if (wanted->build_id.size_bytes && image->build_id.size_bytes)
		return build_id_eq(&image->build_id, &wanted->build_id);
	return image_crc(image) == wanted->crc;
}

/* Takes `path`. */
static enum dso_state try_link(char *path, const struct dso *dso, const struct debug_wanted *wanted,
			       struct image **ret_image, char **ret_path)
{
	static const struct build_id any = { 0 };
	enum dso_state state;

	/* A debuglink that names the file itself would be followed for ever by other tools. */
	if (dso->open_path && strcmp(path, dso->open_path) == 0) {
		free(path);
		return DSO_MISSING;
	}
	state = try_path(path, &any, ret_image, ret_path);
	if (state != DSO_READY || is_wanted(*ret_image, wanted))
		return state;
	image_free(take_ptr(*ret_image));
	free(take_ptr(*ret_path));
	return DSO_WRONG_BUILD_ID;
}

static struct str directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (struct str){ path, slash ? (size_t)(slash - path) : 0 };
}

static enum dso_state search_link(struct dso_table *table, struct dso *dso,
				  const struct debug_wanted *wanted)
{
	struct str list = debug_dirs(table);
	/* What was opened through /proc/PID has its neighbours where it was recorded. */
	bool is_beside = dso->open_path && strncmp(dso->open_path, "/proc/", 6) != 0;
	struct str real_dir = directory_of(is_beside ? dso->open_path : dso->path);
	struct str dir = directory_of(dso->path);
	enum dso_state state = DSO_MISSING;

	/* A name with directories in it would lead out of the places that are searched. */
	if (!wanted->link.len || memchr(wanted->link.ptr, '/', wanted->link.len))
		return DSO_MISSING;
	state = try_link(x_asprintf("%.*s/%.*s", STR_ARG(real_dir), STR_ARG(wanted->link)), dso,
			 wanted, &dso->debug, &dso->debug_path);
	if (state != DSO_READY)
		state = try_link(
			x_asprintf("%.*s/.debug/%.*s", STR_ARG(real_dir), STR_ARG(wanted->link)),
			dso, wanted, &dso->debug, &dso->debug_path);
	while (state != DSO_READY) {
		auto_free char *debug_dir = next_debug_dir(table, &list);

		if (!debug_dir)
			return DSO_MISSING;
		state = try_link(
			x_asprintf("%s%.*s/%.*s", debug_dir, STR_ARG(dir), STR_ARG(wanted->link)),
			dso, wanted, &dso->debug, &dso->debug_path);
		/* Merged /usr: packages have both /lib/... and /usr/lib/... as the name. */
		if (state != DSO_READY && !str_starts_with(dir, STR("/usr/")))
			state = try_link(x_asprintf("%s/usr%.*s/%.*s", debug_dir, STR_ARG(dir),
						    STR_ARG(wanted->link)),
					 dso, wanted, &dso->debug, &dso->debug_path);
	}
	return state;
}

enum dso_state dso_search_debug(struct dso_table *table, struct dso *dso)
{
	struct image *image = dso_image(table, dso);
	struct debug_wanted wanted = { .build_id = dso->build_id };
	char *cached;

	if (dso->kind != DSO_FILE && dso->kind != DSO_VDSO)
		return DSO_MISSING;
	if (image && image->build_id.size_bytes)
		wanted.build_id = image->build_id;
	if (search_debug_dirs_by_id(table, &wanted.build_id, ".debug", &dso->debug,
				    &dso->debug_path) == DSO_READY)
		return DSO_READY;
	cached = cache_path(table, &wanted.build_id, "debug");
	if (cached &&
	    try_path(cached, &wanted.build_id, &dso->debug, &dso->debug_path) == DSO_READY)
		return DSO_READY;
	if (image && image_debuglink(image, &wanted.link, &wanted.crc))
		return search_link(table, dso, &wanted);
	return DSO_MISSING;
}

/* dwz names the shared file relative to the debug file, or as an absolute path. */
static struct image *search_alt(struct dso_table *table, struct dso *dso, struct image *debug)
{
	const char *debug_path = debug == dso->debug ? dso->debug_path : dso->open_path;
	auto_free char *found = NULL;
	struct image *alt = NULL;
	struct build_id id;
	struct str name;

	if (!image_debugaltlink(debug, &name, &id) || !id.size_bytes)
		return NULL;
	if (search_debug_dirs_by_id(table, &id, ".debug", &alt, &found) == DSO_READY)
		return alt;
	if (str_starts_with(name, STR("/"))) {
		if (try_path(x_asprintf("%s%.*s", sysroot_of(table), STR_ARG(name)), &id, &alt,
			     &found) == DSO_READY)
			return alt;
	} else if (debug_path && try_path(x_asprintf("%.*s/%.*s", STR_ARG(directory_of(debug_path)),
						     STR_ARG(name)),
					  &id, &alt, &found) == DSO_READY) {
		return alt;
	}
	return NULL;
}

struct image *dso_alt_image(struct dso_table *table, struct dso *dso, struct image *debug)
{
	if (!dso->alt_tried) {
		dso->alt_tried = true;
		dso->alt = search_alt(table, dso, debug);
	}
	return dso->alt;
}

char *dso_kallsyms_path(struct dso_table *table)
{
	const struct dso *kernel = kernel_dso(table);
	auto_free char *cached = NULL;

	if (table->options.kallsyms_path)
		return x_strdup(table->options.kallsyms_path);
	if (is_kernel_running_here(table))
		return x_strdup("/proc/kallsyms");
	cached = kernel ? cache_path(table, &kernel->build_id, "kallsyms") : NULL;
	return cached && is_regular(cached) ? take_ptr(cached) : NULL;
}
