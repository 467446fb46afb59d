/* What is wrong with a host, from what it says of itself: `sysgrok debughost`. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/debughost_model.h"
#include "cmd/host_answer.h"
#include "config.h"
#include "host/collect.h"
#include "host/host.h"
#include "host/read_snapshot.h"

enum { ROUNDS_OF_NEEDS = 2, NEEDS_PER_HOST = 4, MAX_PID = 1 << 22 };

struct debughost_options {
	const char *problem, *save_dir, *from_dir, *ssh_config;
	struct option_list targets;
	bool explain, print_summaries, yolo, with_sudo, exit_code;
	struct model_options model;
};

/* clang-format off */
static const struct option options[] = {
	{ 'p', "problem-description", "TEXT", "what is wrong, in words: what fits it comes first",
	  OPTION_TEXT, offsetof(struct debughost_options, problem) },
	{ 't', "target-host", "HOST", "a host to look at, by ssh (HOST, USER@HOST, HOST:PORT); "
	  "may be repeated; without it: this machine",
	  OPTION_LIST, offsetof(struct debughost_options, targets) },
	{ 'e', "explain-commands", NULL, "say what is read of the host, and what it tells",
	  OPTION_FLAG, offsetof(struct debughost_options, explain) },
	{ 0, "print-summaries", NULL, "show what each thing that was read says",
	  OPTION_FLAG, offsetof(struct debughost_options, print_summaries) },
	{ 0, "yolo", NULL, "do not ask before running what a model proposes, where it is safe",
	  OPTION_FLAG, offsetof(struct debughost_options, yolo) },
	{ 0, "sudo", NULL, "read what only root may through sudo -n",
	  OPTION_FLAG, offsetof(struct debughost_options, with_sudo) },
	{ 0, "save-dir", "DIR", "keep what was read there",
	  OPTION_TEXT, offsetof(struct debughost_options, save_dir) },
	{ 0, "from-dir", "DIR", "diagnose what --save-dir kept, instead of a host",
	  OPTION_TEXT, offsetof(struct debughost_options, from_dir) },
	{ 0, "ssh-config", "FILE", "configuration for ssh, instead of the user's own",
	  OPTION_TEXT, offsetof(struct debughost_options, ssh_config) },
	{ 0, "exit-code", NULL, "end with status 10 where something is wrong with a host",
	  OPTION_FLAG, offsetof(struct debughost_options, exit_code) },
	MODEL_OPTIONS(struct debughost_options, model),
	OPTIONS_END
};
/* clang-format on */

static volatile sig_atomic_t stop;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void snapshots_done(struct host_snapshot_vec *snapshots)
{
	for (size_t i = 0; i < snapshots->count; i++)
		host_snapshot_done(&snapshots->items[i]);
	host_snapshot_vec_done(snapshots);
}

/* ---- what is read, and what it tells */

static void collectors_explain(const struct command_context *context)
{
	/* --json keeps standard output for the document */
	struct term term = context->out;

	if (context->json)
		term.stream = stderr;
	fprintf(term.stream, "%sRead-only, all at the same time%s\n", term_style(&term, TERM_BOLD),
		term_style(&term, TERM_PLAIN));
	for (size_t i = 0; i < collectors_count(); i++) {
		const struct collector *collector = collector_at(i);
		auto_strbuf struct strbuf text = STRBUF_INIT;

		if (collector->shown)
			strbuf_add_text(&text, collector->shown);
		for (size_t w = 0; !collector->shown && w < COLLECTOR_WORDS && collector->argv[w];
		     w++)
			strbuf_addf(&text, "%s%s", w ? " " : "", collector->argv[w]);
		fprintf(term.stream, "  %-34s  ", strbuf_text(&text));
		strbuf_reset(&text);
		strbuf_addf(&text, "%s%s%s", collector->what,
			    collector->wants_root ? " (in full only as root)" : "",
			    collector->only_on_demand ? ", of a suspect only" : "");
		term_wrap(term.stream, strbuf_str(&text), term.width, 38);
	}
	fputc('\n', term.stream);
}

