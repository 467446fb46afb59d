/*
 * What the commands about hosts share once the bytes are there: the facts of each host are judged,
 * numbered, rendered in one report, and handed to a model if there is one. Where the bytes came
 * from is no matter.
 */
#pragma once

#include "cmd/model.h"
#include "facts/facts.h"
#include "rules/rules.h"

/* One host, or the files of one. */
struct host_material {
	const char *host;	 /* its name; NULL: files, which do not say */
	const char *source;	 /* what was read, for people */
	const char *unreachable; /* why nothing was, or NULL; `facts` are empty then */
	struct facts facts;
};

/*
 * Reads more of the host that the model is asked about, as the model wishes: material `index`,
 * whose facts are judged and numbered. True: they are made anew. `ret_input`: escaped lines for the
 * model's prompt.
 */
typedef bool host_look_further(void *user, struct model_session *model, size_t index,
			       struct facts *facts, struct strbuf *ret_input);

struct host_answer_wishes {
	const char *prompt;		 /* the model's; NULL: analyzecmd's */
	host_look_further *look_further; /* NULL: what was read is all */
	void *user;
	const char *problem; /* what the user complains of (NULL: nothing): it moves the order */
	bool is_look;	     /* hosts were looked at: what each command said is told on demand */
	bool shows_summaries;
	bool fails_on_findings; /* --exit-code */
	bool from_stdin;
	struct model_options model;
};

/* The embedded rules with the user's own. */
struct ruleset *host_rules_new(struct command_context *context);

/* The error is the model's, or ERROR_FINDINGS, or ERROR_CHILD where no host could be read at all:
 * the answer is out by then. */
MUST_CHECK struct error *host_answer_give(struct command_context *context,
					  const struct ruleset *rules,
					  struct host_material *materials, size_t count,
					  const struct host_answer_wishes *wishes);
