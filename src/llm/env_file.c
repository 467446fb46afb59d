#include "llm/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define FILE_CAP_BYTES ((size_t)1 << 20)

void env_file_done(struct env_file *env)
{
	free(env->path);
	arena_done(&env->arena);
	*env = (struct env_file){ 0 };
}

static bool is_trusted(const struct stat *status)
{
	return status->st_uid == 0 || status->st_uid == geteuid();
}

struct error *env_file_load(const char *folder, struct env_file *ret, char **ret_ignored)
{
	auto_free char *here = realpath(folder, NULL);
	bool above = false;

	*ret = (struct env_file){ 0 };
	*ret_ignored = NULL;
	while (here) {
		auto_free char *path = x_asprintf("%s/.env", strcmp(here, "/") ? here : "");
		auto_strbuf struct strbuf text = STRBUF_INIT;
		struct stat status;
		char *slash = strrchr(here, '/');

		if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
			if (is_trusted(&status)) {
				TRY(file_read(path, FILE_CAP_BYTES, &text));
				ret->above = above;
				ret->text.ptr = arena_copy(&ret->arena, strbuf_str(&text));
				ret->text.len = text.len;
				ret->path = take_ptr(path);
				return NULL;
			}
			free(*ret_ignored);
			*ret_ignored = x_strdup(path);
		}
		if (!slash || !here[1])
			break;
		slash[slash == here ? 1 : 0] = '\0';
		above = true;
	}
	return NULL;
}

/* Between double quotes \n, \", \\ and \$ are escapes; between single quotes nothing is. */
static struct str unquote(struct str value, struct strbuf *out)
{
	char quote = value.len ? *value.ptr : '\0';
	const char *end;

	if (quote != '"' && quote != '\'') {
		for (size_t i = 0; i + 1 < value.len; i++) {
			if ((value.ptr[i] == ' ' || value.ptr[i] == '\t') &&
			    value.ptr[i + 1] == '#')
				value.len = i;
		}
		return str_trim(value);
	}
	value.ptr++;
	value.len--;
	end = memchr(value.ptr, quote, value.len);
	if (quote == '\'') {
		value.len = end ? (size_t)(end - value.ptr) : value.len;
		return value;
	}
	for (size_t i = 0; i < value.len && value.ptr[i] != quote; i++) {
		if (value.ptr[i] == '\\' && i + 1 < value.len) {
			i++;
			strbuf_add_char(out, value.ptr[i] == 'n' ? '\n' : value.ptr[i]);
		} else {
			strbuf_add_char(out, value.ptr[i]);
		}
	}
	return strbuf_str(out);
}

const char *env_file_find(struct env_file *env, const char *name)
{
	const char *found = NULL;
	struct str rest = env->text, line;

	while (str_next_line(&rest, &line)) {
		auto_strbuf struct strbuf unquoted = STRBUF_INIT;
		struct str key, value;

		line = str_trim(line);
		if (str_starts_with(line, STR("export "))) {
			line.ptr += 7;
			line.len -= 7;
		}
		if (!str_cut(line, '=', &key, &value) || !str_is(str_trim(key), name))
			continue;
		found = arena_copy(&env->arena, unquote(str_trim(value), &unquoted));
	}
	return found;
}
