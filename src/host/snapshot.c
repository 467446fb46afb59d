#include "host/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "base/memory.h"

enum {
	INDEX_CAP_BYTES = 4 << 20,
	OUTPUT_CAP_BYTES = 256 << 20,
	MAX_RECORDS = 4096,
	MAX_SNAPSHOTS = 4096,
	MAX_NAME_BYTES = 200,
	FORMAT_VERSION = 1,
};

void host_snapshot_done(struct host_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->records.count; i++) {
		struct host_record *record = &snapshot->records.items[i];

		free(record->id);
		free(record->command);
		free(record->reason);
		strbuf_done(&record->out);
		strbuf_done(&record->err);
	}
	host_record_vec_done(&snapshot->records);
	free(snapshot->host);
	free(snapshot->taken_at);
	free(snapshot->version);
	free(snapshot->unreachable);
	*snapshot = (struct host_snapshot){ 0 };
}

const struct host_record *host_snapshot_find(const struct host_snapshot *snapshot, const char *id)
{
	for (size_t i = snapshot->records.count; i > 0; i--)
		if (strcmp(snapshot->records.items[i - 1].id, id) == 0)
			return &snapshot->records.items[i - 1];
	return NULL;
}

/* ---- names in the folder */

/* Letters, digits and ".-_@:" stay; a folder's name is never "", "." or "..". */
static char *folder_name(const char *host)
{
	char *name = x_strndup(*host ? host : "localhost",
			       MIN(strlen(*host ? host : "localhost"), (size_t)MAX_NAME_BYTES));

	for (char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@:",
			    *c))
			*c = '_';
	if (*name == '.')
		*name = '_';
	return name;
}

static bool is_file_name(struct str name)
{
	return name.len && name.len < MAX_NAME_BYTES && *name.ptr != '.' &&
	       !memchr(name.ptr, '/', name.len);
}

/* ---- writing */

static struct error *make_folder(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "%s", path);
	return NULL;
}

static struct error *write_output(const char *folder, const char *name, const struct strbuf *text)
{
	auto_free char *path = x_asprintf("%s/%s", folder, name);
	auto_output struct output_file output = { 0 };

	TRY(output_open(path, &output));
	fchmod(fileno(output.stream), 0600);
	fwrite(text->ptr, 1, text->len, output.stream);
	return output_finish(&output);
}

static void write_record(struct json_writer *json, const struct host_record *record,
			 const char *out, const char *err)
{
	json_object_begin(json);
	json_key_text(json, "id", record->id);
	json_key_text(json, "command", record->command);
	json_key_uint(json, "round", record->round);
	if (record->subject)
		json_key_uint(json, "subject", record->subject);
	json_key_bool(json, "whole", record->is_whole);
	json_key_bool(json, "absent", record->is_absent);
	json_key_int(json, "status", record->status);
	json_key_text(json, "reason", record->reason);
	json_key_uint(json, "took_ns", record->took_ns);
	json_key_text(json, "out", out);
	json_key_text(json, "err", err);
	json_object_end(json);
}

static struct error *write_records(struct json_writer *json, const struct host_snapshot *snapshot,
				   const char *folder)
{
	json_key(json, "records");
	json_array_begin(json);
	for (size_t i = 0; i < snapshot->records.count; i++) {
		const struct host_record *record = &snapshot->records.items[i];
		auto_free char *out = x_asprintf("%zu-%s.out", i + 1, record->id);
		auto_free char *err = x_asprintf("%zu-%s.err", i + 1, record->id);

		if (record->out.len)
			TRY(write_output(folder, out, &record->out));
		if (record->err.len)
			TRY(write_output(folder, err, &record->err));
		write_record(json, record, record->out.len ? out : NULL,
			     record->err.len ? err : NULL);
	}
	json_array_end(json);
	return NULL;
}

struct error *host_snapshot_save(const struct host_snapshot *snapshot, const char *dir)
{
	auto_free char *name = folder_name(snapshot->host);
	auto_free char *folder = x_asprintf("%s/%s", dir, name);
	auto_free char *index = x_asprintf("%s/index.json", folder);
	auto_output struct output_file output = { 0 };
	struct json_writer json;
	struct stat there;

	TRY(make_folder(dir));
	TRY(make_folder(folder));
	if (stat(index, &there) == 0)
		return error_with_hint(
			error_new(ERROR_IO, "%s: there is a snapshot already", folder),
			"name another folder, or move this one away");
	TRY(output_open(index, &output));
	fchmod(fileno(output.stream), 0600);
	json = json_writer_on(output.stream);
	json_object_begin(&json);
	json_key_uint(&json, "format", FORMAT_VERSION);
	json_key_text(&json, "host", snapshot->host);
	json_key_text(&json, "taken_at", snapshot->taken_at);
	json_key_text(&json, "version", snapshot->version);
	json_key_text(&json, "unreachable", snapshot->unreachable);
	TRY(write_records(&json, snapshot, folder));
	json_object_end(&json);
	json_finish(&json);
	return output_finish(&output);
}

