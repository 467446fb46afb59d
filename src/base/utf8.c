#include "base/utf8.h"

#include "base/macros.h"

unsigned utf8_decode(struct str text, uint32_t *ret_character)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t character;
	unsigned length;
	uint8_t first;

	if (!text.len)
		return 0;
	first = (uint8_t)text.ptr[0];
	if (first < 0x80) {
		*ret_character = first;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0)
		length = 2;
	else if (first >= 0xe0 && first < 0xf0)
		length = 3;
	else if (first >= 0xf0 && first < 0xf5)
		length = 4;
	else
		return 0;
	if (text.len < length)
		return 0;
	character = first & (0xffu >> (length + 1));
	for (unsigned i = 1; i < length; i++) {
		uint8_t next = (uint8_t)text.ptr[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (next & 0x3f);
	}
	if (character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*ret_character = character;
	return length;
}

struct character_range {
	uint32_t first, last;
};

/* Blocks rather than single characters: a column wrong in a rare script costs nothing but beauty.
 */
static const struct character_range zero_width[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 },	  { 0x0591, 0x05bd },	{ 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x06d6, 0x06dc },	  { 0x0900, 0x0902 },	{ 0x0e31, 0x0e31 },
	{ 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },	  { 0x1ab0, 0x1aff },	{ 0x1dc0, 0x1dff },
	{ 0x200b, 0x200f }, { 0x20d0, 0x20ff },	  { 0xfe00, 0xfe0f },	{ 0xfe20, 0xfe2f },
	{ 0xfeff, 0xfeff }, { 0x1f3fb, 0x1f3ff }, { 0xe0100, 0xe01ef },
};

static const struct character_range two_columns[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x23e9, 0x23ec },	  { 0x25fd, 0x25fe },
	{ 0x2614, 0x2615 },   { 0x2705, 0x2705 },   { 0x274c, 0x274c },	  { 0x2753, 0x2755 },
	{ 0x2795, 0x2797 },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },	  { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },	  { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

static bool in_ranges(const struct character_range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count && ranges[i].first <= character; i++) {
		if (character <= ranges[i].last)
			return true;
	}
	return false;
}

unsigned utf8_columns(uint32_t character)
{
	if (character < 0x300)
		return 1;
	if (in_ranges(zero_width, ARRAY_SIZE(zero_width), character))
		return 0;
	return in_ranges(two_columns, ARRAY_SIZE(two_columns), character) ? 2 : 1;
}

bool utf8_is_deceptive(uint32_t c)
{
	return c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}
