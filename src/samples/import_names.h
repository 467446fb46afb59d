/* Names that one text uses for several functions. Internal to samples. */
#pragma once

#include "samples/profile.h"

/*
 * Scripts have many functions of one name in one runtime: those that stand in several files get the
 * file behind their names ("get (queue.py)"), so that they are not added up.
 */
void import_tell_apart(struct profile *profile);
