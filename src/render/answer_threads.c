/* A dump of threads at a glance: what they did, which stacks there are, who waits for whom. */
#include "render/answer_threads.h"

#include <string.h>

#include "base/units.h"
#include "samples/threads.h"

enum { MAX_ROWS = 20, MAX_WAITS = 20, MAX_JSON_FRAMES = 200, STATE_WIDTH = 8 };

static void add_count(struct strbuf *out, uint64_t count, const char *text)
{
	if (!count)
		return;
	strbuf_add_text(out, out->len ? ", " : "");
	units_count(out, count);
	strbuf_addf(out, " %s", text);
}

static void print_counts(const struct answer_printer *p, const struct thread_groups *threads)
{
	auto_strbuf struct strbuf text = STRBUF_INIT, all = STRBUF_INIT;

	add_count(&text, threads->counts[PROFILE_STATE_RUNNING], "running");
	add_count(&text, threads->counts[PROFILE_STATE_UNKNOWN], "not seen waiting");
	add_count(&text, threads->counts[PROFILE_STATE_BLOCKED], "blocked by locks");
	add_count(&text, threads->counts[PROFILE_STATE_IO], "waiting for a device");
	add_count(&text, threads->counts[PROFILE_STATE_IDLE],
		  "idle (waiting for work, an event or a timer)");
	units_count(&all, threads->all);
	strbuf_addf(&all, " threads: %s.", strbuf_text(&text));
	answer_paragraph(p, 2, "", strbuf_text(&all));
}

static void add_names(const struct profile *profile, const struct thread_group *group,
		      struct strbuf *out)
{
	for (size_t i = 0; i < group->name_count; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "  (", profile_text(profile, group->names[i]));
	if (group->name_count)
		strbuf_add_text(out, group->name_count == THREAD_GROUP_NAMES ? ", ...)" : ")");
}

/* "   4  blocked  java.lang.Object.wait < app.Pool.take  (pool-1, pool-2, ...)" */
static void print_group(const struct answer_printer *p, const struct thread_group *group)
{
	const struct profile *profile = p->answer->selection->profile;
	uint32_t leaf = profile->nodes.items[group->node].frame;
	uint32_t telling = threads_telling_frame(profile, group->node);
	const char *state = group->state == PROFILE_STATE_IO ? "device"
			    : group->state == PROFILE_STATE_UNKNOWN
				    ? "-"
				    : thread_state_name(group->state);
	auto_strbuf struct strbuf text = STRBUF_INIT, count = STRBUF_INIT, name = STRBUF_INIT;

	units_count(&count, group->count);
	profile_frame_label(profile, leaf, &name);
	answer_name(&text, strbuf_text(&name));
	if (telling != leaf) {
		uint32_t caller = profile->nodes.items[group->node].parent;
		bool is_next = profile->nodes.items[caller].frame == telling;

		strbuf_reset(&name);
		profile_frame_label(profile, telling, &name);
		strbuf_add_text(&text, is_next ? " < " : " < .. < ");
		answer_name(&text, strbuf_text(&name));
	} else if (profile->nodes.items[group->node].parent) {
		uint32_t caller = profile->nodes.items[group->node].parent;

		strbuf_reset(&name);
		profile_frame_label(profile, profile->nodes.items[caller].frame, &name);
		strbuf_add_text(&text, " < ");
		answer_name(&text, strbuf_text(&name));
	}
	add_names(profile, group, &text);
	fprintf(p->term->stream, "  %5s  %-*s ", strbuf_text(&count), STATE_WIDTH, state);
	term_wrap(p->term->stream, strbuf_str(&text), p->term->width, 10 + STATE_WIDTH);
}

