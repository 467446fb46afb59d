#include "host/filters.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "base/macros.h"
#include "base/vec.h"
#include "host/parser.h"

enum {
	MAX_RULES = 1 << 14,
	MAX_TOLD = 64,
	MAX_PORTS = 15,
	MAX_TEXT_BYTES = 160,
	MAX_SEARCHED = 2000
};

struct filter_rule {
	uint32_t chain, text; /* text ids; without counters: the same in both readings */
	uint32_t line;
	bool is_reject, is_random, has_counter;
	uint64_t packets;
	uint32_t ports[MAX_PORTS]; /* of the destination */
	size_t port_count;
};

VEC_DEFINE(filter_rule_vec, struct filter_rule)

struct filters {
	struct interner *texts;
	struct filter_rule_vec rules; /* those that drop */
	size_t all;		      /* rules of any kind */
	uint32_t chain;
};

/* ---- what all forms share */

/* "9991", "80,443", "8000:8010" (its ends), "{ 80, 443 }": the ports by number */
static void add_ports(struct filters *filters, struct filter_rule *rule, struct str text)
{
	size_t at = 0;

	while (at < text.len && rule->port_count < MAX_PORTS) {
		size_t end = at;

		while (end < text.len && isdigit((unsigned char)text.ptr[end]))
			end++;
		if (end > at && end - at <= 5)
			rule->ports[rule->port_count++] =
				intern(filters->texts, (struct str){ text.ptr + at, end - at });
		at = end > at ? end : at + 1;
	}
}

static void put_rule(struct filters *filters, struct filter_rule rule, struct strbuf *text)
{
	if (filters->rules.count >= MAX_RULES)
		return;
	rule.chain = filters->chain;
	rule.text = intern(filters->texts,
			   str_trim((struct str){ text->ptr ? text->ptr : "",
						  MIN(text->len, (size_t)MAX_TEXT_BYTES) }));
	filter_rule_vec_push(&filters->rules, rule);
}

/* ---- iptables-save: "[7:420] -A INPUT -p tcp -m tcp --dport 9991 -j DROP" */

static bool read_saved(struct filters *filters, struct str line, uint32_t number)
{
	struct filter_rule rule = { .line = number };
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str word, packets, rest;
	bool drops = false;

	if (*line.ptr == '[') {
		str_cut((struct str){ line.ptr + 1, line.len - 1 }, ':', &packets, &rest);
		rule.has_counter = str_to_u64(packets, &rule.packets);
		str_cut(rest, ']', &rest, &line);
	}
	if (!str_next_word(&line, &word) || !str_is(word, "-A") || !str_next_word(&line, &word))
		return false;
	filters->all++;
	filters->chain = intern(filters->texts, word);
	while (str_next_word(&line, &word)) {
		strbuf_addf(&text, "%.*s ", STR_ARG(word));
		if (str_is(word, "-j") && str_next_word(&line, &word)) {
			drops = str_is(word, "DROP") || str_is(word, "REJECT");
			rule.is_reject = str_is(word, "REJECT");
			strbuf_addf(&text, "%.*s ", STR_ARG(word));
		} else if ((str_is(word, "--dport") || str_is(word, "--dports")) &&
			   str_next_word(&line, &word)) {
			add_ports(filters, &rule, word);
			strbuf_addf(&text, "%.*s ", STR_ARG(word));
		} else if (str_is(word, "statistic") || str_is(word, "limit") ||
			   str_is(word, "hashlimit")) {
			rule.is_random = true;
		}
	}
	if (drops)
		put_rule(filters, rule, &text);
	return true;
}

/* ---- iptables -L -v: "    7   420 DROP  tcp  --  *  *  0.0.0.0/0  0.0.0.0/0  tcp dpt:9991" */

static bool read_listed(struct filters *filters, struct str line, uint32_t number)
{
	struct filter_rule rule = { .line = number, .has_counter = true };
	auto_strbuf struct strbuf text = STRBUF_INIT;
	struct str word, rest = line;
	double packets;

	/* "12K" without -x: good enough for a fact of one reading */
	if (!str_next_word(&rest, &word) || !size_scan(word, 1, &packets) ||
	    !str_next_word(&rest, &word) || !isdigit((unsigned char)*word.ptr))
		return false;
	rule.packets = packets < 1e18 ? (uint64_t)packets : 0;
	filters->all++;
	if (!str_next_word(&rest, &word))
		return true;
	rule.is_reject = str_is(word, "REJECT");
	if (!rule.is_reject && !str_is(word, "DROP"))
		return true;
	strbuf_addf(&text, "%.*s ", STR_ARG(word));
	while (str_next_word(&rest, &word)) {
		if (str_starts_with(word, STR("dpt:")) || str_starts_with(word, STR("dpts:")))
			add_ports(filters, &rule, word);
		else if (str_is(word, "dports") && str_next_word(&rest, &word))
			add_ports(filters, &rule, word);
		rule.is_random |= str_is(word, "statistic") || str_is(word, "limit:");
		strbuf_addf(&text, "%.*s ", STR_ARG(word));
	}
	put_rule(filters, rule, &text);
	return true;
}

