/*
 * Runs argument vectors, here or on other hosts through the OpenSSH client, many at once: each with
 * a deadline, a cap on what it prints and its own end. Nothing is given to a shell that was not an
 * argument vector here; nothing stays behind: a command that will not end is killed with its
 * process group, over ssh by `timeout` and by a watch that ends it when the connection goes.
 * Knows no command and reads no output.
 *
 * The locale is C and the time format ISO for everything that runs. stdin is empty.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum exec_outcome {
	EXEC_WAITING,	    /* not run yet */
	EXEC_DONE,	    /* ended by itself: `status` says how */
	EXEC_TIMED_OUT,	    /* ended at its deadline; what it printed is there */
	EXEC_STUCK,	    /* could not even be killed (in the kernel, state D): left alone */
	EXEC_NOT_FOUND,	    /* there is no such program */
	EXEC_NOT_PERMITTED, /* it may not be run, or not as root */
	EXEC_UNREACHABLE,   /* the host could not be reached, or the connection broke */
	EXEC_STOPPED,	    /* by the person, with Ctrl-C */
};

struct exec_result {
	enum exec_outcome outcome;
	int status;	   /* exit status; 128 + n: ended by signal n */
	struct strbuf out; /* truncated = cut at the cap */
	struct strbuf err;
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC of this machine */
	char *reason;		   /* in words, where the outcome is not EXEC_DONE */
};

struct exec_command {
	const char *const *argv; /* ends with NULL; copied */
	unsigned timeout_ms;
	size_t cap_bytes; /* of each of the two streams */
	bool as_root;	  /* through `sudo -n`, unless we are root already */
};

struct exec_limits {
	unsigned at_once, at_once_per_host; /* over ssh at most 8 of one host: MaxSessions is 10 */
	unsigned connect_timeout_s;
	const char *ssh_config; /* a file for `ssh -F`, or NULL: the user's own */
};

struct exec;

struct exec *exec_new(const struct exec_limits *limits);
/* Stops what runs, leaves the connections, removes their folder. */
void exec_free(struct exec *exec);
void cleanup_exec(struct exec **exec);
#define auto_exec __attribute__((cleanup(cleanup_exec)))

/*
 * NULL = this machine; else HOST, USER@HOST, HOST:PORT, [ADDRESS]:PORT or ssh://[USER@]HOST[:PORT].
 * What ssh could take for an option or a shell for syntax is ERROR_USAGE.
 */
MUST_CHECK struct error *exec_add_host(struct exec *exec, const char *target, uint32_t *ret_host);
/* The number of the task, counted from 0 over all hosts. */
uint32_t exec_add(struct exec *exec, uint32_t host, const struct exec_command *command);
/*
 * Runs every task that has not run yet, and returns when all have an outcome. The first task of a
 * remote host opens the connection; where that fails the host's other tasks are EXEC_UNREACHABLE at
 * once. `*stop` (may be NULL) becoming true ends everything: EXEC_STOPPED, what was printed is
 * kept.
 */
void exec_run(struct exec *exec, const volatile sig_atomic_t *stop);
const struct exec_result *exec_result_of(const struct exec *exec, uint32_t task);
