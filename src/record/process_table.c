#include "record/process_table.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"

enum { MAPS_MAX_BYTES = 256 << 20, COMM_MAX_BYTES = 64, PATH_MAX_BYTES = 4096 };

/* A record being put together. */
struct draft {
	uint8_t bytes[8 + 64 + PATH_MAX_BYTES + 64];
	size_t used;
};

static void put(struct draft *draft, const void *data, size_t size_bytes)
{
	memcpy(draft->bytes + draft->used, data, size_bytes);
	draft->used += size_bytes;
}

static void put_u32(struct draft *draft, uint32_t value)
{
	put(draft, &value, sizeof(value));
}

static void put_u64(struct draft *draft, uint64_t value)
{
	put(draft, &value, sizeof(value));
}

/* With a NUL and padding to 8 bytes; cut where it is too long. */
static void put_text(struct draft *draft, struct str text)
{
	size_t length = MIN(text.len, (size_t)PATH_MAX_BYTES - 8);
	size_t padded = (length + 8) / 8 * 8;

	put(draft, text.ptr, length);
	memset(draft->bytes + draft->used, 0, padded - length);
	draft->used += padded - length;
}

static struct draft draft_of(void)
{
	struct draft draft = { .used = sizeof(struct perf_event_header) };

	return draft;
}

/* sample_id as the kernel appends it, at time 0. */
static void finish(const struct process_table *table, struct draft *draft, uint32_t type,
		   uint16_t misc, int32_t pid, int32_t tid)
{
	uint64_t sample_type = table->attr->sample_type;
	struct perf_event_header header = { .type = type, .misc = misc };

	if (sample_type & PERF_SAMPLE_TID) {
		put_u32(draft, (uint32_t)pid);
		put_u32(draft, (uint32_t)tid);
	}
	if (sample_type & PERF_SAMPLE_TIME)
		put_u64(draft, 0);
	if (sample_type & PERF_SAMPLE_CPU)
		put_u64(draft, 0);
	if (sample_type & PERF_SAMPLE_IDENTIFIER)
		put_u64(draft, table->id);
	header.size = (uint16_t)draft->used;
	memcpy(draft->bytes, &header, sizeof(header));
	table->sink(table->context, draft->bytes, draft->used);
}

static void add_comm(const struct process_table *table, int32_t pid, int32_t tid, struct str name)
{
	struct draft draft = draft_of();

	put_u32(&draft, (uint32_t)pid);
	put_u32(&draft, (uint32_t)tid);
	put_text(&draft, name);
	finish(table, &draft, PERF_RECORD_COMM, 0, pid, tid);
}

struct process_map {
	uint64_t start, end, file_offset, inode;
	uint32_t major, minor, protection, flags;
	struct str path;
};

static void add_map(const struct process_table *table, int32_t pid, const struct process_map *map)
{
	struct draft draft = draft_of();
	uint16_t misc = PERF_RECORD_MISC_USER;

	if (!(map->protection & PROT_EXEC))
		misc |= PERF_RECORD_MISC_MMAP_DATA;
	put_u32(&draft, (uint32_t)pid);
	put_u32(&draft, (uint32_t)pid);
	put_u64(&draft, map->start);
	put_u64(&draft, map->end - map->start);
	put_u64(&draft, map->file_offset);
	put_u32(&draft, map->major);
	put_u32(&draft, map->minor);
	put_u64(&draft, map->inode);
	put_u64(&draft, 0);
	put_u32(&draft, map->protection);
	put_u32(&draft, map->flags);
	put_text(&draft, map->path.len ? map->path : STR("//anon"));
	finish(table, &draft, PERF_RECORD_MMAP2, misc, pid, pid);
}

static bool parse_device(struct str text, struct process_map *ret)
{
	struct str major, minor;
	uint64_t first, second;

	if (!str_cut(text, ':', &major, &minor) || !str_to_hex(major, &first) ||
	    !str_to_hex(minor, &second))
		return false;
	ret->major = (uint32_t)first;
	ret->minor = (uint32_t)second;
	return true;
}

/* "55d0a000-55d0b000 r-xp 00001000 fe:00 1234   /usr/bin/x" */
static bool parse_map(struct str line, struct process_map *ret)
{
	struct str range, start, end, rights, offset, device, inode;

	*ret = (struct process_map){ 0 };
	if (!str_next_word(&line, &range) || !str_next_word(&line, &rights) ||
	    !str_next_word(&line, &offset) || !str_next_word(&line, &device) ||
	    !str_next_word(&line, &inode) || rights.len < 4)
		return false;
	if (!str_cut(range, '-', &start, &end) || !str_to_hex(start, &ret->start) ||
	    !str_to_hex(end, &ret->end) || ret->end <= ret->start ||
	    !str_to_hex(offset, &ret->file_offset) || !parse_device(device, ret) ||
	    !str_to_u64(inode, &ret->inode))
		return false;
	ret->protection = (rights.ptr[0] == 'r' ? PROT_READ : 0U) |
			  (rights.ptr[1] == 'w' ? PROT_WRITE : 0U) |
			  (rights.ptr[2] == 'x' ? PROT_EXEC : 0U);
	ret->flags = rights.ptr[3] == 's' ? MAP_SHARED : MAP_PRIVATE;
	ret->path = str_trim(line);
	return true;
}

