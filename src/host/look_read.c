#include "host/look_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

enum {
	MAX_KEYS = 1 << 18,
	MAX_CPUS = 8192,
	MAX_KEY_BYTES = 512,
};

void looks_done(struct looks *looks)
{
	for (size_t i = 0; i < LOOKS; i++) {
		look_cpu_vec_done(&looks->look[i].cpus);
		look_process_vec_done(&looks->look[i].processes);
		look_thread_vec_done(&looks->look[i].threads);
		look_disk_vec_done(&looks->look[i].disks);
		look_number_vec_done(&looks->look[i].numbers);
	}
	look_cgroup_vec_done(&looks->cgroups);
	look_thread_vec_done(&looks->realtime);
	free(looks->members);
	interner_done(&looks->texts);
	*looks = (struct looks){ 0 };
}

/* ---- numbers by key */

static void put(struct look_reader *reader, const char *key, uint64_t value)
{
	struct look_number_vec *numbers = &reader->look->numbers;
	uint32_t id;

	if (reader->looks->texts.count >= MAX_KEYS)
		return;
	id = intern_text(&reader->looks->texts, key);
	while (numbers->count <= id)
		look_number_vec_push(numbers, (struct look_number){ 0 });
	numbers->items[id] = (struct look_number){ value, true };
}

void look_put(struct look_reader *reader, const char *area, struct str a, struct str b,
	      uint64_t value)
{
	char key[MAX_KEY_BYTES];
	int length =
		b.len ? snprintf(key, sizeof(key), "%s %.*s %.*s", area, STR_ARG(a), STR_ARG(b))
		      : snprintf(key, sizeof(key), "%s %.*s", area, STR_ARG(a));

	if (length > 0 && (size_t)length < sizeof(key))
		put(reader, key, value);
}

bool look_next_u64(struct str *line, uint64_t *ret)
{
	struct str word;

	return str_next_word(line, &word) && str_to_u64(word, ret);
}

/* "17.25" of /proc/pressure and loadavg: in hundredths. */
static bool hundredths(struct str word, uint64_t *ret)
{
	double value;

	if (!str_to_double(word, &value) || value < 0 || value > 1e12)
		return false;
	*ret = (uint64_t)(value * 100 + 0.5);
	return true;
}

/* ---- one file after the other */

static bool read_cpu(struct look_reader *reader, struct str name, struct str line)
{
	struct look_cpu cpu = { 0 };

	for (size_t i = 0; i < LOOK_CPU_TIMES; i++)
		if (!look_next_u64(&line, &cpu.ticks[i]) && i < LOOK_IOWAIT)
			return false;
	if (name.len == 3)
		reader->look->all = cpu;
	else if (reader->look->cpus.count < MAX_CPUS)
		look_cpu_vec_push(&reader->look->cpus, cpu);
	return true;
}

static bool read_stat(struct look_reader *reader, struct str line)
{
	struct str name;
	uint64_t value;

	if (!str_next_word(&line, &name))
		return false;
	if (str_starts_with(name, STR("cpu")))
		return read_cpu(reader, name, line);
	if (!look_next_u64(&line, &value))
		return false;
	look_put(reader, "stat", name, (struct str){ 0 }, value);
	return true;
}

static bool read_uptime(struct look_reader *reader, struct str line)
{
	struct str word;
	double value;

	if (!str_next_word(&line, &word) || !str_to_double(word, &value))
		return false;
	if (reader->look->begin_s == 0)
		reader->look->begin_s = value;
	reader->look->end_s = value;
	return true;
}

/* "0.50 0.40 0.30 2/345 6789" */
static bool read_loadavg(struct look_reader *reader, struct str line)
{
	static const char *const names[] = { "1", "5", "15" };
	struct str word, running, all;
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!str_next_word(&line, &word) || !hundredths(word, &value))
			return false;
		look_put(reader, "loadavg", str_from(names[i]), (struct str){ 0 }, value);
	}
	if (!str_next_word(&line, &word) || !str_cut(word, '/', &running, &all))
		return false;
	if (str_to_u64(running, &value))
		put(reader, "loadavg running", value);
	if (str_to_u64(all, &value))
		put(reader, "loadavg tasks", value);
	return true;
}

