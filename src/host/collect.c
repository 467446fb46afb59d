#include "host/collect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"
#include "exec/exec.h"
#include "host/resolvers.h"

extern const struct str embedded_look_sh, embedded_objects_sh, embedded_net_sh;

enum { KIB = 1 << 10, MIB = 1 << 20 };

/* Stand-ins for our own scripts, as their text is no constant expression. */
static const char look_script[] = "look.sh", objects_script[] = "objects.sh",
		  network_script[] = "net.sh";

static const struct collector collectors[] = {
	{ .id = "look",
	  .what = "CPUs, memory, processes, disks, network counters and cgroups, read twice",
	  .shown = "/proc and /sys/fs/cgroup, read twice",
	  .argv = { "sh", "-c", look_script, "sh", "4" },
	  .timeout_ms = 20000,
	  .cap_bytes = 64 * MIB },
	{ .id = "objects",
	  .what = "mounts, open files and limits",
	  .shown = "/proc",
	  .argv = { "sh", "-c", objects_script },
	  .timeout_ms = 10000,
	  .cap_bytes = 32 * MIB,
	  .wants_root = true },
	{ .id = "df",
	  .what = "how full file systems are",
	  .argv = { "df", "-P", "-k", "-T", "-l" },
	  .fallback = { "df", "-P", "-k" },
	  .timeout_ms = 4000,
	  .cap_bytes = MIB },
	{ .id = "df-inodes",
	  .what = "how many inodes file systems have left",
	  .argv = { "df", "-P", "-i", "-T", "-l" },
	  .fallback = { "df", "-P", "-i" },
	  .timeout_ms = 4000,
	  .cap_bytes = MIB },
	{ .id = "network",
	  .what = "connections with their queues, losses and owners, queues of interfaces and "
		  "packet "
		  "filters, read twice",
	  .shown = "ss -tuaniemp; tc -s qdisc; nft list ruleset",
	  .argv = { "sh", "-c", network_script, "sh", "1" },
	  .timeout_ms = 12000,
	  .cap_bytes = 128 * MIB,
	  .wants_root = true },
	{ .id = "resolvers",
	  .what = "whether name servers answer",
	  .shown = "getent ahostsv4 a.root-servers.net",
	  .argv = { "sh", "-c",
		    "timeout 3 getent ahostsv4 a.root-servers.net >/dev/null 2>&1; echo getent "
		    "$?" },
	  .timeout_ms = 5000,
	  .cap_bytes = KIB,
	  .is_asked_by_us = true },
	{ .id = "kernel-log",
	  .what = "messages of the kernel",
	  .argv = { "dmesg" },
	  .fallback = { "journalctl", "-k", "-b", "-o", "short-monotonic", "-n", "4000",
			"--no-pager" },
	  .timeout_ms = 4000,
	  .cap_bytes = 8 * MIB,
	  .wants_root = true },
	{ .id = "stack",
	  .what = "where a process waits in the kernel",
	  .argv = { "cat", "/proc/{pid}/stack" },
	  .timeout_ms = 2000,
	  .cap_bytes = MIB,
	  .wants_root = true,
	  .only_on_demand = true,
	  .of_process = true },
	{ .id = "files",
	  .what = "what files a process has open",
	  .argv = { "ls", "-l", "/proc/{pid}/fd" },
	  .timeout_ms = 4000,
	  .cap_bytes = 16 * MIB,
	  .wants_root = true,
	  .only_on_demand = true,
	  .of_process = true },
};

size_t collectors_count(void)
{
	return ARRAY_SIZE(collectors);
}

const struct collector *collector_at(size_t index)
{
	return &collectors[index];
}

const struct collector *collector_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(collectors); i++)
		if (strcmp(collectors[i].id, id) == 0)
			return &collectors[i];
	return NULL;
}

/* ---- one round */

struct errand {
	const struct collector *collector;
	uint32_t task;
	bool is_fallback;
	size_t snapshot;
	uint32_t pid; /* of a suspect; 0: of the host */
};

VEC_DEFINE(errand_vec, struct errand)

static bool is_chosen(const struct collect_plan *plan, const struct collector *collector)
{
	if (collector->of_process)
		return false;
	if (!plan->ids)
		return !collector->only_on_demand;
	for (size_t i = 0; i < plan->id_count; i++)
		if (strcmp(plan->ids[i], collector->id) == 0)
			return true;
	return false;
}

