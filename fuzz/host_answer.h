/* What the targets of host parsers share: all that an answer does with a text. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "host/host.h"
#include "render/host.h"
#include "rules/rules.h"

static inline void fuzz_host_write(const struct facts *facts)
{
	char *text = NULL;
	size_t size_bytes = 0;
	FILE *stream = open_memstream(&text, &size_bytes);
	struct term term = { .stream = stream, .width = 80 };
	const struct host_answer answer = {
		.command = "analyzecmd", .source = "f", .facts = facts, .verbosity = 1
	};

	host_answers_text(&term, &answer, 1);
	host_answers_json(stream, &answer, 1, NULL);
	fclose(stream);
	/* no byte of the input may steer the terminal */
	for (size_t i = 0; i < size_bytes; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			abort();
	free(text);
}

static inline void fuzz_host_answer(const char *command, struct str text)
{
	static struct ruleset *rules;
	auto_facts struct facts facts = FACTS_INIT;
	struct ruleset_result result;
	struct host_area areas[16];

	if (!rules)
		rules = ruleset_new();
	host_read(&(struct host_text){ command, "f", text, false }, &facts);
	host_finish(&facts);
	result = ruleset_run(rules, &facts);
	host_areas(&facts, areas, 16);
	facts_number(&facts);
	fuzz_host_write(&facts);
	ruleset_result_done(&result);
}
