/*
 * What is wrong with the stacks and names of a dso, and the package, build flag or record option
 * that mends it. Words only: the figures are those of struct quality.
 */
#pragma once

#include "samples/quality.h"

struct mend_options {
	/* Owned text: the package that brought the file, or NULL; may itself be NULL. */
	char *(*package_of)(void *context, const char *path);
	void *package_context;
	/* Harm below this share of the selection is not spoken of. */
	double min_ratio;
};

enum { MENDS_MAX = 8 };

struct mends {
	char *items[MENDS_MAX]; /* one sentence each, without a full stop */
	size_t count;
};

/* For one dso; none where nothing is wrong with it. */
void mends_of_dso(const struct profile_selection *selection, const struct quality_dso *dso,
		  const struct mend_options *options, struct mends *ret);
/* For the recording as a whole. */
void mends_of_recording(const struct profile_selection *selection, const struct quality *quality,
			const struct mend_options *options, struct mends *ret);
void mends_done(struct mends *mends);
#define auto_mends __attribute__((cleanup(mends_done)))
