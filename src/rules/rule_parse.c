#include "rules/rule.h"

#include <string.h>

#include "base/strbuf.h"
#include "facts/stack_pattern.h"

enum {
	MAX_TEXT_BYTES = 1 << 20,
	MAX_FIELD_BYTES = 8000,
	MAX_RULES = 5000,
};

/* One field, its lines joined. */
struct field {
	struct str key;
	struct scanner scanner;
};

void rule_done(struct rule *rule)
{
	template_vec_done(&rule->title);
	template_vec_done(&rule->text);
	for (size_t i = 0; i < rule->remedy_count; i++)
		template_vec_done(&rule->remedies[i]);
}

static struct error *end_check(struct scanner *scanner)
{
	scan_blanks(scanner);
	return scanner->rest.len ? scan_error(scanner, "this is left over") : NULL;
}

static struct error *condition_parse(struct scanner *scanner, struct expr **ret)
{
	if (*ret)
		return scan_error(scanner, "this field was given already");
	TRY(expr_parse(scanner, ret));
	return end_check(scanner);
}

static struct error *room_check(struct scanner *scanner, size_t count, size_t max)
{
	return count < max ? NULL : scan_error(scanner, "too many of these");
}

static struct error *loops_parse(struct scanner *scanner, struct rule *rule)
{
	do {
		struct rule_loop *loop = &rule->loops[rule->loop_count];

		TRY(room_check(scanner, rule->loop_count, RULE_MAX_LOOPS));
		TRY(scan_identifier(scanner, &loop->entity_kind));
		TRY(scan_identifier(scanner, &loop->variable));
		if (scan_word(scanner, "where"))
			TRY(expr_parse(scanner, &loop->where));
		rule->loop_count++;
	} while (scan_word(scanner, ","));
	return end_check(scanner);
}

static struct error *let_parse(struct scanner *scanner, struct str key, struct rule *rule)
{
	struct rule_let *let = &rule->lets[rule->let_count];
	struct str rest = { key.ptr + 4, key.len - 4 };

	TRY(room_check(scanner, rule->let_count, RULE_MAX_ITEMS));
	if (!str_next_word(&rest, &let->name))
		return scan_error(scanner, "'let' wants a name");
	str_next_word(&rest, &let->unit);
	TRY(expr_parse(scanner, &let->value));
	rule->let_count++;
	return end_check(scanner);
}

static struct error *stack_parse(struct scanner *scanner, struct str key, struct rule *rule)
{
	struct rule_stack *stack = &rule->stacks[rule->stack_count];
	struct str rest = { key.ptr + 6, key.len - 6 };
	struct stack_pattern pattern;
	const char *mistake;
	size_t at;

	TRY(room_check(scanner, rule->stack_count, RULE_MAX_ITEMS));
	if (!str_next_word(&rest, &stack->name) || str_trim(rest).len)
		return scan_error(scanner, "'stack' wants one name");
	if (!stack_pattern_parse(scanner->rest, &pattern, &mistake, &at)) {
		scanner->rest.ptr += at;
		scanner->rest.len -= at;
		return scan_error(scanner, mistake);
	}
	stack->pattern = scanner->rest;
	rule->stack_count++;
	return NULL;
}

/* "s in symbol where ...": tried first; where it is none, the scanner stays. */
static struct error *inner_loop_parse(struct scanner *scanner, struct rule_loop *ret)
{
	struct scanner start = *scanner;
	struct rule_loop loop = { 0 };
	struct error *error = scan_identifier(scanner, &loop.variable);

	if (error || !scan_word(scanner, "in")) {
		error_free(error);
		*scanner = start;
		return NULL;
	}
	TRY(scan_identifier(scanner, &loop.entity_kind));
	if (scan_word(scanner, "where"))
		TRY(expr_parse(scanner, &loop.where));
	*ret = loop;
	return NULL;
}

static struct error *evidence_parse(struct scanner *scanner, struct rule *rule)
{
	do {
		struct rule_evidence *evidence = &rule->evidence[rule->evidence_count];

		TRY(room_check(scanner, rule->evidence_count, RULE_MAX_ITEMS));
		TRY(inner_loop_parse(scanner, &evidence->loop));
		if (evidence->loop.entity_kind.len && !scan_word(scanner, ":"))
			return scan_error(scanner, "': FIELD' is expected");
		TRY(expr_parse(scanner, &evidence->field));
		if (evidence->field->kind != EXPR_FIELD)
			return scan_error(scanner, "evidence is a fact: VARIABLE.FIELD");
		rule->evidence_count++;
	} while (scan_word(scanner, ","));
	return end_check(scanner);
}

static struct error *names_parse(struct scanner *scanner, struct str *names, size_t *count)
{
	do {
		TRY(room_check(scanner, *count, RULE_MAX_ITEMS));
		TRY(scan_identifier(scanner, &names[*count]));
		++*count;
	} while (scan_word(scanner, ","));
	return end_check(scanner);
}

