/*
 * Expressions of the rule language over facts: parsing and evaluation. Three-valued: what no fact
 * says is absent, and anything that depends on it is absent too (`and`, `or` and `??` decide
 * without it where they can). Internal to rules; the language is described in data/rules/README.md.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "facts/facts.h"

enum value_type { VALUE_ABSENT, VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL, VALUE_ENTITY };

struct value {
	enum value_type type;
	double number;
	bool truth;
	struct str text;
	struct entity entity;
};

enum expr_kind {
	EXPR_NUMBER,
	EXPR_TEXT,
	EXPR_NAME,  /* a variable or let */
	EXPR_FIELD, /* left.text */
	EXPR_NOT,
	EXPR_MINUS,
	EXPR_AND,
	EXPR_OR,
	EXPR_COALESCE,
	EXPR_EQUAL,
	EXPR_UNEQUAL,
	EXPR_LESS,
	EXPR_LESS_EQUAL,
	EXPR_GREATER,
	EXPR_GREATER_EQUAL,
	EXPR_LIKE,
	EXPR_ADD,
	EXPR_SUBTRACT,
	EXPR_MULTIPLY,
	EXPR_DIVIDE,
	EXPR_AGGREGATE, /* text(variable in entity_kind where left: right) */
	EXPR_KNOWN,	/* known(left) */
	EXPR_LINKED,	/* linked(left, text, right) */
};

enum aggregate {
	AGGREGATE_SUM,
	AGGREGATE_COUNT,
	AGGREGATE_MAX,
	AGGREGATE_MIN,
	AGGREGATE_ANY,
	AGGREGATE_ALL
};

struct expr {
	enum expr_kind kind;
	enum aggregate aggregate;
	double number;
	struct str text;	/* literal, name, field, verb */
	struct str variable;	/* of an aggregate */
	struct str entity_kind; /* of an aggregate */
	struct expr *left, *right;
};

/* Where a text is being read: errors name "FILE:LINE:COLUMN". */
struct scanner {
	struct arena *arena;
	const char *file;
	unsigned line;
	struct str all, rest; /* of the text; `rest` moves on */
	size_t column_base;   /* columns before `all` in the line */
	unsigned depth;
};

MUST_CHECK struct error *scan_error(const struct scanner *scanner, const char *what);
void scan_blanks(struct scanner *scanner);
/* Takes `word` off where it stands next as a whole word or sign. */
bool scan_word(struct scanner *scanner, const char *word);
/* An identifier: letters, digits, '_' and '-' inside. */
MUST_CHECK struct error *scan_identifier(struct scanner *scanner, struct str *ret);
MUST_CHECK struct error *scan_text(struct scanner *scanner, struct str *ret);
MUST_CHECK struct error *expr_parse(struct scanner *scanner, struct expr **ret);

/* Entities of one kind that facts speak of, in entity order. */
struct entity_list {
	uint32_t kind;
	struct entity *items;
	size_t count;
};

struct binding {
	struct str name;
	struct value value;
};

enum { MAX_BINDINGS = 32 };

struct scope {
	const struct facts *facts;
	const struct entity_list *lists;
	size_t list_count;
	struct binding bindings[MAX_BINDINGS];
	size_t binding_count;
	uint64_t *steps_left; /* shared by a whole run; 0: everything is absent from then on */
};

const struct entity_list *scope_list(const struct scope *scope, struct str kind);
bool scope_bind(struct scope *scope, struct str name, struct value value);
struct value expr_eval(struct scope *scope, const struct expr *expr);
/* True only for a true bool: absent is not true. */
bool value_is_true(struct value value);
/* The fact behind `entity.field`, or NULL. */
const struct fact *expr_fact(struct scope *scope, const struct expr *expr);
