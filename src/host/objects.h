/*
 * What data/host/objects.sh printed, as facts: mounts and how they are mounted, how many files each
 * process has open and may have, deleted files that are still open, and some limits. Asks no
 * machine.
 *
 * Entities: mount PATH (type, device, readonly, emergency), process "NAME (PID)" (files_open,
 * files_limit, deleted_bytes), resolver ADDRESS, host (ports, somaxconn, pid_max, threads_max,
 * files_max); relation process "holds deleted files on" mount.
 */
#pragma once

#include "facts/facts.h"
#include "host/look.h"

/* `looks` gives the names of processes; may be NULL. */
void objects_to_facts(struct str text, const struct looks *looks, const char *host,
		      const char *source, struct facts *facts);
