#include "cmd/package.h"

#include <dirent.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static const char lists_dir[] = "/var/lib/dpkg/info";
enum { LIST_CAP_BYTES = 64 << 20 };

void packages_done(struct packages *packages)
{
	strbuf_done(&packages->lists);
	packages->is_read = false;
}

static void read_lists(struct packages *packages)
{
	DIR *dir = opendir(lists_dir);
	struct dirent *entry;

	packages->is_read = true;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		auto_free char *path = x_asprintf("%s/%s", lists_dir, entry->d_name);
		auto_strbuf struct strbuf list = STRBUF_INIT;

		if (!str_ends_with(str_from(entry->d_name), STR(".list")))
			continue;
		error_free(file_read(path, LIST_CAP_BYTES, &list));
		/* Paths begin with '/', so that a line which does not names the package. */
		strbuf_addf(&packages->lists, "\n%s\n", entry->d_name);
		strbuf_add(&packages->lists, strbuf_str(&list));
	}
	closedir(dir);
}

/* Offset of the whole line `line` in `text`, or -1. */
static ptrdiff_t find_line(struct str text, struct str line)
{
	auto_free char *needle = x_asprintf("\n%.*s\n", STR_ARG(line));

	return str_find(text, str_from(needle));
}

/* "libc6:amd64.list" -> "libc6" */
static char *package_name(struct str list)
{
	struct str name, architecture;

	if (!str_cut(list, ':', &name, &architecture) && str_ends_with(name, STR(".list")))
		name.len -= sizeof(".list") - 1;
	return x_strndup(name.ptr, name.len);
}

char *package_of_file(void *context, const char *path)
{
	struct packages *packages = context;
	struct str lists, whole = str_from(path);
	ptrdiff_t at;

	if (!packages->is_read)
		read_lists(packages);
	lists = strbuf_str(&packages->lists);
	at = find_line(lists, whole);
	/* Packages from before the merge of /lib into /usr/lib list the short path. */
	if (at < 0 && str_starts_with(whole, STR("/usr/")))
		at = find_line(lists, (struct str){ whole.ptr + 4, whole.len - 4 });
	/* Back to the last line that is no path. */
	for (; at >= 0; at--) {
		struct str rest, line;

		if (lists.ptr[at] != '\n' || (size_t)at + 1 >= lists.len ||
		    lists.ptr[at + 1] == '/' || lists.ptr[at + 1] == '\n')
			continue;
		rest = (struct str){ lists.ptr + at + 1, lists.len - (size_t)at - 1 };
		if (str_next_line(&rest, &line))
			return package_name(line);
	}
	return NULL;
}
