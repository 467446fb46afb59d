#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void strbuf_done(struct strbuf *buf)
{
	free(buf->ptr);
	*buf = (struct strbuf)STRBUF_INIT;
}

/* Makes room for `more` bytes and a NUL; returns how many of them fit under the cap. */
static size_t reserve(struct strbuf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : STRBUF_DEFAULT_CAP;
	size_t room = cap > buf->len ? cap - buf->len : 0;

	if (more > room) {
		buf->truncated = true;
		more = room;
	}
	if (buf->len + more + 1 > buf->allocated) {
		size_t wanted = MAX(buf->len + more + 1, buf->allocated * 2);

		buf->allocated = MAX(wanted, (size_t)64);
		buf->ptr = x_realloc(buf->ptr, buf->allocated);
	}
	return more;
}

void strbuf_add(struct strbuf *buf, struct str text)
{
	size_t fits = reserve(buf, text.len);

	if (fits)
		memcpy(buf->ptr + buf->len, text.ptr, fits);
	buf->len += fits;
	buf->ptr[buf->len] = '\0';
}

void strbuf_add_text(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, str_from(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
	strbuf_add(buf, (struct str){ &c, 1 });
}

void strbuf_add_repeated(struct strbuf *buf, char c, size_t count)
{
	size_t fits = reserve(buf, count);

	memset(buf->ptr + buf->len, c, fits);
	buf->len += fits;
	buf->ptr[buf->len] = '\0';
}

void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
{
	char small[256];
	char *large = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(small, sizeof(small), format, args);
	if (length >= (int)sizeof(small)) {
		length = vasprintf(&large, format, again);
		if (length >= 0)
			strbuf_add(buf, (struct str){ large, (size_t)length });
		free(large);
	} else if (length >= 0) {
		strbuf_add(buf, (struct str){ small, (size_t)length });
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(buf, format, args);
	va_end(args);
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	buf->truncated = false;
	if (buf->ptr)
		buf->ptr[0] = '\0';
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->ptr ? buf->ptr : "";
}

struct str strbuf_str(const struct strbuf *buf)
{
	return (struct str){ strbuf_text(buf), buf->len };
}

char *strbuf_take(struct strbuf *buf)
{
	char *text = buf->ptr ? buf->ptr : x_strdup("");

	*buf = (struct strbuf){ .cap = buf->cap };
	return text;
}