/* "some avg10=1.00 avg60=0.50 avg300=0.10 total=12345" (microseconds) */
bool look_read_pressure(struct look_reader *reader, const char *area, struct str line)
{
	struct str kind, word;

	if (!str_next_word(&line, &kind))
		return false;
	while (str_next_word(&line, &word)) {
		struct str name, number;
		char key[64];
		uint64_t value;

		if (!str_cut(word, '=', &name, &number))
			return false;
		if (str_is(name, "total") ? !str_to_u64(number, &value)
					  : !hundredths(number, &value))
			return false;
		snprintf(key, sizeof(key), "%.*s.%.*s", (int)MIN(kind.len, 16), kind.ptr,
			 (int)MIN(name.len, 16), name.ptr);
		look_put(reader, area, str_from(key), (struct str){ 0 }, value);
	}
	return true;
}

/* "pswpin 12" and "MemFree:   123 kB" (then in bytes) */
static bool read_pair(struct look_reader *reader, const char *area, struct str line)
{
	struct str name, unit;
	uint64_t value;

	if (!str_next_word(&line, &name) || !look_next_u64(&line, &value))
		return false;
	if (name.len && name.ptr[name.len - 1] == ':')
		name.len--;
	if (str_next_word(&line, &unit) && str_is(unit, "kB"))
		value *= 1024;
	look_put(reader, area, name, (struct str){ 0 }, value);
	return true;
}

/* "TCP: inuse 5 orphan 0" */
static bool read_pairs(struct look_reader *reader, const char *area, struct str line)
{
	struct str head, name;
	uint64_t value;

	if (!str_next_word(&line, &head) || !head.len)
		return false;
	head.len--;
	while (str_next_word(&line, &name) && look_next_u64(&line, &value))
		look_put(reader, area, head, name, value);
	return true;
}

/* Names in one line, numbers in the next: "Tcp: RtoAlgorithm ...", "Tcp: 1 ...". */
static bool read_headed(struct look_reader *reader, const char *area, struct str path,
			struct str line)
{
	struct str names = reader->header, name, word, head;
	uint64_t value;

	if (!str_eq(path, reader->header_path) || !names.len) {
		reader->header_path = path;
		reader->header = line;
		return true;
	}
	reader->header = (struct str){ 0 };
	if (!str_next_word(&names, &name) || !str_next_word(&line, &head) || !str_eq(name, head))
		return false;
	head.len--;
	while (str_next_word(&names, &name) && str_next_word(&line, &word))
		if (str_to_u64(word, &value))
			look_put(reader, area, head, name, value);
	return true;
}

/* "eth0: bytes packets errs drop fifo frame compressed multicast" and the same sent */
static bool read_net_dev(struct look_reader *reader, struct str line)
{
	static const char *const names[] = { "rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
					     "rx_fifo",	 "rx_frame",   NULL,	    NULL,
					     "tx_bytes", "tx_packets", "tx_errors", "tx_dropped",
					     "tx_fifo",	 "tx_colls",   "tx_carrier" };
	struct str device, numbers;
	uint64_t value;

	if (!str_cut(line, ':', &device, &numbers))
		return memchr(line.ptr, '|', line.len); /* the two lines of headings */
	device = str_trim(device);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!look_next_u64(&numbers, &value))
			return false;
		if (names[i])
			look_put(reader, "dev", device, str_from(names[i]), value);
	}
	return true;
}

