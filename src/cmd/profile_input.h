/*
 * What all commands that read a profile share: the options (which input, which samples, where names
 * are looked for), loading, selecting, and the warnings about what is not whole.
 */
#pragma once

#include "cmd/command.h"
#include "samples/load.h"
#include "samples/select.h"

/* Put one into the command's own options struct; PROFILE_OPTIONS names it. */
struct profile_options {
	const char *input;
	struct profile_filter filter;
	const char *sysroot, *kallsyms;
	const char *max_stack; /* NULL: whole stacks */
	bool no_inlines;
};

/* clang-format off */
#define PROFILE_OPTION_AT(type, member, field) (offsetof(type, member) + offsetof(struct profile_options, field))

/* Rows of a command's option table, for the `struct profile_options member` of struct `type`. */
#define PROFILE_OPTIONS(type, member) \
	{ 'i', "input", "FILE", "the profile, in place of FILE; '-' is standard input", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, input) }, \
	{ 0, "event", "NAME", "of several events, show this one", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.event) }, \
	{ 0, "thread", "TID|NAME|busiest", "samples of these threads only (list, * and ?)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.thread) }, \
	{ 0, "tid", "TID", NULL, \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.thread) }, \
	{ 0, "pid", "PID", "samples of these processes only (list)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.pid) }, \
	{ 0, "comm", "NAME", "samples of these programs only (list, * and ?)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.comm) }, \
	{ 0, "comms", "NAME", NULL, \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.comm) }, \
	{ 0, "cpu", "CPU", "samples on these CPUs only (list, ranges)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.cpu) }, \
	{ 0, "dso", "NAME", "samples taken in these programs and libraries only (list, * and ?)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.dso) }, \
	{ 0, "dsos", "NAME", NULL, \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.dso) }, \
	{ 0, "symbol", "NAME", "samples taken in these functions only (list, * and ?)", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.symbol) }, \
	{ 0, "symbols", "NAME", NULL, \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.symbol) }, \
	{ 0, "through", "NAME", "samples with one of these functions anywhere in the stack", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.through) }, \
	{ 0, "time", "A,B", "samples between A and B: seconds from the first sample, percents, " \
	  "or time stamps of perf script", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, filter.time) }, \
	{ 0, "max-stack", "N", "at most N frames of each stack, counted from the leaf; 0: self time", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, max_stack) }, \
	{ 0, "no-inline", NULL, "do not look inlined functions up", \
	  OPTION_FLAG, PROFILE_OPTION_AT(type, member, no_inlines) }, \
	{ 0, "symfs", "DIR", "look for programs and libraries below DIR", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, sysroot) }, \
	{ 0, "kallsyms", "FILE", "kernel symbols of the recorded machine", \
	  OPTION_TEXT, PROFILE_OPTION_AT(type, member, kallsyms) }
/* clang-format on */

/* --max-stack=0: perf's way to ask for self time only. */
bool profile_options_no_stacks(const struct profile_options *options);

struct profile_input {
	struct profile *profile;
	struct profile_selection selection;
};

/* What a command needs of the profile, so that nothing is worked out in vain. */
struct profile_needs {
	bool lines;	    /* files and lines */
	bool no_inlines;    /* physical frames are enough */
	bool whole_profile; /* select nothing: the command does so itself */
	bool tells_ignored; /* what the command prints says which lines were not understood */
};

/*
 * Loads and selects: -i, else the first operand (argv[0], argc of them), else ./perf.data. Adds
 * warnings about damage, lost samples and lines not understood. ERROR_INPUT where nothing is
 * left after filtering.
 */
MUST_CHECK struct error *profile_input_open(struct command_context *context,
					    const struct profile_options *options,
					    const struct profile_needs *needs, int argc,
					    char **argv, struct profile_input *ret);
/* Takes and returns `error` (NULL is success), with what can be done where a file could not be
 * read. */
MUST_CHECK struct error *profile_input_hint(struct error *error);
void profile_input_done(struct profile_input *input);
#define auto_profile_input __attribute__((cleanup(profile_input_done)))
