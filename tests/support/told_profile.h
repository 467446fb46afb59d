/* Profiles of texts that a test tells, and their samples as text to compare with. */
#pragma once

#include "samples/profile.h"

/* The profile of `text`; the test fails where it is not understood. */
struct profile *told_profile(const char *text);
/* "outer;inner 64.10" for each sample, in the order of the text: percent, stacks or counts. Owned.
 */
char *told_stacks(const struct profile *profile);
/* Both, compared; no line of the text may be left out. */
void assert_told(const char *text, const char *wanted);
/* "name dso file:line" of the frame called `name`. Owned. */
char *told_frame(const struct profile *profile, const char *name);