/* The only thing that ever enters a word of the table: a process id, as a number. */
static void word_fill(struct strbuf *out, const char *word, uint32_t pid)
{
	static const char hole[] = "{pid}";
	const char *at = strstr(word, hole);

	if (!at || !pid) {
		strbuf_add_text(out, word);
		return;
	}
	strbuf_add(out, (struct str){ word, (size_t)(at - word) });
	strbuf_addf(out, "%u%s", pid, at + sizeof(hole) - 1);
}

static uint32_t send_out(struct exec *exec, uint32_t host, const struct collect_plan *plan,
			 const struct collector *collector, const char *const *words, uint32_t pid)
{
	const char *argv[COLLECTOR_WORDS + 1] = { NULL };
	struct strbuf filled[COLLECTOR_WORDS] = { 0 };
	uint32_t task;
	struct exec_command command = {
		.argv = argv,
		.timeout_ms = collector->timeout_ms,
		.cap_bytes = collector->cap_bytes,
		.as_root = plan->with_sudo && collector->wants_root,
	};

	for (size_t i = 0; i < COLLECTOR_WORDS && words[i]; i++) {
		argv[i] = words[i];
		if (pid) {
			word_fill(&filled[i], words[i], pid);
			argv[i] = strbuf_text(&filled[i]);
		}
		if (words[i] == look_script)
			argv[i] = embedded_look_sh.ptr;
		else if (words[i] == objects_script)
			argv[i] = embedded_objects_sh.ptr;
		else if (words[i] == network_script)
			argv[i] = embedded_net_sh.ptr;
	}
	task = exec_add(exec, host, &command);
	for (size_t i = 0; i < COLLECTOR_WORDS; i++)
		strbuf_done(&filled[i]);
	return task;
}

static char *words_text(const struct collector *collector, bool is_fallback, uint32_t pid)
{
	const char *const *words = is_fallback ? collector->fallback : collector->argv;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (collector->shown && !is_fallback)
		return x_strdup(collector->shown);
	for (size_t i = 0; i < COLLECTOR_WORDS && words[i]; i++) {
		strbuf_add_text(&text, i ? " " : "");
		word_fill(&text, words[i], pid);
	}
	return strbuf_take(&text);
}

/* What commands say when only root may. */
static bool is_refusal(const struct strbuf *err)
{
	static const char *const words[] = { "not permitted", "ermission denied", "must be root",
					     "you must be" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_find(strbuf_str(err), str_from(words[i])) >= 0)
			return true;
	return false;
}

static void take(struct strbuf *to, const struct strbuf *from)
{
	to->cap = MAX(from->len, (size_t)1) + 1;
	strbuf_add(to, strbuf_str(from));
}

static void bring_home(const struct exec *exec, const struct errand *errand, unsigned round,
		       struct host_snapshot *snapshot)
{
	const struct exec_result *result = exec_result_of(exec, errand->task);
	struct host_record record = {
		.id = x_strdup(errand->collector->id),
		.command = words_text(errand->collector, errand->is_fallback, errand->pid),
		.subject = errand->pid,
		.round = round,
		.status = result->status,
		.took_ns = result->end_ns - result->start_ns,
		.reason = result->reason ? x_strdup(result->reason) : NULL,
	};

	take(&record.out, &result->out);
	take(&record.err, &result->err);
	record.is_absent = !result->out.len;
	record.is_whole = result->outcome == EXEC_DONE && !result->out.truncated &&
			  (result->status == 0 || result->out.len);
	if (result->outcome == EXEC_DONE && result->out.truncated)
		record.reason = x_strdup("its output was cut at the cap");
	else if (result->outcome == EXEC_DONE && record.is_absent && result->status)
		record.reason = x_strdup(is_refusal(&result->err) ? "only root may" : "it failed");
	if (result->outcome == EXEC_DONE && record.is_absent && !result->status)
		record.is_absent = false; /* nothing to say is an answer */
	if (result->outcome == EXEC_UNREACHABLE && !snapshot->records.count &&
	    !snapshot->unreachable)
		snapshot->unreachable = x_strdup(result->reason);
	host_record_vec_push(&snapshot->records, record);
}

