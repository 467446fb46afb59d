#include "exec/exec.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/vec.h"
#include "exec/child.h"
#include "exec/connection.h"
#include "exec/ssh.h"

enum {
	AT_ONCE = 160,
	AT_ONCE_PER_HOST = 8,
	FILES_KEPT = 64,  /* for all else that is open */
	FILES_A_TASK = 6, /* three pipes, a pidfd, and two while it is being started */
	FILES_A_HOST = 3,
	CONNECT_TIMEOUT_S = 10,
	TERM_MS = 1000,	       /* from SIGTERM to SIGKILL */
	KILL_MS = 1000,	       /* from SIGKILL to giving up */
	DRAIN_MS = 250,	       /* for what a grandchild still holds open */
	SSH_SLACK_MS = 3000,   /* the remote clock ends a command first, and tells how */
	NOISE_BYTES = 1 << 16, /* what a login shell may say before our mark */
	TICK_MS = 50,	       /* at most so long between two looks at clocks and at *stop */
	OPENING_TICK_MS = 10,  /* while a connection is being opened: its socket tells nobody */
	LEAVE_MS = 1500,       /* for the connections to be closed in good order */
	READ_BYTES = 1 << 16,
};

static const uint64_t ms_ns = 1000000;

enum phase { PHASE_WAITS, PHASE_RUNS, PHASE_TERM, PHASE_KILL, PHASE_DRAIN, PHASE_ENDED };

/* One of the two streams of a task. Over ssh its part between the marks counts. */
struct stream {
	bool has_begun, has_ended;
	size_t searched; /* so far no mark */
};

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
	struct stream out, err;
	struct exec_result result;
};

struct host {
	bool is_remote;
	struct connection connection; /* of a remote one */
	bool has_answered;	      /* a command began there */
	unsigned running, waiting;
};

VEC_DEFINE(task_vec, struct task)
VEC_DEFINE(host_vec, struct host)