/* ---- reading */

/* Owned; NULL where there is no such text. */
static char *text_of(const struct json *object, const char *key)
{
	struct str text;

	if (!json_get_text(json_find(object, key), &text))
		return NULL;
	return x_strndup(text.ptr, text.len);
}

static bool truth_of(const struct json *object, const char *key)
{
	const struct json *value = json_find(object, key);

	return value && value->type == JSON_BOOL && value->truth;
}

static double number_of(const struct json *object, const char *key)
{
	double number;

	return json_get_number(json_find(object, key), &number) ? number : 0;
}

static struct error *read_output(const char *folder, const struct json *row, const char *key,
				 struct strbuf *ret)
{
	auto_free char *path = NULL;
	struct str name;

	if (!json_get_text(json_find(row, key), &name))
		return NULL;
	if (!is_file_name(name))
		return error_new(ERROR_INPUT, "%s: index.json names a file outside of it", folder);
	path = x_asprintf("%s/%.*s", folder, STR_ARG(name));
	return file_read(path, OUTPUT_CAP_BYTES, ret);
}

static struct error *read_record(const char *folder, const struct json *row,
				 struct host_snapshot *snapshot)
{
	double round = number_of(row, "round"), took = number_of(row, "took_ns");
	double status = number_of(row, "status"), subject = number_of(row, "subject");
	struct host_record *record = host_record_vec_push(
		&snapshot->records, (struct host_record){
					    .id = text_of(row, "id"),
					    .command = text_of(row, "command"),
					    .reason = text_of(row, "reason"),
					    .is_whole = truth_of(row, "whole"),
					    .is_absent = truth_of(row, "absent"),
				    });

	if (round >= 0 && round <= 1000)
		record->round = (unsigned)round;
	if (subject >= 1 && subject <= UINT32_MAX)
		record->subject = (uint32_t)subject;
	if (took >= 0 && took < 1e18)
		record->took_ns = (uint64_t)took;
	if (status >= 0 && status <= 255)
		record->status = (int)status;
	if (!record->id)
		record->id = x_strdup("");
	if (!record->command)
		record->command = x_strdup(record->id);
	TRY(read_output(folder, row, "out", &record->out));
	return read_output(folder, row, "err", &record->err);
}

static struct error *read_snapshot(const char *folder, struct host_snapshot *ret)
{
	auto_free char *path = x_asprintf("%s/index.json", folder);
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *index, *rows;
	struct error *error;
	size_t count = 0;

	TRY(file_read(path, INDEX_CAP_BYTES, &text));
	error = json_parse(strbuf_str(&text), &arena, &index);
	if (error)
		return error_wrap(error, "%s", path);
	rows = json_find(index, "records");
	if (number_of(index, "format") != FORMAT_VERSION || !rows || rows->type != JSON_ARRAY)
		return error_with_hint(
			error_new(ERROR_INPUT, "%s: no snapshot of this version", path),
			"read the host again with --save-dir");
	ret->host = text_of(index, "host");
	ret->taken_at = text_of(index, "taken_at");
	ret->version = text_of(index, "version");
	ret->unreachable = text_of(index, "unreachable");
	if (!ret->host)
		ret->host = x_strdup("");
	for (const struct json *row = rows->first; row && count < MAX_RECORDS; row = row->next) {
		TRY(read_record(folder, row, ret));
		count++;
	}
	return NULL;
}

static bool has_index(const char *folder)
{
	auto_free char *path = x_asprintf("%s/index.json", folder);
	struct stat there;

	return stat(path, &there) == 0;
}

static struct error *load_one(const char *folder, struct host_snapshot_vec *ret)
{
	struct host_snapshot *snapshot = host_snapshot_vec_push(ret, (struct host_snapshot){ 0 });

	return read_snapshot(folder, snapshot);
}

struct error *host_snapshots_load(const char *dir, struct host_snapshot_vec *ret)
{
	struct dirent **entries = NULL;
	struct error *error = NULL;
	int count;

	if (has_index(dir))
		return load_one(dir, ret);
	count = scandir(dir, &entries, NULL, alphasort);
	if (count < 0)
		return error_errno(errno, "%s", dir);
	for (int i = 0; i < count; i++) {
		auto_free char *folder = x_asprintf("%s/%s", dir, entries[i]->d_name);

		if (!error && *entries[i]->d_name != '.' && ret->count < MAX_SNAPSHOTS &&
		    has_index(folder))
			error = load_one(folder, ret);
		free(entries[i]);
	}
	free(entries);
	if (!error && !ret->count)
		error = error_with_hint(error_new(ERROR_INPUT, "%s: no snapshots are in it", dir),
					"name the folder that --save-dir wrote");
	return error;
}
