/* Which Debian package brought a file: dpkg's lists, read once and only when first asked. */
#pragma once

#include "base/strbuf.h"

struct packages {
	struct strbuf lists; /* per package: its list's file name, then its paths, a line each */
	bool is_read;
};

void packages_done(struct packages *packages);
#define auto_packages __attribute__((cleanup(packages_done)))

/* Owned; NULL where no package says so, or on machines without dpkg. `packages` is a struct
 * packages. */
char *package_of_file(void *packages, const char *path);
