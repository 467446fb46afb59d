/*
 * What a model adds to debughost before its report: it picks further entries of the closed table of
 * collectors, and proposes command lines. A line is shown with its reason and its risk, and runs
 * when the person at the terminal approves that very line; with --yolo those that
 * host/command_check.h has in its table run unasked. Without a terminal the others are refused and
 * listed. What was read goes through the same parsers and rules as everything else.
 */
#pragma once

#include "cmd/model.h"
#include "host/snapshot.h"

struct debughost_look {
	struct command_context *context;
	const char *problem, *ssh_config;
	bool explain, print_summaries, yolo, with_sudo;
	bool can_run;		       /* there is a host, not what was kept of one */
	unsigned refused, ran, failed; /* lines; filled */
};

/*
 * Asks the model what else to read, and reads it: records are added to the snapshot, and `facts`,
 * which must be numbered, are made anew where that happened (true). `ret_input`: escaped lines for
 * the report's prompt. What goes wrong is warned of: the answer goes on without.
 */
bool debughost_look_further(struct debughost_look *look, struct model_session *model,
			    struct host_snapshot *snapshot, struct facts *facts,
			    struct strbuf *ret_input);
