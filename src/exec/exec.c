#include "exec/exec.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/vec.h"
#include "exec/child.h"
#include "exec/ssh.h"

enum {
	AT_ONCE = 64,
	AT_ONCE_PER_HOST = 8,
	CONNECT_TIMEOUT_S = 10,
	TERM_MS = 1000,	       /* from SIGTERM to SIGKILL */
	KILL_MS = 1000,	       /* from SIGKILL to giving up */
	DRAIN_MS = 250,	       /* for what a grandchild still holds open */
	SSH_SLACK_MS = 3000,   /* the remote clock ends a command first, and tells how */
	NOISE_BYTES = 1 << 16, /* what a login shell may say before our mark */
	TICK_MS = 50,	       /* at most so long between two looks at clocks and at *stop */
	READ_BYTES = 1 << 16,
};

static const uint64_t ms_ns = 1000000;

enum phase { PHASE_WAITS, PHASE_RUNS, PHASE_TERM, PHASE_KILL, PHASE_DRAIN, PHASE_ENDED };

struct task {
	uint32_t host;
	char **argv;
	unsigned timeout_ms;
	size_t cap_bytes;
	bool as_root;
	enum phase phase;
	enum exec_outcome ends_as; /* why it is being killed; EXEC_WAITING: it is not */
	uint64_t phase_ns;	   /* when the phase ends */
	struct child child;
	struct strbuf script;
	size_t script_sent;
	char mark[SSH_MARK_BYTES];
	struct exec_result result;
};

enum host_state { HOST_NEW, HOST_OPENING, HOST_OPEN, HOST_LOST };

struct host {
	bool is_remote;
	struct ssh_target target;
	enum host_state state;
	unsigned running;
	char *reason; /* of a lost one */
};

VEC_DEFINE(task_vec, struct task)
VEC_DEFINE(host_vec, struct host)

struct exec {
	struct exec_limits limits;
	struct task_vec tasks;
	struct host_vec hosts;
	unsigned running;
	char *folder; /* of the control sockets; made for the first remote host */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- the tables */

struct exec *exec_new(const struct exec_limits *limits)
{
	struct exec *exec = x_calloc(1, sizeof(*exec));

	exec->limits = *limits;
	if (!exec->limits.at_once)
		exec->limits.at_once = AT_ONCE;
	if (!exec->limits.at_once_per_host || exec->limits.at_once_per_host > AT_ONCE_PER_HOST)
		exec->limits.at_once_per_host = AT_ONCE_PER_HOST;
	if (!exec->limits.connect_timeout_s)
		exec->limits.connect_timeout_s = CONNECT_TIMEOUT_S;
	return exec;
}

static struct error *make_folder(struct exec *exec)
{
	/* Short: with its hash and what ssh appends a socket's path has to stay below 108 bytes. */
	const char *places[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(places) && !exec->folder; i++) {
		auto_free char *path = NULL;

		if (!places[i] || *places[i] != '/' || strlen(places[i]) > 32)
			continue;
		path = x_asprintf("%s/sysgrok-XXXXXX", places[i]);
		if (mkdtemp(path))
			exec->folder = take_ptr(path);
	}
	return exec->folder ? NULL : error_errno(errno, "a folder for the connections of ssh");
}

struct error *exec_add_host(struct exec *exec, const char *target, uint32_t *ret_host)
{
	struct host host = { .is_remote = target };

	if (target) {
		if (!exec->folder)
			TRY(make_folder(exec));
		TRY(ssh_target_parse(target, &host.target));
	}
	*ret_host = (uint32_t)exec->hosts.count;
	host_vec_push(&exec->hosts, host);
	return NULL;
}

static char **argv_copy(const struct exec_command *command)
{
	static const char *const sudo[] = { "sudo", "-n", "--" };
	bool with_sudo = command->as_root;
	size_t count = 0, at = 0;
	char **copy;

	while (command->argv[count])
		count++;
	copy = x_calloc(count + ARRAY_SIZE(sudo) + 1, sizeof(*copy));
	for (size_t i = 0; with_sudo && i < ARRAY_SIZE(sudo); i++)
		copy[at++] = x_strdup(sudo[i]);
	for (size_t i = 0; i < count; i++)
		copy[at++] = x_strdup(command->argv[i]);
	return copy;
}

uint32_t exec_add(struct exec *exec, uint32_t host, const struct exec_command *command)
{
	struct exec_command chosen = *command;

	if (!exec->hosts.items[host].is_remote && geteuid() == 0)
		chosen.as_root = false;
	task_vec_push(&exec->tasks, (struct task){ .host = host,
						   .argv = argv_copy(&chosen),
						   .timeout_ms = command->timeout_ms,
						   .cap_bytes = command->cap_bytes,
						   .as_root = chosen.as_root,
						   .child = CHILD_INIT });
	return (uint32_t)exec->tasks.count - 1;
}

const struct exec_result *exec_result_of(const struct exec *exec, uint32_t task)
{
	return &exec->tasks.items[task].result;
}

/* ---- the end of a task */

static struct str last_line(struct str text)
{
	struct str line = { 0 }, next;

