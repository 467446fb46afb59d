#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/look_facts.h"

enum { MAX_KEY_BYTES = 512, MAX_CGROUPS = 4000 };

/* A limit of cgroup v1 that nobody set is the largest number of pages. */
static const double no_limit = 1e18;

struct group {
	const struct look_facts *to;
	struct entity entity;
	const char *path;
};

static const char *key_of(const struct group *group, const char *name, char key[MAX_KEY_BYTES])
{
	snprintf(key, MAX_KEY_BYTES, "cgroup %s %s", group->path, name);
	return key;
}

/* The last value of the first name that is there: cgroup v2's, v1's. */
static bool value_of(const struct group *group, const char *v2, const char *v1, double *ret)
{
	const char *names[] = { v2, v1 };
	char key[MAX_KEY_BYTES];
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i] || !look_number(group->to->looks, group->to->looks->count - 1,
					      key_of(group, names[i], key), &value))
			continue;
		*ret = (double)value;
		return true;
	}
	return false;
}

static bool growth_of(const struct group *group, const char *v2, const char *v1, double *ret)
{
	const char *names[] = { v2, v1 };
	char key[MAX_KEY_BYTES];
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i] ||
		    !looks_growth(group->to->looks, key_of(group, names[i], key), &value))
			continue;
		*ret = (double)value;
		return true;
	}
	return false;
}

static void add_value(const struct group *group, const char *fact, const char *unit, const char *v2,
		      const char *v1)
{
	double value;

	if (value_of(group, v2, v1, &value) && value < no_limit)
		look_fact(group->to, group->entity, fact, value, unit);
}

static void add_growth(const struct group *group, const char *fact, const char *v2, const char *v1)
{
	double value;

	if (growth_of(group, v2, v1, &value))
		look_fact(group->to, group->entity, fact, value, "");
}

static void add_rate(const struct group *group, const char *fact, const char *v2, const char *v1)
{
	double value;

	if (growth_of(group, v2, v1, &value))
		look_fact(group->to, group->entity, fact, value / group->to->window_s, "per_s");
}

static void add_cpu(const struct group *group)
{
	double quota, period, value;

	add_growth(group, "periods", "cpu.stat.nr_periods", NULL);
	add_growth(group, "throttled_periods", "cpu.stat.nr_throttled", NULL);
	if (value_of(group, "cpu.max.quota", "cpu.cfs_quota_us", &quota) &&
	    value_of(group, "cpu.max.period", "cpu.cfs_period_us", &period) && period > 0)
		look_fact(group->to, group->entity, "quota", quota / period, "CPUs");
	if (growth_of(group, "cpu.stat.usage_usec", NULL, &value))
		look_fact(group->to, group->entity, "cpu", value / 1e6 / group->to->window_s,
			  "CPUs");
}

static void add_memory(const struct group *group)
{
	add_value(group, "memory", "bytes", "memory.current", "memory.usage_in_bytes");
	add_value(group, "memory_limit", "bytes", "memory.max", "memory.limit_in_bytes");
	add_value(group, "memory_high", "bytes", "memory.high", NULL);
	add_value(group, "memory_anonymous", "bytes", "memory.stat.anon", "memory.stat.rss");
	add_value(group, "memory_cache", "bytes", "memory.stat.file", "memory.stat.cache");
	add_value(group, "memory_shared", "bytes", "memory.stat.shmem", NULL);
	add_value(group, "swap", "bytes", "memory.swap.current", "memory.stat.swap");
	add_rate(group, "memory_limit_hits", "memory.events.max", "memory.failcnt");
	add_rate(group, "memory_high_hits", "memory.events.high", NULL);
	add_growth(group, "oom_kills", "memory.events.oom_kill", "memory.oom_control.oom_kill");
	add_rate(group, "file_refaults", "memory.stat.workingset_refault_file", NULL);
	add_rate(group, "anonymous_refaults", "memory.stat.workingset_refault_anon", NULL);
	add_rate(group, "major_faults", "memory.stat.pgmajfault", NULL);
}

static void add_pressure(const struct group *group)
{
	static const char *const areas[][2] = { { "cpu.pressure.some.total", "pressure_cpu" },
						{ "memory.pressure.some.total", "pressure_memory" },
						{ "io.pressure.some.total", "pressure_io" } };
	double value;

	for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
		char name[64];

		/* the reader keeps them below the file's name: "cpu.pressure some.total" */
		snprintf(name, sizeof(name), "%s", areas[i][0]);
		*strchr(strchr(name, '.') + 1, '.') = ' ';
		if (growth_of(group, name, NULL, &value))
			look_fact(group->to, group->entity, areas[i][1],
				  MIN(value / 1e6 / group->to->window_s, 1), "ratio");
	}
}

