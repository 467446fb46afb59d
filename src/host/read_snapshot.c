#include "host/read_snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "host/host.h"
#include "host/look_facts.h"
#include "host/net.h"
#include "host/objects.h"
#include "host/resolvers.h"
#include "host/suspect.h"

/* How far back messages of the kernel are told. The rules make warnings of what goes on only. */
static const double kernel_log_margin_s = 600;

static void tell_collector(const struct host_record *record, struct facts *facts)
{
	struct entity collector = facts_entity(facts, "collector", record->id);

	if (record->is_absent)
		facts_add_absent(facts, collector, "collected",
				 record->reason ? record->reason : "nothing was read",
				 record->command);
	else
		facts_add_text(facts, collector, "collected",
			       record->is_whole ? "whole"
			       : record->reason ? record->reason
						: "it ended with an error: what it told was read",
			       record->command);
}

/* The program's name: what the table of parsers goes by. */
static const char *program_of(const struct host_record *record, char *buffer, size_t size)
{
	struct str words = str_from(record->command), word = { 0 };

	str_next_word(&words, &word);
	snprintf(buffer, size, "%.*s", (int)MIN(word.len, size - 1), word.ptr);
	return buffer;
}

/* "[ 1234.567890] ..." : seconds since boot. */
static bool kernel_time(struct str line, double *ret)
{
	struct str stamp, rest;

	if (!line.len || *line.ptr != '[')
		return false;
	line = (struct str){ line.ptr + 1, line.len - 1 };
	return str_cut(line, ']', &stamp, &rest) && str_to_double(str_trim(stamp), ret);
}

/* The kernel's log goes back to its start: what happened long ago says nothing of now. */
static struct str recent_lines(struct str log, double since_s)
{
	struct str rest = log, line, recent = { log.ptr + log.len, 0 };

	while (str_next_line(&rest, &line)) {
		double time_s;

		if (kernel_time(line, &time_s) && time_s >= since_s)
			return (struct str){ line.ptr, log.len - (size_t)(line.ptr - log.ptr) };
	}
	return recent;
}

void host_snapshot_to_facts(const struct host_snapshot *snapshot, struct facts *facts)
{
	auto_looks struct looks looks = { 0 };
	struct entity suspect;
	const struct host_record *look = host_snapshot_find(snapshot, "look");

	if (look && !look->is_absent) {
		looks_read(strbuf_str(&look->out), &looks);
		looks_to_facts(&looks, "", look->command, facts);
	}
	for (size_t i = 0; i < snapshot->records.count; i++) {
		const struct host_record *record = &snapshot->records.items[i];
		char program[64];
		struct host_text text = {
			.command = program_of(record, program, sizeof(program)),
			.source = record->command,
			.text = strbuf_str(&record->out),
			.is_cut = !record->is_whole,
		};

		tell_collector(record, facts);
		if (record->is_absent || strcmp(record->id, "look") == 0)
			continue;
		if (record->subject) {
			if (suspect_find(facts, record->subject, &suspect))
				suspect_to_facts(record->id, text.text, suspect, record->command,
						 facts);
			continue;
		}
		if (strcmp(record->id, "kernel-log") == 0 && looks.count)
			text.text = recent_lines(text.text,
						 looks.look[0].begin_s - kernel_log_margin_s);
		if (strcmp(record->id, "objects") == 0)
			objects_to_facts(text.text, &looks, "", record->command, facts);
		else if (strcmp(record->id, "network") == 0)
			net_to_facts(text.text, record->command, facts);
		else if (strcmp(record->id, "resolvers") == 0)
			resolvers_to_facts(text.text, record->command, facts);
		else if (text.text.len)
			host_read(&text, facts);
	}
}
