/*
 * One connection to one host, shared by all that runs there: an ssh process that is its master, and
 * a socket by which the others take part. When the process ends, whatever the way, so does the
 * connection, and with it what runs there. Internal to exec; runs no command.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "exec/child.h"
#include "exec/ssh.h"

enum connection_state {
	CONNECTION_NEW,
	CONNECTION_OPENING,
	CONNECTION_OPEN,
	CONNECTION_LOST, /* `reason` says why */
};

struct connection {
	struct ssh_target target;
	char *socket;
	const char *config; /* borrowed, or NULL */
	unsigned timeout_s; /* for connecting */
	enum connection_state state;
	char *reason;
	struct child master;
	struct strbuf said;
	unsigned tries;
	uint64_t deadline_ns, again_ns; /* CLOCK_MONOTONIC */
};

void connection_done(struct connection *connection);
struct ssh_way connection_way(const struct connection *connection);
/*
 * Opens a new one; looks after the others: call it at every turn of the loop, `has_news` when poll
 * told of it. Never blocks.
 */
void connection_step(struct connection *connection, bool has_news, uint64_t now_ns);
/* Two entries for poll. */
void connection_watch(const struct connection *connection, struct pollfd *fds);
/* Gives up; the master, if there is one, is told to end. */
void connection_lose(struct connection *connection, const char *reason);
/* Tells the master to end; then, asked until it is true, whether it has; at last by force. */
void connection_leave(struct connection *connection, int signal_number);
bool connection_has_left(struct connection *connection);
