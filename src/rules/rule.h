/* A rule as read from its text. Internal to rules. */
#pragma once

#include "base/vec.h"
#include "rules/expr.h"

enum { RULE_MAX_LOOPS = 4, RULE_MAX_ITEMS = 12 };

/* "KIND VARIABLE [where CONDITION]" */
struct rule_loop {
	struct str entity_kind, variable;
	struct expr *where; /* or NULL */
};

struct rule_let {
	struct str name, unit; /* with a unit it becomes a derived fact when the rule fires */
	struct expr *value;
};

/* A question to the stacks: its answer is the entity {"trace", RULE.NAME}, bound to
 * this name. */
struct rule_stack {
	struct str name, pattern;
};

/* "FIELD" or "VARIABLE in KIND where CONDITION: FIELD" */
struct rule_evidence {
	struct rule_loop loop; /* entity_kind empty: none */
	struct expr *field;
};

enum template_format {
	FORMAT_PLAIN,
	FORMAT_PERCENT,
	FORMAT_COUNT,
	FORMAT_BYTES,
	FORMAT_SECONDS,
	FORMAT_TIMES
};

struct template_piece {
	struct str literal; /* before `value` */
	struct expr *value; /* or NULL */
	enum template_format format;
	unsigned
		part; /* of "[...]", counted from 1: left out as a whole where a value is missing */
};

VEC_DEFINE(template_vec, struct template_piece)

/* "KIND MENU for VARIABLE [in ENTITIES where CONDITION]", "KIND MENU for VARIABLE [if CONDITION]"
 */
struct rule_need {
	struct str kind, menu, variable;
	struct rule_loop loop;
	struct expr *when; /* NULL: when the rule fires */
};

struct rule {
	struct str id;
	struct str by; /* one of several ways to find the same; empty: the only one */
	bool off;
	struct rule_loop loops[RULE_MAX_LOOPS];
	size_t loop_count;
	struct rule_let lets[RULE_MAX_ITEMS];
	size_t let_count;
	struct rule_stack stacks[RULE_MAX_ITEMS];
	size_t stack_count;
	struct expr *when, *unless, *warning, *critical, *rank, *gain;
	struct str entity; /* variable; empty: that of the first loop */
	struct rule_evidence evidence[RULE_MAX_ITEMS];
	size_t evidence_count;
	struct template_vec title, text;
	struct template_vec remedies[RULE_MAX_ITEMS];
	size_t remedy_count;
	struct str advice[RULE_MAX_ITEMS]; /* topics whose changes are its remedies */
	size_t advice_count;
	struct str explains[RULE_MAX_ITEMS]; /* rule ids */
	size_t explains_count;
	struct str replaces[RULE_MAX_ITEMS]; /* rule ids that say the same with less */
	size_t replaces_count;
	struct rule_need needs[RULE_MAX_ITEMS];
	size_t need_count;
};

VEC_DEFINE(rule_vec, struct rule)

struct ruleset {
	struct arena arena;
	struct rule_vec rules;
};

void rule_done(struct rule *rule);
/* Appends the rules of a text; what was appended before an error stays for the caller to drop. */
MUST_CHECK struct error *ruleset_parse(struct arena *arena, const char *name, struct str text,
				       struct rule_vec *ret);
