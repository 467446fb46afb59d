#include "llm/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "base/memory.h"

#define RECORD_CAP_BYTES ((size_t)32 << 20)

void store_key(const char *url, struct str request, char ret_hex[SHA256_HEX_BYTES])
{
	auto_strbuf struct strbuf whole = STRBUF_INIT;

	strbuf_addf(&whole, "%s\n", url);
	strbuf_add(&whole, request);
	sha256_hex(strbuf_str(&whole), ret_hex);
}

/* All folders of the path, readable by their user only. */
static struct error *make_folder(const char *folder)
{
	auto_free char *path = x_strdup(folder);

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_errno(errno, "making '%s'", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "making '%s'", path);
	return NULL;
}

static void write_record(FILE *stream, const struct exchange_record *record, const char *key)
{
	const struct llm_reply *reply = record->reply;
	struct json_writer json = json_writer_on(stream);
	char hash[SHA256_HEX_BYTES], when[32];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	sha256_hex(strbuf_str(&reply->text), hash);
	json_object_begin(&json);
	json_key_text(&json, "program", record->program);
	json_key_text(&json, "time", when);
	json_key_text(&json, "id", key);
	json_key_text(&json, "url", record->url);
	json_key_int(&json, "status", record->status);
	json_key_bool(&json, "complete", record->complete);
	json_key_text(&json, "model", reply->model);
	json_key_text(&json, "finish_reason", reply->finish);
	json_key_text(&json, "error", reply->error);
	if (reply->usage.known) {
		json_key_uint(&json, "prompt_tokens", reply->usage.prompt_tokens);
		json_key_uint(&json, "completion_tokens", reply->usage.reply_tokens);
	}
	json_key_text(&json, "reply_sha256", hash);
	json_key(&json, "request");
	json_text_str(&json, record->request);
	json_key(&json, "reply");
	json_text_str(&json, strbuf_str(&reply->text));
	json_object_end(&json);
	json_finish(&json);
}

struct error *store_write(const char *folder, const struct exchange_record *record)
{
	char key[SHA256_HEX_BYTES];
	auto_free char *path = NULL;
	auto_output struct output_file output = { 0 };
	mode_t before = umask(077);
	struct error *error;

	store_key(record->url, record->request, key);
	path = x_asprintf("%s/%s.json", folder, key);
	error = make_folder(folder);
	if (!error)
		error = output_open(path, &output);
	umask(before);
	if (error)
		return error;
	write_record(output.stream, record, key);
	return output_finish(&output);
}

static void take_text(const struct json *record, const char *key, char **ret)
{
	struct str text;

	if (json_get_text(json_find(record, key), &text))
		*ret = x_strndup(text.ptr, text.len);
}

static void take_count(const struct json *record, const char *key, uint64_t *ret)
{
	double number;

	if (json_get_number(json_find(record, key), &number) && number >= 0 && number < 1e15)
		*ret = (uint64_t)number;
}

bool store_find(const char *folder, const char *url, struct str request, struct llm_reply *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	auto_error struct error *error = NULL;
	char key[SHA256_HEX_BYTES];
	auto_free char *path = NULL;
	const struct json *record, *complete;
	struct str sent, reply;

	store_key(url, request, key);
	path = x_asprintf("%s/%s.json", folder, key);
	error = file_read(path, RECORD_CAP_BYTES, &text);
	if (error)
		return false;
	error = json_parse(strbuf_str(&text), &arena, &record);
	if (error || !json_get_text(json_find(record, "request"), &sent) ||
	    !json_get_text(json_find(record, "reply"), &reply) || !str_eq(sent, request))
		return false;
	complete = json_find(record, "complete");
	if (!complete || !complete->truth)
		return false;
	llm_reply_reset(ret);
	strbuf_add(&ret->text, reply);
	take_text(record, "model", &ret->model);
	take_text(record, "finish_reason", &ret->finish);
	take_count(record, "prompt_tokens", &ret->usage.prompt_tokens);
	take_count(record, "completion_tokens", &ret->usage.reply_tokens);
	ret->done = true;
	return true;
}

struct error *store_pick(const char *folder, const char *id, char **ret)
{
	auto_free char *best = NULL;
	struct timespec newest = { 0 };
	DIR *listing = opendir(folder);
	struct dirent *entry;

	while (listing && (entry = readdir(listing))) {
		struct str name = str_from(entry->d_name);
		struct stat status;
		char *path;

		if (!str_ends_with(name, STR(".json")) || !str_starts_with(name, str_from(id)))
			continue;
		path = x_asprintf("%s/%s", folder, entry->d_name);
		if (stat(path, &status) == 0 && (!best || status.st_mtim.tv_sec > newest.tv_sec ||
						 (status.st_mtim.tv_sec == newest.tv_sec &&
						  status.st_mtim.tv_nsec > newest.tv_nsec))) {
			free(best);
			best = take_ptr(path);
			newest = status.st_mtim;
		}
		free(path);
	}
	if (listing)
		closedir(listing);
	if (!best)
		return error_with_hint(
			error_new(ERROR_NO_FILE, "no answer of a model%s%s is kept in '%s'",
				  id && *id ? " with the id " : "", id ? id : "", folder),
			"each answer of a model shows its id");
	*ret = take_ptr(best);
	return NULL;
}
