/*
 * The output of netstat: sockets (-a, -n, -t, -u, -l, -p, -e), interfaces (-i) and routes (-r).
 * Entities: port N: listening, backlog (Recv-Q of its listener), connections, time_wait, syn_sent;
 * peer ADDRESS: connections; process: receive_queue, send_queue, udp_queue, connections; interface
 * as ip has it; host: sockets_tcp, sockets_udp, time_wait_seen, syn_sent, default_gateway.
 */
#include "host/netstat.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/columns.h"
#include "host/parser.h"

enum { LOOK_LINES = 12, MAX_NAME = 160, MAX_TOLD = 1 << 16 };

enum section { SECTION_NONE, SECTION_SOCKETS, SECTION_UNIX, SECTION_INTERFACES, SECTION_ROUTES };

struct netstat {
	struct parse *parse;
	enum section section;
	struct netstat_columns sockets;
	struct columns columns;
	uint64_t tcp, udp, time_wait, syn_sent, others, told;
	bool has_gateway;
};

bool netstat_header_read(struct str line, struct netstat_columns *ret)
{
	if (!str_starts_with(line, STR("Proto")) || str_find(line, STR("Recv-Q")) < 0)
		return false;
	ret->has_user = str_find(line, STR("Inode")) > 0;
	ret->has_program = str_find(line, STR("PID/Program")) > 0;
	return true;
}

static bool is_state(struct str word, bool is_raw)
{
	static const char *const states[] = { "ESTABLISHED", "SYN_SENT",  "SYN_RECV", "FIN_WAIT1",
					      "FIN_WAIT2",   "TIME_WAIT", "CLOSE",    "CLOSE_WAIT",
					      "LAST_ACK",    "LISTEN",	  "CLOSING",  "UNKNOWN",
					      "LISTENING",   "CONNECTED" };
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_is(word, states[i]))
			return true;
	return is_raw && str_to_u64(word, &number);
}

/* "10.0.0.1:22", ":::22", "[::]:ssh", "0.0.0.0:*": the last colon parts them. */
static bool address_cut(struct str text, struct str *address, struct str *port)
{
	for (size_t at = text.len; at-- > 0;)
		if (text.ptr[at] == ':') {
			*address = (struct str){ text.ptr, at };
			*port = (struct str){ text.ptr + at + 1, text.len - at - 1 };
			return port->len > 0;
		}
	return false;
}

static bool is_proto(struct str word)
{
	static const char *const protos[] = { "tcp",  "tcp6", "udp",	 "udp6",    "raw",
					      "raw6", "sctp", "udplite", "udplite6" };

	for (size_t i = 0; i < ARRAY_SIZE(protos); i++)
		if (str_is(word, protos[i]))
			return true;
	return false;
}

/* Behind the state: user, inode, "PID/program", whose name may hold blanks. */
static void row_tail(struct str line, const struct netstat_columns *columns,
		     struct netstat_row *ret)
{
	struct str pid, program;

	if (columns->has_user &&
	    !(str_next_word(&line, &ret->user) && str_next_word(&line, &ret->inode)))
		return;
	line = str_trim(line);
	if (columns->has_program && str_cut(line, '/', &pid, &program)) {
		ret->pid = pid;
		ret->program = program;
	}
}

bool netstat_row_read(struct str line, const struct netstat_columns *columns,
		      struct netstat_row *ret)
{
	struct str local, peer, rest, word;
	uint64_t number;

	*ret = (struct netstat_row){ 0 };
	if (!str_next_word(&line, &ret->proto) || !is_proto(ret->proto) ||
	    !str_next_word(&line, &ret->receive_queue) ||
	    !str_to_u64(ret->receive_queue, &number) || !str_next_word(&line, &ret->send_queue) ||
	    !str_to_u64(ret->send_queue, &number) || !str_next_word(&line, &local) ||
	    !str_next_word(&line, &peer) || !address_cut(local, &ret->local, &ret->local_port) ||
	    !address_cut(peer, &ret->peer, &ret->peer_port))
		return false;
	rest = line;
	if (str_next_word(&rest, &word) &&
	    is_state(word, str_starts_with(ret->proto, STR("raw")))) {
		ret->state = word;
		line = rest;
	}
	row_tail(line, columns, ret);
	return true;
}

