/* Log lines that are made of fields: one JSON object, or key=value pairs (logfmt). Internal to
 * host. */
#pragma once

#include "host/log_line.h"

struct log_fields {
	struct log_time time;
	enum log_level level;
};

/*
 * False where the line is neither. Else its time and level, and in `ret_text` (emptied first) what
 * it says: the message with its logger and error, or all fields where there is no message.
 */
bool log_fields_read(struct str line, struct log_fields *ret, struct strbuf *ret_text);
