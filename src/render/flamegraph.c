#include "render/flamegraph.h"

#include <string.h>

#include "base/memory.h"
#include "base/units.h"
#include "render/flame_data.h"
#include "render/flame_heading.h"
#include "render/flame_label.h"
#include "render/flame_layout.h"
#include "render/web.h"
#include "render/xml.h"

/* Of the picture without scripts; flamegraph.css gives the fonts that these were measured with. */
enum {
	DEFAULT_WIDTH = 1200,
	SMALLEST_WIDTH = 300,
	MARGIN = 12,
	ROW = 18,
	CELL = 17,
	TITLE_LINE = 28,
	LINE = 18,
	LETTER_TENTHS = 70, /* width of a letter of the cells, in tenths of a pixel */
	FEWEST_LETTERS = 4,
	TOOLTIP_LETTERS = 160,
	LEGEND_LETTER = 7,
	SMALLEST_TENTHS = 10, /* narrower cells are for the script only */
	LARGEST_CELL_COUNT = 200000,
};

struct picture {
	const struct flame_layout *layout;
	const struct flame_heading *heading;
	struct strbuf *out;
	unsigned width, top, height;
	uint32_t depth; /* of the deepest cell that is drawn */
	unsigned shift; /* weights are cut to 40 bits, so that products of pixels fit */
	uint64_t total; /* cut */
	bool inverted;
};

/* A weight as tenths of a pixel. */
static uint64_t tenths(const struct picture *picture, uint64_t weight)
{
	uint64_t all = (uint64_t)(picture->width - 2 * MARGIN) * 10;

	return picture->total ? (weight >> picture->shift) * all / picture->total : 0;
}

static void add_tenths(struct strbuf *out, uint64_t value)
{
	strbuf_addf(out, value % 10 ? "%u.%u" : "%u", (unsigned)(value / 10),
		    (unsigned)(value % 10));
}

static bool is_drawn(const struct picture *picture, const struct flame_cell *cell)
{
	return tenths(picture, cell->total) >= SMALLEST_TENTHS;
}

static unsigned row_of(const struct picture *picture, uint32_t depth)
{
	return picture->top + ROW * (picture->inverted ? depth : picture->depth - depth);
}

static void add_tooltip(struct strbuf *out, const struct flame_name *name,
			const struct flame_cell *cell, const struct flame_cell *root)
{
	auto_strbuf struct strbuf label = STRBUF_INIT;

	flame_label_fit(&label, name->label, TOOLTIP_LETTERS);
	strbuf_add_text(out, "<title>");
	xml_text(out, strbuf_str(&label));
	if (name->dso.len) {
		strbuf_add_text(out, " (");
		xml_text(out, name->dso);
		strbuf_add_char(out, ')');
	}
	strbuf_add_text(out, ": ");
	units_percent(out, root->total ? (double)cell->total / (double)root->total : 0);
	if (cell->samples) {
		strbuf_add_text(out, ", ");
		units_count(out, cell->samples);
		strbuf_add_text(out, cell->samples == 1 ? " sample" : " samples");
	}
	strbuf_add_text(out, "</title>");
}

/* The whole name, else its short form, else that cut at a character; empty without room. */
static void add_label(struct strbuf *out, struct str label, uint64_t x, uint64_t width_tenths)
{
	size_t letters = width_tenths > 80 ? (size_t)(width_tenths - 80) / LETTER_TENTHS : 0;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (letters < FEWEST_LETTERS && label.len > letters)
		return;
	flame_label_fit(&text, label, letters);
	strbuf_add_text(out, "<text x=\"");
	add_tenths(out, x + 40);
	strbuf_add_text(out, "\" y=\"12.5\">");
	xml_text(out, strbuf_str(&text));
	strbuf_add_text(out, "</text>");
}

