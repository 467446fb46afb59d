/*
 * An HTTP server for tests: each connection reads one request, keeps it, sends the next reply of
 * the script as it stands, and closes. Loopback only, in a thread of the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct script_reply {
	const char *bytes; /* status line, headers, body; NULL = close without a word */
	size_t length;	   /* of the bytes, where a NUL is among them; 0 = a text */
	size_t slice;	   /* bytes a send; 0 = all at once */
	unsigned hold_ms;  /* before the connection is closed */
};

struct script_server;

/* The last reply is repeated where more is asked. */
struct script_server *script_server_start(const struct script_reply *replies, size_t count);
void script_server_stop(struct script_server *server);
/* "http://127.0.0.1:PORT" */
const char *script_server_url(const struct script_server *server);
unsigned script_server_requests(struct script_server *server);
/* The whole text of a request; valid until stop. */
const char *script_server_request(struct script_server *server, unsigned number);
/* The most connections that were open at a time. */
unsigned script_server_parallel(struct script_server *server);
