/*
 * Counters of the network that grow since boot: nstat and netstat -s. Host: facts under the
 * kernel's own names (TcpRetransSegs), with the unit "since_boot"; where nstat prints what has
 * grown since its last run, that interval is not known, and they have the unit "since_last_run".
 * And what an interface or conntrack counts: ethtool, ethtool -S, conntrack -S and -L.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/parser.h"

enum { MAX_COUNTERS = 4096, LOOK_LINES = 8, MAX_NAME = 96 };

static bool counter_text(struct str name, char text[MAX_NAME])
{
	if (!name.len || name.len >= MAX_NAME)
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return true;
}

/* ---- nstat */

static bool nstat_row(struct str line, struct str *name, uint64_t *value)
{
	struct str word;
	double rate;

	return str_next_word(&line, name) && isupper((unsigned char)*name->ptr) &&
	       str_next_word(&line, &word) && str_to_u64(word, value) &&
	       str_next_word(&line, &word) && str_to_double(word, &rate) &&
	       !str_next_word(&line, &word);
}

static unsigned nstat_looks(struct str text)
{
	struct str line, name;
	uint64_t value;
	unsigned rows = 0;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++)
		rows += nstat_row(line, &name, &value);
	return rows >= 3 ? 2 : 0;
}

static void nstat_parse(struct parse *parse)
{
	struct entity host = parse_host(parse);
	/* only -a is asked for zeros and says all; a plain run says what grew since the last one */
	bool is_total = str_find(parse->rest, STR("IpForwDatagrams")) >= 0 ||
			str_find(str_from(parse->input->source), STR(" -a")) >= 0;
	struct str line, name;
	unsigned rows = 0;
	char text[MAX_NAME];
	uint64_t value;

	while (parse_next_line(parse, &line)) {
		if (str_starts_with(line, STR("#")) || !str_trim(line).len)
			continue;
		if (!nstat_row(line, &name, &value)) {
			parse_unknown(parse, line);
		} else if (counter_text(name, text) && rows++ < MAX_COUNTERS) {
			parse_number(parse, host, text, (double)value,
				     is_total ? "since_boot" : "since_last_run", parse->line);
		}
	}
	strbuf_addf(&parse->format, "nstat, %u counters", rows);
}

const struct host_parser nstat_parser = { "nstat", nstat_looks, nstat_parse };

/* ---- netstat -s */