static void print_waits(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	bool has_deadlock = false;

	if (!profile->waits.count)
		return;
	answer_heading(p, "Who waits for whom");
	for (size_t i = 0; i < MIN(profile->waits.count, (size_t)MAX_WAITS); i++) {
		const struct profile_wait *wait = &profile->waits.items[i];
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "'%s' waits for %s, ", profile_text(profile, wait->waiter),
			    profile_text(profile, wait->lock));
		if (wait->holder)
			strbuf_addf(&text, "which '%s' holds%s",
				    profile_text(profile, wait->holder),
				    wait->is_deadlock ? ": deadlock" : "");
		else
			strbuf_add_text(&text, "whose holder the dump does not name");
		answer_paragraph(p, 2, "- ", strbuf_text(&text));
		has_deadlock |= wait->is_deadlock;
	}
	if (profile->waits.count > MAX_WAITS)
		fprintf(p->term->stream, "  - and %zu more\n", profile->waits.count - MAX_WAITS);
	if (has_deadlock)
		answer_paragraph(p, 2, "",
				 "Threads in a deadlock never run again: take these locks in one "
				 "order everywhere.");
}

void answer_threads_text(const struct answer_printer *p)
{
	const struct profile *profile = p->answer->selection->profile;
	auto_thread_groups struct thread_groups threads = { 0 };

	if (!threads_is_dump(profile))
		return;
	threads = threads_group(profile);
	answer_heading(p, "Threads");
	print_counts(p, &threads);
	for (size_t i = 0; i < MIN(threads.groups.count, (size_t)MAX_ROWS); i++)
		print_group(p, &threads.groups.items[i]);
	if (threads.groups.count > MAX_ROWS)
		fprintf(p->term->stream, "         and %zu more stacks\n",
			threads.groups.count - MAX_ROWS);
	print_waits(p);
}

static void group_json(struct json_writer *json, const struct profile *profile,
		       const struct thread_group *group)
{
	uint32_t frames[MAX_JSON_FRAMES];
	size_t count = profile_stack(profile, group->node, frames, MAX_JSON_FRAMES);

	json_object_begin(json);
	json_key_uint(json, "threads", group->count);
	json_key_text(json, "state", thread_state_name(group->state));
	json_key(json, "names"); /* the first ones */
	json_array_begin(json);
	for (size_t i = 0; i < group->name_count; i++)
		json_text(json, profile_text(profile, group->names[i]));
	json_array_end(json);
	json_key(json, "functions"); /* innermost first */
	json_array_begin(json);
	while (count) {
		auto_strbuf struct strbuf label = STRBUF_INIT;

		profile_frame_label(profile, frames[--count], &label);
		json_text(json, strbuf_text(&label));
	}
	json_array_end(json);
	json_object_end(json);
}

void answer_threads_json(struct json_writer *json, const struct profile *profile)
{
	static const char *const keys[PROFILE_STATE_COUNT] = {
		[PROFILE_STATE_RUNNING] = "running", [PROFILE_STATE_UNKNOWN] = "not_seen_waiting",
		[PROFILE_STATE_BLOCKED] = "blocked", [PROFILE_STATE_IO] = "waiting_for_device",
		[PROFILE_STATE_IDLE] = "idle",
	};
	auto_thread_groups struct thread_groups threads = { 0 };

	if (!threads_is_dump(profile))
		return;
	threads = threads_group(profile);
	json_key(json, "threads");
	json_object_begin(json);
	json_key_uint(json, "all", threads.all);
	for (size_t i = 0; i < PROFILE_STATE_COUNT; i++)
		json_key_uint(json, keys[i], threads.counts[i]);
	json_key(json, "stacks");
	json_array_begin(json);
	for (size_t i = 0; i < threads.groups.count; i++)
		group_json(json, profile, &threads.groups.items[i]);
	json_array_end(json);
	json_key(json, "waits");
	json_array_begin(json);
	for (size_t i = 0; i < profile->waits.count; i++) {
		const struct profile_wait *wait = &profile->waits.items[i];

		json_object_begin(json);
		json_key_text(json, "thread", profile_text(profile, wait->waiter));
		json_key_text(json, "lock", profile_text(profile, wait->lock));
		json_key_text(json, "holder",
			      wait->holder ? profile_text(profile, wait->holder) : NULL);
		json_key_bool(json, "deadlock", wait->is_deadlock);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}