static struct error *need_parse(struct scanner *scanner, struct rule *rule)
{
	struct rule_need *need = &rule->needs[rule->need_count];

	TRY(room_check(scanner, rule->need_count, RULE_MAX_ITEMS));
	TRY(scan_identifier(scanner, &need->kind));
	TRY(scan_identifier(scanner, &need->menu));
	if (!scan_word(scanner, "for"))
		return scan_error(scanner, "'for' is expected");
	TRY(inner_loop_parse(scanner, &need->loop));
	if (need->loop.entity_kind.len)
		need->variable = need->loop.variable;
	else
		TRY(scan_identifier(scanner, &need->variable));
	if (scan_word(scanner, "if"))
		TRY(expr_parse(scanner, &need->when));
	rule->need_count++;
	return end_check(scanner);
}

static struct error *format_parse(struct scanner *scanner, enum template_format *ret)
{
	static const char *const names[] = { [FORMAT_PERCENT] = "percent",
					     [FORMAT_COUNT] = "count",
					     [FORMAT_BYTES] = "bytes",
					     [FORMAT_SECONDS] = "seconds",
					     [FORMAT_TIMES] = "times" };

	for (unsigned i = FORMAT_PERCENT; i < ARRAY_SIZE(names); i++)
		if (scan_word(scanner, names[i])) {
			*ret = (enum template_format)i;
			return NULL;
		}
	return scan_error(scanner, "formats are percent, count, bytes, seconds and times");
}

/* The length of the words before the next sign: '{' and the brackets of an optional part. */
static size_t literal_length(struct str text)
{
	size_t length = 0;

	while (length < text.len && !memchr("{[]", text.ptr[length], 3))
		length++;
	return length;
}

static void scanner_skip(struct scanner *scanner, size_t count)
{
	scanner->rest.ptr += count;
	scanner->rest.len -= count;
}

static struct error *value_parse(struct scanner *scanner, struct template_piece *piece)
{
	TRY(expr_parse(scanner, &piece->value));
	if (scan_word(scanner, ":"))
		TRY(format_parse(scanner, &piece->format));
	return scan_word(scanner, "}") ? NULL : scan_error(scanner, "'}' is expected");
}

static struct error *template_parse(struct scanner *scanner, struct template_vec *ret)
{
	unsigned parts = 0, part = 0;

	if (ret->count)
		return scan_error(scanner, "this field was given already");
	while (scanner->rest.len) {
		struct template_piece piece = { .literal = scanner->rest, .part = part };
		char sign;

		piece.literal.len = literal_length(scanner->rest);
		scanner_skip(scanner, piece.literal.len);
		sign = scanner->rest.len ? *scanner->rest.ptr : '\0';
		if (sign == '[' && part)
			return scan_error(scanner, "a '[' stands inside of another");
		if (sign == ']' && !part)
			return scan_error(scanner, "no '[' stands before this");
		if (sign)
			scanner_skip(scanner, 1);
		if (sign == '{')
			TRY(value_parse(scanner, &piece));
		template_vec_push(ret, piece);
		if (sign == '[')
			part = ++parts;
		else if (sign == ']')
			part = 0;
	}
	return part ? scan_error(scanner, "a '[' is not closed") : NULL;
}

static struct error *remedy_parse(struct scanner *scanner, struct rule *rule)
{
	TRY(room_check(scanner, rule->remedy_count, RULE_MAX_ITEMS));
	rule->remedies[rule->remedy_count++] = (struct template_vec){ 0 };
	return template_parse(scanner, &rule->remedies[rule->remedy_count - 1]);
}

static struct error *field_take(struct field *field, struct rule *rule)
{
	struct scanner *scanner = &field->scanner;
	struct str key = field->key;
	const struct {
		const char *key;
		struct expr **target;
	} conditions[] = { { "when", &rule->when },	  { "unless", &rule->unless },
			   { "warning", &rule->warning }, { "critical", &rule->critical },
			   { "rank", &rule->rank },	  { "gain", &rule->gain } };

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
		if (str_is(key, conditions[i].key))
			return condition_parse(scanner, conditions[i].target);
	if (str_is(key, "for"))
		return loops_parse(scanner, rule);
	if (str_starts_with(key, STR("let ")))
		return let_parse(scanner, key, rule);
	if (str_starts_with(key, STR("stack ")))
		return stack_parse(scanner, key, rule);
	if (str_is(key, "evidence"))
		return evidence_parse(scanner, rule);
	if (str_is(key, "title"))
		return template_parse(scanner, &rule->title);
	if (str_is(key, "text"))
		return template_parse(scanner, &rule->text);
	if (str_is(key, "remedy"))
		return remedy_parse(scanner, rule);
	if (str_is(key, "advice"))
		return names_parse(scanner, rule->advice, &rule->advice_count);
	if (str_is(key, "explains"))
		return names_parse(scanner, rule->explains, &rule->explains_count);
	if (str_is(key, "replaces"))
		return names_parse(scanner, rule->replaces, &rule->replaces_count);
	if (str_is(key, "need"))
		return need_parse(scanner, rule);
	if (str_is(key, "entity")) {
		TRY(scan_identifier(scanner, &rule->entity));
		return end_check(scanner);
	}
	if (str_is(key, "off")) {
		rule->off = scan_word(scanner, "yes");
		return end_check(scanner);
	}
	scanner->rest = key;
	return scan_error(scanner, "a rule has no such field");
}

