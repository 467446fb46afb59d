/*
 * /proc/mdstat. Entity device mdN: raid_level, raid_state, raid_disks, raid_working,
 * raid_failed_disks, raid_spares, raid_recovery (share done), raid_action.
 */
#include <string.h>

#include "base/memory.h"
#include "host/parser.h"

struct array {
	struct entity device;
	bool is_open;
};

/* "md0 : active raid1 sdb1[1](F) sda1[0]" */
static bool array_begin(struct parse *parse, struct array *array, struct str line)
{
	struct str name, rest, word;
	unsigned failed = 0, spares = 0, members = 0;
	uint32_t at = parse->line;
	auto_free char *text = NULL;

	if (!str_starts_with(line, STR("md")) || !str_cut(line, ':', &name, &rest))
		return false;
	name = str_trim(name);
	if (!name.len || name.len > 64 || memchr(name.ptr, ' ', name.len))
		return false;
	text = x_strndup(name.ptr, name.len);
	array->device = facts_entity(parse->facts, "device", text);
	array->is_open = true;
	if (str_next_word(&rest, &word))
		parse_text(parse, array->device, "raid_state", word, at);
	while (str_next_word(&rest, &word)) {
		if (memchr(word.ptr, '[', word.len)) {
			members++;
			failed += str_find(word, STR("(F)")) >= 0;
			spares += str_find(word, STR("(S)")) >= 0;
		} else if (*word.ptr != '(') {
			parse_text(parse, array->device, "raid_level", word, at);
		} else if (str_is(word, "(read-only)")) {
			parse_text(parse, array->device, "readonly", STR("yes"), at);
		}
	}
	parse_number(parse, array->device, "raid_members", members, "disks", at);
	parse_number(parse, array->device, "raid_failed_disks", failed, "disks", at);
	parse_number(parse, array->device, "raid_spares", spares, "disks", at);
	return true;
}

/* "[2/1]" wants two and has one; "[U_]" says the same, disk by disk */
static void disks_tell(struct parse *parse, const struct array *array, struct str line)
{
	struct str word, wanted, working;
	uint64_t number[2];

	while (str_next_word(&line, &word)) {
		if (*word.ptr != '[' || !str_ends_with(word, STR("]")) ||
		    !str_cut((struct str){ word.ptr + 1, word.len - 2 }, '/', &wanted, &working))
			continue;
		if (!str_to_u64(wanted, &number[0]) || !str_to_u64(working, &number[1]))
			continue;
		parse_number(parse, array->device, "raid_disks", (double)number[0], "disks",
			     parse->line);
		parse_number(parse, array->device, "raid_working", (double)number[1], "disks",
			     parse->line);
		return;
	}
}

/* "[==>......]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec" */
static void action_tell(struct parse *parse, const struct array *array, struct str line)
{
	static const char *const actions[] = { "recovery", "resync", "reshape", "check" };

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		ptrdiff_t at = str_find(line, str_from(actions[i]));
		struct str rest, word;
		double percent;
		size_t used;

		if (at < 0)
			continue;
		rest = (struct str){ line.ptr + at + strlen(actions[i]),
				     line.len - (size_t)at - strlen(actions[i]) };
		parse_text(parse, array->device, "raid_action", str_from(actions[i]), parse->line);
		while (rest.len && (*rest.ptr == ' ' || *rest.ptr == '=')) {
			rest.ptr++;
			rest.len--;
		}
		word = rest;
		if (number_scan(word, &percent, &used))
			parse_number(parse, array->device, "raid_recovery", percent / 100, "ratio",
				     parse->line);
		return;
	}
}

static unsigned mdstat_looks(struct str text)
{
	struct str line;

	return str_next_line(&text, &line) && str_starts_with(line, STR("Personalities :")) ? 2 : 0;
}

static void mdstat_parse(struct parse *parse)
{
	struct array array = { .is_open = false };
	unsigned arrays = 0;
	struct str line;

	while (parse_next_line(parse, &line)) {
		if (array_begin(parse, &array, line)) {
			arrays++;
		} else if (line.len && (*line.ptr == ' ' || *line.ptr == '\t') && array.is_open) {
			disks_tell(parse, &array, line);
			action_tell(parse, &array, line);
		} else if (str_trim(line).len && !str_starts_with(line, STR("Personalities")) &&
			   !str_starts_with(line, STR("unused devices")) &&
			   !str_starts_with(line, STR("read_ahead"))) {
			parse_unknown(parse, line);
		}
	}
	strbuf_addf(&parse->format, "mdstat, %u arrays", arrays);
}

const struct host_parser mdstat_parser = { "mdstat", mdstat_looks, mdstat_parse };
