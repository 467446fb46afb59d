#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_out.h"
#include "base/memory.h"
#include "base/units.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/model.h"
#include "config.h"

struct doctor_options {
	const char *
		root; /* where /proc, /sys and /usr are looked up; tests give a tree of their own */
};

enum check_state { CHECK_OK, CHECK_LIMITED, CHECK_MISSING };

static const char *const state_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_LIMITED] = "limited",
	[CHECK_MISSING] = "missing",
};

struct check {
	const char *name;
	enum check_state state;
	char *found;
	const char *remedy; /* NULL where nothing is to be done */
};

VEC_DEFINE(check_vec, struct check)

struct examination {
	const char *root;
	struct check_vec checks;
	unsigned cpus;
	int first_cpu;
	int64_t paranoid; /* -2: not to be read */
	bool seccomp;	  /* system calls are filtered */
};

static void add(struct examination *exam, const char *name, enum check_state state, char *found,
		const char *remedy)
{
	check_vec_push(&exam->checks, (struct check){ name, state, found, remedy });
}

static char *path_in(const struct examination *exam, const char *path)
{
	return x_asprintf("%s%s", exam->root, path);
}

/* The file's text, or false: a file that is missing or forbidden is an answer, no error. */
static bool read_text(const struct examination *exam, const char *path, struct strbuf *ret)
{
	auto_free char *full = path_in(exam, path);
	auto_error struct error *error = file_read(full, 1 << 20, ret);

	return !error;
}

