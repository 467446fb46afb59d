/*
 * Stacks as cases beside rules write them, turned into the text of perf script or of gdb:
 *
 *	stack 40 [early] [of 4 threads|of 9 processes]: main > parse > malloc in libc.so.6
 *
 *	backtrace: main > parse > malloc in libc.so.6	   one stack, as gdb prints it
 *
 * Frames stand outermost first; what stands in no library is the program's ("app"). 40 samples are
 * spread evenly over ten seconds, `early` ones over the first half second.
 */
#pragma once

#include "base/strbuf.h"

/* Adds the samples of one line; false where it is no such line. */
bool case_stack_write(struct str line, struct strbuf *out);
