#include "http/curl_load.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static const char *const library_names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so" };

static struct error *absent(const char *why)
{
	return error_with_hint(
		error_new(ERROR_UNSUPPORTED, "libcurl cannot be opened: %s", why),
		"install it (Debian, Ubuntu: libcurl4; Fedora: libcurl; Alpine: libcurl), or give "
		"--offline: everything but the model's prose works without it");
}

struct error *curl_load(const struct curl_api **ret)
{
	static struct curl_api api;
	static bool loaded;
	void *library = NULL;
	const char *why = NULL;

	if (loaded) {
		*ret = &api;
		return NULL;
	}
	for (size_t i = 0; !library && i < ARRAY_SIZE(library_names); i++) {
		library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
		if (!library && !why)
			why = dlerror();
	}
	if (!library)
		return absent(why ? why : "it is not installed");
#define X(name)                                                                                    \
	{                                                                                          \
		void *address = dlsym(library, #name);                                             \
		if (!address) {                                                                    \
			dlclose(library);                                                          \
			return absent("it is too old (no " #name ")");                             \
		}                                                                                  \
		memcpy(&api.name, &address, sizeof(address));                                      \
	}
	CURL_FUNCTIONS(X)
#undef X
	loaded = true;
	*ret = &api;
	return NULL;
}
