#include "knowledge/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"

#define MAGIC 0x3342474bU /* "KGB3" in the byte order of the build */

/* Characters other than wildcards that a pattern needs to say something of a function. */
enum { LEAST_TELLING_LITERAL = 2 };

enum {
	TABLE_TEXTS,
	TABLE_NAMES,
	TABLE_PATTERNS,
	TABLE_LIBRARIES,
	TABLE_PROGRAMS,
	TABLE_TOPICS,
	TABLE_FASTER,
	TABLE_ENTRIES,
	TABLE_ADVICE,
	TABLE_HINTS,
	TABLE_SCOPES,
	TABLE_GLOBS,
	TABLE_PREFIXES,
	TABLE_COUNT
};

struct header {
	uint32_t magic, total_bytes;
	struct {
		uint32_t offset, count;
	} tables[TABLE_COUNT];
};

VEC_DEFINE(name_vec, struct kb_name)
VEC_DEFINE(entry_vec, struct kb_entry)
VEC_DEFINE(advice_vec, struct kb_advice)
VEC_DEFINE(hint_vec, struct kb_hint)
VEC_DEFINE(scope_vec, struct kb_scope_row)
VEC_DEFINE(glob_vec, uint32_t)
VEC_DEFINE(prefix_vec, struct kb_prefix)

struct writer {
	struct interner pool;
	uint32_t *offsets; /* of the pool's texts, by id */
	uint32_t offset_count;
	struct strbuf texts;
	struct name_vec names, patterns, libraries, programs, topics, faster;
	struct entry_vec entries;
	struct advice_vec advice;
	struct hint_vec hints;
	struct scope_vec scopes;
	struct glob_vec globs;
	struct prefix_vec prefixes;
};

static void writer_done(struct writer *w)
{
	interner_done(&w->pool);
	free(w->offsets);
	strbuf_done(&w->texts);
	name_vec_done(&w->names);
	name_vec_done(&w->patterns);
	name_vec_done(&w->libraries);
	name_vec_done(&w->programs);
	name_vec_done(&w->topics);
	name_vec_done(&w->faster);
	entry_vec_done(&w->entries);
	advice_vec_done(&w->advice);
	hint_vec_done(&w->hints);
	scope_vec_done(&w->scopes);
	glob_vec_done(&w->globs);
	prefix_vec_done(&w->prefixes);
}

