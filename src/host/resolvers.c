#include "host/resolvers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/memory.h"

enum {
	MAX_SERVERS = 8,
	MAX_ADDRESS_BYTES = 80,
	DNS_PORT = 53,
	HEADER_BYTES = 12,
	AGAIN_MS = 700,
	MAX_TRIES = 16
};

struct server {
	char address[MAX_ADDRESS_BYTES];
	int fd;	     /* -1: closed */
	int problem; /* errno; 0: none */
	bool is_done, was_asked_again;
	uint16_t id;
	unsigned rcode;
	int64_t asked_us;
	uint64_t answer_us; /* since it was asked last: a lost packet is no slow server */
};

struct resolver_probe {
	struct server servers[MAX_SERVERS];
	size_t count;
	struct timespec start; /* CLOCK_REALTIME, as the kernel stamps packets */
};

static int64_t since_us(const struct resolver_probe *probe, struct timespec now)
{
	return (now.tv_sec - probe->start.tv_sec) * 1000000LL +
	       (now.tv_nsec - probe->start.tv_nsec) / 1000;
}

static int64_t now_us(const struct resolver_probe *probe)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return since_us(probe, now);
}

/* RFC 1035: one question, recursion desired: the root, type NS, class IN */
static void ask(struct server *server)
{
	const uint8_t query[] = { (uint8_t)(server->id >> 8),
				  (uint8_t)server->id,
				  1,
				  0,
				  0,
				  1,
				  0,
				  0,
				  0,
				  0,
				  0,
				  0,
				  0,
				  0,
				  2,
				  0,
				  1 };

	if (send(server->fd, query, sizeof(query), MSG_NOSIGNAL) < 0)
		server->problem = errno;
}

static bool address_of(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	char plain[MAX_ADDRESS_BYTES];
	char *zone;

	*ret = (struct sockaddr_storage){ 0 };
	snprintf(plain, sizeof(plain), "%s", text);
	if (inet_pton(AF_INET, plain, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(DNS_PORT);
		*ret_size = sizeof(*four);
		return true;
	}
	zone = strchr(plain, '%');
	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, plain, &six->sin6_addr) != 1)
		return false;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(DNS_PORT);
	six->sin6_scope_id = zone ? if_nametoindex(zone) : 0;
	*ret_size = sizeof(*six);
	return true;
}

static void open_server(struct server *server)
{
	struct sockaddr_storage address;
	socklen_t size;
	int on = 1;

	server->fd = -1;
	if (!address_of(server->address, &address, &size)) {
		server->problem = EINVAL;
		return;
	}
	server->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || connect(server->fd, (struct sockaddr *)&address, size) < 0) {
		server->problem = errno;
		return;
	}
	setsockopt(server->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (getrandom(&server->id, sizeof(server->id), 0) != (ssize_t)sizeof(server->id))
		server->id = (uint16_t)getpid();
	ask(server);
}

struct resolver_probe *resolver_probe_start(const char *resolv_conf)
{
	struct resolver_probe *probe = x_calloc(1, sizeof(*probe));
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct error *error = file_read(resolv_conf, 1 << 16, &text);
	struct str rest = strbuf_str(&text), line, word;

	error_free(error);
	clock_gettime(CLOCK_REALTIME, &probe->start);
	while (probe->count < MAX_SERVERS && str_next_line(&rest, &line)) {
		struct server *server = &probe->servers[probe->count];

		if (!str_next_word(&line, &word) || !str_is(word, "nameserver") ||
		    !str_next_word(&line, &word) || word.len >= MAX_ADDRESS_BYTES)
			continue;
		snprintf(server->address, sizeof(server->address), "%.*s", STR_ARG(word));
		open_server(server);
		probe->count++;
	}
	return probe;
}

/* The kernel stamped it when it came: how late we look does not matter. */
static int64_t stamp_us(const struct resolver_probe *probe, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct timespec stamp;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		return since_us(probe, stamp);
	}
	return now_us(probe);
}

