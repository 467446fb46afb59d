/* A prompt of a user's own, and what is put into one: any bytes, whole or in parts. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "llm/chunk.h"
#include "llm/prompt.h"
#include "llm/prompt_spec.h"

static void check_safe(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < ' ' && text.ptr[i] != '\n')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct str text = { (const char *)data, size_bytes };
	auto_arena struct arena arena = ARENA_INIT;
	auto_strbuf struct strbuf safe = STRBUF_INIT, sent = STRBUF_INIT, filled = STRBUF_INIT;
	auto_prompt_records struct prompt_records records = { 0 };
	struct chunk_vec chunks = { 0 };
	struct prompt_spec spec = { 0 };
	size_t limit = 64 + (size_bytes ? data[0] * 8U : 0);

	error_free(prompt_spec_parse("fuzz", text, &arena, &spec));
	prompt_add_input(&safe, text);
	check_safe(strbuf_str(&safe));
	prompt_put(spec.body.ptr ? spec.body : text,
		   &(const struct prompt_place){ "input", strbuf_str(&safe) }, 1, &filled);
	prompt_input_records(strbuf_str(&safe), &records);
	if (!chunks_plan(records.items.items, records.items.count, limit, &chunks))
		abort();
	for (size_t i = 0; i < chunks.count; i++) {
		size_t before = sent.len;

		chunk_write(records.items.items, &chunks.items[i], &sent);
		if (sent.len == before || sent.len - before > limit)
			abort();
	}
	chunk_vec_done(&chunks);
	return 0;
}
