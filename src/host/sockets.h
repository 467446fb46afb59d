/*
 * What ss and /proc/net/{tcp,udp} say of sockets, as rows, and two readings of it as facts. ss in
 * any form: with and without header, one line or two for a socket, with and without the column of
 * the protocol and `users:`, of any iproute2. Unix and other sockets are left out. Text is foreign:
 * rows are bounded by MAX_SOCKETS, what does not look like a row is counted. Asks no machine.
 *
 * Facts, where what moves is told of two readings only (one reading: what stands):
 *   port N         of a TCP listener: backlog backlog_limit connections; of any that connections go
 *                  to: syn_sent syn_sent_standing listening time_wait time_wait_new (per_s) refused
 *                  (per_s); udp:N: udp_queue udp_drops
 *   peer ADDRESS   connections established segments retransmits retransmit_share bytes_sent (per_s)
 *                  rtt rtt_min (ns) near (1: a private address) local (1: this host) send_queue
 *                  send_queue_standing receiver_slow (share of the window that its window was shut)
 *                  syn_sent
 *   process        receive_queue receive_queue_standing receive_drained (per_s) send_queue_standing
 *                  udp_queue udp_drops (per_s) syn_sent connections connections_one_place
 *                  close_wait (in both readings)
 *   destination ADDRESS:PORT  connections time_wait
 *   host           sockets_tcp sockets_udp syn_sent time_wait_seen
 * and relations: process "listens on" port, process "talks to" peer, process "connects to" port or
 * destination.
 */
#pragma once

#include "base/id_table.h"
#include "base/intern.h"
#include "base/vec.h"
#include "facts/facts.h"

enum { MAX_SOCKETS = 1 << 20 };

enum socket_state {
	SOCKET_ESTABLISHED,
	SOCKET_SYN_SENT,
	SOCKET_SYN_RECEIVED,
	SOCKET_CLOSING, /* FIN-WAIT-1, FIN-WAIT-2, LAST-ACK, CLOSING */
	SOCKET_CLOSE_WAIT,
	SOCKET_TIME_WAIT,
	SOCKET_LISTEN,
	SOCKET_UNCONNECTED,
};

struct socket_info { /* of -i */
	uint64_t bytes_sent, bytes_received, segments, retransmits, receiver_slow_ms;
	uint64_t segments_in, segments_all;
	double rtt_ns, rtt_min_ns; /* 0: not known */
};

struct socket_row {
	bool is_udp;
	uint8_t state;
	uint32_t address, port, peer, peer_port; /* text ids; address without [], %scope, ::ffff: */
	uint32_t command;			 /* text id, with the pid; 0: no owner is known */
	int pid;
	uint32_t info; /* row of `infos` + 1; 0: none */
	uint32_t line;
	uint64_t cookie; /* the kernel's own number of the socket, or its inode; 0: not told */
	uint64_t receive_queue, send_queue, drops;
};

VEC_DEFINE(socket_row_vec, struct socket_row)
VEC_DEFINE(socket_info_vec, struct socket_info)

struct socket_table {
	struct interner *texts; /* shared by readings that are compared */
	struct socket_row_vec rows;
	struct socket_info_vec infos;
	bool has_owners;
	bool skips_details;		  /* the last row was of something else */
	uint64_t unknown_lines, left_out; /* left_out: rows above MAX_SOCKETS */
};

void socket_table_done(struct socket_table *table);
/* A line of ss or /proc/net/{tcp,udp}[6]; `protocol` of the latter ("tcp6"), or "" for ss. False:
 * it is neither a row nor something known that belongs to one. */
bool socket_table_line(struct socket_table *table, struct str line, const char *protocol,
		       uint32_t number);
/* The header of ss. */
bool socket_line_is_header(struct str line);

struct socket_facts {
	struct facts *facts;
	const char *source;
	const struct socket_table *before; /* NULL: there is one reading */
	const struct socket_table *after;
	const struct socket_table *gone; /* what `ss -E` told while it went away; NULL */
	double window_s, gone_s;
};

void sockets_to_facts(const struct socket_facts *how);
