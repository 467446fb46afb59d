#include "llm/sse.h"

#include <string.h>

#define EVENT_CAP_BYTES ((size_t)4 << 20)

void sse_done(struct sse *sse)
{
	strbuf_done(&sse->line);
	strbuf_done(&sse->data);
}

void sse_reset(struct sse *sse)
{
	strbuf_reset(&sse->line);
	strbuf_reset(&sse->data);
	sse->has_data = false;
	sse->too_long = false;
}

static bool give_event(struct sse *sse, sse_event_fn *on_event, void *user)
{
	bool go_on = true;

	if (sse->has_data)
		go_on = on_event(user, strbuf_str(&sse->data));
	strbuf_reset(&sse->data);
	sse->has_data = false;
	return go_on;
}

static bool take_line(struct sse *sse, struct str line, sse_event_fn *on_event, void *user)
{
	struct str field, value;

	if (str_ends_with(line, STR("\r")))
		line.len--;
	if (!line.len)
		return give_event(sse, on_event, user);
	str_cut(line, ':', &field, &value);
	if (!str_is(field, "data"))
		return true;
	if (str_starts_with(value, STR(" "))) {
		value.ptr++;
		value.len--;
	}
	if (sse->has_data)
		strbuf_add_char(&sse->data, '\n');
	strbuf_add(&sse->data, value);
	sse->has_data = true;
	sse->too_long = sse->data.len > EVENT_CAP_BYTES;
	return !sse->too_long;
}

bool sse_feed(struct sse *sse, struct str bytes, sse_event_fn *on_event, void *user)
{
	while (bytes.len) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t count = end ? (size_t)(end - bytes.ptr) : bytes.len;
		bool go_on;

		if (sse->too_long || sse->line.len + count > EVENT_CAP_BYTES) {
			sse->too_long = true;
			return false;
		}
		strbuf_add(&sse->line, (struct str){ bytes.ptr, count });
		if (!end)
			return true;
		bytes.ptr += count + 1;
		bytes.len -= count + 1;
		go_on = take_line(sse, strbuf_str(&sse->line), on_event, user);
		strbuf_reset(&sse->line);
		if (!go_on)
			return false;
	}
	return true;
}

bool sse_end(struct sse *sse, sse_event_fn *on_event, void *user)
{
	if (sse->line.len && !take_line(sse, strbuf_str(&sse->line), on_event, user))
		return false;
	strbuf_reset(&sse->line);
	return give_event(sse, on_event, user);
}