/* How net-tools words the kernel's counters. `#` stands for the figure. */
static const struct phrase {
	const char *section, *words, *name;
} phrases[] = {
	{ "Ip", "# total packets received", "IpInReceives" },
	{ "Ip", "# incoming packets discarded", "IpInDiscards" },
	{ "Ip", "# incoming packets delivered", "IpInDelivers" },
	{ "Ip", "# requests sent out", "IpOutRequests" },
	{ "Ip", "# outgoing packets dropped", "IpOutDiscards" },
	{ "Ip", "# dropped because of missing route", "IpOutNoRoutes" },
	{ "Ip", "# packet reassemblies failed", "IpReasmFails" },
	{ "Ip", "# packet reassembles failed", "IpReasmFails" },
	{ "Tcp", "# active connection openings", "TcpActiveOpens" },
	{ "Tcp", "# active connections openings", "TcpActiveOpens" },
	{ "Tcp", "# passive connection openings", "TcpPassiveOpens" },
	{ "Tcp", "# failed connection attempts", "TcpAttemptFails" },
	{ "Tcp", "# connection resets received", "TcpEstabResets" },
	{ "Tcp", "# connections established", "TcpCurrEstab" },
	{ "Tcp", "# segments received", "TcpInSegs" },
	{ "Tcp", "# segments sent out", "TcpOutSegs" },
	{ "Tcp", "# segments send out", "TcpOutSegs" },
	{ "Tcp", "# segments retransmitted", "TcpRetransSegs" },
	{ "Tcp", "# segments retransmited", "TcpRetransSegs" },
	{ "Tcp", "# bad segments received", "TcpInErrs" },
	{ "Tcp", "# bad segments received.", "TcpInErrs" },
	{ "Tcp", "# resets sent", "TcpOutRsts" },
	{ "Udp", "# packets received", "UdpInDatagrams" },
	{ "Udp", "# packets to unknown port received", "UdpNoPorts" },
	{ "Udp", "# packets to unknown port received.", "UdpNoPorts" },
	{ "Udp", "# packet receive errors", "UdpInErrors" },
	{ "Udp", "# packets sent", "UdpOutDatagrams" },
	{ "Udp", "# receive buffer errors", "UdpRcvbufErrors" },
	{ "Udp", "# send buffer errors", "UdpSndbufErrors" },
	{ "TcpExt", "# times the listen queue of a socket overflowed", "TcpExtListenOverflows" },
	{ "TcpExt", "# SYNs to LISTEN sockets dropped", "TcpExtListenDrops" },
	{ "TcpExt", "# SYNs to LISTEN sockets ignored", "TcpExtListenDrops" },
	{ "TcpExt", "# TCP sockets finished time wait in fast timer", "TcpExtTW" },
	{ "TcpExt", "# fast retransmits", "TcpExtTCPFastRetrans" },
	{ "TcpExt", "# packets pruned from receive queue because of socket buffer overrun",
	  "TcpExtPruneCalled" },
	{ "TcpExt", "# packets collapsed in receive queue due to low socket buffer",
	  "TcpExtTCPRcvCollapsed" },
	{ "TcpExt", "# connections aborted due to timeout", "TcpExtTCPAbortOnTimeout" },
	{ "TcpExt", "# connections aborted due to memory pressure", "TcpExtTCPAbortOnMemory" },
};

/* The line's figure, wherever it stands, and whether the words around it are those. */
static bool phrase_fits(struct str line, const char *words, uint64_t *ret)
{
	struct str wanted = str_from(words), a, b;
	uint64_t value = 0;

	for (;;) {
		bool more = str_next_word(&wanted, &a);

		if (more != str_next_word(&line, &b))
			return false;
		if (!more) {
			*ret = value;
			return true;
		}
		if (str_is(a, "#") ? !str_to_u64(b, &value) : !str_eq(a, b))
			return false;
	}
}

static bool is_section(struct str line, struct str *name)
{
	static const char *const names[] = { "Ip:",	 "Icmp:",   "IcmpMsg:", "Tcp:",	     "Udp:",
					     "UdpLite:", "TcpExt:", "IpExt:",	"MPTcpExt:", "Ip6:",
					     "Icmp6:",	 "Udp6:",   "UdpLite6:" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(line, names[i])) {
			*name = (struct str){ names[i], strlen(names[i]) - 1 };
			return true;
		}
	return false;
}

static unsigned statistics_looks(struct str text)
{
	struct str line, section;
	unsigned sections = 0;

	while (sections < 2 && str_next_line(&text, &line))
		sections += is_section(str_trim(line), &section);
	return sections >= 2 ? 2 : 0;
}

/* "TCPTimeouts: 27241": new counters have no words of their own. */
static bool plain_counter(struct parse *parse, struct str section, struct str line)
{
	struct str key, value;
	char name[MAX_NAME], text[MAX_NAME];
	uint64_t number;

	if (!str_cut(str_trim(line), ':', &key, &value) || !str_to_u64(str_trim(value), &number) ||
	    !counter_text(key, text) || strchr(text, ' '))
		return false;
	snprintf(name, sizeof(name), "%.*s%s", STR_ARG(section), text);
	parse_number(parse, parse_host(parse), name, (double)number, "since_boot", parse->line);
	return true;
}

