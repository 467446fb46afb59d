/* What net.sh and the name servers' probe print of a host that may be hostile, as facts; and the
 * same text alone, as ss, tc and a packet filter's list. */
#include "fuzz.h"
#include "host_answer.h"

#include "host/filters.h"
#include "host/net.h"
#include "host/queues.h"
#include "host/resolvers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct str text = { (const char *)data, size_bytes }, half = { text.ptr, size_bytes / 2 };
	auto_facts struct facts facts = FACTS_INIT;

	net_to_facts(text, "f", &facts);
	resolvers_to_facts(text, "f", &facts);
	queues_to_facts(half, text, 1, "f", &facts);
	filters_to_facts(half, text, 1, "f", &facts);
	facts_number(&facts);
	fuzz_host_answer("ss", text);
	return 0;
}
