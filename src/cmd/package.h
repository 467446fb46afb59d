/* Which Debian package brought a file. */
#pragma once

/* Owned; NULL where no package says so, or on machines without dpkg. */
char *package_of_file(const char *path);