static char *utc_now(void)
{
	time_t now = time(NULL);
	struct tm parts;
	char text[32];

	gmtime_r(&now, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return x_strdup(text);
}

/* Where a program was missing and another can tell the same. */
static void send_fallbacks(struct exec *exec, const struct collect_plan *plan,
			   const uint32_t *hosts, size_t first, struct errand_vec *errands)
{
	for (size_t i = 0; i < errands->count; i++) {
		struct errand *errand = &errands->items[i];

		if (!errand->collector->fallback[0] ||
		    exec_result_of(exec, errand->task)->outcome != EXEC_NOT_FOUND)
			continue;
		errand->is_fallback = true;
		errand->task =
			send_out(exec, hosts[errand->snapshot - first], plan, errand->collector,
				 errand->collector->fallback, errand->pid);
	}
}

/* What we ask ourselves instead of a command, while the commands run. */
static bool asks_itself(const struct collect_plan *plan, size_t target,
			const struct collector *collector)
{
	return collector->is_asked_by_us && !plan->targets[target];
}

static void bring_answers(struct resolver_probe *probe, unsigned round,
			  struct host_snapshot *snapshot)
{
	enum { DEADLINE_MS = 2500 };
	struct host_record record = { .id = x_strdup("resolvers"),
				      .command = x_strdup("a query to each name server"),
				      .round = round,
				      .is_whole = true };

	if (!probe)
		return;
	record.out.cap = (size_t)4 * KIB;
	resolver_probe_end(probe, DEADLINE_MS, &record.out);
	host_record_vec_push(&snapshot->records, record);
}

struct error *hosts_collect(const struct collect_plan *plan, struct host_snapshot_vec *ret)
{
	const struct exec_limits limits = { .connect_timeout_s = plan->connect_timeout_s,
					    .ssh_config = plan->ssh_config };
	auto_exec struct exec *exec = exec_new(&limits);
	auto_free uint32_t *hosts = x_calloc(plan->target_count, sizeof(*hosts));
	struct errand_vec errands = { 0 };
	struct resolver_probe *probe = NULL; /* this machine is looked at once */
	size_t first = ret->count, probed = 0;

	for (size_t t = 0; t < plan->target_count; t++)
		TRY(exec_add_host(exec, plan->targets[t], &hosts[t]));
	for (size_t t = 0; t < plan->target_count; t++) {
		host_snapshot_vec_push(
			ret, (struct host_snapshot){
				     .host = x_strdup(plan->targets[t] ? plan->targets[t] : ""),
				     .taken_at = utc_now(),
				     .version = x_strdup(plan->version) });
		for (size_t c = 0; c < ARRAY_SIZE(collectors); c++) {
			if (!is_chosen(plan, &collectors[c]))
				continue;
			if (asks_itself(plan, t, &collectors[c]) && !probe) {
				probe = resolver_probe_start("/etc/resolv.conf");
				probed = first + t;
			} else
				errand_vec_push(&errands,
						(struct errand){ &collectors[c],
								 send_out(exec, hosts[t], plan,
									  &collectors[c],
									  collectors[c].argv, 0),
								 false, first + t, 0 });
		}
	}
	exec_run(exec, plan->stop);
	send_fallbacks(exec, plan, hosts, first, &errands);
	exec_run(exec, plan->stop);
	for (size_t i = 0; i < errands.count; i++)
		bring_home(exec, &errands.items[i], plan->round,
			   &ret->items[errands.items[i].snapshot]);
	bring_answers(probe, plan->round, &ret->items[probed]);
	errand_vec_done(&errands);
	return NULL;
}

struct error *hosts_collect_needs(const struct collect_plan *plan, const struct collect_need *needs,
				  size_t count, struct host_snapshot_vec *snapshots)
{
	const struct exec_limits limits = { .connect_timeout_s = plan->connect_timeout_s,
					    .ssh_config = plan->ssh_config };
	auto_exec struct exec *exec = exec_new(&limits);
	auto_free uint32_t *hosts = x_calloc(plan->target_count, sizeof(*hosts));
	auto_free bool *is_asked = x_calloc(plan->target_count, sizeof(*is_asked));
	struct errand_vec errands = { 0 };

	for (size_t i = 0; i < count; i++) {
		size_t host = needs[i].snapshot;

		if (!is_asked[host])
			TRY(exec_add_host(exec, plan->targets[host], &hosts[host]));
		is_asked[host] = true;
	}
	for (size_t i = 0; i < count; i++) {
		const struct collector *collector = needs[i].collector;

		errand_vec_push(
			&errands,
			(struct errand){ .collector = collector,
					 .task = send_out(exec, hosts[needs[i].snapshot], plan,
							  collector, collector->argv, needs[i].pid),
					 .snapshot = needs[i].snapshot,
					 .pid = needs[i].pid });
	}
	exec_run(exec, plan->stop);
	for (size_t i = 0; i < errands.count; i++)
		bring_home(exec, &errands.items[i], plan->round,
			   &snapshots->items[errands.items[i].snapshot]);
	errand_vec_done(&errands);
	return NULL;
}
