#include <string.h>

#include "base/json_out.h"
#include "render/answer_plan.h"
#include "render/answer_threads.h"
#include "render/facts_json.h"
#include "render/reading.h"
#include "samples/facts_profile.h"

enum { MAX_FRAMES = 512 };

static void rows_write(struct json_writer *json, const struct answer *answer,
		       const struct answer_options *options, struct facts_view *view)
{
	auto_answer_plan struct answer_plan plan = answer_plan_make(answer, options);
	const struct profile *profile = answer->selection->profile;

	json_key(json, "functions");
	json_array_begin(json);
	for (size_t i = 0; i < plan.flat.count; i++) {
		const struct answer_row *row = &plan.flat.items[i];
		uint32_t name = profile->frames.items[row->row.frame].name;
		uint32_t topic = answer_row_topic(answer, row);

		if (row->named)
			facts_view_show(view, row->symbol);
		json_object_begin(json);
		json_key_text(json, "function", row->named ? profile_text(profile, name) : NULL);
		json_key_text(json, "library", *row->library ? row->library : NULL);
		json_key_real(json, "self", table_share(&plan.functions, row->row.self));
		json_key_bool(json, "explained", row->known);
		if (row->known)
			json_key_bool(json, "by_library_only",
				      facts_note(answer->facts, row->symbol, "catch_all"));
		json_key_bool(json, "skid", row->is_skid);
		json_key_text(json, "topic", topic ? facts_str(answer->facts, topic) : NULL);
		if (row->self) {
			json_key(json, "fact");
			fact_id_write(json, row->self);
		}
		json_object_end(json);
	}
	json_array_end(json);
}

static void frame_write(struct json_writer *json, const struct profile *profile, uint32_t id)
{
	const struct profile_frame *frame = &profile->frames.items[id];
	const char *name = profile_text(profile, frame->name);
	const char *library = profile_frame_library(profile, id);
	const char *file = profile_text(profile, frame->file);

	json_object_begin(json);
	json_key_text(json, "function", *name ? name : NULL);
	json_key_text(json, "library", *library ? library : NULL);
	json_key_text(json, "file", *file ? file : NULL);
	if (frame->line)
		json_key_uint(json, "line", frame->line);
	if (frame->flags & PROFILE_FRAME_INLINED)
		json_key_bool(json, "inlined", true);
	json_object_end(json);
}

static void stacks_write(struct json_writer *json, const struct answer *answer,
			 const struct answer_options *options, struct facts_view *view)
{
	auto_table struct table stacks = table_stacks(answer->selection, true, options->stacks);
	const struct profile *profile = answer->selection->profile;
	const struct profile_event *event = &profile->events.items[answer->selection->event];
	uint32_t frames[MAX_FRAMES];

	json_key(json, "stacks");
	json_array_begin(json);
	for (size_t i = 0; i < stacks.count; i++) {
		size_t count =
			profile_stack(profile, stacks.rows[i].node, frames, ARRAY_SIZE(frames));

		json_object_begin(json);
		json_key(json, "share");
		if (strcmp(event->unit, "stacks") == 0)
			json_null(json);
		else
			json_real(json, table_share(&stacks, stacks.rows[i].self));
		json_key(json, "frames"); /* innermost first */
		json_array_begin(json);
		while (count) {
			struct entity symbol;

			if (answer_symbol_find(answer, frames[--count], &symbol))
				facts_view_show(view, symbol);
			frame_write(json, profile, frames[count]);
		}
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

void prose_write(struct json_writer *json, const struct answer_prose *prose)
{
	json_key(json, "model");
	json_object_begin(json);
	json_key_bool(json, "asked", prose && prose->asked);
	if (!prose || !prose->asked) {
		json_key_text(json, "reason", prose ? prose->reason : "not configured");
		json_key_text(json, "error", prose ? prose->error : NULL);
		json_object_end(json);
		return;
	}
	json_key_text(json, "written_by", prose->model);
	json_key_bool(json, "may_be_wrong", true);
	json_key(json, "text");
	json_text_str(json, prose->text);
	json_key(json, "figures");
	json_object_begin(json);
	json_key_uint(json, "verified", prose->right);
	json_key_uint(json, "wrong", prose->wrong);
	json_key_uint(json, "uncited", prose->uncited);
	json_object_end(json);
	json_key_uint(json, "facts_told", prose->facts_told);
	json_key_uint(json, "facts_known", prose->facts_known);
	json_key_uint(json, "parts", prose->parts);
	json_key_uint(json, "parts_failed", prose->parts_failed);
	json_key_text(json, "notice", prose->notice);
	json_key_text(json, "error", prose->error);
	json_key_text(json, "id", *prose->id ? prose->id : NULL);
	json_key_text(json, "url", prose->url);
	json_key_bool(json, "from_cache", prose->from_cache);
	if (prose->has_usage) {
		json_key_uint(json, "prompt_tokens", prose->prompt_tokens);
		json_key_uint(json, "completion_tokens", prose->reply_tokens);
	}
	if (prose->has_cost)
		json_key_real(json, "cost", prose->cost);
	json_object_end(json);
}

void answer_json(FILE *stream, const struct answer *answer, const struct answer_options *options)
{
	struct json_writer json = json_writer_on(stream);
	const struct profile *profile = answer->selection->profile;
	auto_facts_view struct facts_view view =
		facts_view_new(answer->facts, options->verbosity > 0);

	json_object_begin(&json);
	json_key_text(&json, "command", answer->command);
	json_key_text(&json, "source", profile->source);
	json_key_text(&json, "format", profile->format ? profile->format : "perf.data");
	if (profile->damage)
		json_key_text(&json, "damage", profile->damage);
	reading_json(&json, profile);
	answer_threads_json(&json, profile);
	if (strcmp(answer->command, "stacktrace") == 0)
		stacks_write(&json, answer, options, &view);
	else
		rows_write(&json, answer, options, &view);
	facts_view_write(&json, &view);
	json_key(&json, "unchecked_rules");
	json_array_begin(&json);
	for (size_t i = 0; i < answer->unchecked_count; i++)
		json_text(&json, answer->unchecked[i]);
	json_array_end(&json);
	prose_write(&json, answer->prose);
	json_object_end(&json);
	json_finish(&json);
}
