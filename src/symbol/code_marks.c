#include "symbol/code_marks.h"

#include <elf.h>
#include <string.h>

#include "base/macros.h"
#include "symbol/plt.h"

enum {
	CODE_CAP_BYTES = 256 << 10,
	MAX_CALLS = 16,
	TABLE_BYTES = 8,
	INTERPRETER_BYTES = 6 << 10,
	BIG_DISPATCH = 16,
};

/* What is looked for; `least` times it must be there. The order is that of the words. */
/* clang-format off */
#define MARKS(X) \
	X(AES, "aes", 2) X(GHASH, "clmul", 2) X(SHA_NI, "sha-instructions", 4) \
	X(SHA1, "sha1", 2) X(SHA256, "sha256", 1) X(SHA512, "sha512", 1) X(MD5, "md5", 2) \
	X(CHACHA, "chacha", 1) X(AES_TABLE, "aes-table", 1) X(BIGNUM, "bignum", 6) \
	X(DEFLATE_WINDOW, "deflate-window", 1) X(DEFLATE_CODES, "deflate-codes", 1) \
	X(LZMA_PRICES, "lzma-prices", 1) X(RANGE_CODER, "range-coder", 3) \
	X(BZIP2_SORT, "bzip2-sort", 1) X(XXHASH, "xxhash", 1) X(ZSTD_HASH, "zstd-hash", 1) X(ZSTD_COPY, "zstd-copy", 1)         \
	X(LZ4_HASH, "lz4-hash", 1) \
	X(BROTLI_HASH, "brotli-hash", 1) \
	X(MURMUR, "murmur", 1) X(FNV, "fnv", 1) X(SIPHASH, "siphash", 1) \
	X(FXHASH, "fxhash", 1) X(WYHASH, "wyhash", 1) X(RANDOM, "random", 1) \
	X(CRC32_TABLE, "crc32-table", 1) X(CRC32_BZIP2, "crc32-bzip2", 1) \
	X(CRC32C_TABLE, "crc32c-table", 1) X(CRC64_TABLE, "crc64-table", 1) \
	X(CRC32C, "crc32c-instruction", 2) X(ADLER, "adler32", 1) \
	X(BASE64, "base64", 1) X(HEX, "hex-digits", 1) X(ZIGZAG, "zigzag", 1) \
	X(SAD, "sad", 3) X(INTERPRETER, "interpreter", 1) X(PAUSE, "spin", 1) \
	X(REP_COPY, "rep-copy", 1) X(BYTE_SEARCH, "byte-search", 2) X(FMA, "fma", 12) \
	X(PACKED_INTEGERS, "packed-integers", 16) X(ATOMIC, "atomic", 1)
/* clang-format on */

enum mark {
#define X(name, word, least) MARK_##name,
	MARKS(X)
#undef X
		MARK_COUNT
};

static const char *const words[] = {
#define X(name, word, least) word,
	MARKS(X)
#undef X
};

static const unsigned char least_counts[] = {
#define X(name, word, least) least,
	MARKS(X)
#undef X
};

struct reader {
	struct image *image;
	const struct symtab *symtab;
	uint64_t start;
	struct bytes code;
	unsigned counts[MARK_COUNT], dispatches;
	const struct symbol *calls[MAX_CALLS];
	unsigned call_count;
};

static const struct {
	uint32_t value;
	enum mark mark;
} constants32[] = {
	{ 0x5a827999, MARK_SHA1 },
	{ 0x6ed9eba1, MARK_SHA1 },
	{ 0x8f1bbcdc, MARK_SHA1 },
	{ 0xca62c1d6, MARK_SHA1 },
	{ 0xd76aa478, MARK_MD5 },
	{ 0xe8c7b756, MARK_MD5 },
	{ 0x428a2f98, MARK_SHA256 },
	{ 0x61707865, MARK_CHACHA },
	{ 0x00007efa, MARK_DEFLATE_WINDOW } /* gzip: 32768 - 262 */,
	{ 0x9e3779b1, MARK_LZ4_HASH },
	{ 0x1e35a7bd, MARK_BROTLI_HASH },
	{ 0x85ebca77, MARK_XXHASH },
	{ 0xcc9e2d51, MARK_MURMUR },
	{ 0x5bd1e995, MARK_MURMUR },
	{ 0x811c9dc5, MARK_FNV },
	{ 0x01000193, MARK_FNV },
	{ 0x9908b0df, MARK_RANDOM },
	{ 0x6c078965, MARK_RANDOM },
	{ 0x41c64e6d, MARK_RANDOM },
	{ 0x80078071, MARK_ADLER } /* division by 65521 */,
	{ 0xffdfffff, MARK_BZIP2_SORT },
};

