#include "samples/threads.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
	LOOK_FRAMES = 8,	 /* from the leaf, in which waiting is seen */
	MAX_WAITING_FRAMES = 16, /* that are passed over to find what waits */
};

/*
 * Functions that wait, by what for. A lock that is seen beats the timer or the futex inside of it.
 * Kernel, glibc, Java, Go and Python.
 */
static const struct {
	const char *pattern;
	enum profile_state state;
} waits[] = {
	/* locks */
	{ "__lll_lock_wait*", PROFILE_STATE_BLOCKED },
	{ "lll_mutex_lock*", PROFILE_STATE_BLOCKED },
	{ "*pthread_mutex_lock*", PROFILE_STATE_BLOCKED },
	{ "*pthread_mutex_timedlock*", PROFILE_STATE_BLOCKED },
	{ "*pthread_rwlock_*lock*", PROFILE_STATE_BLOCKED },
	{ "*pthread_spin_lock*", PROFILE_STATE_BLOCKED },
	{ "__mutex_lock*", PROFILE_STATE_BLOCKED },
	{ "mutex_lock*", PROFILE_STATE_BLOCKED },
	{ "rwsem_down_*", PROFILE_STATE_BLOCKED },
	{ "down_read*", PROFILE_STATE_BLOCKED },
	{ "down_write*", PROFILE_STATE_BLOCKED },
	{ "rt_mutex_*lock*", PROFILE_STATE_BLOCKED },
	{ "__rt_mutex_*", PROFILE_STATE_BLOCKED },
	{ "futex_lock_pi*", PROFILE_STATE_BLOCKED },
	{ "ObjectMonitor::enter*", PROFILE_STATE_BLOCKED },
	{ "sync.(*Mutex).Lock*", PROFILE_STATE_BLOCKED },
	{ "sync.(*Mutex).lockSlow", PROFILE_STATE_BLOCKED },
	{ "sync.(*RWMutex).*Lock", PROFILE_STATE_BLOCKED },
	{ "take_gil", PROFILE_STATE_BLOCKED },
	/* devices */
	{ "io_schedule*", PROFILE_STATE_IO },
	{ "folio_wait_*", PROFILE_STATE_IO },
	{ "wait_on_page_*", PROFILE_STATE_IO },
	{ "__wait_on_buffer", PROFILE_STATE_IO },
	{ "submit_bio_wait", PROFILE_STATE_IO },
	{ "blk_mq_get_tag", PROFILE_STATE_IO },
	{ "rq_qos_wait", PROFILE_STATE_IO },
	{ "jbd2_log_wait_commit", PROFILE_STATE_IO },
	{ "nfs_wait_*", PROFILE_STATE_IO },
	{ "rpc_wait_*", PROFILE_STATE_IO },
	/* work, events, timers */
	{ "*epoll_wait", PROFILE_STATE_IDLE },
	{ "*epoll_pwait*", PROFILE_STATE_IDLE },
	{ "poll", PROFILE_STATE_IDLE },
	{ "*_poll", PROFILE_STATE_IDLE },
	{ "__poll*", PROFILE_STATE_IDLE },
	{ "ppoll*", PROFILE_STATE_IDLE },
	{ "select", PROFILE_STATE_IDLE },
	{ "__select*", PROFILE_STATE_IDLE },
	{ "pselect*", PROFILE_STATE_IDLE },
	{ "ep_poll*", PROFILE_STATE_IDLE },
	{ "do_sys_poll", PROFILE_STATE_IDLE },
	{ "do_select", PROFILE_STATE_IDLE },
	{ "*pthread_cond_*wait*", PROFILE_STATE_IDLE },
	{ "*futex_wait*", PROFILE_STATE_IDLE },
	{ "__futex_abstimed_wait*", PROFILE_STATE_IDLE },
	{ "sem_wait*", PROFILE_STATE_IDLE },
	{ "__new_sem_wait*", PROFILE_STATE_IDLE },
	{ "*nanosleep*", PROFILE_STATE_IDLE },
	{ "usleep", PROFILE_STATE_IDLE },
	{ "sleep", PROFILE_STATE_IDLE },
	{ "__sleep", PROFILE_STATE_IDLE },
	{ "kernel_clone", PROFILE_STATE_IDLE },
	{ "rcu_tasks_*", PROFILE_STATE_IDLE },
	{ "rcu_gp_*", PROFILE_STATE_IDLE },
	{ "devtmpfs_work_loop", PROFILE_STATE_IDLE },
	{ "watchdog", PROFILE_STATE_IDLE },
	{ "ksm_scan_thread", PROFILE_STATE_IDLE },
	{ "hwrng_fillfn", PROFILE_STATE_IDLE },
	{ "accept", PROFILE_STATE_IDLE },
	{ "accept4", PROFILE_STATE_IDLE },
	{ "__libc_accept*", PROFILE_STATE_IDLE },
	{ "inet_csk_accept", PROFILE_STATE_IDLE },
	{ "recv", PROFILE_STATE_IDLE },
	{ "recvfrom", PROFILE_STATE_IDLE },
	{ "__libc_recv*", PROFILE_STATE_IDLE },
	{ "*recvmsg", PROFILE_STATE_IDLE },
	{ "sigtimedwait", PROFILE_STATE_IDLE },
	{ "sigwait*", PROFILE_STATE_IDLE },
	{ "do_sigtimedwait*", PROFILE_STATE_IDLE },
	{ "*wait4", PROFILE_STATE_IDLE },
	{ "waitpid", PROFILE_STATE_IDLE },
	{ "do_wait", PROFILE_STATE_IDLE },
	{ "pthread_join*", PROFILE_STATE_IDLE },
	{ "*pthread_clockjoin*", PROFILE_STATE_IDLE },
	{ "pipe_read", PROFILE_STATE_IDLE },
	{ "pipe_wait*", PROFILE_STATE_IDLE },
	{ "n_tty_read", PROFILE_STATE_IDLE },
	{ "wait_woken", PROFILE_STATE_IDLE },
	{ "unix_stream_read_generic", PROFILE_STATE_IDLE },
	{ "__skb_wait_for_more_packets", PROFILE_STATE_IDLE },
	{ "worker_thread", PROFILE_STATE_IDLE },
	{ "rescuer_thread", PROFILE_STATE_IDLE },
	{ "smpboot_thread_fn", PROFILE_STATE_IDLE },
	{ "rcu_gp_kthread", PROFILE_STATE_IDLE },
	{ "kthreadd", PROFILE_STATE_IDLE },
	{ "kswapd_try_to_sleep", PROFILE_STATE_IDLE },
	{ "futex_do_wait", PROFILE_STATE_IDLE },
	{ "anon_pipe_read", PROFILE_STATE_IDLE },
	{ "do_poll", PROFILE_STATE_IDLE },
	{ "poll_schedule_timeout*", PROFILE_STATE_IDLE },
	{ "schedule_hrtimeout*", PROFILE_STATE_IDLE },
	{ "do_nanosleep", PROFILE_STATE_IDLE },
	{ "do_epoll_wait", PROFILE_STATE_IDLE },
	{ "unix_wait_for_peer", PROFILE_STATE_IDLE },
	{ "__skb_wait_*", PROFILE_STATE_IDLE },
	{ "__unix_dgram_recvmsg", PROFILE_STATE_IDLE },
	{ "rcu_*kthread*", PROFILE_STATE_IDLE },
	{ "kauditd_thread", PROFILE_STATE_IDLE },
	{ "oom_reaper", PROFILE_STATE_IDLE },
	{ "kcompactd", PROFILE_STATE_IDLE },
	{ "kswapd", PROFILE_STATE_IDLE },
	{ "khugepaged", PROFILE_STATE_IDLE },
	{ "ksmd_scan_thread", PROFILE_STATE_IDLE },
	{ "irq_thread", PROFILE_STATE_IDLE },
	{ "devtmpfsd", PROFILE_STATE_IDLE },
	{ "cpu_stopper_thread", PROFILE_STATE_IDLE },
	{ "io_wq_worker", PROFILE_STATE_IDLE },
	{ "kjournald2", PROFILE_STATE_IDLE },
	{ "do_syslog", PROFILE_STATE_IDLE },
	{ "signalfd_read*", PROFILE_STATE_IDLE },
	{ "eventfd_read", PROFILE_STATE_IDLE },
	{ "timerfd_read*", PROFILE_STATE_IDLE },
	{ "inotify_read", PROFILE_STATE_IDLE },
	{ "fuse_dev_do_read*", PROFILE_STATE_IDLE },
	{ "sigsuspend", PROFILE_STATE_IDLE },
	{ "__do_sys_pause", PROFILE_STATE_IDLE },
	{ "kthread_worker_fn", PROFILE_STATE_IDLE },
	{ "vhost_task_fn", PROFILE_STATE_IDLE },
	{ "hub_event_wait", PROFILE_STATE_IDLE },
	{ "io_cqring_wait", PROFILE_STATE_IDLE },
	{ "*.EPoll.wait", PROFILE_STATE_IDLE },
	{ "*.EPollArrayWrapper.epollWait", PROFILE_STATE_IDLE },
	{ "*epollWait*", PROFILE_STATE_IDLE },
	{ "*Unsafe.park", PROFILE_STATE_IDLE },
	{ "java.lang.Object.wait*", PROFILE_STATE_IDLE },
	{ "java.lang.Thread.sleep*", PROFILE_STATE_IDLE },
	{ "*.socketAccept", PROFILE_STATE_IDLE },
	{ "sun.nio.ch.Net.accept", PROFILE_STATE_IDLE },
	{ "sun.nio.ch.Net.poll", PROFILE_STATE_IDLE },
	{ "*.socketRead0", PROFILE_STATE_IDLE },
	{ "*.waitForReferencePendingList", PROFILE_STATE_IDLE },
	{ "*.waitForProcessExit*", PROFILE_STATE_IDLE },
	{ "runtime.gopark", PROFILE_STATE_IDLE },
	{ "runtime.notetsleep*", PROFILE_STATE_IDLE },
	{ "runtime.netpoll", PROFILE_STATE_IDLE },
	{ "runtime.futex*", PROFILE_STATE_IDLE },
	{ "runtime.usleep", PROFILE_STATE_IDLE },
	{ "_wait_for_tstate_lock", PROFILE_STATE_IDLE },
};