/* The limits and the traffic of devices: "io.max.8:0.wbps", "blkio.throttle.write_bps_device.8:0".
 */
static void add_device(const struct group *group, struct str name, uint32_t key_id)
{
	static const struct {
		const char *prefix, *suffix, *fact, *unit;
		bool is_rate;
	} kinds[] = {
		{ "io.max.", ".rbps", "read_limit", "bytes_per_s", false },
		{ "io.max.", ".wbps", "write_limit", "bytes_per_s", false },
		{ "io.max.", ".riops", "reads_limit", "per_s", false },
		{ "io.max.", ".wiops", "writes_limit", "per_s", false },
		{ "io.stat.", ".rbytes", "read_bytes", "bytes_per_s", true },
		{ "io.stat.", ".wbytes", "write_bytes", "bytes_per_s", true },
		{ "io.stat.", ".rios", "reads", "per_s", true },
		{ "io.stat.", ".wios", "writes", "per_s", true },
		{ "blkio.throttle.read_bps_device.", "", "read_limit", "bytes_per_s", false },
		{ "blkio.throttle.write_bps_device.", "", "write_limit", "bytes_per_s", false },
		{ "blkio.throttle.read_iops_device.", "", "reads_limit", "per_s", false },
		{ "blkio.throttle.write_iops_device.", "", "writes_limit", "per_s", false },
		{ "blkio.throttle.io_service_bytes.", ".Read", "read_bytes", "bytes_per_s", true },
		{ "blkio.throttle.io_service_bytes.", ".Write", "write_bytes", "bytes_per_s",
		  true },
		{ "blkio.throttle.io_serviced.", ".Read", "reads", "per_s", true },
		{ "blkio.throttle.io_serviced.", ".Write", "writes", "per_s", true },
	};
	const struct looks *looks = group->to->looks;
	const char *key = interned_text(&looks->texts, key_id);
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		double known;

		if (!str_starts_with(name, str_from(kinds[i].prefix)) ||
		    !str_ends_with(name, str_from(kinds[i].suffix)))
			continue;
		known = facts_value(group->to->facts, group->entity, kinds[i].fact, 0);
		if (kinds[i].is_rate && looks_growth(looks, key, &value))
			look_fact(group->to, group->entity, kinds[i].fact,
				  known + (double)value / group->to->window_s, kinds[i].unit);
		else if (!kinds[i].is_rate && look_number(looks, looks->count - 1, key, &value) &&
			 (known <= 0 || (double)value < known))
			look_fact(group->to, group->entity, kinds[i].fact, (double)value,
				  kinds[i].unit);
		return;
	}
}

/* "cgroup PATH NAME": the path may hold blanks, the name has none. */
static bool split_key(struct str key, struct str *ret_path, struct str *ret_name)
{
	static const struct str head = { "cgroup ", 7 };
	size_t at = key.len;

	if (!str_starts_with(key, head))
		return false;
	while (at > head.len && key.ptr[at - 1] != ' ')
		at--;
	*ret_name = (struct str){ key.ptr + at, key.len - at };
	*ret_path = (struct str){ key.ptr + head.len, at > head.len ? at - 1 - head.len : 0 };
	return ret_path->len;
}

static void add_devices(const struct look_facts *to)
{
	for (uint32_t id = 0; id < to->looks->texts.count; id++) {
		struct str path, name;
		char text[MAX_KEY_BYTES];
		struct group group = { .to = to, .path = text };

		if (!split_key(interned(&to->looks->texts, id), &path, &name) ||
		    !(str_starts_with(name, STR("io.")) || str_starts_with(name, STR("blkio."))) ||
		    path.len >= sizeof(text))
			continue;
		memcpy(text, path.ptr, path.len);
		text[path.len] = '\0';
		group.entity = look_entity(to, "cgroup", text);
		add_device(&group, name, id);
	}
}

void look_cgroups_to_facts(const struct look_facts *to)
{
	for (size_t i = 0; i < MIN(to->looks->cgroups.count, (size_t)MAX_CGROUPS); i++) {
		struct group group = {
			.to = to,
			.path = interned_text(&to->looks->texts, to->looks->cgroups.items[i].path),
		};

		group.entity = look_entity(to, "cgroup", group.path);
		add_cpu(&group);
		add_memory(&group);
		add_pressure(&group);
		add_value(&group, "pids", "", "pids.current", NULL);
		add_value(&group, "pids_limit", "", "pids.max", NULL);
		add_growth(&group, "pids_refused", "pids.events.max", NULL);
	}
	add_devices(to);
}
