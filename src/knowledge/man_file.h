/*
 * The installed manual pages: where they are, and reading one. Pages lie in the folders of MANPATH
 * (as man(1) takes it), else in /usr/local/share/man and /usr/share/man; they may be compressed by
 * gzip. Only files are read: no program is run.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "knowledge/man_page.h"

/* Pages of programs, of system calls and libraries, of the kernel's functions. */
#define MAN_PROGRAM_SECTIONS "1 8 6 1p 1ssl"
#define MAN_FUNCTION_SECTIONS "2 3 3p 3ssl 3pm 3x 3posix 3curl 3ncurses 3readline 9"

/*
 * The page of that name in the first of the sections that has one, redirections followed. False
 * where there is none. `ret_title` becomes "gzip(1)".
 */
bool man_file_find(const char *name, const char *sections, struct man_page *ret,
		   struct strbuf *ret_title);

/* Names of the pages in a section's folders ("3"), from `arena`. For near names. */
VEC_DEFINE(man_names, const char *)
void man_file_names(struct arena *arena, const char *section, struct man_names *ret);
