/*
 * The output of ip: link and addr (with -s, -s -s, -d), and route. Entity interface NAME: state,
 * mtu, flags, address, addresses (count), and what -s counts since the interface is there:
 * rx_bytes_total, rx_packets_total, rx_errors_total, rx_dropped_total, rx_missed_total,
 * rx_overrun_total, tx_... tx_carrier_total, tx_collisions_total; of -s -s rx_crc_total and the
 * like. Host: default_gateway, default_interface, routes.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "host/parser.h"

enum { MAX_INTERFACES = 1 << 14, MAX_COUNTERS = 16, LOOK_LINES = 6 };

struct ip {
	struct parse *parse;
	struct entity interface;
	bool has_interface, is_rx;
	unsigned interfaces, addresses, routes;
	uint32_t gateway_line;
	unsigned header_count; /* names of the figures in the next line */
	char header[MAX_COUNTERS][24];
	const char *side;
};

/* "2: eth0@if3: <BROADCAST,UP> mtu 1500 ..." */
static bool link_head(struct str line, struct str *name, struct str *flags, struct str *rest)
{
	struct str number, after, at;
	uint64_t index;

	if (!line.len || *line.ptr < '0' || *line.ptr > '9' ||
	    !str_cut(line, ':', &number, &after) || !str_to_u64(number, &index) ||
	    !str_starts_with(after, STR(" ")))
		return false;
	after = str_trim(after);
	if (!str_next_word(&after, name) || !str_ends_with(*name, STR(":")) ||
	    !str_next_word(&after, flags) || !str_starts_with(*flags, STR("<")) ||
	    !str_ends_with(*flags, STR(">")) || flags->len < 2)
		return false;
	name->len--;
	str_cut(*name, '@', name, &at);
	*flags = (struct str){ flags->ptr + 1, flags->len - 2 };
	*rest = after;
	return name->len > 0;
}

/* The word behind `key`. */
static bool value_of(struct str words, const char *key, struct str *ret)
{
	struct str word;

	while (str_next_word(&words, &word))
		if (str_is(word, key))
			return str_next_word(&words, ret);
	return false;
}

static void addresses_tell(struct ip *ip)
{
	if (ip->has_interface && ip->addresses)
		parse_number(ip->parse, ip->interface, "addresses", ip->addresses, "",
			     ip->parse->line);
	ip->addresses = 0;
}

static bool link_begin(struct ip *ip, struct str line)
{
	struct str name, flags, rest, value;
	auto_free char *text = NULL;
	uint64_t mtu;

	if (!link_head(line, &name, &flags, &rest))
		return false;
	addresses_tell(ip);
	ip->header_count = 0;
	ip->side = NULL;
	ip->has_interface = ip->interfaces++ < MAX_INTERFACES;
	if (!ip->has_interface)
		return true;
	text = x_strndup(name.ptr, MIN(name.len, (size_t)64));
	ip->interface = facts_entity(ip->parse->facts, "interface", text);
	parse_text(ip->parse, ip->interface, "flags", flags, ip->parse->line);
	if (value_of(rest, "mtu", &value) && str_to_u64(value, &mtu))
		parse_number(ip->parse, ip->interface, "mtu", (double)mtu, "bytes",
			     ip->parse->line);
	if (value_of(rest, "state", &value))
		parse_text(ip->parse, ip->interface, "state", value, ip->parse->line);
	return true;
}

/* "RX:  bytes packets errors dropped  missed   mcast", "RX errors:  length  crc  frame ..." */
static bool counters_header(struct ip *ip, struct str line)
{
	struct str head, rest, word;
	bool is_rx = str_starts_with(line, STR("RX")), is_errors;

	if (!is_rx && !str_starts_with(line, STR("TX")))
		return false;
	if (!str_cut(line, ':', &head, &rest))
		return false;
	is_errors = str_ends_with(head, STR("errors"));
	if (head.len != 2 && !is_errors)
		return false;
	ip->side = is_rx ? "rx" : "tx";
	ip->header_count = 0;
	while (ip->header_count < MAX_COUNTERS && str_next_word(&rest, &word))
		snprintf(ip->header[ip->header_count++], sizeof(*ip->header), "%.*s",
			 (int)MIN(word.len, (size_t)23), word.ptr);
	return ip->header_count > 0;
}