static uint32_t text_add(struct writer *w, const char *text)
{
	uint32_t id = intern_text(&w->pool, text);

	if (id >= w->offset_count) {
		w->offset_count = id + 1;
		w->offsets = x_reallocarray(w->offsets, w->offset_count, sizeof(*w->offsets));
		w->offsets[id] = (uint32_t)w->texts.len;
		strbuf_add(&w->texts, interned(&w->pool, id));
		strbuf_add_char(&w->texts, '\0');
	}
	return w->offsets[id];
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

static size_t literal_length(const char *pattern)
{
	size_t length = 0;

	for (; *pattern; pattern++)
		length += *pattern != '*' && *pattern != '?';
	return length;
}

static void scopes_add(struct writer *w, const struct kb_source *source)
{
	for (size_t i = 0; i < source->scopes.count; i++) {
		const struct kb_scope *scope = &source->scopes.items[i];

		scope_vec_push(&w->scopes, (struct kb_scope_row){ (uint32_t)w->globs.count,
								  (uint32_t)scope->globs.count,
								  (uint32_t)scope->belief });
		for (size_t k = 0; k < scope->globs.count; k++)
			glob_vec_push(&w->globs, text_add(w, scope->globs.items[k]));
	}
}

static void entry_add(struct writer *w, const struct kb_source *source,
		      const struct kb_source_entry *from)
{
	struct kb_entry entry = { .origin = text_add(w, from->origin),
				  .scope = from->scope,
				  .advice_first = (uint32_t)w->advice.count,
				  .advice_count = (uint32_t)from->advice.count,
				  .hint_first = (uint32_t)w->hints.count,
				  .hint_count = (uint32_t)from->hints.count,
				  .skid = from->skid,
				  .kind = (uint32_t)from->kind };

	for (unsigned i = 0; i < KB_FIELD_COUNT; i++) {
		const char *text = from->fields[i];

		if (!text && from->kind == KB_FUNCTION)
			text = source->scopes.items[from->scope].fields[i];
		entry.fields[i] = text_add(w, text ? text : "");
	}
	for (size_t i = 0; i < from->advice.count; i++) {
		struct kb_advice advice;

		for (unsigned k = 0; k < KB_ADVICE_FIELD_COUNT; k++) {
			const char *text = from->advice.items[i].fields[k];

			advice.fields[k] = text_add(w, text ? text : "");
		}
		advice_vec_push(&w->advice, advice);
	}
	for (size_t i = 0; i < from->hints.count; i++)
		hint_vec_push(&w->hints,
			      (struct kb_hint){ text_add(w, from->hints.items[i].pattern),
						text_add(w, from->hints.items[i].text) });
	entry_vec_push(&w->entries, entry);
}

static void names_add(struct writer *w, const struct kb_source_entry *from, uint32_t entry)
{
	for (size_t i = 0; i < from->names.count; i++) {
		const char *name = from->names.items[i];
		struct name_vec *table = &w->names;

		if (from->kind == KB_LIBRARY)
			table = &w->libraries;
		else if (from->kind == KB_PROGRAM)
			table = &w->programs;
		else if (from->kind == KB_TOPIC)
			table = &w->topics;
		else if (from->kind >= KB_FASTER_PROGRAM)
			table = &w->faster;
		else if (is_pattern(name))
			table = &w->patterns;
		name_vec_push(table, (struct kb_name){ text_add(w, name), entry });
	}
}

static int by_text(const void *left, const void *right, void *context)
{
	const struct kb_name *a = left, *b = right;
	const char *texts = context;
	int order = strcmp(texts + a->text, texts + b->text);

	return order ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

static int by_literal_length(const void *left, const void *right, void *context)
{
	const struct kb_name *a = left, *b = right;
	const char *texts = context;
	size_t a_length = literal_length(texts + a->text);
	size_t b_length = literal_length(texts + b->text);

	if (a_length != b_length)
		return a_length > b_length ? -1 : 1;
	return by_text(left, right, context);
}

static void names_sort(struct name_vec *names, struct strbuf *texts,
		       int (*order)(const void *, const void *, void *))
{
	if (names->count)
		qsort_r(names->items, names->count, sizeof(*names->items), order, texts->ptr);
}

static bool scopes_meet(const struct writer *w, uint32_t a, uint32_t b)
{
	const struct kb_scope_row *left = &w->scopes.items[a], *right = &w->scopes.items[b];

	for (uint32_t i = 0; i < left->glob_count; i++)
		for (uint32_t k = 0; k < right->glob_count; k++)
			if (w->globs.items[left->glob_first + i] ==
			    w->globs.items[right->glob_first + k])
				return true;
	return false;
}

/* `names` are sorted by text, or equal ones stand together. */
static struct error *twins_check(const struct writer *w, const struct name_vec *names,
				 bool with_scopes)
{
	for (size_t i = 0; i < names->count; i++)
		for (size_t k = i + 1;
		     k < names->count && names->items[k].text == names->items[i].text; k++) {
			const struct kb_entry *a = &w->entries.items[names->items[i].entry];
			const struct kb_entry *b = &w->entries.items[names->items[k].entry];

			if (with_scopes && !scopes_meet(w, a->scope, b->scope))
				continue;
			return error_new(ERROR_INPUT, "%s: '%s' is explained already at %s",
					 w->texts.ptr + b->origin,
					 w->texts.ptr + names->items[i].text,
					 w->texts.ptr + a->origin);
		}
	return NULL;
}

/* A program and a library may have one name, two programs may not. */
static struct error *faster_twins_check(const struct writer *w)
{
	for (size_t i = 0; i < w->faster.count; i++)
		for (size_t k = i + 1;
		     k < w->faster.count && w->faster.items[k].text == w->faster.items[i].text;
		     k++) {
			const struct kb_entry *a = &w->entries.items[w->faster.items[i].entry];
			const struct kb_entry *b = &w->entries.items[w->faster.items[k].entry];

			if (a->kind == b->kind)
				return error_new(ERROR_INPUT, "%s: '%s' is replaced already at %s",
						 w->texts.ptr + b->origin,
						 w->texts.ptr + w->faster.items[i].text,
						 w->texts.ptr + a->origin);
		}
	return NULL;
}

static struct error *topics_check(const struct writer *w, const struct kb_index *other)
{
	for (size_t i = 0; i < w->entries.count; i++) {
		const char *topic = w->texts.ptr + w->entries.items[i].fields[KB_FIELD_TOPIC];
		bool found = !*topic || (other && kb_find_topic(other, str_from(topic)));

		for (size_t k = 0; k < w->topics.count && !found; k++)
			found = !strcmp(w->texts.ptr + w->topics.items[k].text, topic);
		if (!found)
			return error_new(ERROR_INPUT, "%s: there is no topic '%s'",
					 w->texts.ptr + w->entries.items[i].origin, topic);
	}
	return NULL;
}

static struct error *writer_check(const struct writer *w, const struct kb_index *other)
{
	TRY(twins_check(w, &w->names, true));
	TRY(twins_check(w, &w->patterns, true));
	TRY(twins_check(w, &w->libraries, false));
	TRY(twins_check(w, &w->programs, false));
	TRY(twins_check(w, &w->topics, false));
	TRY(faster_twins_check(w));
	return topics_check(w, other);
}

/* A block under way: `out` from `start` on. */
struct block {
	struct strbuf *out;
	size_t start;
	struct header header;
};

static void table_write(struct block *block, unsigned table, const void *rows, size_t count,
			size_t row_bytes)
{
	while (block->out->len % 8)
		strbuf_add_char(block->out, '\0');
	block->header.tables[table].offset = (uint32_t)(block->out->len - block->start);
	block->header.tables[table].count = (uint32_t)count;
	if (count)
		strbuf_add(block->out, (struct str){ rows, count * row_bytes });
}

#define TABLE_WRITE(table, vec)                                                                    \
	table_write(&block, table, w->vec.items, w->vec.count, sizeof(*w->vec.items))

static void block_write(const struct writer *w, struct strbuf *out)
{
	struct block block = { .out = out, .header = { .magic = MAGIC } };

	while (out->len % 8)
		strbuf_add_char(out, '\0');
	block.start = out->len;
	strbuf_add(out, (struct str){ (const char *)&block.header, sizeof(block.header) });
	table_write(&block, TABLE_TEXTS, w->texts.ptr, w->texts.len, 1);
	TABLE_WRITE(TABLE_NAMES, names);
	TABLE_WRITE(TABLE_PATTERNS, patterns);
	TABLE_WRITE(TABLE_LIBRARIES, libraries);
	TABLE_WRITE(TABLE_PROGRAMS, programs);
	TABLE_WRITE(TABLE_TOPICS, topics);
	TABLE_WRITE(TABLE_FASTER, faster);
	TABLE_WRITE(TABLE_ENTRIES, entries);
	TABLE_WRITE(TABLE_ADVICE, advice);
	TABLE_WRITE(TABLE_HINTS, hints);
	TABLE_WRITE(TABLE_SCOPES, scopes);
	TABLE_WRITE(TABLE_GLOBS, globs);
	TABLE_WRITE(TABLE_PREFIXES, prefixes);
	block.header.total_bytes = (uint32_t)(out->len - block.start);
	memcpy(out->ptr + block.start, &block.header, sizeof(block.header));
}

static uint32_t prefix_key(struct str prefix)
{
	return (uint32_t)str_hash(prefix);
}

static int by_key(const void *left, const void *right)
{
	const struct kb_prefix *a = left, *b = right;

	if (a->key != b->key)
		return a->key > b->key ? 1 : -1;
	return (a->row > b->row) - (a->row < b->row);
}

/* `patterns` are sorted: rows stand. */
static void prefixes_make(struct writer *w)
{
	for (uint32_t i = 0; i < w->patterns.count; i++) {
		const char *pattern = w->texts.ptr + w->patterns.items[i].text;
		size_t length = MIN(strcspn(pattern, "*?"), (size_t)KB_PREFIX_LENGTH);

		prefix_vec_push(
			&w->prefixes,
			(struct kb_prefix){ prefix_key((struct str){ pattern, length }), i });
	}
	if (w->prefixes.count)
		qsort(w->prefixes.items, w->prefixes.count, sizeof(*w->prefixes.items), by_key);
}

struct error *kb_index_write(const struct kb_source *source, const struct kb_index *other,
			     struct strbuf *out)
{
	struct writer w = { 0 };
	struct error *error;

	text_add(&w, "");
	scopes_add(&w, source);
	for (uint32_t i = 0; i < source->entries.count; i++) {
		entry_add(&w, source, &source->entries.items[i]);
		names_add(&w, &source->entries.items[i], i);
	}
	names_sort(&w.names, &w.texts, by_text);
	names_sort(&w.topics, &w.texts, by_text);
	names_sort(&w.faster, &w.texts, by_text);
	names_sort(&w.patterns, &w.texts, by_literal_length);
	names_sort(&w.libraries, &w.texts, by_literal_length);
	names_sort(&w.programs, &w.texts, by_literal_length);
	prefixes_make(&w);
	error = writer_check(&w, other);
	if (!error)
		block_write(&w, out);
	writer_done(&w);
	return error;
}

static const void *table_open(struct str block, const struct header *header, unsigned table,
			      size_t row_bytes, uint32_t *ret_count)
{
	uint64_t offset = header->tables[table].offset, count = header->tables[table].count;

	if (offset % 8 || offset > block.len || count * row_bytes > block.len - offset)
		return NULL;
	if (ret_count)
		*ret_count = (uint32_t)count;
	return block.ptr + offset;
}

struct error *kb_index_open(struct str block, struct kb_index *ret)
{
	struct header header;
	struct kb_index x = { .block = block };

	if (block.len < sizeof(header) || (uintptr_t)block.ptr % 8)
		return error_new(ERROR_FAILED, "the knowledge index is cut or misaligned");
	memcpy(&header, block.ptr, sizeof(header));
	if (header.magic != MAGIC || header.total_bytes > block.len)
		return error_new(ERROR_FAILED, "the knowledge index is of another build");
#define OPEN(field, table, count_field)                                                            \
	(x.field = table_open(block, &header, table, sizeof(*x.field), &x.count_field))
	x.texts = table_open(block, &header, TABLE_TEXTS, 1, NULL);
	if (!x.texts || !OPEN(names, TABLE_NAMES, name_count) ||
	    !OPEN(patterns, TABLE_PATTERNS, pattern_count) ||
	    !OPEN(libraries, TABLE_LIBRARIES, library_count) ||
	    !OPEN(programs, TABLE_PROGRAMS, program_count) ||
	    !OPEN(topics, TABLE_TOPICS, topic_count) || !OPEN(faster, TABLE_FASTER, faster_count) ||
	    !OPEN(entries, TABLE_ENTRIES, entry_count) ||
	    !OPEN(advice, TABLE_ADVICE, advice_count) || !OPEN(hints, TABLE_HINTS, hint_count) ||
	    !OPEN(scopes, TABLE_SCOPES, scope_count) || !OPEN(globs, TABLE_GLOBS, glob_count) ||
	    !OPEN(prefixes, TABLE_PREFIXES, prefix_count))
		return error_new(ERROR_FAILED, "the knowledge index is damaged");
#undef OPEN
	*ret = x;
	return NULL;
}

const char *kb_text(const struct kb_index *index, uint32_t offset)
{
	return index->texts + offset;
}

/* Literal characters of the longest glob that takes the library, plus 1; 0 = none does. */
static size_t scope_match(const struct kb_index *index, uint32_t scope, struct str library)
{
	const struct kb_scope_row *row = &index->scopes[scope];
	size_t best = 0;

	for (uint32_t i = 0; i < row->glob_count; i++) {
		const char *glob = kb_text(index, index->globs[row->glob_first + i]);

		if (str_glob(str_from(glob), library))
			best = MAX(best, literal_length(glob) + 1);
	}
	return best;
}

/* First row of `rows` (sorted by text) whose text is not below `name`. */
static uint32_t lower_bound(const struct kb_index *index, const struct kb_name *rows,
			    uint32_t count, struct str name)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (str_cmp(str_from(kb_text(index, rows[middle].text)), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How well an entry fits the library: 0 = not at all. */
static size_t fit_of(const struct kb_index *index, const struct kb_entry *entry, struct str library,
		     bool elsewhere)
{
	uint32_t belief = index->scopes[entry->scope].belief;
	size_t fit;

	if (elsewhere)
		return belief >= (library.len ? KB_ANYWHERE : KB_UNKNOWN);
	fit = scope_match(index, entry->scope, library);
	if (!fit && belief == KB_EVERYWHERE && !str_is(library, "kernel"))
		return 1;
	return fit;
}

struct kb_match kb_find_name(const struct kb_index *index, struct str library, struct str name,
			     bool elsewhere)
{
	struct kb_match match = { .index = index, .elsewhere = elsewhere };
	size_t best = 0;

	for (uint32_t i = lower_bound(index, index->names, index->name_count, name);
	     i < index->name_count && str_is(name, kb_text(index, index->names[i].text)); i++) {
		const struct kb_entry *entry = &index->entries[index->names[i].entry];
		size_t fit = fit_of(index, entry, library, elsewhere);

		if (fit <= best)
			continue;
		best = fit;
		match.entry = entry;
		match.certainty = KB_BY_NAME;
	}
	return match;
}

/* The first row with that key. */
static uint32_t prefix_find(const struct kb_index *index, uint32_t key)
{
	uint32_t first = 0, end = index->prefix_count;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;

		if (index->prefixes[middle].key < key)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static bool row_fits(const struct kb_index *index, uint32_t row, struct str library, bool elsewhere)
{
	return fit_of(index, &index->entries[index->patterns[row].entry], library, elsewhere);
}

/* The least row before `best` whose pattern begins as `prefix` does and takes `form`. */
static uint32_t pattern_row(const struct kb_index *index, struct str library, struct str form,
			    struct str prefix, bool elsewhere, uint32_t best)
{
	uint32_t key = prefix_key(prefix);

	for (uint32_t i = prefix_find(index, key);
	     i < index->prefix_count && index->prefixes[i].key == key; i++) {
		uint32_t row = index->prefixes[i].row;

		if (row >= best)
			break;
		/* a pattern that begins with a wildcard is dear to try, and of few libraries */
		if (!prefix.len && !row_fits(index, row, library, elsewhere))
			continue;
		if (str_glob(str_from(kb_text(index, index->patterns[row].text)), form) &&
		    row_fits(index, row, library, elsewhere))
			return row;
	}
	return best;
}

struct kb_match kb_find_pattern(const struct kb_index *index, struct str library,
				const struct str *forms, size_t form_count, bool elsewhere)
{
	struct kb_match match = { .index = index, .elsewhere = elsewhere };
	uint32_t best = index->pattern_count;

	/* rows with more literal characters stand first: long beginnings find them soon */
	for (size_t length = KB_PREFIX_LENGTH + 1; length-- > 0;)
		for (size_t i = 0; i < form_count; i++)
			if (forms[i].len >= length)
				best = pattern_row(index, library, forms[i],
						   (struct str){ forms[i].ptr, length }, elsewhere,
						   best);
	if (best == index->pattern_count)
		return match;
	match.entry = &index->entries[index->patterns[best].entry];
	match.certainty = KB_BY_PATTERN;
	match.pattern = index->patterns[best].text;
	return match;
}

enum kb_belief kb_match_belief(struct kb_match match)
{
	return match.index->scopes[match.entry->scope].belief;
}

bool kb_match_is_catch_all(struct kb_match match)
{
	return match.entry && match.certainty == KB_BY_PATTERN &&
	       literal_length(kb_text(match.index, match.pattern)) < LEAST_TELLING_LITERAL;
}

static const struct kb_entry *find_glob(const struct kb_index *index, const struct kb_name *rows,
					uint32_t count, struct str name)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_glob(str_from(kb_text(index, rows[i].text)), name))
			return &index->entries[rows[i].entry];
	return NULL;
}

const struct kb_entry *kb_find_library(const struct kb_index *index, struct str name)
{
	return find_glob(index, index->libraries, index->library_count, name);
}

const struct kb_entry *kb_find_program(const struct kb_index *index, struct str name)
{
	return find_glob(index, index->programs, index->program_count, name);
}

const struct kb_entry *kb_find_topic(const struct kb_index *index, struct str name)
{
	uint32_t i = lower_bound(index, index->topics, index->topic_count, name);

	if (i == index->topic_count || !str_is(name, kb_text(index, index->topics[i].text)))
		return NULL;
	return &index->entries[index->topics[i].entry];
}
