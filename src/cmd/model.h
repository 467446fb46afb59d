/* What answering commands share of asking a model: options, the session, and how prose is shown. */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "cmd/command.h"
#include "facts/facts.h"
#include "render/answer.h"

#define MODEL_CALLS 9

struct model_options {
	bool strict, dry_run, ask_again;
	double max_cost;
	uint64_t max_calls; /* 0: by how much matters, MODEL_CALLS at most */
};

/* clang-format off */
#define MODEL_OPTIONS(type, field) \
	{ 0, "dry-run", NULL, "show the request to the model, byte for byte, and send nothing", \
	  OPTION_FLAG, offsetof(type, field.dry_run) }, \
	{ 0, "strict", NULL, "fail where a figure of the model is wrong or cites no fact", \
	  OPTION_FLAG, offsetof(type, field.strict) }, \
	{ 0, "max-cost", "N", "do not ask where it may cost more (GAI_PRICE_IN, GAI_PRICE_OUT)", \
	  OPTION_REAL, offsetof(type, field.max_cost) }, \
	{ 0, "max-calls", "N", "requests to the model at most; what is too large for one is " \
	  "summarised in parts", \
	  OPTION_U64, offsetof(type, field.max_calls) }, \
	{ 0, "ask-again", NULL, "ask even where the answer to the same request is kept", \
	  OPTION_FLAG, offsetof(type, field.ask_again) }
/* clang-format on */

struct model_session;

/*
 * Reads the configuration. Success with *ret NULL where no model is to be asked: --offline, or none
 * is configured. A wrong configuration is an error, which does not keep the answer from being
 * given.
 */
MUST_CHECK struct error *model_open(struct command_context *context,
				    const struct model_options *options,
				    struct model_session **ret);
void model_close(struct model_session *session);
static inline void cleanup_model(struct model_session **session)
{
	model_close(*session);
}
#define auto_model __attribute__((cleanup(cleanup_model)))

/*
 * Asks about numbered facts by the prompt of that name; `question` (NULL where there is none) are
 * the words of the command line. Without --json the prose is streamed to the
 * output as it comes, with its label before and behind. *ret_prose is borrowed from the session and
 * filled in any case; the error says why it is not whole, or (--strict) not right.
 */
MUST_CHECK struct error *model_ask(struct model_session *session, const struct facts *facts,
				   const char *prompt, const char *question,
				   const struct answer_prose **ret_prose);

/* Before model_ask: lines (escaped, borrowed) for {{input}}, the first `header_lines` of which are
 * repeated before each part where they are too many for one request. */
void model_set_input(struct model_session *session, struct str lines, unsigned header_lines);

/* A question whose answer is read here, not by people. */
struct model_question {
	const char *prompt; /* its file */
	const char *words;  /* of the command line, or NULL */
	struct str input;   /* for {{input}}: escaped lines */
};

/*
 * Asks before model_ask, and shows nothing: --output-format and --chat do not reach it, figures are
 * not checked. Counted by --max-calls and --max-cost; a part that came before an error is in `ret`.
 * With --dry-run the request is shown, and `ret` stays empty.
 */
MUST_CHECK struct error *model_consult(struct model_session *session, const struct facts *facts,
				       const struct model_question *question, struct strbuf *ret);
/* Requests that --max-calls leaves, the report's own among them. */
unsigned model_calls_left(const struct model_session *session);
/* Bytes of {{input}} that leave room for the facts. */
size_t model_input_room(const struct model_session *session);
/* What has no room is left out, and not summarised in requests of its own, unless --max-calls asks
 * for it. */
void model_keep_short(struct model_session *session);
/* A name of a machine that leaves only masked. */
void model_mask_host(struct model_session *session, const char *name);

/* For --json where model_open gave no session; `error` (borrowed, may be NULL) is what it told. */
struct answer_prose model_unasked(const struct command_context *context, const struct error *error);

/* Goes on after model_ask: a question about the same facts, its answer streamed likewise. */
MUST_CHECK struct error *model_reply(struct model_session *session, struct str question);
/* Whether the model answered, so that there is something to go on from. */
bool model_is_able_to_chat(const struct model_session *session);
/*
 * With --chat: questions and answers until the person ends it (c, q or Ctrl-D).
 * `session` NULL: says that it needs a model. `stdin_used`: the data came from there.
 */
MUST_CHECK struct error *chat_run(struct command_context *context, struct model_session *session,
				  bool stdin_used);

/* For doctor: a request of a few tokens. `ret` (owned) says what was found, whatever it is; true
 * where the model answered. */
bool model_try(const struct command_context *context, char **ret, const char **ret_remedy);
/* Where answers of models are kept; owned; NULL where there is no home. */
char *model_store_folder(void);
