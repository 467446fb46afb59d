/*
 * Log lines reduced to templates: lines that say the same with other values are one row with a
 * count. The method is Drain's (He et al., ICWS 2017: a tree of fixed depth by level, length and
 * first words, then the most similar template of the leaf; words in which they differ become <*>),
 * behind masks for numbers and the like, and a table of masked lines met before that makes the tree
 * rarely needed. Memory is bounded: beyond LOG_MAX_TEMPLATES lines go to the most similar template
 * of their leaf however little that is, or to "(other lines)", and are counted as merged.
 * The same lines in the same order give the same templates. Internal to host.
 */
#pragma once

#include "base/arena.h"
#include "base/id_table.h"
#include "base/vec.h"
#include "host/log_line.h"
#include "host/log_rate.h"

enum {
	LOG_MAX_TEMPLATES = 3000,
	LOG_MAX_SLOTS = 6,  /* words of a template whose values are counted */
	LOG_MAX_VALUES = 8, /* values of a slot, the most frequent */
	LOG_VALUE_BYTES = 48,
	LOG_BEFORE = 32, /* lines that are looked at in front of an error */
	LOG_BELOW = 4,	 /* lines kept of what follows below a line */
};

/* A value and how often it was there; `error`: of those, how many may be of others. */
struct log_value {
	uint64_t hash;
	uint32_t count, error;
	uint8_t length;
	char text[LOG_VALUE_BYTES];
};

struct log_slot {
	uint32_t word; /* of the template */
	enum log_mask mask;
	uint64_t count, other; /* `other`: values that had to go for more frequent ones */
	double low, high;      /* of numbers; low > high: none */
	size_t value_count;
	struct log_value values[LOG_MAX_VALUES];
};

struct log_template_word {
	uint64_t hash;
	struct str text; /* masked */
	bool is_any;
};

struct log_template {
	enum log_level level;
	bool level_is_said;
	uint32_t known; /* row of log_known.h + 1; 0: none */
	uint32_t word_count, slot_count;
	struct log_template_word *words;
	struct log_slot *slots; /* room for LOG_MAX_SLOTS */
	uint64_t count, first_line, last_line;
	struct log_time first, last;
	uint64_t second_count, best_second_count; /* in one second: now, and at most */
	int64_t second, best_second;
	struct log_rate rate;
	struct str example; /* the first line */
	struct str below[LOG_BELOW], below_last;
	char *below_last_room;
	uint32_t below_count;
	uint32_t before[LOG_BEFORE]; /* of a warning or worse: template ids + 1 of the lines before
				      */
	uint64_t before_lines;
};

VEC_DEFINE(log_template_vec, struct log_template *)

struct log_leaf {
	uint64_t key;
	uint32_t *ids;
	uint32_t count, allocated;
	uint32_t first_words; /* leaves that differ from this one, of any first word, in it only */
};

VEC_DEFINE(log_leaf_vec, struct log_leaf)

struct log_known_line {
	uint64_t hash;
	uint32_t id;
};

struct log_templates {
	struct arena arena;
	struct log_template_vec all;
	struct log_leaf_vec leaves;
	struct id_table by_key;
	struct log_known_line *known; /* masked lines met before */
	uint32_t known_count;
	uint64_t merged_lines;
	uint32_t recent[LOG_BEFORE]; /* ids + 1, a ring */
	struct log_time recent_time[LOG_BEFORE];
	uint64_t lines;
	struct log_span span;
	struct log_rate rate; /* of all lines with a time */
};

void log_templates_init(struct log_templates *templates);
void log_templates_done(struct log_templates *templates);

/* Counts a line under its template, whose id is returned. */
uint32_t log_templates_add(struct log_templates *templates, const struct log_line *line,
			   const struct log_word *words, size_t count, uint64_t line_number);
/* A line that belongs below one of the template `id`. */
void log_templates_below(struct log_templates *templates, uint32_t id, struct str text);
/* "Failed password for <*> from <ip> port <num>" */
void log_template_write(const struct log_template *template, struct strbuf *out);