static void statistics_parse(struct parse *parse)
{
	struct str line, section = STR("");
	unsigned rows = 0;

	while (parse_next_line(parse, &line)) {
		bool is_known = is_section(str_trim(line), &section);

		for (size_t i = 0; i < ARRAY_SIZE(phrases) && !is_known; i++) {
			uint64_t value;

			if (!str_is(section, phrases[i].section) ||
			    !phrase_fits(line, phrases[i].words, &value))
				continue;
			parse_number(parse, parse_host(parse), phrases[i].name, (double)value,
				     "since_boot", parse->line);
			is_known = true;
			rows++;
		}
		if (!is_known && rows < MAX_COUNTERS)
			rows += plain_counter(parse, section, line);
	}
	strbuf_addf(&parse->format, "netstat -s, %u counters", rows);
}

const struct host_parser statistics_parser = { "netstat", statistics_looks, statistics_parse };

/* ---- ethtool */

static struct entity interface_of(struct parse *parse, struct str name)
{
	char text[MAX_NAME];

	if (!counter_text(name, text))
		snprintf(text, sizeof(text), "the interface");
	return facts_entity(parse->facts, "interface", text);
}

static unsigned ethtool_looks(struct str text)
{
	struct str line;

	return str_next_line(&text, &line) && (str_starts_with(line, STR("Settings for ")) ||
					       str_starts_with(line, STR("NIC statistics:")))
		       ? 2
		       : 0;
}

/* "1000Mb/s": bits per second */
static void speed_tell(struct parse *parse, struct entity interface, const char *name,
		       struct str value)
{
	double number;
	size_t used;

	if (number_scan(value, &number, &used) &&
	    str_starts_with((struct str){ value.ptr + used, value.len - used }, STR("Mb/s")))
		parse_number(parse, interface, name, number * 1e6, "bits_per_s", parse->line);
}

/* The fastest of "10baseT/Half 1000baseT/Full". */
static double fastest_mode(struct str modes)
{
	struct str word;
	double fastest = 0, number;
	size_t used;

	while (str_next_word(&modes, &word))
		if (number_scan(word, &number, &used) && used < word.len && word.ptr[used] == 'b' &&
		    number > fastest)
			fastest = number;
	return fastest;
}

static void setting_tell(struct parse *parse, struct entity interface, struct str key,
			 struct str value)
{
	if (str_is(key, "Speed"))
		speed_tell(parse, interface, "speed", value);
	else if (str_is(key, "Duplex"))
		parse_text(parse, interface, "duplex", value, parse->line);
	else if (str_is(key, "Auto-negotiation"))
		parse_text(parse, interface, "auto_negotiation", value, parse->line);
	else if (str_is(key, "Link detected"))
		parse_text(parse, interface, "link", value, parse->line);
}

static void settings_parse(struct parse *parse)
{
	struct entity interface = interface_of(parse, STR(""));
	struct str line, key, value;
	bool is_modes = false;
	double fastest = 0;

	while (parse_next_line(parse, &line)) {
		if (str_starts_with(line, STR("Settings for "))) {
			str_cut((struct str){ line.ptr + 13, line.len - 13 }, ':', &key, &value);
			interface = interface_of(parse, key);
			fastest = 0;
			is_modes = false;
			continue;
		}
		if (str_cut(line, ':', &key, &value)) {
			key = str_trim(key);
			value = str_trim(value);
			is_modes = str_is(key, "Supported link modes");
			setting_tell(parse, interface, key, value);
		} else {
			value = line;
		}
		if (!is_modes || fastest_mode(value) <= fastest)
			continue;
		fastest = fastest_mode(value);
		parse_number(parse, interface, "speed_supported", fastest * 1e6, "bits_per_s",
			     parse->line);
	}
	strbuf_addf(&parse->format, "ethtool");
}

static bool is_trouble(struct str name)
{
	static const char *const words[] = { "err",	"drop",	 "crc",	    "miss",
					     "discard", "fifo",	 "overrun", "collision",
					     "no_buf",	"nobuf", "timeout", "fail" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_find(name, str_from(words[i])) >= 0)
			return true;
	return false;
}