/* What stands around the functions above, inside of what calls them to wait. */
static const char *const passages[] = {
	"__schedule",
	"schedule*",
	"context_switch",
	"finish_task_switch*",
	"*syscall*",
	"entry_SYSCALL*",
	"__x64_sys_*",
	"do_futex",
	"futex_*",
	"do_epoll_wait",
	"__internal_syscall_cancel",
	"__syscall_cancel*",
	"java.util.concurrent.locks.*",
	"java.lang.ref.ReferenceQueue.remove*",
	"java.util.concurrent.*Queue.take",
	"java.util.concurrent.*Queue.poll",
	"java.util.concurrent.ForkJoinPool.*lock",
	"java.util.concurrent.ForkJoinPool.awaitWork",
	"java.util.concurrent.ThreadPoolExecutor.getTask",
	"runtime.*",
	"sync.runtime_*",
	"internal/poll.*",
	"syscall.*",
	"std::condition_variable::wait*",
	"io_schedule*",
};

static const char *frame_name(const struct profile *profile, uint32_t node)
{
	const struct profile_frame *frame =
		&profile->frames.items[profile->nodes.items[node].frame];

	return profile_text(profile, frame->name);
}

/* Without what linkers and compilers add: "__GI_", "@@GLIBC_2.34", ".constprop.0". */
static struct str plain_name(const char *text)
{
	static const char *const tails[] = { "@", ".constprop.", ".isra.", ".part.", ".cold" };
	struct str name = str_from(text);

