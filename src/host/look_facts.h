/*
 * Two readings of a host (host/look.h) as facts: what moved between them, and what stands now.
 * Rates are over the window of the two readings. What the reading itself did (its own shell and
 * below) is left out of processes and told as own_cpu.
 *
 * Entities: host "the host"; disk, interface NAME; cgroup, file PATH (a log that grew); process
 * "NAME (PID)"; command NAME (all its processes); relations process "in" cgroup, process "child of"
 * process.
 */
#pragma once

#include "facts/facts.h"
#include "host/look.h"

/* Adds the facts of `host` ("" = this machine); false where there are not two whole readings: then
 * only what one reading says is there. */
bool looks_to_facts(const struct looks *looks, const char *host, const char *source,
		    struct facts *facts);

/* What the value under such a key ("meminfo MemTotal", "vmstat pswpin") is called as a fact; false
 * for keys that make none. `is_now`: it is a state, not a count since boot. */
bool look_fact_of_key(struct str key, const char **ret_name, const char **ret_unit,
		      bool *ret_is_now);

/* ---- for the parts of it */

struct look_facts {
	const struct looks *looks;
	struct facts *facts;
	uint32_t host;
	const char *source;
	double window_s;
};

void look_fact(const struct look_facts *to, struct entity entity, const char *name, double number,
	       const char *unit);
struct entity look_entity(const struct look_facts *to, const char *kind, const char *name);
void look_processes_to_facts(const struct look_facts *to);
void look_cgroups_to_facts(const struct look_facts *to);
