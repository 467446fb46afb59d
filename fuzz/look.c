/* What look.sh and objects.sh print of a host that may be hostile, as facts. */
#include "fuzz.h"

#include "host/look_facts.h"
#include "host/objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct str text = { (const char *)data, size_bytes };
	auto_facts struct facts facts = FACTS_INIT;
	auto_looks struct looks looks = { 0 };

	looks_read(text, &looks);
	looks_to_facts(&looks, "", "look", &facts);
	objects_to_facts(text, &looks, "", "objects", &facts);
	facts_number(&facts);
	return 0;
}
