#include "host/sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

enum {
	MAX_TALLIES = 1 << 17,
	MAX_TOLD = 96, /* of each kind, the heaviest */
	QUEUE_BYTES = 4096,
};

enum kind { PORT, UDP_PORT, PEER, PROCESS, DESTINATION, USE, KINDS };

/* What is counted of one entity; USE: of one process to one destination. */
struct tally {
	uint8_t kind;
	bool is_listening, is_limit_known;
	uint32_t a, b; /* text ids; PROCESS: b is the pid; USE: rows of tallies */
	uint32_t line;
	uint64_t connections, established, syn_sent, syn_sent_standing, time_wait, time_wait_new;
	uint64_t receive_queue, receive_standing, drained, send_queue, send_standing;
	uint64_t udp_queue, drops, segments, retransmits, bytes_sent, refused, most_to_one;
	uint64_t backlog, backlog_limit, close_wait; /* close_wait: in both readings */
	double rtt_ns, rtt_min_ns, slow_ms;
};

VEC_DEFINE(tally_vec, struct tally)

struct counting {
	const struct socket_facts *how;
	const struct interner *texts;
	struct tally_vec tallies;
	struct id_table by_key, before_by_key;
	bool *is_own_address; /* by text id */
	struct tally all;     /* of the host */
};

/* ---- finding rows again */

static uint64_t tally_hash(const void *rows, uint32_t id)
{
	const struct tally *tally = &((const struct tally_vec *)rows)->items[id];

	return hash_mix(hash_mix(tally->kind, tally->a), tally->b);
}

static bool tally_is(const void *rows, uint32_t id, const void *key)
{
	const struct tally *a = &((const struct tally_vec *)rows)->items[id], *b = key;

	return a->kind == b->kind && a->a == b->a && a->b == b->b;
}

static const struct id_table_rows tallies_how = { tally_hash, tally_is };

/* Its number, or UINT32_MAX where there are too many. */
static uint32_t tally_number(struct counting *counting, enum kind kind, uint32_t a, uint32_t b)
{
	const struct tally key = { .kind = (uint8_t)kind, .a = a, .b = b };
	uint32_t *slot = id_table_slot(&counting->by_key, &tallies_how, &counting->tallies,
				       hash_mix(hash_mix(kind, a), b), &key);

	if (*slot)
		return *slot - 1;
	if (counting->tallies.count >= MAX_TALLIES)
		return UINT32_MAX;
	tally_vec_push(&counting->tallies, key);
	return id_table_put(&counting->by_key, slot, (uint32_t)counting->tallies.count - 1);
}

static struct tally *tally_of(struct counting *counting, enum kind kind, uint32_t a, uint32_t b)
{
	static struct tally spare;
	uint32_t number = tally_number(counting, kind, a, b);

	if (number == UINT32_MAX)
		spare = (struct tally){ .kind = KINDS };
	return number == UINT32_MAX ? &spare : &counting->tallies.items[number];
}

static bool is_listening(struct counting *counting, uint32_t port)
{
	const struct tally key = { .kind = PORT, .a = port };
	uint32_t *slot = id_table_slot(&counting->by_key, &tallies_how, &counting->tallies,
				       hash_mix(hash_mix(PORT, port), 0), &key);

	return *slot && counting->tallies.items[*slot - 1].is_listening;
}

static uint64_t row_key(const struct socket_row *row)
{
	uint64_t hash = hash_mix(row->is_udp, row->address);

	return hash_mix(hash_mix(hash_mix(hash, row->port), row->peer), row->peer_port);
}

static uint64_t row_hash(const void *rows, uint32_t id)
{
	return row_key(&((const struct socket_row_vec *)rows)->items[id]);
}

/* The cookie tells sockets apart that share a port (SO_REUSEPORT). */
static bool row_is(const void *rows, uint32_t id, const void *key)
{
	const struct socket_row *a = &((const struct socket_row_vec *)rows)->items[id], *b = key;

	return a->is_udp == b->is_udp && a->address == b->address && a->port == b->port &&
	       a->peer == b->peer && a->peer_port == b->peer_port &&
	       (a->cookie == b->cookie || !a->cookie || !b->cookie);
}

static const struct id_table_rows rows_how = { row_hash, row_is };