/* ---- nft: "tcp dport 9991 counter packets 7 bytes 420 drop" */

static bool skip_counter(struct filter_rule *rule, struct str *line)
{
	struct str word, rest = *line;

	if (!str_next_word(&rest, &word) || !str_is(word, "packets") ||
	    !str_next_word(&rest, &word) || !str_to_u64(word, &rule->packets) ||
	    !str_next_word(&rest, &word) || !str_is(word, "bytes") || !str_next_word(&rest, &word))
		return false;
	rule->has_counter = true;
	*line = rest;
	return true;
}

static void read_nft(struct filters *filters, struct str line, uint32_t number)
{
	struct filter_rule rule = { .line = number };
	auto_strbuf struct strbuf text = STRBUF_INIT;
	bool drops = false, after_ports = false;
	struct str word;

	filters->all++;
	while (str_next_word(&line, &word)) {
		if (str_is(word, "counter") && skip_counter(&rule, &line))
			continue;
		strbuf_addf(&text, "%.*s ", STR_ARG(word));
		if (after_ports && *word.ptr == '{') {
			ptrdiff_t end = str_find(line, STR("}"));

			add_ports(filters, &rule,
				  (struct str){ line.ptr, end < 0 ? 0 : (size_t)end });
		} else if (after_ports) {
			add_ports(filters, &rule, word);
		}
		after_ports = str_is(word, "dport") || (after_ports && str_is(word, "!="));
		rule.is_random |=
			str_is(word, "random") || str_is(word, "numgen") || str_is(word, "limit");
		drops |= str_is(word, "drop") || str_is(word, "reject");
		rule.is_reject |= str_is(word, "reject");
	}
	if (drops)
		put_rule(filters, rule, &text);
}

/* ---- all forms */

static bool is_nft_frame(struct str word)
{
	static const char *const words[] = { "table",  "type",	    "}",     "set",
					     "map",    "elements",  "flags", "policy",
					     "ct",     "flowtable", "quota", "counter",
					     "typeof", "comment",   "size" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_is(word, words[i]))
			return true;
	return false;
}

static void read_line(struct filters *filters, struct str line, uint32_t number, bool *in_nft)
{
	struct str rest = line, word, name;

	if (!str_next_word(&rest, &word) || *word.ptr == '#' || *word.ptr == '*' ||
	    *word.ptr == ':')
		return;
	if (str_is(word, "table") && str_ends_with(str_trim(line), STR("{"))) {
		*in_nft = true;
		return;
	}
	if (*word.ptr == '[' || str_is(word, "-A")) {
		*in_nft = false;
		read_saved(filters, str_trim(line), number);
		return;
	}
	if ((str_is(word, "chain") || str_is(word, "Chain")) && str_next_word(&rest, &name)) {
		if (str_is(word, "Chain"))
			*in_nft = false;
		filters->chain = intern(filters->texts, name);
		return;
	}
	if (!*in_nft)
		read_listed(filters, line, number);
	else if (!is_nft_frame(word) && filters->chain)
		read_nft(filters, line, number);
}

static void read_filters(struct filters *filters, struct str text)
{
	bool in_nft = false;
	uint32_t number = 0;
	struct str line;

	while (str_next_line(&text, &line))
		read_line(filters, line, ++number, &in_nft);
}

/* The n-th rule of that chain and text: rules may stand twice. */
static const struct filter_rule *same_rule(const struct filters *before,
					   const struct filters *after, size_t index)
{
	const struct filter_rule *rule = &after->rules.items[index];
	const struct filter_rule *there =
		index < before->rules.count ? &before->rules.items[index] : NULL;
	size_t nth = 0;

	if (there && there->chain == rule->chain && there->text == rule->text)
		return there;
	if (index >= MAX_SEARCHED)
		return NULL; /* thousands of rules, and they were changed in between */
	for (size_t i = 0; i < index; i++)
		nth += after->rules.items[i].chain == rule->chain &&
		       after->rules.items[i].text == rule->text;
	for (size_t i = 0; i < before->rules.count; i++)
		if (before->rules.items[i].chain == rule->chain &&
		    before->rules.items[i].text == rule->text && !nth--)
			return &before->rules.items[i];
	return NULL;
}

