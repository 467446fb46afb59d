/* Recording a CPU profile: `sysgrok record COMMAND`, `-p PID`, `-a`; perf record's spellings. */
#include "record/record.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/json_out.h"
#include "base/memory.h"
#include "base/units.h"
#include "cmd/command.h"
#include "config.h"
#include "record/kept_names.h"
#include "symbol/symbolizer.h"

struct record_command_options {
	const char *frequency, *call_graph, *output, *clock, *ring_size;
	struct option_list events, pids, tids;
	uint64_t count;
	double duration_s;
	bool system_wide, no_inherit, default_graph, raw, quiet;
};

static const struct record_command_options defaults = {
	.frequency = "999",
	.output = "perf.data",
	.clock = "mono",
};

#define FIELD(field) offsetof(struct record_command_options, field)
#define HARMLESS(letter, name, value, why)                                                         \
	{                                                                                          \
		letter, name, value, why, OPTION_IGNORED, 0                                        \
	}
#define REFUSED(letter, name, value, instead)                                                      \
	{                                                                                          \
		letter, name, value, instead, OPTION_REFUSED, 0                                    \
	}

/* clang-format off */
static const struct option option_rows[] = {
	{ 'F', "freq", "HZ", "samples per second and CPU (default 999; 'max' = what the kernel allows)",
	  OPTION_TEXT, FIELD(frequency) },
	{ 'c', "count", "N", "a sample after each N events instead of a frequency",
	  OPTION_U64, FIELD(count) },
	{ 'e', "event", "EVENT", "what to sample by (default: cycles, or cpu-clock without a PMU)",
	  OPTION_LIST, FIELD(events) },
	{ 'p', "pid", "PID[,PID]", "processes that run already, with all their threads",
	  OPTION_LIST, FIELD(pids) },
	{ 't', "tid", "TID[,TID]", "these threads and no others", OPTION_LIST, FIELD(tids) },
	{ 'a', "all-cpus", NULL, "the whole system", OPTION_FLAG, FIELD(system_wide) },
	{ 'i', "no-inherit", NULL, "leave out children and new threads", OPTION_FLAG,
	  FIELD(no_inherit) },
	{ 'g', NULL, NULL, "with call chains, as is the default", OPTION_FLAG, FIELD(default_graph) },
	{ 0, "call-graph", "dwarf[,SIZE]|fp|none", "how stacks are found (default dwarf, by unwind "
	  "information; SIZE = bytes of stack to look at)", OPTION_TEXT, FIELD(call_graph) },
	{ 0, "raw", NULL, "keep copies of the stacks in the file, as perf does, instead of addresses",
	  OPTION_FLAG, FIELD(raw) },
	{ 0, "duration", "TIME", "stop after so long (5, 1.5s, 2m), and end the command", OPTION_SECONDS,
	  FIELD(duration_s) },
	{ 'o', "output", "FILE", "write there ('-' = standard output; default perf.data, an old one "
	  "becomes perf.data.old)", OPTION_TEXT, FIELD(output) },
	{ 'm', "mmap-pages", "PAGES", "size of each CPU's ring, in pages or with B, K, M or G",
	  OPTION_TEXT, FIELD(ring_size) },
	{ 'k', "clockid", "CLOCK", "clock of the time stamps: mono, monotonic_raw, boot, realtime, "
	  "tai, or perf (default mono)", OPTION_TEXT, FIELD(clock) },
	{ 'q', "quiet", NULL, "say nothing but errors", OPTION_FLAG, FIELD(quiet) },
	HARMLESS(0, "sample-cpu", NULL, "the CPU is always recorded"),
	HARMLESS('T', "timestamp", NULL, "times are always recorded"),
	HARMLESS('P', "period", NULL, "periods are always recorded"),
	HARMLESS(0, "aio", "[=N]", "writing does not hold this recorder up"),
	HARMLESS('N', "no-buildid-cache", NULL, "there is no cache to fill"),
	HARMLESS('B', "no-buildid", NULL, "build-ids cost nothing here"),
	HARMLESS(0, "buildid-all", NULL, "build-ids are always recorded"),
	HARMLESS(0, "buildid-mmap", NULL, "build-ids are always recorded"),
	HARMLESS('z', "compression-level", "[=N]", "the file holds addresses, which are small"),
	HARMLESS('s', "stat", NULL, "report shows threads by itself"),
	HARMLESS('r', "realtime", "PRIORITY", NULL),
	HARMLESS('R', "raw-samples", NULL, NULL),
	HARMLESS('n', "no-samples", NULL, NULL),
	HARMLESS(0, "no-buffering", NULL, NULL),
	HARMLESS(0, "no-bpf-event", NULL, NULL),
	HARMLESS(0, "mmap-flush", "N", NULL),
	HARMLESS(0, "tail-synthesize", NULL, NULL),
	HARMLESS(0, "synth", "KIND", NULL),
	HARMLESS(0, "namespaces", NULL, NULL),
	HARMLESS(0, "all-cgroups", NULL, NULL),
	HARMLESS(0, "affinity", "KIND", NULL),
	HARMLESS(0, "strict-freq", NULL, NULL),
	HARMLESS(0, "proc-map-timeout", "MS", NULL),
	HARMLESS(0, "num-thread-synthesize", "N", NULL),
	REFUSED('u', "uid", "USER", "-p PID, or -a"),
	REFUSED('C', "cpu", "LIST", "-a, and --cpu when you look at it"),
	REFUSED('G', "cgroup", "NAME", "-p PID, or -a"),
	REFUSED('d', "data", NULL, "data addresses are not recorded"),
	REFUSED('b', "branch-any", NULL, "branches are not recorded; --call-graph dwarf finds callers"),
	REFUSED('j', "branch-filter", "KIND", "branches are not recorded"),
	REFUSED('W', "weight", NULL, "weights are not recorded"),
	REFUSED('D', "delay", "MS", "--time A,B when you look at it leaves the beginning out"),
	REFUSED('I', "intr-regs", "[=REGS]", "registers are not recorded"),
	REFUSED(0, "user-regs", "[=REGS]", "registers are not recorded"),
	REFUSED(0, "phys-data", NULL, "data addresses are not recorded"),
	REFUSED('S', "snapshot", "[=SIZE]", "hardware traces are not recorded"),
	REFUSED(0, "all-user", NULL, "-e EVENT:u, for example -e cpu-clock:u"),
	REFUSED(0, "all-kernel", NULL, "-e EVENT:k, for example -e cpu-clock:k"),
	REFUSED(0, "kernel-callchains", NULL, "both parts of a stack are recorded"),
	REFUSED(0, "user-callchains", NULL, "both parts of a stack are recorded"),
	REFUSED(0, "overwrite", NULL, "--duration TIME"),
	REFUSED(0, "switch-output", "[=KIND]", "--duration TIME, once per file"),
	REFUSED(0, "max-size", "SIZE", "--duration TIME"),
	REFUSED(0, "timestamp-filename", NULL, "-o FILE"),
	REFUSED(0, "threads", "[=SPEC]", "one thread reads all rings"),
	REFUSED(0, "filter", "FILTER", "tracepoints are not recorded"),
	REFUSED(0, "exclude-perf", NULL, "--comm when you look at it"),
	REFUSED(0, "control", "SPEC", "SIGINT ends a recording properly"),
	REFUSED(0, "off-cpu", NULL, "time off the CPU is not recorded"),
	OPTIONS_END
};
/* clang-format on */