static struct entity named(struct netstat *to, const char *kind, struct str name)
{
	char text[MAX_NAME];

	snprintf(text, sizeof(text), "%.*s", (int)MIN(name.len, (size_t)MAX_NAME - 1), name.ptr);
	return facts_entity(to->parse->facts, kind, text);
}

static void add(struct netstat *to, struct entity entity, const char *name, double value,
		const char *unit)
{
	double before = facts_value(to->parse->facts, entity, name, 0);

	parse_number(to->parse, entity, name, before + value, unit, to->parse->line);
}

static void process_add(struct netstat *to, const struct netstat_row *row, bool is_listener)
{
	char name[MAX_NAME];
	struct entity process;
	uint64_t receive = 0, send = 0, pid;
	bool is_udp = str_starts_with(row->proto, STR("udp"));

	if (!row->program.len || !str_to_u64(row->pid, &pid))
		return;
	snprintf(name, sizeof(name), "%.*s (%.*s)", (int)MIN(row->program.len, (size_t)64),
		 row->program.ptr, (int)MIN(row->pid.len, (size_t)20), row->pid.ptr);
	process = facts_entity(to->parse->facts, "process", name);
	str_to_u64(row->receive_queue, &receive);
	str_to_u64(row->send_queue, &send);
	parse_number(to->parse, process, "pid", (double)pid, "", to->parse->line);
	if (is_listener) {
		facts_add_relation(to->parse->facts, process, "listens on",
				   named(to, "port", row->local_port));
		return;
	}
	if (!is_udp)
		add(to, process, "connections", 1, "");
	if (receive)
		add(to, process, is_udp ? "udp_queue" : "receive_queue", (double)receive, "bytes");
	if (send)
		add(to, process, "send_queue", (double)send, "bytes");
}

/* Facts are bounded by MAX_TOLD rows; what comes after is counted. */
static void socket_add(struct netstat *to, const struct netstat_row *row)
{
	bool is_tcp = str_starts_with(row->proto, STR("tcp"));
	bool is_listener = str_is(row->state, "LISTEN");
	uint64_t queue = 0;

	to->tcp += is_tcp;
	to->udp += str_starts_with(row->proto, STR("udp"));
	to->time_wait += str_is(row->state, "TIME_WAIT");
	to->syn_sent += str_is(row->state, "SYN_SENT");
	if (to->told++ >= MAX_TOLD)
		return;
	process_add(to, row, is_listener);
	if (!is_tcp)
		return;
	str_to_u64(row->receive_queue, &queue);
	if (is_listener) {
		struct entity port = named(to, "port", row->local_port);

		parse_text(to->parse, port, "listening", STR("yes"), to->parse->line);
		add(to, port, "backlog", (double)queue, "");
		return;
	}
	if (str_is(row->state, "SYN_SENT"))
		add(to, named(to, "port", row->peer_port), "syn_sent", 1, "");
	else if (str_is(row->state, "TIME_WAIT"))
		add(to, named(to, "port", row->local_port), "time_wait", 1, "");
	else
		add(to, named(to, "peer", row->peer), "connections", 1, "");
}

/* ---- interfaces and routes */

