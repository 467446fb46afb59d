/*
 * The words above a flame graph: what it shows, how much was measured, how far the stacks can be
 * trusted, what is missing from it; and the legend, the libraries in which the time was spent.
 */
#pragma once

#include "base/vec.h"
#include "render/flame_layout.h"

/* A library, or a kind of code that is shown as one. */
struct flame_legend {
	struct str label; /* borrowed from the layout, or static */
	enum flame_kind kind;
	uint32_t color;
	uint64_t self;
};

VEC_DEFINE(flame_legend_vec, struct flame_legend)
VEC_DEFINE(flame_note_vec, char *)

struct flame_heading {
	struct strbuf title, subtitle;
	struct flame_note_vec notes;	/* owned sentences: what is wrong or left out */
	struct flame_legend_vec legend; /* heaviest first */
};

/* `title` may be NULL. */
struct flame_heading flame_heading(const struct profile_selection *selection,
				   const struct flame_layout *layout, const char *title);
void flame_heading_done(struct flame_heading *heading);
#define auto_flame_heading __attribute__((cleanup(flame_heading_done)))