/* The command's options as the recorder wants them, and what they point to. */
struct request {
	struct record_options options;
	int32_t *pids, *tids;
	const char **event_names;
	size_t event_count;
	char *event_text; /* the lists of -e, cut in place */
};

static void request_done(struct request *request)
{
	free(request->pids);
	free(request->tids);
	free(request->event_names);
	free(request->event_text);
}

/* "-p 1,2 -p 3" are three processes. */
static struct error *parse_ids(const char *letter, const struct option_list *lists, int32_t **ret,
			       size_t *ret_count)
{
	for (size_t i = 0; i < lists->count; i++) {
		struct str rest = str_from(lists->items[i]), item;
		bool more = true;

		while (more) {
			uint64_t id;

			more = str_cut(rest, ',', &item, &rest);
			if (!str_to_u64(str_trim(item), &id) || id == 0 || id > INT32_MAX)
				return error_new(ERROR_USAGE, "%s: '%s' is no list of ids", letter,
						 lists->items[i]);
			*ret = x_reallocarray(*ret, *ret_count + 1, sizeof(**ret));
			(*ret)[(*ret_count)++] = (int32_t)id;
		}
	}
	return NULL;
}

/* "-e a,b -e c" are three events. */
static void parse_events(const struct option_list *lists, struct request *request)
{
	auto_strbuf struct strbuf all = STRBUF_INIT;
	char *word;

	for (size_t i = 0; i < lists->count; i++)
		strbuf_addf(&all, "%s%s", i ? "," : "", lists->items[i]);
	if (!all.len)
		return;
	request->event_text = strbuf_take(&all);
	for (word = request->event_text; word;) {
		char *comma = strchr(word, ',');

		if (comma)
			*comma = '\0';
		request->event_names =
			x_reallocarray(request->event_names, request->event_count + 1,
				       sizeof(*request->event_names));
		request->event_names[request->event_count++] = word;
		word = comma ? comma + 1 : NULL;
	}
	request->options.events.event_names = request->event_names;
	request->options.events.event_count = request->event_count;
}

