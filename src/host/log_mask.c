#include "host/log_mask.h"

#include <string.h>

#include "base/id_table.h"
#include "base/macros.h"

const char *const log_mask_names[LOG_MASKS] = { "",	  "<num>",  "<hex>",  "<ip>",
						"<mac>",  "<uuid>", "<time>", "<date>",
						"<path>", "<url>",  "<id>",   "<*>" };

enum {
	LITERAL_DIGITS = 3, /* "eth0", "nvme0n1", "HTTP/1.1" name one thing */
	LITERAL_LENGTH = 24,
	UUID_LENGTH = 36,
	LONGEST_UNIT = 4,
};

enum class {
	CLASS_DIGIT = 1,
	CLASS_HEX_LETTER = 2, /* a-f */
	CLASS_LETTER = 4,     /* the others, and all bytes of UTF-8 */
	CLASS_JOINT = 8,      /* signs that stand inside of names and numbers */
};

enum {
	D = CLASS_DIGIT,
	H = CLASS_HEX_LETTER,
	L = CLASS_LETTER,
	J = CLASS_JOINT,
};

/* clang-format off */
static const uint8_t classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, J, 0, 0, 0, 0, 0, J, 0, J, J, J,
	D, D, D, D, D, D, D, D, D, D, J, 0, 0, 0, 0, 0,
	J, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, J,
	0, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, J, 0,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
};
/* clang-format on */

static uint8_t class_of(char c)
{
	return classes[(unsigned char)c];
}

/* Where a masked word goes: into a hash and, if wanted, into text. */
struct sink {
	uint64_t hash;
	struct strbuf *out;
	struct str value;
	enum log_mask mask;
};

static void put_literal(struct sink *sink, const char *at, size_t length)
{
	uint64_t word;

	if (sink->out)
		strbuf_add(sink->out, (struct str){ at, length });
	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sink->hash = hash_mix(sink->hash, word);
	}
	if (!length)
		return;
	word = length;
	for (size_t i = 0; i < length; i++)
		word = word << 8 | (unsigned char)at[i];
	sink->hash = hash_mix(sink->hash, word);
}

static void put_mask(struct sink *sink, enum log_mask mask, const char *at, size_t length)
{
	if (sink->out)
		strbuf_add_text(sink->out, log_mask_names[mask]);
	sink->hash = hash_mix(sink->hash, UINT64_C(0xfeed00) + mask);
	if (sink->mask == LOG_MASK_NONE) {
		sink->mask = mask;
		sink->value = (struct str){ at, length };
	}
}

/* What a piece is made of. */
struct piece {
	const char *at;
	size_t length;
	unsigned digits, hex_letters, letters, dots, colons, dashes, slashes, others;
};

static struct piece piece_count(const char *at, size_t length)
{
	struct piece piece = { .at = at, .length = length };

	for (size_t i = 0; i < length; i++) {
		switch (class_of(at[i])) {
		case CLASS_DIGIT:
			piece.digits++;
			break;
		case CLASS_HEX_LETTER:
			piece.hex_letters++;
			break;
		case CLASS_LETTER:
			piece.letters++;
			break;
		default:
			piece.dots += at[i] == '.';
			piece.colons += at[i] == ':';
			piece.dashes += at[i] == '-';
			piece.slashes += at[i] == '/';
			piece.others += !strchr(".:-/", at[i]);
		}
	}
	return piece;
}

static bool is_uuid(const struct piece *piece)
{
	return piece->length == UUID_LENGTH && piece->dashes == 4 && !piece->letters &&
	       piece->at[8] == '-' && piece->at[13] == '-' && piece->at[18] == '-' &&
	       piece->at[23] == '-' && piece->digits + piece->hex_letters == 32;
}

static bool is_ip4(const char *at, size_t length)
{
	unsigned groups = 1, value = 0, digits = 0;

	for (size_t i = 0; i < length; i++) {
		if (at[i] == '.') {
			if (!digits || ++groups > 4)
				return false;
			value = digits = 0;
			continue;
		}
		if (class_of(at[i]) != CLASS_DIGIT || ++digits > 3)
			return false;
		value = value * 10 + (unsigned)(at[i] - '0');
		if (value > 255)
			return false;
	}
	return groups == 4 && digits;
}

/* Signs and digits only: a number, an address, a time, a date. */
static void put_numeric(struct sink *sink, const struct piece *piece)
{
	const char *colon = memchr(piece->at, ':', piece->length);
	const char *slash = memchr(piece->at, '/', piece->length);
	const char *end = colon ? colon : slash;

	if (piece->dots >= 3 && piece->colons <= 1) {
		size_t head = end ? (size_t)(end - piece->at) : piece->length;

		if (is_ip4(piece->at, head)) {
			put_mask(sink, LOG_MASK_IP, piece->at, head);
			if (!end)
				return;
			put_literal(sink, end, 1);
			put_mask(sink, LOG_MASK_NUM, end + 1, piece->length - head - 1);
			return;
		}
	}
	if (piece->colons == 2 && !piece->slashes)
		put_mask(sink, LOG_MASK_TIME, piece->at, piece->length);
	else if ((piece->dashes == 2 || piece->slashes == 2) && piece->digits >= 6 &&
		 !piece->colons)
		put_mask(sink, LOG_MASK_DATE, piece->at, piece->length);
	else
		put_mask(sink, LOG_MASK_NUM, piece->at, piece->length);
}

