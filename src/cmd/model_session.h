/* What src/cmd/model.c (asking) and src/cmd/model_prompt.c (what is told) share; theirs alone. */
#pragma once

#include "base/vec.h"
#include "cmd/model.h"
#include "llm/ask.h"
#include "llm/prompt.h"

struct markdown;

VEC_DEFINE(message_vec, struct llm_message)

struct model_session {
	struct command_context *context;
	struct model_options options;
	struct llm_config config;
	struct masks masks;
	struct asker asker;
	char *prompts, *store, *url;
	char *tokens; /* the file of llm/calibration.h */
	/* Of the answer. */
	struct query query;
	struct citer citer;
	struct answer_prose prose;
	char *error_text, *notice;
	struct str input; /* of the user's own prompts */
	unsigned header_lines;
	struct strbuf summaries; /* of parts, for where the answer over them fails */
	unsigned calls_used;	 /* by model_consult */
	double cost_used;	 /* likewise */
	double bytes_per_token;	 /* 0: unknown */
	size_t budget_divisor;	 /* grows where a server says that a prompt was too large */
	bool is_short;		 /* facts without room are left out */
	bool has_label;
	struct markdown *markdown; /* NULL: the text is shown as it is */
	/* What was said so far, for chat. */
	struct arena arena;
	struct message_vec messages;
};

/* Adds to what was said, a copy. */
void model_say(struct model_session *session, enum llm_role role, struct str text);
/* By --max-cost: what requests of so many bytes and their answers may cost. */
MUST_CHECK struct error *model_check_cost(const struct model_session *session, size_t request_bytes,
					  unsigned answers);

/* The machines that the facts are of are masked from now on. */
void model_mask_hosts(struct model_session *session, const struct facts *facts);
/* For --dry-run. */
void model_show_request(const struct model_session *session, struct str request);

/* The texts of which requests are made. */
struct model_texts {
	struct strbuf system, prompt, part, format;
};

void model_texts_done(struct model_texts *texts);
#define auto_model_texts __attribute__((cleanup(model_texts_done)))
MUST_CHECK struct error *model_texts_load(const struct model_session *session, const char *name,
					  struct model_texts *ret);
/* What a request has room for beside messages of so many bytes. */
struct prompt_budget model_budget(const struct model_session *session, size_t other_bytes);
/* The messages of the first request; asks for summaries first where that is too small for all. */
MUST_CHECK struct error *model_compose(struct model_session *session, const struct facts *facts,
				       const struct model_texts *texts, const char *question);
/* Makes the next prompt smaller by what the server said of this one; false where that is no use. */
bool model_learn_size(struct model_session *session, unsigned attempt);
