#include "samples/paste_stack.h"

#include "base/memory.h"

enum {
	MAX_DEPTH = 4096,
	MAX_LOCKS = 1 << 16,
	MAX_CHAIN = 64, /* of threads that wait for one another */
};

static uint32_t stack_event(const struct paste_stack *stack)
{
	uint32_t event;

	if (stack->has_event)
		return stack->event;
	event = profile_event(stack->profile, "stacks");
	stack->profile->events.items[event].unit = "stacks";
	return event;
}

static uint32_t stack_thread(const struct paste_stack *stack)
{
	struct str name = stack->comm.len ? stack->comm : stack->thread;

	return profile_thread(stack->profile, stack->pid ? stack->pid : -1,
			      stack->tid ? stack->tid : -1, name);
}

static void forget(struct paste_stack *stack)
{
	stack->frames.count = 0;
	stack->outermost_first = false;
	stack->thread = stack->comm = STR("");
	stack->pid = stack->tid = 0;
	stack->count = 0;
	stack->state = PROFILE_STATE_UNKNOWN;
}

void paste_stack_end(struct paste_stack *stack)
{
	struct profile *profile = stack->profile;
	size_t count = stack->frames.count;
	uint32_t node = 0;

	for (size_t i = 0; i < count; i++)
		node = profile_node(
			profile, node,
			stack->frames.items[stack->outermost_first ? i : count - 1 - i]);
	if (count)
		profile_add_sample(profile, &(struct profile_sample){
						    .weight = MAX(stack->count, 1U),
						    .node = node,
						    .thread = stack_thread(stack),
						    .comm = intern(&profile->texts, stack->comm),
						    .cpu = UINT32_MAX,
						    .event = (uint16_t)stack_event(stack),
						    .end = PROFILE_END_UNKNOWN,
						    .state = (uint8_t)stack->state });
	forget(stack);
}

void paste_stack_frame(struct paste_stack *stack, const struct paste_row *row)
{
	if (stack->frames.count >= MAX_DEPTH)
		paste_stack_end(stack);
	stack_frame_vec_push(&stack->frames, paste_frame(stack->profile, row));
}

static void lock_add(struct paste_stack *stack, struct paste_lock_vec *locks, struct str lock)
{
	struct interner *texts = &stack->profile->texts;

	if (locks->count < MAX_LOCKS && lock.len && stack->thread.len)
		paste_lock_vec_push(locks, (struct paste_lock){ intern(texts, stack->thread),
								intern(texts, lock) });
}

void paste_lock_held(struct paste_stack *stack, struct str lock)
{
	lock_add(stack, &stack->held, lock);
}

void paste_lock_wanted(struct paste_stack *stack, struct str lock)
{
	lock_add(stack, &stack->wanted, lock);
}

/* Who holds each lock, by the lock's text id: 0 = not known. */
static uint32_t *holders_of(const struct paste_stack *stack)
{
	uint32_t *holders = x_calloc(stack->profile->texts.count + 1, sizeof(*holders));

	for (size_t i = 0; i < stack->held.count; i++) {
		const struct paste_lock *held = &stack->held.items[i];

		holders[held->lock] = held->thread;
	}
	return holders;
}

static void tell_deadlocks(struct profile_wait_vec *waits, size_t texts)
{
	auto_free uint32_t *waits_for = x_calloc(texts + 1, sizeof(*waits_for)); /* by waiter */

	for (size_t i = 0; i < waits->count; i++)
		waits_for[waits->items[i].waiter] = waits->items[i].holder;
	for (size_t i = 0; i < waits->count; i++) {
		uint32_t at = waits->items[i].holder;

		for (unsigned step = 0; step < MAX_CHAIN && at && at != waits->items[i].waiter;
		     step++)
			at = waits_for[at];
		waits->items[i].is_deadlock = at == waits->items[i].waiter;
	}
}

void paste_stack_finish(struct paste_stack *stack)
{
	struct profile *profile = stack->profile;
	auto_free uint32_t *holders = NULL;

	paste_stack_end(stack);
	holders = holders_of(stack);
	for (size_t i = 0; i < stack->wanted.count; i++) {
		const struct paste_lock *wanted = &stack->wanted.items[i];

		profile_wait_vec_push(&profile->waits,
				      (struct profile_wait){ .waiter = wanted->thread,
							     .lock = wanted->lock,
							     .holder = holders[wanted->lock] });
	}
	if (profile->waits.count)
		tell_deadlocks(&profile->waits, profile->texts.count);
	paste_lock_vec_done(&stack->held);
	paste_lock_vec_done(&stack->wanted);
	stack_frame_vec_done(&stack->frames);
}
