#include "pmu/event.h"

#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"

struct generic_event {
	const char *name, *alias;
	uint32_t type;
	uint64_t config;
};

/* clang-format off */
static const struct generic_event generic_events[] = {
	{ "cycles", "cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "cache-references", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ "cache-misses", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "branches", "branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "branch-misses", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "bus-cycles", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES },
	{ "stalled-cycles-frontend", "idle-cycles-frontend", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
	{ "stalled-cycles-backend", "idle-cycles-backend", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_STALLED_CYCLES_BACKEND },
	{ "ref-cycles", NULL, PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES },
	{ "cpu-clock", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	{ "task-clock", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	{ "page-faults", "faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "context-switches", "cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "cpu-migrations", "migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "minor-faults", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "major-faults", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ },
	{ "alignment-faults", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS },
	{ "emulation-faults", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS },
	{ "dummy", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY },
	{ "bpf-output", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT },
	{ "cgroup-switches", NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CGROUP_SWITCHES },
};
/* clang-format on */

static const char *const cache_names[] = { "L1-dcache", "L1-icache", "LLC", "dTLB",
					   "iTLB",	"branch",    "node" };
static const char *const cache_ops[] = { "load", "store", "prefetch" };

static void add_cache_name(struct strbuf *out, uint64_t config)
{
	uint64_t cache = config & 0xff, op = (config >> 8) & 0xff, result = (config >> 16) & 0xff;

	if (cache >= ARRAY_SIZE(cache_names) || op >= ARRAY_SIZE(cache_ops) || result > 1)
		strbuf_addf(out, "cache event 0x%llx", (unsigned long long)config);
	else if (result)
		strbuf_addf(out, "%s-%s-misses", cache_names[cache], cache_ops[op]);
	else
		strbuf_addf(out, "%s-%s%s", cache_names[cache], cache_ops[op],
			    op == PERF_COUNT_HW_CACHE_OP_PREFETCH ? "es" : "s");
}

static bool cache_parse(struct str name, struct perf_event_attr *attr)
{
	for (uint64_t config = 0; config < ARRAY_SIZE(cache_names) * 6; config++) {
		auto_strbuf struct strbuf candidate = STRBUF_INIT;
		uint64_t packed = config / 6 | (config % 3) << 8 | (config / 3 % 2) << 16;

		add_cache_name(&candidate, packed);
		if (!str_eq(strbuf_str(&candidate), name))
			continue;
		attr->type = PERF_TYPE_HW_CACHE;
		attr->config = packed;
		return true;
	}
	return false;
}

static bool name_parse(struct str name, struct perf_event_attr *attr)
{
	uint64_t raw;

	for (size_t i = 0; i < ARRAY_SIZE(generic_events); i++) {
		const struct generic_event *event = &generic_events[i];

		if (!str_is(name, event->name) && !(event->alias && str_is(name, event->alias)))
			continue;
		attr->type = event->type;
		attr->config = event->config;
		return true;
	}
	if (name.len > 1 && name.ptr[0] == 'r' &&
	    str_to_hex((struct str){ name.ptr + 1, name.len - 1 }, &raw)) {
		attr->type = PERF_TYPE_RAW;
		attr->config = raw;
		return true;
	}
	return cache_parse(name, attr);
}

static bool modifiers_parse(struct str modifiers, struct perf_event_attr *attr)
{
	bool user = false, kernel = false, hypervisor = false;
	unsigned precise = 0;

	for (size_t i = 0; i < modifiers.len; i++) {
		switch (modifiers.ptr[i]) {
		case 'u':
			user = true;
			break;
		case 'k':
			kernel = true;
			break;
		case 'h':
			hypervisor = true;
			break;
		case 'H':
			attr->exclude_guest = 1;
			break;
		case 'G':
			attr->exclude_host = 1;
			break;
		case 'p':
			precise++;
			break;
		case 'P':
			precise = 3;
			break;
		default:
			return false;
		}
	}
	if (precise > 3)
		return false;
	attr->precise_ip = precise & 3;
	if (user || kernel || hypervisor) {
		attr->exclude_user = !user;
		attr->exclude_kernel = !kernel;
		attr->exclude_hv = !hypervisor;
	}
	return true;
}

struct error *pmu_event_parse(struct str text, struct perf_event_attr *ret)
{
	const char *names[ARRAY_SIZE(generic_events)];
	struct perf_event_attr attr = *ret;
	struct str name, modifiers;
	auto_free char *word = NULL;
	struct error *error;
	const char *near;

	str_cut(text, ':', &name, &modifiers);
	if (name_parse(name, &attr)) {
		if (!modifiers_parse(modifiers, &attr))
			return error_with_hint(
				error_new(ERROR_USAGE, "event '%.*s': unknown modifier '%.*s'",
					  STR_ARG(text), STR_ARG(modifiers)),
				"u = user, k = kernel, h = hypervisor, p to ppp = precise, "
				"G = guest, H = host");
		*ret = attr;
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(generic_events); i++)
		names[i] = generic_events[i].name;
	word = x_strndup(name.ptr, name.len);
	near = nearest_name(word, names, ARRAY_SIZE(names));
	error = error_new(ERROR_USAGE, "unknown event '%s'", word);
	return error_with_hint(error,
			       near ? "did you mean '%s'?"
				    : "cpu-clock works everywhere; cycles needs a hardware PMU%.0s",
			       near ? near : "");
}

static void add_modifiers(const struct perf_event_attr *attr, struct strbuf *out)
{
	bool colon = false;

	if (attr->exclude_user || attr->exclude_kernel) {
		strbuf_addf(out, ":%s%s%s", attr->exclude_user ? "" : "u",
			    attr->exclude_kernel ? "" : "k", attr->exclude_hv ? "" : "h");
		colon = true;
	}
	if (attr->precise_ip) {
		strbuf_add_text(out, colon ? "" : ":");
		strbuf_add_repeated(out, 'p', attr->precise_ip);
	}
}

void pmu_event_name(const struct perf_event_attr *attr, struct strbuf *out)
{
	const struct generic_event *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(generic_events) && !found; i++)
		if (generic_events[i].type == attr->type &&
		    generic_events[i].config == attr->config)
			found = &generic_events[i];
	if (found)
		strbuf_add_text(out, found->name);
	else if (attr->type == PERF_TYPE_HW_CACHE)
		add_cache_name(out, attr->config);
	else if (attr->type == PERF_TYPE_RAW)
		strbuf_addf(out, "r%llx", (unsigned long long)attr->config);
	else
		strbuf_addf(out, "type %u config 0x%llx", attr->type,
			    (unsigned long long)attr->config);
	add_modifiers(attr, out);
}

size_t pmu_hybrid_types(uint32_t *types, size_t capacity)
{
	static const char *const devices[] = { "cpu_core", "cpu_atom", "cpu_lowpower" };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(devices) && count < capacity; i++) {
		auto_free char *path =
			x_asprintf("/sys/bus/event_source/devices/%s/type", devices[i]);
		auto_strbuf struct strbuf text = STRBUF_INIT;
		auto_error struct error *error = file_read(path, 64, &text);
		uint64_t type;

		if (!error && str_to_u64(str_trim(strbuf_str(&text)), &type) && type <= UINT32_MAX)
			types[count++] = (uint32_t)type;
	}
	return count;
}

bool pmu_cpu_present(void)
{
	static const char *const devices[] = { "cpu", "cpu_core", "armv8_pmuv3_0", "armv8_pmuv3",
					       "cpum_cf" };

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		auto_free char *path = x_asprintf("/sys/bus/event_source/devices/%s", devices[i]);

		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}
