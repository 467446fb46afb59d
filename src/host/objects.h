/*
 * What data/host/objects.sh printed, as facts: mounts and how they are mounted, how many files each
 * process has open and may have, deleted files that are still open, and some limits. Asks no
 * machine.
 *
 * Entities: mount PATH (type, device, readonly, emergency, deleted_bytes, blocked: tasks that wait
 * without end and have to do with it), process "NAME (PID)" (files_open, files_limit,
 * deleted_bytes, waits_in: the kernel's function that a blocked one is in), resolver ADDRESS, host
 * (ports, somaxconn, pid_max, threads_max, files_max); relations process "holds deleted files on"
 * mount, process "waits on" mount.
 */
#pragma once

#include "facts/facts.h"
#include "host/look.h"

/* `looks` gives the names of processes; may be NULL. */
void objects_to_facts(struct str text, const struct looks *looks, const char *host,
		      const char *source, struct facts *facts);
