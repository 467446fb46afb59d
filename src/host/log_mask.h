/*
 * The words of a log line with what varies masked: numbers, addresses, ids, times. Two lines whose
 * words have the same hashes say the same with other values. Internal to host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/strbuf.h"

enum log_mask {
	LOG_MASK_NONE,
	LOG_MASK_NUM,
	LOG_MASK_HEX,
	LOG_MASK_IP,
	LOG_MASK_MAC,
	LOG_MASK_UUID,
	LOG_MASK_TIME,
	LOG_MASK_DATE,
	LOG_MASK_PATH,
	LOG_MASK_URL,
	LOG_MASK_ID,
	LOG_MASK_ANY, /* a word that turned out to vary */
	LOG_MASKS
};

/* "<num>", "<ip>", ...; "<*>" for LOG_MASK_ANY. */
extern const char *const log_mask_names[LOG_MASKS];

enum { LOG_MAX_WORDS = 48 };

struct log_word {
	struct str text;
	uint64_t hash;	    /* of the masked word */
	struct str value;   /* what its first mask stands for */
	enum log_mask mask; /* the first one; LOG_MASK_NONE: it has none */
};

/* The word's hash and mask. `is_path`: the whole word is one path, whatever it looks like. */
void log_word_read(struct str text, bool is_path, struct log_word *ret);
/* Appends the masked word as people read it: "tool[<num>]:". */
void log_word_write(struct str text, bool is_path, struct strbuf *out);