struct reader {
	struct arena *arena;
	const char *name;
	struct str text;
	unsigned line; /* of the line that was read last */
};

/* The next line that says something; comments begin with '#'. */
static bool next_line(struct reader *reader, struct str *ret)
{
	while (str_next_line(&reader->text, ret)) {
		reader->line++;
		if (str_trim(*ret).len && ret->ptr[0] != '#')
			return true;
	}
	return false;
}

static struct error *line_error(const struct reader *reader, const char *what)
{
	return error_new(ERROR_INPUT, "%s:%u:1: %s", reader->name, reader->line, what);
}

static size_t leading_tabs(struct str line)
{
	size_t tabs = 0;

	while (tabs < line.len && line.ptr[tabs] == '\t')
		tabs++;
	return tabs;
}

/* A field with the lines that continue it; stops before the next line with fewer than two tabs. */
static struct error *field_read(struct reader *reader, struct str first, struct field *ret)
{
	auto_strbuf struct strbuf joined = STRBUF_INIT;
	struct str key, text;

	if (!str_cut(str_trim(first), ':', &key, &text))
		return line_error(reader, "expected 'field: text'");
	ret->key = str_trim(key);
	ret->scanner = (struct scanner){ .arena = reader->arena,
					 .file = reader->name,
					 .line = reader->line };
	strbuf_add(&joined, str_trim(text));
	for (;;) {
		struct reader ahead = *reader;
		struct str line;

		if (!next_line(&ahead, &line) || leading_tabs(line) < 2)
			break;
		*reader = ahead;
		strbuf_add_char(&joined, ' ');
		strbuf_add(&joined, str_trim(line));
		if (joined.len > MAX_FIELD_BYTES)
			return line_error(reader, "this field is too long");
	}
	ret->scanner.all =
		(struct str){ arena_copy(reader->arena, strbuf_str(&joined)), joined.len };
	ret->scanner.rest = ret->scanner.all;
	ret->scanner.column_base = (size_t)(text.ptr - first.ptr) + 1;
	ret->key = (struct str){ arena_copy(reader->arena, ret->key), ret->key.len };
	return NULL;
}

static struct error *rule_check(const struct reader *reader, const struct rule *rule)
{
	if (rule->off)
		return NULL;
	if (!rule->loop_count || !rule->when || !rule->title.count)
		return error_new(ERROR_INPUT,
				 "%s:%u:1: the rule '%.*s' above needs 'for', 'when' and 'title'",
				 reader->name, reader->line, STR_ARG(rule->id));
	return NULL;
}

static struct error *rule_begin(struct reader *reader, struct str line, struct rule *ret)
{
	struct scanner scanner = { .arena = reader->arena,
				   .file = reader->name,
				   .line = reader->line,
				   .all = line,
				   .rest = line };

	if (!scan_word(&scanner, "rule"))
		return scan_error(&scanner, "expected 'rule NAME' or 'rule NAME by WAY'");
	TRY(scan_identifier(&scanner, &ret->id));
	ret->id.ptr = arena_copy(reader->arena, ret->id);
	if (scan_word(&scanner, "by")) {
		TRY(scan_identifier(&scanner, &ret->by));
		ret->by.ptr = arena_copy(reader->arena, ret->by);
	}
	return end_check(&scanner);
}

struct error *ruleset_parse(struct arena *arena, const char *name, struct str text,
			    struct rule_vec *ret)
{
	struct reader reader = { arena, name, text, 0 };
	size_t first = ret->count;
	struct str line;

	if (text.len > MAX_TEXT_BYTES)
		return error_new(ERROR_INPUT, "%s: too large", name);
	while (next_line(&reader, &line)) {
		struct field field;

		if (leading_tabs(line) == 0) {
			if (ret->count > first)
				TRY(rule_check(&reader, &ret->items[ret->count - 1]));
			if (ret->count >= MAX_RULES)
				return line_error(&reader, "too many rules");
			rule_vec_push(ret, (struct rule){ 0 });
			TRY(rule_begin(&reader, line, &ret->items[ret->count - 1]));
			continue;
		}
		if (ret->count == first)
			return line_error(&reader, "no rule stands above this field");
		TRY(field_read(&reader, line, &field));
		TRY(field_take(&field, &ret->items[ret->count - 1]));
	}
	return ret->count > first ? rule_check(&reader, &ret->items[ret->count - 1]) : NULL;
}
