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
/* The installed package that has a file PATH/NAME among `folders` ("/usr/bin /bin"). */
bool package_of_program(const char *name, struct package *ret);
