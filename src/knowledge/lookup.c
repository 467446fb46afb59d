#include "knowledge/lookup.h"

#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "knowledge/symbol_name.h"

enum { MAX_TARGET_BYTES = 200, LEAST_LITERAL = 4 };

/* ---- replacements */

/* Small letters, one blank between words, no folder in front of a path. */
static void target_normalise(struct str target, struct strbuf *out)
{
	struct str word;

	target.len = MIN(target.len, (size_t)MAX_TARGET_BYTES);
	while (str_next_word(&target, &word)) {
		const char *slash = word.ptr[0] == '/' ? memrchr(word.ptr, '/', word.len) : NULL;

		if (slash && slash + 1 < word.ptr + word.len)
			word = (struct str){ slash + 1, (size_t)(word.ptr + word.len - slash - 1) };
		if (out->len)
			strbuf_add_char(out, ' ');
		for (size_t i = 0; i < word.len; i++)
			strbuf_add_char(out, (char)tolower((unsigned char)word.ptr[i]));
	}
}

static unsigned kind_of_word(struct str word)
{
	static const struct {
		const char *word;
		enum kb_kind kind;
	} words[] = {
		{ "python", KB_FASTER_PYLIBRARY },   { "python3", KB_FASTER_PYLIBRARY },
		{ "py", KB_FASTER_PYLIBRARY },	     { "pylibrary", KB_FASTER_PYLIBRARY },
		{ "pip", KB_FASTER_PYLIBRARY },	     { "pypi", KB_FASTER_PYLIBRARY },
		{ "library", KB_FASTER_LIBRARY },    { "lib", KB_FASTER_LIBRARY },
		{ "c", KB_FASTER_LIBRARY },	     { "c++", KB_FASTER_LIBRARY },
		{ "cpp", KB_FASTER_LIBRARY },	     { "glibc", KB_FASTER_LIBRARY },
		{ "program", KB_FASTER_PROGRAM },    { "command", KB_FASTER_PROGRAM },
		{ "tool", KB_FASTER_PROGRAM },	     { "binary", KB_FASTER_PROGRAM },
		{ "executable", KB_FASTER_PROGRAM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_is(word, words[i].word))
			return 1U << words[i].kind;
	return 0;
}

/* The words that do not name a kind, and the kinds that the others name. */
static unsigned kinds_take(struct str target, struct strbuf *ret_rest)
{
	unsigned kinds = 0;
	struct str word;

	while (str_next_word(&target, &word)) {
		unsigned kind = kind_of_word(word);

		kinds |= kind;
		if (!kind)
			strbuf_addf(ret_rest, "%s%.*s", ret_rest->len ? " " : "", STR_ARG(word));
	}
	return kinds;
}

/* "java json" is not the json of C, nor of Python: a name must have the language's word too. */
static bool is_language(struct str word)
{
	static const char *const languages[] = {
		"c#",	  ".net",    "dotnet",	   "java",   "kotlin",	"scala",  "go",
		"golang", "rust",    "swift",	   "ruby",   "php",	"perl",	  "lua",
		"julia",  "r",	     "node",	   "nodejs", "node.js", "elixir", "ocaml",
		"erlang", "haskell", "javascript", "js",     "dart",	"zig",	  "nim",
		"d",	  "ada",     "typescript"
	};

	for (size_t i = 0; i < ARRAY_SIZE(languages); i++)
		if (str_is(word, languages[i]))
			return true;
	return false;
}

static bool is_among(const struct kb_match_vec *matches, struct kb_match match)
{
	for (size_t i = 0; i < matches->count; i++)
		if (matches->items[i].entry == match.entry)
			return true;
	return false;
}

static void match_add(struct kb_match_vec *ret, const struct kb_index *index, uint32_t entry,
		      enum kb_certainty certainty)
{
	struct kb_match match = { .index = index,
				  .entry = &index->entries[entry],
				  .certainty = certainty };

	if (!is_among(ret, match))
		kb_match_vec_push(ret, match);
}

/* Entries of that very name; the user's own files hide the built-in ones of the same kind. */
static bool find_exact(const struct knowledge *knowledge, struct str name, unsigned kinds,
		       struct kb_match_vec *ret)
{
	size_t before = ret->count;
	const struct kb_index *index;

	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++) {
		unsigned found = 0;

		for (uint32_t i = 0; i < index->faster_count; i++) {
			uint32_t kind = index->entries[index->faster[i].entry].kind;

			if (!(kinds >> kind & 1) ||
			    !str_is(name, kb_text(index, index->faster[i].text)))
				continue;
			match_add(ret, index, index->faster[i].entry, KB_BY_NAME);
			found |= 1U << kind;
		}
		kinds &= ~found;
	}
	return ret->count > before;
}

