/*
 * Requests over HTTP: streaming, retries, deadlines, all over one multi handle of libcurl. It knows
 * nothing of models; it prints nothing. libcurl is opened when the first request is made, so that
 * what needs no network needs no libcurl (src/http/curl_load.h).
 *
 * Retried are 408, 409, 429, 5xx and what goes wrong with the connection, after Retry-After where
 * the server says it; never once the sink says that something was shown. Redirects are not
 * followed: a key goes to the server that was named and to no other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

struct http;

/* Who takes the bytes of a 2xx answer as they arrive. */
struct http_sink {
	void *user;
	/* False ends the exchange; what came so far stays. */
	bool (*data)(void *user, struct str bytes);
	/* Asked before another attempt; forgets what came. False: it was shown, so no attempt. */
	bool (*restart)(void *user);
};

struct http_request {
	const char *url;	    /* http:// or https:// */
	const char *const *headers; /* "Name: value", ended by NULL */
	struct str body;	    /* sent by POST; ptr NULL = GET; borrowed until http_run ends */
	const struct http_sink *sink; /* NULL: a 2xx answer too is kept in the result's body */
	/* Whether an answer of that status is worth another attempt; NULL = by status alone. */
	bool (*worth_retrying)(long status, struct str body);
};

struct http_result {
	long status;	     /* 0: no answer came */
	char *content_type;  /* NULL: not said; owned by the http */
	struct strbuf body;  /* of errors, and of everything where there was no sink; capped */
	struct error *error; /* NULL where an answer came whole, whatever its status; owned too */
	unsigned attempts;
	bool stopped;			  /* the sink ended it */
	double retry_after_s;		  /* of the last refusal; 0 = not said */
	uint64_t waited_ns;		  /* between attempts, in all */
	uint64_t first_byte_ns, total_ns; /* of the last attempt, since its start; 0 = none came */
};

struct http_options {
	unsigned concurrent;   /* exchanges at a time; 0 = 4 */
	unsigned attempts;     /* 0 = 4 */
	double connect_s;      /* 0 = 15 */
	double idle_s;	       /* without a byte; 0 = 120 */
	double total_s;	       /* an exchange with all its attempts; 0 = unlimited */
	double backoff_s;      /* before the second attempt, doubled after each; 0 = 0.5 */
	double longest_wait_s; /* a Retry-After beyond it is not waited for; 0 = 60 */
	bool tls;	       /* some URL will be https */
};

/*
 * Begins to open libcurl in a thread, which takes some milliseconds: for who will call http_open
 * after other work. Each call is matched by one of http_preload_end, which waits for it.
 */
void http_preload(void);
void http_preload_end(void);

MUST_CHECK struct error *http_open(const struct http_options *options, struct http **ret);
void http_close(struct http *http);
void cleanup_http(struct http **http);
#define auto_http __attribute__((cleanup(cleanup_http)))

/* Queues a copy of the request (not of its body). The result is filled by http_run and lives until
 * http_close. */
const struct http_result *http_add(struct http *http, const struct http_request *request);
/*
 * Runs what was queued to its end. Ctrl-C and SIGTERM end it with ERROR_INTERRUPTED, and each
 * unfinished result says so too; what came before stays. All other failures are in the results.
 */
MUST_CHECK struct error *http_run(struct http *http);
