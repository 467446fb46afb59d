#include "record/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/str.h"

enum { AWAIT_MS = 100 }; /* between two looks, where no signal tells of the end */

static bool is_executable(const char *path)
{
	return access(path, X_OK) == 0;
}

/* Looked for before anything else is touched: a mistyped name must not cost an old perf.data. */
static struct error *find_program(const char *name)
{
	const char *path = getenv("PATH");
	struct str rest = str_from(path ? path : "/usr/bin:/bin"), directory;
	bool more = true;

	if (strchr(name, '/')) {
		if (access(name, F_OK) != 0)
			return error_errno(errno, "starting '%s'", name);
		return is_executable(name) ? NULL : error_errno(EACCES, "starting '%s'", name);
	}
	while (more) {
		auto_free char *candidate = NULL;

		more = str_cut(rest, ':', &directory, &rest);
		candidate =
			x_asprintf("%.*s%s%s", STR_ARG(directory), directory.len ? "/" : "", name);
		if (is_executable(candidate))
			return NULL;
	}
	return error_with_hint(
		error_new(ERROR_NO_FILE, "starting '%s': no such program in PATH", name),
		"a file in this directory is './%s'", name);
}

static _Noreturn void run_child(int go_fd, int failed_fd, char *const *argv,
				const sigset_t *signals)
{
	char byte;
	int status;
	ssize_t got;

	do
		got = read(go_fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	/* the recorder gave up before it let us go */
	if (got != 1)
		_exit(127);
	sigprocmask(SIG_SETMASK, signals, NULL);
	execvp(argv[0], argv);
	status = errno;
	got = write(failed_fd, &status, sizeof(status));
	_exit(got == (ssize_t)sizeof(status) ? 127 : 126);
}

struct error *workload_start(struct workload *workload, char *const *argv, const sigset_t *signals,
			     bool keep_stdout)
{
	int go[2], failed[2];
	pid_t pid;

	*workload = (struct workload){ .go_fd = -1, .failed_fd = -1 };
	TRY(find_program(argv[0]));
	if (pipe2(go, O_CLOEXEC) != 0)
		return error_errno(errno, "starting '%s'", argv[0]);
	if (pipe2(failed, O_CLOEXEC) != 0) {
		close(go[0]);
		close(go[1]);
		return error_errno(errno, "starting '%s'", argv[0]);
	}
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(failed[0]);
		if (keep_stdout)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		run_child(go[0], failed[1], argv, signals);
	}
	close(go[0]);
	close(failed[1]);
	workload->go_fd = go[1];
	workload->failed_fd = failed[0];
	workload->pid = pid;
	if (pid < 0) {
		workload->pid = 0;
		return error_errno(errno, "starting '%s'", argv[0]);
	}
	return NULL;
}

static void close_barrier(struct workload *workload)
{
	if (workload->go_fd >= 0)
		close(workload->go_fd);
	if (workload->failed_fd >= 0)
		close(workload->failed_fd);
	workload->go_fd = workload->failed_fd = -1;
}

struct error *workload_go(struct workload *workload, const char *name)
{
	int status = 0;
	ssize_t got = write(workload->go_fd, "", 1);

	if (got == 1) {
		do
			got = read(workload->failed_fd, &status, sizeof(status));
		while (got < 0 && errno == EINTR);
	}
	close_barrier(workload);
	return got == (ssize_t)sizeof(status) ? error_errno(status, "starting '%s'", name) : NULL;
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* True when it has ended; never blocks. */
static bool reap(struct workload *workload)
{
	struct rusage usage;

	if (wait4(workload->pid, &workload->wait_status, WNOHANG, &usage) != workload->pid)
		return false;
	workload->cpu_s = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
	workload->pid = 0;
	workload->has_ended = true;
	return true;
}

bool workload_poll(struct workload *workload)
{
	return workload->has_ended || (workload->pid > 0 && reap(workload));
}

void workload_await(struct workload *workload, int signal_fd)
{
	struct signalfd_siginfo info = { .ssi_signo = SIGCHLD };
	struct pollfd waiting = { signal_fd, POLLIN, 0 };

	while (workload->pid > 0 && !workload_poll(workload) && info.ssi_signo == SIGCHLD)
		if (poll(&waiting, 1, AWAIT_MS) > 0 &&
		    read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			info.ssi_signo = SIGCHLD;
}

void workload_stop(struct workload *workload, int signal_fd)
{
	close_barrier(workload);
	if (workload->pid <= 0 || workload_poll(workload))
		return;
	kill(workload->pid, SIGTERM);
	workload_await(workload, signal_fd);
}