static bool has_word(struct str text, struct str wanted)
{
	struct str word;

	while (str_next_word(&text, &word))
		if (str_eq(word, wanted))
			return true;
	return false;
}

/* How many words the name has, when the text has them all and speaks of no other language; else 0.
 */
static unsigned words_within(struct str name, struct str text)
{
	unsigned count = 0;
	struct str word, rest = text;

	while (str_next_word(&rest, &word))
		if (is_language(word) && !has_word(name, word))
			return 0;
	while (str_next_word(&name, &word)) {
		if (!has_word(text, word))
			return 0;
		count++;
	}
	return count;
}

/* The names that cover most words of the text. */
static bool find_within(const struct knowledge *knowledge, struct str text, unsigned kinds,
			struct kb_match_vec *ret)
{
	size_t before = ret->count;
	unsigned best = 1;

	for (int look = 0; look < 2; look++) {
		const struct kb_index *index;

		for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
			for (uint32_t i = 0; i < index->faster_count; i++) {
				uint32_t kind = index->entries[index->faster[i].entry].kind;
				unsigned words = words_within(
					str_from(kb_text(index, index->faster[i].text)), text);

				if (!(kinds >> kind & 1) || words < best)
					continue;
				best = words;
				if (look)
					match_add(ret, index, index->faster[i].entry,
						  KB_BY_PATTERN);
			}
	}
	return ret->count > before;
}

/* "libz.so.1.3" -> "libz", "libjpeg62-turbo-dev" -> "libjpeg62-turbo", "python3.11" -> "python3" */
static struct str without_version(struct str name)
{
	ptrdiff_t so = str_find(name, STR(".so")), slash = str_find(name, STR("/"));

	if (so > 0)
		return (struct str){ name.ptr, (size_t)so };
	/* "nginx/1.22", as servers say it */
	if (slash > 0 && (size_t)slash + 1 < name.len &&
	    isdigit((unsigned char)name.ptr[slash + 1]))
		return (struct str){ name.ptr, (size_t)slash };
	if (str_ends_with(name, STR(".a")))
		return (struct str){ name.ptr, name.len - 2 };
	if (name.len > 4 && str_ends_with(name, STR("-dev")))
		return (struct str){ name.ptr, name.len - 4 };
	while (name.len > 1 && (isdigit((unsigned char)name.ptr[name.len - 1]) ||
				strchr(".-", name.ptr[name.len - 1])))
		name.len--;
	return name;
}

static bool find_variants(const struct knowledge *knowledge, struct str name, unsigned kinds,
			  struct kb_match_vec *ret)
{
	static const char *const prefixes[] = { "lib", "python-", "python3-", "py" };
	struct str plain = without_version(name);
	auto_strbuf struct strbuf with_lib = STRBUF_INIT;

