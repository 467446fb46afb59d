#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void error_free(struct error *error)
{
	while (error) {
		struct error *cause = error->cause;

		free(error->message);
		free(error->hint);
		free(error);
		error = cause;
	}
}

void cleanup_error(struct error **error)
{
	error_free(*error);
}

__attribute__((format(printf, 2, 0))) static struct error *
error_format(enum error_code code, const char *format, va_list args)
{
	struct error *error = x_calloc(1, sizeof(*error));

	error->code = code;
	if (vasprintf(&error->message, format, args) < 0)
		error->message = x_strdup("out of memory");
	return error;
}

struct error *error_new(enum error_code code, const char *format, ...)
{
	struct error *error;
	va_list args;

	va_start(args, format);
	error = error_format(code, format, args);
	va_end(args);
	return error;
}

static enum error_code code_of_errno(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ESRCH:
	case ENOTDIR:
		return ERROR_NO_FILE;
	case EACCES:
	case EPERM:
		return ERROR_PERMISSION;
	case ENOSYS:
	case EOPNOTSUPP:
	case ENODEV:
		return ERROR_UNSUPPORTED;
	case EISDIR:
		return ERROR_INPUT;
	case EBADF:
	case EFBIG:
	case EIO:
	case ENOSPC:
	case EPIPE:
	case EDQUOT:
	case EROFS:
		return ERROR_IO;
	default:
		return ERROR_FAILED;
	}
}

struct error *error_errno(int errno_value, const char *format, ...)
{
	struct error *error;
	va_list args;
	char *message;

	va_start(args, format);
	error = error_format(code_of_errno(errno_value), format, args);
	va_end(args);
	message = x_asprintf("%s: %s", error->message, strerror(errno_value));
	free(error->message);
	error->message = message;
	return error;
}

struct error *error_wrap(struct error *cause, const char *format, ...)
{
	struct error *error;
	va_list args;

	va_start(args, format);
	error = error_format(cause->code, format, args);
	va_end(args);
	error->cause = cause;
	return error;
}

struct error *error_with_hint(struct error *error, const char *format, ...)
{
	va_list args;
	char *hint = NULL;

	va_start(args, format);
	if (vasprintf(&hint, format, args) < 0)
		hint = NULL;
	va_end(args);
	free(error->hint);
	error->hint = hint;
	return error;
}

char *error_text(const struct error *error)
{
	char *text = x_strdup(error->message);

	for (error = error->cause; error; error = error->cause) {
		char *longer = x_asprintf("%s: %s", text, error->message);

		free(text);
		text = longer;
	}
	return text;
}

const char *error_hint(const struct error *error)
{
	for (; error; error = error->cause) {
		if (error->hint)
			return error->hint;
	}
	return NULL;
}

int error_code_exit_status(enum error_code code)
{
	static const int statuses[] = {
#define X(name, status, meaning) [ERROR_##name] = status,
		ERROR_CODES(X)
#undef X
	};

	return statuses[code];
}

int error_exit_status(const struct error *error)
{
	return error ? error_code_exit_status(error->code) : 0;
}
