#include <string.h>

#include "base/json_out.h"
#include "base/memory.h"
#include "render/answer_plan.h"
#include "render/code_answer.h"
#include "render/facts_json.h"

static const double least_line = 0.005, least_loop = 0.005;

static void write_self(struct json_writer *json, const struct code_answer *answer, const char *kind,
		       const char *name)
{
	const struct facts *facts = answer->answer.facts;
	const struct fact *fact = facts_find(
		facts, answer_entity(facts, kind, intern_find(&facts->texts, str_from(name))),
		"self");

	if (!fact)
		return;
	json_key(json, "fact");
	fact_id_write(json, fact);
}

static void write_line(struct json_writer *json, const struct code_answer *answer, uint32_t row)
{
	const struct code *code = answer->code;
	const struct code_line *line = &code->lines.items[row];
	const struct listing_function *function = &code->listing->functions.items[line->function];
	auto_strbuf struct strbuf name = STRBUF_INIT;

	code_line_name(code, row, &name);
	json_object_begin(json);
	json_key_text(json, "name", strbuf_text(&name));
	json_key(json, "text");
	json_text_str(json, str_trim(line->text));
	if (function->name)
		json_key_text(json, "function", listing_text(code->listing, function->name));
	if (line->file)
		json_key_text(json, "file", listing_text(code->listing, line->file));
	if (line->number)
		json_key_uint(json, "line", line->number);
	json_key_real(json, "self", line->share);
	if (line->loop) {
		auto_strbuf struct strbuf loop = STRBUF_INIT;

		code_loop_name(code, line->loop - 1, &loop);
		json_key_text(json, "loop", strbuf_text(&loop));
	}
	write_self(json, answer, "line", strbuf_text(&name));
	json_object_end(json);
}

static void write_lines(struct json_writer *json, const struct code_answer *answer, size_t limit)
{
	const struct code *code = answer->code;

	json_key(json, "lines");
	json_array_begin(json);
	for (size_t i = 0; i < code->lines.count && (!limit || i < limit) && code->is_measured;
	     i++) {
		if (code->lines.items[code->by_share[i]].share < least_line)
			break;
		write_line(json, answer, code->by_share[i]);
	}
	json_array_end(json);
}

static void write_loops(struct json_writer *json, const struct code_answer *answer)
{
	const struct code *code = answer->code;

	json_key(json, "loops");
	json_array_begin(json);
	for (uint32_t i = 0; i < code->loops.count; i++) {
		const struct code_loop *loop = &code->loops.items[i];
		auto_strbuf struct strbuf name = STRBUF_INIT;

		if (code->is_measured && loop->share < least_loop)
			continue;
		code_loop_name(code, i, &name);
		json_object_begin(json);
		json_key_text(json, "name", strbuf_text(&name));
		if (loop->first_number) {
			json_key_uint(json, "first_line", loop->first_number);
			json_key_uint(json, "last_line", loop->last_number);
		}
		json_key_uint(json, "depth", loop->depth);
		json_key_bool(json, "innermost", loop->is_innermost);
		json_key_text(json, "from", loop->is_from_jumps ? "jumps" : "source");
		if (code->is_measured) {
			json_key_real(json, "share", loop->share);
			write_self(json, answer, "loop", strbuf_text(&name));
		}
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_ignored(struct json_writer *json, const struct listing *listing)
{
	json_key_uint(json, "ignored_lines", listing->ignored_lines);
	json_key(json, "ignored");
	json_array_begin(json);
	for (size_t i = 0; i < MIN(listing->ignored_lines, (uint64_t)LISTING_KEPT_LINES); i++) {
		json_object_begin(json);
		json_key_uint(json, "line", listing_input_line(listing, listing->ignored[i]));
		json_key(json, "text");
		json_text_str(json, listing->ignored[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

void code_answer_json(FILE *stream, const struct code_answer *answer,
		      const struct answer_options *options)
{
	const struct listing *listing = answer->code->listing;
	struct json_writer json = json_writer_on(stream);
	auto_facts_view struct facts_view view = facts_view_new(answer->answer.facts, true);
	auto_strbuf struct strbuf whole = STRBUF_INIT;

	listing_whole(listing, &whole);
	json_object_begin(&json);
	json_key_text(&json, "command", answer->answer.command);
	json_key_text(&json, "source", listing->name);
	json_key_text(&json, "format", listing->format);
	json_key_text(&json, "language", language_name(answer->code->language));
	json_key_bool(&json, "measured", answer->code->is_measured);
	json_key_text(&json, "shares_are", strbuf_text(&whole));
	if (listing->samples)
		json_key_uint(&json, "samples", listing->samples);
	write_ignored(&json, listing);
	write_lines(&json, answer, options->rows);
	write_loops(&json, answer);
	facts_view_write(&json, &view);
	json_key(&json, "unchecked_rules");
	json_array_begin(&json);
	for (size_t i = 0; i < answer->answer.unchecked_count; i++)
		json_text(&json, answer->answer.unchecked[i]);
	json_array_end(&json);
	prose_write(&json, answer->answer.prose);
	json_object_end(&json);
	json_finish(&json);
}
