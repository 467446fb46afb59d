/* What is wrong with a host, from what it says of itself: `sysgrok debughost`. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/host_answer.h"
#include "config.h"
#include "host/collect.h"
#include "host/read_snapshot.h"

struct debughost_options {
	const char *problem, *save_dir, *from_dir, *ssh_config;
	struct option_list targets;
	bool explain, print_summaries, yolo, with_sudo;
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

static struct error *look_at_hosts(const struct debughost_options *given,
				   struct host_snapshot_vec *ret)
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

	sigaction(SIGINT, &stopping, &before);
	error = hosts_collect(&plan, ret);
	sigaction(SIGINT, &before, NULL);
	if (!error && stop)
		error = error_new(ERROR_INTERRUPTED, "stopped while the hosts were being read");
	return error;
}

static struct error *run_debughost(struct command_context *context, int argc, char **argv)
{
	const struct debughost_options *given = context->options;
	__attribute__((cleanup(snapshots_done))) struct host_snapshot_vec snapshots = { 0 };

	(void)argc;
	(void)argv;
	if (given->from_dir)
		TRY(host_snapshots_load(given->from_dir, &snapshots));
	else
		TRY(look_at_hosts(given, &snapshots));
	for (size_t i = 0; i < snapshots.count && given->save_dir; i++)
		TRY(host_snapshot_save(&snapshots.items[i], given->save_dir));
	for (size_t i = 0; i < snapshots.count; i++) {
		auto_facts struct facts facts = FACTS_INIT;

		host_snapshot_to_facts(&snapshots.items[i], &facts);
		TRY(host_answer_give(
			context, &facts,
			&(struct host_answer_wishes){ .source = *snapshots.items[i].host
									? snapshots.items[i].host
									: "this machine",
						      .problem = given->problem,
						      .model = given->model }));
	}
	return NULL;
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