	while (str_next_line(&text, &next))
		if (str_trim(next).len)
			line = str_trim(next);
	return line;
}

static void set_outcome(struct task *task, enum exec_outcome outcome, const char *reason)
{
	char *owned = reason ? x_strdup(reason) : NULL; /* it may be the old one */

	free(task->result.reason);
	task->result.outcome = outcome;
	task->result.reason = owned;
}

/* Leaves in `buf` what stands between the marks. */
static enum ssh_frame unframe(struct strbuf *buf, const struct task *task, int *status)
{
	struct str framed = { 0 };
	enum ssh_frame frame = ssh_frame_find(strbuf_str(buf), task->mark, &framed, status);
	bool cut = buf->truncated;

	if (frame == SSH_FRAME_NONE)
		return frame;
	if (framed.len > task->cap_bytes) {
		framed.len = task->cap_bytes;
		cut = true;
	}
	memmove(buf->ptr, framed.ptr, framed.len);
	buf->len = framed.len;
	buf->ptr[buf->len] = '\0';
	buf->truncated = cut && frame == SSH_FRAME_OPEN;
	return frame;
}

static void judge_status(struct task *task)
{
	struct exec_result *result = &task->result;
	struct str said = strbuf_str(&result->err);

	set_outcome(task, EXEC_DONE, NULL);
	if (task->as_root && result->status == 1 && str_starts_with(said, STR("sudo:")))
		set_outcome(task, EXEC_NOT_PERMITTED,
			    "sudo wants a password, or does not allow it");
}

static void end_remote(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	struct exec_result *result = &task->result;
	int status = 0, ignored = 0;
	auto_free char *said = NULL;
	struct str line = last_line(strbuf_str(&result->err));
	enum ssh_frame frame = unframe(&result->out, task, &status);

	if (frame != SSH_FRAME_NONE)
		unframe(&result->err, task, &ignored);
	if (frame == SSH_FRAME_NONE) {
		said = line.len ? x_asprintf("%.*s", STR_ARG(line))
				: x_asprintf("ssh gave no answer (exit status %d)", result->status);
		strbuf_reset(&result->out);
		if (task->ends_as == EXEC_TIMED_OUT) {
			free(said);
			said = x_strdup("no answer within the time for connecting");
		}
		set_outcome(task, task->ends_as == EXEC_STOPPED ? EXEC_STOPPED : EXEC_UNREACHABLE,
			    said);
		if (host->state == HOST_OPENING) {
			host->state = HOST_LOST;
			host->reason = take_ptr(said);
		}
		return;
	}
	host->state = HOST_OPEN;
	if (frame == SSH_FRAME_OPEN) {
		if (task->ends_as)
			set_outcome(task, task->ends_as, task->result.reason);
		else if (!result->out.truncated && !result->err.truncated)
			set_outcome(task, EXEC_UNREACHABLE, "the connection broke");
		else
			set_outcome(task, EXEC_DONE, NULL);
		return;
	}
	result->status = status;
	if (status == 127)
		set_outcome(task, EXEC_NOT_FOUND, "there is no such program");
	else if (status == 126)
		set_outcome(task, EXEC_NOT_PERMITTED, "it may not be run");
	else if ((status == 124 || status == 137) &&
		 now_ns() - result->start_ns >= task->timeout_ms * ms_ns)
		set_outcome(task, EXEC_TIMED_OUT, "it did not end within its time");
	else
		judge_status(task);
}

static void finish(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];

	task->result.end_ns = now_ns();
	if (task->phase == PHASE_DRAIN || child_has_ended(&task->child))
		task->result.status = child_reap(&task->child);
	child_close(&task->child);
	task->phase = PHASE_ENDED;
	exec->running--;
	host->running--;
	if (host->is_remote)
		end_remote(exec, task);
	else if (task->ends_as)
		set_outcome(task, task->ends_as, task->result.reason);
	else
		judge_status(task);
	strbuf_done(&task->script);
}

/* ---- running */

