/*
 * The program that is started to be measured: it waits at a barrier until the events stand, so
 * that not one of its instructions is missed.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct workload {
	pid_t pid; /* 0 = none, or it ended and was waited for */
	int go_fd, failed_fd;
	int wait_status; /* as of waitpid(), once it ended */
	double cpu_s;	 /* used by it and by those that it waited for */
	bool has_ended;
};

/*
 * Forks; the child waits. Errors where no such program exists. `signals` is restored in it; with
 * `keep_stdout` its output goes to standard error, as standard output is ours.
 */
MUST_CHECK struct error *workload_start(struct workload *workload, char *const *argv,
					const sigset_t *signals, bool keep_stdout);
/* Lets it go; an error when the program cannot be executed after all. */
MUST_CHECK struct error *workload_go(struct workload *workload, const char *name);
/* True when it has ended; never blocks. */
bool workload_poll(struct workload *workload);
/* Waits for its end, or for a signal on `signal_fd` (-1 = there is none). */
void workload_await(struct workload *workload, int signal_fd);
/* Ends it if it still runs (SIGTERM) and waits for it; a signal on `signal_fd` ends the waiting. */
void workload_stop(struct workload *workload, int signal_fd);
