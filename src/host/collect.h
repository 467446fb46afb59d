/*
 * The closed table of what is read of a host, and reading it: all hosts and commands at once,
 * within bounds, read-only. Every row is an argument vector (or a script of ours); nothing that a
 * model, a file or a host's output says ever becomes part of one: "{pid}" in a word stands for the
 * number of a process. Knows no facts.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"
#include "host/snapshot.h"

enum { COLLECTOR_WORDS = 16 };

struct collector {
	const char *id;
	const char *what;  /* what it tells, for "could not check" and for the menu */
	const char *shown; /* as a person would type it; NULL: its words */
	const char *argv[COLLECTOR_WORDS];
	const char *fallback[COLLECTOR_WORDS]; /* where the program is missing; may be empty */
	unsigned timeout_ms;
	size_t cap_bytes;
	bool wants_root;     /* tells more, or anything, to root only */
	bool is_asked_by_us; /* of this machine: our own query (host/resolvers.h), no command */
	bool only_on_demand; /* not in the first look: rules ask for it */
	bool of_process;     /* and about one process: hosts_collect_needs reads it, nobody else */
};

size_t collectors_count(void);
const struct collector *collector_at(size_t index);
const struct collector *collector_find(const char *id); /* NULL where there is none */

struct collect_plan {
	const char *const *targets; /* NULL = this machine; see exec_add_host */
	size_t target_count;
	const char *ssh_config;	    /* NULL: the user's own */
	unsigned connect_timeout_s; /* 0: as exec has it */
	bool with_sudo;		    /* what wants root goes through `sudo -n` */
	const char *const *ids;	    /* collectors; NULL: those of the first look */
	size_t id_count;
	unsigned round;
	const char *version; /* of this program: snapshots say who read them */
	const volatile sig_atomic_t *stop;
};

/* One snapshot for each target, in their order, appended to `ret`; a host that cannot be reached
 * has one that says so. An error only where a target is none. */
MUST_CHECK struct error *hosts_collect(const struct collect_plan *plan,
				       struct host_snapshot_vec *ret);

/* What rules want to know of a suspect: a collector that is only_on_demand, and a process. */
struct collect_need {
	size_t snapshot; /* and target of the plan: they have the same order */
	const struct collector *collector;
	uint32_t pid; /* 0 where the collector is not of_process */
};

VEC_DEFINE(collect_need_vec, struct collect_need)

/* Appends what they bring to the snapshots, as records of the plan's round. */
MUST_CHECK struct error *hosts_collect_needs(const struct collect_plan *plan,
					     const struct collect_need *needs, size_t count,
					     struct host_snapshot_vec *snapshots);