static void add_cell(const struct picture *picture, const struct flame_cell *cell)
{
	struct strbuf *out = picture->out;
	const struct flame_name *name = &picture->layout->names[cell->name];
	uint64_t x = tenths(picture, cell->start) + 10 * MARGIN;
	uint64_t width = tenths(picture, cell->total);

	strbuf_add_text(out, "<g>");
	add_tooltip(out, name, cell, &picture->layout->cells[0]);
	strbuf_add_text(out, "<rect x=\"");
	add_tenths(out, x);
	strbuf_add_text(out, "\" width=\"");
	add_tenths(out, width > 30 ? width - 8 : width);
	strbuf_addf(out, "\" height=\"%d\" fill=\"#%06x\"/>", CELL,
		    flame_color(name->kind, name->label, name->dso));
	add_label(out, name->label, x, width);
	strbuf_add_text(out, "</g>\n");
}

/* The cells that are drawn, row by row: a row is one group, so that cells need no y. */
static uint32_t *sort_by_depth(const struct picture *picture, size_t *ret_count)
{
	const struct flame_layout *layout = picture->layout;
	auto_free size_t *ends = x_calloc(layout->depth + 1, sizeof(size_t));
	auto_free uint32_t *order = x_reallocarray(NULL, layout->cell_count, sizeof(uint32_t));
	size_t count = 0;

	for (size_t i = 0; i < layout->cell_count; i++)
		ends[layout->cells[i].depth] += is_drawn(picture, &layout->cells[i]);
	for (uint32_t depth = 0; depth <= layout->depth; depth++) {
		count += ends[depth];
		ends[depth] = count;
	}
	for (size_t i = layout->cell_count; i-- > 0;) {
		if (is_drawn(picture, &layout->cells[i]))
			order[--ends[layout->cells[i].depth]] = (uint32_t)i;
	}
	*ret_count = count;
	return take_ptr(order);
}

static void add_cells(const struct picture *picture)
{
	size_t count;
	auto_free uint32_t *order = sort_by_depth(picture, &count);
	const struct flame_cell *cells = picture->layout->cells;

	strbuf_add_text(picture->out, "<g class=\"cells\">\n");
	for (size_t i = 0; i < count; i++) {
		const struct flame_cell *cell = &cells[order[i]];

		if (i == 0 || cells[order[i - 1]].depth != cell->depth)
			strbuf_addf(picture->out, "%s<g transform=\"translate(0,%u)\">\n",
				    i ? "</g>\n" : "", row_of(picture, cell->depth));
		add_cell(picture, cell);
	}
	strbuf_add_text(picture->out, count ? "</g>\n</g>\n" : "</g>\n");
}

static void add_line(struct picture *picture, const char *class, struct str text)
{
	picture->top += LINE;
	strbuf_addf(picture->out, "<text class=\"%s\" x=\"%d\" y=\"%u\">", class, MARGIN,
		    picture->top);
	xml_text(picture->out, text);
	strbuf_add_text(picture->out, "</text>\n");
}

static void add_legend(struct picture *picture)
{
	const struct flame_legend_vec *rows = &picture->heading->legend;
	struct strbuf *out = picture->out;
	unsigned x = MARGIN;

	if (!rows->count)
		return;
	picture->top += LINE + 4;
	for (size_t i = 0; i < rows->count; i++) {
		const struct flame_legend *row = &rows->items[i];
		auto_strbuf struct strbuf label = STRBUF_INIT;
		unsigned width;

		strbuf_addf(&label, "%.*s ", STR_ARG(row->label));
		units_percent(&label, (double)row->self / (double)picture->layout->cells[0].total);
		width = 18 + LEGEND_LETTER * (unsigned)MIN(label.len, (size_t)200) + 14;
		if (x + width > picture->width)
			break;
		strbuf_addf(out,
			    "<rect x=\"%u\" y=\"%u\" width=\"11\" height=\"11\" rx=\"3\" "
			    "fill=\"#%06x\"/><text class=\"words\" x=\"%u\" y=\"%u\">",
			    x, picture->top - 10, row->color, x + 17, picture->top);
		xml_text(out, strbuf_str(&label));
		strbuf_add_text(out, "</text>\n");
		x += width;
	}
}

