#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cleanup_free(void *pointer_to_pointer)
{
	void *owned;

	memcpy(&owned, pointer_to_pointer, sizeof(owned));
	free(owned);
}

void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void cleanup_fclose(void *pointer_to_file)
{
	FILE *file;

	memcpy(&file, pointer_to_file, sizeof(file));
	if (file)
		fclose(file);
}

static void *or_abort(void *ptr, size_t size_bytes)
{
	if (!ptr) {
		fprintf(stderr, "sysgrok: out of memory (%zu bytes asked for)\n", size_bytes);
		abort();
	}
	return ptr;
}

void *x_malloc(size_t size_bytes)
{
	return or_abort(malloc(size_bytes ? size_bytes : 1), size_bytes);
}

void *x_calloc(size_t count, size_t size_bytes)
{
	return or_abort(calloc(count ? count : 1, size_bytes ? size_bytes : 1), count);
}

void *x_realloc(void *ptr, size_t size_bytes)
{
	return or_abort(realloc(ptr, size_bytes ? size_bytes : 1), size_bytes);
}

void *x_reallocarray(void *ptr, size_t count, size_t size_bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, size_bytes, &total))
		return or_abort(NULL, SIZE_MAX);
	return x_realloc(ptr, total);
}

char *x_strdup(const char *text)
{
	return x_strndup(text, strlen(text));
}

char *x_strndup(const char *text, size_t length)
{
	char *copy = x_malloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *x_asprintf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	return or_abort(length < 0 ? NULL : text, 0);
}
