/*
 * What the threads of a dump did: run, wait for a lock, for a device, or for work. Told by the dump
 * where it says so, else by the functions that a thread waits in. Stacks that only wait for work
 * are an event of their own ("idle stacks") where others do something, so that they hide nothing.
 */
#pragma once

#include "samples/profile.h"

/* Called once all stacks are read. */
void threads_judge(struct profile *profile);

/* True where the profile holds the stacks of several threads at one moment. */
bool threads_is_dump(const struct profile *profile);

enum { THREAD_GROUP_NAMES = 4 };

/* Threads with one stack and state. */
struct thread_group {
	uint32_t node;
	enum profile_state state;
	uint64_t count;
	uint32_t names[THREAD_GROUP_NAMES]; /* text ids of the first ones' names */
	size_t name_count;
};

VEC_DEFINE(thread_group_vec, struct thread_group)

struct thread_groups {
	struct thread_group_vec groups; /* what runs first, then what is blocked; larger first */
	uint64_t counts[PROFILE_STATE_COUNT], all;
};

struct thread_groups threads_group(const struct profile *profile);
void thread_groups_done(struct thread_groups *groups);
#define auto_thread_groups __attribute__((cleanup(thread_groups_done)))

/* "running", "blocked", "waits for a device", "idle", "not known" */
const char *thread_state_name(enum profile_state state);
/* What runs is 0, what is idle the largest. */
int thread_state_rank(enum profile_state state);
/* The innermost frame that is no part of waiting itself; the leaf where all are. */
uint32_t threads_telling_frame(const struct profile *profile, uint32_t node);
