/* Whatever is proposed: what runs unasked is made of plain bytes, and its words are those of the
 * line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "host/command_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct str line = { (const char *)data, size_bytes };
	auto_command_check struct command_check check = { 0 };
	auto_strbuf struct strbuf out = STRBUF_INIT;

	command_check(line, &check);
	if (!check.is_tabled)
		return 0;
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] < ' ' || line.ptr[i] > '~' ||
		    strchr("$`\\;&<>(){}*?[]~#!^", line.ptr[i]))
			abort();
	for (size_t i = 0; i < check.argc; i++)
		if (str_find(line, str_from(check.argv[i])) < 0 &&
		    !memchr(data, '\'', size_bytes) && !memchr(data, '"', size_bytes))
			abort();
	command_filters_apply(&check, line, &out);
	return 0;
}