static void add_maps(const struct process_table *table, int32_t pid)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_free char *path = x_asprintf("/proc/%d/maps", pid);
	auto_error struct error *error = file_read(path, MAPS_MAX_BYTES, &text);
	struct str rest = strbuf_str(&text), line;
	struct process_map map;

	if (error)
		return;
	while (str_next_line(&rest, &line)) {
		if (!parse_map(line, &map))
			continue;
		if ((map.protection & PROT_EXEC) ||
		    (table->data_maps && (map.protection & PROT_READ) && map.inode))
			add_map(table, pid, &map);
	}
}

static struct str read_comm(int32_t pid, int32_t tid, struct strbuf *text)
{
	auto_free char *path = x_asprintf("/proc/%d/task/%d/comm", pid, tid);
	auto_error struct error *error = NULL;

	strbuf_reset(text);
	error = file_read(path, COMM_MAX_BYTES, text);
	return error ? STR("") : str_trim(strbuf_str(text));
}

static bool next_number(DIR *directory, int32_t *ret)
{
	struct dirent *entry;
	uint64_t number;

	while ((entry = readdir(directory))) {
		if (!str_to_u64(str_from(entry->d_name), &number) || number > INT32_MAX)
			continue;
		*ret = (int32_t)number;
		return true;
	}
	return false;
}

bool process_threads(int32_t pid, struct tid_vec *ret)
{
	auto_free char *path = x_asprintf("/proc/%d/task", pid);
	DIR *directory = opendir(path);
	int32_t tid;

	if (!directory)
		return false;
	while (next_number(directory, &tid))
		tid_vec_push(ret, tid);
	closedir(directory);
	return true;
}

/* The last number of a line of /proc/ID/status, or `otherwise`. */
static int32_t read_status(int32_t id, const char *key, int32_t otherwise)
{
	auto_free char *path = x_asprintf("/proc/%d/status", id);
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read(path, 65536, &text);
	struct str rest = strbuf_str(&text), line, name, value, word;
	uint64_t number;

	while (!error && str_next_line(&rest, &line)) {
		if (!str_cut(line, ':', &name, &value) || !str_is(name, key))
			continue;
		while (str_next_word(&value, &word))
			if (str_to_u64(word, &number) && number <= INT32_MAX)
				otherwise = (int32_t)number;
	}
	return otherwise;
}

int32_t thread_process(int32_t tid)
{
	return read_status(tid, "Tgid", -1);
}

int32_t process_namespace_pid(int32_t pid)
{
	return read_status(pid, "NSpid", pid);
}

void process_table_process(const struct process_table *table, int32_t pid)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct tid_vec tids = { 0 };

	process_threads(pid, &tids);
	for (size_t i = 0; i < tids.count; i++)
		add_comm(table, pid, tids.items[i], read_comm(pid, tids.items[i], &text));
	tid_vec_done(&tids);
	add_maps(table, pid);
}

void process_table_all(const struct process_table *table)
{
	DIR *directory = opendir("/proc");
	int32_t pid;

	if (!directory)
		return;
	while (next_number(directory, &pid))
		process_table_process(table, pid);
	closedir(directory);
}

static void add_kernel_map(const struct process_table *table, uint64_t start, uint64_t end,
			   uint64_t file_offset, struct str name)
{
	struct draft draft = draft_of();

	put_u32(&draft, UINT32_MAX);
	put_u32(&draft, 0);
	put_u64(&draft, start);
	put_u64(&draft, end - start);
	put_u64(&draft, file_offset);
	put_text(&draft, name);
	finish(table, &draft, PERF_RECORD_MMAP, PERF_RECORD_MISC_KERNEL, -1, 0);
}

/* Start and end of the kernel's text; kallsyms is in order of address, so half of it is read. */
static bool find_kernel_text(uint64_t *ret_start, uint64_t *ret_end)
{
	auto_fclose FILE *stream = fopen("/proc/kallsyms", "re");
	char buffer[512];
	uint64_t address, start = 0;

	while (stream && fgets(buffer, sizeof(buffer), stream)) {
		struct str line = str_trim(str_from(buffer)), word, type, name;

		if (!str_next_word(&line, &word) || !str_next_word(&line, &type) ||
		    !str_next_word(&line, &name) || !str_to_hex(word, &address))
			continue;
		if (str_is(name, "_text"))
			start = address;
		/* kptr_restrict shows zeros */
		if (!str_is(name, "_etext") || !start || address <= start)
			continue;
		*ret_start = start;
		*ret_end = address;
		return true;
	}
	return false;
}

/* "ext4 1044480 1 - Live 0xffffffffc0a3d000" */
static void add_modules(const struct process_table *table)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read("/proc/modules", 1 << 20, &text);
	struct str rest = strbuf_str(&text), line, name, size, word;
	uint64_t address, size_bytes;

	while (!error && str_next_line(&rest, &line)) {
		if (!str_next_word(&line, &name) || !str_next_word(&line, &size))
			continue;
		address = 0;
		while (str_next_word(&line, &word))
			if (str_starts_with(word, STR("0x")))
				str_to_hex(word, &address);
		if (address && str_to_u64(size, &size_bytes) && size_bytes) {
			auto_free char *label = x_asprintf("[%.*s]", STR_ARG(name));

			add_kernel_map(table, address, address + size_bytes, 0, str_from(label));
		}
	}
}

void process_table_kernel(const struct process_table *table)
{
	uint64_t start, end;

	if (find_kernel_text(&start, &end))
		add_kernel_map(table, start, end, start, STR("[kernel.kallsyms]_text"));
	add_modules(table);
}
