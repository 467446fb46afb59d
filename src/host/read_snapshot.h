/*
 * A snapshot as facts: each record goes to the parser of its collector. What was not read is said
 * once, as the fact "collected" of a collector that is absent, with the reason: rules and the
 * answer then say "could not check" instead of "healthy".
 */
#pragma once

#include "facts/facts.h"
#include "host/snapshot.h"

void host_snapshot_to_facts(const struct host_snapshot *snapshot, struct facts *facts);
