#include "samples/import.h"
#include "samples/paste.h"

/* What heads the table in 'sysgrok report' (render/report_text.c). */
static const char heading[] = "Functions by their own time";

/* Leaves `text` behind the heading and its row of labels. */
static bool find_table(struct str *text, bool *ret_has_children)
{
	struct str line;

	while (str_next_line(text, &line)) {
		if (!str_is(str_trim(line), heading))
			continue;
		if (!str_next_line(text, &line))
			return false;
		*ret_has_children = str_find(line, STR("children")) >= 0;
		return str_find(line, STR("self")) >= 0 && str_find(line, STR("function")) >= 0;
	}
	return false;
}

static enum import_look look(struct str head)
{
	bool has_children;

	return find_table(&head, &has_children) ? LOOK_SURE : LOOK_NO;
}

/* "libc.so.6 malloc.c:4302"; what was clipped ends in "..". */
static void read_place(struct str place, struct paste_row *row)
{
	struct str file = place;

	row->dso = place;
	while (file.len && file.ptr[file.len - 1] != ' ')
		file.len--;
	if (!file.len)
		return;
	row->dso = str_trim(file);
	file = (struct str){ place.ptr + file.len, place.len - file.len };
	if (!str_ends_with(file, STR("..")))
		paste_place(file, &row->file, &row->line);
}

/* "  19.51%   19.57%     1,158  name  place" */
static bool read_row(struct str line, bool has_children, struct paste_row *ret)
{
	struct paste_row row = { .self = -1, .children = -1 };
	struct str word, place;

	if (!str_next_word(&line, &word) || !paste_percent(word, &row.self))
		return false;
	if (has_children && (!str_next_word(&line, &word) || !paste_percent(word, &row.children)))
		return false;
	/* "in 100 more functions" counts nothing. */
	if (!str_next_word(&line, &word) || word.ptr[0] == 'i' || !paste_field(&line, &row.symbol))
		return false;
	if (str_ends_with(row.symbol, STR(" (skid)")))
		row.symbol.len -= sizeof(" (skid)") - 1;
	if (str_is(row.symbol, "[no name]"))
		row.symbol = STR("");
	if (paste_field(&line, &place))
		read_place(place, &row);
	*ret = row;
	return true;
}

static void read_report(struct profile *profile, struct str text)
{
	uint32_t event = paste_percent_event(profile, "CPU");
	bool has_children = false;
	struct paste_row row;
	struct str line;

	find_table(&text, &has_children);
	while (str_next_line(&text, &line) && str_trim(line).len)
		if (read_row(line, has_children, &row))
			paste_add_row(profile, event, &row);
	paste_fill_up(profile, event);
}

const struct importer import_report_reader = { "sysgrok report", look, read_report };
