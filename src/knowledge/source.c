#include "knowledge/source.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

/* An entry with more than this is a mistake, not knowledge. */
#define MAX_LINE_BYTES 2000
#define MAX_TEXT_BYTES 4000
#define MAX_NAMES 400
#define MAX_ENTRIES 50000

const char *const kb_field_names[KB_FIELD_COUNT] = {
#define X(name, text) text,
	KB_FIELDS(X)
#undef X
};

const char *const kb_advice_field_names[KB_ADVICE_FIELD_COUNT] = {
#define X(name, text) text,
	KB_ADVICE_FIELDS(X)
#undef X
};

/* clang-format off */
static const unsigned allowed_fields[KB_KIND_COUNT] = {
	[KB_FUNCTION] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_HOT | 1U << KB_FIELD_FAMILY | 1U << KB_FIELD_TOPIC | 1U << KB_FIELD_SOURCE,
	[KB_LIBRARY] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_HOT | 1U << KB_FIELD_USE | 1U << KB_FIELD_TOPIC | 1U << KB_FIELD_SOURCE,
	[KB_PROGRAM] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_HOT | 1U << KB_FIELD_USE | 1U << KB_FIELD_TOPIC | 1U << KB_FIELD_SOURCE,
	[KB_TOPIC] = 1U << KB_FIELD_PROBLEM | 1U << KB_FIELD_SOURCE,
	[KB_FASTER_PROGRAM] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_KEEP,
	[KB_FASTER_LIBRARY] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_KEEP,
	[KB_FASTER_PYLIBRARY] = 1U << KB_FIELD_WHAT | 1U << KB_FIELD_KEEP,
};
/* clang-format on */
static const unsigned scope_fields =
	1U << KB_FIELD_FAMILY | 1U << KB_FIELD_TOPIC | 1U << KB_FIELD_SOURCE;

struct parser {
	struct kb_source *source;
	const char *name;
	unsigned line;
	bool in_scope;		       /* a scope's own defaults may follow */
	struct kb_source_entry *entry; /* what the fields belong to, or NULL */
	struct kb_advice_text *advice; /* the last `change`, or NULL */
	struct strbuf text;	       /* of the field that is being read */
	const char **target;	       /* where it goes, or NULL */
};

static void entry_done(struct kb_source_entry *entry)
{
	kb_text_vec_done(&entry->names);
	kb_advice_vec_done(&entry->advice);
	kb_hint_vec_done(&entry->hints);
}

void kb_source_done(struct kb_source *source)
{
	for (size_t i = 0; i < source->entries.count; i++)
		entry_done(&source->entries.items[i]);
	for (size_t i = 0; i < source->scopes.count; i++)
		kb_text_vec_done(&source->scopes.items[i].globs);
	kb_source_entry_vec_done(&source->entries);
	kb_scope_vec_done(&source->scopes);
	arena_done(&source->arena);
}

static struct error *mistake(const struct parser *p, const char *what, struct str word)
{
	return error_new(ERROR_INPUT, "%s:%u: %s%s%.*s%s", p->name, p->line, what,
			 word.len ? " '" : "", STR_ARG(word), word.len ? "'" : "");
}

static void text_end(struct parser *p)
{
	if (p->target)
		*p->target = arena_copy(&p->source->arena, strbuf_str(&p->text));
	p->target = NULL;
	strbuf_reset(&p->text);
}

static bool belief_parse(struct str word, enum kb_belief *ret)
{
	static const char *const words[] = {
		[KB_UNKNOWN] = "unknown", [KB_ANYWHERE] = "anywhere", [KB_EVERYWHERE] = "everywhere"
	};

	for (unsigned i = KB_UNKNOWN; i <= KB_EVERYWHERE; i++)
		if (str_is(word, words[i])) {
			*ret = (enum kb_belief)i;
			return true;
		}
	return false;
}

