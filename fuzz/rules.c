/* Rules as users write them, run over a few facts. */
#include "fuzz.h"

#include "rules/rules.h"

static void fill(struct facts *facts)
{
	struct entity input = facts_entity(facts, "profile", "p");
	struct entity symbol = facts_symbol(facts, "libx.so", "f");

	facts_add_number(facts, input, "samples", 1000, "samples", "t");
	facts_add_text(facts, input, "event", "cycles", "t");
	facts_add_absent(facts, input, "lost", "not said", "t");
	facts_add_number(facts, symbol, "self", 0.25, "ratio", "t");
	facts_add_note(facts, symbol, "family", "alloc", "t");
	facts_add_relation(facts, input, "calls", symbol);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_facts struct facts facts = FACTS_INIT;
	auto_error struct error *error =
		ruleset_add_text(rules, "input", (struct str){ (const char *)data, size_bytes });
	struct ruleset_result result;

	if (error)
		return 0;
	fill(&facts);
	result = ruleset_run(rules, &facts);
	facts_number(&facts);
	ruleset_result_done(&result);
	return 0;
}
