/*
 * DWARF expressions as call frame information uses them (DWARF 5, section 2.5): bounded in depth
 * and steps, registers and memory through the caller. Location descriptions and what needs an
 * object or a frame base are refused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	EXPRESSION_MAX_DEPTH = 64,
	EXPRESSION_MAX_STEPS = 1024, /* branches may go backwards */
};

struct expression_input {
	/* Both return false where the value is not known: the expression then fails. */
	bool (*read_register)(void *context, uint64_t column, uint64_t *ret);
	bool (*read_memory)(void *context, uint64_t address, unsigned size_bytes, uint64_t *ret);
	void *context;
	const uint64_t *initial; /* on the stack at the start (the CFA), or NULL */
};

/* The value on top of the stack at the end. */
bool expression_evaluate(struct bytes program, const struct expression_input *input, uint64_t *ret);