/* Words are separated by blanks; "two words" are one. `ret_belief` NULL: all words are names. */
static struct error *names_parse(struct parser *p, struct str rest, struct kb_text_vec *names,
				 enum kb_belief *ret_belief)
{
	rest = str_trim(rest);
	while (rest.len) {
		struct str word, after;

		if (rest.ptr[0] == '"') {
			rest = (struct str){ rest.ptr + 1, rest.len - 1 };
			if (!str_cut(rest, '"', &word, &after))
				return mistake(p, "a '\"' is not closed", STR(""));
		} else {
			str_cut(rest, ' ', &word, &after);
		}
		rest = str_trim(after);
		if (ret_belief && belief_parse(word, ret_belief))
			continue;
		if (!word.len || names->count >= MAX_NAMES)
			return mistake(p, "an empty name, or too many names", STR(""));
		kb_text_vec_push(names, arena_copy(&p->source->arena, word));
	}
	if (!names->count)
		return mistake(p, "a name must follow", STR(""));
	return NULL;
}

static struct error *scope_begin(struct parser *p, struct str rest)
{
	struct kb_scope *scope = kb_scope_vec_push(&p->source->scopes, (struct kb_scope){ 0 });

	p->entry = NULL;
	p->in_scope = true;
	return names_parse(p, rest, &scope->globs, &scope->belief);
}

/* The command line of programs: a scope whose globs say so. */
static struct error *arguments_begin(struct parser *p, struct str rest)
{
	struct kb_text_vec *globs;

	TRY(scope_begin(p, rest));
	globs = &p->source->scopes.items[p->source->scopes.count - 1].globs;
	for (size_t i = 0; i < globs->count; i++) {
		auto_strbuf struct strbuf glob = STRBUF_INIT;

		strbuf_addf(&glob, KB_ARGUMENTS "%s", globs->items[i]);
		globs->items[i] = arena_copy(&p->source->arena, strbuf_str(&glob));
	}
	return NULL;
}

static bool is_faster(enum kb_kind kind)
{
	return kind >= KB_FASTER_PROGRAM && kind <= KB_FASTER_PYLIBRARY;
}

/* "faster program gzip": takes the second word too. */
static enum kb_kind kind_parse(struct str word, struct str *rest)
{
	static const char *const kinds[KB_KIND_COUNT] = { "function", "library", "program",
							  "topic",    "program", "library",
							  "pylibrary" };
	enum kb_kind kind = KB_FUNCTION, end = KB_FASTER_PROGRAM;

	if (str_is(word, "argument"))
		return KB_FUNCTION;
	if (str_is(word, "faster")) {
		kind = KB_FASTER_PROGRAM;
		end = KB_KIND_COUNT;
		str_cut(*rest, ' ', &word, rest);
	}
	while (kind < end && !str_is(word, kinds[kind]))
		kind++;
	return kind < end ? kind : KB_KIND_COUNT;
}

static struct error *entry_begin(struct parser *p, struct str word, struct str rest)
{
	enum kb_kind kind;
	auto_strbuf struct strbuf origin = STRBUF_INIT;

	p->advice = NULL;
	if (str_is(word, "in"))
		return scope_begin(p, rest);
	if (str_is(word, "arguments"))
		return arguments_begin(p, rest);
	kind = kind_parse(word, &rest);
	if (kind == KB_KIND_COUNT)
		return mistake(p,
			       "expected in, function, library, program, topic, arguments, "
			       "argument or faster, not",
			       word);
	if (kind == KB_FUNCTION && !p->source->scopes.count)
		return mistake(p, "no 'in LIBRARY' stands above this function", STR(""));
	if (p->source->entries.count >= MAX_ENTRIES)
		return mistake(p, "too many entries", STR(""));
	p->in_scope = false;
	p->entry = kb_source_entry_vec_push(&p->source->entries,
					    (struct kb_source_entry){ .kind = kind });
	strbuf_addf(&origin, "%s:%u", p->name, p->line);
	p->entry->origin = arena_copy(&p->source->arena, strbuf_str(&origin));
	if (kind == KB_FUNCTION)
		p->entry->scope = (uint32_t)p->source->scopes.count - 1;
	return names_parse(p, rest, &p->entry->names, NULL);
}

