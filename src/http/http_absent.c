/* A build without the network parts: a static program cannot open libcurl. */
#include "http/http.h"

#include <stddef.h>

void http_preload(void)
{
}

void http_preload_end(void)
{
}

struct error *http_open(const struct http_options *, struct http **)
{
	return error_with_hint(error_new(ERROR_UNSUPPORTED, "this build has no network parts"),
			       "take the ordinary build to ask a model, or give --offline");
}

void http_close(struct http *)
{
}

void cleanup_http(struct http **)
{
}

const struct http_result *http_add(struct http *, const struct http_request *)
{
	return NULL;
}

struct error *http_run(struct http *)
{
	return NULL;
}
