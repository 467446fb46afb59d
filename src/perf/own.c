#include "perf/own.h"

#define OWN_MAGIC UINT64_C(0x316b6f7267737973) /* "sysgrok1" */
enum { OWN_VERSION = 1 };

static void add(struct strbuf *out, const void *data, size_t size_bytes)
{
	strbuf_add(out, (struct str){ data, size_bytes });
}

static void add_u32(struct strbuf *out, uint32_t value)
{
	add(out, &value, sizeof(value));
}

static void add_u64(struct strbuf *out, uint64_t value)
{
	add(out, &value, sizeof(value));
}

static void add_text(struct strbuf *out, struct str text)
{
	strbuf_add(out, text);
	strbuf_add_char(out, '\0');
}

void perf_own_begin(struct strbuf *section)
{
	add_u64(section, OWN_MAGIC);
	add_u32(section, OWN_VERSION);
	add_u32(section, 0);
}

void perf_own_add_group(struct strbuf *section, const struct perf_own_group *group)
{
	add_u32(section, (uint32_t)group->kind);
	add_u32(section, (uint32_t)group->pid);
	add_u32(section, group->build_id_bytes);
	add(section, group->build_id, sizeof(group->build_id));
	add_u32(section, group->name_count);
	add_text(section, group->path);
}

void perf_own_add_name(struct strbuf *section, const struct perf_own_name *name)
{
	add_u64(section, name->start);
	add_u64(section, name->size);
	add_text(section, name->name);
}

bool perf_own_open(struct bytes *section)
{
	uint64_t magic;
	uint32_t version, reserved;

	return bytes_u64(section, &magic) && magic == OWN_MAGIC && bytes_u32(section, &version) &&
	       version == OWN_VERSION && bytes_u32(section, &reserved);
}

bool perf_own_next_group(struct bytes *section, struct perf_own_group *ret)
{
	uint32_t kind, pid, build_id_bytes;

	if (!bytes_u32(section, &kind) || !bytes_u32(section, &pid) ||
	    !bytes_u32(section, &build_id_bytes) ||
	    !bytes_copy(section, ret->build_id, sizeof(ret->build_id)) ||
	    !bytes_u32(section, &ret->name_count) || !bytes_cstr(section, &ret->path))
		return false;
	if (kind > PERF_OWN_JIT || build_id_bytes > sizeof(ret->build_id))
		return false;
	ret->kind = (enum perf_own_kind)kind;
	ret->pid = (int32_t)pid;
	ret->build_id_bytes = (uint8_t)build_id_bytes;
	return true;
}

bool perf_own_next_name(struct bytes *section, struct perf_own_name *ret)
{
	return bytes_u64(section, &ret->start) && bytes_u64(section, &ret->size) &&
	       bytes_cstr(section, &ret->name);
}
