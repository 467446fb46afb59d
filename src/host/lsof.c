/*
 * The output of lsof: its default columns (with +L1, -l, -o and the like) and its fields (-F).
 * Entities: process "NAME (PID)": pid, user, files_open, deleted_bytes; file PATH (deleted, the
 * largest of each process): size, deleted. Relations: process "holds open" file, and, where mounts
 * are known, process "holds deleted files on" mount.
 */
#include "host/lsof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/vec.h"
#include "host/parser.h"

enum {
	SEEN_DELETED = 256,
	MAX_PROCESSES = 1 << 16,
	MAX_FILES = 512,
	MAX_NAME = 64,
	LOOK_LINES = 30
};

static const double told_bytes = 1 << 20; /* of a deleted file */

struct holder {
	uint64_t pid;
	char name[MAX_NAME];
	char user[MAX_NAME];
	uint32_t line;
	uint64_t files;
	double deleted_bytes;
};

VEC_DEFINE(holder_vec, struct holder)

/* One open file, of a row or of fields. */
struct open_file {
	struct str fd, type, size, links, device, node, name;
};

struct deleted {
	uint64_t node;
	uint64_t holder; /* index */
	char device[24];
};

VEC_DEFINE(deleted_vec, struct deleted)

struct lsof {
	struct parse *parse;
	struct holder_vec holders; /* in the order of the output: a process' rows stand together */
	struct deleted_vec deleted;
	unsigned files_told;
	uint64_t rows;
};

static void copy_name(char to[MAX_NAME], struct str from)
{
	size_t len = MIN(from.len, (size_t)MAX_NAME - 1);

	memcpy(to, from.ptr, len);
	to[len] = '\0';
}

static struct holder *holder_of(struct lsof *lsof, uint64_t pid, struct str name, struct str user)
{
	struct holder holder = { .pid = pid, .line = lsof->parse->line };

	if (lsof->holders.count && lsof->holders.items[lsof->holders.count - 1].pid == pid)
		return &lsof->holders.items[lsof->holders.count - 1];
	if (lsof->holders.count >= MAX_PROCESSES)
		return NULL;
	copy_name(holder.name, name);
	copy_name(holder.user, user);
	return holder_vec_push(&lsof->holders, holder);
}

static struct entity holder_entity(const struct lsof *lsof, const struct holder *holder)
{
	char name[MAX_NAME + 24];

	snprintf(name, sizeof(name), "%s (%" PRIu64 ")", holder->name, holder->pid);
	return facts_entity(lsof->parse->facts, "process", name);
}

/* One file that a process has open three times takes its space once. */
static bool is_counted(struct lsof *lsof, uint64_t holder, const struct open_file *file)
{
	struct deleted one = { .holder = holder };

	if (!str_to_u64(file->node, &one.node))
		return false;
	snprintf(one.device, sizeof(one.device), "%.*s", (int)MIN(file->device.len, (size_t)20),
		 file->device.ptr);
	for (size_t i = lsof->deleted.count, seen = 0; i-- > 0 && seen < SEEN_DELETED; seen++) {
		const struct deleted *other = &lsof->deleted.items[i];

		if (other->holder != holder)
			break;
		if (other->node == one.node && strcmp(other->device, one.device) == 0)
			return true;
	}
	if (lsof->deleted.count < MAX_PROCESSES)
		deleted_vec_push(&lsof->deleted, one);
	return false;
}

static void deleted_tell(struct lsof *lsof, struct holder *holder, struct str path, double bytes)
{
	struct parse *parse = lsof->parse;
	auto_free char *name = NULL;
	struct entity file;

	if (bytes < told_bytes || lsof->files_told >= MAX_FILES)
		return;
	lsof->files_told++;
	name = x_strndup(path.ptr, MIN(path.len, (size_t)4096));
	file = facts_entity(parse->facts, "file", name);
	parse_number(parse, file, "size", bytes, "bytes", parse->line);
	parse_text(parse, file, "deleted", STR("yes"), parse->line);
	facts_add_relation(parse->facts, holder_entity(lsof, holder), "holds open", file);
}