static struct error *parse_graph(const struct record_command_options *given,
				 struct record_options *ret)
{
	struct str kind, size;
	uint64_t bytes;

	ret->mode = given->raw ? RECORD_COPY : RECORD_LIVE;
	ret->events.chain = PERF_CHAIN_DUMP;
	/* what is kept in the file is as large as perf makes it */
	if (given->raw)
		ret->events.dump_bytes = 8192;
	if (!given->call_graph)
		return NULL;
	str_cut(str_from(given->call_graph), ',', &kind, &size);
	if (str_is(kind, "dwarf")) {
		if (!size.len)
			return NULL;
		if (!str_to_u64(size, &bytes) || bytes == 0 || bytes > 65528)
			return error_new(ERROR_USAGE,
					 "--call-graph dwarf,SIZE: at most 65528 bytes of stack");
		ret->events.dump_bytes = (uint32_t)((bytes + 7) / 8 * 8);
		return NULL;
	}
	ret->mode = RECORD_COPY;
	if (str_is(kind, "fp"))
		ret->events.chain = PERF_CHAIN_FP;
	else if (str_is(kind, "none") || str_is(kind, "no"))
		ret->events.chain = PERF_CHAIN_NONE;
	else
		return error_with_hint(error_new(ERROR_USAGE, "--call-graph: unknown kind '%s'",
						 given->call_graph),
				       "dwarf[,SIZE], fp or none");
	return NULL;
}

static struct error *parse_clock(const char *name, int *ret)
{
	static const struct {
		const char *name;
		int id;
	} clocks[] = {
		{ "mono", CLOCK_MONOTONIC },
		{ "monotonic", CLOCK_MONOTONIC },
		{ "raw", CLOCK_MONOTONIC_RAW },
		{ "monotonic_raw", CLOCK_MONOTONIC_RAW },
		{ "boot", CLOCK_BOOTTIME },
		{ "boottime", CLOCK_BOOTTIME },
		{ "real", CLOCK_REALTIME },
		{ "realtime", CLOCK_REALTIME },
		{ "tai", CLOCK_TAI },
		{ "perf", -1 },
		{ "CLOCK_MONOTONIC", CLOCK_MONOTONIC },
		{ "CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW },
		{ "CLOCK_BOOTTIME", CLOCK_BOOTTIME },
		{ "CLOCK_REALTIME", CLOCK_REALTIME },
		{ "CLOCK_TAI", CLOCK_TAI },
	};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (strcmp(name, clocks[i].name) != 0)
			continue;
		*ret = clocks[i].id;
		return NULL;
	}
	return error_with_hint(error_new(ERROR_USAGE, "-k: unknown clock '%s'", name),
			       "mono, monotonic_raw, boot, realtime, tai or perf");
}

/* Pages, or bytes with a suffix; ",AUXPAGES" is perf's and about hardware traces. */
static struct error *parse_ring_size(const char *text, size_t *ret_pages)
{
	static const char suffixes[] = "BKMG";
	struct str size, aux;
	const char *suffix;
	uint64_t value, pages;

	str_cut(str_from(text), ',', &size, &aux);
	suffix = size.len ? strchr(suffixes, size.ptr[size.len - 1]) : NULL;
	if (suffix)
		size.len--;
	if (!str_to_u64(size, &value) || value == 0 || value > UINT64_C(1) << 40)
		return error_new(ERROR_USAGE, "-m: '%s' is no number of pages", text);
	pages = suffix ? (value << (10 * (suffix - suffixes))) / 4096 : value;
	if (pages > 1 << 20)
		return error_new(ERROR_USAGE, "-m: '%s' is more than 4 GiB for each CPU", text);
	*ret_pages = (size_t)MAX(pages, UINT64_C(1));
	return NULL;
}

static struct error *parse_frequency(const struct record_command_options *given,
				     struct record_options *ret, struct warnings *warnings)
{
	uint64_t highest = record_max_frequency();
	bool is_max = strcmp(given->frequency, "max") == 0;