static void add_heading(struct picture *picture)
{
	const struct flame_heading *heading = picture->heading;
	struct strbuf *out = picture->out;

	picture->top = TITLE_LINE;
	strbuf_addf(out, "<text class=\"title\" x=\"%d\" y=\"%u\">", MARGIN, picture->top);
	xml_text(out, strbuf_str(&heading->title));
	strbuf_add_text(out, "</text>\n");
	picture->top += 2;
	add_line(picture, "words", strbuf_str(&heading->subtitle));
	for (size_t i = 0; i < heading->notes.count; i++)
		add_line(picture, "warning", str_from(heading->notes.items[i]));
	add_legend(picture);
	picture->top += 14;
}

static unsigned bit_length(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

static struct picture make_picture(const struct flame_layout *layout,
				   const struct flame_heading *heading,
				   const struct flamegraph_options *options, struct strbuf *out)
{
	unsigned bits = bit_length(layout->cells[0].total);
	struct picture picture = {
		.layout = layout,
		.heading = heading,
		.out = out,
		.width = MAX(options->width ? options->width : DEFAULT_WIDTH, SMALLEST_WIDTH),
		.shift = bits > 40 ? bits - 40 : 0,
		.inverted = options->inverted,
	};

	picture.total = layout->cells[0].total >> picture.shift;
	for (size_t i = 0; i < layout->cell_count; i++) {
		if (is_drawn(&picture, &layout->cells[i]))
			picture.depth = MAX(picture.depth, layout->cells[i].depth);
	}
	return picture;
}

static void add_scripts(const struct picture *picture, const struct profile_event *event)
{
	struct strbuf *out = picture->out;

	strbuf_add_text(out, "<script type=\"application/json\"><![CDATA[\n");
	flame_data_add(out, picture->layout, picture->heading, event, picture->inverted);
	strbuf_add_text(out, "]]></script>\n<script><![CDATA[\n");
	strbuf_add(out, embedded_flamegraph_js);
	strbuf_add_text(out, "]]></script>\n</svg>\n");
}

void flamegraph_render(const struct profile_selection *selection, const struct tree *tree,
		       const struct flamegraph_options *options, struct strbuf *out)
{
	const struct profile *profile = selection->profile;
	const struct flame_layout_options layout_options = {
		.min_ratio = options->min_ratio,
		.largest_count = LARGEST_CELL_COUNT,
	};
	auto_flame_layout struct flame_layout layout = flame_layout(profile, tree, &layout_options);
	auto_flame_heading struct flame_heading heading =
		flame_heading(selection, &layout, options->title);
	auto_strbuf struct strbuf body = STRBUF_INIT;
	struct picture picture = make_picture(&layout, &heading, options, &body);

	/* The heading's height is known when it is written; the size stands before it. */
	add_heading(&picture);
	add_cells(&picture);
	picture.height = picture.top + ROW * (picture.depth + 1) + MARGIN;
	strbuf_addf(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		    "viewBox=\"0 0 %u %u\">\n<title>",
		    picture.width, picture.height, picture.width, picture.height);
	xml_text(out, strbuf_str(&heading.title));
	strbuf_add_text(out, "</title>\n<style><![CDATA[\n");
	strbuf_add(out, embedded_flamegraph_css);
	strbuf_add_text(out, "]]></style>\n<g id=\"picture\">\n"
			     "<rect class=\"sheet\" width=\"100%\" height=\"100%\"/>\n");
	strbuf_add(out, strbuf_str(&body));
	strbuf_add_text(out, "</g>\n");
	picture.out = out;
	add_scripts(&picture, selection->event < profile->events.count
				      ? &profile->events.items[selection->event]
				      : NULL);
}