	if (str_starts_with(name, STR("__GI_")))
		name = (struct str){ name.ptr + 5, name.len - 5 };
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		ptrdiff_t at = str_find(name, str_from(tails[i]));

		if (at > 0)
			name.len = (size_t)at;
	}
	return name;
}

static enum profile_state waiting_of(const char *name)
{
	struct str plain = plain_name(name);

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		if (str_glob(str_from(waits[i].pattern), plain))
			return waits[i].state;
	return PROFILE_STATE_UNKNOWN;
}

static bool is_passage(const char *name)
{
	struct str plain = plain_name(name);

	for (size_t i = 0; i < ARRAY_SIZE(passages); i++)
		if (str_glob(str_from(passages[i]), plain))
			return true;
	return false;
}

static enum profile_state state_by_frames(const struct profile *profile, uint32_t node)
{
	enum profile_state state = PROFILE_STATE_UNKNOWN;
	bool inside_wait = true; /* only passages so far: what is seen is what the thread does */

	for (unsigned i = 0; node && i < LOOK_FRAMES && inside_wait; i++) {
		const char *name = frame_name(profile, node);
		enum profile_state found = waiting_of(name);

		/* locks are the least of them but PROFILE_STATE_RUNNING, which is not in the list
		 */
		if (found && (!state || found < state))
			state = found;
		inside_wait = found || is_passage(name) || !*name;
		node = profile->nodes.items[node].parent;
	}
	return state;
}

