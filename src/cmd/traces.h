/*
 * Brings the stacks' patterns (samples/traces.h) and what functions are known for together: samples
 * knows no knowledge base, and the knowledge base no stacks.
 */
#pragma once

#include "knowledge/knowledge.h"
#include "samples/traces.h"

/* Answers the needs of `facts` that are stack patterns; returns how many. */
size_t traces_meet(const struct knowledge *knowledge, const struct profile_selection *selection,
		   struct facts *facts);