static bool read_number(const struct examination *exam, const char *path, int64_t *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str digits;
	uint64_t value;
	bool negative;

	if (!read_text(exam, path, &text))
		return false;
	digits = str_trim(strbuf_str(&text));
	negative = str_starts_with(digits, STR("-"));
	if (negative)
		digits = (struct str){ digits.ptr + 1, digits.len - 1 };
	if (!str_to_u64(digits, &value) || value > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

static bool exists(const struct examination *exam, const char *path)
{
	auto_free char *full = path_in(exam, path);

	return access(full, F_OK) == 0;
}

/* 0, or the errno that the kernel gives for the event. */
static int try_event(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	long fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	attr->exclude_hv = 1;
	attr->sample_period = 1000000;
	fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

static struct perf_event_attr cpu_clock(void)
{
	return (struct perf_event_attr){ .type = PERF_TYPE_SOFTWARE,
					 .config = PERF_COUNT_SW_CPU_CLOCK };
}

static const char *remedy_of_refusal(const struct examination *exam, int errno_value)
{
	if (errno_value == ENOSYS)
		return "this kernel has no perf events (CONFIG_PERF_EVENTS), or a sandbox hides "
		       "them: "
		       "record on another kernel and read the file here";
	if (exam->paranoid >= 1 && geteuid() != 0)
		return "as root: sysctl -w kernel.perf_event_paranoid=1 (system-wide: 0), or "
		       "setcap cap_perfmon,cap_sys_ptrace=ep on the sysgrok program, or run it as "
		       "root";
	if (exam->seccomp)
		return "a container's filter refuses perf_event_open: start it with --cap-add "
		       "PERFMON "
		       "or --security-opt seccomp=unconfined, or record on the host with -p";
	return "run as root, or give the program CAP_PERFMON (setcap cap_perfmon=ep)";
}

static void check_clock(struct examination *exam)
{
	struct perf_event_attr attr = cpu_clock();
	int refused;

	attr.exclude_kernel = 1;
	refused = try_event(&attr, 0, -1);
	if (refused)
		add(exam, "cpu profiles", CHECK_MISSING,
		    x_asprintf("perf events of your own programs are refused: %s",
			       strerror(refused)),
		    remedy_of_refusal(exam, refused));
	else
		add(exam, "cpu profiles", CHECK_OK, x_strdup("your own programs can be sampled"),
		    NULL);
}

static void check_hardware(struct examination *exam)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.config = PERF_COUNT_HW_CPU_CYCLES,
					.exclude_kernel = 1 };
	int refused = try_event(&attr, 0, -1);

	if (!refused)
		add(exam, "hardware events", CHECK_OK, x_strdup("cycles can be counted"), NULL);
	else if (refused == ENOENT || refused == EOPNOTSUPP || refused == ENODEV)
		add(exam, "hardware events", CHECK_LIMITED,
		    x_strdup("no hardware PMU: profiles use the clock (cpu-clock), which does not "
			     "see "
			     "code that runs with interrupts off"),
		    "in a virtual machine: have its virtual PMU enabled (KVM: -cpu host,pmu=on), "
		    "or "
		    "measure on the host");
	else
		add(exam, "hardware events", CHECK_MISSING,
		    x_asprintf("refused: %s", strerror(refused)), remedy_of_refusal(exam, refused));
}

static void check_kernel_samples(struct examination *exam)
{
	struct perf_event_attr attr = cpu_clock();
	int refused = try_event(&attr, 0, -1);

	if (refused)
		add(exam, "kernel samples", CHECK_LIMITED,
		    x_asprintf("time in the kernel cannot be seen: %s", strerror(refused)),
		    remedy_of_refusal(exam, refused));
	else
		add(exam, "kernel samples", CHECK_OK, x_strdup("time in the kernel is sampled too"),
		    NULL);
}

static void check_system_wide(struct examination *exam)
{
	struct perf_event_attr attr = cpu_clock();
	int refused = try_event(&attr, -1, exam->first_cpu);

	if (refused)
		add(exam, "system-wide", CHECK_LIMITED,
		    x_asprintf("the whole machine cannot be recorded: %s", strerror(refused)),
		    remedy_of_refusal(exam, refused));
	else
		add(exam, "system-wide", CHECK_OK, x_strdup("the whole machine can be recorded"),
		    NULL);
}

static void check_stack_dumps(struct examination *exam)
{
	struct perf_event_attr attr = cpu_clock();
	int refused;

	attr.exclude_kernel = 1;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
	attr.sample_regs_user = 1;
	attr.sample_stack_user = 8192;
	refused = try_event(&attr, 0, -1);
	if (!refused)
		add(exam, "stack dumps", CHECK_OK,
		    x_strdup("stacks of programs without frame pointers can be unwound"), NULL);
	else if (refused == EINVAL || refused == EOPNOTSUPP)
		add(exam, "stack dumps", CHECK_LIMITED,
		    x_strdup("this kernel copies no user stacks: call graphs need frame pointers"),
		    "build what you profile with -fno-omit-frame-pointer");
	else
		add(exam, "stack dumps", CHECK_MISSING,
		    x_asprintf("refused: %s", strerror(refused)), remedy_of_refusal(exam, refused));
}

static void check_paranoid(struct examination *exam)
{
	const char *meaning;

	if (exam->paranoid == -2) {
		add(exam, "perf_event_paranoid", CHECK_MISSING,
		    x_strdup("/proc/sys/kernel/perf_event_paranoid cannot be read"),
		    "is /proc mounted, and has the kernel CONFIG_PERF_EVENTS?");
		return;
	}
	if (exam->paranoid >= 3)
		meaning = "only privileged users may open events";
	else if (exam->paranoid == 2)
		meaning = "others than root see their own programs, without the kernel";
	else if (exam->paranoid == 1)
		meaning = "others than root see their own programs, with the kernel";
	else
		meaning = "every user may record the whole machine";
	add(exam, "perf_event_paranoid", CHECK_OK,
	    x_asprintf("%" PRId64 ": %s", exam->paranoid, meaning), NULL);
}

/* With kptr_restrict the addresses are there but zero. */
static bool kallsyms_shows_addresses(const struct examination *exam)
{
	auto_free char *path = path_in(exam, "/proc/kallsyms");
	auto_fclose FILE *file = fopen(path, "re");
	char line[256];

	for (int i = 0; file && i < 1000 && fgets(line, sizeof(line), file); i++) {
		struct str head, rest;
		uint64_t address;

		str_cut(str_from(line), ' ', &head, &rest);
		if (str_to_hex(head, &address) && address)
			return true;
	}
	return false;
}

static void check_kernel_names(struct examination *exam)
{
	int64_t restricted = 0;

	if (kallsyms_shows_addresses(exam)) {
		add(exam, "kernel names", CHECK_OK, x_strdup("/proc/kallsyms shows its addresses"),
		    NULL);
		return;
	}
	read_number(exam, "/proc/sys/kernel/kptr_restrict", &restricted);
	/* With 0 the kernel still hides them from those whom perf_event_paranoid keeps out. */
	add(exam, "kernel names", CHECK_LIMITED,
	    x_asprintf("/proc/kallsyms hides its addresses (kptr_restrict is %" PRId64
		       "): kernel functions stay unnamed",
		       restricted),
	    restricted ? "record as root, or as root: sysctl -w kernel.kptr_restrict=0"
		       : "record as root, or as root: sysctl -w kernel.perf_event_paranoid=1");
}

static void check_ring_memory(struct examination *exam)
{
	auto_strbuf struct strbuf found = STRBUF_INIT;
	struct rlimit limit = { 0 };
	int64_t kib;

	if (!read_number(exam, "/proc/sys/kernel/perf_event_mlock_kb", &kib) || kib < 0)
		return;
	getrlimit(RLIMIT_MEMLOCK, &limit);
	units_bytes(&found, (uint64_t)kib * 1024);
	strbuf_add_text(&found, " a CPU for rings (perf_event_mlock_kb)");
	if (geteuid() == 0) {
		strbuf_add_text(&found, "; root may lock more");
	} else if (limit.rlim_cur != RLIM_INFINITY) {
		strbuf_add_text(&found, ", and ");
		units_bytes(&found, limit.rlim_cur);
		strbuf_add_text(&found, " beside them (ulimit -l)");
	}
	add(exam, "ring memory", kib < 128 && geteuid() != 0 ? CHECK_LIMITED : CHECK_OK,
	    strbuf_take(&found),
	    kib < 128 ? "as root: sysctl -w kernel.perf_event_mlock_kb=516" : NULL);
}

static void check_open_files(struct examination *exam)
{
	struct rlimit limit = { 0 };
	uint64_t threads;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	/* Two events (samples and side-band) for each thread on each CPU. */
	threads = limit.rlim_max / (2 * (uint64_t)MAX(exam->cpus, 1u));
	add(exam, "open files", threads < 256 ? CHECK_LIMITED : CHECK_OK,
	    x_asprintf("%" PRIu64 " at most (ulimit -Hn): processes of up to %" PRIu64
		       " threads can be recorded",
		       (uint64_t)limit.rlim_max, threads),
	    threads < 256 ? "raise the hard limit (ulimit -Hn), or record the whole machine with -a"
			  : NULL);
}

static void check_sample_rate(struct examination *exam)
{
	int64_t rate;

	if (!read_number(exam, "/proc/sys/kernel/perf_event_max_sample_rate", &rate))
		return;
	add(exam, "sample rate", rate < 999 ? CHECK_LIMITED : CHECK_OK,
	    x_asprintf("up to %" PRId64 " samples a second and CPU%s", rate,
		       rate < 999 ? "; the kernel lowered it, as sampling took too long" : ""),
	    rate < 999 ? "as root: sysctl -w kernel.perf_event_max_sample_rate=10000" : NULL);
}

static void check_debug_files(struct examination *exam)
{
	if (exists(exam, "/usr/lib/debug/.build-id"))
		add(exam, "debug files", CHECK_OK,
		    x_strdup("/usr/lib/debug has separate debug files"), NULL);
	else
		add(exam, "debug files", CHECK_LIMITED,
		    x_strdup("no separate debug files are installed: the distribution's programs "
			     "have "
			     "names of exported functions, but no lines and no inlined functions"),
		    "install the -dbgsym or -debuginfo packages of what you look at (Debian: "
		    "https://wiki.debian.org/HowToGetABacktrace)");
}

static void check_confinement(struct examination *exam)
{
	bool container = exists(exam, "/.dockerenv") || exists(exam, "/run/.containerenv") ||
			 exists(exam, "/run/systemd/container");

	if (!container && !exam->seccomp)
		return;
	add(exam, "confinement", exam->seccomp ? CHECK_LIMITED : CHECK_OK,
	    x_asprintf("%s%s%s", container ? "this is a container" : "",
		       container && exam->seccomp ? ", and " : "",
		       exam->seccomp ? "system calls are filtered (seccomp)" : ""),
	    exam->seccomp ? "what is refused above may work on the host" : NULL);
}

/* A request of a few tokens, where one is configured. */
static void check_model(struct examination *exam, const struct command_context *context)
{
	const char *remedy;
	char *found;
	bool works = model_try(context, &found, &remedy);

	add(exam, "a model", works ? CHECK_OK : CHECK_MISSING, found, remedy);
}

static void check_build(struct examination *exam)
{
	add(exam, "this program", CHECK_OK,
	    x_strdup(SYSGROK_PORTABLE ? "sysgrok " SYSGROK_VERSION
					", static: runs from any folder of any distribution"
				      : "sysgrok " SYSGROK_VERSION),
	    NULL);
}

static bool is_filtered(const struct examination *exam)
{
	auto_strbuf struct strbuf status = STRBUF_INIT;
	struct str text, line;

	if (!read_text(exam, "/proc/self/status", &status))
		return false;
	text = strbuf_str(&status);
	while (str_next_line(&text, &line)) {
		struct str name, value;

		if (str_cut(line, ':', &name, &value) && str_is(name, "Seccomp"))
			return str_is(str_trim(value), "2");
	}
	return false;
}

static void examine(struct examination *exam)
{
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	exam->cpus = (unsigned)CPU_COUNT(&allowed);
	while (exam->first_cpu < CPU_SETSIZE - 1 && !CPU_ISSET(exam->first_cpu, &allowed))
		exam->first_cpu++;
	exam->paranoid = -2;
	read_number(exam, "/proc/sys/kernel/perf_event_paranoid", &exam->paranoid);
	exam->seccomp = is_filtered(exam);

	check_clock(exam);
	check_hardware(exam);
	check_kernel_samples(exam);
	check_system_wide(exam);
	check_stack_dumps(exam);
	check_paranoid(exam);
	check_sample_rate(exam);
	check_kernel_names(exam);
	check_ring_memory(exam);
	check_open_files(exam);
	check_debug_files(exam);
	check_confinement(exam);
	check_build(exam);
}

static void print_json(const struct examination *exam, const struct utsname *name, FILE *out)
{
	struct json_writer json = json_writer_on(out);

	json_object_begin(&json);
	json_key_text(&json, "version", SYSGROK_VERSION);
	json_key_text(&json, "kernel", name->release);
	json_key_text(&json, "machine", name->machine);
	json_key_uint(&json, "cpus", exam->cpus);
	json_key_bool(&json, "root", geteuid() == 0);
	json_key(&json, "checks");
	json_array_begin(&json);
	for (size_t i = 0; i < exam->checks.count; i++) {
		const struct check *check = &exam->checks.items[i];

		json_object_begin(&json);
		json_key_text(&json, "name", check->name);
		json_key_text(&json, "state", state_names[check->state]);
		json_key_text(&json, "found", check->found);
		json_key_text(&json, "remedy", check->remedy);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	json_finish(&json);
}

#define FOUND_COLUMN 32

static void print_table(const struct examination *exam, const struct utsname *name,
			const struct term *out)
{
	static const enum term_style styles[] = {
		[CHECK_OK] = TERM_GREEN,
		[CHECK_LIMITED] = TERM_YELLOW,
		[CHECK_MISSING] = TERM_RED,
	};
	unsigned counts[ARRAY_SIZE(state_names)] = { 0 };
	unsigned width = MIN(out->width, 100u);

	fprintf(out->stream, "Linux %s on %s, %u CPU%s, %s\n\n", name->release, name->machine,
		exam->cpus, exam->cpus == 1 ? "" : "s",
		geteuid() == 0 ? "as root" : "as an ordinary user");
	for (size_t i = 0; i < exam->checks.count; i++) {
		const struct check *check = &exam->checks.items[i];

		counts[check->state]++;
		fprintf(out->stream, "  %s%-8s%s %-*s", term_style(out, styles[check->state]),
			state_names[check->state], term_style(out, TERM_PLAIN), FOUND_COLUMN - 11,
			check->name);
		term_wrap(out->stream, str_from(check->found), width, FOUND_COLUMN);
		if (check->remedy) {
			fprintf(out->stream, "%*s", FOUND_COLUMN, "-> ");
			term_wrap(out->stream, str_from(check->remedy), width, FOUND_COLUMN);
		}
	}
	fprintf(out->stream, "\n%u ok, %u limited, %u missing\n", counts[CHECK_OK],
		counts[CHECK_LIMITED], counts[CHECK_MISSING]);
}

static struct error *run_doctor(struct command_context *context, int, char **)
{
	const struct doctor_options *options = context->options;
	struct examination exam = { .root = options->root };
	struct utsname name;

	uname(&name);
	examine(&exam);
	check_model(&exam, context);
	if (context->json)
		print_json(&exam, &name, context->out.stream);
	else
		print_table(&exam, &name, &context->out);
	for (size_t i = 0; i < exam.checks.count; i++)
		free(exam.checks.items[i].found);
	check_vec_done(&exam.checks);
	return NULL;
}

static const struct doctor_options defaults = { .root = "" };

static const struct option options[] = {
	{ 0, "root", "DIR", NULL, OPTION_TEXT, offsetof(struct doctor_options, root) }, OPTIONS_END
};

static const struct command_example examples[] = {
	{ "sysgrok doctor", "before the first recording on a machine" },
	{ "sudo sysgrok doctor", "what root could do that you cannot" },
	{ 0 },
};

const struct command doctor_command = {
	.name = "doctor",
	.group = COMMAND_SELF,
	.summary = "say what works on this machine, and what to do about what does not",
	.usage = "",
	.description = "Tries what recording and naming need (perf events, their limits, kernel "
		       "symbols, debug files) for the user who runs it, and changes nothing. A "
		       "configured model is asked for one word; --offline leaves that out. The "
		       "exit status is 0 whatever is found.",
	.options = options,
	.options_size = sizeof(struct doctor_options),
	.defaults = &defaults,
	.examples = examples,
	.run = run_doctor,
};