static const struct {
	uint64_t value;
	enum mark mark;
} constants64[] = {
	{ 0x9e3779b185ebca87, MARK_XXHASH },	  { 0xc2b2ae3d27d4eb4f, MARK_XXHASH },
	{ 0xcf1bbcdcbb, MARK_ZSTD_HASH },	  { 0xcf1bbcdcbb000000, MARK_ZSTD_HASH },
	{ 0xcf1bbcdcbf9b, MARK_ZSTD_HASH },	  { 0xcf1bbcdcbf9b0000, MARK_ZSTD_HASH },
	{ 0xcf1bbcdcbfa563, MARK_ZSTD_HASH },	  { 0xcf1bbcdcbfa56300, MARK_ZSTD_HASH },
	{ 0xcf1bbcdcb7a56463, MARK_ZSTD_HASH },	  { 0x1fe35a7bd3579bd3, MARK_BROTLI_HASH },
	{ 0x1e35a7bd1e35a7bd, MARK_BROTLI_HASH }, { 0xcbf29ce484222325, MARK_FNV },
	{ 0x00000100000001b3, MARK_FNV },	  { 0xc6a4a7935bd1e995, MARK_MURMUR },
	{ 0xff51afd7ed558ccd, MARK_MURMUR },	  { 0x736f6d6570736575, MARK_SIPHASH },
	{ 0x517cc1b727220a95, MARK_FXHASH },	  { 0xa0761d6478bd642f, MARK_WYHASH },
	{ 0x5851f42d4c957f2d, MARK_RANDOM },	  { 0xd76aa478e8c7b756, MARK_MD5 },
};

