/* Pasted tables and stacks through all that an answer does: facts, notes, findings, text and JSON.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "knowledge/knowledge.h"
#include "render/answer.h"
#include "rules/rules.h"
#include "samples/facts_profile.h"
#include "samples/load.h"

static struct knowledge *knowledge;
static struct ruleset *rules;

static void write_all(const struct answer *answer)
{
	const struct answer_options options = { .rows = 20, .stacks = 2, .verbosity = 1 };
	char *text = NULL;
	size_t size_bytes = 0;
	FILE *stream = open_memstream(&text, &size_bytes);
	struct term term = { .stream = stream, .width = 80 };

	answer_topn_text(&term, answer, &options);
	answer_stack_text(&term, answer, &options);
	answer_json(stream, answer, &options);
	fclose(stream);
	/* no byte of the input may steer the terminal */
	for (size_t i = 0; i < size_bytes; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct str text = { (const char *)data, size_bytes };
	auto_profile struct profile *profile = NULL;
	auto_selection struct profile_selection selection = { 0 };
	auto_facts struct facts facts = FACTS_INIT;
	auto_error struct error *error = profile_import_text(text, "input", &profile);
	struct ruleset_result result;

	if (!knowledge) {
		knowledge = knowledge_new();
		rules = ruleset_new();
	}
	if (!error)
		error = profile_select(profile, &(struct profile_filter){ 0 }, &selection);
	if (error)
		return 0;
	profile_facts(&selection, &facts);
	knowledge_annotate(knowledge, &facts);
	result = ruleset_run(rules, &facts);
	profile_meet_needs(&selection, &facts);
	facts_number(&facts);
	write_all(&(struct answer){ .command = "topn",
				    .selection = &selection,
				    .facts = &facts,
				    .unchecked = result.unchecked,
				    .unchecked_count = result.unchecked_count });
	ruleset_result_done(&result);
	return 0;
}