uint32_t threads_telling_frame(const struct profile *profile, uint32_t node)
{
	uint32_t leaf = profile->nodes.items[node].frame;

	for (unsigned i = 0; node && i < MAX_WAITING_FRAMES; i++) {
		const char *name = frame_name(profile, node);

		if (*name && !waiting_of(name) && !is_passage(name))
			return profile->nodes.items[node].frame;
		node = profile->nodes.items[node].parent;
	}
	return leaf;
}

static bool is_of_stacks(const struct profile *profile, const struct profile_sample *sample)
{
	return strcmp(profile->events.items[sample->event].unit, "stacks") == 0;
}

bool threads_is_dump(const struct profile *profile)
{
	uint64_t stacks = 0;

	for (size_t i = 0; i < profile->events.count; i++)
		if (strcmp(profile->events.items[i].unit, "stacks") == 0)
			stacks += profile->events.items[i].weight;
	return stacks > 1;
}

/* The dump's word counts, but Java calls threads runnable that wait in native code, and the kernel
 * does not say what a task waits for. */
static enum profile_state judge(const struct profile *profile, const struct profile_sample *sample)
{
	enum profile_state seen = state_by_frames(profile, sample->node);

	switch ((enum profile_state)sample->state) {
	case PROFILE_STATE_UNKNOWN:
	case PROFILE_STATE_IO:
	case PROFILE_STATE_RUNNING:
		return seen ? seen : (enum profile_state)sample->state;
	case PROFILE_STATE_BLOCKED:
	case PROFILE_STATE_IDLE:
	case PROFILE_STATE_COUNT:
		break;
	}
	return (enum profile_state)sample->state;
}

static void move_idle(struct profile *profile)
{
	uint32_t idle = profile_event(profile, "idle stacks");

	profile->events.items[idle].unit = "stacks";
	for (size_t i = 0; i < profile->samples.count; i++) {
		struct profile_sample *sample = &profile->samples.items[i];
		struct profile_event *from = &profile->events.items[sample->event];
		struct profile_event *to = &profile->events.items[idle];

		if (sample->state != PROFILE_STATE_IDLE || !is_of_stacks(profile, sample))
			continue;
		from->weight -= sample->weight;
		from->samples -= sample->count;
		to->weight += sample->weight;
		to->samples += sample->count;
		sample->event = (uint16_t)idle;
	}
}

