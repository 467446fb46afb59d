/*
 * The summary of perf trace -s: for each program its system calls, how often and how long in all.
 *    python3 (1234), 500 events, 99.9%
 *
 *      syscall            calls  errors  total       min       avg       max       stddev
 *                                        (msec)    (msec)    (msec)    (msec)        (%)
 *      --------------- --------  ------ -------- --------- --------- ---------     ------
 *      read                 12      0     3.123     0.001     0.260     1.000     30.00%
 */
#include "samples/import.h"

#include "samples/paste_table.h"

static bool is_header(struct str line)
{
	static const char *const words[] = { "syscall", "calls" };
	struct str word;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!str_next_word(&line, &word) || !str_is(word, words[i]))
			return false;
	return str_find(line, STR("total")) >= 0 && str_find(line, STR("stddev")) >= 0;
}

/* "python3 (1234), 500 events, 99.9%" */
static bool is_program(struct str line, struct str *ret_name)
{
	ptrdiff_t at = str_find(line, STR(" events, ")), open;

	if (at < 0)
		return false;
	line = str_trim((struct str){ line.ptr, (size_t)at });
	open = str_find(line, STR(" ("));
	if (open < 1)
		return false;
	*ret_name = (struct str){ line.ptr, (size_t)open };
	return true;
}

/* Older tools have no column of errors: then the number behind the calls has a fraction. */
static bool read_row(struct str line, bool has_errors, struct paste_table_row *ret)
{
	struct str name, word;
	enum paste_unit unit;
	double calls, total;

	if (!str_next_word(&line, &name) || !str_next_word(&line, &word) ||
	    !paste_number(word, &calls, &unit))
		return false;
	if (has_errors && !str_next_word(&line, &word))
		return false;
	if (!str_next_word(&line, &word) || !paste_number(word, &total, &unit))
		return false;
	*ret = (struct paste_table_row){
		.row = { .self = -1, .children = -1, .symbol = name, .calls = (uint64_t)calls },
		.self_value = total,
		.total = -1
	};
	return true;
}

static void read_summary(struct profile *profile, struct str text)
{
	struct paste_table table = { .profile = profile, .event = "time in system calls" };
	bool in_table = false, has_errors = false;
	struct str line, comm = STR(""), name;
	struct paste_table_row row;

	while (str_next_line(&text, &line)) {
		if (is_header(line)) {
			in_table = true;
			has_errors = str_find(line, STR("errors")) >= 0;
		} else if (is_program(line, &name)) {
			comm = name;
			in_table = false;
		} else if (!str_trim(line).len || str_find(line, STR("(msec)")) >= 0 ||
			   str_find(line, STR("-----")) >= 0 ||
			   str_find(line, STR("Summary of events")) >= 0) {
			continue;
		} else if (in_table && read_row(line, has_errors, &row)) {
			row.row.comm = comm;
			paste_table_add(&table, &row);
		} else {
			import_ignore(profile, line);
		}
	}
	paste_table_finish(&table);
}

static enum import_look look(struct str head)
{
	struct str line;

	for (unsigned i = 0; i < IMPORT_LOOK_LINES && str_next_line(&head, &line); i++)
		if (is_header(line))
			return LOOK_SURE;
	return LOOK_NO;
}

const struct importer import_syscalls_reader = { "perf trace -s", look, read_summary };
