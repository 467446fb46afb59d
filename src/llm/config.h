/*
 * Which model is asked, where, and with what key: GAI_API_TYPE (openai, open_ai, azure, anthropic),
 * GAI_API_KEY, GAI_API_BASE, GAI_API_VERSION, GAI_MODEL, OPENAI_API_KEY, ANTHROPIC_API_KEY from the
 * environment, then from a `.env` (llm/env_file.h). Sends nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum llm_api { LLM_NONE, LLM_OPENAI, LLM_AZURE, LLM_ANTHROPIC };

struct llm_config {
	enum llm_api api; /* LLM_NONE: no model is configured, which is no error */
	char *model;
	char *base;		 /* without a final '/' */
	char *key;		 /* NULL: the server asks for none */
	char *version;		 /* Azure's and Anthropic's; NULL elsewhere */
	char *note;		 /* what the user should know (a key in clear text), or NULL */
	uint64_t context_tokens; /* GAI_CONTEXT_TOKENS, else by the model's name */
	uint64_t reply_tokens;	 /* GAI_MAX_TOKENS, else 1024 */
	/* GAI_MAX_TOKENS_FIELD: "max_tokens" or "max_completion_tokens"; NULL = by the model */
	char *tokens_field;
	double price_in, price_out; /* GAI_PRICE_IN, GAI_PRICE_OUT: for a million tokens; 0 = ? */
};

/* Where settings are looked for; tests give their own. */
struct llm_sources {
	const char *(*environment)(const char *name); /* NULL = getenv */
	const char *folder;			      /* NULL = the current one */
};

/* `model` (of --model) wins over GAI_MODEL; NULL = not given. */
MUST_CHECK struct error *llm_config_load(const struct llm_sources *sources, const char *model,
					 struct llm_config *ret);
void llm_config_done(struct llm_config *config);
#define auto_llm_config __attribute__((cleanup(llm_config_done)))

const char *llm_api_name(enum llm_api api);
