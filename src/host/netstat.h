/* Rows of netstat's sockets, for its parser and the tests of it. Internal to host. */
#pragma once

#include "base/str.h"

struct netstat_row {
	struct str proto, receive_queue, send_queue, local, local_port, peer, peer_port;
	struct str state, user, inode, pid, program;
};

/* What columns the header of sockets names beyond the first six. */
struct netstat_columns {
	bool has_user, has_program;
};

bool netstat_header_read(struct str line, struct netstat_columns *ret);
/* A row of TCP, UDP and raw sockets; false on any other line. Views into the line. */
bool netstat_row_read(struct str line, const struct netstat_columns *columns,
		      struct netstat_row *ret);