struct exec {
	struct exec_limits limits;
	struct task_vec tasks;
	struct host_vec hosts;
	unsigned running, waiting;
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

/* Short, as with what ssh appends a socket's path has to stay below 108 bytes; and nothing in it
 * that ssh's configuration would read as more than a path. */
static bool is_place(const char *path)
{
	return path && *path == '/' && strlen(path) <= 64 &&
	       strspn(path, "/._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		       strlen(path);
}

static struct error *make_folder(struct exec *exec)
{
	const char *places[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp", "/dev/shm" };

	for (size_t i = 0; i < ARRAY_SIZE(places) && !exec->folder; i++) {
		auto_free char *path = NULL;

		if (!is_place(places[i]))
			continue;
		path = x_asprintf("%s/sysgrok-XXXXXX", places[i]);
		if (mkdtemp(path))
			exec->folder = take_ptr(path);
	}
	return exec->folder ? NULL : error_errno(errno, "a folder for the connections of ssh");
}

struct error *exec_add_host(struct exec *exec, const char *target, uint32_t *ret_host)
{
	struct host host = { .is_remote = target, .connection = { .master = CHILD_INIT } };

	if (target) {
		TRY(ssh_target_parse(target, &host.connection.target));
		host.connection.config = exec->limits.ssh_config;
		host.connection.timeout_s = exec->limits.connect_timeout_s;
	}
	*ret_host = (uint32_t)exec->hosts.count;
	host_vec_push(&exec->hosts, host);
	if (target && !exec->folder)
		TRY(make_folder(exec));
	if (target)
		exec->hosts.items[*ret_host].connection.socket =
			x_asprintf("%s/%u", exec->folder, *ret_host);
	return NULL;
}

/*
 * What runs as root cannot be killed by us, so the clock goes inside of sudo; where sudo allows
 * just the command, outside.
 */
static const char sudo_script[] =
	"command -v \"$1\" >/dev/null 2>&1 || exit 127\n"
	"command -v sudo >/dev/null 2>&1 || { echo 'sudo: there is none' >&2; exit 1; }\n"
	"if sudo -n -- timeout -k 1 9 true >/dev/null 2>&1\n"
	"then exec sudo -n -- timeout -k 1 \"$0\" \"$@\"\n"
	"else exec sudo -n -- \"$@\"; fi";

static char **argv_copy(const struct exec_command *command, bool with_sudo)
{
	size_t count = 0, at = 0;
	char **copy;

	while (command->argv[count])
		count++;
	copy = x_calloc(count + 5, sizeof(*copy));
	if (with_sudo) {
		copy[at++] = x_strdup("sh");
		copy[at++] = x_strdup("-c");
		copy[at++] = x_strdup(sudo_script);
		copy[at++] = x_asprintf("%u", (command->timeout_ms + 999) / 1000);
	}
	for (size_t i = 0; i < count; i++)
		copy[at++] = x_strdup(command->argv[i]);
	return copy;
}

uint32_t exec_add(struct exec *exec, uint32_t host, const struct exec_command *command)
{
	bool is_remote = exec->hosts.items[host].is_remote;
	bool as_root = command->as_root && (is_remote || geteuid() != 0);

	exec->hosts.items[host].waiting++;
	exec->waiting++;
	task_vec_push(&exec->tasks,
		      (struct task){ .host = host,
				     .argv = argv_copy(command, as_root && !is_remote),
				     .timeout_ms = command->timeout_ms,
				     .cap_bytes = command->cap_bytes,
				     .as_root = as_root,
				     .child = CHILD_INIT });
	return (uint32_t)exec->tasks.count - 1;
}

const struct exec_result *exec_result_of(const struct exec *exec, uint32_t task)
{
	return &exec->tasks.items[task].result;
}

/* ---- the end of a task */

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

/* A line of sudo's own that says no; it also warns of names that it cannot resolve. */
static bool is_refusal_of_sudo(struct str said)
{
	struct str line;

	while (str_next_line(&said, &line))
		if ((str_starts_with(line, STR("sudo:")) &&
		     str_find(line, STR("unable to resolve host")) < 0) ||
		    str_starts_with(line, STR("Sorry, user ")))
			return true;
	return false;
}

static void judge_status(struct task *task)
{
	struct exec_result *result = &task->result;

	/* Its own clock, there or within sudo, ended it; it may also have such a status itself. */
	bool is_late = result->end_ns - result->start_ns >= task->timeout_ms * ms_ns;

	set_outcome(task, EXEC_DONE, NULL);
	if (task->as_root && result->status == 1 && is_refusal_of_sudo(strbuf_str(&result->err)))
		set_outcome(task, EXEC_NOT_PERMITTED,
			    str_find(strbuf_str(&result->err), STR("there is none")) >= 0
				    ? "only root may, and there is no sudo"
				    : "sudo wants a password, or does not allow it");
	else if (is_late && (result->status == 124 || result->status == 128 + SIGTERM ||
			     result->status == 128 + SIGKILL))
		set_outcome(task, EXEC_TIMED_OUT, "it did not end within its time");
}

/* Of a program that a shell was to start. */
static void judge_shell_status(struct task *task)
{
	if (task->result.status == 127)
		set_outcome(task, EXEC_NOT_FOUND, "there is no such program");
	else if (task->result.status == 126)
		set_outcome(task, EXEC_NOT_PERMITTED, "it may not be run");
	else
		judge_status(task);
}

/* Not even the first mark came. */
static void end_unanswered(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	struct exec_result *result = &task->result;
	auto_free char *said = NULL;

	if (host->connection.state == CONNECTION_LOST)
		said = x_strdup(host->connection.reason);
	else if (task->err.has_begun)
		said = x_strdup("the connection broke");
	else if (task->ends_as == EXEC_TIMED_OUT)
		said = x_strdup("the login shell there did not come to our command");
	else if (result->status == 0)
		said = x_strdup("the login shell there ended before our command");
	else
		said = ssh_reason(strbuf_str(&result->err), result->status);
	strbuf_reset(&result->out);
	set_outcome(task, task->ends_as == EXEC_STOPPED ? EXEC_STOPPED : EXEC_UNREACHABLE, said);
	if (task->ends_as == EXEC_STOPPED || host->connection.state == CONNECTION_LOST)
		return;
	/* So that it costs its time once, not for every command. */
	if (!host->has_answered || task->ends_as == EXEC_TIMED_OUT)
		connection_lose(&host->connection, said);
}

static void end_remote(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	struct exec_result *result = &task->result;
	int status = 0, ignored = 0;
	enum ssh_frame frame = unframe(&result->out, task, &status);

	if (frame == SSH_FRAME_NONE) {
		end_unanswered(exec, task);
		return;
	}
	unframe(&result->err, task, &ignored);
	if (frame == SSH_FRAME_WHOLE) {
		result->status = status;
		judge_shell_status(task);
	} else if (task->ends_as) {
		set_outcome(task, task->ends_as, task->result.reason);
	} else if (result->out.truncated || result->err.truncated) {
		set_outcome(task, EXEC_DONE, NULL);
	} else {
		set_outcome(task, EXEC_UNREACHABLE,
			    host->connection.state == CONNECTION_LOST ? host->connection.reason
								      : "the connection broke");
	}
}

static void finish(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];

	task->result.end_ns = now_ns();
	if (child_has_ended(&task->child)) {
		child_signal(&task->child, SIGKILL); /* what it left behind */
		task->result.status = child_reap(&task->child);
	}
	child_close(&task->child);
	task->phase = PHASE_ENDED;
	exec->running--;
	host->running--;
	if (host->is_remote)
		end_remote(exec, task);
	else if (task->ends_as)
		set_outcome(task, task->ends_as, task->result.reason);
	else if (task->as_root)
		judge_shell_status(task);
	else
		judge_status(task);
	strbuf_done(&task->script);
}

/* ---- running */

static void no_longer_waits(struct exec *exec, struct task *task)
{
	exec->hosts.items[task->host].waiting--;
	exec->waiting--;
}

static void give_up_unstarted(struct exec *exec, struct task *task, enum exec_outcome outcome,
			      const char *reason)
{
	no_longer_waits(exec, task);
	task->phase = PHASE_ENDED;
	task->result.start_ns = task->result.end_ns = now_ns();
	set_outcome(task, outcome, reason);
}

static void start_failed(struct exec *exec, struct task *task)
{
	int problem = task->child.exec_errno;
	bool is_our_lack =
		problem == EMFILE || problem == ENFILE || problem == EAGAIN || problem == ENOMEM;

	if (is_our_lack && exec->running) {
		strbuf_reset(&task->script);
		return; /* it waits on, until something has ended */
	}
	if (problem == ENOENT)
		give_up_unstarted(exec, task, EXEC_NOT_FOUND, "there is no such program");
	else
		give_up_unstarted(exec, task, EXEC_NOT_PERMITTED, strerror(problem));
}

static bool start_remote(struct exec *exec, struct task *task)
{
	const struct connection *connection = &exec->hosts.items[task->host].connection;
	struct ssh_way way = connection_way(connection);
	struct ssh_words words;
	bool started;

	ssh_mark_make(task->mark);
	ssh_script_make((const char *const *)task->argv, task->timeout_ms, task->as_root,
			task->mark, &task->script);
	ssh_run_words(&way, task->script.len, &words);
	started = child_start(&task->child, words.items, CHILD_WITH_INPUT);
	ssh_words_done(&words);
	return started;
}

static void start(struct exec *exec, struct task *task)
{
	struct host *host = &exec->hosts.items[task->host];
	size_t slack = host->is_remote ? 2 * NOISE_BYTES : 0;
	uint64_t allowed_ms = task->timeout_ms;
	bool started;

	task->result.out.cap = task->cap_bytes + slack;
	task->result.err.cap = task->cap_bytes + slack;
	started = host->is_remote ? start_remote(exec, task)
				  : child_start(&task->child, task->argv, CHILD_PLAIN);
	if (!started) {
		start_failed(exec, task);
		return;
	}
	no_longer_waits(exec, task);
	if (host->is_remote) /* until the first mark; from there on its own time counts */
		allowed_ms = exec->limits.connect_timeout_s * 1000 + SSH_SLACK_MS;
	else if (task->as_root)
		allowed_ms += SSH_SLACK_MS;
	task->result.start_ns = now_ns();
	task->phase = PHASE_RUNS;
	task->phase_ns = task->result.start_ns + allowed_ms * ms_ns;
	host->running++;
	exec->running++;
}

/* Of each host one, then of each a second: the first commands are those that take longest. */
static void start_more(struct exec *exec)
{
	for (unsigned rank = 0; rank < exec->limits.at_once_per_host && exec->waiting; rank++)
		for (size_t i = 0; i < exec->tasks.count && exec->waiting; i++) {
			struct task *task = &exec->tasks.items[i];
			struct host *host = &exec->hosts.items[task->host];
			enum connection_state state = host->connection.state;

			if (task->phase != PHASE_WAITS)
				continue;
			if (state == CONNECTION_LOST)
				give_up_unstarted(exec, task, EXEC_UNREACHABLE,
						  host->connection.reason);
			else if (exec->running < exec->limits.at_once && host->running <= rank &&
				 (!host->is_remote || state == CONNECTION_OPEN))
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

static bool find_from(const struct strbuf *buf, size_t from, const char *text, size_t *ret_end)
{
	struct str rest = { buf->ptr + from, buf->len - from };
	ptrdiff_t at;

	assert(from <= buf->len);
	at = str_find(rest, str_from(text));
	if (at >= 0)
		*ret_end = from + (size_t)at + strlen(text);
	return at >= 0;
}

/*
 * Looks for the marks in what is new. Before the first one a login shell speaks, of which only the
 * end is kept; after the last one nothing is awaited.
 */
static void follow_marks(struct task *task, struct stream *stream, struct strbuf *buf)
{
	enum { KEPT_BYTES = 4096, MARK_ROOM = SSH_MARK_BYTES + 16 };
	char text[SSH_MARK_BYTES + 16];
	size_t end;

	if (!stream->has_begun) {
		snprintf(text, sizeof(text), "\n%s begin\n", task->mark);
		if (find_from(buf, stream->searched, text, &end)) {
			stream->has_begun = true;
			/* The mark itself stays, for ssh_frame_find. */
			buf->len -= end - strlen(text);
			memmove(buf->ptr, buf->ptr + end - strlen(text), buf->len);
			stream->searched = strlen(text);
		} else if (buf->len > NOISE_BYTES) {
			memmove(buf->ptr, buf->ptr + buf->len - KEPT_BYTES, KEPT_BYTES);
			buf->len = KEPT_BYTES;
			stream->searched = 0;
		}
		buf->ptr[buf->len] = '\0';
	}
	if (stream->has_begun && !stream->has_ended) {
		snprintf(text, sizeof(text), "\n%s ", task->mark);
		if (find_from(buf, stream->searched, text, &end))
			stream->has_ended = memchr(buf->ptr + end, '\n', buf->len - end);
	}
	if (!stream->has_ended && buf->len > stream->searched + MARK_ROOM)
		stream->searched = buf->len - MARK_ROOM;
}

/* Whether something came. */
static bool read_stream(struct exec *exec, struct task *task, bool is_err)
{
	static char block[READ_BYTES];
	int *fd = is_err ? &task->child.err : &task->child.out;
	struct strbuf *into = is_err ? &task->result.err : &task->result.out;
	struct stream *stream = is_err ? &task->err : &task->out;
	bool had_begun = stream->has_begun;
	ssize_t got;

	if (*fd < 0)
		return false;
	got = read(*fd, block, sizeof(block));
	if (got > 0) {
		strbuf_add(into, (struct str){ block, (size_t)got });
		if (exec->hosts.items[task->host].is_remote)
			follow_marks(task, stream, into);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(take_fd(*fd));
	}
	if (stream->has_begun && !had_begun && !is_err) {
		exec->hosts.items[task->host].has_answered = true;
		if (task->phase == PHASE_RUNS)
			task->phase_ns = now_ns() + (task->timeout_ms + SSH_SLACK_MS) * ms_ns;
	}
	/* A stream that is over its cap ends its command; so do both marks, as something may hold
	 * the connection open. */
	if ((into->truncated || (task->out.has_ended && task->err.has_ended)) &&
	    task->phase == PHASE_RUNS) {
		child_signal(&task->child, SIGTERM);
		task->phase = PHASE_TERM;
		task->phase_ns = now_ns() + TERM_MS * ms_ns;
	}
	return got > 0;
}

/* What is in the pipes already, of a command that has ended. */
static void read_rest(struct exec *exec, struct task *task)
{
	for (int stream = 0; stream < 2; stream++) {
		const struct strbuf *into = stream ? &task->result.err : &task->result.out;

		while (!into->truncated && read_stream(exec, task, stream))
			continue;
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
			read_rest(exec, task);
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

enum { SLOTS_A_TASK = 4, SLOTS_A_HOST = 2 };

static void watch(const struct task *task, struct pollfd *fds)
{
	const struct child *child = &task->child;

	fds[0] = (struct pollfd){ .fd = child->out, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = child->err, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = task->phase == PHASE_DRAIN ? -1 : child->pidfd,
				  .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = task->script_sent < task->script.len ? child->in : -1,
				  .events = POLLOUT };
}

/* The slots of hosts come first, then those of tasks that run, both in their order. */
static void wait_for_news(struct exec *exec, struct pollfd *fds)
{
	nfds_t count = 0;
	int tick_ms = TICK_MS;

	for (size_t i = 0; i < exec->hosts.count; i++, count += SLOTS_A_HOST) {
		connection_watch(&exec->hosts.items[i].connection, &fds[count]);
		if (exec->hosts.items[i].connection.state == CONNECTION_OPENING)
			tick_ms = OPENING_TICK_MS;
	}
	for (size_t i = 0; i < exec->tasks.count; i++)
		if (is_running(&exec->tasks.items[i])) {
			watch(&exec->tasks.items[i], &fds[count]);
			count += SLOTS_A_TASK;
		}
	if (poll(fds, count, tick_ms) <= 0)
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
}

static void step_hosts(struct exec *exec, const struct pollfd *fds)
{
	uint64_t now = now_ns();

	for (size_t i = 0; i < exec->hosts.count; i++, fds += SLOTS_A_HOST) {
		struct host *host = &exec->hosts.items[i];

		if (host->is_remote && (host->waiting || host->connection.state != CONNECTION_NEW))
			connection_step(&host->connection, fds[0].revents || fds[1].revents, now);
	}
}

static void step_tasks(struct exec *exec, const struct pollfd *fds)
{
	uint64_t now = now_ns();

	for (size_t i = 0; i < exec->tasks.count; i++) {
		struct task *task = &exec->tasks.items[i];

		if (!is_running(task))
			continue;
		if (fds[0].revents)
			read_stream(exec, task, false);
		if (fds[1].revents)
			read_stream(exec, task, true);
		if (fds[3].revents)
			write_script(task);
		if (fds[2].revents || task->child.pidfd < 0 || task->phase == PHASE_DRAIN ||
		    now >= task->phase_ns)
			step(exec, task);
		fds += SLOTS_A_TASK;
	}
}

static void stop_all(struct exec *exec)
{
	for (size_t i = 0; i < exec->tasks.count; i++) {
		struct task *task = &exec->tasks.items[i];

		if (task->phase == PHASE_WAITS)
			give_up_unstarted(exec, task, EXEC_STOPPED, "stopped before it ran");
		else if (task->phase == PHASE_RUNS)
			kill_task(task, EXEC_STOPPED, "stopped while it ran");
	}
}

/* As many at once as this process may have files open. */
static void bound_at_once(struct exec *exec)
{
	size_t taken = FILES_KEPT + exec->hosts.count * FILES_A_HOST;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return;
	exec->limits.at_once =
		files.rlim_cur <= taken + FILES_A_TASK
			? 1
			: (unsigned)MIN((size_t)exec->limits.at_once,
					(size_t)(files.rlim_cur - taken) / FILES_A_TASK);
}

void exec_run(struct exec *exec, const volatile sig_atomic_t *stop)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN },
			       normal = { .sa_handler = SIG_DFL };
	struct sigaction pipe_before, child_before;
	auto_free struct pollfd *fds = NULL;

	bound_at_once(exec);
	fds = x_calloc((size_t)exec->limits.at_once * SLOTS_A_TASK +
			       exec->hosts.count * SLOTS_A_HOST + 1,
		       sizeof(*fds));
	sigaction(SIGPIPE, &ignore, &pipe_before);  /* an ssh that is gone reads no script */
	sigaction(SIGCHLD, &normal, &child_before); /* ignored, it would eat what children say */
	for (;;) {
		if (stop && *stop)
			stop_all(exec);
		start_more(exec);
		if (!exec->running && !exec->waiting)
			break;
		wait_for_news(exec, fds);
		step_hosts(exec, fds);
		step_tasks(exec, fds + exec->hosts.count * SLOTS_A_HOST);
	}
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigaction(SIGCHLD, &child_before, NULL);
}

/* ---- leaving */

static bool wait_until_left(struct exec *exec, unsigned most_ms)
{
	for (unsigned waited_ms = 0;; waited_ms += 5) {
		bool all = true;

		for (size_t i = 0; i < exec->hosts.count; i++)
			if (!connection_has_left(&exec->hosts.items[i].connection))
				all = false;
		if (all || waited_ms >= most_ms)
			return all;
		usleep(5000);
	}
}

static void leave_hosts(struct exec *exec)
{
	for (size_t i = 0; i < exec->hosts.count; i++)
		connection_leave(&exec->hosts.items[i].connection, SIGTERM);
	if (wait_until_left(exec, LEAVE_MS))
		return;
	for (size_t i = 0; i < exec->hosts.count; i++)
		connection_leave(&exec->hosts.items[i].connection, SIGKILL);
	wait_until_left(exec, LEAVE_MS);
}

/* Its sockets may be there under names that ssh gave them while it made them. */
static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(folder);
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
	leave_hosts(exec);
	for (size_t i = 0; i < exec->hosts.count; i++)
		connection_done(&exec->hosts.items[i].connection);
	if (exec->folder)
		remove_folder(exec->folder);
	free(exec->folder);
	task_vec_done(&exec->tasks);
	host_vec_done(&exec->hosts);
	free(exec);
}

void cleanup_exec(struct exec **exec)
{
	exec_free(*exec);
}