static void interface_add(struct netstat *to, struct str line)
{
	static const char *const names[][2] = {
		{ "MTU", "mtu" },
		{ "RX-OK", "rx_packets_total" },
		{ "RX-ERR", "rx_errors_total" },
		{ "RX-DRP", "rx_dropped_total" },
		{ "RX-OVR", "rx_overrun_total" },
		{ "TX-OK", "tx_packets_total" },
		{ "TX-ERR", "tx_errors_total" },
		{ "TX-DRP", "tx_dropped_total" },
		{ "TX-OVR", "tx_overrun_total" },
	};
	struct str cell[COLUMNS_MAX];
	unsigned count = 0;
	struct entity interface;

	/* every column has its word, and wide figures leave their places */
	while (count < to->columns.count && str_next_word(&line, &cell[count]))
		count++;
	if (count < to->columns.count) {
		parse_unknown(to->parse, line);
		return;
	}
	interface = named(to, "interface", cell[0]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int at = columns_find(&to->columns, names[i][0]);
		uint64_t value;

		if (at >= 0 && str_to_u64(cell[at], &value))
			parse_number(to->parse, interface, names[i][1], (double)value, "",
				     to->parse->line);
	}
}

static void route_add(struct netstat *to, struct str line)
{
	struct str destination, gateway;

	if (!str_next_word(&line, &destination) || !str_next_word(&line, &gateway)) {
		parse_unknown(to->parse, line);
		return;
	}
	if (to->has_gateway || (!str_is(destination, "default") && !str_is(destination, "0.0.0.0")))
		return;
	to->has_gateway = true;
	parse_text(to->parse, parse_host(to->parse), "default_gateway", gateway, to->parse->line);
}

static bool section_begin(struct netstat *to, struct str line)
{
	if (netstat_header_read(line, &to->sockets))
		to->section = SECTION_SOCKETS;
	else if (str_starts_with(line, STR("Proto")))
		to->section = SECTION_UNIX; /* and Bluetooth, X.25 ... */
	else if (str_starts_with(line, STR("Iface")) && columns_read(&to->columns, line, NULL))
		to->section = SECTION_INTERFACES;
	else if (str_starts_with(line, STR("Destination ")))
		to->section = SECTION_ROUTES;
	else
		return str_starts_with(line, STR("Active ")) ||
		       str_starts_with(line, STR("Kernel ")) || !str_trim(line).len;
	return true;
}

static unsigned netstat_looks(struct str text)
{
	struct netstat to = { .section = SECTION_NONE };
	struct netstat_row row;
	struct str line;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++) {
		if (section_begin(&to, line) && to.section != SECTION_NONE)
			return to.section == SECTION_UNIX ? 1 : 2;
		if (netstat_row_read(line, &to.sockets, &row))
			return 1;
	}
	return 0;
}

static void row_add(struct netstat *to, struct str line)
{
	struct netstat_row row;

	switch (to->section) {
	case SECTION_NONE: /* rows without a header, as grep leaves them */
	case SECTION_SOCKETS:
		if (netstat_row_read(line, &to->sockets, &row))
			socket_add(to, &row);
		else
			parse_unknown(to->parse, line);
		return;
	case SECTION_UNIX:
		to->others++;
		return;
	case SECTION_INTERFACES:
		interface_add(to, line);
		return;
	case SECTION_ROUTES:
		route_add(to, line);
		return;
	}
}

static void netstat_parse(struct parse *parse)
{
	struct netstat to = { .parse = parse, .sockets = { .has_program = true } };
	struct entity host = parse_host(parse);
	struct str line;

	while (parse_next_line(parse, &line))
		if (!section_begin(&to, line))
			row_add(&to, line);
	if (to.tcp + to.udp) {
		parse_number(parse, host, "sockets_tcp", (double)to.tcp, "", 0);
		parse_number(parse, host, "sockets_udp", (double)to.udp, "", 0);
		parse_number(parse, host, "time_wait_seen", (double)to.time_wait, "", 0);
		parse_number(parse, host, "syn_sent", (double)to.syn_sent, "", 0);
	}
	strbuf_addf(&parse->format, "netstat");
}

const struct host_parser netstat_parser = { "netstat", netstat_looks, netstat_parse };
