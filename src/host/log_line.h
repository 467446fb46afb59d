/*
 * One line of a log taken apart: its time, how grave it says to be, and the text that is reduced.
 * syslog, journal, kernel, nginx and Apache (access and error), PostgreSQL, Java, Go, Python, JSON
 * and logfmt lines; what follows without a stamp (stack traces) belongs to the line before.
 * Internal to host.
 */
#pragma once

#include "host/log_mask.h"
#include "host/log_time.h"

enum log_level {
	LOG_LEVEL_NONE, /* nothing is said */
	LOG_LEVEL_INFO, /* also debug and notice */
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_FATAL, /* critical, alert, emergency, panic */
	LOG_LEVELS
};

extern const char *const log_level_names[LOG_LEVELS];

struct log_line {
	struct log_time time; /* LOG_CLOCK_NONE: none */
	enum log_level level;
	bool level_is_said; /* by the line's own field or word, not by what it speaks of */
	bool is_continuation;
	bool is_request; /* of a web server: the second word is the path, the fourth the status */
	struct str text; /* good until the next line */
};

/* What was learnt of the file so far. */
struct log_reader {
	bool is_timed;	      /* its lines have stamps: one without belongs to the line before */
	unsigned stamp_words; /* words before the stamp */
	uint64_t structured;  /* JSON and logfmt lines, access lines: for the format's name */
	uint64_t requests, kernel, syslog;
	struct strbuf text;
};

/* Looks at the beginning of the file. */
void log_reader_init(struct log_reader *reader, struct str head);
void log_reader_done(struct log_reader *reader);
void log_line_read(struct log_reader *reader, struct str raw, struct log_line *ret);

/*
 * The words of the line, at most LOG_MAX_WORDS (the rest is one "..."), with the level that the
 * words speak of where the line did not say one: how many.
 */
size_t log_words_read(struct log_line *line, struct log_word *ret);
/* The level that a word stands for: "ERROR", "[warn]", "<3>"; LOG_LEVEL_NONE for all others. */
enum log_level log_level_of(struct str word);