/* ---- looking */

static bool has_records(const struct host_snapshot_vec *snapshots)
{
	for (size_t i = 0; i < snapshots->count; i++)
		for (size_t r = 0; r < snapshots->items[i].records.count; r++)
			if (!snapshots->items[i].records.items[r].is_absent)
				return true;
	return false;
}

static bool was_asked(const struct host_snapshot *snapshot, const char *id, uint32_t pid)
{
	for (size_t i = 0; i < snapshot->records.count; i++)
		if (snapshot->records.items[i].subject == pid &&
		    strcmp(snapshot->records.items[i].id, id) == 0)
			return true;
	return false;
}

/* What rules want to know of suspects of this host, as far as the closed table has it. */
static void needs_of(const struct ruleset *rules, const struct host_snapshot_vec *snapshots,
		     size_t row, struct collect_need_vec *ret)
{
	const struct host_snapshot *snapshot = &snapshots->items[row];
	auto_facts struct facts facts = FACTS_INIT;
	struct ruleset_result result;
	size_t taken = 0;

	host_snapshot_to_facts(snapshot, &facts);
	host_finish(&facts);
	result = ruleset_run(rules, &facts);
	ruleset_result_done(&result);
	for (size_t i = 0; i < facts.needs.count && taken < NEEDS_PER_HOST; i++) {
		const struct need *need = &facts.needs.items[i];
		const struct collector *collector =
			collector_find(facts_str(&facts, need->menu_id));
		double pid = collector && collector->of_process
				     ? facts_value(&facts, need->entity, "pid", -1)
				     : 0;

		if (strcmp(facts_str(&facts, need->kind), "collector") || !collector ||
		    !collector->only_on_demand || !(pid >= 0 && pid <= MAX_PID) ||
		    was_asked(snapshot, collector->id, (uint32_t)pid))
			continue;
		collect_need_vec_push(ret, (struct collect_need){ row, collector, (uint32_t)pid });
		taken++;
	}
}

/* Look, judge, look at the suspects. The answer is made of the snapshots alone, so that it is the
 * same from a folder. */
static struct error *needs_meet(const struct ruleset *rules, const struct collect_plan *plan,
				struct host_snapshot_vec *snapshots)
{
	struct collect_plan next = *plan;
	struct error *error = NULL;

	for (unsigned round = 2; round < 2 + ROUNDS_OF_NEEDS && !error && !stop; round++) {
		struct collect_need_vec needs = { 0 };

		for (size_t i = 0; i < snapshots->count; i++)
			if (!snapshots->items[i].unreachable)
				needs_of(rules, snapshots, i, &needs);
		next.round = round;
		if (needs.count)
			error = hosts_collect_needs(&next, needs.items, needs.count, snapshots);
		else
			round = 2 + ROUNDS_OF_NEEDS;
		collect_need_vec_done(&needs);
	}
	return error;
}

static struct error *look_at_hosts(const struct debughost_options *given,
				   const struct ruleset *rules, struct host_snapshot_vec *ret)
{
	static const char *const here[] = { NULL };
	const struct collect_plan plan = {
		.targets = given->targets.count ? (const char *const *)given->targets.items : here,
		.target_count = MAX(given->targets.count, (size_t)1),
		.ssh_config = given->ssh_config,
		.with_sudo = given->with_sudo,
		.round = 1,
		.version = SYSGROK_VERSION,
		.stop = &stop,
	};
	const struct sigaction stopping = { .sa_handler = on_interrupt };
	struct sigaction before;
	struct error *error;
	bool tells = isatty(STDERR_FILENO);

	if (tells)
		fprintf(stderr, "reading %zu host%s twice within 3 s ...", plan.target_count,
			plan.target_count == 1 ? "" : "s");
	sigaction(SIGINT, &stopping, &before);
	error = hosts_collect(&plan, ret);
	if (!error)
		error = needs_meet(rules, &plan, ret);
	sigaction(SIGINT, &before, NULL);
	if (tells)
		fputs("\r\x1b[K", stderr);
	return error;
}

