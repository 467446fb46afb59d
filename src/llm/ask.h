/*
 * Asking a model: queries go out masked, side by side up to a bound; answers come back as they
 * arrive, in whole lines, unmasked and with their figures checked. Whatever goes wrong, what came
 * stays, and is called partial.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "http/http.h"
#include "llm/cite.h"
#include "llm/config.h"
#include "llm/mask.h"
#include "llm/provider.h"
#include "llm/store.h"

struct asker {
	const struct llm_config *config;
	struct masks *masks;
	const char *program;	  /* "sysgrok 0.1.0", for the records */
	const char *store_folder; /* NULL: nothing is kept, nothing taken from it */
	bool no_cache;		  /* ask again even where the answer is kept */
	struct http_options http;
	struct llm_dialect dialect; /* by llm_dialect_of, then by what the server refuses */
	struct warnings *warnings;
};

struct query {
	struct llm_prompt prompt;
	struct citer *citer; /* NULL: figures are not checked */
	/* Takes whole lines as soon as they are checked; NULL = the text is looked at afterwards.
	 * What it took is never asked for again. False ends the answer. */
	bool (*on_text)(void *user, struct str text);
	void *user;

	/* Filled by asker_run. */
	struct strbuf text; /* unmasked, with the marks of the citer */
	struct llm_reply reply;
	struct error *error; /* owned; the text may hold a part all the same */
	char *notice;	     /* why the text is cut or partial though no error; owned, or NULL */
	bool from_cache, is_unwanted;
	/* The server said that the prompt was too large; what it takes and what it counted, 0 where
	 * it did not say. */
	bool is_too_large;
	uint64_t context_tokens, prompt_tokens;
	size_t request_bytes;	   /* the caller's note */
	char id[SHA256_HEX_BYTES]; /* of the record */
	uint64_t first_text_ns, total_ns;
};

void query_done(struct query *query);

/* Runs all; ERROR_INTERRUPTED or what keeps any from being sent. Others are in the queries. */
MUST_CHECK struct error *asker_run(struct asker *asker, struct query *queries, size_t count);
/* The exact bytes that asker_run would send, without the key: method, URL, headers, body. */
void asker_show(const struct asker *asker, const struct llm_prompt *prompt, struct strbuf *out);
/* Tokens of the request by its size, before it is sent. */
uint64_t asker_estimate_tokens(size_t request_bytes);
