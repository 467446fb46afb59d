#include "perf/open_ladder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "perf/open_error.h"

/*
 * Things that an older kernel or another PMU does not know. Each step returns false where it has
 * nothing to change; its sentence is NULL where the user loses nothing by it.
 */
struct step {
	bool (*apply)(struct perf_event_attr *attr);
	const char *sentence;
};

static bool drop_precision(struct perf_event_attr *attr)
{
	if (!attr->precise_ip)
		return false;
	attr->precise_ip--;
	return true;
}

static bool drop_lost(struct perf_event_attr *attr)
{
	bool had = attr->read_format & PERF_FORMAT_LOST;

	attr->read_format &= ~(uint64_t)PERF_FORMAT_LOST;
	return had;
}

static bool drop_ksymbol(struct perf_event_attr *attr)
{
	bool had = attr->ksymbol || attr->bpf_event;

	attr->ksymbol = attr->bpf_event = 0;
	return had;
}

static bool drop_exclude_guest(struct perf_event_attr *attr)
{
	bool had = attr->exclude_guest;

	attr->exclude_guest = 0;
	return had;
}

static bool drop_clock(struct perf_event_attr *attr)
{
	bool had = attr->use_clockid;

	attr->use_clockid = 0;
	attr->clockid = 0;
	return had;
}

static const struct step steps[] = {
	{ drop_precision, NULL },
	{ drop_lost, NULL },
	{ drop_ksymbol, NULL },
	{ drop_exclude_guest, NULL },
	{ drop_clock, "this kernel cannot use that clock for the event: the times are the kernel's "
		      "own" },
};

static bool step_down(struct perf_event_attr *attr, struct strbuf *notes)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (!steps[i].apply(attr))
			continue;
		if (steps[i].sentence)
			strbuf_addf(notes, "%s\n", steps[i].sentence);
		return true;
	}
	return false;
}

static bool without_kernel(struct perf_event_attr *attr, bool is_side_band, struct strbuf *notes)
{
	if (attr->exclude_kernel)
		return false;
	attr->exclude_kernel = attr->exclude_hv = 1;
	if (!is_side_band)
		strbuf_addf(
			notes,
			"kernel code is not measured: kernel.perf_event_paranoid is %d and this "
			"is not root\n",
			perf_paranoid());
	return true;
}

static bool without_pmu(struct perf_event_attr *attr, struct strbuf *notes)
{
	if (attr->type != PERF_TYPE_HARDWARE || attr->config != PERF_COUNT_HW_CPU_CYCLES)
		return false;
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_CPU_CLOCK;
	strbuf_add_text(notes,
			"this machine offers no hardware cycles (a virtual machine without a "
			"PMU?): cpu-clock is used\n");
	return true;
}

struct error *perf_ladder_settle(struct perf_event_attr *attr, int32_t tid, int cpu,
				 bool is_side_band, struct strbuf *notes)
{
	for (;;) {
		int fd = perf_event_open_fd(attr, tid, cpu), status = errno;
		bool changed = false;

		if (fd >= 0) {
			close(fd);
			return NULL;
		}
		if (status == ENOENT || status == ENODEV || status == EOPNOTSUPP || status == ENXIO)
			changed = (attr->precise_ip && drop_precision(attr)) ||
				  without_pmu(attr, notes);
		else if (status == EACCES || status == EPERM)
			changed = without_kernel(attr, is_side_band, notes);
		else if (status == EINVAL || status == E2BIG)
			changed = step_down(attr, notes);
		if (!changed)
			return perf_open_error(status, attr, tid, tid < 0);
		log_debug("perf", "the kernel refused an event (%s): trying with less",
			  strerror(status));
	}
}
