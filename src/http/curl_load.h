/*
 * libcurl, opened at first use and never linked: it brings some thirty shared objects, which cost
 * more than the rest of our start-up, and a machine without it must lose the network only.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/error.h"

#define CURL_FUNCTIONS(X)                                                                          \
	X(curl_global_init)                                                                        \
	X(curl_global_cleanup)                                                                     \
	X(curl_easy_init)                                                                          \
	X(curl_easy_setopt)                                                                        \
	X(curl_easy_getinfo)                                                                       \
	X(curl_easy_strerror)                                                                      \
	X(curl_easy_cleanup)                                                                       \
	X(curl_slist_append)                                                                       \
	X(curl_slist_free_all)                                                                     \
	X(curl_multi_init)                                                                         \
	X(curl_multi_add_handle)                                                                   \
	X(curl_multi_remove_handle)                                                                \
	X(curl_multi_perform)                                                                      \
	X(curl_multi_poll)                                                                         \
	X(curl_multi_info_read)                                                                    \
	X(curl_multi_strerror)                                                                     \
	X(curl_multi_cleanup)

struct curl_api {
#define X(name) __typeof__(&name) name;
	CURL_FUNCTIONS(X)
#undef X
};

/* The functions live as long as the process. ERROR_UNSUPPORTED where there is no libcurl. */
MUST_CHECK struct error *curl_load(const struct curl_api **ret);
