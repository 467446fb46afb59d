#include "facts/stack_pattern.h"

#include <string.h>

struct reader {
	struct str text, rest;
	const char *mistake;
};

static size_t offset_of(const struct reader *reader)
{
	return reader->text.len - reader->rest.len;
}

static void take(struct reader *reader, size_t count)
{
	reader->rest.ptr += count;
	reader->rest.len -= count;
}

static void blanks_skip(struct reader *reader)
{
	while (reader->rest.len && (*reader->rest.ptr == ' ' || *reader->rest.ptr == '\t'))
		take(reader, 1);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       (c >= 'A' && c <= 'Z');
}

static struct str word_at(struct str text)
{
	size_t length = 0;

	while (length < text.len && is_word_byte(text.ptr[length]))
		length++;
	return (struct str){ text.ptr, length };
}

/* Takes `word` off where it stands next. */
static bool word_take(struct reader *reader, const char *word)
{
	blanks_skip(reader);
	if (!str_is(word_at(reader->rest), word))
		return false;
	take(reader, strlen(word));
	return true;
}

static bool fail(struct reader *reader, const char *mistake)
{
	reader->mistake = mistake;
	return false;
}

static bool is_keyword(struct str word)
{
	return str_is(word, "leaf") || str_is(word, "has") || str_is(word, "under") ||
	       str_is(word, "without");
}

static bool glob_read(struct reader *reader, struct stack_test *ret)
{
	const char *end = reader->rest.len > 1
				  ? memchr(reader->rest.ptr + 1, '"', reader->rest.len - 1)
				  : NULL;

	if (!end)
		return fail(reader, "a '\"' is not closed");
	ret->kind = STACK_TEST_NAME;
	ret->text = (struct str){ reader->rest.ptr + 1, (size_t)(end - reader->rest.ptr) - 1 };
	if (!ret->text.len)
		return fail(reader, "a name is empty");
	take(reader, ret->text.len + 2);
	return true;
}

static bool test_read(struct reader *reader, struct stack_test *ret)
{
	bool is_topic;

	blanks_skip(reader);
	if (reader->rest.len && *reader->rest.ptr == '"')
		return glob_read(reader, ret);
	is_topic = reader->rest.len && *reader->rest.ptr == '@';
	if (is_topic)
		take(reader, 1);
	ret->text = word_at(reader->rest);
	if (!ret->text.len || is_keyword(ret->text))
		return fail(reader, "a family, @topic, \"name\", in-kernel or in-app is expected");
	if (is_topic)
		ret->kind = STACK_TEST_TOPIC;
	else if (str_is(ret->text, "in-kernel"))
		ret->kind = STACK_TEST_KERNEL;
	else if (str_is(ret->text, "in-app"))
		ret->kind = STACK_TEST_APP;
	else
		ret->kind = STACK_TEST_FAMILY;
	take(reader, ret->text.len);
	return true;
}

static bool tests_read(struct reader *reader, struct stack_tests *ret)
{
	const char *first;

	blanks_skip(reader);
	first = reader->rest.ptr;
	for (;;) {
		if (ret->count == STACK_MAX_TESTS)
			return fail(reader, "too many alternatives");
		if (!test_read(reader, &ret->items[ret->count]))
			return false;
		ret->count++;
		ret->text = (struct str){ first, (size_t)(reader->rest.ptr - first) };
		blanks_skip(reader);
		if (!reader->rest.len || *reader->rest.ptr != '|')
			return true;
		take(reader, 1);
	}
}

static bool pattern_read(struct reader *reader, struct stack_pattern *ret)
{
	ret->is_leaf = word_take(reader, "leaf");
	if (!ret->is_leaf && !word_take(reader, "has"))
		return fail(reader, "'leaf' or 'has' is expected");
	if (!tests_read(reader, &ret->match))
		return false;
	for (;;) {
		if (word_take(reader, "under")) {
			if (ret->under_count == STACK_MAX_UNDER)
				return fail(reader, "at most two 'under'");
			if (!tests_read(reader, &ret->under[ret->under_count]))
				return false;
			ret->under_count++;
		} else if (word_take(reader, "without")) {
			if (ret->without.count)
				return fail(reader, "'without' was given already");
			if (!tests_read(reader, &ret->without))
				return false;
		} else {
			blanks_skip(reader);
			return !reader->rest.len || fail(reader, "this is left over");
		}
	}
}

bool stack_pattern_parse(struct str text, struct stack_pattern *ret, const char **ret_mistake,
			 size_t *ret_at)
{
	struct reader reader = { .text = text, .rest = text };
	struct stack_pattern pattern = { 0 };

	if (!pattern_read(&reader, &pattern)) {
		*ret_mistake = reader.mistake;
		*ret_at = offset_of(&reader);
		return false;
	}
	*ret = pattern;
	return true;
}
