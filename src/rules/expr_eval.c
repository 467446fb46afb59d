#include "rules/expr.h"

#include <math.h>
#include <string.h>

static struct value absent(void)
{
	return (struct value){ .type = VALUE_ABSENT };
}

static struct value number_of(double number)
{
	if (!isfinite(number))
		return absent();
	return (struct value){ .type = VALUE_NUMBER, .number = number };
}

static struct value bool_of(bool truth)
{
	return (struct value){ .type = VALUE_BOOL, .truth = truth };
}

static struct value text_of(struct str text)
{
	return (struct value){ .type = VALUE_TEXT, .text = text };
}

bool value_is_true(struct value value)
{
	return value.type == VALUE_BOOL && value.truth;
}

const struct entity_list *scope_list(const struct scope *scope, struct str kind)
{
	for (size_t i = 0; i < scope->list_count; i++)
		if (str_eq(interned(&scope->facts->texts, scope->lists[i].kind), kind))
			return &scope->lists[i];
	return NULL;
}

bool scope_bind(struct scope *scope, struct str name, struct value value)
{
	if (scope->binding_count == MAX_BINDINGS)
		return false;
	scope->bindings[scope->binding_count++] = (struct binding){ name, value };
	return true;
}

static struct value lookup(const struct scope *scope, struct str name)
{
	for (size_t i = scope->binding_count; i > 0; i--)
		if (str_eq(scope->bindings[i - 1].name, name))
			return scope->bindings[i - 1].value;
	return absent();
}

/* Field names come from the rule's text, which has no NUL behind them. */
static const struct fact *fact_of(const struct facts *facts, struct entity entity, struct str field)
{
	uint32_t id = intern_find(&facts->texts, field);

	return id == UINT32_MAX ? NULL
				: facts_find(facts, entity, interned_text(&facts->texts, id));
}

static struct value note_of(const struct facts *facts, struct entity entity, struct str field)
{
	uint32_t id = intern_find(&facts->texts, field);
	const char *text = id == UINT32_MAX
				   ? NULL
				   : facts_note(facts, entity, interned_text(&facts->texts, id));

	return text ? text_of(str_from(text)) : absent();
}

/* A fact, else a note, else what the entity's name itself says. */
static struct value field_of(const struct facts *facts, struct entity entity, struct str field)
{
	const struct fact *fact = fact_of(facts, entity, field);
	struct str dso, function;
	struct value note;

	if (fact) {
		switch (fact->type) {
		case FACT_NUMBER:
			return number_of(fact->number);
		case FACT_TEXT:
			return text_of(interned(&facts->texts, fact->text));
		case FACT_ABSENT:
			return absent();
		}
	}
	note = note_of(facts, entity, field);
	if (note.type != VALUE_ABSENT)
		return note;
	if (str_is(field, "name"))
		return text_of(interned(&facts->texts, entity.name));
	if (!strcmp(facts_str(facts, entity.kind), "symbol") &&
	    facts_symbol_split(facts, entity, &dso, &function)) {
		if (str_is(field, "library"))
			return text_of(dso);
		if (str_is(field, "function"))
			return text_of(function);
	}
	return absent();
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* False where the two cannot be compared. */
static bool compare(struct value a, struct value b, int *ret_order)
{
	if (a.type != b.type)
		return false;
	switch (a.type) {
	case VALUE_NUMBER:
		*ret_order = compare_numbers(a.number, b.number);
		return true;
	case VALUE_TEXT:
		*ret_order = str_cmp(a.text, b.text);
		return true;
	case VALUE_BOOL:
		*ret_order = (int)a.truth - (int)b.truth;
		return true;
	case VALUE_ENTITY:
		*ret_order = !entity_eq(a.entity, b.entity);
		return true;
	case VALUE_ABSENT:
		return false;
	}
	return false;
}

static struct value comparison(enum expr_kind kind, struct value a, struct value b)
{
	int order = 0;

	if (kind == EXPR_LIKE)
		return a.type == VALUE_TEXT && b.type == VALUE_TEXT
			       ? bool_of(str_glob(b.text, a.text))
			       : absent();
	if (!compare(a, b, &order))
		return absent();
	switch (kind) {
	case EXPR_EQUAL:
		return bool_of(order == 0);
	case EXPR_UNEQUAL:
		return bool_of(order != 0);
	case EXPR_LESS:
		return bool_of(order < 0);
	case EXPR_LESS_EQUAL:
		return bool_of(order <= 0);
	case EXPR_GREATER:
		return bool_of(order > 0);
	case EXPR_GREATER_EQUAL:
		return bool_of(order >= 0);
	default:
		return absent();
	}
}

static struct value arithmetic(enum expr_kind kind, struct value a, struct value b)
{
	if (a.type != VALUE_NUMBER || b.type != VALUE_NUMBER)
		return absent();
	switch (kind) {
	case EXPR_ADD:
		return number_of(a.number + b.number);
	case EXPR_SUBTRACT:
		return number_of(a.number - b.number);
	case EXPR_MULTIPLY:
		return number_of(a.number * b.number);
	case EXPR_DIVIDE:
		return b.number == 0 ? absent() : number_of(a.number / b.number);
	default:
		return absent();
	}
}

struct fold {
	double number;
	size_t count;
	bool any_true, all_true, any_absent;
};

static void fold_add(struct fold *fold, enum aggregate aggregate, struct value value)
{
	if (value.type == VALUE_ABSENT) {
		fold->any_absent = true;
		return;
	}
	if (value.type == VALUE_BOOL) {
		fold->any_true |= value.truth;
		fold->all_true &= value.truth;
	} else if (value.type == VALUE_NUMBER) {
		if (aggregate == AGGREGATE_SUM)
			fold->number += value.number;
		else if (!fold->count || (aggregate == AGGREGATE_MAX ? value.number > fold->number
								     : value.number < fold->number))
			fold->number = value.number;
	}
	fold->count++;
}

static struct value fold_end(const struct fold *fold, enum aggregate aggregate)
{
	switch (aggregate) {
	case AGGREGATE_SUM:
	case AGGREGATE_COUNT:
		return number_of(aggregate == AGGREGATE_SUM ? fold->number : (double)fold->count);
	case AGGREGATE_MAX:
	case AGGREGATE_MIN:
		return fold->count ? number_of(fold->number) : absent();
	case AGGREGATE_ANY:
		return fold->any_true || !fold->any_absent ? bool_of(fold->any_true) : absent();
	case AGGREGATE_ALL:
		return !fold->all_true || !fold->any_absent ? bool_of(fold->all_true) : absent();
	}
	return absent();
}

/* Entities whose value is absent are left out of sums, counts and extremes. */
static struct value aggregate_eval(struct scope *scope, const struct expr *expr)
{
	const struct entity_list *list = scope_list(scope, expr->entity_kind);
	struct fold fold = { .all_true = true };
	size_t slot = scope->binding_count;

