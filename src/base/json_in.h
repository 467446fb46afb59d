/*
 * Reads JSON that others wrote, into an arena. RFC 8259, with what servers really send let through:
 * halves of surrogate pairs ("\ud83e" alone, as streams cut emojis) become three bytes each, as if
 * UTF-8 had them (WTF-8), so that a caller can join them; other invalid UTF-8 becomes U+FFFD. Of a
 * doubled key the first is found. (jansson refuses such a half, and its names are those of
 * json_out.h.)
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	bool truth;
	double number;
	struct str text;	  /* JSON_TEXT, NUL-terminated; of a number as it was written */
	struct str key;		  /* in an object */
	const struct json *first; /* child of an array or object */
	const struct json *next;  /* sibling */
};

/* The values live as long as the arena; `text` may go. Nesting is capped. ERROR_INPUT names the
 * offset. */
MUST_CHECK struct error *json_parse(struct str text, struct arena *arena, const struct json **ret);
/* All take NULL, and give NULL or false where there is no such thing. */
const struct json *json_find(const struct json *object, const char *key);
bool json_get_text(const struct json *value, struct str *ret);
bool json_get_number(const struct json *value, double *ret);
