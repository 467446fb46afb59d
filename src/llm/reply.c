/* The reading side of llm/provider.h: events of a stream, put together to an answer. */
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/memory.h"
#include "llm/provider.h"

#define TEXT_CAP_BYTES ((size_t)8 << 20)

void llm_reply_reset(struct llm_reply *reply)
{
	strbuf_reset(&reply->text);
	free(reply->finish);
	free(reply->error);
	free(reply->model);
	*reply = (struct llm_reply){ .text = reply->text };
	reply->text.cap = TEXT_CAP_BYTES;
}

void llm_reply_done(struct llm_reply *reply)
{
	llm_reply_reset(reply);
	strbuf_done(&reply->text);
}

/* Halves of surrogates come as three bytes (base/json_in.h): ED A0-AF xx is a first half, ED B0-BF
 * xx a second one. */
static bool is_half(struct str text, bool *ret_is_second)
{
	if (text.len < 3 || (unsigned char)text.ptr[0] != 0xed || (unsigned char)text.ptr[1] < 0xa0)
		return false;
	*ret_is_second = (unsigned char)text.ptr[1] >= 0xb0;
	return true;
}

static uint32_t half_value(const char *half)
{
	return ((uint32_t)half[1] & 0x0f) << 6 | ((uint32_t)half[2] & 0x3f);
}

static void add_pair(struct strbuf *out, const char *first, const char *second)
{
	uint32_t c = 0x10000 + (half_value(first) << 10) + (half_value(second) & 0x3ff);

	strbuf_add_char(out, (char)(0xf0 | c >> 18));
	strbuf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
	strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

static void drop_half(struct llm_reply *reply)
{
	if (reply->has_half)
		strbuf_add_text(&reply->text, "\xef\xbf\xbd");
	reply->has_half = false;
}

static void add_text(struct llm_reply *reply, struct str text)
{
	while (text.len) {
		bool is_second;

		if (!is_half(text, &is_second)) {
			drop_half(reply);
			strbuf_add_char(&reply->text, *text.ptr);
			text.ptr++;
			text.len--;
			continue;
		}
		if (is_second && reply->has_half) {
			add_pair(&reply->text, reply->half, text.ptr);
			reply->has_half = false;
		} else {
			drop_half(reply);
			if (is_second) {
				strbuf_add_text(&reply->text, "\xef\xbf\xbd");
			} else {
				memcpy(reply->half, text.ptr, 3);
				reply->has_half = true;
			}
		}
		text.ptr += 3;
		text.len -= 3;
	}
}

static void set_text(char **target, struct str text)
{
	free(*target);
	*target = x_strndup(text.ptr, text.len);
}

static void read_count(const struct json *value, uint64_t *ret)
{
	double number;

	if (json_get_number(value, &number) && number >= 0 && number < 1e15)
		*ret = (uint64_t)number;
}

static bool read_error(struct llm_reply *reply, const struct json *event)
{
	const struct json *error = json_find(event, "error");
	struct str message = { 0 };

	if (!error || error->type == JSON_NULL)
		return false;
	if (!json_get_text(error, &message) &&
	    !json_get_text(json_find(error, "message"), &message))
		json_get_text(json_find(error, "type"), &message);
	set_text(&reply->error, message.len ? message : STR("an error without words"));
	return true;
}

/* "content" is a text, null, absent, or (some servers) a list of parts with texts. */
static void read_content(struct llm_reply *reply, const struct json *content)
{
	struct str text;

	if (json_get_text(content, &text)) {
		add_text(reply, text);
		return;
	}
	if (!content || content->type != JSON_ARRAY)
		return;
	for (const struct json *part = content->first; part; part = part->next) {
		if (json_get_text(json_find(part, "text"), &text))
			add_text(reply, text);
	}
}

static void read_openai(struct llm_reply *reply, const struct json *event)
{
	const struct json *usage = json_find(event, "usage");
	const struct json *choices = json_find(event, "choices");
	const struct json *choice, *delta;
	struct str text;
	double index;

	if (usage && usage->type == JSON_OBJECT) {
		reply->usage.known = true;
		read_count(json_find(usage, "prompt_tokens"), &reply->usage.prompt_tokens);
		read_count(json_find(usage, "completion_tokens"), &reply->usage.reply_tokens);
	}
	/* Empty in Azure's first and in everybody's usage event. */
	choice = choices && choices->type == JSON_ARRAY ? choices->first : NULL;
	if (!choice || (json_get_number(json_find(choice, "index"), &index) && index > 0))
		return;
	delta = json_find(choice, "delta");
	if (!delta)
		delta = json_find(choice, "message");
	read_content(reply, json_find(delta, "content"));
	if (json_get_text(json_find(delta, "refusal"), &text))
		add_text(reply, text);
	if (json_get_text(json_find(choice, "finish_reason"), &text) && text.len)
		set_text(&reply->finish, text);
}

static struct str openai_word(struct str stop_reason)
{
	if (str_is(stop_reason, "end_turn") || str_is(stop_reason, "stop_sequence"))
		return STR("stop");
	if (str_is(stop_reason, "max_tokens"))
		return STR("length");
	if (str_is(stop_reason, "refusal"))
		return STR("content_filter");
	if (str_is(stop_reason, "tool_use"))
		return STR("tool_calls");
	return stop_reason;
}

static void read_anthropic(struct llm_reply *reply, const struct json *event)
{
	const struct json *message = json_find(event, "message");
	const struct json *delta = json_find(event, "delta");
	const struct json *usage = json_find(event, "usage");
	struct str text, type = { 0 };

	json_get_text(json_find(event, "type"), &type);
	if (str_is(type, "message")) { /* the whole answer: it was not streamed */
		message = event;
		read_content(reply, json_find(event, "content"));
		reply->done = true;
	}
	if (!usage)
		usage = json_find(message, "usage");
	if (usage && usage->type == JSON_OBJECT) {
		reply->usage.known = true;
		read_count(json_find(usage, "input_tokens"), &reply->usage.prompt_tokens);
		read_count(json_find(usage, "output_tokens"), &reply->usage.reply_tokens);
	}
	if (json_get_text(json_find(message, "model"), &text))
		set_text(&reply->model, text);
	if (str_is(type, "content_block_delta") && json_get_text(json_find(delta, "text"), &text))
		add_text(reply, text);
	if (json_get_text(json_find(delta ? delta : event, "stop_reason"), &text))
		set_text(&reply->finish, openai_word(text));
	if (str_is(type, "message_stop"))
		reply->done = true;
}

void llm_reply_event(struct llm_reply *reply, enum llm_api api, struct str data)
{
	auto_arena struct arena arena = ARENA_INIT;
	auto_error struct error *error = NULL;
	const struct json *event = NULL;
	struct str text;

	if (str_is(str_trim(data), "[DONE]")) {
		reply->done = true;
		return;
	}
	error = json_parse(data, &arena, &event);
	if (error || event->type != JSON_OBJECT) {
		reply->bad_events++;
		return;
	}
	if (read_error(reply, event))
		return;
	if (json_get_text(json_find(event, "model"), &text) && text.len)
		set_text(&reply->model, text);
	if (api == LLM_ANTHROPIC)
		read_anthropic(reply, event);
	else
		read_openai(reply, event);
}

void llm_reply_end(struct llm_reply *reply)
{
	drop_half(reply);
}
