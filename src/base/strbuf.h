/* Growing text. Its cap, set at init, bounds what foreign input can make it hold. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct strbuf {
	char *ptr;  /* always NUL-terminated once something was added */
	size_t len; /* without the NUL */
	size_t allocated;
	size_t cap;	/* 0: STRBUF_DEFAULT_CAP */
	bool truncated; /* something did not fit under the cap and was dropped */
};

#define STRBUF_DEFAULT_CAP ((size_t)1 << 30)
#define STRBUF_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}

void strbuf_done(struct strbuf *buf);
#define auto_strbuf __attribute__((cleanup(strbuf_done)))

void strbuf_add(struct strbuf *buf, struct str text);
void strbuf_add_text(struct strbuf *buf, const char *text);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_add_repeated(struct strbuf *buf, char c, size_t count);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF(2, 3);
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void strbuf_reset(struct strbuf *buf);
/* Never NULL. */
const char *strbuf_text(const struct strbuf *buf);
struct str strbuf_str(const struct strbuf *buf);
/* Hands the text over (owned by the caller) and leaves the buffer empty. */
char *strbuf_take(struct strbuf *buf);
