/*
 * Errors as returned values: NULL is success. An error says what failed and where; its hint says
 * what the user can do; its cause is the error that it wraps. Only the command layer prints or
 * exits. Hot paths return a small enum that is counted instead.
 */
#pragma once

#include "base/macros.h"

/* code, exit status of the process, meaning: the table of the man page is made from it */
/* clang-format off */
#define ERROR_CODES(X) \
	X(FAILED,      1, "it could not be done: the message says why") \
	X(USAGE,       2, "the command line was not understood") \
	X(SETTING,     3, "a setting of this machine forbids it") \
	X(INPUT,       4, "the input could not be understood at all") \
	X(NO_FILE,     5, "a file, process or command was not found") \
	X(PERMISSION,  6, "permission denied") \
	X(UNSUPPORTED, 7, "this machine or this build cannot do it") \
	X(IO,          8, "reading or writing failed (a full disk, a broken pipe)") \
	X(CHILD,       9, "a program that was started for you failed") \
	X(FINDINGS,   10, "--exit-code was given and there are findings") \
	X(UNVERIFIED, 11, "--strict was given, and a model's figures are not those of the facts") \
	X(INTERRUPTED, 130, "stopped by Ctrl-C before there was anything to show")
/* clang-format on */

enum error_code {
#define X(name, status, meaning) ERROR_##name,
	ERROR_CODES(X)
#undef X
};

struct error {
	enum error_code code;
	char *message;
	char *hint;	     /* what the user can do, or NULL */
	struct error *cause; /* owned, or NULL */
};

#define TRY(expr)                                                                                  \
	do {                                                                                       \
		struct error *try_err = (expr);                                                    \
		if (try_err)                                                                       \
			return try_err;                                                            \
	} while (0)

void error_free(struct error *error);
void cleanup_error(struct error **error);
#define auto_error __attribute__((cleanup(cleanup_error)))

/* All of these return an owned, non-NULL error. */
struct error *error_new(enum error_code code, const char *format, ...) PRINTF(2, 3);
/* Appends ": strerror(errno_value)" and picks the code (ENOENT, EACCES, ENOSPC, ...). */
struct error *error_errno(int errno_value, const char *format, ...) PRINTF(2, 3);
/* Takes `cause`; keeps its code and its hint. */
struct error *error_wrap(struct error *cause, const char *format, ...) PRINTF(2, 3);
/* Takes and returns `error`; replaces its hint. */
struct error *error_with_hint(struct error *error, const char *format, ...) PRINTF(2, 3);

/* "outer: inner: innermost"; owned by the caller. */
char *error_text(const struct error *error);
/* The hint nearest to the outside, or NULL; borrowed. */
const char *error_hint(const struct error *error);
int error_exit_status(const struct error *error);
int error_code_exit_status(enum error_code code);