/* "35ms", "1.5GiB": the unit stays, as it says what the number is. */
static bool put_with_unit(struct sink *sink, const struct piece *piece)
{
	size_t number = 0;

	while (number < piece->length &&
	       (class_of(piece->at[number]) == CLASS_DIGIT || piece->at[number] == '.'))
		number++;
	if (!number || piece->length - number > LONGEST_UNIT || piece->dashes || piece->colons)
		return false;
	for (size_t i = number; i < piece->length; i++)
		if (!(class_of(piece->at[i]) & (CLASS_LETTER | CLASS_HEX_LETTER)) &&
		    piece->at[i] != '/' && piece->at[i] != '%')
			return false;
	put_mask(sink, LOG_MASK_NUM, piece->at, number);
	put_literal(sink, piece->at + number, piece->length - number);
	return true;
}

/* Names with digits: short ones name one thing, "worker-1234" is one of many. */
static void put_name(struct sink *sink, const struct piece *piece)
{
	size_t first = 0;

	if (piece->digits <= LITERAL_DIGITS && piece->length <= LITERAL_LENGTH) {
		put_literal(sink, piece->at, piece->length);
		return;
	}
	while (class_of(piece->at[first]) != CLASS_DIGIT)
		first++;
	for (size_t i = first; i < piece->length; i++)
		if (class_of(piece->at[i]) != CLASS_DIGIT) {
			put_mask(sink, LOG_MASK_ID, piece->at, piece->length);
			return;
		}
	put_literal(sink, piece->at, first);
	put_mask(sink, LOG_MASK_NUM, piece->at + first, piece->length - first);
}

/* 2026-11-20T11:54:42.123+00:00 inside of a message. */
static bool is_stamp(const struct piece *piece)
{
	return piece->length >= 19 && piece->at[4] == '-' && piece->at[7] == '-' &&
	       (piece->at[10] == 'T' || piece->at[10] == '_') && piece->colons >= 2 &&
	       class_of(piece->at[0]) == CLASS_DIGIT;
}

static bool is_hex(const struct piece *piece)
{
	bool prefixed = piece->length > 2 && piece->at[0] == '0' &&
			(piece->at[1] == 'x' || piece->at[1] == 'X');

	if (piece->dots || piece->colons || piece->dashes || piece->slashes || piece->others)
		return false;
	if (prefixed)
		return piece->letters == 1;
	return !piece->letters && piece->hex_letters && piece->length >= 6 && piece->digits >= 2;
}

static void put_piece(struct sink *sink, const char *at, size_t length)
{
	struct piece piece = piece_count(at, length);
	unsigned letters = piece.letters + piece.hex_letters;
	bool is_path = at[0] == '/' || (at[0] == '~' && length > 1 && at[1] == '/') ||
		       (at[0] == '.' && piece.slashes);

	if (letters > 2 && piece.colons && piece.slashes >= 2 && memmem(at, length, "://", 3))
		put_mask(sink, LOG_MASK_URL, at, length);
	else if (is_path && letters)
		put_mask(sink, LOG_MASK_PATH, at, length);
	else if (is_uuid(&piece))
		put_mask(sink, LOG_MASK_UUID, at, length);
	else if (!letters)
		put_numeric(sink, &piece);
	else if (is_hex(&piece))
		put_mask(sink, LOG_MASK_HEX, at, length);
	else if (piece.colons == 5 && length == 17 && !piece.letters)
		put_mask(sink, LOG_MASK_MAC, at, length);
	else if (piece.colons >= 2 && !piece.letters && !piece.dashes && !piece.slashes)
		put_mask(sink, LOG_MASK_IP, at, length);
	else if (is_stamp(&piece))
		put_mask(sink, LOG_MASK_TIME, at, length);
	else if (!put_with_unit(sink, &piece))
		put_name(sink, &piece);
}

/* Pieces that hold a digit are masked, all else stands as it is. */
static void word_put(struct sink *sink, struct str text)
{
	size_t at = 0, literal = 0;

	while (at < text.len) {
		size_t start = at, end;
		uint8_t seen = 0;

		if (!class_of(text.ptr[at])) {
			at++;
			continue;
		}
		while (at < text.len && class_of(text.ptr[at]))
			seen |= class_of(text.ptr[at++]);
		if (!(seen & CLASS_DIGIT))
			continue;
		/* signs around it belong to the sentence */
		end = at;
		while (end > start && strchr(".:-_+%", text.ptr[end - 1]))
			end--;
		while (start < end && strchr(".:_+", text.ptr[start]))
			start++;
		put_literal(sink, text.ptr + literal, start - literal);
		put_piece(sink, text.ptr + start, end - start);
		literal = end;
	}
	put_literal(sink, text.ptr + literal, text.len - literal);
}

static void put_word(struct sink *sink, struct str text, bool is_path)
{
	if (is_path)
		put_mask(sink, LOG_MASK_PATH, text.ptr, text.len);
	else
		word_put(sink, text);
}

void log_word_read(struct str text, bool is_path, struct log_word *ret)
{
	struct sink sink = { .hash = 0x5eed };

	put_word(&sink, text, is_path);
	*ret = (struct log_word){ text, sink.hash, sink.value, sink.mask };
}

void log_word_write(struct str text, bool is_path, struct strbuf *out)
{
	struct sink sink = { .out = out };

	put_word(&sink, text, is_path);
}