static void index_before(struct counting *counting)
{
	const struct socket_row_vec *rows;

	if (!counting->how->before)
		return;
	rows = &counting->how->before->rows;
	for (uint32_t i = 0; i < rows->count; i++) {
		uint32_t *slot = id_table_slot(&counting->before_by_key, &rows_how, rows,
					       row_key(&rows->items[i]), &rows->items[i]);

		if (!*slot)
			id_table_put(&counting->before_by_key, slot, i);
	}
}

static const struct socket_row *row_before(struct counting *counting, const struct socket_row *row)
{
	const struct socket_row_vec *rows;
	uint32_t *slot;

	if (!counting->how->before || !counting->how->before->rows.count)
		return NULL;
	rows = &counting->how->before->rows;
	slot = id_table_slot(&counting->before_by_key, &rows_how, rows, row_key(row), row);
	return *slot ? &rows->items[*slot - 1] : NULL;
}

/* ---- counting */

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

static struct tally *owner_of(struct counting *counting, const struct socket_row *row)
{
	static struct tally nobody;

	return row->pid > 0 ? tally_of(counting, PROCESS, row->command, (uint32_t)row->pid)
			    : &nobody;
}

static struct entity tally_entity(struct counting *counting, const struct tally *tally);

static void relate(struct counting *counting, const struct tally *process, const char *verb,
		   const struct tally *other)
{
	if (process->kind == PROCESS && process->a)
		facts_add_relation(counting->how->facts, tally_entity(counting, process), verb,
				   tally_entity(counting, other));
}

static void count_listener(struct counting *counting, const struct socket_row *row)
{
	struct tally *port = tally_of(counting, PORT, row->port, 0);
	const struct socket_row *before = row_before(counting, row);

	port->is_listening = true;
	port->line = row->line;
	/* the fuller of the two readings, each against its own limit; the busiest of those that
	 * share the port */
	if (row->receive_queue >= port->backlog) {
		port->backlog = row->receive_queue;
		port->backlog_limit = row->send_queue;
	}
	if (before && before->receive_queue > port->backlog)
		port->backlog = before->receive_queue;
	port->is_limit_known |= row->send_queue > 0;
}

static void count_udp(struct counting *counting, const struct socket_row *row)
{
	struct tally *port = tally_of(counting, UDP_PORT, row->port, 0), *owner;
	const struct socket_row *before = row_before(counting, row);
	uint64_t drops = before ? grown(before->drops, row->drops) : 0;

	port->udp_queue += row->receive_queue;
	port->drops += drops;
	port->line = row->line;
	owner = owner_of(counting, row);
	owner->udp_queue += row->receive_queue;
	owner->drops += drops;
	owner->line = row->line;
}

/* What its numbers of -i say of the peer. */
static void count_info(struct counting *counting, struct tally *peer, const struct socket_row *row,
		       const struct socket_row *before)
{
	const struct socket_facts *how = counting->how;
	const struct socket_info *after = &how->after->infos.items[row->info - 1];
	static const struct socket_info none;
	const struct socket_info *first =
		before && before->info ? &how->before->infos.items[before->info - 1] : &none;

	if (after->rtt_min_ns > 0 &&
	    (peer->rtt_min_ns <= 0 || after->rtt_min_ns < peer->rtt_min_ns))
		peer->rtt_min_ns = after->rtt_min_ns;
	peer->rtt_ns = MAX(peer->rtt_ns, after->rtt_ns);
	/* a socket that was not there before did all of it in the window */
	if (!how->before)
		return;
	peer->segments += grown(first->segments, after->segments);
	peer->retransmits += grown(first->retransmits, after->retransmits);
	peer->bytes_sent += grown(first->bytes_sent, after->bytes_sent);
	peer->slow_ms =
		MAX(peer->slow_ms, (double)grown(first->receiver_slow_ms, after->receiver_slow_ms));
}

static uint64_t bytes_received(const struct socket_table *table, const struct socket_row *row)
{
	return row->info ? table->infos.items[row->info - 1].bytes_received : 0;
}

