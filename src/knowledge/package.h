/*
 * Packages as dpkg's own files tell them (DPKG_ADMINDIR, else /var/lib/dpkg): read, never asked of
 * a program, and absent without complaint on machines that have no dpkg.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

struct package {
	struct strbuf name, version, summary;
};

void package_done(struct package *package);
#define auto_package __attribute__((cleanup(package_done)))

/* The installed package of that name. */
bool package_find(const char *name, struct package *ret);
/* The installed package that brought the program. `thoroughly` looks through the lists of all of
 * them, which takes a while; else only that of its own name and those that bring many. */
bool package_of_program(const char *name, bool thoroughly, struct package *ret);
