/* Annotated source through all that an answer does: facts, notes, findings, text and JSON. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "knowledge/knowledge.h"
#include "render/code_answer.h"
#include "rules/rules.h"
#include "source/facts_code.h"

static struct knowledge *knowledge;
static struct ruleset *rules;

static void write_all(const struct code_answer *answer)
{
	const struct answer_options options = { .rows = 20, .verbosity = 1 };
	char *text = NULL;
	size_t size_bytes = 0;
	FILE *stream = open_memstream(&text, &size_bytes);
	struct term term = { .stream = stream, .width = 80 };

	code_answer_text(&term, answer, &options);
	code_answer_json(stream, answer, &options);
	fclose(stream);
	/* no byte of the input may steer the terminal */
	for (size_t i = 0; i < size_bytes; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_listing struct listing *listing = NULL;
	auto_code struct code *code = NULL;
	auto_facts struct facts facts = FACTS_INIT;
	auto_error struct error *error = NULL;
	struct ruleset_result result;

	if (!knowledge) {
		knowledge = knowledge_new();
		rules = ruleset_new();
	}
	strbuf_add(&text, (struct str){ (const char *)data, size_bytes });
	error = listing_read(&text, "input", &listing);
	if (error)
		return 0;
	code = code_new(listing);
	code_facts(code, &facts);
	knowledge_annotate(knowledge, &facts);
	result = ruleset_run(rules, &facts);
	facts_number(&facts);
	write_all(&(struct code_answer){ .answer = { .command = "code",
						     .facts = &facts,
						     .unchecked = result.unchecked,
						     .unchecked_count = result.unchecked_count },
					 .code = code });
	ruleset_result_done(&result);
	return 0;
}