/* A queue stands when it was there both times: the least that stayed. */
static void count_queues(struct counting *counting, struct tally *peer, struct tally *owner,
			 const struct socket_row *row, const struct socket_row *before)
{
	peer->send_queue += row->send_queue;
	owner->receive_queue += row->receive_queue;
	if (!before)
		return;
	if (row->send_queue >= QUEUE_BYTES && before->send_queue >= QUEUE_BYTES) {
		peer->send_standing += MIN(row->send_queue, before->send_queue);
		owner->send_standing += MIN(row->send_queue, before->send_queue);
	}
	if (row->receive_queue >= QUEUE_BYTES && before->receive_queue >= QUEUE_BYTES) {
		uint64_t came = grown(bytes_received(counting->how->before, before),
				      bytes_received(counting->how->after, row));

		owner->receive_standing += MIN(row->receive_queue, before->receive_queue);
		owner->drained += grown(row->receive_queue, before->receive_queue + came);
	}
}

/* Who asks for what does not answer: the port, the peer, the process. */
static void count_syn_sent(struct counting *counting, const struct socket_row *row)
{
	const struct socket_row *before = row_before(counting, row);
	bool stands = before && before->state == SOCKET_SYN_SENT;
	struct tally *parts[] = { NULL, NULL, NULL, NULL };
	struct tally *owner;

	/* one after the other: each may move the others */
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = i == 0   ? tally_of(counting, PORT, row->peer_port, 0)
			   : i == 1 ? tally_of(counting, PEER, row->peer, 0)
			   : i == 2 ? tally_of(counting, DESTINATION, row->peer, row->peer_port)
				    : owner_of(counting, row);
		parts[i]->syn_sent++;
		parts[i]->syn_sent_standing += stands;
		parts[i]->line = row->line;
	}
	owner = owner_of(counting, row);
	relate(counting, owner, "connects to", tally_of(counting, PORT, row->peer_port, 0));
	counting->all.syn_sent++;
}

static void count_time_wait(struct counting *counting, const struct socket_row *row)
{
	bool is_new = counting->how->before && !row_before(counting, row);
	bool is_server = is_listening(counting, row->port);
	struct tally *port = tally_of(counting, PORT, is_server ? row->port : row->peer_port, 0);

	port->time_wait++;
	port->time_wait_new += is_new;
	port->line = row->line;
	counting->all.time_wait++;
	counting->all.time_wait_new += is_new;
	if (!is_server)
		tally_of(counting, DESTINATION, row->peer, row->peer_port)->time_wait++;
}

static void count_connection(struct counting *counting, const struct socket_row *row)
{
	const struct socket_row *before = row_before(counting, row);
	uint32_t owner = row->pid > 0
				 ? tally_number(counting, PROCESS, row->command, (uint32_t)row->pid)
				 : UINT32_MAX;
	static struct tally nobody;
	struct tally *peer, *process;

	if (is_listening(counting, row->port)) {
		tally_of(counting, PORT, row->port, 0)->connections++;
	} else {
		uint32_t place = tally_number(counting, DESTINATION, row->peer, row->peer_port);

		if (place != UINT32_MAX) {
			counting->tallies.items[place].connections++;
			counting->tallies.items[place].line = row->line;
		}
		if (owner != UINT32_MAX && place != UINT32_MAX) {
			struct tally *use = tally_of(counting, USE, owner, place);
			uint64_t count = ++use->connections;

			process = &counting->tallies.items[owner];
			process->most_to_one = MAX(process->most_to_one, count);
		}
	}
	peer = tally_of(counting, PEER, row->peer, 0);
	process = owner == UINT32_MAX ? &nobody : &counting->tallies.items[owner];
	process->connections++;
	process->close_wait +=
		row->state == SOCKET_CLOSE_WAIT && before && before->state == SOCKET_CLOSE_WAIT;
	process->line = row->line;
	peer->connections++;
	peer->line = row->line;
	peer->established += row->state == SOCKET_ESTABLISHED;
	if (row->info)
		count_info(counting, peer, row, before);
	count_queues(counting, peer, process, row, before);
}

