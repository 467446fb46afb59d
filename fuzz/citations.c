/* What a model wrote, against a few facts: marks are added, and nothing is lost. */
#include "fuzz.h"

#include <stdlib.h>

#include "llm/cite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct str text = { (const char *)data, size_bytes };
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct entity symbol = facts_symbol(&facts, "libc.so.6", "malloc");
	auto_citer struct citer citer;

	facts_add_number(&facts, symbol, "self", 0.6457, "ratio", "fuzz");
	facts_add_number(&facts, symbol, "time", 1.5e9, "ns", "fuzz");
	facts_add_text(&facts, symbol, "file", "malloc.c", "fuzz");
	facts_number(&facts);
	citer_init(&citer, &facts);
	citer_wants_more(&citer, text);
	citer_check(&citer, text, &out);
	if (out.len < size_bytes)
		abort();
	if (out.len == size_bytes && citer.counts.wrong + citer.counts.uncited)
		abort();
	return 0;
}
