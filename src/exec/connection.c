#include "exec/connection.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

enum {
	MAX_TRIES = 3,
	AGAIN_MS = 400,	      /* before another try, times its number */
	SLACK_MS = 3000,      /* after what ssh itself allows: name lookup, log-in */
	SAID_BYTES = 1 << 16, /* of what ssh says about connecting */
};

static const uint64_t ms_ns = 1000000;

void connection_done(struct connection *connection)
{
	if (connection->socket)
		unlink(connection->socket);
	ssh_target_done(&connection->target);
	child_close(&connection->master);
	strbuf_done(&connection->said);
	free(connection->socket);
	free(connection->reason);
}

struct ssh_way connection_way(const struct connection *connection)
{
	return (struct ssh_way){ &connection->target, connection->socket, connection->config,
				 connection->timeout_s };
}

static void open_master(struct connection *connection, uint64_t now_ns)
{
	struct ssh_way way = connection_way(connection);
	struct ssh_words words;
	uint64_t allowed_ms = (uint64_t)connection->timeout_s * 1000 + SLACK_MS;

	ssh_master_words(&way, &words);
	strbuf_reset(&connection->said);
	connection->said.cap = SAID_BYTES;
	connection->tries++;
	connection->state = CONNECTION_OPENING;
	/* All tries together have the time of one. */
	if (connection->tries == 1)
		connection->deadline_ns = now_ns + allowed_ms * ms_ns;
	if (!child_start(&connection->master, words.items, CHILD_ALONE))
		connection_lose(connection, connection->master.exec_errno == ENOENT
						    ? "there is no ssh on this machine"
						    : "ssh could not be started");
	ssh_words_done(&words);
}

static void listen_to_master(struct connection *connection)
{
	char block[4096];
	ssize_t got = -1;

	while (connection->master.err >= 0 &&
	       (got = read(connection->master.err, block, sizeof(block))) > 0)
		strbuf_add(&connection->said, (struct str){ block, (size_t)got });
	if (got == 0)
		close(take_fd(connection->master.err));
}

static void master_ended(struct connection *connection, uint64_t now_ns)
{
	int status;
	auto_free char *reason = NULL;

	listen_to_master(connection);
	child_signal(&connection->master, SIGKILL); /* a jump host's ssh, a ProxyCommand */
	status = child_reap(&connection->master);
	child_close(&connection->master);
	unlink(connection->socket);
	if (connection->state == CONNECTION_LOST)
		return;
	if (connection->state == CONNECTION_OPENING && connection->tries < MAX_TRIES &&
	    ssh_may_try_again(strbuf_str(&connection->said))) {
		connection->again_ns = now_ns + AGAIN_MS * ms_ns * connection->tries;
		return;
	}
	reason = ssh_reason(strbuf_str(&connection->said), status);
	connection_lose(connection,
			connection->state == CONNECTION_OPEN ? "the connection broke" : reason);
}

void connection_step(struct connection *connection, bool has_news, uint64_t now_ns)
{
	bool is_opening = connection->state == CONNECTION_OPENING;

	if (connection->state == CONNECTION_NEW) {
		open_master(connection, now_ns);
	} else if (connection->master.pid > 0) {
		if (has_news)
			listen_to_master(connection);
		if (!has_news && connection->master.pidfd >= 0 && !is_opening)
			return;
		if (child_has_ended(&connection->master))
			master_ended(connection, now_ns);
		else if (is_opening && access(connection->socket, F_OK) == 0)
			connection->state = CONNECTION_OPEN;
	} else if (is_opening && now_ns >= connection->again_ns) {
		open_master(connection, now_ns);
	}
	if (connection->state == CONNECTION_OPENING && now_ns >= connection->deadline_ns)
		connection_lose(connection, "no answer within the time for connecting");
}

void connection_watch(const struct connection *connection, struct pollfd *fds)
{
	bool is_there = connection->master.pid > 0;

	fds[0] = (struct pollfd){ .fd = is_there ? connection->master.err : -1, .events = POLLIN };
	fds[1] =
		(struct pollfd){ .fd = is_there ? connection->master.pidfd : -1, .events = POLLIN };
}

void connection_lose(struct connection *connection, const char *reason)
{
	char *owned = x_strdup(reason);

	free(connection->reason);
	connection->reason = owned;
	connection->state = CONNECTION_LOST;
	connection_leave(connection, SIGTERM);
}

void connection_leave(struct connection *connection, int signal_number)
{
	child_signal(&connection->master, signal_number);
}

bool connection_has_left(struct connection *connection)
{
	if (connection->master.pid <= 0)
		return true;
	if (!child_has_ended(&connection->master))
		return false;
	child_signal(&connection->master, SIGKILL);
	child_reap(&connection->master);
	return true;
}
