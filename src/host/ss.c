/* `ss` in any form, `ss -s`, and /proc/net/{tcp,udp} as they stand (host/sockets.h). */
#include "host/parser.h"
#include "host/sockets.h"

#include <string.h>

static bool is_summary(struct str text)
{
	struct str line;

	while (str_next_line(&text, &line))
		if (str_starts_with(line, STR("TCP:")) && str_find(line, STR("(estab")) > 0)
			return true;
	return false;
}

static bool is_proc_header(struct str line)
{
	return str_find(line, STR("local_address")) >= 0 && str_find(line, STR("tx_queue")) >= 0;
}

static unsigned looks_like_ss(struct str text)
{
	struct interner texts = INTERNER_INIT;
	struct socket_table table = { .texts = &texts };
	size_t lines = 0, known = 0;
	struct str rest = text, line;
	unsigned look = 0;

	if (is_summary((struct str){ text.ptr, text.len < 2000 ? text.len : 2000 }))
		return 2;
	for (; lines < 12 && str_next_line(&rest, &line); lines++) {
		if (socket_line_is_header(line) || is_proc_header(line))
			look = 2;
		else if (line.len && *line.ptr != '\t' && *line.ptr != ' ')
			known += socket_table_line(&table, line, "", 0) && table.rows.count;
	}
	if (!look && known * 2 > lines)
		look = 1;
	socket_table_done(&table);
	interner_done(&texts);
	return look;
}

/* "TCP:   5738 (estab 20, closed 4180, orphaned 0, timewait 4023)": old ones add "/0" */
static void parse_summary_line(struct parse *parse, struct str line)
{
	static const struct {
		const char *word, *name;
	} parts[] = { { "estab", "tcp_established" },
		      { "orphaned", "tcp_orphans" },
		      { "timewait", "time_wait" },
		      { "synrecv", "syn_received" } };
	struct str word, value;

	while (str_next_word(&line, &word)) {
		double number;
		size_t used;

		if (*word.ptr == '(')
			word = (struct str){ word.ptr + 1, word.len - 1 };
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			if (str_is(word, parts[i].word) && str_next_word(&line, &value) &&
			    number_scan(value, &number, &used) && number >= 0)
				parse_number(parse, parse_host(parse), parts[i].name, number, "",
					     parse->line);
	}
}

static void parse_ss(struct parse *parse)
{
	struct interner texts = INTERNER_INIT;
	struct socket_table table = { .texts = &texts };
	const char *protocol = "";
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (is_proc_header(line))
			protocol = str_find(line, STR("drops")) >= 0 ? "udp" : "tcp";
		else if (str_starts_with(line, STR("TCP:")))
			parse_summary_line(parse, line);
		else if (!socket_table_line(&table, line, protocol, parse->line))
			parse_unknown(parse, line);
	}
	strbuf_add_text(&parse->format, *protocol ? "/proc/net sockets" : "ss");
	if (table.rows.count)
		sockets_to_facts(&(struct socket_facts){
			.facts = parse->facts, .source = parse->input->source, .after = &table });
	socket_table_done(&table);
	interner_done(&texts);
}

const struct host_parser ss_parser = { "ss", looks_like_ss, parse_ss };
