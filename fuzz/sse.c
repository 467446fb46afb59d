/* A stream of a server, as one piece and in small ones: the same answer, of any API. */
#include "fuzz.h"

#include <stdlib.h>

#include "llm/provider.h"
#include "llm/sse.h"

struct reading {
	struct llm_reply reply;
	enum llm_api api;
};

static bool take_event(void *user, struct str data)
{
	struct reading *reading = user;

	llm_reply_event(&reading->reply, reading->api, data);
	return true;
}

static void read_stream(struct reading *reading, struct str stream, size_t slice)
{
	struct sse sse = { 0 };

	llm_reply_reset(&reading->reply);
	while (stream.len) {
		size_t count = MIN(slice, stream.len);

		if (!sse_feed(&sse, (struct str){ stream.ptr, count }, take_event, reading))
			abort();
		stream.ptr += count;
		stream.len -= count;
	}
	sse_end(&sse, take_event, reading);
	llm_reply_end(&reading->reply);
	sse_done(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const enum llm_api apis[] = { LLM_OPENAI, LLM_ANTHROPIC };
	const struct str stream = { (const char *)data, size_bytes };

	if (size_bytes > 65536)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(apis); i++) {
		struct reading whole = { .api = apis[i] }, sliced = { .api = apis[i] };

		read_stream(&whole, stream, SIZE_MAX);
		read_stream(&sliced, stream, 3);
		if (!str_eq(strbuf_str(&whole.reply.text), strbuf_str(&sliced.reply.text)))
			abort();
		llm_reply_done(&whole.reply);
		llm_reply_done(&sliced.reply);
	}
	return 0;
}
