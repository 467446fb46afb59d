/*
 * Profile data of any kind into a struct profile; what kind it is, is told by looking. perf.data
 * goes through perf, session and symbol (build.c); texts through the importers (import_*.c).
 * Damaged input is not an error as long as something was read: profile->damage says what is wrong.
 */
#pragma once

#include "base/error.h"
#include "dso/dso.h"
#include "samples/profile.h"

struct profile_load_options {
	struct dso_options dso; /* where files and names are looked for */
	size_t max_frames;	/* 0: as many as were recorded */
	bool no_inlines;	/* physical frames only */
	bool no_lines;		/* no file and line: cheaper */
	bool no_stacks;		/* leaves only: self-time tables */
	/* Told now and then how far long work is: "reading" bytes, then "naming" places. */
	void (*on_progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *progress_context;
};

/* `path` "-" reads standard input; `options` may be NULL. */
MUST_CHECK struct error *profile_load(const char *path, const struct profile_load_options *options,
				      struct profile **ret);

/*
 * Text in memory: folded stacks, perf script, pasted tables and stacks (paste.h). ERROR_INPUT where
 * it is none of the kinds; `name` stands in messages and becomes profile->source.
 */
MUST_CHECK struct error *profile_import_text(struct str text, const char *name,
					     struct profile **ret);
/* True where the text looks like one of the kinds that profile_import_text takes. */
bool profile_text_is_known(struct str text);