static void take_answer(const struct resolver_probe *probe, struct server *server)
{
	uint8_t packet[512];
	char control[128];
	struct iovec part = { packet, sizeof(packet) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(server->fd, &message, MSG_DONTWAIT);
	int64_t took;

	if (size < 0) {
		if (errno != EAGAIN && errno != EINTR)
			server->problem = errno;
		return;
	}
	if (size < HEADER_BYTES || !(packet[2] & 0x80) ||
	    (packet[0] << 8 | packet[1]) != server->id)
		return;
	took = stamp_us(probe, &message) - server->asked_us;
	server->is_done = true;
	server->rcode = packet[3] & 15;
	server->answer_us = took > 0 ? (uint64_t)took : 0;
}

static size_t wait_for_some(struct resolver_probe *probe, int timeout_ms)
{
	struct pollfd polls[MAX_SERVERS];
	size_t open = 0;

	for (size_t i = 0; i < probe->count; i++) {
		const struct server *server = &probe->servers[i];
		bool waits = server->fd >= 0 && !server->is_done && !server->problem;

		polls[i] = (struct pollfd){ .fd = waits ? server->fd : -1, .events = POLLIN };
		open += waits;
	}
	if (!open || poll(polls, (nfds_t)probe->count, timeout_ms) <= 0)
		return open;
	for (size_t i = 0; i < probe->count; i++)
		if (polls[i].fd >= 0 && polls[i].revents)
			take_answer(probe, &probe->servers[i]);
	return open;
}

/* One packet may be lost: who did not answer is asked once more. */
static void ask_again(struct resolver_probe *probe)
{
	for (size_t i = 0; i < probe->count; i++) {
		struct server *server = &probe->servers[i];

		if (server->fd < 0 || server->is_done || server->problem || server->was_asked_again)
			continue;
		server->was_asked_again = true;
		server->asked_us = now_us(probe);
		ask(server);
	}
}

static void tell_server(const struct server *server, int64_t waited_us, struct strbuf *out)
{
	strbuf_addf(out, "server %s ", server->address);
	if (server->is_done)
		strbuf_addf(out, "answered %llu %u\n", (unsigned long long)server->answer_us,
			    server->rcode);
	else if (server->problem == ECONNREFUSED)
		strbuf_add_text(out, "failed nothing listens there (port 53)\n");
	else if (server->problem)
		strbuf_addf(out, "failed %s\n", strerror(server->problem));
	else
		strbuf_addf(out, "silent %lld\n", (long long)waited_us / 1000);
}

void resolver_probe_end(struct resolver_probe *probe, unsigned deadline_ms, struct strbuf *out)
{
	int64_t end_us = MAX((int64_t)deadline_ms * 1000, now_us(probe) + 2LL * AGAIN_MS * 1000);
	int64_t waited;

	/* what came meanwhile is there at once */
	for (int tries = 0; tries < MAX_TRIES && wait_for_some(probe, 0) && now_us(probe) < end_us;
	     tries++) {
		int64_t left_ms = (end_us - now_us(probe)) / 1000;
		bool is_late = now_us(probe) >= AGAIN_MS * 1000;

		if (is_late)
			ask_again(probe);
		wait_for_some(probe, (int)MAX(MIN(left_ms, (int64_t)AGAIN_MS), (int64_t)1));
	}
	waited = now_us(probe);
	for (size_t i = 0; i < probe->count; i++) {
		tell_server(&probe->servers[i], waited, out);
		if (probe->servers[i].fd >= 0)
			close(probe->servers[i].fd);
	}
	free(probe);
}

/* ---- facts */

static bool read_server(struct str line, const char *source, struct facts *facts)
{
	struct str address, verdict, word;
	char text[MAX_ADDRESS_BYTES];
	struct entity resolver;
	uint64_t number;

	if (!str_next_word(&line, &address) || address.len >= sizeof(text) ||
	    !str_next_word(&line, &verdict))
		return false;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(address));
	resolver = facts_entity(facts, "resolver", text);
	if (!str_is(verdict, "answered")) {
		char reason[128] = "no answer";

		if (str_is(verdict, "failed"))
			snprintf(reason, sizeof(reason), "%.*s",
				 (int)MIN(str_trim(line).len, sizeof(reason) - 1),
				 str_trim(line).ptr);
		else if (str_next_word(&line, &word) && str_to_u64(word, &number))
			facts_add_number(facts, resolver, "waited", (double)number * 1e6, "ns",
					 source);
		facts_add_number(facts, resolver, "answered", 0, "", source);
		facts_add_text(facts, resolver, "failure", reason, source);
		return true;
	}
	facts_add_number(facts, resolver, "answered", 1, "", source);
	if (str_next_word(&line, &word) && str_to_u64(word, &number))
		facts_add_number(facts, resolver, "answer_time", (double)number * 1e3, "ns",
				 source);
	if (str_next_word(&line, &word) && str_to_u64(word, &number))
		facts_add_number(facts, resolver, "rcode", (double)number, "", source);
	return true;
}

void resolvers_to_facts(struct str text, const char *source, struct facts *facts)
{
	struct entity host = facts_entity(facts, "host", "the host");
	size_t count = 0, silent = 0;
	struct str line, word;

	while (str_next_line(&text, &line)) {
		struct str rest = line;

		if (!str_next_word(&rest, &word))
			continue;
		if (str_is(word, "server") && read_server(rest, source, facts)) {
			count++;
			silent += str_find(rest, STR(" answered ")) < 0;
		} else if (str_is(word, "getent") && str_next_word(&rest, &word)) {
			facts_add_number(facts, host, "lookup_timed_out", str_is(word, "124"), "",
					 source);
		}
	}
	if (!count)
		return;
	facts_add_number(facts, host, "resolvers", (double)count, "", source);
	facts_add_number(facts, host, "resolvers_silent", (double)silent, "", source);
}