	if (find_exact(knowledge, plain, kinds, ret))
		return true;
	strbuf_addf(&with_lib, "lib%.*s", STR_ARG(plain));
	if (find_exact(knowledge, strbuf_str(&with_lib), kinds, ret))
		return true;
	/* "pandas.read_csv": a function of a Python module */
	for (size_t dot = plain.len; dot > 1; dot--)
		if (plain.ptr[dot - 1] == '.' &&
		    find_exact(knowledge, (struct str){ plain.ptr, dot - 1 },
			       kinds & 1U << KB_FASTER_PYLIBRARY, ret))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i]);
		struct str rest = { plain.ptr + length, plain.len - length };

		if (plain.len <= length || !str_starts_with(plain, str_from(prefixes[i])))
			continue;
		if (find_exact(knowledge, rest, kinds, ret) ||
		    find_exact(knowledge, without_version(rest), kinds, ret))
			return true;
	}
	return false;
}

void knowledge_faster(const struct knowledge *knowledge, struct str target, unsigned kinds,
		      struct kb_match_vec *ret)
{
	auto_strbuf struct strbuf whole = STRBUF_INIT;
	auto_strbuf struct strbuf rest = STRBUF_INIT;
	unsigned named;

	target_normalise(target, &whole);
	named = kinds_take(strbuf_str(&whole), &rest);
	if (!whole.len || find_exact(knowledge, strbuf_str(&whole), kinds, ret))
		return;
	if (named && rest.len && (kinds & named) &&
	    find_exact(knowledge, strbuf_str(&rest), kinds & named, ret))
		return;
	if (named && (kinds & named))
		kinds &= named;
	if (!rest.len || find_exact(knowledge, strbuf_str(&rest), kinds, ret) ||
	    find_variants(knowledge, strbuf_str(&rest), kinds, ret))
		return;
	find_within(knowledge, strbuf_str(&rest), kinds, ret);
}

const char *faster_kind_name(enum kb_kind kind)
{
	if (kind == KB_FASTER_PROGRAM)
		return "program";
	return kind == KB_FASTER_LIBRARY ? "library" : "Python library";
}

void knowledge_faster_names(const struct knowledge *knowledge, unsigned kinds, struct kb_names *ret)
{
	const struct kb_index *index;

	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
		for (uint32_t i = 0; i < index->faster_count; i++)
			if (kinds >> index->entries[index->faster[i].entry].kind & 1)
				kb_names_push(ret, kb_text(index, index->faster[i].text));
}

/* ---- functions */

static bool is_command_line(const struct kb_index *index, const struct kb_entry *entry)
{
	const struct kb_scope_row *row = &index->scopes[entry->scope];

	return row->glob_count &&
	       str_starts_with(str_from(kb_text(index, index->globs[row->glob_first])),
			       STR(KB_ARGUMENTS));
}

/* "*" and the like are only meant inside a library that is known. */
static bool is_telling(struct str pattern)
{
	size_t literal = 0;

	for (size_t i = 0; i < pattern.len; i++)
		literal += pattern.ptr[i] != '*' && pattern.ptr[i] != '?' && pattern.ptr[i] != '_';
	return literal >= LEAST_LITERAL;
}

static bool name_is_any(struct str name, const struct str *forms, size_t count, bool as_glob)
{
	for (size_t i = 0; i < count; i++)
		if (as_glob ? is_telling(name) && str_glob(name, forms[i]) : str_eq(name, forms[i]))
			return true;
	return false;
}

/* What a function may be called, and how to look for it. */
struct wanted {
	const struct str *forms;
	size_t form_count;
	enum kb_certainty certainty;
};

static bool share_library(struct kb_match a, struct kb_match b)
{
	const struct kb_scope_row *left = &a.index->scopes[a.entry->scope];
	const struct kb_scope_row *right = &b.index->scopes[b.entry->scope];

	for (uint32_t i = 0; i < left->glob_count; i++)
		for (uint32_t k = 0; k < right->glob_count; k++)
			if (!strcmp(kb_text(a.index, a.index->globs[left->glob_first + i]),
				    kb_text(b.index, b.index->globs[right->glob_first + k])))
				return true;
	return false;
}

