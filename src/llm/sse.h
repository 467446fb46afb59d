/*
 * Server-sent events out of bytes that arrive in any slices. Lines end with "\n" or "\r\n"; the
 * data lines of an event are joined by "\n"; comments, ids, types and retry times are dropped.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

/* False ends the reading. */
typedef bool sse_event_fn(void *user, struct str data);

struct sse {
	struct strbuf line, data; /* of the open line, of the open event */
	bool has_data;
	bool too_long; /* an event was over the cap: what follows is not read */
};

void sse_done(struct sse *sse);
/* Makes it as new. */
void sse_reset(struct sse *sse);
/* False: on_event said so, or an event is too long. */
bool sse_feed(struct sse *sse, struct str bytes, sse_event_fn *on_event, void *user);
/* The stream ended: gives an event whose blank line never came. */
bool sse_end(struct sse *sse, sse_event_fn *on_event, void *user);
