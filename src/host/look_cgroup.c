#include <stdio.h>

#include "base/macros.h"
#include "host/look_reader.h"

enum { MAX_AREA_BYTES = 256, MAX_KEY_BYTES = 192 };

/* Of cgroup v1 the first part of the path is the controller's mount. */
static struct str strip_controller(struct str path)
{
	static const char *const mounts[] = { "cpu,cpuacct", "cpu",  "cpuacct", "memory",
					      "blkio",	     "pids", "unified", "systemd" };
	struct str first, rest;

	str_cut(path, '/', &first, &rest);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++)
		if (str_is(first, mounts[i]))
			return rest;
	return path;
}

static void know_cgroup(struct looks *looks, uint32_t path)
{
	for (size_t i = looks->cgroups.count; i > 0; i--)
		if (looks->cgroups.items[i - 1].path == path)
			return;
	if (looks->cgroups.count < LOOK_MAX_ROWS)
		look_cgroup_vec_push(&looks->cgroups, (struct look_cgroup){ path });
}

/* "8:0 rbps=1048576 wbps=max" (io.max, io.stat) and "8:0 Read 123" (blkio.throttle) */
static bool read_cgroup_device(struct look_reader *reader, const char *area, struct str file,
			       struct str line)
{
	struct str device, word, name, number;
	char key[MAX_KEY_BYTES];
	uint64_t value;

	if (!str_next_word(&line, &device))
		return false;
	while (str_next_word(&line, &word)) {
		if (str_cut(word, '=', &name, &number)) {
			if (!str_to_u64(number, &value))
				continue; /* "max" */
			snprintf(key, sizeof(key), "%.*s.%.*s.%.*s", STR_ARG(file), STR_ARG(device),
				 STR_ARG(name));
		} else if (str_to_u64(word, &value)) {
			snprintf(key, sizeof(key), "%.*s.%.*s", STR_ARG(file), STR_ARG(device));
		} else if (look_next_u64(&line, &value)) {
			snprintf(key, sizeof(key), "%.*s.%.*s.%.*s", STR_ARG(file), STR_ARG(device),
				 STR_ARG(word));
		} else {
			return false;
		}
		look_put(reader, area, str_from(key), (struct str){ 0 }, value);
	}
	return true;
}

/* One number, "max", "max 100000", or a line of "name number". */
static bool read_cgroup_values(struct look_reader *reader, const char *area, struct str file,
			       struct str line)
{
	struct str first, second;
	uint64_t value;
	char key[MAX_KEY_BYTES];

	if (!str_next_word(&line, &first))
		return false;
	if (!str_next_word(&line, &second)) {
		if (str_to_u64(first, &value))
			look_put(reader, area, file, (struct str){ 0 }, value);
		return true; /* "max": no limit, no number */
	}
	if (!str_to_u64(second, &value))
		return false;
	if (str_is(file, "cpu.max")) {
		look_put(reader, area, STR("cpu.max.period"), (struct str){ 0 }, value);
		if (str_to_u64(first, &value))
			look_put(reader, area, STR("cpu.max.quota"), (struct str){ 0 }, value);
		return true;
	}
	snprintf(key, sizeof(key), "%.*s.%.*s", STR_ARG(file), STR_ARG(first));
	look_put(reader, area, str_from(key), (struct str){ 0 }, value);
	return true;
}

/* Names of cgroups may hold a ':'; those of the files that are read are known. */
static bool cut_cgroup(struct str line, struct str *ret_path, struct str *ret_content)
{
	static const char *const areas[] = { "cpu.", "memory.", "io.", "blkio.", "pids.", "irq." };
	size_t name = 0;

	for (size_t i = 0; i < line.len; i++) {
		struct str file = { line.ptr + name, i - name };

		if (line.ptr[i] == '/')
			name = i + 1;
		if (line.ptr[i] != ':')
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(areas); k++) {
			if (!str_starts_with(file, str_from(areas[k])))
				continue;
			*ret_path = (struct str){ line.ptr, i };
			*ret_content = (struct str){ line.ptr + i + 1, line.len - i - 1 };
			return true;
		}
	}
	return false;
}

bool look_read_cgroup(struct look_reader *reader, struct str line)
{
	struct str path, file, group;
	char area[MAX_AREA_BYTES];
	size_t end;
	int length;

	if (!cut_cgroup(line, &path, &line))
		return false;
	path = strip_controller(path);
	for (end = path.len; end && path.ptr[end - 1] != '/'; end--)
		;
	file = (struct str){ path.ptr + end, path.len - end };
	group = (struct str){ path.ptr, end ? end - 1 : 0 };
	length = snprintf(area, sizeof(area), "cgroup /%.*s", STR_ARG(group));
	if (file.len > 64 || length < 0 || (size_t)length >= sizeof(area))
		return false;
	know_cgroup(reader->looks, intern_text(&reader->looks->texts, area + sizeof("cgroup")));
	if (str_ends_with(file, STR(".pressure"))) {
		char full[MAX_AREA_BYTES + 80];

		snprintf(full, sizeof(full), "%s %.*s", area, STR_ARG(file));
		return look_read_pressure(reader, full, line);
	}
	if (str_starts_with(file, STR("io.")) || str_starts_with(file, STR("blkio.")))
		return read_cgroup_device(reader, area, file, line);
	return read_cgroup_values(reader, area, file, line);
}
