/*
 * cpu-clock and task-clock are timers: what runs with interrupts off is seen only when they come on
 * again. Samples on the functions that switch them on stand for what ran before, and must not
 * be blamed on those.
 */
#pragma once

#include "samples/profile.h"

/* Marks such samples of clock events. */
void skid_find(struct profile *profile);
/* A kernel function that switches interrupts on or ends a time without them. */
bool skid_is_symbol(struct str name);
