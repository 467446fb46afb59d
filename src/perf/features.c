#include "perf/features.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "perf/attr.h"

enum { STRINGS_MAX = 65536 };

/* perf's strings: a length that includes padding, then text with at least one NUL. */
static bool read_string(struct bytes *b, struct str *ret)
{
	struct bytes text;
	uint32_t size;

	if (!bytes_u32(b, &size) || !bytes_sub(b, size, &text))
		return false;
	*ret = (struct str){ (const char *)text.pos,
			     strnlen((const char *)text.pos, bytes_left(&text)) };
	return true;
}

static bool take_string(struct bytes *b, char **ret)
{
	struct str text;

	if (!read_string(b, &text))
		return false;
	free(*ret);
	*ret = x_strndup(text.ptr, text.len);
	return true;
}

static bool read_cmdline(struct bytes *b, char **ret)
{
	auto_strbuf struct strbuf line = STRBUF_INIT;
	uint32_t count;
	struct str word;

	if (!bytes_u32(b, &count) || count > STRINGS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!read_string(b, &word))
			return false;
		strbuf_add_text(&line, i ? " " : "");
		strbuf_add(&line, word);
	}
	free(*ret);
	*ret = strbuf_take(&line);
	return true;
}

/* The event that an EVENT_DESC entry is about: the one with its first id, else the same index. */
static struct perf_evsel *evsel_described(struct perf_data *data, uint32_t index,
					  const struct perf_evsel *described)
{
	for (size_t i = 0; described->id_count && i < data->evsels.count; i++) {
		struct perf_evsel *evsel = &data->evsels.items[i];

		if (evsel->id_count && evsel->ids[0] == described->ids[0])
			return evsel;
	}
	return index < data->evsels.count ? &data->evsels.items[index] : NULL;
}

static bool read_event(struct perf_data *data, uint32_t index, uint32_t attr_bytes, struct bytes *b)
{
	struct perf_evsel described = { 0 }, *evsel;
	struct bytes attr;
	uint32_t id_count;
	bool fits = bytes_sub(b, attr_bytes, &attr) && bytes_u32(b, &id_count) &&
		    take_string(b, &described.name) && perf_ids_read(b, id_count, &described);

	evsel = fits ? evsel_described(data, index, &described) : NULL;
	if (evsel && described.name[0]) {
		free(evsel->name);
		evsel->name = take_ptr(described.name);
	}
	perf_evsel_done(&described);
	return fits;
}

static bool read_event_desc(struct perf_data *data, struct bytes *b)
{
	uint32_t count, attr_bytes;

	if (!bytes_u32(b, &count) || !bytes_u32(b, &attr_bytes) || count > STRINGS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!read_event(data, i, attr_bytes, b))
			return false;
	return true;
}

bool perf_build_id_read(struct perf_data *data, struct bytes *b)
{
	struct perf_build_id *added;
	uint32_t type, pid;
	uint16_t misc, size;
	uint8_t bytes[24];
	struct bytes body;
	struct str path;

	if (!bytes_u32(b, &type) || !bytes_u16(b, &misc) || !bytes_u16(b, &size) ||
	    size < PERF_RECORD_HEADER_BYTES || !bytes_sub(b, size - 8U, &body))
		return false;
	if (!bytes_u32(&body, &pid) || !bytes_copy(&body, bytes, sizeof(bytes)))
		return false;
	path = (struct str){ (const char *)body.pos,
			     strnlen((const char *)body.pos, bytes_left(&body)) };
	added = perf_build_id_vec_push(&data->build_ids, (struct perf_build_id){ 0 });
	added->path = x_strndup(path.ptr, path.len);
	added->pid = (int32_t)pid;
	added->misc = misc;
	added->size_bytes = misc & PERF_MISC_BUILD_ID_SIZE ? (uint8_t)MIN(bytes[20], 20) : 20;
	memcpy(added->bytes, bytes, sizeof(added->bytes));
	return true;
}

static bool read_build_ids(struct perf_data *data, struct bytes *b)
{
	while (bytes_left(b))
		if (!perf_build_id_read(data, b))
			return false;
	return true;
}

static bool read_clock_data(struct perf_machine *machine, struct bytes *b)
{
	uint32_t version, clock_id;

	if (!bytes_u32(b, &version) || !bytes_u32(b, &clock_id) ||
	    !bytes_u64(b, &machine->wall_clock_ns) || !bytes_u64(b, &machine->clock_at_wall_ns))
		return false;
	machine->clock_id = (int)clock_id;
	return true;
}

static bool read_total_memory(struct perf_machine *machine, struct bytes *b)
{
	uint64_t kibibytes;

	if (!bytes_u64(b, &kibibytes) || kibibytes > UINT64_MAX / 1024)
		return false;
	machine->total_memory_bytes = kibibytes * 1024;
	return true;
}

bool perf_feature_read(struct perf_data *data, unsigned feature, struct bytes b)
{
	struct perf_machine *machine = &data->machine;

	switch (feature) {
	case PERF_FEATURE_BUILD_ID:
		return read_build_ids(data, &b);
	case PERF_FEATURE_HOSTNAME:
		return take_string(&b, &machine->hostname);
	case PERF_FEATURE_OSRELEASE:
		return take_string(&b, &machine->os_release);
	case PERF_FEATURE_VERSION:
		return take_string(&b, &machine->perf_version);
	case PERF_FEATURE_ARCH:
		return take_string(&b, &machine->arch);
	case PERF_FEATURE_NRCPUS:
		return bytes_u32(&b, &machine->cpus_available) &&
		       bytes_u32(&b, &machine->cpus_online);
	case PERF_FEATURE_CPUDESC:
		return take_string(&b, &machine->cpu_desc);
	case PERF_FEATURE_TOTAL_MEM:
		return read_total_memory(machine, &b);
	case PERF_FEATURE_CMDLINE:
		return read_cmdline(&b, &machine->cmdline);
	case PERF_FEATURE_EVENT_DESC:
		return read_event_desc(data, &b);
	case PERF_FEATURE_SAMPLE_TIME:
		return bytes_u64(&b, &machine->first_sample_ns) &&
		       bytes_u64(&b, &machine->last_sample_ns);
	case PERF_FEATURE_CLOCKID:
		return bytes_u64(&b, &machine->clock_resolution_ns);
	case PERF_FEATURE_CLOCK_DATA:
		return read_clock_data(machine, &b);
	case PERF_FEATURE_OWN:
		data->own_section = b;
		return true;
	default:
		return true;
	}
}

void perf_machine_done(struct perf_machine *machine)
{
	free(machine->hostname);
	free(machine->os_release);
	free(machine->arch);
	free(machine->cpu_desc);
	free(machine->perf_version);
	free(machine->cmdline);
}
