/*
 * Settings of the model: the environment, then a `.env` file. Of the file only the names that are
 * asked for are read; nothing is put into the environment.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct env_file {
	char *path; /* NULL: there is none */
	bool above; /* found by walking up from the folder of now */
	struct str text;
	struct arena arena;
};

/*
 * The nearest .env of `folder` or of one above it. One that belongs to somebody else than this user
 * and root is passed over: who can write above us must not choose where data is sent to;
 * *ret_ignored (owned, may be NULL) names it.
 */
MUST_CHECK struct error *env_file_load(const char *folder, struct env_file *ret,
				       char **ret_ignored);
void env_file_done(struct env_file *env);
#define auto_env_file __attribute__((cleanup(env_file_done)))

/* The last value of `name`, unquoted, in the file's arena; NULL where it has none. */
const char *env_file_find(struct env_file *env, const char *name);