static void file_add(struct lsof *lsof, struct holder *holder, const struct open_file *file)
{
	static const struct str mark = { " (deleted)", 10 };
	bool is_deleted = str_ends_with(file->name, mark) || str_is(file->links, "0");
	struct str path = file->name;
	uint64_t bytes;

	lsof->rows++;
	holder->files += file->fd.len && *file->fd.ptr >= '0' && *file->fd.ptr <= '9';
	/* a mapping of memory has a name and no file: /memfd:, /dev/zero, /SYSV */
	if (!is_deleted || !str_is(file->type, "REG") || !str_to_u64(file->size, &bytes) ||
	    str_starts_with(path, STR("/memfd:")) || str_starts_with(path, STR("/SYSV")) ||
	    str_starts_with(path, STR("/dev/zero")))
		return;
	if (is_counted(lsof, (uint64_t)(holder - lsof->holders.items), file))
		return;
	if (str_ends_with(path, mark))
		path.len -= mark.len;
	holder->deleted_bytes += (double)bytes;
	deleted_tell(lsof, holder, path, (double)bytes);
}

/* ---- rows */

bool lsof_header_read(struct str line, struct columns *columns)
{
	return str_starts_with(line, STR("COMMAND")) && columns_read(columns, line, NULL) &&
	       columns_find(columns, "PID") > 0 && columns_find(columns, "FD") > 0 &&
	       columns_find(columns, "NAME") > 0;
}

static bool row_add(struct lsof *lsof, const struct columns *columns, const struct str *cells)
{
	struct str size = columns_cell(columns, cells, "SIZE/OFF");
	struct open_file file = {
		.fd = columns_cell(columns, cells, "FD"),
		.type = columns_cell(columns, cells, "TYPE"),
		.size = size.len ? size : columns_cell(columns, cells, "SIZE"),
		.links = columns_cell(columns, cells, "NLINK"),
		.device = columns_cell(columns, cells, "DEVICE"),
		.node = columns_cell(columns, cells, "NODE"),
		.name = columns_cell(columns, cells, "NAME"),
	};
	struct holder *holder;
	uint64_t pid;

	if (!str_to_u64(columns_cell(columns, cells, "PID"), &pid))
		return false;
	/* threads share the files of their process */
	if (columns_cell(columns, cells, "TID").len)
		return true;
	holder = holder_of(lsof, pid, columns_cell(columns, cells, "COMMAND"),
			   columns_cell(columns, cells, "USER"));
	if (holder)
		file_add(lsof, holder, &file);
	return true;
}

static void rows_parse(struct lsof *lsof, struct columns *columns, struct str line)
{
	struct str cells[COLUMNS_MAX];

	if (lsof_header_read(line, columns))
		return;
	columns_cut(columns, line, cells);
	if (str_starts_with(line, STR("lsof: ")) || !str_trim(line).len)
		return; /* its warnings */
	if (!columns->count || !row_add(lsof, columns, cells))
		parse_unknown(lsof->parse, line);
}

/* ---- fields: a letter and a value on each line, p begins a process and f a file */

struct fields {
	uint64_t pid;
	bool has_pid, has_file, is_thread;
	char command[MAX_NAME], user[MAX_NAME];
	struct strbuf text; /* of the file so far: "sVALUE\0nVALUE\0" */
};

static struct str field_of(const struct fields *fields, char letter)
{
	const char *at = strbuf_text(&fields->text), *end = at + fields->text.len;

	for (; at < end; at += strlen(at) + 1)
		if (*at == letter)
			return str_from(at + 1);
	return STR("");
}

static void fields_flush(struct lsof *lsof, struct fields *fields)
{
	struct open_file file = { .fd = field_of(fields, 'f'),
				  .type = field_of(fields, 't'),
				  .size = field_of(fields, 's'),
				  .links = field_of(fields, 'k'),
				  .device = field_of(fields, 'D'),
				  .node = field_of(fields, 'i'),
				  .name = field_of(fields, 'n') };
	struct holder *holder;

	if (fields->has_pid && fields->has_file && !fields->is_thread) {
		holder = holder_of(lsof, fields->pid, str_from(fields->command),
				   str_from(fields->user));
		if (holder)
			file_add(lsof, holder, &file);
	}
	strbuf_reset(&fields->text);
	fields->has_file = false;
}

static bool field_read(struct lsof *lsof, struct fields *fields, struct str line)
{
	struct str value = { line.ptr + 1, line.len - 1 };

	switch (*line.ptr) {
	case 'p':
		fields_flush(lsof, fields);
		fields->command[0] = fields->user[0] = '\0';
		fields->is_thread = false;
		fields->has_pid = str_to_u64(value, &fields->pid);
		return fields->has_pid;
	case 'c':
		copy_name(fields->command, value);
		return true;
	case 'L':
		copy_name(fields->user, value);
		return true;
	case 'K':
		fields->is_thread = true;
		return true;
	case 'f':
		fields_flush(lsof, fields);
		fields->has_file = true;
		break;
	default:
		break;
	}
	if (fields->text.len < 16384) {
		strbuf_add(&fields->text, line);
		strbuf_add_char(&fields->text, '\0');
	}
	return strchr("afkionstDGglMmNPRruTzdC", *line.ptr) != NULL;
}

