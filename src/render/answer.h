/*
 * The answer to "what are these functions and what do I do about them", from facts, findings and
 * notes, for people and as JSON. Every figure is a fact and is shown with its number ([F12]); what
 * is known without measuring is text without figures. The same input gives the same bytes.
 */
#pragma once

#include <stdio.h>

#include "base/json_out.h"
#include "base/term.h"
#include "facts/facts.h"
#include "samples/select.h"

/* What a model wrote about the answer, or why none was asked. */
struct answer_prose {
	bool asked;
	const char *reason; /* not asked: "offline", "not configured", "dry run", "configuration" */
	const char *model, *url;
	struct str text;		/* with the marks of wrong and uncited figures */
	unsigned right, wrong, uncited; /* figures */
	const char *notice;		/* why it is cut or partial, or NULL */
	const char *error;		/* why there is none, or no whole one, or NULL */
	const char *id;			/* of the record that is kept; "" = none */
	bool from_cache, has_usage, has_cost;
	uint64_t prompt_tokens, reply_tokens;
	double cost;
	size_t facts_told, facts_known; /* how many facts the model saw */
	/* Requests for summaries of what was too large for one, and how many brought none. */
	unsigned parts, parts_failed;
};

struct answer {
	const char *command; /* "topn", "stacktrace" */
	const struct profile_selection *selection;
	const struct facts *facts; /* annotated, judged and numbered */
	const char **unchecked;	   /* rules that a missing fact kept from being checked */
	size_t unchecked_count;
	bool is_asked;			  /* a model's prose follows, so that the foot does not say
					   * that there is none */
	const struct answer_prose *prose; /* for --json; NULL: no model was asked */
};

struct answer_options {
	size_t rows;	  /* functions to explain; 0 = all */
	double min_ratio; /* functions below are left out */
	size_t stacks;	  /* stacktrace: how many */
	unsigned verbosity;
	/* Owned text: the package that brought the file, or NULL; may itself be NULL. */
	char *(*package_of)(void *context, const char *path);
	void *package_context;
};

/* The key "model": {"asked": true, "text", "figures", "error", ...}, or {"asked": false, "reason"}.
 */
void prose_write(struct json_writer *json, const struct answer_prose *prose);

void answer_topn_text(const struct term *term, const struct answer *answer,
		      const struct answer_options *options);
void answer_stack_text(const struct term *term, const struct answer *answer,
		       const struct answer_options *options);
void answer_json(FILE *stream, const struct answer *answer, const struct answer_options *options);
