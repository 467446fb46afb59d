/* UTF-8, strictly as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes of the character that `text` begins with, 0 where it is invalid or cut (or text empty). */
unsigned utf8_decode(struct str text, uint32_t *ret_character);
/* Columns that a character takes on a terminal: 0 (combining), 1 or 2 (East Asian wide, emoji). */
unsigned utf8_columns(uint32_t character);
/* Characters that reorder, hide or break what stands around them. */
bool utf8_is_deceptive(uint32_t character);
