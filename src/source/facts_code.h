/*
 * What code adds up to, as facts. Entities and their facts:
 *	code         the input: format, event, language, lines, loops_share, samples, hot_share (of
 *the hottest lines), hot_lines, unoptimised, event_is_misses function     self, object line self,
 *text, function, language, depth (0 = in no loop), loop_self, loop, and signs: whatever
 *code_add_sign and code_add_figure were given (signs.c, code_asm.c) loop         self, text, depth,
 *innermost, first, last, instructions, scalar_fp, vector, calls, spins, variable call callee,
 *receiver, arguments, how, in_condition, cost (of the call and of what follows it) and, of its
 *line: line, text, self, depth, loop_self, language instruction  self, text, line, after: the slow
 *instruction that the cost may belong to Lines that are neither hot nor have a sign are left out.
 *Shares are of what listing_whole says.
 */
#pragma once

#include "facts/facts.h"
#include "source/code.h"

void code_facts(const struct code *code, struct facts *facts);
