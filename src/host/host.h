/*
 * What commands of a Linux host printed, and what its logs say, as facts. One text after the other
 * is handed over (a file today; what a command printed, once there is a room that runs them): its
 * parser is chosen by the command's name and by looking at it, and what no parser knows is reduced
 * as free text. Knows no rules, prints nothing and asks no machine: all that is said comes from the
 * text, and every fact names its file and line.
 *
 * Entities, and the facts that rules speak of:
 *   input FILE        format, lines, unknown_lines; absent: "content" with the
 * reason of logs: first, last, span, errors, warnings, templates, merged_lines, gap ... host "the
 * host"   load_1 load_5 load_15, cpu_user ... cpu_steal, cpu_busy, tasks_*, memory_*, swap_*
 *   process "NAME (PID)", thread "NAME (TID)", command NAME
 *   message "FILE:LINE" of its first   text, count, level, first, last, burst ..., values
 *   and, of known messages, the entity that they name (src/host/log_known.h)
 */
#pragma once

#include "base/str.h"
#include "facts/facts.h"

struct host_text {
	const char *command; /* "top", "dmesg"; "" = not known */
	const char *source;  /* what facts cite */
	struct str text;
	bool is_cut; /* there was more of it */
};

/* Reads one text into facts. Never fails: what cannot be read is said in a fact of its input. */
void host_read(const struct host_text *text, struct facts *facts);
/* Says of an input that nothing could be read of it, and why. */
void host_refuse(struct facts *facts, const char *source, const char *reason);
/* After the last text: what follows from several of them together (how long ago a message was). */
void host_finish(struct facts *facts);

/*
 * The command that a file is named after: the name up to its first '.', as perf-gpt has it.
 * "dmesg.1.log" is dmesg. Borrowed.
 */
struct str host_command_of(const char *file_name);

/* What the texts can and cannot tell, area by area, once rules have judged. */
enum host_verdict { HOST_EXONERATED, HOST_SUSPECT, HOST_NOT_CHECKED };

struct host_area {
	const char *name; /* "cpu", "memory", ... */
	enum host_verdict verdict;
	const char *reason; /* why it was not checked, or on what it is exonerated */
	const char *run;    /* the command that would tell; NULL where it was checked */
};

/* Fills at most `max`; how many there are. What a look was to bring and did not stands behind the
 * areas. Texts are static, or the facts'. */
size_t host_areas(const struct facts *facts, struct host_area *ret, size_t max);
