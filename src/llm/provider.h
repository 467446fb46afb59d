/*
 * What is said on the wire, for three APIs: OpenAI's chat completions (at any URL), Azure's rules
 * for them, and Anthropic's messages. Bytes in and out only: src/http sends them, llm/ask.c waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "llm/config.h"
#include "llm/mask.h"

enum llm_role { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT };

struct llm_message {
	enum llm_role role;
	struct str text; /* as we know it: masks are put in when it is written */
};

/* What a server turned out not to take; it is asked again without. */
struct llm_dialect {
	bool completion_tokens; /* max_completion_tokens instead of max_tokens */
	bool no_temperature;
	bool no_usage; /* no stream_options */
};

struct llm_prompt {
	const struct llm_message *messages;
	size_t count;
	bool has_temperature;
	double temperature;
};

/* By the model's name and GAI_MAX_TOKENS_FIELD. */
struct llm_dialect llm_dialect_of(const struct llm_config *config);
/* Owned. */
char *provider_url(const struct llm_config *config);
/* The headers, ended by NULL, in the arena. They hold the key. */
const char *const *provider_headers(const struct llm_config *config, struct arena *arena);
/* The body of a streamed request: the one place where texts leave, each through mask_hide. */
void provider_body(const struct llm_config *config, struct llm_dialect dialect,
		   const struct llm_prompt *prompt, struct masks *masks, struct strbuf *out);

struct llm_usage {
	bool known;
	uint64_t prompt_tokens, reply_tokens;
};

/* An answer as far as it came. */
struct llm_reply {
	struct strbuf text; /* UTF-8, masked as it came */
	char half[3];	    /* the first half of a surrogate pair, waiting for the next delta */
	bool has_half;
	char *finish; /* "stop", "length", "content_filter", ... in OpenAI's words; NULL = not said
		       */
	bool done;    /* the end was said */
	char *error;  /* told inside a stream that began well; NULL */
	char *model;  /* as the server calls it; NULL */
	struct llm_usage usage;
	unsigned bad_events; /* that were no JSON */
};

void llm_reply_done(struct llm_reply *reply);
void llm_reply_reset(struct llm_reply *reply);
/* One event of the stream, or the whole body where a server does not stream. */
void llm_reply_event(struct llm_reply *reply, enum llm_api api, struct str data);
/* The stream ended: what waits for its other half becomes U+FFFD. */
void llm_reply_end(struct llm_reply *reply);

/* What an answer with an error status says, in one line without the key; a hint with it. */
struct error *provider_error(const struct llm_config *config, long status, struct str body);
/* Whether the refusal is of the prompt's size; with the figures that the server gives, else 0. */
bool provider_is_too_large(struct str body, uint64_t *ret_context_tokens,
			   uint64_t *ret_prompt_tokens);
/* Changes the dialect to what the refusal asks for; false where it asks for nothing known. */
bool provider_adapt(struct llm_dialect *dialect, long status, struct str body);
/* Not worth another attempt: the account is empty. For http_request.worth_retrying. */
bool provider_worth_retrying(long status, struct str body);