void threads_judge(struct profile *profile)
{
	bool has_idle = false, has_others = false;

	if (!profile->events.count)
		return;
	for (size_t i = 0; i < profile->samples.count; i++) {
		struct profile_sample *sample = &profile->samples.items[i];

		if (!is_of_stacks(profile, sample))
			continue;
		sample->state = (uint8_t)judge(profile, sample);
		*(sample->state == PROFILE_STATE_IDLE ? &has_idle : &has_others) = true;
	}
	if (has_idle && has_others)
		move_idle(profile);
}

/* ---- groups */

const char *thread_state_name(enum profile_state state)
{
	switch (state) {
	case PROFILE_STATE_RUNNING:
		return "running";
	case PROFILE_STATE_BLOCKED:
		return "blocked";
	case PROFILE_STATE_IO:
		return "waits for a device";
	case PROFILE_STATE_IDLE:
		return "idle";
	case PROFILE_STATE_UNKNOWN:
	case PROFILE_STATE_COUNT:
		break;
	}
	return "not waiting";
}

static struct thread_group *find_group(struct thread_group_vec *groups, uint32_t *of_node,
				       const struct profile_sample *sample)
{
	/* of_node: by node and state, index + 1 */
	uint32_t *slot = &of_node[(size_t)sample->node * PROFILE_STATE_COUNT + sample->state];

	if (!*slot) {
		thread_group_vec_push(groups, (struct thread_group){
						      .node = sample->node,
						      .state = (enum profile_state)sample->state });
		*slot = (uint32_t)groups->count;
	}
	return &groups->items[*slot - 1];
}

int thread_state_rank(enum profile_state state)
{
	static const int ranks[PROFILE_STATE_COUNT] = {
		[PROFILE_STATE_RUNNING] = 0, [PROFILE_STATE_UNKNOWN] = 1,
		[PROFILE_STATE_BLOCKED] = 2, [PROFILE_STATE_IO] = 3,
		[PROFILE_STATE_IDLE] = 4,
	};

	return ranks[state];
}

static int by_rank(const void *left, const void *right)
{
	const struct thread_group *a = left, *b = right;

	if (thread_state_rank(a->state) != thread_state_rank(b->state))
		return thread_state_rank(a->state) - thread_state_rank(b->state);
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

static bool has_name(const struct thread_group *group, uint32_t name)
{
	for (size_t i = 0; i < group->name_count; i++)
		if (group->names[i] == name)
			return true;
	return false;
}

struct thread_groups threads_group(const struct profile *profile)
{
	struct thread_groups ret = { 0 };
	auto_free uint32_t *of_node =
		x_calloc(profile->nodes.count * PROFILE_STATE_COUNT, sizeof(*of_node));

	for (size_t i = 0; i < profile->samples.count; i++) {
		const struct profile_sample *sample = &profile->samples.items[i];
		uint32_t name = profile->threads.items[sample->thread].comm;
		struct thread_group *group;

		if (!is_of_stacks(profile, sample))
			continue;
		group = find_group(&ret.groups, of_node, sample);
		group->count += sample->weight;
		ret.counts[sample->state] += sample->weight;
		ret.all += sample->weight;
		if (name && !has_name(group, name) && group->name_count < THREAD_GROUP_NAMES)
			group->names[group->name_count++] = name;
	}
	if (ret.groups.count)
		qsort(ret.groups.items, ret.groups.count, sizeof(*ret.groups.items), by_rank);
	return ret;
}

void thread_groups_done(struct thread_groups *groups)
{
	thread_group_vec_done(&groups->groups);
}
