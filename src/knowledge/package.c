#include "knowledge/package.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

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

/* Whether the list has a line that is a program of that name. */
static bool list_has(struct str list, const char *name)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin",
					       "/usr/games" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		auto_free char *line = x_asprintf("\n%s/%s\n", folders[i], name);

		if (str_find(list, str_from(line)) >= 0)
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

static bool list_matches(const char *file, const char *program)
{
	auto_strbuf struct strbuf list = STRBUF_INIT;
	auto_free char *path = x_asprintf("%s/info/%s", admin_folder(), file);

	strbuf_add_char(&list, '\n');
	return file_text(path, LIST_CAP_BYTES, &list) && list_has(strbuf_str(&list), program);
}

bool package_of_program(const char *name, struct package *ret)
{
	auto_free char *same = x_asprintf("%s.list", name);
	auto_free char *folder = x_asprintf("%s/info", admin_folder());
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (!*name || strchr(name, '/') || strlen(name) > MAX_NAME_BYTES)
		return false;
	if (list_matches(same, name))
		return package_find(name, ret);
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir))) {
		auto_free char *package = package_of_list(entry->d_name);

		found = str_ends_with(str_from(entry->d_name), STR(".list")) &&
			list_matches(entry->d_name, name) && package_find(package, ret);
	}
	if (dir)
		closedir(dir);
	return found;
}
