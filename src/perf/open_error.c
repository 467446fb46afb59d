#include "perf/open_error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "pmu/event.h"

enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_PERFMON = 38 };

int perf_paranoid(void)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error =
		file_read("/proc/sys/kernel/perf_event_paranoid", 64, &text);
	struct str number = str_trim(strbuf_str(&text));
	uint64_t value;
	bool is_negative = str_starts_with(number, STR("-"));

	if (is_negative)
		number = (struct str){ number.ptr + 1, number.len - 1 };
	if (error || !str_to_u64(number, &value) || value > INT_MAX)
		return INT_MIN;
	return is_negative ? -(int)value : (int)value;
}

bool perf_is_capable(void)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read("/proc/self/status", 65536, &text);
	struct str rest = strbuf_str(&text), line, name, value;
	uint64_t bits;

	if (error)
		return false;
	while (str_next_line(&rest, &line))
		if (str_cut(line, ':', &name, &value) && str_is(name, "CapEff") &&
		    str_to_hex(str_trim(value), &bits))
			return (bits >> CAPABILITY_SYS_ADMIN & 1) ||
			       (bits >> CAPABILITY_PERFMON & 1);
	return false;
}

static struct error *refused(int errno_value, const char *what, bool system_wide)
{
	int paranoid = perf_paranoid();
	struct error *error;

	if (perf_is_capable()) {
		error = error_new(
			ERROR_SETTING,
			"the kernel refuses to measure %s: %s, though this process has the "
			"right to",
			what, strerror(errno_value));
		return error_with_hint(
			error, "in a container that is its seccomp filter or a security module: "
			       "docker run --cap-add PERFMON --security-opt seccomp=unconfined");
	}
	if (paranoid == INT_MIN)
		return error_with_hint(error_errno(errno_value, "measuring %s", what),
				       "use root, or give it CAP_PERFMON");
	if (!system_wide && paranoid <= 2)
		return error_with_hint(
			error_new(ERROR_PERMISSION,
				  "%s is not yours to measure: it belongs to somebody "
				  "else, or has more rights than you",
				  what),
			"use root");
	error = error_new(ERROR_SETTING,
			  "the kernel refuses to measure %s: kernel.perf_event_paranoid is %d",
			  what, paranoid);
	return error_with_hint(error,
			       "sudo sysctl kernel.perf_event_paranoid=%d (until the next "
			       "boot), or use root, or CAP_PERFMON",
			       system_wide ? 0 : 1);
}

struct error *perf_open_error(int errno_value, const struct perf_event_attr *attr, int32_t tid,
			      bool system_wide)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;
	auto_free char *what = NULL;

	pmu_event_name(attr, &name);
	what = system_wide ? x_strdup("the whole system") : x_asprintf("process %d", tid);
	switch (errno_value) {
	case EACCES:
	case EPERM:
		return refused(errno_value, what, system_wide);
	case ENOSYS:
		return error_new(ERROR_UNSUPPORTED, "this kernel has no perf events");
	case ESRCH:
		return error_new(ERROR_NO_FILE, "%s is gone", what);
	case EMFILE:
	case ENFILE:
		return error_with_hint(
			error_errno(errno_value, "opening event '%s'", strbuf_text(&name)),
			"each thread needs two descriptors per CPU: raise 'ulimit -n', or use -a");
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
	case ENXIO:
		return error_with_hint(error_new(ERROR_UNSUPPORTED,
						 "this machine has no event '%s'",
						 strbuf_text(&name)),
				       "-e cpu-clock works everywhere");
	case EBUSY:
		return error_new(ERROR_SETTING, "event '%s' is in use by somebody else",
				 strbuf_text(&name));
	default:
		return error_errno(errno_value, "opening event '%s'", strbuf_text(&name));
	}
}
