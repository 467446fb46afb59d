#include "host/net.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/filters.h"
#include "host/parser.h"
#include "host/queues.h"
#include "host/sockets.h"

enum { READINGS = 2 };

struct net {
	struct interner texts;
	struct socket_table sockets[READINGS], gone;
	struct str queues[READINGS], filters[READINGS];
	double time_s[READINGS];
	unsigned readings;
	bool has_gone;
};

/* The text of a section: up to the next line that begins with "= ". */
static struct str section(struct str *text)
{
	struct str body = { text->ptr, 0 }, line;
	struct str rest = *text;

	while (rest.len && !str_starts_with(rest, STR("= "))) {
		if (!str_next_line(&rest, &line))
			break;
	}
	body.len = text->len - rest.len;
	*text = rest;
	return body;
}

static void read_sockets(struct socket_table *table, struct str body, const char *protocol)
{
	struct str line;
	uint32_t number = 0;

	while (str_next_line(&body, &line))
		socket_table_line(table, line, protocol, ++number);
}

/* "sockets 1", "table tcp6", "gone", "queues 2", "filters 2", "time 77.10" */
static void read_section(struct net *net, struct str head, struct str body)
{
	struct str word = { 0 }, value = { 0 };
	char protocol[8];
	unsigned which;

	if (!str_next_word(&head, &word))
		return;
	str_next_word(&head, &value);
	which = str_is(value, "2") ? 1 : 0;
	if (str_is(word, "sockets")) {
		net->readings = MAX(net->readings, which + 1);
		read_sockets(&net->sockets[which], body, "");
	} else if (str_is(word, "table") && net->readings && value.len < sizeof(protocol)) {
		snprintf(protocol, sizeof(protocol), "%.*s", STR_ARG(value));
		read_sockets(&net->sockets[net->readings - 1], body, protocol);
	} else if (str_is(word, "gone")) {
		net->has_gone = true;
		read_sockets(&net->gone, body, "");
	} else if (str_is(word, "queues")) {
		net->queues[which] = body;
	} else if (str_is(word, "filters")) {
		net->filters[which] = body;
	} else if (str_is(word, "time") && net->readings) {
		str_to_double(value, &net->time_s[net->readings - 1]);
	}
}

void net_to_facts(struct str text, const char *source, struct facts *facts)
{
	struct net net = { 0 };
	struct str line;
	double window_s;

	for (size_t i = 0; i < READINGS; i++)
		net.sockets[i].texts = &net.texts;
	net.gone.texts = &net.texts;
	section(&text);
	while (str_next_line(&text, &line)) {
		struct str body = section(&text);

		read_section(&net, (struct str){ line.ptr + 2, line.len - 2 }, body);
	}
	window_s = net.time_s[1] > net.time_s[0] ? net.time_s[1] - net.time_s[0] : 0;
	if (net.readings == READINGS && window_s > 0) {
		sockets_to_facts(
			&(struct socket_facts){ facts, source, &net.sockets[0], &net.sockets[1],
						net.has_gone ? &net.gone : NULL, window_s, 1 });
		queues_to_facts(net.queues[0], net.queues[1], window_s, source, facts);
		filters_to_facts(net.filters[0], net.filters[1], window_s, source, facts);
	} else if (net.readings) {
		sockets_to_facts(
			&(struct socket_facts){ facts, source, NULL, &net.sockets[0], NULL, 0, 0 });
	}
	for (size_t i = 0; i < READINGS; i++)
		socket_table_done(&net.sockets[i]);
	socket_table_done(&net.gone);
	interner_done(&net.texts);
}