static const char *name_of(const struct host_snapshot *snapshot)
{
	return *snapshot->host ? snapshot->host : "this machine";
}

struct further {
	struct debughost_look look;
	struct host_snapshot_vec *snapshots;
};

static bool look_further(void *user, struct model_session *model, size_t index, struct facts *facts,
			 struct strbuf *ret_input)
{
	struct further *further = user;

	return debughost_look_further(&further->look, model, &further->snapshots->items[index],
				      facts, ret_input);
}

static struct error *answer_about(struct command_context *context,
				  const struct debughost_options *given,
				  const struct ruleset *rules, struct host_snapshot_vec *snapshots)
{
	struct further further = { .look = { .context = context,
					     .problem = given->problem,
					     .ssh_config = given->ssh_config,
					     .explain = given->explain,
					     .print_summaries = given->print_summaries,
					     .yolo = given->yolo,
					     .with_sudo = given->with_sudo,
					     .can_run = !given->from_dir && !stop },
				   .snapshots = snapshots };
	auto_free struct host_material *materials = x_calloc(snapshots->count, sizeof(*materials));
	struct error *error;

	for (size_t i = 0; i < snapshots->count; i++) {
		const struct host_snapshot *snapshot = &snapshots->items[i];

		materials[i].host = materials[i].source = name_of(snapshot);
		materials[i].unreachable = snapshot->unreachable;
		if (!snapshot->unreachable)
			host_snapshot_to_facts(snapshot, &materials[i].facts);
	}
	error = host_answer_give(
		context, rules, materials, snapshots->count,
		&(struct host_answer_wishes){ .prompt = "debughost",
					      .look_further = look_further,
					      .user = &further,
					      .problem = given->problem,
					      .is_look = true,
					      .shows_summaries = given->print_summaries ||
								 context->verbosity > 0,
					      .fails_on_findings = given->exit_code,
					      .model = given->model });
	for (size_t i = 0; i < snapshots->count; i++)
		facts_done(&materials[i].facts);
	return error;
}

static struct error *run_debughost(struct command_context *context, int argc, char **argv)
{
	const struct debughost_options *given = context->options;
	__attribute__((cleanup(snapshots_done))) struct host_snapshot_vec snapshots = { 0 };
	struct error *error;
	auto_ruleset struct ruleset *rules = host_rules_new(context);

	(void)argc;
	(void)argv;
	if (given->from_dir && given->targets.count)
		return error_new(ERROR_USAGE, "either --from-dir or -t, not both: '%s'",
				 given->targets.items[0]);
	if (given->explain)
		collectors_explain(context);
	if (given->from_dir)
		TRY(host_snapshots_load(given->from_dir, &snapshots));
	else
		TRY(look_at_hosts(given, rules, &snapshots));
	if (stop && !has_records(&snapshots))
		return error_new(ERROR_INTERRUPTED, "stopped before anything was read");
	if (stop)
		warnings_add(context->warnings,
			     "stopped by Ctrl-C: the answer is made of what was read by then");
	error = answer_about(context, given, rules, &snapshots);
	/* What a model asked to read is kept, too. */
	for (size_t i = 0; i < snapshots.count && given->save_dir; i++) {
		struct error *unsaved = host_snapshot_save(&snapshots.items[i], given->save_dir);

		if (unsaved) {
			error_free(error);
			return unsaved;
		}
	}
	return error;
}

static const struct command_example examples[] = {
	{ "sysgrok debughost", "what is wrong with this machine" },
	{ "sysgrok debughost -t web1 -t web2 -p 'requests time out'", "two hosts by ssh" },
	{ 0 },
};

const struct command debughost_command = {
	.name = "debughost",
	.group = COMMAND_HOSTS,
	.summary = "say what is wrong with a host, who causes it, and what to do",
	.usage = "[-p TEXT] [-t HOST]... [options]",
	.description =
		"Reads /proc, the cgroups and the output of a few commands twice within some "
		"seconds, read-only, and concludes by rules.",
	.options = options,
	.options_size = sizeof(struct debughost_options),
	.examples = examples,
	.run = run_debughost,
};
