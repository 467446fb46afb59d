#include "host/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/vec.h"
#include "host/look_facts.h"
#include "host/look_reader.h"

enum { MAX_MOUNTS = 1 << 16, MAX_PROCESSES = 1 << 17, MAX_NAME_BYTES = 64, MAX_PATH_BYTES = 4096 };

struct mount {
	uint32_t path; /* text id of the facts */
	uint32_t major, minor;
};

struct process {
	int pid;
	uint64_t files, limit, deleted_bytes;
	bool has_limit;
};

/* A task in state D, of which lines are being read. */
struct task {
	int pid;
	uint64_t id;	/* 0: none */
	uint32_t place; /* the last mount of its paths, text id, 0 = none */
	bool has_path;
};

VEC_DEFINE(mount_vec, struct mount)
VEC_DEFINE(process_vec, struct process)

struct objects {
	struct look_facts to;
	const struct looks *looks;
	struct mount_vec mounts;
	struct process_vec processes;
	struct task task;
};

static void put_text(const struct objects *objects, struct entity entity, const char *name,
		     struct str value)
{
	const struct look_facts *to = &objects->to;
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)MIN(value.len, sizeof(text) - 1), value.ptr);
	facts_add_text(to->facts, entity, name, text, to->source);
}

/* ---- mounts */

/* "\040" and the like: what the kernel writes for blanks, tabs, newlines and backslashes */
static struct str unescape(struct str text, char buffer[MAX_PATH_BYTES])
{
	size_t count = 0;