static void count_row(struct counting *counting, const struct socket_row *row)
{
	if (row->is_udp) {
		count_udp(counting, row);
		return;
	}
	switch ((enum socket_state)row->state) {
	case SOCKET_SYN_SENT:
		count_syn_sent(counting, row);
		break;
	case SOCKET_TIME_WAIT:
		count_time_wait(counting, row);
		break;
	case SOCKET_ESTABLISHED:
	case SOCKET_CLOSE_WAIT:
	case SOCKET_CLOSING:
		count_connection(counting, row);
		break;
	case SOCKET_LISTEN:
	case SOCKET_SYN_RECEIVED:
	case SOCKET_UNCONNECTED:
		break;
	}
}

/*
 * Sockets that went away while we listened. One whose only segment out is the SYN that still waits
 * to be acknowledged, and which something came back for, was refused.
 */
static void count_gone(struct counting *counting)
{
	const struct socket_table *gone = counting->how->gone;

	for (size_t i = 0; gone && i < gone->rows.count; i++) {
		const struct socket_row *row = &gone->rows.items[i];
		const struct socket_info *info =
			row->info ? &gone->infos.items[row->info - 1] : NULL;

		if (row->state != SOCKET_UNCONNECTED || !info || row->send_queue != 1 ||
		    !info->segments_in || info->rtt_ns > 0 || info->segments > 0)
			continue;
		tally_of(counting, PORT, row->peer_port, 0)->refused++;
		tally_of(counting, DESTINATION, row->peer, row->peer_port)->refused++;
	}
}

/* ---- telling */

static struct entity tally_entity(struct counting *counting, const struct tally *tally)
{
	const char *a = tally->kind == USE ? "" : interned_text(counting->texts, tally->a);
	char name[160];

	switch ((enum kind)tally->kind) {
	case PORT:
		return facts_entity(counting->how->facts, "port", a);
	case PEER:
		return facts_entity(counting->how->facts, "peer", a);
	case UDP_PORT:
		snprintf(name, sizeof(name), "udp:%.64s", a);
		return facts_entity(counting->how->facts, "port", name);
	case PROCESS:
		snprintf(name, sizeof(name), "%.64s (%u)", a, tally->b);
		return facts_entity(counting->how->facts, "process", name);
	case DESTINATION:
	case USE:
	case KINDS:
		break;
	}
	snprintf(name, sizeof(name), "%.64s:%.64s", a,
		 tally->kind == USE ? "" : interned_text(counting->texts, tally->b));
	return facts_entity(counting->how->facts, "destination", name);
}

struct telling {
	struct counting *counting;
	struct entity entity;
	uint32_t line;
};

static void tell(const struct telling *to, const char *name, double number, const char *unit)
{
	struct facts *facts = to->counting->how->facts;

	facts_add(facts, (struct fact){
				 .entity = to->entity,
				 .name = facts_text(facts, name),
				 .type = FACT_NUMBER,
				 .number = number,
				 .unit = facts_text(facts, unit),
				 .source = facts_text(facts, to->counting->how->source),
				 .source_line = to->line,
			 });
}

static double per_second(const struct telling *to, uint64_t count)
{
	double window = to->counting->how->window_s;

	return window > 0 ? (double)count / window : 0;
}

static bool is_twice(const struct telling *to)
{
	return to->counting->how->before != NULL;
}

static void tell_port(const struct telling *to, const struct tally *tally)
{
	if (tally->is_listening) {
		tell(to, "listening", 1, "");
		tell(to, "backlog", (double)tally->backlog, "");
		if (tally->is_limit_known)
			tell(to, "backlog_limit", (double)tally->backlog_limit, "");
		tell(to, "connections", (double)tally->connections, "");
	}
	if (tally->syn_sent) {
		tell(to, "syn_sent", (double)tally->syn_sent, "");
		if (is_twice(to))
			tell(to, "syn_sent_standing", (double)tally->syn_sent_standing, "");
	}
	if (tally->time_wait) {
		tell(to, "time_wait", (double)tally->time_wait, "");
		if (is_twice(to))
			tell(to, "time_wait_new", per_second(to, tally->time_wait_new), "per_s");
	}
	if (tally->refused && to->counting->how->gone_s > 0)
		tell(to, "refused", (double)tally->refused / to->counting->how->gone_s, "per_s");
}

