#include "render/flame_color.h"

#include <string.h>

#include "base/macros.h"

/* Of equal lightness (OKLCH 0.81, chroma 0.105), 10 degrees apart, without kernel's and JIT's. */
static const uint32_t user_hues[] = {
	0xddbd6e, 0xd5c16f, 0xccc572, 0xc2c876, 0xb8cb7c, 0x72d7b9, 0x69d7c6, 0x63d7d2, 0x61d5de,
	0x64d3e8, 0x6bd0f1, 0x76cdf9, 0x82c9ff, 0x8ec5ff, 0x9cc1ff, 0xa9bdff, 0xb6b9ff, 0xc2b5ff,
	0xcdb1fa, 0xd8adf2, 0xe1aae9, 0xe9a8df, 0xf0a6d4, 0xf6a5c8, 0xfaa4bb, 0xfda4af,
};

/* Where no library is known (folded text), functions differ by hue: flames, as one expects. */
static const uint32_t flame_hues[] = {
	0xffa696, 0xffa88b, 0xffab81, 0xffae77, 0xfcb26f,
	0xf6b669, 0xefba64, 0xe7be62, 0xdec363, 0xd4c766,
};

enum {
	COLOR_ALL = 0xd2d8df,
	COLOR_PROGRAM = 0xc0ccdb,
	COLOR_KERNEL = 0xfaa365,
	COLOR_JIT = 0x8cda8f,
	COLOR_UNNAMED = 0xc9c9c9,
	COLOR_CUT = 0xe3e3e3,
	LIBC_HUE = 9, /* it is in nearly every graph: chance keeps away from it */
	SHADES = 6,
	SHADE_PERCENT = 5,    /* towards white, per shade */
	INLINED_PERCENT = 45, /* towards white */
};

static uint32_t whiten(uint32_t color, unsigned percent)
{
	uint32_t result = 0;

	for (unsigned shift = 0; shift <= 16; shift += 8) {
		uint32_t channel = color >> shift & 0xff;

		result |= (channel + (255 - channel) * percent / 100) << shift;
	}
	return result;
}

/* Those that are often seen together would else meet in one hue by chance; indices of user_hues. */
static const struct {
	struct str stem;
	unsigned hue;
} usual_dsos[] = {
	{ { "libc", 4 }, LIBC_HUE }, { { "ld", 2 }, 23 },	 { { "libm", 4 }, 5 },
	{ { "libstdc++", 9 }, 19 },  { { "python", 6 }, 1 },	 { { "libpython", 9 }, 1 },
	{ { "cc", 2 }, 15 },	     { { "cc1plus", 7 }, 15 },	 { { "node", 4 }, 3 },
	{ { "libjvm", 6 }, 0 },	     { { "libcrypto", 9 }, 21 }, { { "bash", 4 }, 4 },
};

/* A library keeps its colour when its version changes: "libc.so.6" and "libc-2.36.so" are one. */
static struct str dso_stem(struct str dso)
{
	static const struct str ends[] = { { ".so", 3 }, { "-", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ptrdiff_t at = str_find(dso, ends[i]);

		if (at > 0)
			dso.len = (size_t)at;
	}
	while (dso.len > 1 && strchr("0123456789.", dso.ptr[dso.len - 1]))
		dso.len--;
	return dso;
}

static uint32_t dso_hue(struct str dso)
{
	struct str stem = dso_stem(dso);
	unsigned hue;

	for (size_t i = 0; i < ARRAY_SIZE(usual_dsos); i++) {
		if (str_eq(stem, usual_dsos[i].stem))
			return user_hues[usual_dsos[i].hue];
	}
	hue = (unsigned)(str_hash(stem) % (ARRAY_SIZE(user_hues) - 3));
	return user_hues[hue < LIBC_HUE - 1 ? hue : hue + 3];
}

uint32_t flame_color_of_dso(enum flame_kind kind, struct str dso)
{
	switch (kind) {
	case FLAME_ALL:
		return COLOR_ALL;
	case FLAME_PROGRAM:
		return COLOR_PROGRAM;
	case FLAME_KERNEL:
		return COLOR_KERNEL;
	case FLAME_JIT:
		return COLOR_JIT;
	case FLAME_UNNAMED:
		return COLOR_UNNAMED;
	case FLAME_CUT:
		return COLOR_CUT;
	case FLAME_INLINED:
		return whiten(dso_hue(dso), INLINED_PERCENT);
	case FLAME_USER:
		return dso_hue(dso);
	}
	return COLOR_UNNAMED;
}

uint32_t flame_color(enum flame_kind kind, struct str name, struct str dso)
{
	uint64_t hash = str_hash(name);
	uint32_t color = flame_color_of_dso(kind, dso);

	if (!dso.len && (kind == FLAME_USER || kind == FLAME_INLINED)) {
		color = flame_hues[(hash >> 32) % ARRAY_SIZE(flame_hues)];
		if (kind == FLAME_INLINED)
			color = whiten(color, INLINED_PERCENT);
	}
	if (kind == FLAME_ALL || kind == FLAME_PROGRAM || kind == FLAME_UNNAMED ||
	    kind == FLAME_CUT)
		return color;
	return whiten(color, (unsigned)(hash % SHADES) * SHADE_PERCENT);
}