	for (size_t i = 0; i < text.len && count + 1 < MAX_PATH_BYTES; i++) {
		const char *c = text.ptr + i;

		if (*c == '\\' && i + 3 < text.len && c[1] >= '0' && c[1] <= '3') {
			buffer[count++] =
				(char)((c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0'));
			i += 3;
		} else {
			buffer[count++] = *c;
		}
	}
	buffer[count] = '\0';
	return (struct str){ buffer, count };
}

static bool has_option(struct str options, const char *wanted)
{
	struct str option;

	while (options.len) {
		str_cut(options, ',', &option, &options);
		if (str_is(option, wanted))
			return true;
	}
	return false;
}

/* "36 35 98:0 /root /path rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro" */
static void read_mount(struct objects *objects, struct str line)
{
	struct str word[6], type, device, options, major, minor;
	struct mount mount = { 0 };
	char path[MAX_PATH_BYTES];
	struct entity entity;
	uint64_t number[2];

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (!str_next_word(&line, &word[i]))
			return;
	do
		if (!str_next_word(&line, &type))
			return;
	while (!str_is(type, "-"));
	if (!str_next_word(&line, &type) || !str_next_word(&line, &device) ||
	    !str_next_word(&line, &options) || objects->mounts.count >= MAX_MOUNTS)
		return;
	unescape(word[4], path);
	entity = look_entity(&objects->to, "mount", path);
	put_text(objects, entity, "type", type);
	put_text(objects, entity, "device", device);
	if (str_starts_with(device, STR("/dev/"))) /* as the kernel's messages call it */
		put_text(objects, entity, "device_name",
			 (struct str){ device.ptr + 5, device.len - 5 });
	/* An option, not a piece of text: errors=remount-ro is none, emergency_ro is another. */
	if (has_option(word[5], "ro") || has_option(options, "ro"))
		put_text(objects, entity, "readonly", STR("yes"));
	if (has_option(word[5], "emergency_ro") || has_option(options, "emergency_ro"))
		put_text(objects, entity, "emergency", STR("yes"));
	if (str_cut(word[2], ':', &major, &minor) && str_to_u64(major, &number[0]) &&
	    str_to_u64(minor, &number[1])) {
		mount = (struct mount){ entity.name, (uint32_t)number[0], (uint32_t)number[1] };
		mount_vec_push(&objects->mounts, mount);
	}
}

/* ---- processes */

static struct process *process_of(struct objects *objects, uint64_t pid)
{
	struct process_vec *all = &objects->processes;

	if (pid > INT32_MAX)
		return NULL;
	for (size_t i = all->count; i > 0; i--)
		if (all->items[i - 1].pid == (int)pid)
			return &all->items[i - 1];
	if (all->count >= MAX_PROCESSES)
		return NULL;
	return process_vec_push(all, (struct process){ .pid = (int)pid });
}

static struct entity process_entity(const struct objects *objects, int pid)
{
	const struct look_process *process = NULL;
	char name[MAX_NAME_BYTES + 16];

	if (objects->looks && objects->looks->count)
		process = look_process_find(&objects->looks->look[objects->looks->count - 1], pid);
	snprintf(name, sizeof(name), "%.*s (%d)", MAX_NAME_BYTES,
		 process ? interned_text(&objects->looks->texts, process->comm) : "process", pid);
	return look_entity(&objects->to, "process", name);
}

/* "Max open files            1024                 4096                 files" */
static void read_limit(struct objects *objects, uint64_t pid, struct str line)
{
	struct process *process = process_of(objects, pid);
	struct str word;
	uint64_t limit;

	for (int skipped = 0; skipped < 3; skipped++)
		if (!str_next_word(&line, &word))
			return;
	if (!process || !str_next_word(&line, &word) || !str_to_u64(word, &limit))
		return;
	process->limit = limit;
	process->has_limit = true;
}

/* `device` as stat prints it in hexadecimal: glibc's and the kernel's packing of major and minor.
 */
static const struct mount *mount_of(const struct objects *objects, uint64_t device)
{
	uint32_t major = (uint32_t)((device >> 8) & 0xfff);
	uint32_t minor = (uint32_t)((device & 0xff) | ((device >> 12) & 0xfff00));

	for (size_t i = 0; i < objects->mounts.count; i++)
		if (objects->mounts.items[i].major == major &&
		    objects->mounts.items[i].minor == minor)
			return &objects->mounts.items[i];
	return NULL;
}

/* "SIZE DEVICE LINKS" of a deleted file that is still open */
static void read_deleted(struct objects *objects, uint64_t pid, struct str line)
{
	const struct look_facts *to = &objects->to;
	struct process *process = process_of(objects, pid);
	const struct mount *mount;
	struct entity place;
	uint64_t size, device, links;
	struct str word;

	if (!process || !str_next_word(&line, &word) || !str_to_u64(word, &size) ||
	    !str_next_word(&line, &word) || !str_to_hex(word, &device) ||
	    !str_next_word(&line, &word) || !str_to_u64(word, &links) || links)
		return;
	process->deleted_bytes += size;
	mount = mount_of(objects, device);
	if (!mount)
		return;
	place = (struct entity){ to->host, facts_text(to->facts, "mount"), mount->path };
	look_fact(to, place, "deleted_bytes",
		  facts_value(to->facts, place, "deleted_bytes", 0) + (double)size, "bytes");
	facts_add_relation(to->facts, process_entity(objects, (int)pid), "holds deleted files on",
			   place);
}

/* The mount that a path is on: the one with the longest path above it. */
static const struct mount *mount_above(const struct objects *objects, struct str path)
{
	const struct mount *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < objects->mounts.count; i++) {
		const struct mount *mount = &objects->mounts.items[i];
		struct str top = interned(&objects->to.facts->texts, mount->path);
		bool is_root = top.len == 1;

		if (!str_starts_with(path, top) || top.len < longest ||
		    (!is_root && path.len > top.len && path.ptr[top.len] != '/'))
			continue;
		longest = top.len;
		best = mount;
	}
	return best;
}

static void tell_blocked(const struct objects *objects, int pid, uint32_t mount)
{
	const struct look_facts *to = &objects->to;
	struct entity place = { to->host, facts_text(to->facts, "mount"), mount };

	look_fact(to, place, "blocked", facts_value(to->facts, place, "blocked", 0) + 1, "");
	facts_add_relation(to->facts, process_entity(objects, pid), "waits on", place);
}

/* A blocked task of which no path lies elsewhere waits on the root's file system, if on any. */
static void end_task(struct objects *objects)
{
	if (objects->task.id && objects->task.has_path && !objects->task.place)
		tell_blocked(objects, objects->task.pid, facts_text(objects->to.facts, "/"));
	objects->task = (struct task){ 0 };
}

/* A path that the task has to do with; its program's own is mostly on the root's. */
static void read_path(struct objects *objects, struct str path)
{
	static const char *const not_on_disk[] = { "/proc", "/sys", "/dev" };
	const struct mount *mount = mount_above(objects, path);
	struct task *task = &objects->task;

	if (!mount || task->place == mount->path)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(not_on_disk); i++)
		if (str_starts_with(path, str_from(not_on_disk[i])))
			return;
	task->has_path = true;
	if (interned(&objects->to.facts->texts, mount->path).len == 1)
		return;
	task->place = mount->path;
	tell_blocked(objects, task->pid, mount->path);
}

/* "78/wchan" and "78/path" below /proc/77/task: all lines of a task stand together. */
static void read_task(struct objects *objects, uint64_t pid, struct str path, struct str content)
{
	struct str number, file;
	uint64_t id;

	if (!str_cut(path, '/', &number, &file) || !str_to_u64(number, &id) || !id ||
	    pid > INT32_MAX)
		return;
	if (objects->task.id != id) {
		end_task(objects);
		objects->task = (struct task){ .pid = (int)pid, .id = id };
	}
	if (str_is(file, "wchan"))
		put_text(objects, process_entity(objects, (int)pid), "waits_in", content);
	else if (str_is(file, "path"))
		read_path(objects, content);
}

