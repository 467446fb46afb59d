/* Heap memory. Running out aborts with a message: no caller of ours can do better. */
#pragma once

#include <stddef.h>

#include "base/macros.h"

/* All return owned, non-NULL memory (also for size 0); x_calloc zeroes it. */
void *x_malloc(size_t size_bytes);
void *x_calloc(size_t count, size_t size_bytes);
void *x_realloc(void *ptr, size_t size_bytes);
/* realloc of an array; aborts when count * size_bytes overflows. */
void *x_reallocarray(void *ptr, size_t count, size_t size_bytes);
char *x_strdup(const char *text);
char *x_strndup(const char *text, size_t length);
/* Formats into owned memory. */
char *x_asprintf(const char *format, ...) PRINTF(1, 2);
