/*
 * What a model is told: facts as "[F12]", findings and notes, put into a prompt that is a file
 * (data/prompts). Never the raw profile. All that came from a machine is escaped: no line end,
 * escape, bidi mark, fence or "[F12]" of a name reaches the prompt as such.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"
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

/* Whether the program brings a prompt of that name. */
bool prompt_is_built_in(const char *name);

struct prompt_budget {
	size_t bytes; /* for the whole prompt */
};

/* What fits beside the answer and `other_bytes` of other messages, by the model's context;
 * `bytes_per_token` from earlier answers, 0 = unknown. */
struct prompt_budget prompt_budget_of(const struct llm_config *config, double bytes_per_token,
				      size_t other_bytes);

/* How much of the tables fitted. */
struct prompt_counts {
	size_t facts, all_facts, notes, all_notes;
};

struct prompt_input {
	const struct facts *facts;
	const char *question; /* the words of the command line; NULL */
	struct str input;     /* for {{input}}: escaped lines (prompt_add_input) */
	struct str body;
	struct prompt_budget budget;
	/* Summaries of what is left out (llm/parts.h), and the room that is kept for them. */
	struct str parts;
	size_t parts_bytes;
};

/* The body with its places filled in, within the budget: what findings rest on goes first, then by
 * size; facts that were left out are counted in the prompt too. Without facts all notes go. */
void prompt_fill(const struct prompt_input *input, struct strbuf *out, struct prompt_counts *ret);

VEC_DEFINE(str_vec, struct str)

/* Whole lines that belong together. */
struct prompt_records {
	struct arena arena;
	struct str_vec items;
	size_t facts; /* in all of them */
};

void prompt_records_done(struct prompt_records *records);
#define auto_prompt_records __attribute__((cleanup(prompt_records_done)))

/* What prompt_fill leaves out: a record an entity, with its facts and notes, what matters most
 * first. Without `all` those of less than half a percent of the whole stay out. */
void prompt_rest(const struct prompt_input *input, bool all, struct prompt_records *ret);

/* A place "{{name}}" of a prompt. */
struct prompt_place {
	const char *name;
	struct str value;
};

/* Puts the values where their places are; one that ends with a line end takes the line that its
 * place stands on. What is put in is not looked at again. */
void prompt_put(struct str body, const struct prompt_place *places, size_t count,
		struct strbuf *out);

/* One line of foreign text made safe for a prompt. */
void prompt_escape(struct strbuf *out, struct str text);
/*
 * Foreign lines made safe: private keys in blocks and the inside of words of over a thousand bytes
 * are left out, so that no name or key is cut by what comes later.
 */
void prompt_add_input(struct strbuf *out, struct str text);
/* Escaped lines as records: paragraphs, where these are short, else lines. Views into `text`. */
void prompt_input_records(struct str text, struct prompt_records *ret);