static void counters_tell(struct ip *ip, struct str line)
{
	static const char *const renamed[][2] = { { "collsns", "collisions" },
						  { "mcast", "multicast" } };
	struct str word;
	uint64_t value;

	for (unsigned i = 0; i < ip->header_count && str_next_word(&line, &word); i++) {
		const char *what = ip->header[i];
		char name[48];

		for (size_t r = 0; r < ARRAY_SIZE(renamed); r++)
			if (!strcmp(what, renamed[r][0]))
				what = renamed[r][1];
		if (!str_to_u64(word, &value))
			return;
		snprintf(name, sizeof(name), "%s_%s_total", ip->side, what);
		parse_number(ip->parse, ip->interface, name, (double)value,
			     !strcmp(what, "bytes") ? "bytes" : "", ip->parse->line);
	}
	ip->header_count = 0;
}

static bool detail(struct ip *ip, struct str line)
{
	struct str text = str_trim(line), word, rest = text;

	if (!ip->has_interface || !line.len || *line.ptr != ' ' || !str_next_word(&rest, &word))
		return false;
	if (counters_header(ip, text))
		return true;
	if (ip->header_count && *text.ptr >= '0' && *text.ptr <= '9') {
		counters_tell(ip, text);
		return true;
	}
	if (str_is(word, "inet") || str_is(word, "inet6")) {
		struct str address;

		if (!ip->addresses++ && str_next_word(&rest, &address))
			parse_text(ip->parse, ip->interface, "address", address, ip->parse->line);
	}
	return true; /* link/ether, valid_lft, altname and details of -d */
}

/* "default via 192.0.2.1 dev eth0 proto dhcp metric 100" */
static bool is_route(struct str line)
{
	static const char *const kinds[] = { "default", "unreachable", "blackhole", "prohibit",
					     "local",	"broadcast",   "multicast", "throw" };
	struct str word, rest = line, value;
	bool is_kind = false;

	if (!line.len || *line.ptr == ' ' || !str_next_word(&rest, &word))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		is_kind |= str_is(word, kinds[i]);
	if (!is_kind)
		for (size_t i = 0; i < word.len; i++)
			if (!strchr("0123456789abcdef.:/", word.ptr[i]))
				return false;
	return value_of(rest, "dev", &value) || value_of(rest, "via", &value) ||
	       str_is(word, "unreachable") || str_is(word, "blackhole");
}

static void route_add(struct ip *ip, struct str line)
{
	struct entity host = parse_host(ip->parse);
	struct str value;

	ip->routes++;
	if (!str_starts_with(line, STR("default")) || ip->gateway_line)
		return;
	ip->gateway_line = ip->parse->line;
	if (value_of(line, "via", &value))
		parse_text(ip->parse, host, "default_gateway", value, ip->parse->line);
	if (value_of(line, "dev", &value))
		parse_text(ip->parse, host, "default_interface", value, ip->parse->line);
}

static unsigned ip_looks(struct str text)
{
	struct str line, name, flags, rest;
	unsigned routes = 0, lines = 0;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		if (link_head(line, &name, &flags, &rest))
			return 2;
		if (!str_trim(line).len)
			continue;
		lines++;
		routes += is_route(line);
	}
	return lines && routes == lines ? 2 : 0;
}

static void ip_parse(struct parse *parse)
{
	struct ip ip = { .parse = parse };
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (link_begin(&ip, line) || !str_trim(line).len)
			continue;
		if (is_route(line))
			route_add(&ip, line);
		else if (!detail(&ip, line) && *line.ptr != ' ' && *line.ptr != '\t')
			parse_unknown(parse, line);
	}
	addresses_tell(&ip);
	if (ip.routes)
		parse_number(parse, parse_host(parse), "routes", ip.routes, "", 0);
	if (ip.interfaces)
		strbuf_addf(&parse->format, "ip link, %u interfaces", ip.interfaces);
	else
		strbuf_addf(&parse->format, "ip route, %u routes", ip.routes);
}

const struct host_parser ip_parser = { "ip", ip_looks, ip_parse };