/* 10/8, 172.16/12, 192.168/16, 100.64/10, link-local, fc00::/7 */
static bool is_near(struct str address)
{
	struct str first, rest, second;
	uint64_t a, b;

	if (str_starts_with(address, STR("fe80:")) || str_starts_with(address, STR("fd")) ||
	    str_starts_with(address, STR("fc")))
		return true;
	if (!str_cut(address, '.', &first, &rest) || !str_to_u64(first, &a))
		return false;
	str_cut(rest, '.', &second, &rest);
	if (!str_to_u64(second, &b))
		return false;
	return a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
	       (a == 100 && b >= 64 && b < 128) || (a == 169 && b == 254);
}

static bool is_local(const struct counting *counting, uint32_t address)
{
	struct str text = interned(counting->texts, address);

	return str_starts_with(text, STR("127.")) || str_is(text, "::1") ||
	       counting->is_own_address[address];
}

static void tell_peer(const struct telling *to, const struct tally *tally)
{
	double window_s = to->counting->how->window_s;

	tell(to, "connections", (double)tally->connections, "");
	if (is_local(to->counting, tally->a))
		tell(to, "local", 1, "");
	else if (is_near(interned(to->counting->texts, tally->a)))
		tell(to, "near", 1, "");
	if (tally->rtt_min_ns > 0)
		tell(to, "rtt_min", tally->rtt_min_ns, "ns");
	if (tally->rtt_ns > 0)
		tell(to, "rtt", tally->rtt_ns, "ns");
	tell(to, "send_queue", (double)tally->send_queue, "bytes");
	if (tally->syn_sent)
		tell(to, "syn_sent", (double)tally->syn_sent, "");
	if (!is_twice(to))
		return;
	if (tally->segments) {
		tell(to, "segments", (double)tally->segments, "");
		tell(to, "retransmits", (double)tally->retransmits, "");
		tell(to, "retransmit_share",
		     MIN((double)tally->retransmits / (double)tally->segments, 1.0), "ratio");
		tell(to, "bytes_sent", per_second(to, tally->bytes_sent), "bytes_per_s");
	}
	tell(to, "send_queue_standing", (double)tally->send_standing, "bytes");
	if (window_s > 0)
		tell(to, "receiver_slow", MIN(tally->slow_ms / 1e3 / window_s, 1.0), "ratio");
}

static void tell_process(const struct telling *to, const struct tally *tally)
{
	tell(to, "connections", (double)tally->connections, "");
	tell(to, "pid", (double)tally->b, "");
	if (tally->most_to_one)
		tell(to, "connections_one_place", (double)tally->most_to_one, "");
	if (tally->syn_sent)
		tell(to, "syn_sent", (double)tally->syn_sent, "");
	tell(to, "receive_queue", (double)tally->receive_queue, "bytes");
	if (tally->udp_queue || tally->drops)
		tell(to, "udp_queue", (double)tally->udp_queue, "bytes");
	if (!is_twice(to))
		return;
	if (tally->close_wait)
		tell(to, "close_wait", (double)tally->close_wait, "");
	if (tally->drops)
		tell(to, "udp_drops", per_second(to, tally->drops), "per_s");
	if (tally->receive_standing) {
		tell(to, "receive_queue_standing", (double)tally->receive_standing, "bytes");
		tell(to, "receive_drained", per_second(to, tally->drained), "bytes_per_s");
	}
	if (tally->send_standing)
		tell(to, "send_queue_standing", (double)tally->send_standing, "bytes");
}

static void tell_tally(struct counting *counting, const struct tally *tally)
{
	const struct telling to = { counting, tally_entity(counting, tally), tally->line };

	switch ((enum kind)tally->kind) {
	case PORT:
		tell_port(&to, tally);
		break;
	case UDP_PORT:
		tell(&to, "udp_queue", (double)tally->udp_queue, "bytes");
		if (is_twice(&to))
			tell(&to, "udp_drops", per_second(&to, tally->drops), "per_s");
		break;
	case PEER:
		tell_peer(&to, tally);
		break;
	case PROCESS:
		tell_process(&to, tally);
		break;
	case DESTINATION:
		tell(&to, "connections", (double)tally->connections, "");
		if (tally->time_wait)
			tell(&to, "time_wait", (double)tally->time_wait, "");
		if (tally->syn_sent)
			tell(&to, "syn_sent", (double)tally->syn_sent, "");
		if (tally->refused && counting->how->gone_s > 0)
			tell(&to, "refused", (double)tally->refused / counting->how->gone_s,
			     "per_s");
		break;
	case USE:
	case KINDS:
		break;
	}
}