/* "/proc/77/fd:12", "/proc/77/fd/3:SIZE DEVICE LINKS", "/proc/77/limits:Max open files ..." */
static void read_process(struct objects *objects, struct str path, struct str content)
{
	struct str number, file;
	struct process *process;
	uint64_t pid, count;

	if (!str_cut(path, '/', &number, &file) || !str_to_u64(number, &pid) || pid > INT32_MAX)
		return;
	if (str_is(file, "limits")) {
		read_limit(objects, pid, content);
	} else if (str_is(file, "fd") && str_to_u64(content, &count)) {
		process = process_of(objects, pid);
		if (process)
			process->files = count;
	} else if (str_starts_with(file, STR("task/"))) {
		read_task(objects, pid, (struct str){ file.ptr + 5, file.len - 5 }, content);
	} else if (str_starts_with(file, STR("fd/"))) {
		read_deleted(objects, pid, content);
	}
}

/* One that came later has no name. */
static bool is_in_look(const struct looks *looks, int pid)
{
	return !looks->count || look_process_find(&looks->look[looks->count - 1], pid);
}

static void tell_processes(const struct objects *objects)
{
	for (size_t i = 0; i < objects->processes.count; i++) {
		const struct process *process = &objects->processes.items[i];
		struct entity entity;

		/* Linux before 6.2 gives no count: then nothing is said. */
		if (process->files < 8 && !process->deleted_bytes)
			continue;
		if (objects->looks && (looks_is_own(objects->looks, process->pid) ||
				       !is_in_look(objects->looks, process->pid)))
			continue;
		entity = process_entity(objects, process->pid);
		if (!facts_find(objects->to.facts, entity, "pid"))
			look_fact(&objects->to, entity, "pid", process->pid, "");
		if (process->files)
			look_fact(&objects->to, entity, "files_open", (double)process->files, "");
		if (process->has_limit)
			look_fact(&objects->to, entity, "files_limit", (double)process->limit, "");
		if (process->deleted_bytes)
			look_fact(&objects->to, entity, "deleted_bytes",
				  (double)process->deleted_bytes, "bytes");
	}
}

/* ---- limits of the host */

static void read_file(struct objects *objects, struct str path, struct str content)
{
	static const struct {
		const char *path, *name;
	} numbers[] = {
		{ "sys/net/core/somaxconn", "somaxconn" },    { "sys/kernel/pid_max", "pid_max" },
		{ "sys/kernel/threads-max", "threads_max" },  { "sys/fs/file-max", "files_max" },
		{ "sys/vm/overcommit_memory", "overcommit" },
	};
	struct entity host = look_entity(&objects->to, "host", "the host");
	uint64_t low, high;
	struct str word;

	if (str_is(path, "self/mountinfo"))
		read_mount(objects, content);
	else if (str_is(path, "sys/kernel/hostname"))
		put_text(objects, host, "hostname", content);
	else if (str_is(path, "version"))
		put_text(objects, host, "kernel", content);
	else if (str_is(path, "sys/net/ipv4/ip_local_port_range") &&
		 look_next_u64(&content, &low) && look_next_u64(&content, &high) && high >= low)
		look_fact(&objects->to, host, "ports", (double)(high - low + 1), "");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_is(path, numbers[i].path) && str_next_word(&content, &word) &&
		    str_to_u64(word, &low))
			look_fact(&objects->to, host, numbers[i].name, (double)low, "");
}

static void read_resolver(struct objects *objects, struct str content)
{
	struct str word;
	char address[128];

	if (!str_next_word(&content, &word) || !str_is(word, "nameserver") ||
	    !str_next_word(&content, &word) || word.len >= sizeof(address))
		return;
	memcpy(address, word.ptr, word.len);
	address[word.len] = '\0';
	put_text(objects, look_entity(&objects->to, "resolver", address), "configured", STR("yes"));
}

static void read_line(struct objects *objects, struct str line)
{
	static const struct str proc = { "/proc/", 6 };
	struct str path, content;

	if (!str_cut(line, ':', &path, &content))
		return;
	if (str_is(path, "/etc/resolv.conf")) {
		read_resolver(objects, content);
		return;
	}
	if (!str_starts_with(path, proc))
		return;
	path = (struct str){ path.ptr + proc.len, path.len - proc.len };
	if (path.len && *path.ptr >= '0' && *path.ptr <= '9')
		read_process(objects, path, content);
	else
		read_file(objects, path, content);
}

void objects_to_facts(struct str text, const struct looks *looks, const char *host,
		      const char *source, struct facts *facts)
{
	struct objects objects = {
		.to = { .looks = looks,
			.facts = facts,
			.host = facts_text(facts, host),
			.source = source },
		.looks = looks,
	};
	struct str line;

	while (str_next_line(&text, &line))
		if (line.len && *line.ptr == '/')
			read_line(&objects, line);
	end_task(&objects);
	tell_processes(&objects);
	mount_vec_done(&objects.mounts);
	process_vec_done(&objects.processes);
}
