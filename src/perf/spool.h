/* What cannot be mapped (a pipe, standard input) is copied to a file without a name first. */
#pragma once

#include "base/error.h"

/* Reads `fd` to its end; `ret_fd` is owned by the caller. */
MUST_CHECK struct error *spool_fd(int fd, const char *name_for_errors, int *ret_fd);