/* What is likelier to matter: trouble before size. */
static double weight(const struct tally *tally)
{
	double trouble =
		(double)(tally->retransmits + tally->refused + tally->syn_sent_standing +
			 tally->drops + tally->backlog) *
			1e3 +
		(double)(tally->receive_standing + tally->send_standing + tally->udp_queue);

	return trouble * 16 + (double)(tally->connections + tally->time_wait + tally->syn_sent) +
	       (tally->is_listening ? 0.5 : 0);
}

static int by_weight(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	double difference = weight(y) - weight(x);

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

/* Connections and their processes: at most MAX_TOLD of each, so that a proxy is no book. */
static void relate_owners(struct counting *counting)
{
	const struct socket_row_vec *rows = &counting->how->after->rows;
	size_t told = 0;

	for (size_t i = 0; i < rows->count && told < MAX_TOLD * 4; i++) {
		const struct socket_row *row = &rows->items[i];
		struct tally process = { .kind = PROCESS,
					 .a = row->command,
					 .b = (uint32_t)MAX(row->pid, 0) };

		if (row->pid <= 0 || (!row->is_udp && row->state != SOCKET_LISTEN))
			continue;
		relate(counting, &process, "listens on",
		       &(struct tally){ .kind = row->is_udp ? UDP_PORT : PORT, .a = row->port });
		told++;
	}
	told = 0;
	for (size_t i = 0; i < rows->count && told < MAX_TOLD * 4; i++) {
		const struct socket_row *row = &rows->items[i];
		struct tally process = { .kind = PROCESS,
					 .a = row->command,
					 .b = (uint32_t)MAX(row->pid, 0) };

		if (row->pid <= 0 || row->is_udp || row->state != SOCKET_ESTABLISHED)
			continue;
		relate(counting, &process, "talks to",
		       &(struct tally){ .kind = PEER, .a = row->peer });
		told++;
	}
}

static void tell_all(struct counting *counting)
{
	struct tally_vec *tallies = &counting->tallies;
	struct telling host = { counting, facts_entity(counting->how->facts, "host", "the host"),
				0 };
	size_t told = 0;

	qsort(tallies->items, tallies->count, sizeof(*tallies->items), by_weight);
	for (size_t i = 0; i < tallies->count; i++) {
		/* single closed connections are no news */
		if (weight(&tallies->items[i]) <= 0 ||
		    (tallies->items[i].time_wait && weight(&tallies->items[i]) < 10))
			continue;
		told = i && tallies->items[i].kind == tallies->items[i - 1].kind ? told + 1 : 0;
		if (told < MAX_TOLD)
			tell_tally(counting, &tallies->items[i]);
	}
	tell(&host, "sockets", (double)counting->how->after->rows.count, "");
	tell(&host, "syn_sent", (double)counting->all.syn_sent, "");
	tell(&host, "time_wait_seen", (double)counting->all.time_wait, "");
	if (counting->how->before)
		tell(&host, "time_wait_new", per_second(&host, counting->all.time_wait_new),
		     "per_s");
	if (counting->how->after->left_out)
		tell(&host, "sockets_left_out", (double)counting->how->after->left_out, "");
}

void sockets_to_facts(const struct socket_facts *how)
{
	const struct socket_row_vec *rows = &how->after->rows;
	struct counting counting = {
		.how = how,
		.texts = how->after->texts,
		.is_own_address = x_calloc((size_t)how->after->texts->count + 1, sizeof(bool)),
	};

	index_before(&counting);
	for (size_t i = 0; i < rows->count; i++) {
		counting.is_own_address[rows->items[i].address] = true;
		if (!rows->items[i].is_udp && rows->items[i].state == SOCKET_LISTEN)
			count_listener(&counting, &rows->items[i]);
	}
	for (size_t i = 0; i < rows->count; i++)
		count_row(&counting, &rows->items[i]);
	count_gone(&counting);
	relate_owners(&counting);
	tell_all(&counting);
	id_table_done(&counting.by_key);
	id_table_done(&counting.before_by_key);
	tally_vec_done(&counting.tallies);
	free(counting.is_own_address);
}