	if (!scope_bind(scope, expr->variable, absent()))
		return absent();
	for (size_t i = 0; list && i < list->count; i++) {
		scope->bindings[slot].value =
			(struct value){ .type = VALUE_ENTITY, .entity = list->items[i] };
		if (expr->left && !value_is_true(expr_eval(scope, expr->left)))
			continue;
		if (expr->aggregate == AGGREGATE_COUNT)
			fold.count++;
		else
			fold_add(&fold, expr->aggregate, expr_eval(scope, expr->right));
	}
	scope->binding_count = slot;
	return fold_end(&fold, expr->aggregate);
}

/* A false side settles `and`, a true side settles `or`, whatever the other is. */
static struct value logic(struct scope *scope, const struct expr *expr)
{
	bool settles = expr->kind == EXPR_OR;
	struct value left = expr_eval(scope, expr->left), right;

	if (left.type == VALUE_BOOL && left.truth == settles)
		return left;
	right = expr_eval(scope, expr->right);
	if (right.type == VALUE_BOOL && right.truth == settles)
		return right;
	return left.type == VALUE_BOOL && right.type == VALUE_BOOL ? bool_of(!settles) : absent();
}

static struct value linked_eval(struct scope *scope, const struct expr *expr)
{
	struct value a = expr_eval(scope, expr->left), b = expr_eval(scope, expr->right);
	uint32_t verb = intern_find(&scope->facts->texts, expr->text);

	if (a.type != VALUE_ENTITY || b.type != VALUE_ENTITY)
		return absent();
	return bool_of(verb != UINT32_MAX &&
		       facts_related(scope->facts, a.entity,
				     interned_text(&scope->facts->texts, verb), b.entity));
}

static struct value unary_eval(struct scope *scope, const struct expr *expr)
{
	struct value value = expr_eval(scope, expr->left);

	switch (expr->kind) {
	case EXPR_NOT:
		return value.type == VALUE_BOOL ? bool_of(!value.truth) : absent();
	case EXPR_MINUS:
		return value.type == VALUE_NUMBER ? number_of(-value.number) : absent();
	case EXPR_KNOWN:
		return bool_of(value.type != VALUE_ABSENT);
	case EXPR_COALESCE:
		return value.type == VALUE_ABSENT ? expr_eval(scope, expr->right) : value;
	default:
		return value.type == VALUE_ENTITY ? field_of(scope->facts, value.entity, expr->text)
						  : absent();
	}
}

struct value expr_eval(struct scope *scope, const struct expr *expr)
{
	if (!*scope->steps_left)
		return absent();
	--*scope->steps_left;
	switch (expr->kind) {
	case EXPR_NUMBER:
		return number_of(expr->number);
	case EXPR_TEXT:
		return text_of(expr->text);
	case EXPR_NAME:
		return lookup(scope, expr->text);
	case EXPR_FIELD:
	case EXPR_NOT:
	case EXPR_MINUS:
	case EXPR_KNOWN:
	case EXPR_COALESCE:
		return unary_eval(scope, expr);
	case EXPR_AND:
	case EXPR_OR:
		return logic(scope, expr);
	case EXPR_EQUAL:
	case EXPR_UNEQUAL:
	case EXPR_LESS:
	case EXPR_LESS_EQUAL:
	case EXPR_GREATER:
	case EXPR_GREATER_EQUAL:
	case EXPR_LIKE:
		return comparison(expr->kind, expr_eval(scope, expr->left),
				  expr_eval(scope, expr->right));
	case EXPR_ADD:
	case EXPR_SUBTRACT:
	case EXPR_MULTIPLY:
	case EXPR_DIVIDE:
		return arithmetic(expr->kind, expr_eval(scope, expr->left),
				  expr_eval(scope, expr->right));
	case EXPR_AGGREGATE:
		return aggregate_eval(scope, expr);
	case EXPR_LINKED:
		return linked_eval(scope, expr);
	}
	return absent();
}

const struct fact *expr_fact(struct scope *scope, const struct expr *expr)
{
	struct value owner;

	if (expr->kind != EXPR_FIELD)
		return NULL;
	owner = expr_eval(scope, expr->left);
	return owner.type == VALUE_ENTITY ? fact_of(scope->facts, owner.entity, expr->text) : NULL;
}
