#include "host/parser.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"

enum { LOOK_BYTES = 1 << 16, EXAMPLE_BYTES = 120 };

static const struct host_parser *const parsers[] = {
	&top_parser,	&df_parser,	     &ip_parser,	&netstat_parser, &statistics_parser,
	&nstat_parser,	&ethtool_parser,     &conntrack_parser, &sysctl_parser,	 &lsmod_parser,
	&lsof_parser,	&mount_parser,	     &findmnt_parser,	&lsblk_parser,	 &systemctl_parser,
	&mdstat_parser, &timedatectl_parser, &chronyc_parser,	&mpstat_parser,	 &pidstat_parser,
	&iostat_parser, &sar_parser,	     &vmstat_parser,	&uptime_parser,	 &w_parser,
	&free_parser,	&swapon_parser,	     &ps_parser,	&proc_parser,	 &iptables_parser,
	&ss_parser,	&tc_parser,	     &log_parser, /* takes everything, so it is the last */
};

/* ---- what parsers share */

bool number_scan(struct str text, double *ret, size_t *ret_used)
{
	char digits[40];
	size_t count = 0, at = 0;
	bool has_point = false, has_digit = false;

	if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+'))
		digits[count++] = text.ptr[at++];
	for (; at < text.len && count + 1 < sizeof(digits); at++) {
		char c = text.ptr[at];

		if (c >= '0' && c <= '9') {
			has_digit = true;
			digits[count++] = c;
			continue;
		}
		/* a comma that no digit follows ends a list, not a number */
		if ((c != '.' && c != ',') || has_point || !has_digit || at + 1 >= text.len ||
		    !isdigit((unsigned char)text.ptr[at + 1]))
			break;
		has_point = true;
		digits[count++] = '.';
	}
	if (!has_digit || !str_to_double((struct str){ digits, count }, ret))
		return false;
	*ret_used = at;
	return true;
}

bool size_scan(struct str text, double base, double *ret)
{
	static const char units[] = "kmgtpe";
	double number, factor = base;
	size_t used;
	const char *unit;

	if (!number_scan(text, &number, &used) || number < 0)
		return false;
	if (used < text.len && text.ptr[used] == '.') /* "12." as top cuts it */
		used++;
	if (used < text.len) {
		unit = strchr(units, tolower((unsigned char)text.ptr[used]));
		if (!unit || !*unit)
			return false;
		factor = 1;
		for (const char *u = units; u <= unit; u++)
			factor *= 1024;
	}
	*ret = number * factor;
	return true;
}

/* Length of the escape sequence that the text begins with (after ESC). */
static size_t escape_length(struct str text)
{
	size_t at = 1;

	if (text.len < 2)
		return text.len;
	if (text.ptr[1] == '[') {
		for (at = 2; at < text.len && (text.ptr[at] < '@' || text.ptr[at] > '~'); at++)
			;
		return MIN(at + 1, text.len);
	}
	if (text.ptr[1] == ']') {
		for (at = 2; at < text.len && text.ptr[at] != '\a' && text.ptr[at] != '\x1b'; at++)
			;
		return MIN(at + 1, text.len);
	}
	/* charset selections have a final byte more */
	return MIN(strchr("()*+", text.ptr[1]) ? (size_t)3 : (size_t)2, text.len);
}

void escapes_drop(struct str text, struct strbuf *out)
{
	while (text.len) {
		size_t plain = 0, skip = 1;

		while (plain < text.len &&
		       ((unsigned char)text.ptr[plain] >= ' ' || text.ptr[plain] == '\t'))
			plain++;
		strbuf_add(out, (struct str){ text.ptr, plain });
		text.ptr += plain;
		text.len -= plain;
		if (!text.len)
			return;
		if (*text.ptr == '\x1b')
			skip = escape_length(text);
		else if (*text.ptr == '\b' && out->len)
			out->ptr[--out->len] = '\0';
		text.ptr += skip;
		text.len -= skip;
	}
}

bool parse_next_line(struct parse *parse, struct str *ret)
{
	struct str line;

	if (!str_next_line(&parse->rest, &line))
		return false;
	parse->line++;
	strbuf_reset(&parse->plain);
	escapes_drop(line, &parse->plain);
	*ret = strbuf_str(&parse->plain);
	return true;
}

void parse_unknown(struct parse *parse, struct str line)
{
	if (!parse->unknown_lines++)
		strbuf_add(&parse->unknown, (struct str){ line.ptr, MIN(line.len, EXAMPLE_BYTES) });
}