static void text_begin(struct parser *p, const char **target, struct str text)
{
	p->target = target;
	strbuf_add(&p->text, str_trim(text));
}

static struct error *scope_field(struct parser *p, struct str key, struct str text)
{
	struct kb_scope *scope = &p->source->scopes.items[p->source->scopes.count - 1];

	for (unsigned i = 0; i < KB_FIELD_COUNT; i++)
		if (scope_fields >> i & 1 && str_is(key, kb_field_names[i])) {
			text_begin(p, &scope->fields[i], text);
			return NULL;
		}
	return mistake(p, "below 'in' there may be family, topic and source, not", key);
}

static struct error *hint_begin(struct parser *p, struct str key, struct str text)
{
	struct str pattern = { key.ptr + 7, key.len - 7 };
	struct kb_hint_text *hint =
		kb_hint_vec_push(&p->entry->hints,
				 (struct kb_hint_text){ .pattern = arena_copy(&p->source->arena,
									      str_trim(pattern)) });

	text_begin(p, &hint->text, text);
	return NULL;
}

/* A line with one tab: a field of the entry. */
static struct error *field_parse(struct parser *p, struct str line)
{
	struct str key, text;
	const char *colon = NULL;

	/* names of callers may hold ':', so the field ends at the first ": " */
	for (size_t i = 0; i + 1 < line.len && !colon; i++)
		if (line.ptr[i] == ':' && line.ptr[i + 1] == ' ')
			colon = line.ptr + i;
	if (!colon)
		return mistake(p, "expected 'field: text', not", line);
	key = (struct str){ line.ptr, (size_t)(colon - line.ptr) };
	text = (struct str){ colon + 2, line.len - key.len - 2 };
	p->advice = NULL;
	if (p->in_scope)
		return scope_field(p, key, text);
	if (!p->entry)
		return mistake(p, "no entry stands above this field", STR(""));
	for (unsigned i = 0; i < KB_FIELD_COUNT; i++)
		if (allowed_fields[p->entry->kind] >> i & 1 && str_is(key, kb_field_names[i])) {
			if (p->entry->fields[i])
				return mistake(p, "given twice:", key);
			text_begin(p, &p->entry->fields[i], text);
			return NULL;
		}
	if (str_is(key, "change")) {
		p->advice = kb_advice_vec_push(&p->entry->advice, (struct kb_advice_text){ 0 });
		text_begin(p, &p->advice->fields[KB_ADVICE_TEXT], text);
		return NULL;
	}
	if (p->entry->kind == KB_FUNCTION && str_is(key, "skid")) {
		p->entry->skid = str_is(str_trim(text), "yes");
		return NULL;
	}
	if (p->entry->kind == KB_FUNCTION && str_starts_with(key, STR("caller ")))
		return hint_begin(p, key, text);
	return mistake(p, "this entry has no field", key);
}

/* A line with two tabs: a condition of the last `change`, or more of the text above. */
static struct error *continuation_parse(struct parser *p, struct str line)
{
	struct str key, text;

	if (p->advice && str_cut(line, ':', &key, &text)) {
		unsigned end = is_faster(p->entry->kind) ? KB_ADVICE_FIELD_COUNT : KB_ADVICE_HOW;

		for (unsigned i = 1; i < end; i++) {
			if (!str_is(key, kb_advice_field_names[i]))
				continue;
			text_end(p);
			if (p->advice->fields[i])
				return mistake(p, "given twice:", key);
			text_begin(p, &p->advice->fields[i], text);
			return NULL;
		}
	}
	if (!p->target)
		return mistake(p, "nothing stands above that this line could continue", STR(""));
	if (p->text.len + line.len > MAX_TEXT_BYTES)
		return mistake(p, "the text is too long", STR(""));
	strbuf_add_char(&p->text, ' ');
	strbuf_add(&p->text, str_trim(line));
	return NULL;
}

