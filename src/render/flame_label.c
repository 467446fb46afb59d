#include "render/flame_label.h"

#include <stdbool.h>

/* Characters, as far as UTF-8 tells them apart by their first bytes. */
static size_t letter_count(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return count;
}

/* "operator<", "operator()", "operator->" and their like are no brackets. */
static size_t operator_length(struct str rest)
{
	static const struct str word = { "operator", 8 };
	size_t length = word.len;

	if (!str_starts_with(rest, word))
		return 0;
	if (length + 2 <= rest.len && rest.ptr[length] == '(' && rest.ptr[length + 1] == ')')
		return length + 2;
	while (length < rest.len && (rest.ptr[length] == '<' || rest.ptr[length] == '>' ||
				     rest.ptr[length] == '-' || rest.ptr[length] == '='))
		length++;
	return length;
}

/* A bracket that opens a component is a part of its name: "(anonymous namespace)", "<T as U>". */
static bool begins_component(struct str name, size_t at)
{
	return at == 0 || name.ptr[at - 1] == ':' || name.ptr[at - 1] == ' ';
}

void flame_label_plain(struct strbuf *out, struct str name)
{
	unsigned dropped = 0, kept = 0; /* open brackets of either kind */
	size_t before = out->len;

	for (size_t i = 0; i < name.len; i++) {
		struct str rest = { name.ptr + i, name.len - i };
		size_t special = operator_length(rest);
		char c = name.ptr[i];

		if (special) {
			if (!dropped)
				strbuf_add(out, (struct str){ rest.ptr, special });
			i += special - 1;
			continue;
		}
		if (c == '(' || c == '<') {
			if (!dropped && (kept || begins_component(name, i)))
				kept++;
			else
				dropped++;
		}
		if (!dropped)
			strbuf_add_char(out, c);
		if (c == ')' || (c == '>' && i && name.ptr[i - 1] != '-')) {
			if (dropped)
				dropped--;
			else if (kept)
				kept--;
		}
	}
	/* What no bracket rule understands stays as it is. */
	if (out->len == before || dropped) {
		out->len = before;
		strbuf_add(out, name);
	}
}

/* Behind the last "::" that is outside of brackets. */
static struct str last_component(struct str name)
{
	size_t begin = 0;
	int depth = 0;

	for (size_t i = 0; i + 1 < name.len; i++) {
		char c = name.ptr[i];

		depth += (c == '(' || c == '<') - (c == ')' || c == '>');
		if (c == ':' && name.ptr[i + 1] == ':' && depth == 0 && i + 2 < name.len)
			begin = i + 2;
	}
	return (struct str){ name.ptr + begin, name.len - begin };
}

static void add_cut(struct strbuf *out, struct str text, size_t letters)
{
	size_t length = 0, used = 0;

	for (; length < text.len; length++) {
		used += ((unsigned char)text.ptr[length] & 0xc0) != 0x80;
		if (used >= letters)
			break;
	}
	strbuf_add(out, (struct str){ text.ptr, length });
	strbuf_add_text(out, "\xe2\x80\xa6");
}

void flame_label_fit(struct strbuf *out, struct str name, size_t letters)
{
	auto_strbuf struct strbuf plain = STRBUF_INIT;
	struct str shortest;

	if (letter_count(name) <= letters) {
		strbuf_add(out, name);
		return;
	}
	flame_label_plain(&plain, name);
	if (letter_count(strbuf_str(&plain)) <= letters) {
		strbuf_add(out, strbuf_str(&plain));
		return;
	}
	shortest = last_component(strbuf_str(&plain));
	if (letter_count(shortest) <= letters)
		strbuf_add(out, shortest);
	else
		add_cut(out, shortest, letters);
}
