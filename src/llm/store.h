/*
 * What was asked and answered, kept on this machine: a file a request, named by the SHA-256 of all
 * that was sent but the key. It is the transcript, what `sysgrok feedback` bundles, and the cache:
 * the same request is answered from it. Masked as it was sent; readable by its user only.
 */
#pragma once

#include "base/error.h"
#include "llm/provider.h"
#include "llm/sha256.h"

struct exchange_record {
	const char *url, *program; /* "sysgrok 0.1.0" */
	struct str request;	   /* the body as it was sent */
	long status;
	bool complete;
	const struct llm_reply *reply;
};

/* Of URL and body: the name of the record. */
void store_key(const char *url, struct str request, char ret_hex[SHA256_HEX_BYTES]);
/* A failure to keep it harms nobody: the error is the caller's to tell. */
MUST_CHECK struct error *store_write(const char *folder, const struct exchange_record *record);
/* Fills `ret` with a complete answer to the same request; false where there is none. */
bool store_find(const char *folder, const char *url, struct str request, struct llm_reply *ret);
/* The path (owned) of the record whose name begins with `id`, NULL or "" = the newest;
 * ERROR_NO_FILE. */
MUST_CHECK struct error *store_pick(const char *folder, const char *id, char **ret);
