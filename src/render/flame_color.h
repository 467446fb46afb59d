/*
 * The colours of a flame graph. The family says what the code is (kernel, JIT, unnamed, program),
 * the hue of user code says which library it comes from, the shade tells neighbours apart. A name
 * has the same colour in every graph: nothing here depends on what else is in the profile.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum flame_kind {
	FLAME_ALL,     /* the root */
	FLAME_PROGRAM, /* the first level: program or thread */
	FLAME_KERNEL,
	FLAME_USER,
	FLAME_INLINED,
	FLAME_JIT,
	FLAME_UNNAMED,
	FLAME_CUT, /* stands for outer frames that are missing */
};

/* 0xRRGGBB, light enough for black text (contrast above 9:1). `dso` is empty where not known. */
uint32_t flame_color(enum flame_kind kind, struct str name, struct str dso);
/* The colour that stands for a whole library in the legend. */
uint32_t flame_color_of_dso(enum flame_kind kind, struct str dso);