static struct error *line_parse(struct parser *p, struct str line)
{
	struct str word, rest;
	size_t tabs = 0;

	if (line.len > MAX_LINE_BYTES)
		return mistake(p, "the line is too long", STR(""));
	if (!str_trim(line).len || line.ptr[0] == '#')
		return NULL;
	while (tabs < line.len && line.ptr[tabs] == '\t')
		tabs++;
	line = str_trim(line);
	if (tabs >= 2)
		return continuation_parse(p, line);
	text_end(p);
	if (tabs == 1)
		return field_parse(p, line);
	str_cut(line, ' ', &word, &rest);
	return entry_begin(p, word, rest);
}

/* A replacement says when it wins, what it costs and who says so; one of them is recommended. */
static struct error *faster_check(const struct kb_source_entry *entry)
{
	static const enum kb_advice_field must[] = { KB_ADVICE_WHEN, KB_ADVICE_COST,
						     KB_ADVICE_SOURCE };
	unsigned recommended = 0;

	for (size_t i = 0; i < entry->names.count; i++)
		for (const char *c = entry->names.items[i]; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				return error_new(ERROR_INPUT, "%s: '%s' is not in small letters",
						 entry->origin, entry->names.items[i]);
	for (size_t i = 0; i < entry->advice.count; i++) {
		const struct kb_advice_text *advice = &entry->advice.items[i];

		recommended += advice->fields[KB_ADVICE_RECOMMENDED] != NULL;
		for (unsigned k = 0; k < ARRAY_SIZE(must); k++)
			if (!advice->fields[must[k]])
				return error_new(ERROR_INPUT, "%s: '%s' has no '%s'", entry->origin,
						 advice->fields[KB_ADVICE_TEXT],
						 kb_advice_field_names[must[k]]);
	}
	if (entry->advice.count > KB_FASTER_CAP)
		return error_new(ERROR_INPUT, "%s: more than %d replacements", entry->origin,
				 KB_FASTER_CAP);
	if (recommended != (entry->advice.count > 0))
		return error_new(ERROR_INPUT, "%s: one replacement is recommended, not %u",
				 entry->origin, recommended);
	if (!entry->advice.count && !entry->fields[KB_FIELD_KEEP])
		return error_new(ERROR_INPUT, "%s: without replacements 'keep' says why",
				 entry->origin);
	return NULL;
}

static struct error *entries_check(const struct kb_source *source, size_t first)
{
	for (size_t i = first; i < source->entries.count; i++) {
		const struct kb_source_entry *entry = &source->entries.items[i];
		enum kb_field must = entry->kind == KB_TOPIC ? KB_FIELD_PROBLEM : KB_FIELD_WHAT;

		if (!entry->fields[must])
			return error_new(ERROR_INPUT, "%s: '%s' has no '%s'", entry->origin,
					 entry->names.items[0], kb_field_names[must]);
		if (is_faster(entry->kind))
			TRY(faster_check(entry));
	}
	return NULL;
}

struct error *kb_source_parse(struct kb_source *source, const char *name, struct str text)
{
	struct parser p = { .source = source, .name = name };
	size_t first = source->entries.count;
	struct error *error = NULL;
	struct str line;

	if (text.len > KB_SOURCE_CAP_BYTES)
		return error_new(ERROR_INPUT, "%s: too large", name);
	while (!error && str_next_line(&text, &line)) {
		p.line++;
		error = line_parse(&p, line);
	}
	text_end(&p);
	strbuf_done(&p.text);
	return error ? error : entries_check(source, first);
}
