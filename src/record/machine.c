#include "record/machine.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static void add_u32(struct strbuf *out, uint32_t value)
{
	strbuf_add(out, (struct str){ (const char *)&value, sizeof(value) });
}

static void add_u64(struct strbuf *out, uint64_t value)
{
	strbuf_add(out, (struct str){ (const char *)&value, sizeof(value) });
}

/* The value of the first line "KEY : value" of a file of such lines; "" where there is none. */
static char *read_key(const char *path, const char *key)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read(path, 8 << 20, &text);
	struct str rest = strbuf_str(&text), line, name, value;

	while (!error && str_next_line(&rest, &line)) {
		if (str_cut(line, ':', &name, &value) && str_is(str_trim(name), key)) {
			value = str_trim(value);
			return x_strndup(value.ptr, value.len);
		}
	}
	return x_strdup("");
}

static void describe_memory(struct perf_writer *writer)
{
	auto_free char *total = read_key("/proc/meminfo", "MemTotal");
	struct str text = str_from(total), number;
	uint64_t kibibytes;

	if (str_next_word(&text, &number) && str_to_u64(number, &kibibytes))
		perf_writer_feature(writer, PERF_FEATURE_TOTAL_MEM, &kibibytes, sizeof(kibibytes));
}

static void describe_cpus(struct perf_writer *writer)
{
	uint32_t counts[2] = { (uint32_t)sysconf(_SC_NPROCESSORS_CONF),
			       (uint32_t)sysconf(_SC_NPROCESSORS_ONLN) };
	auto_free char *model = read_key("/proc/cpuinfo", "model name");

	perf_writer_feature(writer, PERF_FEATURE_NRCPUS, counts, sizeof(counts));
	if (model[0])
		perf_writer_feature_text(writer, PERF_FEATURE_CPUDESC, model);
}

/* The words of /proc/self/cmdline are parted by NULs. */
static void describe_command_line(struct perf_writer *writer)
{
	auto_strbuf struct strbuf words = STRBUF_INIT, out = STRBUF_INIT;
	auto_error struct error *error = file_read("/proc/self/cmdline", 16384, &words);
	struct bytes rest = bytes_of(strbuf_text(&words), words.len);
	uint32_t count = 0;
	struct str word;

	add_u32(&out, 0);
	while (!error && bytes_cstr(&rest, &word)) {
		perf_string_add(&out, word.ptr);
		count++;
	}
	memcpy(out.ptr, &count, sizeof(count));
	if (count)
		perf_writer_feature(writer, PERF_FEATURE_CMDLINE, out.ptr, out.len);
}

void machine_describe(struct perf_writer *writer, const char *version)
{
	struct utsname names;

	if (uname(&names) == 0) {
		perf_writer_feature_text(writer, PERF_FEATURE_HOSTNAME, names.nodename);
		perf_writer_feature_text(writer, PERF_FEATURE_OSRELEASE, names.release);
		perf_writer_feature_text(writer, PERF_FEATURE_ARCH, names.machine);
	}
	perf_writer_feature_text(writer, PERF_FEATURE_VERSION, version);
	describe_cpus(writer);
	describe_memory(writer);
	describe_command_line(writer);
}

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * UINT64_C(1000000000) + (uint64_t)time->tv_nsec;
}

void machine_describe_clock(struct perf_writer *writer, int clock_id)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct timespec resolution, wall, clock;
	uint64_t resolution_ns;

	if (clock_id < 0 || clock_getres(clock_id, &resolution) != 0 ||
	    clock_gettime(CLOCK_REALTIME, &wall) != 0 || clock_gettime(clock_id, &clock) != 0)
		return;
	resolution_ns = ns_of(&resolution);
	perf_writer_feature(writer, PERF_FEATURE_CLOCKID, &resolution_ns, sizeof(resolution_ns));
	add_u32(&out, 1);
	add_u32(&out, (uint32_t)clock_id);
	add_u64(&out, ns_of(&wall));
	add_u64(&out, ns_of(&clock));
	perf_writer_feature(writer, PERF_FEATURE_CLOCK_DATA, out.ptr, out.len);
}

/* The GNU build-id among ELF notes. */
static bool find_build_id(struct bytes notes, const uint8_t **ret, uint8_t *ret_bytes)
{
	uint32_t name_bytes, content_bytes, type;

	while (bytes_u32(&notes, &name_bytes) && bytes_u32(&notes, &content_bytes) &&
	       bytes_u32(&notes, &type)) {
		struct bytes name, content;

		if (!bytes_sub(&notes, ((uint64_t)name_bytes + 3) & ~UINT64_C(3), &name) ||
		    !bytes_sub(&notes, ((uint64_t)content_bytes + 3) & ~UINT64_C(3), &content))
			return false;
		if (type != NT_GNU_BUILD_ID || name_bytes != 4 || memcmp(name.pos, "GNU", 4) != 0 ||
		    content_bytes > 20)
			continue;
		*ret = content.pos;
		*ret_bytes = (uint8_t)content_bytes;
		return true;
	}
	return false;
}

static bool vdso_notes(struct bytes *ret)
{
	const uint8_t *base = (const uint8_t *)getauxval(AT_SYSINFO_EHDR); /* NOLINT: an address */
	Elf64_Ehdr header;

	if (!base)
		return false;
	memcpy(&header, base, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, base + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type != PT_NOTE)
			continue;
		*ret = bytes_of(base + segment.p_offset, segment.p_filesz);
		return true;
	}
	return false;
}

void machine_describe_kernel(struct perf_writer *writer)
{
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	auto_error struct error *error = file_read("/sys/kernel/notes", 1 << 20, &notes);
	const uint8_t *build_id;
	uint8_t build_id_bytes;
	struct bytes vdso;

	if (!error && find_build_id(bytes_of(notes.ptr, notes.len), &build_id, &build_id_bytes))
		perf_writer_build_id(writer, -1, PERF_RECORD_MISC_KERNEL, "[kernel.kallsyms]",
				     build_id, build_id_bytes);
	if (vdso_notes(&vdso) && find_build_id(vdso, &build_id, &build_id_bytes))
		perf_writer_build_id(writer, -1, PERF_RECORD_MISC_USER, "[vdso]", build_id,
				     build_id_bytes);
}
