/* One process of ours with its three streams, in a process group of its own. Internal to exec. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int pidfd; /* -1: this kernel has none; then child_has_ended is asked now and then */
	int in, out, err;
	int exec_errno; /* why the program could not be started, or 0 */
};

#define CHILD_INIT                                                                                 \
	{                                                                                          \
		.pid = -1, .pidfd = -1, .in = -1, .out = -1, .err = -1                             \
	}

enum child_kind {
	CHILD_PLAIN,	  /* stdin is empty */
	CHILD_WITH_INPUT, /* stdin is a pipe; it has no terminal to ask a person for a password */
	CHILD_ALONE,	  /* stdin is empty; no terminal either */
};

/*
 * Starts argv[0] (looked for in PATH and in the sbin folders), locale C; the child dies with us.
 * False with exec_errno set where it cannot be.
 */
bool child_start(struct child *child, char *const argv[], enum child_kind kind);
/* Sends a signal to the whole group. */
void child_signal(const struct child *child, int signal_number);
/* Never blocks. An ended one is not reaped yet, so that its group can still be signalled. */
bool child_has_ended(const struct child *child);
/* Of an ended one: its exit status, 128 + n after signal n. Forgets the process. */
int child_reap(struct child *child);
/* Closes what is open; the process is left as it is. */
void child_close(struct child *child);
