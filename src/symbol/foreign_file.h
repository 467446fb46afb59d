/* Files at places where anybody may write: whose word is taken. */
#pragma once

#include "base/error.h"

/*
 * An error unless `path` is a regular file (no link) of root or of the user who asks. Root may read
 * everybody's: a system-wide profile has many users.
 */
MUST_CHECK struct error *foreign_file_check(const char *path);
