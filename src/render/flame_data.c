#include "render/flame_data.h"

#include <string.h>

#include "base/memory.h"
#include "render/xml.h"

/* Letters of flamegraph.js, by enum flame_kind. */
static const char kind_letters[] = "apkuijnc";

/* Digits by hand: a large graph has half a million of these. */
static void add_number(struct strbuf *out, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits);

	digits[--at] = ',';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	strbuf_add(out, (struct str){ digits + at, sizeof(digits) - at });
}

static void begin_array(struct strbuf *out, const char *key)
{
	strbuf_addf(out, "\"%s\":[", key);
}

/* Takes back the comma behind the last item. */
static void end_list(struct strbuf *out, const char *end)
{
	if (out->len && out->ptr[out->len - 1] == ',')
		out->len--;
	strbuf_add_text(out, end);
}

static void add_text(struct strbuf *out, struct str text)
{
	xml_json_string(out, text);
	strbuf_add_char(out, ',');
}

static void add_key_text(struct strbuf *out, const char *key, struct str text)
{
	strbuf_addf(out, "\"%s\":", key);
	add_text(out, text);
}

static void add_color(struct strbuf *out, uint32_t color)
{
	strbuf_addf(out, "%06x", color);
}

static void add_texts(struct strbuf *out, const char *key, const struct interner *texts)
{
	begin_array(out, key);
	strbuf_add_text(out, "\"\",");
	for (uint32_t id = 1; id < texts->count; id++)
		add_text(out, interned(texts, id));
	end_list(out, "],");
}

/*
 * Names are sorted and those of C++ long: each gives the number of letters that it shares with the
 * one before, and the rest. Only letters of one byte are counted, of which JavaScript too has one
 * each, and none that the escapes of xml_json_string replace.
 */
static size_t shared_length(struct str a, struct str b)
{
	size_t length = 0;

	while (length < a.len && length < b.len && a.ptr[length] == b.ptr[length] &&
	       a.ptr[length] >= ' ' && a.ptr[length] < 0x7f)
		length++;
	return length;
}

static void add_labels(struct strbuf *out, const struct flame_layout *layout)
{
	struct str before = STR("");

	begin_array(out, "shared");
	for (size_t i = 0; i < layout->name_count; i++) {
		add_number(out, shared_length(before, layout->names[i].label));
		before = layout->names[i].label;
	}
	end_list(out, "],");
	before = STR("");
	begin_array(out, "rest");
	for (size_t i = 0; i < layout->name_count; i++) {
		struct str label = layout->names[i].label;
		size_t shared = shared_length(before, label);

		add_text(out, (struct str){ label.ptr + shared, label.len - shared });
		before = label;
	}
	end_list(out, "],");
}

static void add_names(struct strbuf *out, const struct flame_layout *layout)
{
	struct interner dsos = INTERNER_INIT, files = INTERNER_INIT;
	const struct flame_name *names = layout->names;

	strbuf_add_text(out, "\"names\":{");
	add_labels(out, layout);
	begin_array(out, "dso");
	for (size_t i = 0; i < layout->name_count; i++)
		add_number(out, intern(&dsos, names[i].dso));
	end_list(out, "],");
	begin_array(out, "file");
	for (size_t i = 0; i < layout->name_count; i++)
		add_number(out, intern(&files, names[i].file));
	end_list(out, "],\"kind\":\"");
	for (size_t i = 0; i < layout->name_count; i++)
		strbuf_add_char(out, kind_letters[names[i].kind]);
	strbuf_add_text(out, "\",\"color\":\"");
	for (size_t i = 0; i < layout->name_count; i++)
		add_color(out, flame_color(names[i].kind, names[i].label, names[i].dso));
	strbuf_add_text(out, "\"},\n");
	add_texts(out, "dsos", &dsos);
	add_texts(out, "files", &files);
	interner_done(&dsos);
	interner_done(&files);
}

/* Levels to climb from the cell before to the parent: 0 for a first child. */
static uint32_t levels_up(const struct flame_cell *cell)
{
	return (cell - 1)->depth + 1 - cell->depth;
}

static void add_cells(struct strbuf *out, const struct flame_layout *layout)
{
	const struct flame_cell *cells = layout->cells;
	size_t count = layout->cell_count;

	strbuf_add_text(out, "\"cells\":{\"name\":[");
	for (size_t i = 0; i < count; i++)
		add_number(out, cells[i].name);
	end_list(out, "],\n");
	begin_array(out, "up");
	for (size_t i = 0; i < count; i++)
		add_number(out, i ? levels_up(&cells[i]) : 0);
	end_list(out, "],\n");
	begin_array(out, "self");
	for (size_t i = 0; i < count; i++)
		add_number(out, cells[i].self);
	end_list(out, "],\n");
	begin_array(out, "count");
	for (size_t i = 0; i < count; i++)
		add_number(out, cells[i].self_samples);
	end_list(out, "],\n");
	begin_array(out, "line");
	for (size_t i = 0; i < count; i++)
		add_number(out, cells[i].line);
	end_list(out, "],\n");
	begin_array(out, "rest");
	for (size_t i = 0; i < count; i++) {
		if (!cells[i].dropped)
			continue;
		add_number(out, i);
		add_number(out, cells[i].dropped);
		add_number(out, cells[i].dropped_samples);
	}
	end_list(out, "]},\n");
}

/* A regular expression that a label matches and no other text does. */
static void add_pattern(struct strbuf *out, struct str text)
{
	strbuf_add_char(out, '^');
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("\\^$.|?*+()[]{}/", text.ptr[i]) && text.ptr[i])
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, text.ptr[i]);
	}
	strbuf_add_char(out, '$');
}

static void add_legend(struct strbuf *out, const struct flame_heading *heading)
{
	begin_array(out, "legend");
	for (size_t i = 0; i < heading->legend.count; i++) {
		const struct flame_legend *row = &heading->legend.items[i];
		auto_strbuf struct strbuf search = STRBUF_INIT;

		strbuf_add_text(&search, row->kind == FLAME_USER ? "dso:" : "kind:");
		add_pattern(&search, row->label);
		strbuf_add_char(out, '[');
		add_text(out, row->label);
		strbuf_add_char(out, '"');
		add_color(out, row->color);
		strbuf_add_text(out, "\",");
		add_number(out, row->self);
		xml_json_string(out, strbuf_str(&search));
		strbuf_add_text(out, "],");
	}
	end_list(out, "],\n");
}

void flame_data_add(struct strbuf *out, const struct flame_layout *layout,
		    const struct flame_heading *heading, const struct profile_event *event,
		    bool inverted)
{
	strbuf_add_char(out, '{');
	add_key_text(out, "title", strbuf_str(&heading->title));
	add_key_text(out, "subtitle", strbuf_str(&heading->subtitle));
	begin_array(out, "notes");
	for (size_t i = 0; i < heading->notes.count; i++)
		add_text(out, str_from(heading->notes.items[i]));
	end_list(out, "],");
	add_key_text(out, "unit", str_from(event ? event->unit : "samples"));
	strbuf_add_text(out, "\"scale\":");
	add_number(out, event ? MAX(event->scale, (uint64_t)1) : 1);
	strbuf_add_text(out, inverted ? "\"inverted\":true,\n" : "\"inverted\":false,\n");
	add_legend(out, heading);
	add_names(out, layout);
	add_cells(out, layout);
	end_list(out, "");
	out->len -= 2; /* the comma and the line's end behind the last member */
	strbuf_add_text(out, "}\n");
}