	ret->events.period = given->count;
	ret->events.frequency_hz = highest ? highest : 1000;
	if (is_max)
		return NULL;
	if (!str_to_u64(str_from(given->frequency), &ret->events.frequency_hz) ||
	    ret->events.frequency_hz == 0)
		return error_new(ERROR_USAGE, "-F: '%s' is no frequency", given->frequency);
	if (highest && ret->events.frequency_hz > highest && !given->count) {
		warnings_add(warnings,
			     "-F %s: the kernel allows %llu samples per second "
			     "(kernel.perf_event_max_sample_rate); that is what is used",
			     given->frequency, (unsigned long long)highest);
		ret->events.frequency_hz = highest;
	}
	return NULL;
}

/* Names for what will be gone, as a linker has them: the reader demangles. */
static void *namer_open(struct dso_table *table)
{
	return symbolizer_new(table, &(struct symbolizer_options){ 0 });
}

static bool namer_find(void *state, struct dso *dso, uint64_t address, uint64_t *ret_start,
		       struct str *ret_name)
{
	struct symbol_frames found = symbolizer_find(state, dso, address, 0);
	const struct symbol_frame *symbol = &found.items[found.count - 1];

	if (!symbol->name)
		return false;
	*ret_start = MIN(found.symbol_start, address);
	*ret_name = interned(symbolizer_texts(state), symbol->name);
	return true;
}

static void namer_close(void *state)
{
	symbolizer_free(state);
}

static const struct record_namer namer = { namer_open, namer_find, namer_close };

static struct error *parse_request(struct command_context *context, int argc, char **argv,
				   struct request *ret)
{
	const struct record_command_options *given = context->options;
	struct record_options *options = &ret->options;

	options->output_path = given->output;
	options->duration_s = given->duration_s;
	options->command = argc ? argv : NULL;
	options->stdout_is_ours = context->json || strcmp(given->output, "-") == 0;
	options->namer = &namer;
	options->version = "sysgrok " SYSGROK_VERSION;
	TRY(parse_ids("-p", &given->pids, &ret->pids, &options->pid_count));
	TRY(parse_ids("-t", &given->tids, &ret->tids, &options->tid_count));
	options->pids = ret->pids;
	options->tids = ret->tids;
	options->events.no_inherit = given->no_inherit || options->tid_count;
	parse_events(&given->events, ret);
	TRY(parse_graph(given, options));
	TRY(parse_clock(given->clock, &options->events.clock_id));
	TRY(parse_frequency(given, options, context->warnings));
	if (given->ring_size)
		TRY(parse_ring_size(given->ring_size, &options->events.ring_pages));
	options->events.data_maps =
		options->mode == RECORD_COPY && options->events.chain == PERF_CHAIN_DUMP;
	if (given->system_wide && (options->pid_count || options->tid_count))
		return error_new(ERROR_USAGE, "-a and -p: the whole system, or some processes?");
	/* as perf: without a target it is the whole system, until Ctrl-C */
	options->system_wide =
		given->system_wide || (!options->pid_count && !options->tid_count && !argc);
	return NULL;
}

static void add_losses(struct strbuf *out, const struct record_summary *summary)
{
	if (!summary->lost && !summary->throttled) {
		strbuf_add_text(out, ", none lost");
		return;
	}
	if (summary->lost) {
		strbuf_add_text(out, ", ");
		units_count(out, summary->lost);
		strbuf_add_text(out, " LOST (a larger -m, a lower -F or --call-graph dwarf,8192 "
				     "makes room)");
	}
	if (summary->throttled) {
		strbuf_addf(out,
			    ", throttled %llu times (the CPU was too busy with samples: a "
			    "lower -F)",
			    (unsigned long long)summary->throttled);
	}
}

/* The clock of a process begins anew each time it runs: what is shorter than its period escapes. */
static void note_escaped(struct strbuf *notes, const struct record_summary *summary)
{
	double seen_s = summary->sampled_cpu_s, lost_s;

	if (summary->lost || summary->command_cpu_s < 0.2 || seen_s < 0 ||
	    seen_s > summary->command_cpu_s / 2)
		return;
	lost_s = summary->command_cpu_s - seen_s;
	strbuf_addf(notes,
		    "%.2f of %.2f s of CPU time escaped the samples: many processes end within one "
		    "period of the clock; -a (the whole system) sees them\n",
		    lost_s, summary->command_cpu_s);
}

static void add_command_end(struct strbuf *out, const struct record_summary *summary)
{
	if (!summary->command_ended)
		return;
	if (WIFEXITED(summary->command_status) && WEXITSTATUS(summary->command_status))
		strbuf_addf(out, "; the command ended with status %d",
			    WEXITSTATUS(summary->command_status));
	else if (WIFSIGNALED(summary->command_status))
		strbuf_addf(out, "; the command was ended by signal %d (%s)",
			    WTERMSIG(summary->command_status),
			    strsignal(WTERMSIG(summary->command_status)));
}

