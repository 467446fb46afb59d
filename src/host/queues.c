#include "host/queues.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/vec.h"
#include "host/parser.h"

enum { MAX_QUEUES = 4096, MAX_NAME_BYTES = 48 };

struct queue {
	char kind[24], device[MAX_NAME_BYTES], handle[24];
	bool is_root;
	uint32_t line;
	double rate; /* bytes a second, of a shaper; 0: none */
	uint64_t drops, overlimits, backlog;
};

VEC_DEFINE(queue_vec, struct queue)

static void copy(char *to, size_t size, struct str from)
{
	snprintf(to, size, "%.*s", (int)MIN(from.len, size - 1), from.ptr);
}

/* "8Mbit", "1024bit", "2500Kbit": bytes a second, decimal as tc counts rates */
static double rate_of(struct str word)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "bit", 1 }, { "Kbit", 1e3 }, { "Mbit", 1e6 }, { "Gbit", 1e9 } };
	double number;
	size_t used;

	if (!number_scan(word, &number, &used))
		return 0;
	word = (struct str){ word.ptr + used, word.len - used };
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_is(word, units[i].unit))
			return number * units[i].factor / 8;
	return 0;
}

/* "68Kb", "1514b", "0b": bytes, by 1024 */
static uint64_t bytes_of(struct str word)
{
	double number, factor = 1;
	size_t used;

	if (!number_scan(word, &number, &used) || number < 0)
		return 0;
	if (used < word.len)
		factor = word.ptr[used] == 'K'	 ? 1024.0
			 : word.ptr[used] == 'M' ? 1048576.0
			 : word.ptr[used] == 'G' ? 1073741824.0
						 : 1.0;
	return number * factor < 1e18 ? (uint64_t)(number * factor) : 0;
}

/* "qdisc tbf 8002: dev eth0 root refcnt 2 rate 8Mbit burst 16Kb lat 400ms" */
static void read_head(struct queue_vec *queues, struct str line, uint32_t number)
{
	struct queue queue = { .line = number };
	struct str word, value;

	if (queues->count >= MAX_QUEUES || !str_next_word(&line, &word) ||
	    !str_next_word(&line, &word))
		return;
	copy(queue.kind, sizeof(queue.kind), word);
	if (str_next_word(&line, &word))
		copy(queue.handle, sizeof(queue.handle), word);
	while (str_next_word(&line, &word)) {
		if (str_is(word, "root"))
			queue.is_root = true;
		else if (str_is(word, "dev") && str_next_word(&line, &value))
			copy(queue.device, sizeof(queue.device), value);
		else if ((str_is(word, "rate") || str_is(word, "maxrate") ||
			  str_is(word, "bandwidth")) &&
			 str_next_word(&line, &value))
			queue.rate = rate_of(value);
	}
	if (*queue.device)
		queue_vec_push(queues, queue);
}

/* " Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0)", " backlog 0b 0p requeues 0" */
static void read_counts(struct queue *queue, struct str line)
{
	struct str word, value;

	while (str_next_word(&line, &word)) {
		uint64_t number = 0;

		if (str_is(word, "backlog") && str_next_word(&line, &value)) {
			queue->backlog = bytes_of(value);
			continue;
		}
		if (!str_ends_with(word, STR("dropped")) && !str_is(word, "overlimits"))
			continue;
		if (!str_next_word(&line, &value))
			return;
		if (str_ends_with(value, STR(",")))
			value.len--;
		str_to_u64(value, &number);
		if (str_is(word, "overlimits"))
			queue->overlimits = number;
		else if (*word.ptr == '(')
			queue->drops = number;
	}
}

static uint64_t read_queues(struct str text, struct queue_vec *queues)
{
	uint64_t unknown = 0;
	uint32_t number = 0;
	struct str line;

	while (str_next_line(&text, &line)) {
		number++;
		if (str_starts_with(line, STR("qdisc ")))
			read_head(queues, line, number);
		else if (queues->count && line.len && *line.ptr == ' ')
			read_counts(&queues->items[queues->count - 1], line);
		else
			unknown += line.len > 0;
	}
	return unknown;
}

static const struct queue *same_queue(const struct queue_vec *queues, const struct queue *queue)
{
	for (size_t i = 0; i < queues->count; i++)
		if (!strcmp(queues->items[i].device, queue->device) &&
		    !strcmp(queues->items[i].handle, queue->handle) &&
		    !strcmp(queues->items[i].kind, queue->kind))
			return &queues->items[i];
	return NULL;
}

struct telling {
	struct facts *facts;
	const char *source;
	struct entity interface;
	uint32_t line;
};

static void tell(const struct telling *to, const char *name, double number, const char *unit)
{
	facts_add(to->facts, (struct fact){
				     .entity = to->interface,
				     .name = facts_text(to->facts, name),
				     .type = FACT_NUMBER,
				     .number = number,
				     .unit = facts_text(to->facts, unit),
				     .source = facts_text(to->facts, to->source),
				     .source_line = to->line,
			     });
}

static double growth(uint64_t before, uint64_t after, double window_s)
{
	return after > before && window_s > 0 ? (double)(after - before) / window_s : 0;
}

static void tell_queue(const struct telling *to, const struct queue *queue,
		       const struct queue *before, double window_s)
{
	facts_add_text(to->facts, to->interface, "qdisc", queue->kind, to->source);
	if (queue->rate > 0)
		tell(to, "qdisc_rate", queue->rate, "bytes_per_s");
	if (!before) {
		tell(to, "qdisc_backlog", (double)queue->backlog, "bytes");
		tell(to, "qdisc_overlimits_total", (double)queue->overlimits, "");
		tell(to, "qdisc_drops_total", (double)queue->drops, "");
		return;
	}
	tell(to, "qdisc_backlog", (double)MIN(queue->backlog, before->backlog), "bytes");
	tell(to, "qdisc_backlog_most", (double)MAX(queue->backlog, before->backlog), "bytes");
	tell(to, "qdisc_overlimits", growth(before->overlimits, queue->overlimits, window_s),
	     "per_s");
	tell(to, "qdisc_drops", growth(before->drops, queue->drops, window_s), "per_s");
}

void queues_to_facts(struct str before, struct str after, double window_s, const char *source,
		     struct facts *facts)
{
	struct queue_vec first = { 0 }, second = { 0 };

	read_queues(before, &first);
	read_queues(after, &second);
	for (size_t i = 0; i < second.count; i++) {
		const struct queue *queue = &second.items[i];
		struct telling to = { facts, source,
				      facts_entity(facts, "interface", queue->device),
				      queue->line };

		/* those below the root are counted in it, except where it is only a stand (mq) */
		if (!queue->is_root || !strcmp(queue->kind, "noqueue"))
			continue;
		tell_queue(&to, queue, first.count ? same_queue(&first, queue) : NULL, window_s);
	}
	queue_vec_done(&first);
	queue_vec_done(&second);
}

/* ---- alone */

static unsigned looks_like_tc(struct str text)
{
	struct str line;

	for (size_t i = 0; i < 20 && str_next_line(&text, &line); i++)
		if (str_starts_with(line, STR("qdisc ")) && str_find(line, STR(" dev ")) > 0)
			return 2;
	return 0;
}

static void parse_tc(struct parse *parse)
{
	struct str none = { "", 0 }, line;

	strbuf_add_text(&parse->format, "tc -s qdisc");
	queues_to_facts(none, parse->rest, 0, parse->input->source, parse->facts);
	while (parse_next_line(parse, &line))
		;
}

const struct host_parser tc_parser = { "tc", looks_like_tc, parse_tc };
