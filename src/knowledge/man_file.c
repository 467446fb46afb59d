#include "knowledge/man_file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "base/file.h"
#include "base/memory.h"

enum { MAX_REDIRECTS = 3, MAX_NAME_BYTES = 200, MAX_NAMES = 20000 };

static const char default_path[] = "/usr/local/share/man:/usr/share/man";

/* Takes the next folder off the list; an empty one stands for the default. */
static bool next_folder(struct str *path, struct str *ret)
{
	while (path->len) {
		str_cut(*path, ':', ret, path);
		if (ret->len && ret->ptr[0] == '/')
			return true;
	}
	return false;
}

static struct str man_path(struct strbuf *scratch)
{
	struct str path = str_from(getenv("MANPATH"));
	bool whole = !path.len;

	if (path.len && (path.ptr[0] == ':' || path.ptr[path.len - 1] == ':'))
		whole = true;
	strbuf_add(scratch, path);
	if (whole)
		strbuf_addf(scratch, ":%s", default_path);
	return strbuf_str(scratch);
}

/* The size that a gzip file says it unpacks to; 0 where that is beyond the cap. */
static size_t unpacked_size(struct str packed)
{
	const unsigned char *last = (const unsigned char *)packed.ptr + packed.len - 4;
	size_t size_bytes =
		last[0] | (size_t)last[1] << 8 | (size_t)last[2] << 16 | (size_t)last[3] << 24;

	return size_bytes <= MAN_PAGE_CAP_BYTES ? size_bytes : 0;
}

static bool inflate_to(struct str packed, struct strbuf *ret)
{
	size_t size_bytes = unpacked_size(packed);
	struct libdeflate_decompressor *decompressor;
	enum libdeflate_result result;

	if (!size_bytes)
		return false;
	decompressor = libdeflate_alloc_decompressor();
	if (!decompressor)
		return false;
	strbuf_add_repeated(ret, '\0', size_bytes);
	result = libdeflate_gzip_decompress(decompressor, packed.ptr, packed.len, ret->ptr,
					    size_bytes, NULL);
	libdeflate_free_decompressor(decompressor);
	return result == LIBDEFLATE_SUCCESS;
}

/* Reads a file, compressed by gzip or not. */
static bool file_inflate(const char *path, struct strbuf *ret)
{
	auto_strbuf struct strbuf packed = STRBUF_INIT;
	auto_error struct error *error = file_read(path, MAN_PAGE_CAP_BYTES, &packed);

	strbuf_reset(ret);
	if (error || !packed.len)
		return false;
	if (packed.len > 18 && memcmp(packed.ptr, "\x1f\x8b", 2) == 0)
		return inflate_to(strbuf_str(&packed), ret);
	strbuf_add(ret, strbuf_str(&packed));
	return true;
}

static bool path_read(struct str folder, const char *file, struct strbuf *ret)
{
	static const char *const suffixes[] = { ".gz", "" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		auto_free char *path = x_asprintf("%.*s/%s%s", STR_ARG(folder), file, suffixes[i]);

		if (file_inflate(path, ret))
			return true;
	}
	return false;
}

/* "man1/other.1": a page of the same folder, and nothing that leads out of it. */
static bool is_redirect(const char *redirect)
{
	return redirect && strncmp(redirect, "man", 3) == 0 && !strstr(redirect, "..") &&
	       strlen(redirect) < MAX_NAME_BYTES;
}

static bool page_read(struct str folder, const char *file, struct man_page *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!path_read(folder, file, &text))
		return false;
	man_page_parse(strbuf_str(&text), ret);
	for (int i = 0; i < MAX_REDIRECTS && is_redirect(ret->redirect); i++) {
		auto_free char *other = x_strndup(ret->redirect, strlen(ret->redirect));

		strbuf_reset(&text);
		if (!path_read(folder, other, &text))
			break;
		man_page_done(ret);
		man_page_parse(strbuf_str(&text), ret);
	}
	return true;
}

static bool is_page_name(const char *name)
{
	return *name && !strchr(name, '/') && strlen(name) < MAX_NAME_BYTES;
}

bool man_file_find(const char *name, const char *sections, struct man_page *ret,
		   struct strbuf *ret_title)
{
	auto_strbuf struct strbuf scratch = STRBUF_INIT;
	struct str path = man_path(&scratch), rest = str_from(sections), section;

	if (!is_page_name(name))
		return false;
	while (str_next_word(&rest, &section)) {
		struct str folders = path, folder;

		while (next_folder(&folders, &folder)) {
			auto_free char *file =
				x_asprintf("man%c/%s.%.*s", section.ptr[0], name, STR_ARG(section));

			if (!page_read(folder, file, ret))
				continue;
			strbuf_addf(ret_title, "%s(%.*s)", name, STR_ARG(section));
			return true;
		}
	}
	return false;
}

void man_file_names(struct arena *arena, const char *section, struct man_names *ret)
{
	auto_strbuf struct strbuf scratch = STRBUF_INIT;
	struct str folders = man_path(&scratch), folder;

	while (next_folder(&folders, &folder)) {
		auto_free char *path = x_asprintf("%.*s/man%s", STR_ARG(folder), section);
		DIR *dir = opendir(path);
		struct dirent *entry;

		while (dir && ret->count < MAX_NAMES && (entry = readdir(dir))) {
			struct str name = str_from(entry->d_name);
			const char *dot;

			if (str_ends_with(name, STR(".gz")))
				name.len -= 3;
			dot = memrchr(name.ptr, '.', name.len);
			if (dot && dot > name.ptr)
				man_names_push(
					ret, arena_copy(arena,
							(struct str){ name.ptr,
								      (size_t)(dot - name.ptr) }));
		}
		if (dir)
			closedir(dir);
	}
}
