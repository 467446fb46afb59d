/*
 * What a model is told: facts as "[F12]", findings and notes, put into a prompt that is a file
 * (data/prompts). Never the raw profile. All that came from a machine is escaped: no line end,
 * escape, bidi mark, fence or "[F12]" of a name reaches the prompt as such.
 */
#pragma once

#include "base/error.h"
#include "base/strbuf.h"
#include "facts/facts.h"
#include "llm/config.h"
#include "llm/provider.h"

struct prompt_file {
	struct str name, description; /* of the front matter */
	struct str body;
};

/* Takes the front matter off; a text without one is all body. Views into `text`. */
struct prompt_file prompt_file_parse(struct str text);
/*
 * `folder`/NAME.md, else what is built in; appended to `text`. NULL = built in only. ERROR_NO_FILE
 * where there is none of that name.
 */
MUST_CHECK struct error *prompt_file_load(const char *folder, const char *name,
					  struct strbuf *text);

struct prompt_budget {
	size_t bytes; /* for the whole prompt */
};

/* What fits beside the answer, by the model's context; `bytes_per_token` from earlier answers, 0 =
 * unknown. */
struct prompt_budget prompt_budget_of(const struct llm_config *config, double bytes_per_token);

/* How much of the tables fitted. */
struct prompt_counts {
	size_t facts, all_facts, notes, all_notes;
};

/* The body with its places filled in, within the budget: what findings rest on goes first, then by
 * size; facts that were left out are counted in the prompt too. Without facts all notes go.
 * `question` may be NULL. */
void prompt_fill(const struct facts *facts, const char *question, struct str body,
		 struct prompt_budget budget, struct strbuf *out, struct prompt_counts *ret);

/* One line of foreign text made safe for a prompt. */
void prompt_escape(struct strbuf *out, struct str text);