/* ---- both */

static bool is_fields(struct str text)
{
	struct str line;
	uint64_t pid;
	unsigned good = 0, lines = 0;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		if (!lines && (!line.len || *line.ptr != 'p' ||
			       !str_to_u64((struct str){ line.ptr + 1, line.len - 1 }, &pid)))
			return false;
		lines++;
		good += line.len > 1 && strchr("pcfntskiDLauRgGlPoTK", *line.ptr) != NULL;
	}
	return lines >= 3 && good == lines;
}

static unsigned lsof_looks(struct str text)
{
	struct str rest = text, line;
	struct columns columns;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&rest, &line); i++) {
		if (lsof_header_read(line, &columns))
			return 2;
		if (!str_starts_with(line, STR("lsof:")) && !str_starts_with(line, STR("  ")))
			break;
	}
	return is_fields(text) ? 2 : 0;
}

static void holders_tell(struct lsof *lsof)
{
	struct parse *parse = lsof->parse;

	for (size_t i = 0; i < lsof->holders.count; i++) {
		const struct holder *holder = &lsof->holders.items[i];
		struct entity process;

		if (holder->deleted_bytes < told_bytes && holder->files < 8)
			continue;
		process = holder_entity(lsof, holder);
		parse_number(parse, process, "pid", (double)holder->pid, "", holder->line);
		if (holder->user[0])
			parse_text(parse, process, "user", str_from(holder->user), holder->line);
		if (holder->files)
			parse_number(parse, process, "files_open", (double)holder->files, "",
				     holder->line);
		if (holder->deleted_bytes > 0)
			parse_number(parse, process, "deleted_bytes", holder->deleted_bytes,
				     "bytes", holder->line);
	}
}

static void lsof_parse(struct parse *parse)
{
	struct lsof lsof = { .parse = parse };
	struct fields fields = { .has_pid = false };
	struct columns columns = { .count = 0 };
	bool with_fields = is_fields(parse->rest);
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (!with_fields)
			rows_parse(&lsof, &columns, line);
		else if (line.len && !field_read(&lsof, &fields, line))
			parse_unknown(parse, line);
	}
	fields_flush(&lsof, &fields);
	holders_tell(&lsof);
	strbuf_addf(&parse->format, "lsof%s, %" PRIu64 " files", with_fields ? " -F" : "",
		    lsof.rows);
	strbuf_done(&fields.text);
	holder_vec_done(&lsof.holders);
	deleted_vec_done(&lsof.deleted);
}

const struct host_parser lsof_parser = { "lsof", lsof_looks, lsof_parse };

/* ---- deleted files and mounts */

/* The mount with the longest path that the file's begins with; false where there is none. */
static bool mount_of(const struct facts *facts, uint32_t kind, const char *path, struct entity *ret)
{
	size_t best = 0;

	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct entity *mount = &facts->facts.items[i].entity;
		const char *name;
		size_t len;

		if (mount->kind != kind)
			continue;
		name = facts_str(facts, mount->name);
		len = strlen(name);
		if (len <= best || strncmp(path, name, len) != 0 ||
		    (len > 1 && path[len] != '/' && path[len] != '\0'))
			continue;
		best = len;
		*ret = *mount;
	}
	return best > 0;
}

void lsof_finish(struct facts *facts)
{
	uint32_t mounts = facts_text(facts, "mount"), holds = facts_text(facts, "holds open");
	size_t count = facts->relations.count, joined = 0;

	for (size_t i = 0; i < count && joined < MAX_FILES; i++) {
		struct relation relation = facts->relations.items[i];
		const struct fact *deleted;
		struct entity mount;

		if (relation.verb != holds)
			continue;
		deleted = facts_find(facts, relation.b, "deleted");
		if (!deleted || relation.b.host != relation.a.host ||
		    !mount_of(facts, mounts, facts_str(facts, relation.b.name), &mount))
			continue;
		facts_add_relation(facts, relation.a, "holds deleted files on", mount);
		joined++;
	}
}
