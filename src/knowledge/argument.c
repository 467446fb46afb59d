#include "knowledge/argument.h"

#include "base/strbuf.h"
#include "knowledge/symbol_name.h"

#define ABSENT "without "

static bool belongs_to(const struct kb_index *index, const struct kb_entry *entry,
		       struct str program)
{
	const struct kb_scope_row *row = &index->scopes[entry->scope];

	for (uint32_t i = 0; i < row->glob_count; i++) {
		struct str glob = str_from(kb_text(index, index->globs[row->glob_first + i]));
		size_t mark = sizeof(KB_ARGUMENTS) - 1;

		if (str_starts_with(glob, STR(KB_ARGUMENTS)) &&
		    str_glob((struct str){ glob.ptr + mark, glob.len - mark }, program))
			return true;
	}
	return false;
}

/* The rows of names and of patterns as one list. */
static const struct kb_name *row_at(const struct kb_index *index, uint32_t i)
{
	if (i < index->name_count)
		return &index->names[i];
	i -= index->name_count;
	return i < index->pattern_count ? &index->patterns[i] : NULL;
}

bool knowledge_takes_value(const struct knowledge *knowledge, struct str program, struct str option)
{
	const struct kb_index *index;
	const struct kb_name *row;

	program = library_name(program);
	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
		for (uint32_t i = 0; (row = row_at(index, i)); i++) {
			struct str name = str_from(kb_text(index, row->text));

			if (name.len > option.len + 1 && name.ptr[option.len] == ' ' &&
			    str_starts_with(name, option) &&
			    belongs_to(index, &index->entries[row->entry], program))
				return true;
		}
	return false;
}

static bool is_given(const struct argument_vec *arguments, struct str glob)
{
	for (size_t i = 0; i < arguments->count; i++)
		if (str_glob(glob, str_from(arguments->items[i].text)) ||
		    str_glob(glob, str_from(arguments->items[i].word)))
			return true;
	return false;
}

static bool applies(struct str name, const struct argument_vec *arguments)
{
	bool must_be_there = false;
	struct str word;

	while (str_next_word(&name, &word)) {
		if (str_is(word, "without") || str_is(word, "with")) {
			must_be_there = str_is(word, "with");
			continue;
		}
		if (is_given(arguments, word) != must_be_there)
			return false;
	}
	return true;
}

static bool asks_for_help(const struct argument_vec *arguments)
{
	static const char *const words[] = { "-h", "--help", "--version", "-V", "-version", "-?" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (arguments->count == 1 && is_given(arguments, str_from(words[i])))
			return true;
	return false;
}

void knowledge_absent_arguments(const struct knowledge *knowledge, struct str program,
				const struct argument_vec *arguments, struct kb_match_vec *ret)
{
	const struct kb_index *index;
	const struct kb_name *row;

	if (asks_for_help(arguments))
		return;
	program = library_name(program);
	for (size_t n = 0; (index = knowledge_layer(knowledge, n)); n++)
		for (uint32_t i = 0; (row = row_at(index, i)); i++) {
			struct str name = str_from(kb_text(index, row->text));
			const struct kb_entry *entry = &index->entries[row->entry];

			if (str_starts_with(name, STR(ABSENT)) &&
			    belongs_to(index, entry, program) && applies(name, arguments))
				kb_match_vec_push(ret,
						  (struct kb_match){ .index = index,
								     .entry = entry,
								     .certainty = KB_BY_NAME });
		}
}
