#include "knowledge/package.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { STATUS_CAP_BYTES = 64 << 20, LIST_CAP_BYTES = 16 << 20, MAX_NAME_BYTES = 200 };

void package_done(struct package *package)
{
	strbuf_done(&package->name);
	strbuf_done(&package->version);
	strbuf_done(&package->summary);
}

static const char *admin_folder(void)
{
	const char *folder = getenv("DPKG_ADMINDIR");

	return folder && *folder ? folder : "/var/lib/dpkg";
}

static bool file_text(const char *path, size_t cap_bytes, struct strbuf *ret)
{
	auto_error struct error *error = file_read(path, cap_bytes, ret);

	return !error;
}

/* The value of "Field: value" at the start of a line of the paragraph. */
static void field_read(struct str paragraph, const char *field, struct strbuf *ret)
{
	struct str line, key, value;

	while (str_next_line(&paragraph, &line))
		if (line.len && line.ptr[0] != ' ' && str_cut(line, ':', &key, &value) &&
		    str_is(key, field)) {
			strbuf_add(ret, str_trim(value));
			return;
		}
}

static bool paragraph_read(struct str paragraph, struct package *ret)
{
	auto_strbuf struct strbuf status = STRBUF_INIT;

	field_read(paragraph, "Status", &status);
	if (!str_ends_with(strbuf_str(&status), STR(" installed")))
		return false;
	field_read(paragraph, "Package", &ret->name);
	field_read(paragraph, "Version", &ret->version);
	field_read(paragraph, "Description", &ret->summary);
	return true;
}

bool package_find(const char *name, struct package *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_free char *path = x_asprintf("%s/status", admin_folder());
	auto_free char *needle = x_asprintf("\nPackage: %s\n", name);
	struct str rest;
	ptrdiff_t at;

	if (!*name || strlen(name) > MAX_NAME_BYTES)
		return false;
	strbuf_add_char(&text, '\n');
	if (!file_text(path, STATUS_CAP_BYTES, &text))
		return false;
	rest = strbuf_str(&text);
	while ((at = str_find(rest, str_from(needle))) >= 0) {
		struct str paragraph;
		ptrdiff_t end;

		rest = (struct str){ rest.ptr + at + 1, rest.len - (size_t)at - 1 };
		end = str_find(rest, STR("\n\n"));
		paragraph = (struct str){ rest.ptr, end < 0 ? rest.len : (size_t)end };
		if (paragraph_read(paragraph, ret))
			return true;
	}
	return false;
}

static const char *const folders[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/games" };

/* Whether the list has a line that is a program of that name: one look for the line's end. */
static bool list_has(struct str list, const char *name)
{
	auto_free char *end = x_asprintf("/%s\n", name);
	struct str rest = list;
	ptrdiff_t at;

	while ((at = str_find(rest, str_from(end))) >= 0) {
		const char *slash = rest.ptr + at;
		const char *line = memrchr(list.ptr, '\n', (size_t)(slash - list.ptr));

		for (size_t i = 0; line && i < ARRAY_SIZE(folders); i++)
			if (str_is((struct str){ line + 1, (size_t)(slash - line - 1) },
				   folders[i]))
				return true;
		rest = (struct str){ slash + 1, rest.len - (size_t)at - 1 };
	}
	return false;
}

/* Looking through all lists is only worth it for what is there, on this very machine. */
static bool may_be_listed(const char *name)
{
	const char *folder = getenv("DPKG_ADMINDIR");

	if (folder && *folder)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = x_asprintf("%s/%s", folders[i], name);

		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* "libc6:amd64.list" -> "libc6" */
static char *package_of_list(const char *file)
{
	struct str name, rest;

	if (!str_cut(str_from(file), ':', &name, &rest))
		name.len -= MIN(name.len, strlen(".list"));
	return x_strndup(name.ptr, name.len);
}

/* One buffer for a thousand lists: most of them are small. */
static bool list_read(int folder, const char *file, struct strbuf *ret)
{
	auto_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size > LIST_CAP_BYTES)
		return false;
	strbuf_reset(ret);
	strbuf_add_char(ret, '\n');
	strbuf_add_repeated(ret, '\0', (size_t)status.st_size);
	got = read(fd, ret->ptr + 1, (size_t)status.st_size);
	ret->len = got > 0 ? (size_t)got + 1 : 1;
	return got > 0;
}

static bool lists_search(int folder, DIR *dir, const char *name, struct package *ret)
{
	auto_strbuf struct strbuf list = STRBUF_INIT;
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		auto_free char *package = package_of_list(entry->d_name);

		if (str_ends_with(str_from(entry->d_name), STR(".list")) &&
		    list_read(folder, entry->d_name, &list) && list_has(strbuf_str(&list), name) &&
		    package_find(package, ret))
			return true;
	}
	return false;
}

/* Packages of many programs that do not bear their name. */
static bool likely_search(int folder, const char *name, struct package *ret)
{
	static const char *const likely[] = {
		"coreutils",	  "util-linux",	     "procps",	 "findutils", "bsdutils",
		"binutils",	  "diffutils",	     "iproute2", "psmisc",    "openssh-client",
		"openssh-server", "python3-minimal", "xz-utils", "systemd",   "debianutils",
	};
	auto_strbuf struct strbuf list = STRBUF_INIT;
	auto_free char *same = x_asprintf("%s.list", name);

	if (list_read(folder, same, &list) && list_has(strbuf_str(&list), name))
		return package_find(name, ret);
	for (size_t i = 0; i < ARRAY_SIZE(likely); i++) {
		auto_free char *file = x_asprintf("%s.list", likely[i]);

		if (list_read(folder, file, &list) && list_has(strbuf_str(&list), name))
			return package_find(likely[i], ret);
	}
	return false;
}

bool package_of_program(const char *name, bool thoroughly, struct package *ret)
{
	auto_free char *path = x_asprintf("%s/info", admin_folder());
	bool found;
	DIR *dir;

	if (!*name || strchr(name, '/') || strlen(name) > MAX_NAME_BYTES || !may_be_listed(name))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	found = likely_search(dirfd(dir), name, ret) ||
		(thoroughly && lists_search(dirfd(dir), dir, name, ret));
	closedir(dir);
	return found;
}