/* Drivers name hundreds of counters as they like: those of trouble that are not zero are told. */
static void nic_statistics_parse(struct parse *parse)
{
	struct str source = str_from(parse->input->source), word = STR(""), line, key, value;
	struct entity interface;
	unsigned rows = 0, told = 0;
	uint64_t number;

	if (str_find(source, STR("ethtool ")) >= 0)
		while (str_next_word(&source, &word))
			;
	interface = interface_of(parse, word);
	while (parse_next_line(parse, &line)) {
		char name[MAX_NAME];

		if (!str_cut(line, ':', &key, &value) || !counter_text(str_trim(key), name))
			continue;
		if (!str_to_u64(str_trim(value), &number))
			continue;
		rows++;
		if (number && is_trouble(str_trim(key)) && told++ < MAX_COUNTERS)
			parse_number(parse, interface, name, (double)number, "since_boot",
				     parse->line);
	}
	strbuf_addf(&parse->format, "ethtool -S, %u counters", rows);
}

static void ethtool_parse(struct parse *parse)
{
	if (str_starts_with(parse->rest, STR("NIC")))
		nic_statistics_parse(parse);
	else
		settings_parse(parse);
}

const struct host_parser ethtool_parser = { "ethtool", ethtool_looks, ethtool_parse };

/* ---- conntrack */

static bool pair_value(struct str line, const char *key, uint64_t *ret)
{
	struct str word, name, value;

	while (str_next_word(&line, &word))
		if (str_cut(word, '=', &name, &value) && str_is(name, key))
			return str_to_u64(value, ret);
	return false;
}

/* "tcp      6 431999 ESTABLISHED src=10.0.0.1 ...", in /proc with "ipv4     2 " in front */
static bool is_flow(struct str line)
{
	return str_find(line, STR(" src=")) > 0 && str_find(line, STR(" dst=")) > 0;
}

static unsigned conntrack_looks(struct str text)
{
	struct str line;
	uint64_t value;

	if (!str_next_line(&text, &line))
		return 0;
	if (str_starts_with(line, STR("conntrack v")))
		str_next_line(&text, &line);
	if (str_starts_with(line, STR("cpu=")) && pair_value(line, "insert_failed", &value))
		return 2;
	return is_flow(line) && str_find(line, STR("port=")) > 0 ? 2 : 0;
}

static void conntrack_parse(struct parse *parse)
{
	static const char *const names[] = { "invalid",	   "insert_failed", "drop",
					     "early_drop", "error",	    "search_restart" };
	uint64_t sums[ARRAY_SIZE(names)] = { 0 }, flows = 0, unreplied = 0, value;
	struct entity host = parse_host(parse);
	bool is_statistics = false;
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (str_starts_with(line, STR("cpu="))) {
			is_statistics = true;
			for (size_t i = 0; i < ARRAY_SIZE(names); i++)
				if (pair_value(line, names[i], &value) &&
				    sums[i] + value >= sums[i])
					sums[i] += value;
		} else if (is_flow(line)) {
			flows++;
			unreplied += str_find(line, STR("[UNREPLIED]")) > 0;
		} else if (str_trim(line).len && !str_starts_with(line, STR("conntrack v"))) {
			parse_unknown(parse, line);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(names) && is_statistics; i++) {
		char name[MAX_NAME];

		snprintf(name, sizeof(name), "conntrack_%s_total", names[i]);
		parse_number(parse, host, name, (double)sums[i], "since_boot", 1);
	}
	if (flows) {
		parse_number(parse, host, "conntrack", (double)flows, "", 0);
		parse_number(parse, host, "conntrack_unreplied", (double)unreplied, "", 0);
	}
	strbuf_addf(&parse->format, is_statistics ? "conntrack -S" : "conntrack -L");
}

const struct host_parser conntrack_parser = { "conntrack", conntrack_looks, conntrack_parse };