/* A wider pattern of a library adds nothing to the nearer one, which stands first. */
static bool is_told_nearer(const struct kb_match_vec *matches, struct kb_match match)
{
	for (size_t i = 0; i < matches->count; i++)
		if (share_library(matches->items[i], match))
			return true;
	return false;
}

static void rows_match(const struct kb_index *index, const struct kb_name *rows, uint32_t count,
		       const struct wanted *wanted, struct kb_match_vec *ret)
{
	for (uint32_t i = 0; i < count; i++) {
		struct kb_match match = { .index = index, .entry = &index->entries[rows[i].entry] };

		if (name_is_any(str_from(kb_text(index, rows[i].text)), wanted->forms,
				wanted->form_count, wanted->certainty == KB_BY_PATTERN) &&
		    !is_command_line(index, match.entry) &&
		    (wanted->certainty == KB_BY_NAME || !is_told_nearer(ret, match)))
			match_add(ret, index, rows[i].entry, wanted->certainty);
	}
}

void knowledge_function_everywhere(const struct knowledge *knowledge, struct str function,
				   struct kb_match_vec *ret)
{
	auto_arena struct arena arena = ARENA_INIT;
	struct str forms[SYMBOL_NAME_FORMS];
	size_t plain, count = symbol_name_forms(&arena, function, forms, &plain);
	const struct wanted names = { forms, count, KB_BY_NAME };
	const struct wanted patterns = { forms + plain, count - plain, KB_BY_PATTERN };
	const struct kb_index *index;

	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
		rows_match(index, index->names, index->name_count, &names, ret);
	/* patterns are families: only where nobody has the name itself */
	for (size_t n = 0; !ret->count && (index = knowledge_layer(knowledge, n)); n++)
		rows_match(index, index->patterns, index->pattern_count, &patterns, ret);
}

struct kb_match knowledge_argument(const struct knowledge *knowledge, struct str program,
				   struct str argument)
{
	auto_strbuf struct strbuf scope = STRBUF_INIT;
	const struct kb_index *index;
	struct kb_match match = { 0 };

	strbuf_addf(&scope, KB_ARGUMENTS "%.*s", STR_ARG(library_name(program)));
	for (size_t n = 0; !match.entry && (index = knowledge_layer(knowledge, n)); n++) {
		match = kb_find_name(index, strbuf_str(&scope), argument, false);
		if (!match.entry)
			match = kb_find_pattern(index, strbuf_str(&scope), &argument, 1, false);
		if (match.entry && !is_command_line(match.index, match.entry))
			match = (struct kb_match){ 0 };
	}
	return match;
}

void knowledge_scope_names(struct kb_match match, struct kb_names *ret)
{
	const struct kb_scope_row *row = &match.index->scopes[match.entry->scope];

	for (uint32_t i = 0; i < row->glob_count; i++)
		kb_names_push(ret, kb_text(match.index, match.index->globs[row->glob_first + i]));
}

static bool scope_has(const struct kb_index *index, const struct kb_entry *entry,
		      struct str library)
{
	const struct kb_scope_row *row = &index->scopes[entry->scope];

	for (uint32_t i = 0; i < row->glob_count; i++)
		if (str_glob(str_from(kb_text(index, index->globs[row->glob_first + i])), library))
			return true;
	return false;
}

void knowledge_function_names(const struct knowledge *knowledge, struct str library,
			      struct kb_names *ret)
{
	const struct kb_index *index;

	library = library_name(library);
	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
		for (uint32_t i = 0; i < index->name_count; i++) {
			const struct kb_entry *entry = &index->entries[index->names[i].entry];

			if (!is_command_line(index, entry) &&
			    (!library.len || scope_has(index, entry, library)))
				kb_names_push(ret, kb_text(index, index->names[i].text));
		}
}
