#include "llm/chunk.h"

#include <string.h>

#include "base/macros.h"

#define CONTINUED_BYTES (sizeof(CHUNK_CONTINUED) - 1)

static size_t last_of(struct str text, char c)
{
	const char *at = text.len ? memrchr(text.ptr, c, text.len) : NULL;

	return at ? (size_t)(at - text.ptr) + 1 : 0;
}

struct str text_cut(struct str text, size_t limit_bytes)
{
	struct str head = { text.ptr, MIN(text.len, limit_bytes) };
	size_t end;

	if (head.len == text.len)
		return text;
	end = last_of(head, '\n');
	/* A cut that would leave much room unused is made in the line. */
	if (end < head.len / 2)
		end = MAX(end, last_of(head, ' '));
	if (end < head.len / 2) {
		end = head.len;
		while (end && ((unsigned char)text.ptr[end] & 0xc0) == 0x80)
			end--;
		/* No character is that long: it is no text. */
		if (head.len - end > 3)
			end = head.len;
	}
	head.len = end ? end : head.len;
	return head;
}

bool chunks_plan(const struct str *records, size_t count, size_t limit_bytes, struct chunk_vec *ret)
{
	struct chunk chunk = { 0 };
	bool is_open = false;

	if (limit_bytes < CHUNK_LIMIT_LEAST)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		do {
			struct str rest = { records[i].ptr + at, records[i].len - at };
			size_t mark = at ? CONTINUED_BYTES : 0;
			size_t room = is_open ? limit_bytes - chunk.bytes : limit_bytes;
			struct str piece;

			/* Whole into this chunk, else into the next; cut only what no chunk holds.
			 */
			if (is_open && rest.len + mark > room) {
				if (chunk.bytes)
					chunk_vec_push(ret, chunk);
				is_open = false;
				room = limit_bytes;
			}
			piece = text_cut(rest, room - mark);
			if (!is_open)
				chunk = (struct chunk){ .first = i, .first_byte = at };
			is_open = true;
			at += piece.len;
			chunk.last = i;
			chunk.last_byte = at;
			chunk.bytes += mark + piece.len;
		} while (at < records[i].len);
	}
	if (is_open && chunk.bytes)
		chunk_vec_push(ret, chunk);
	return true;
}

void chunk_write(const struct str *records, const struct chunk *chunk, struct strbuf *out)
{
	for (size_t i = chunk->first; i <= chunk->last; i++) {
		size_t start = i == chunk->first ? chunk->first_byte : 0;
		size_t end = i == chunk->last ? chunk->last_byte : records[i].len;

		if (start)
			strbuf_add_text(out, CHUNK_CONTINUED);
		strbuf_add(out, (struct str){ records[i].ptr + start, end - start });
	}
}

void fair_shares(const size_t *wanted, size_t count, size_t total, size_t *ret)
{
	size_t level = 0, left = total, open = count;

	memset(ret, 0, count * sizeof(*ret));
	/* The water rises until it is used up or all are full. */
	while (open && left) {
		size_t rise = MAX(left / open, (size_t)1), still_open = 0;

		level += rise;
		for (size_t i = 0; i < count && left; i++) {
			size_t goal = MIN(wanted[i], level), more = goal - MIN(ret[i], goal);

			more = MIN(more, left);
			ret[i] += more;
			left -= more;
			still_open += ret[i] < wanted[i];
		}
		open = still_open;
	}
}