/* Columns of CPUs: their sum. " LOC:  1 2  Local timer interrupts" */
static bool read_per_cpu(struct look_reader *reader, const char *area, struct str line)
{
	struct str name, word;
	uint64_t sum = 0, value;
	bool any = false;

	if (!str_next_word(&line, &name))
		return false;
	if (name.ptr[name.len - 1] != ':')
		return str_starts_with(name, STR("CPU"));
	name.len--;
	while (str_next_word(&line, &word) && str_to_u64(word, &value)) {
		sum += value;
		any = true;
	}
	if (any)
		look_put(reader, area, name, (struct str){ 0 }, sum);
	return any;
}

/* processed, dropped, time_squeeze in hexadecimal, a line for each CPU */
static bool read_softnet(struct look_reader *reader, struct str line)
{
	static const char *const keys[] = { "softnet processed", "softnet dropped",
					    "softnet squeezed" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		uint64_t value, before = 0;
		struct str word;

		if (!str_next_word(&line, &word) || !str_to_hex(word, &value))
			return false;
		look_number(reader->looks, (unsigned)(reader->look - reader->looks->look), keys[i],
			    &before);
		put(reader, keys[i], before + value);
	}
	return true;
}

static bool read_disk(struct look_reader *reader, struct str line)
{
	struct look_disk disk = { 0 };
	struct str name;
	uint64_t number[17] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (!look_next_u64(&line, &number[0]))
			return false;
	if (!str_next_word(&line, &name))
		return false;
	while (count < ARRAY_SIZE(number) && look_next_u64(&line, &number[count]))
		count++;
	if (count < 11)
		return false;
	disk = (struct look_disk){
		.name = intern(&reader->looks->texts, name),
		.reads = number[0],
		.read_sectors = number[2],
		.read_ms = number[3],
		.writes = number[4],
		.write_sectors = number[6],
		.write_ms = number[7],
		.in_flight = number[8],
		.busy_ms = number[9],
		.queue_ms = number[10],
		.flushes = number[15],
		.flush_ms = number[16],
	};
	if (reader->look->disks.count < LOOK_MAX_ROWS)
		look_disk_vec_push(&reader->look->disks, disk);
	return true;
}

/* ---- lines */

static bool read_file_line(struct look_reader *reader, struct str path, struct str line)
{
	static const struct {
		const char *path, *area;
		bool (*read)(struct look_reader *reader, const char *area, struct str line);
	} files[] = {
		{ "vmstat", "vmstat", read_pair },
		{ "meminfo", "meminfo", read_pair },
		{ "net/snmp6", "snmp6", read_pair },
		{ "net/sockstat", "sockstat", read_pairs },
		{ "net/sockstat6", "sockstat6", read_pairs },
		{ "interrupts", "interrupts", read_per_cpu },
		{ "softirqs", "softirqs", read_per_cpu },
		{ "pressure/cpu", "pressure cpu", look_read_pressure },
		{ "pressure/memory", "pressure memory", look_read_pressure },
		{ "pressure/io", "pressure io", look_read_pressure },
		{ "pressure/irq", "pressure irq", look_read_pressure },
	};
	uint64_t value;

	if (str_is(path, "stat"))
		return read_stat(reader, line);
	if (str_is(path, "uptime"))
		return read_uptime(reader, line);
	if (str_is(path, "loadavg"))
		return read_loadavg(reader, line);
	if (str_is(path, "diskstats"))
		return read_disk(reader, line);
	if (str_is(path, "net/snmp"))
		return read_headed(reader, "snmp", path, line);
	if (str_is(path, "net/netstat"))
		return read_headed(reader, "netstat", path, line);
	if (str_is(path, "net/dev"))
		return read_net_dev(reader, line);
	if (str_is(path, "net/softnet_stat"))
		return read_softnet(reader, line);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_is(path, files[i].path))
			return files[i].read(reader, files[i].area, line);
	if (str_starts_with(path, STR("sys/")) && look_next_u64(&line, &value)) {
		look_put(reader, "sysctl", (struct str){ path.ptr + 4, path.len - 4 },
			 (struct str){ 0 }, value);
		return true;
	}
	return false;
}

