/*
 * A streaming JSON writer. Commas, escapes (control bytes, invalid UTF-8 as U+FFFD) and indentation
 * are its business; nesting is checked by assert. Numbers never follow the locale.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

struct json_writer {
	FILE *stream;
	unsigned depth;
	bool need_comma, after_key;
};

struct json_writer json_writer_on(FILE *stream);
void json_object_begin(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array_begin(struct json_writer *json);
void json_array_end(struct json_writer *json);
void json_key(struct json_writer *json, const char *key);
void json_text(struct json_writer *json, const char *text); /* NULL writes null */
void json_text_str(struct json_writer *json, struct str text);
void json_int(struct json_writer *json, int64_t value);
void json_uint(struct json_writer *json, uint64_t value);
void json_real(struct json_writer *json, double value); /* shortest form; not finite: null */
void json_bool(struct json_writer *json, bool value);
void json_null(struct json_writer *json);
/* "0x..." text: JSON readers lose integers above 2^53. */
void json_address(struct json_writer *json, uint64_t address);
/* A key and its value at once. */
void json_key_text(struct json_writer *json, const char *key, const char *text);
void json_key_int(struct json_writer *json, const char *key, int64_t value);
void json_key_uint(struct json_writer *json, const char *key, uint64_t value);
void json_key_real(struct json_writer *json, const char *key, double value);
void json_key_bool(struct json_writer *json, const char *key, bool value);
/* A final newline; call once, at depth 0. */
void json_finish(struct json_writer *json);