static void give_up_unstarted(struct task *task, enum exec_outcome outcome, const char *reason)
{
	task->phase = PHASE_ENDED;
	task->result.start_ns = task->result.end_ns = now_ns();
	set_outcome(task, outcome, reason);
}

static void start_failed(struct task *task)
{
	int problem = task->child.exec_errno;

	if (problem == ENOENT)
		give_up_unstarted(task, EXEC_NOT_FOUND, "there is no such program");
	else
		give_up_unstarted(task, EXEC_NOT_PERMITTED, strerror(problem));
}

static bool start_remote(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	const struct ssh_connection connection = { &host->target, exec->folder,
						   exec->limits.ssh_config,
						   exec->limits.connect_timeout_s };
	struct ssh_words words;
	bool started;

	ssh_mark_make(task->mark);
	ssh_script_make((const char *const *)task->argv, task->timeout_ms, task->mark,
			&task->script);
	ssh_run_words(&connection, task->script.len, &words);
	started = child_start(&task->child, words.items, true);
	ssh_words_done(&words);
	return started;
}

static void start(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	size_t slack = host->is_remote ? NOISE_BYTES : 0;
	uint64_t allowed_ms = task->timeout_ms;
	bool started;

	task->result.out.cap = task->cap_bytes + slack;
	task->result.err.cap = task->cap_bytes + slack;
	started = host->is_remote ? start_remote(exec, task)
				  : child_start(&task->child, task->argv, false);
	if (!started) {
		start_failed(task);
		return;
	}
	if (host->is_remote) {
		allowed_ms += SSH_SLACK_MS;
		if (host->state == HOST_NEW) {
			host->state = HOST_OPENING;
			allowed_ms += exec->limits.connect_timeout_s * 1000;
		}
	}
	task->result.start_ns = now_ns();
	task->phase = PHASE_RUNS;
	task->phase_ns = task->result.start_ns + allowed_ms * ms_ns;
	host->running++;
	exec->running++;
}

static void start_more(struct exec *exec)
{
	for (size_t i = 0; i < exec->tasks.count; i++) {
		struct task *task = &exec->tasks.items[i];
		struct host *host = &exec->hosts.items[task->host];

		if (task->phase != PHASE_WAITS)
			continue;
		if (host->state == HOST_LOST) {
			give_up_unstarted(task, EXEC_UNREACHABLE, host->reason);
			continue;
		}
		if (exec->running < exec->limits.at_once &&
		    host->running < exec->limits.at_once_per_host && host->state != HOST_OPENING)
			start(exec, task);
	}
}

static void kill_task(struct task *task, enum exec_outcome why, const char *reason)
{
	if (task->ends_as == EXEC_WAITING) {
		task->ends_as = why;
		set_outcome(task, why, reason);
	}
	child_signal(&task->child, SIGTERM);
	task->phase = PHASE_TERM;
	task->phase_ns = now_ns() + TERM_MS * ms_ns;
}

