#include "cmd/package.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static const char lists_dir[] = "/var/lib/dpkg/info";

/* Lists hold one path a line; a whole line has to match. */
static bool list_has(struct str list, struct str path)
{
	while (list.len) {
		ptrdiff_t at = str_find(list, path);
		struct str after;

		if (at < 0)
			return false;
		after = (struct str){ list.ptr + at + path.len, list.len - (size_t)at - path.len };
		if ((at == 0 || list.ptr[at - 1] == '\n') &&
		    (after.len == 0 || after.ptr[0] == '\n'))
			return true;
		list = after;
	}
	return false;
}

/* "libc6:amd64.list" -> "libc6" */
static char *package_name(const char *file)
{
	size_t length = strcspn(file, ":");

	if (length == strlen(file))
		length -= sizeof(".list") - 1;
	return x_strndup(file, length);
}

char *package_of_file(const char *path)
{
	/* Packages from before the merge of /lib into /usr/lib list the short path. */
	struct str whole = str_from(path), without_usr = whole;
	DIR *dir = opendir(lists_dir);
	char *package = NULL;
	struct dirent *entry;

	if (!dir)
		return NULL;
	if (str_starts_with(whole, STR("/usr/")))
		without_usr = (struct str){ whole.ptr + 4, whole.len - 4 };
	while (!package && (entry = readdir(dir))) {
		auto_free char *list_path = x_asprintf("%s/%s", lists_dir, entry->d_name);
		auto_strbuf struct strbuf list = STRBUF_INIT;

		if (!str_ends_with(str_from(entry->d_name), STR(".list")))
			continue;
		error_free(file_read(list_path, (size_t)64 << 20, &list));
		if (list_has(strbuf_str(&list), whole) || list_has(strbuf_str(&list), without_usr))
			package = package_name(entry->d_name);
	}
	closedir(dir);
	return package;
}
