/*
 * Stack patterns: what a rule (or a model) can ask of the stacks of a profile without seeing them.
 * The text of a pattern is the menu id of its need; the need's entity (kind "trace", named
 *RULE.NAME) is what the answer's facts are about.
 *
 *	PATTERN  leaf TESTS | has TESTS, then any of: under TESTS (at most two), without TESTS
 *	TESTS    TEST { "|" TEST }
 *	TEST     FAMILY | @TOPIC | "GLOB OF A FUNCTION'S NAME" | in-kernel | in-app
 *
 * `leaf` looks at where the sample was taken, `has` at any frame; each `under` wants a frame
 * further out than what stands before it; `without` takes stacks away that hold such a frame
 * anywhere. Families and topics are those of the knowledge base; `in-app` is what neither the
 * kernel nor a library is. Data and its reading only; samples answers.
 */
#pragma once

#include <stdbool.h>

#include "base/str.h"

enum { STACK_MAX_TESTS = 32, STACK_MAX_UNDER = 2 };

enum stack_test_kind {
	STACK_TEST_FAMILY,
	STACK_TEST_TOPIC,
	STACK_TEST_NAME,
	STACK_TEST_KERNEL,
	STACK_TEST_APP,
};

struct stack_test {
	enum stack_test_kind kind;
	struct str text; /* part of the pattern's text */
};

struct stack_tests {
	struct str text; /* all of them: equal texts are equal tests */
	struct stack_test items[STACK_MAX_TESTS];
	size_t count;
};

struct stack_pattern {
	bool is_leaf;
	struct stack_tests match;
	struct stack_tests under[STACK_MAX_UNDER]; /* the inner one first */
	size_t under_count;
	struct stack_tests without; /* count 0: none */
};

/* False for what is no pattern: *ret_mistake says why, *ret_at is the offset of the place. The
 * pattern borrows `text`. */
bool stack_pattern_parse(struct str text, struct stack_pattern *ret, const char **ret_mistake,
			 size_t *ret_at);
