#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/term.h"

/* Kinds beyond this are counted together: foreign input must not grow the list without end. */
#define MAX_KINDS 64

static char *enabled_domains; /* NULL: none; "": all */

void log_enable(const char *domains)
{
	free(enabled_domains);
	enabled_domains = x_strdup(domains ? domains : "");
	if (strcmp(enabled_domains, "all") == 0)
		enabled_domains[0] = '\0';
}

bool log_enabled(const char *domain)
{
	struct str rest, word;

	if (!enabled_domains)
		return false;
	rest = str_from(enabled_domains);
	if (!rest.len)
		return true;
	do {
		bool more = str_cut(rest, ',', &word, &rest);

		if (str_is(word, domain))
			return true;
		if (!more)
			return false;
	} while (true);
}

void log_debug(const char *domain, const char *format, ...)
{
	auto_strbuf struct strbuf line = STRBUF_INIT;
	va_list args;

	if (!log_enabled(domain))
		return;
	va_start(args, format);
	strbuf_vaddf(&line, format, args);
	va_end(args);
	fprintf(stderr, "%s: ", domain);
	term_write_safe(stderr, strbuf_str(&line));
	fputc('\n', stderr);
}

void warnings_done(struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		free(warnings->items[i].text);
	free(warnings->items);
	*warnings = (struct warnings){ 0 };
}

void warnings_add(struct warnings *warnings, const char *format, ...)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	if (warnings->count == MAX_KINDS - 1) {
		strbuf_reset(&text);
		strbuf_add_text(&text, "further warnings of other kinds");
	}
	for (size_t i = 0; i < warnings->count; i++) {
		if (strcmp(warnings->items[i].text, strbuf_text(&text)) == 0) {
			warnings->items[i].count++;
			return;
		}
	}
	if (warnings->count == MAX_KINDS) {
		warnings->items[MAX_KINDS - 1].count++;
		return;
	}
	if (warnings->count == warnings->allocated) {
		warnings->allocated = MAX(warnings->allocated * 2, (size_t)8);
		warnings->items = x_reallocarray(warnings->items, warnings->allocated,
						 sizeof(*warnings->items));
	}
	warnings->items[warnings->count++] = (struct warning){ strbuf_take(&text), 1 };
}

void warnings_print(const struct warnings *warnings, FILE *stream)
{
	for (size_t i = 0; i < warnings->count; i++) {
		const struct warning *warning = &warnings->items[i];

		fputs("sysgrok: warning: ", stream);
		term_write_safe(stream, str_from(warning->text));
		if (warning->count > 1)
			fprintf(stream, " (%" PRIu64 " times)", warning->count);
		fputc('\n', stream);
	}
}
