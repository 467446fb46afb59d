/*
 * Names that processes give themselves ("nginx: worker process", "postgres: walwriter") and that
 * ps gives to what has no command line ("[kworker/0:1-events]"): told apart from command lines.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

enum process_title_kind {
	PROCESS_COMMAND_LINE, /* no title: words that were given to exec */
	PROCESS_TITLE,	      /* "name: state" */
	PROCESS_KERNEL_THREAD,
	PROCESS_DEFUNCT, /* "[name] <defunct>": it has ended, and nobody has waited for it */
};

struct process_title {
	struct strbuf name;  /* without folder and brackets; "kworker" of "[kworker/0:1-events]" */
	struct strbuf state; /* what follows: "worker process", "0:1-events"; may be empty */
};

void process_title_done(struct process_title *title);
#define auto_process_title __attribute__((cleanup(process_title_done)))

/* Fills *ret unless it is a command line. */
enum process_title_kind process_title_parse(int argc, char **argv, struct process_title *ret);