/* "/var/log/some/name:SIZE": the name may hold colons. */
static bool read_log(struct look_reader *reader, struct str line)
{
	size_t colon = line.len;
	uint64_t size;

	while (colon && line.ptr[colon - 1] != ':')
		colon--;
	if (!colon || !str_to_u64((struct str){ line.ptr + colon, line.len - colon }, &size))
		return false;
	look_put(reader, "log", (struct str){ line.ptr, colon - 1 }, (struct str){ 0 }, size);
	return true;
}

static bool read_line(struct look_reader *reader, struct str line)
{
	static const struct str cgroup = { "/sys/fs/cgroup/", 15 }, proc = { "/proc/", 6 };
	struct str path, content;

	if (!reader->look)
		return false;
	if (str_starts_with(line, cgroup))
		return look_read_cgroup(
			reader, (struct str){ line.ptr + cgroup.len, line.len - cgroup.len });
	if (str_starts_with(line, STR("/var/log/")))
		return read_log(reader, line);
	if (!str_cut(line, ':', &path, &content) || !str_starts_with(path, proc))
		return false;
	path = (struct str){ path.ptr + proc.len, path.len - proc.len };
	if (path.len && *path.ptr >= '0' && *path.ptr <= '9')
		return look_read_process(reader, path, content);
	return read_file_line(reader, path, content);
}

/* "= look 1", "= pid 77" */
static void read_mark(struct look_reader *reader, struct str line)
{
	struct looks *looks = reader->looks;
	struct str sign, word;
	uint64_t value = 0;

	str_next_word(&line, &sign);
	if (!str_next_word(&line, &word))
		return;
	if (str_is(word, "end"))
		looks->is_cut = false;
	if (!look_next_u64(&line, &value))
		return;
	if (str_is(word, "pid") && value <= INT32_MAX)
		looks->own_pid = (int)value;
	else if (str_is(word, "hertz") && value && value <= 100000)
		looks->hertz = value;
	else if (str_is(word, "page") && value && value <= 1 << 20)
		looks->page_bytes = value;
	else if (str_is(word, "look") && value == looks->count + 1 && value <= LOOKS) {
		look_end_processes(reader);
		reader->look = &looks->look[looks->count++];
		reader->header = (struct str){ 0 };
	}
}

void looks_read(struct str text, struct looks *ret)
{
	struct look_reader reader = { .looks = ret };
	struct str line;

	*ret = (struct looks){ .hertz = 100, .page_bytes = 4096, .is_cut = true };
	while (str_next_line(&text, &line)) {
		if (line.len && *line.ptr == '=')
			read_mark(&reader, line);
		else if (line.len && !read_line(&reader, line))
			ret->unknown_lines++;
	}
	look_end_processes(&reader);
	/* A reading that was cut has no time at its end: nothing can be said of it. */
	while (ret->count && ret->look[ret->count - 1].begin_s <= 0)
		ret->count--;
}

/* ---- questions */

bool look_number(const struct looks *looks, unsigned which, const char *key, uint64_t *ret)
{
	uint32_t id = intern_find(&looks->texts, str_from(key));
	const struct look_number_vec *numbers = &looks->look[which].numbers;

	if (id == UINT32_MAX || id >= numbers->count || !numbers->items[id].is_known)
		return false;
	*ret = numbers->items[id].value;
	return true;
}

bool looks_growth(const struct looks *looks, const char *key, uint64_t *ret)
{
	uint64_t before, after;

	if (looks->count < LOOKS || !look_number(looks, 0, key, &before) ||
	    !look_number(looks, 1, key, &after) || after < before)
		return false;
	*ret = after - before;
	return true;
}

double looks_window_s(const struct looks *looks)
{
	return looks->count < LOOKS ? 0 : looks->look[1].begin_s - looks->look[0].begin_s;
}
