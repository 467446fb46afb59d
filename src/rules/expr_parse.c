#include "rules/expr.h"

#include <string.h>

enum { MAX_DEPTH = 48 };

struct error *scan_error(const struct scanner *scanner, const char *what)
{
	size_t column = scanner->column_base + (scanner->all.len - scanner->rest.len) + 1;
	struct str near = scanner->rest;

	if (near.len > 20)
		near.len = 20;
	return error_new(ERROR_INPUT, "%s:%u:%zu: %s%s%.*s%s", scanner->file, scanner->line, column,
			 what, near.len ? ", at '" : "", STR_ARG(near), near.len ? "'" : "");
}

static void advance(struct scanner *scanner, size_t count)
{
	scanner->rest.ptr += count;
	scanner->rest.len -= count;
}

void scan_blanks(struct scanner *scanner)
{
	while (scanner->rest.len && (*scanner->rest.ptr == ' ' || *scanner->rest.ptr == '\t'))
		advance(scanner, 1);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* '-' only between letters and digits: "a - b" subtracts, "a-b" is a name. */
static size_t identifier_length(struct str text)
{
	size_t length = 0;

	if (!text.len || !is_letter(text.ptr[0]))
		return 0;
	while (length < text.len) {
		char c = text.ptr[length];

		if (is_letter(c) || is_digit(c) ||
		    (c == '-' && length + 1 < text.len &&
		     (is_letter(text.ptr[length + 1]) || is_digit(text.ptr[length + 1]))))
			length++;
		else
			break;
	}
	return length;
}

bool scan_word(struct scanner *scanner, const char *word)
{
	size_t length = strlen(word);

	scan_blanks(scanner);
	if (!str_starts_with(scanner->rest, str_from(word)))
		return false;
	if (is_letter(word[0]) && identifier_length(scanner->rest) != length)
		return false;
	advance(scanner, length);
	return true;
}

struct error *scan_identifier(struct scanner *scanner, struct str *ret)
{
	size_t length;

	scan_blanks(scanner);
	length = identifier_length(scanner->rest);
	if (!length)
		return scan_error(scanner, "a name is expected");
	*ret = (struct str){ scanner->rest.ptr, length };
	advance(scanner, length);
	return NULL;
}

struct error *scan_text(struct scanner *scanner, struct str *ret)
{
	const char *end;

	if (!scan_word(scanner, "\""))
		return scan_error(scanner, "a text in quotes is expected");
	end = memchr(scanner->rest.ptr, '"', scanner->rest.len);
	if (!end)
		return scan_error(scanner, "a '\"' is not closed");
	*ret = (struct str){ scanner->rest.ptr, (size_t)(end - scanner->rest.ptr) };
	advance(scanner, ret->len + 1);
	return NULL;
}

static struct expr *new_expr(struct scanner *scanner, enum expr_kind kind, struct expr *left,
			     struct expr *right)
{
	struct expr *expr = arena_new(scanner->arena, struct expr);

	expr->kind = kind;
	expr->left = left;
	expr->right = right;
	return expr;
}

/* 12, 0.5, 25%, 4k, 2M, 1G, 300ms, 5s: k, M, G are powers of 1000; times are nanoseconds. */
static struct error *number_parse(struct scanner *scanner, struct expr **ret)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "%", 0.01 }, { "ms", 1e6 }, { "us", 1e3 }, { "s", 1e9 },
		      { "k", 1e3 },  { "M", 1e6 },  { "G", 1e9 } };
	struct expr *expr = new_expr(scanner, EXPR_NUMBER, NULL, NULL);
	size_t length = 0;

	while (length < scanner->rest.len &&
	       (is_digit(scanner->rest.ptr[length]) || scanner->rest.ptr[length] == '.'))
		length++;
	if (!str_to_double((struct str){ scanner->rest.ptr, length }, &expr->number))
		return scan_error(scanner, "this is no number");
	advance(scanner, length);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct str unit = str_from(units[i].unit);

		if (!str_starts_with(scanner->rest, unit))
			continue;
		advance(scanner, unit.len);
		expr->number *= units[i].factor;
		break;
	}
	if (identifier_length(scanner->rest))
		return scan_error(scanner, "units of numbers are %, us, ms, s, k, M and G");
	*ret = expr;
	return NULL;
}

/* "(variable in kind where condition: value)" */
static struct error *aggregate_parse(struct scanner *scanner, enum aggregate aggregate,
				     struct expr **ret)
{
	struct expr *expr = new_expr(scanner, EXPR_AGGREGATE, NULL, NULL);

	expr->aggregate = aggregate;
	if (!scan_word(scanner, "("))
		return scan_error(scanner, "'(' is expected");
	TRY(scan_identifier(scanner, &expr->variable));
	if (!scan_word(scanner, "in"))
		return scan_error(scanner, "'in' is expected");
	TRY(scan_identifier(scanner, &expr->entity_kind));
	if (scan_word(scanner, "where"))
		TRY(expr_parse(scanner, &expr->left));
	if (aggregate != AGGREGATE_COUNT) {
		if (!scan_word(scanner, ":"))
			return scan_error(scanner, "': VALUE' is expected");
		TRY(expr_parse(scanner, &expr->right));
	}
	if (!scan_word(scanner, ")"))
		return scan_error(scanner, "')' is expected");
	*ret = expr;
	return NULL;
}

static struct error *known_parse(struct scanner *scanner, struct expr **ret)
{
	struct expr *expr = new_expr(scanner, EXPR_KNOWN, NULL, NULL);