/* Whether more may come; a stream that is over its cap ends its command. */
static void read_stream(struct task *task, int *fd, struct strbuf *into)
{
	static char block[READ_BYTES];
	ssize_t got;

	if (*fd < 0)
		return;
	got = read(*fd, block, sizeof(block));
	if (got > 0) {
		strbuf_add(into, (struct str){ block, (size_t)got });
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
	if (into->truncated && task->phase == PHASE_RUNS) {
		child_signal(&task->child, SIGTERM);
		task->phase = PHASE_TERM;
		task->phase_ns = now_ns() + TERM_MS * ms_ns;
	}
}

static void write_script(struct task *task)
{
	ssize_t written;

	if (task->child.in < 0 || task->script_sent == task->script.len)
		return;
	written = write(task->child.in, task->script.ptr + task->script_sent,
			task->script.len - task->script_sent);
	if (written > 0)
		task->script_sent += (size_t)written;
	else if (written < 0 && errno != EAGAIN && errno != EINTR)
		task->script_sent = task->script.len; /* it is gone: its end says why */
}

/* The clocks and the end of a process. */
static void step(struct exec *exec, struct task *task)
{
	uint64_t now = now_ns();
	bool ended = child_has_ended(&task->child);

	if (ended && task->phase != PHASE_DRAIN) {
		task->phase = PHASE_DRAIN;
		task->phase_ns = now + DRAIN_MS * ms_ns;
	}
	if (task->phase == PHASE_DRAIN) {
		if (task->child.out < 0 && task->child.err < 0) {
			finish(exec, task);
		} else if (now >= task->phase_ns) {
			child_signal(&task->child, SIGKILL); /* what it left behind */
			finish(exec, task);
		}
		return;
	}
	if (now < task->phase_ns)
		return;
	if (task->phase == PHASE_RUNS) {
		kill_task(task, EXEC_TIMED_OUT, "it did not end within its time");
	} else if (task->phase == PHASE_TERM) {
		child_signal(&task->child, SIGKILL);
		task->phase = PHASE_KILL;
		task->phase_ns = now + KILL_MS * ms_ns;
	} else {
		task->ends_as = EXEC_STUCK;
		set_outcome(task, EXEC_STUCK, "it cannot be killed: it waits in the kernel");
		finish(exec, task);
	}
}

static bool is_running(const struct task *task)
{
	return task->phase != PHASE_WAITS && task->phase != PHASE_ENDED;
}

static nfds_t watch(const struct task *task, struct pollfd *fds)
{
	const struct child *child = &task->child;
	nfds_t count = 0;

	fds[count++] = (struct pollfd){ .fd = child->out, .events = POLLIN };
	fds[count++] = (struct pollfd){ .fd = child->err, .events = POLLIN };
	fds[count++] = (struct pollfd){ .fd = task->phase == PHASE_DRAIN ? -1 : child->pidfd,
					.events = POLLIN };
	fds[count++] = (struct pollfd){ .fd = task->script_sent < task->script.len ? child->in : -1,
					.events = POLLOUT };
	return count;
}

static void wait_for_news(struct exec *exec, struct pollfd *fds)
{
	nfds_t count = 0;

	for (size_t i = 0; i < exec->tasks.count; i++)
		if (is_running(&exec->tasks.items[i]))
			count += watch(&exec->tasks.items[i], &fds[count]);
	poll(fds, count, TICK_MS);
}

static void stop_all(struct exec *exec)
{
	for (size_t i = 0; i < exec->tasks.count; i++) {
		struct task *task = &exec->tasks.items[i];

		if (task->phase == PHASE_WAITS)
			give_up_unstarted(task, EXEC_STOPPED, "stopped before it ran");
		else if (task->phase == PHASE_RUNS)
			kill_task(task, EXEC_STOPPED, "stopped while it ran");
	}
}

void exec_run(struct exec *exec, const volatile sig_atomic_t *stop)
{
	auto_free struct pollfd *fds = x_calloc((size_t)exec->limits.at_once * 4 + 4, sizeof(*fds));
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigaction(SIGPIPE, &ignore, &before); /* an ssh that is gone does not read its script */
	for (;;) {
		if (stop && *stop)
			stop_all(exec);
		start_more(exec);
		if (!exec->running)
			break;
		wait_for_news(exec, fds);
		for (size_t i = 0; i < exec->tasks.count; i++) {
			struct task *task = &exec->tasks.items[i];

			if (!is_running(task))
				continue;
			write_script(task);
			read_stream(task, &task->child.out, &task->result.out);
			read_stream(task, &task->child.err, &task->result.err);
			step(exec, task);
		}
	}
	sigaction(SIGPIPE, &before, NULL);
}

/* ---- leaving */

static void leave(const struct exec *exec, const struct host *host)
{
	const struct ssh_connection connection = { &host->target, exec->folder,
						   exec->limits.ssh_config,
						   exec->limits.connect_timeout_s };
	struct ssh_words words;
	struct child child;

	ssh_exit_words(&connection, &words);
	if (child_start(&child, words.items, false)) {
		for (unsigned waited = 0; waited < 1000 && !child_has_ended(&child); waited += 5)
			usleep(5000);
		if (!child_has_ended(&child))
			child_signal(&child, SIGKILL);
		child_reap(&child);
		child_close(&child);
	}
	ssh_words_done(&words);
}

void exec_free(struct exec *exec)
{
	if (!exec)
		return;
	for (size_t i = 0; i < exec->tasks.count; i++) {
		struct task *task = &exec->tasks.items[i];

		for (size_t k = 0; task->argv[k]; k++)
			free(task->argv[k]);
		free(task->argv);
		strbuf_done(&task->script);
		strbuf_done(&task->result.out);
		strbuf_done(&task->result.err);
		free(task->result.reason);
	}
	for (size_t i = 0; i < exec->hosts.count; i++) {
		struct host *host = &exec->hosts.items[i];

		if (host->state == HOST_OPEN && host->is_remote)
			leave(exec, host);
		ssh_target_done(&host->target);
		free(host->reason);
	}
	if (exec->folder)
		rmdir(exec->folder);
	free(exec->folder);
	task_vec_done(&exec->tasks);
	host_vec_done(&exec->hosts);
	free(exec);
}

void cleanup_exec(struct exec **exec)
{
	exec_free(*exec);
}