/* How a table begins that the code points at. */
static const struct {
	uint8_t bytes[TABLE_BYTES];
	enum mark mark;
} tables[] = {
	{ { 0, 0, 0, 0, 0x96, 0x30, 0x07, 0x77 }, MARK_CRC32_TABLE },
	{ { 0, 0, 0, 0, 0xb7, 0x1d, 0xc1, 0x04 }, MARK_CRC32_BZIP2 },
	{ { 0, 0, 0, 0, 0x03, 0x83, 0x6b, 0xf2 }, MARK_CRC32C_TABLE },
	{ { 0x6f, 0x5f, 0xa7, 0x03, 0xbe, 0x4c, 0x2e, 0xb3 }, MARK_CRC64_TABLE },
	{ { 0x98, 0x2f, 0x8a, 0x42, 0x91, 0x44, 0x37, 0x71 }, MARK_SHA256 },
	{ { 0x22, 0xae, 0x28, 0xd7, 0x98, 0x2f, 0x8a, 0x42 }, MARK_SHA512 },
	{ { 0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5 }, MARK_AES_TABLE },
	{ { 0x52, 0x09, 0x6a, 0xd5, 0x30, 0x36, 0xa5, 0x38 }, MARK_AES_TABLE },
	{ { 0xa5, 0x63, 0x63, 0xc6, 0x84, 0x7c, 0x7c, 0xf8 }, MARK_AES_TABLE },
	{ { 3, 0, 4, 0, 5, 0, 6, 0 }, MARK_DEFLATE_CODES },
	{ { 1, 0, 2, 0, 3, 0, 4, 0 }, MARK_DEFLATE_CODES },
	{ { 16, 17, 18, 0, 8, 7, 9, 6 }, MARK_DEFLATE_CODES },
	{ { 8, 0, 0, 0, 8, 0, 0, 0 }, MARK_ZSTD_COPY },
	{ { 0x80, 0x67, 0x5b, 0x54, 0x4e, 0x49, 0x45, 0x42 }, MARK_LZMA_PRICES },
	{ { 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H' }, MARK_BASE64 },
	{ { '0', '1', '2', '3', '4', '5', '6', '7' }, MARK_HEX },
	{ { 'e', 'x', 'p', 'a', 'n', 'd', ' ', '3' }, MARK_CHACHA },
	{ { 0, 1, 8, 16, 9, 2, 3, 10 }, MARK_ZIGZAG },
};

static void note_constants(struct reader *r, const uint8_t *at, size_t left)
{
	uint32_t low;
	uint64_t wide;

	memcpy(&low, at, sizeof(low));
	for (size_t i = 0; i < ARRAY_SIZE(constants32); i++)
		r->counts[constants32[i].mark] += constants32[i].value == low;
	if (left < sizeof(wide))
		return;
	memcpy(&wide, at, sizeof(wide));
	for (size_t i = 0; i < ARRAY_SIZE(constants64); i++)
		r->counts[constants64[i].mark] += constants64[i].value == wide;
}

/* An operand relative to the next instruction: the byte before it is a ModRM of mode 00, 101. */
static void note_table(struct reader *r, const uint8_t *at, uint64_t address)
{
	struct bytes file = r->image->all;
	uint8_t begin[TABLE_BYTES];
	uint64_t offset;
	int32_t distance;

	memcpy(&distance, at, sizeof(distance));
	if (!image_address_to_offset(r->image, address + 4 + (uint64_t)(int64_t)distance,
				     &offset) ||
	    !bytes_seek(&file, offset) || !bytes_copy(&file, begin, sizeof(begin)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		r->counts[tables[i].mark] += !memcmp(begin, tables[i].bytes, sizeof(begin));
}

static void note_call(struct reader *r, const uint8_t *at, uint64_t address)
{
	const struct symbol *target;
	int32_t distance;

	memcpy(&distance, at, sizeof(distance));
	target = symtab_find(r->symtab, address + 4 + (uint64_t)(int64_t)distance);
	if (!target || target->table != SYMTAB_MADE_NAMES ||
	    target->start != address + 4 + (uint64_t)(int64_t)distance)
		return;
	for (unsigned i = 0; i < r->call_count; i++)
		if (r->calls[i] == target)
			return;
	if (r->call_count < MAX_CALLS)
		r->calls[r->call_count++] = target;
}

/* 0F 38 xx and 0F 3A xx behind their prefixes. */
static void note_three_byte(struct reader *r, const uint8_t *op, const uint8_t *first)
{
	uint8_t prefix = op > first ? op[-1] : 0;

	if ((prefix & 0xf0) == 0x40 && op - 1 > first) /* REX */
		prefix = op[-2];
	if (op[1] == 0x38) {
		r->counts[MARK_AES] += prefix == 0x66 && op[2] >= 0xdb && op[2] <= 0xdf;
		r->counts[MARK_CRC32C] += prefix == 0xf2 && (op[2] == 0xf0 || op[2] == 0xf1);
		r->counts[MARK_BIGNUM] += (prefix == 0x66 || prefix == 0xf3) && op[2] == 0xf6;
		r->counts[MARK_SHA_NI] += prefix != 0x66 && op[2] >= 0xc8 && op[2] <= 0xcd;
	} else {
		r->counts[MARK_GHASH] += prefix == 0x66 && op[2] == 0x44;
		r->counts[MARK_SHA_NI] += prefix != 0x66 && op[2] == 0xcc;
	}
}

/* C4 with its map and prefix, or EVEX (62) with the same fields one byte on. */
static void note_vector(struct reader *r, uint8_t map, uint8_t prefix, uint8_t opcode, bool wide)
{
	if (map == 2 && prefix == 1) {
		r->counts[MARK_AES] += opcode >= 0xdb && opcode <= 0xdf;
		r->counts[MARK_FMA] += opcode >= 0x98 && opcode <= 0xbf && (opcode & 0xf) >= 8;
	} else if (map == 2 && prefix == 3) {
		r->counts[MARK_BIGNUM] += opcode == 0xf6 && wide; /* mulx */
	} else if (map == 3 && prefix == 1) {
		r->counts[MARK_GHASH] += opcode == 0x44;
	} else if (map == 1 && prefix == 1) {
		r->counts[MARK_SAD] += opcode == 0xf6;
		r->counts[MARK_BYTE_SEARCH] += opcode == 0x74 || opcode == 0xd7;
		r->counts[MARK_PACKED_INTEGERS] +=
			(opcode >= 0xd4 && opcode <= 0xd5) || (opcode >= 0xe0 && opcode <= 0xe5) ||
			(opcode >= 0xf1 && opcode <= 0xfe && opcode != 0xf6 && opcode != 0xf7);
	}
}

static void note_two_byte(struct reader *r, const uint8_t *op, const uint8_t *first)
{
	bool packed = op > first && op[-1] == 0x66;

	if (!packed)
		return;
	r->counts[MARK_SAD] += op[1] == 0xf6;
	r->counts[MARK_BYTE_SEARCH] += op[1] == 0x74 || op[1] == 0xd7;
	r->counts[MARK_PACKED_INTEGERS] += (op[1] >= 0xd4 && op[1] <= 0xd5) ||
					   (op[1] >= 0xe0 && op[1] <= 0xe5) ||
					   (op[1] >= 0xf8 && op[1] <= 0xfe);
}

/* Every place is looked at as if an instruction began there: marks are long enough for that. */
static void note_instruction(struct reader *r, const uint8_t *p, const uint8_t *first, size_t left)
{
	switch (p[0]) {
	case 0x0f:
		if (p[1] == 0x38 || p[1] == 0x3a)
			note_three_byte(r, p, first);
		else
			note_two_byte(r, p, first);
		break;
	case 0xc4:
		note_vector(r, p[1] & 0x1f, p[2] & 3, p[3], p[2] & 0x80);
		break;
	case 0xc5:
		note_vector(r, 1, p[1] & 3, p[2], false);
		break;
	case 0x62:
		if (left > 4)
			note_vector(r, p[1] & 7, p[2] & 3, p[4], p[2] & 0x80);
		break;
	case 0x48:
	case 0x49: /* adc r64, 0: how carries travel on */
		r->counts[MARK_BIGNUM] += p[1] == 0x83 && (p[2] & 0xf8) == 0xd0 && !p[3];
		break;
	case 0xf3:
		r->counts[MARK_PAUSE] += p[1] == 0x90;
		r->counts[MARK_REP_COPY] += p[1] == 0xa4 || (p[1] == 0x48 && p[2] == 0xa5) ||
					    (p[1] == 0x48 && p[2] == 0xab) || p[1] == 0xaa;
		break;
	case 0xf0: /* lock cmpxchg, lock xadd */
		r->counts[MARK_ATOMIC] +=
			(p[1] == 0x0f && (p[2] == 0xb1 || p[2] == 0xc1)) ||
			((p[1] & 0xf0) == 0x40 && p[2] == 0x0f && (p[3] == 0xb1 || p[3] == 0xc1));
		break;
	case 0xff: /* jmp *register */
		r->dispatches += p[1] >= 0xe0 && p[1] <= 0xe7;
		break;
	case 0x81: /* cmp r32, 0xffffff: when a range coder shifts the next byte in */
		r->counts[MARK_RANGE_CODER] +=
			(p[1] & 0xf8) == 0xf8 && left > 5 && !memcmp(p + 2, "\xff\xff\xff\0", 4);
		break;
	case 0x3d:
		r->counts[MARK_RANGE_CODER] += left > 4 && !memcmp(p + 1, "\xff\xff\xff\0", 4);
		break;
	default:
		break;
	}
}

static bool code_find(struct image *image, uint64_t start, uint64_t end, struct bytes *ret)
{
	struct bytes file = image->all;
	uint64_t offset;

	return end > start && image_address_to_offset(image, start, &offset) &&
	       bytes_seek(&file, offset) &&
	       bytes_sub(&file, MIN(MIN(end - start, (uint64_t)CODE_CAP_BYTES), bytes_left(&file)),
			 ret);
}

static void code_scan(struct reader *r)
{
	const uint8_t *first = r->code.start;

	for (const uint8_t *p = first; r->code.end - p >= 4; p++) {
		uint64_t address = r->start + (uint64_t)(p - first);
		size_t left = (size_t)(r->code.end - p);

		note_constants(r, p, left);
		note_instruction(r, p, first, left);
		if (p == first)
			continue;
		if ((p[-1] & 0xc7) == 0x05)
			note_table(r, p, address);
		else if (p[-1] == 0xe8 || p[-1] == 0xe9)
			note_call(r, p, address);
	}
}

static void word_add(struct strbuf *out, const char *kind, struct str word)
{
	strbuf_addf(out, "%s%s:%.*s", out->len ? " " : "", kind, STR_ARG(word));
}

void code_marks_read(struct image *image, const struct symtab *symtab, uint64_t start, uint64_t end,
		     struct strbuf *out)
{
	struct reader r = { .image = image, .symtab = symtab, .start = start };
	const size_t suffix = strlen(PLT_SUFFIX);

	if (image->machine != EM_X86_64 || image->all.swap ||
	    !code_find(image, start, end, &r.code))
		return;
	code_scan(&r);
	/* one large switch, or the many jumps of a threaded one */
	r.counts[MARK_INTERPRETER] =
		r.dispatches >= BIG_DISPATCH || (r.dispatches && end - start >= INTERPRETER_BYTES);
	for (size_t i = 0; i < MARK_COUNT; i++)
		if (r.counts[i] >= least_counts[i])
			word_add(out, "code", str_from(words[i]));
	for (unsigned i = 0; i < r.call_count; i++) {
		struct str name = symtab_name(symtab, r.calls[i]);

		if (!str_ends_with(name, STR(PLT_SUFFIX)) || memchr(name.ptr, ' ', name.len))
			continue;
		name.len -= suffix;
		word_add(out, "calls", name);
	}
}
