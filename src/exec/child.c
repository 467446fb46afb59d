#include "exec/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"

extern char **environ;

/* ---- in the child, after fork: nothing here allocates */

static void reset_signals(void)
{
	static const int changed[] = { SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGHUP, SIGQUIT };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		signal(changed[i], SIG_DFL);
}

struct plan {
	char *const *argv;
	char **environment;
	int in, out, err, report;
	bool has_terminal;
	pid_t parent;
};

__attribute__((noreturn)) static void become(const struct plan *plan)
{
	int in = plan->in >= 0 ? plan->in : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int problem;

	if (plan->has_terminal)
		setpgid(0, 0);
	else
		setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != plan->parent)
		_exit(127);
	reset_signals();
	if (in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(plan->out, STDOUT_FILENO) >= 0 &&
	    dup2(plan->err, STDERR_FILENO) >= 0) {
		environ = plan->environment; /* where execvp looks for PATH */
		execvp(plan->argv[0], plan->argv);
	}
	problem = errno;
	if (write(plan->report, &problem, sizeof(problem)) < 0)
		_exit(126);
	_exit(127);
}

/* ---- in the parent */

static bool is_replaced(const char *entry)
{
	static const char *const names[] = { "LC_ALL=",	       "LANG=",		 "LANGUAGE=",
					     "S_TIME_FORMAT=", "PATH=",		 "PAGER=",
					     "COLUMNS=",       "SYSTEMD_PAGER=", "SSH_ASKPASS=" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Owned, and so is the first entry (PATH); the others are borrowed. */
static char **environment_make(void)
{
	static char fixed[][24] = { "LC_ALL=C", "LANG=C", "S_TIME_FORMAT=ISO", "COLUMNS=512" };
	const char *path = getenv("PATH");
	size_t count = 0, at = 0;
	char **made;

	while (environ[count])
		count++;
	made = x_calloc(count + ARRAY_SIZE(fixed) + 2, sizeof(*made));
	made[at++] = x_asprintf("PATH=%s:/usr/local/sbin:/usr/sbin:/sbin",
				path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		made[at++] = fixed[i];
	for (size_t i = 0; i < count; i++)
		if (!is_replaced(environ[i]))
			made[at++] = environ[i];
	return made;
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool fork_into(struct child *child, struct plan *plan, int report)
{
	ssize_t got;

	plan->parent = getpid();
	child->pid = fork();
	if (child->pid == 0)
		become(plan);
	if (child->pid < 0) {
		child->exec_errno = errno;
		return false;
	}
	if (plan->has_terminal)
		setpgid(child->pid, child->pid); /* whoever is first: the child does it too */
	close(take_fd(plan->report));
	do
		got = read(report, &child->exec_errno, sizeof(child->exec_errno));
	while (got < 0 && errno == EINTR);
	if (got == 0) { /* closed by the exec */
		child->exec_errno = 0;
		child->pidfd = pidfd_of(child->pid);
		return true;
	}
	waitpid(child->pid, NULL, 0);
	child->pid = -1;
	return false;
}

bool child_start(struct child *child, char *const argv[], enum child_kind kind)
{
	bool has_input = kind == CHILD_WITH_INPUT;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	auto_free char **environment = environment_make();
	__attribute__((unused)) auto_free char *path =
		environment[0]; /* the one entry that is owned */
	struct plan plan = { .argv = argv,
			     .environment = environment,
			     .has_terminal = kind == CHILD_PLAIN };
	bool started = false;

	*child = (struct child)CHILD_INIT;
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
	    pipe2(report, O_CLOEXEC) == 0 && (!has_input || pipe2(in, O_CLOEXEC) == 0)) {
		plan.in = in[0];
		plan.out = out[1];
		plan.err = err[1];
		plan.report = report[1];
		started = fork_into(child, &plan, report[0]);
		report[1] = plan.report;
	} else {
		child->exec_errno = errno;
	}
	cleanup_close(&in[0]);
	cleanup_close(&out[1]);
	cleanup_close(&err[1]);
	cleanup_close(&report[0]);
	cleanup_close(&report[1]);
	child->in = in[1];
	child->out = out[0];
	child->err = err[0];
	if (!started) {
		child_close(child);
		return false;
	}
	fcntl(child->out, F_SETFL, O_NONBLOCK);
	fcntl(child->err, F_SETFL, O_NONBLOCK);
	if (has_input)
		fcntl(child->in, F_SETFL, O_NONBLOCK);
	return true;
}

void child_signal(const struct child *child, int signal_number)
{
	if (child->pid > 0)
		kill(-child->pid, signal_number);
}

bool child_has_ended(const struct child *child)
{
	siginfo_t info = { 0 };

	if (child->pid <= 0)
		return true;
	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == child->pid;
}

int child_reap(struct child *child)
{
	int status = 0;

	if (child->pid > 0 && waitpid(child->pid, &status, WNOHANG) <= 0)
		status = 0;
	child->pid = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_close(struct child *child)
{
	cleanup_close(&child->pidfd);
	cleanup_close(&child->in);
	cleanup_close(&child->out);
	cleanup_close(&child->err);
	child->pidfd = child->in = child->out = child->err = -1;
}