	if (!scan_word(scanner, "("))
		return scan_error(scanner, "'(' is expected");
	TRY(expr_parse(scanner, &expr->left));
	if (!scan_word(scanner, ")"))
		return scan_error(scanner, "')' is expected");
	*ret = expr;
	return NULL;
}

static struct error *linked_parse(struct scanner *scanner, struct expr **ret)
{
	struct expr *expr = new_expr(scanner, EXPR_LINKED, NULL, NULL);

	if (!scan_word(scanner, "("))
		return scan_error(scanner, "'(' is expected");
	TRY(expr_parse(scanner, &expr->left));
	if (!scan_word(scanner, ","))
		return scan_error(scanner, "',' is expected");
	TRY(scan_text(scanner, &expr->text));
	if (!scan_word(scanner, ","))
		return scan_error(scanner, "',' is expected");
	TRY(expr_parse(scanner, &expr->right));
	if (!scan_word(scanner, ")"))
		return scan_error(scanner, "')' is expected");
	*ret = expr;
	return NULL;
}

static struct error *primary_parse(struct scanner *scanner, struct expr **ret)
{
	static const char *const aggregates[] = { "sum", "count", "max", "min", "any", "all" };
	struct expr *expr;

	scan_blanks(scanner);
	if (scan_word(scanner, "(")) {
		TRY(expr_parse(scanner, ret));
		return scan_word(scanner, ")") ? NULL : scan_error(scanner, "')' is expected");
	}
	if (scanner->rest.len && is_digit(*scanner->rest.ptr))
		return number_parse(scanner, ret);
	if (scanner->rest.len && *scanner->rest.ptr == '"') {
		expr = new_expr(scanner, EXPR_TEXT, NULL, NULL);
		TRY(scan_text(scanner, &expr->text));
		*ret = expr;
		return NULL;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(aggregates); i++)
		if (scan_word(scanner, aggregates[i]))
			return aggregate_parse(scanner, (enum aggregate)i, ret);
	if (scan_word(scanner, "known"))
		return known_parse(scanner, ret);
	if (scan_word(scanner, "linked"))
		return linked_parse(scanner, ret);
	expr = new_expr(scanner, EXPR_NAME, NULL, NULL);
	TRY(scan_identifier(scanner, &expr->text));
	*ret = expr;
	return NULL;
}

static struct error *unary_parse(struct scanner *scanner, struct expr **ret)
{
	struct expr *expr;

	if (scan_word(scanner, "-")) {
		if (++scanner->depth > MAX_DEPTH)
			return scan_error(scanner, "nested too deeply");
		TRY(unary_parse(scanner, &expr));
		scanner->depth--;
		*ret = new_expr(scanner, EXPR_MINUS, expr, NULL);
		return NULL;
	}
	TRY(primary_parse(scanner, &expr));
	while (scanner->rest.len && *scanner->rest.ptr == '.') {
		advance(scanner, 1);
		expr = new_expr(scanner, EXPR_FIELD, expr, NULL);
		TRY(scan_identifier(scanner, &expr->text));
	}
	*ret = expr;
	return NULL;
}

struct operator
{
	const char *sign;
	enum expr_kind kind;
};

/* Binary operators by how tightly they bind, loosest first; each list ends with NULL. Longer signs
 * stand before their beginnings. */
static const struct operator levels[][8] = {
	{ { "or", EXPR_OR } },
	{ { "and", EXPR_AND } },
	{ { "==", EXPR_EQUAL },
	  { "!=", EXPR_UNEQUAL },
	  { "<=", EXPR_LESS_EQUAL },
	  { ">=", EXPR_GREATER_EQUAL },
	  { "<", EXPR_LESS },
	  { ">", EXPR_GREATER },
	  { "~", EXPR_LIKE } },
	{ { "+", EXPR_ADD }, { "-", EXPR_SUBTRACT } },
	{ { "*", EXPR_MULTIPLY }, { "/", EXPR_DIVIDE } },
	{ { "??", EXPR_COALESCE } },
};

enum { LEVEL_COMPARE = 2 };

static struct error *level_parse(struct scanner *scanner, size_t level, struct expr **ret);

static struct error *operand_parse(struct scanner *scanner, size_t level, struct expr **ret)
{
	if (level == LEVEL_COMPARE && scan_word(scanner, "not")) {
		struct expr *expr;

		if (++scanner->depth > MAX_DEPTH)
			return scan_error(scanner, "nested too deeply");
		TRY(operand_parse(scanner, level, &expr));
		scanner->depth--;
		*ret = new_expr(scanner, EXPR_NOT, expr, NULL);
		return NULL;
	}
	return level_parse(scanner, level, ret);
}

static struct error *level_parse(struct scanner *scanner, size_t level, struct expr **ret)
{
	struct expr *left, *right;

	if (level == ARRAY_SIZE(levels))
		return unary_parse(scanner, ret);
	TRY(operand_parse(scanner, level + 1, &left));
	for (size_t i = 0; levels[level][i].sign; i++) {
		if (!scan_word(scanner, levels[level][i].sign))
			continue;
		TRY(operand_parse(scanner, level + 1, &right));
		left = new_expr(scanner, levels[level][i].kind, left, right);
		if (level == LEVEL_COMPARE)
			break;
		i = (size_t)-1; /* look for the next operator of this level */
	}
	*ret = left;
	return NULL;
}

struct error *expr_parse(struct scanner *scanner, struct expr **ret)
{
	if (++scanner->depth > MAX_DEPTH)
		return scan_error(scanner, "nested too deeply");
	TRY(level_parse(scanner, 0, ret));
	scanner->depth--;
	return NULL;
}