uint32_t parse_number(struct parse *parse, struct entity entity, const char *name, double number,
		      const char *unit, uint32_t line)
{
	return facts_add(parse->facts,
			 (struct fact){ .entity = entity,
					.name = facts_text(parse->facts, name),
					.type = FACT_NUMBER,
					.number = number,
					.unit = facts_text(parse->facts, unit),
					.source = facts_text(parse->facts, parse->input->source),
					.source_line = line });
}

uint32_t parse_text(struct parse *parse, struct entity entity, const char *name, struct str text,
		    uint32_t line)
{
	return facts_add(parse->facts,
			 (struct fact){ .entity = entity,
					.name = facts_text(parse->facts, name),
					.type = FACT_TEXT,
					.text = intern(&parse->facts->texts, text),
					.source = facts_text(parse->facts, parse->input->source),
					.source_line = line });
}

void parse_note(struct parse *parse, struct entity entity, const char *aspect, struct str text)
{
	auto_free char *copy = x_strndup(text.ptr, text.len);

	facts_add_note(parse->facts, entity, aspect, copy, parse->input->source);
}

struct entity parse_host(struct parse *parse)
{
	return facts_entity(parse->facts, "host", "the host");
}

/* ---- one text */

struct str host_command_of(const char *file_name)
{
	const char *slash = strrchr(file_name, '/');
	struct str head, tail;

	str_cut(str_from(slash ? slash + 1 : file_name), '.', &head, &tail);
	return head;
}

void host_refuse(struct facts *facts, const char *source, const char *reason)
{
	facts_add_absent(facts, facts_entity(facts, "input", source), "content", reason, source);
}

/* NUL bytes, or more bytes that are no text than text could have. */
static bool is_binary(struct str text)
{
	size_t odd = 0, looked = MIN(text.len, (size_t)LOOK_BYTES);

	for (size_t i = 0; i < looked; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		odd += c < ' ' && !strchr("\t\n\r\b\a\f\x1b", c);
		odd += c == '\0' ? 8 : 0;
	}
	return odd * 16 > looked;
}

static const char *refusal(struct str text)
{
	static const struct {
		const char *magic, *reason;
	} packed[] = {
		{ "\x1f\x8b", "it is compressed (gzip): unpack it first" },
		{ "\x28\xb5\x2f\xfd", "it is compressed (zstd): unpack it first" },
		{ "\xfd"
		  "7zXZ",
		  "it is compressed (xz): unpack it first" },
		{ "BZh", "it is compressed (bzip2): unpack it first" },
		{ "PERFILE2",
		  "it is a perf.data recording: 'sysgrok report' and 'sysgrok topn' read it" },
		{ "\x7f"
		  "ELF",
		  "it is a program or library, no text" },
		{ "LPKSHHRH",
		  "it is a journal file: 'journalctl --file NAME -o short-iso' turns it to text" },
	};

	if (!str_trim(text).len)
		return text.len ? "it holds only blanks" : "it is empty";
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (str_starts_with(text, str_from(packed[i].magic)))
			return packed[i].reason;
	return is_binary(text) ? "it is binary, no text" : NULL;
}

static const struct host_parser *parser_of(const struct host_text *input)
{
	struct str head = { input->text.ptr, MIN(input->text.len, (size_t)LOOK_BYTES) };
	const struct host_parser *best = NULL;
	unsigned best_look = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		unsigned look = parsers[i]->looks(head);

		/* the name decides between those that could be */
		if (look && strcmp(parsers[i]->name, input->command) == 0)
			look += 2;
		if (look > best_look) {
			best = parsers[i];
			best_look = look;
		}
	}
	return best;
}

static void parse_close(struct parse *parse)
{
	parse_text(parse, parse->entity, "format", strbuf_str(&parse->format), 0);
	parse_number(parse, parse->entity, "lines", parse->line, "lines", 0);
	parse_number(parse, parse->entity, "unknown_lines", (double)parse->unknown_lines, "lines",
		     0);
	if (parse->unknown_lines)
		parse_note(parse, parse->entity, "unknown_example", strbuf_str(&parse->unknown));
	if (parse->input->is_cut)
		parse_text(parse, parse->entity, "cut", STR("only its beginning was read"), 0);
	strbuf_done(&parse->unknown);
	strbuf_done(&parse->plain);
	strbuf_done(&parse->format);
}

void host_read(const struct host_text *input, struct facts *facts)
{
	const char *reason = refusal(input->text);
	const struct host_parser *parser;
	struct parse parse = { .input = input, .facts = facts, .rest = input->text };

	if (reason) {
		host_refuse(facts, input->source, reason);
		return;
	}
	parse.entity = facts_entity(facts, "input", input->source);
	parser = parser_of(input);
	parser->parse(&parse);
	parse_close(&parse);
}
