/*
 * What the second look brings: of one process that a rule suspects, where it waits in the kernel
 * and what its open files are. The output is that of the collectors that are asked for on demand.
 */
#pragma once

#include "base/str.h"
#include "facts/facts.h"

/* The process with that id in the facts of the first look; false where there is none. */
bool suspect_find(const struct facts *facts, uint32_t pid, struct entity *ret);
/* `collector` is the id of the record; of another collector nothing is read. */
void suspect_to_facts(const char *collector, struct str text, struct entity process,
		      const char *source, struct facts *facts);