static void print_summary(const struct record_options *options,
			  const struct record_summary *summary)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	units_count(&text, summary->samples);
	strbuf_addf(&text, " samples of %s in ", summary->event_name);
	units_duration(&text, (uint64_t)(summary->duration_s * 1e9));
	add_losses(&text, summary);
	strbuf_addf(&text, "; %s: ", options->output_path);
	units_bytes(&text, summary->file_bytes);
	if (summary->samples)
		strbuf_addf(&text, ", %llu bytes a sample",
			    (unsigned long long)(summary->file_bytes / summary->samples));
	if (summary->dump_bytes)
		strbuf_addf(&text, "; up to %u bytes of each stack", summary->dump_bytes);
	add_command_end(&text, summary);
	fputs("sysgrok record: ", stderr);
	term_write_safe(stderr, strbuf_str(&text));
	fputc('\n', stderr);
}

static void print_json(struct command_context *context, const struct record_options *options,
		       const struct record_summary *summary)
{
	struct json_writer json = json_writer_on(context->out.stream);

	json_object_begin(&json);
	json_key_text(&json, "file", options->output_path);
	json_key_text(&json, "event", summary->event_name);
	json_key_uint(&json, "samples", summary->samples);
	json_key_uint(&json, "lost", summary->lost);
	json_key_uint(&json, "throttled", summary->throttled);
	json_key_uint(&json, "bytes", summary->file_bytes);
	json_key_real(&json, "seconds", summary->duration_s);
	json_key_uint(&json, "dump_bytes", summary->dump_bytes);
	json_key_uint(&json, "ring_bytes", summary->ring_bytes);
	json_object_end(&json);
	json_finish(&json);
}

static void print_notes(const struct strbuf *notes)
{
	struct str rest = strbuf_str(notes), line;

	while (str_next_line(&rest, &line)) {
		fputs("sysgrok record: note: ", stderr);
		term_write_safe(stderr, line);
		fputc('\n', stderr);
	}
}

static struct error *run_record(struct command_context *context, int argc, char **argv)
{
	const struct record_command_options *given = context->options;
	struct request request = { .options = { .mode = RECORD_COPY } };
	struct record_summary summary = { 0 };
	auto_strbuf struct strbuf notes = STRBUF_INIT;
	struct error *error = parse_request(context, argc, argv, &request);

	if (!error)
		error = record_run(&request.options, &notes, &summary);
	if (!error)
		note_escaped(&notes, &summary);
	if (!given->quiet)
		print_notes(&notes);
	if (summary.started && summary.event_name && !given->quiet)
		print_summary(&request.options, &summary);
	if (!error && context->json && strcmp(request.options.output_path, "-") != 0)
		print_json(context, &request.options, &summary);
	record_summary_done(&summary);
	request_done(&request);
	return error;
}

static const struct command_example examples[] = {
	{ "sysgrok record make -j4", "profile a build, then 'sysgrok report'" },
	{ "sysgrok record -p 1234 --duration 10", "ten seconds of a running process" },
	{ "sudo sysgrok record -a --duration 5", "the whole machine" },
	{ "sysgrok record -F 999 --call-graph fp -- ./server", "by frame pointers" },
	{ 0 },
};

const struct command record_command = {
	.name = "record",
	.group = COMMAND_PROFILES,
	.summary = "sample where a program, a process or the machine spends CPU time",
	.usage = "[options] [--] COMMAND [ARGUMENT...]\n[options] -p PID[,PID...]\n[options] -a",
	.description =
		"Writes perf.data, which 'sysgrok report', perf and Hotspot read. Samples are "
		"taken by hardware cycles, or by cpu-clock where there is no PMU; children and "
		"threads are followed. Without a command, -p or -a it is the whole system until "
		"Ctrl-C.\n\n"
		"By default stacks are unwound while the program runs: the kernel hands over up "
		"to 64 KiB of each stack, and the file keeps addresses only, so that it stays "
		"small and deep stacks stay whole. Ctrl-C and SIGTERM end the recording properly. "
		"The options of perf record are understood, or refused with the nearest.",
	.options = option_rows,
	.options_size = sizeof(struct record_command_options),
	.defaults = &defaults,
	.examples = examples,
	.stop_at_operand = true,
	.max_operands = -1,
	.run = run_record,
};