struct telling {
	struct facts *facts;
	const char *source;
	struct entity entity;
	uint32_t line;
};

static void tell(const struct telling *to, const char *name, double number, const char *unit)
{
	facts_add(to->facts, (struct fact){
				     .entity = to->entity,
				     .name = facts_text(to->facts, name),
				     .type = FACT_NUMBER,
				     .number = number,
				     .unit = facts_text(to->facts, unit),
				     .source = facts_text(to->facts, to->source),
				     .source_line = to->line,
			     });
}

static void tell_rule(const struct telling *to, const struct filters *filters,
		      const struct filter_rule *rule, double rate)
{
	facts_add_text(to->facts, to->entity, "chain", interned_text(filters->texts, rule->chain),
		       to->source);
	facts_add_text(to->facts, to->entity, "verdict", rule->is_reject ? "reject" : "drop",
		       to->source);
	if (rule->is_random)
		tell(to, "random", 1, "");
	if (!rule->port_count)
		tell(to, "any_port", 1, "");
	for (size_t i = 0; i < rule->port_count; i++) {
		struct entity port = facts_entity(to->facts, "port",
						  interned_text(filters->texts, rule->ports[i]));

		facts_add_relation(to->facts, to->entity, "blocks", port);
		facts_add_text(to->facts, port, "filter", facts_str(to->facts, to->entity.name),
			       to->source);
		if (rate > 0)
			facts_add_number(to->facts, port, "filter_drops", rate, "per_s",
					 to->source);
	}
}

void filters_to_facts(struct str before, struct str after, double window_s, const char *source,
		      struct facts *facts)
{
	struct interner texts = INTERNER_INIT;
	struct filters first = { .texts = &texts }, second = { .texts = &texts };
	struct telling host = { facts, source, facts_entity(facts, "host", "the host"), 0 };
	double dropped = 0;
	size_t told = 0;

	read_filters(&first, before);
	read_filters(&second, after);
	/* quiet ones tell nothing */
	for (size_t i = 0; i < second.rules.count && told < MAX_TOLD; i++) {
		const struct filter_rule *rule = &second.rules.items[i], *old;
		struct telling to = { facts, source, { 0 }, rule->line };
		char name[MAX_TEXT_BYTES + 64];
		double rate = 0;

		if (rule->has_counter && !rule->packets)
			continue;
		old = before.len ? same_rule(&first, &second, i) : NULL;
		if (old && rule->packets > old->packets && window_s > 0)
			rate = (double)(rule->packets - old->packets) / window_s;
		if (before.len && rule->has_counter && rate <= 0)
			continue;
		dropped += rate;
		snprintf(name, sizeof(name), "%.40s %s", interned_text(&texts, rule->chain),
			 interned_text(&texts, rule->text));
		to.entity = facts_entity(facts, "filter", name);
		if (before.len && rule->has_counter)
			tell(&to, "drops", rate, "per_s");
		else if (rule->has_counter)
			tell(&to, "drops_total", (double)rule->packets, "");
		tell_rule(&to, &second, rule, rate);
		told++;
	}
	tell(&host, "filter_rules", (double)second.all, "");
	if (before.len)
		tell(&host, "filter_drops", dropped, "per_s");
	filter_rule_vec_done(&first.rules);
	filter_rule_vec_done(&second.rules);
	interner_done(&texts);
}

/* ---- alone */

static unsigned looks_like_filters(struct str text)
{
	struct str line, rest, word;

	for (size_t i = 0; i < 40 && str_next_line(&text, &line); i++) {
		rest = line;
		if (str_starts_with(line, STR("# Generated by iptables-save")) ||
		    str_starts_with(line, STR("# Generated by ip6tables-save")))
			return 2;
		if (str_starts_with(line, STR("Chain ")) &&
		    (str_find(line, STR("(policy ")) > 0 ||
		     str_find(line, STR(" references)")) > 0))
			return 2;
		if (!str_next_word(&rest, &word) || !str_is(word, "table"))
			continue;
		str_next_word(&rest, &word);
		if (str_ends_with(line, STR("{")) &&
		    (str_is(word, "ip") || str_is(word, "ip6") || str_is(word, "inet") ||
		     str_is(word, "bridge") || str_is(word, "arp") || str_is(word, "netdev")))
			return 2;
	}
	return 0;
}

static void parse_filters(struct parse *parse)
{
	struct str none = { "", 0 }, line;

	strbuf_add_text(&parse->format, "packet filter rules");
	filters_to_facts(none, parse->rest, 0, parse->input->source, parse->facts);
	while (parse_next_line(parse, &line))
		;
}

const struct host_parser iptables_parser = { "iptables", looks_like_filters, parse_filters };
