#include "samples/skid.h"

#include <string.h>

#include "base/memory.h"

bool skid_is_symbol(struct str name)
{
	static const char *const names[] = {
		"_raw_spin_unlock_irqrestore",
		"_raw_spin_unlock_irq",
		"_raw_read_unlock_irqrestore",
		"_raw_read_unlock_irq",
		"_raw_write_unlock_irqrestore",
		"_raw_write_unlock_irq",
		"__raw_spin_unlock_irqrestore",
		"__raw_spin_unlock_irq",
		"finish_task_switch",
		"handle_softirqs",
		"__do_softirq",
		"__softirqentry_text_start",
		"arch_local_irq_enable",
		"arch_local_irq_restore",
		"local_irq_enable",
		"local_irq_restore",
		"syscall_exit_to_user_mode",
		"exit_to_user_mode_prepare",
		"exit_to_user_mode_loop",
		"irqentry_exit_to_user_mode",
		"irqentry_exit",
	};
	struct str base, suffix;

	/* "finish_task_switch.isra.0" */
	str_cut(name, '.', &base, &suffix);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(base, names[i]))
			return true;
	return false;
}

/* Where the physical leaf of the stack is such a function. */
static bool is_skid_leaf(const struct profile *profile, uint32_t node_id)
{
	const struct profile_frame *frame = NULL;

	while (node_id) {
		const struct profile_node *node = &profile->nodes.items[node_id];

		frame = &profile->frames.items[node->frame];
		if (!(frame->flags & PROFILE_FRAME_INLINED))
			break;
		node_id = node->parent;
	}
	return frame && (frame->flags & PROFILE_FRAME_KERNEL) &&
	       skid_is_symbol(interned(&profile->texts, frame->name));
}

void skid_find(struct profile *profile)
{
	/* per node: 0 not asked, 1 no, 2 yes */
	auto_free uint8_t *known = x_calloc(profile->nodes.count, 1);

	for (size_t i = 0; i < profile->samples.count; i++) {
		struct profile_sample *sample = &profile->samples.items[i];

		if (!profile->events.items[sample->event].is_clock)
			continue;
		if (!known[sample->node])
			known[sample->node] = is_skid_leaf(profile, sample->node) ? 2 : 1;
		sample->skid = known[sample->node] == 2;
	}
}
