#include "samples/paste_table.h"

#include "samples/import.h"

enum { MAX_ROWS = 1 << 20 };

void paste_table_add(struct paste_table *table, const struct paste_table_row *row)
{
	if (table->rows.count < MAX_ROWS)
		paste_table_row_vec_push(&table->rows, *row);
}

/* Where nothing took measurable time, what was counted is calls. */
static void weigh_by_calls(struct paste_table *table)
{
	for (size_t i = 0; i < table->rows.count; i++) {
		struct paste_table_row *row = &table->rows.items[i];

		if (row->row.self > 0 || row->self_value > 0)
			return;
	}
	for (size_t i = 0; i < table->rows.count; i++) {
		struct paste_table_row *row = &table->rows.items[i];

		row->row.self = -1;
		row->self_value = (double)row->row.calls;
		if (row->row.calls)
			table->event = "calls";
	}
}

static double whole_of(const struct paste_table *table)
{
	double sum = 0, largest = 0;

	for (size_t i = 0; i < table->rows.count; i++) {
		const struct paste_table_row *row = &table->rows.items[i];

		sum += MAX(row->self_value, 0);
		largest = MAX(largest, row->total);
	}
	return MAX(MAX(sum, largest), table->whole);
}

void paste_table_finish(struct paste_table *table)
{
	struct profile *profile = table->profile;
	double whole;
	uint32_t event;

	if (!table->rows.count)
		return;
	weigh_by_calls(table);
	whole = whole_of(table);
	event = paste_percent_event(profile, table->event ? table->event : "CPU");
	for (size_t i = 0; i < table->rows.count; i++) {
		struct paste_table_row *row = &table->rows.items[i];

		if (row->row.self < 0 && row->self_value >= 0 && whole > 0)
			row->row.self = row->self_value / whole;
		if (row->row.children < 0 && row->total >= 0 && whole > 0)
			row->row.children = MIN(row->total / whole, 1);
		paste_add_row(profile, event, &row->row);
	}
	paste_fill_up(profile, event);
	paste_table_row_vec_done(&table->rows);
	table->whole = 0;
}

static struct str tail(struct str text, ptrdiff_t from)
{
	return (struct str){ text.ptr + from, text.len - (size_t)from };
}

static struct str head(struct str text, ptrdiff_t len)
{
	return str_trim((struct str){ text.ptr, (size_t)len });
}

static ptrdiff_t find_last(struct str text, char c)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.ptr[i - 1] == c)
			return (ptrdiff_t)i - 1;
	return -1;
}

void paste_name_plain(struct str text, struct paste_row *row)
{
	row->symbol = str_trim(text);
}

struct str paste_name_builtin(struct str text)
{
	static const char *const leads[] = { "built-in method ", "method ", "built-in function " };

	text = (struct str){ text.ptr + 1, text.len - 2 };
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(text, str_from(leads[i]))) {
			text = tail(text, (ptrdiff_t)str_from(leads[i]).len);
			break;
		}
	if (text.len > 2 && text.ptr[0] == '\'') {
		ptrdiff_t end = str_find(tail(text, 1), STR("'"));

		if (end > 0)
			text = (struct str){ text.ptr + 1, (size_t)end };
	}
	return text;
}

void paste_name_pstats(struct str text, struct paste_row *row)
{
	ptrdiff_t open, colon;
	uint64_t line;

	text = str_trim(text);
	row->dso = STR("Python");
	row->symbol = text;
	if (text.len > 2 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}') {
		row->symbol = paste_name_builtin(text);
		return;
	}
	if (!text.len || text.ptr[text.len - 1] != ')')
		return;
	/* "x.py:12(<lambda>)": the name itself may hold brackets, the place may not */
	open = str_find(text, STR("("));
	if (open < 1)
		return;
	colon = find_last(head(text, open), ':');
	if (colon < 1 ||
	    !str_to_u64((struct str){ text.ptr + colon + 1, (size_t)(open - colon) - 1 }, &line))
		return;
	row->symbol = (struct str){ text.ptr + open + 1, text.len - (size_t)open - 2 };
	if (row->symbol.len > 2 && str_starts_with(row->symbol, STR("<built-in")))
		row->symbol = paste_name_builtin(row->symbol);
	if (line && line <= UINT32_MAX) {
		row->file = head(text, colon);
		row->line = (uint32_t)line;
	}
}

static bool is_script_file(struct str file, struct str extension)
{
	return str_ends_with(file, extension) || str_find(file, STR(".so")) > 0;
}

void paste_name_place(struct str text, struct paste_row *row)
{
	ptrdiff_t open, dash;

	row->symbol = text = str_trim(text);
	if ((dash = str_find(text, STR(" - "))) > 0) {
		struct str place = str_trim(tail(text, dash + 3));

		row->symbol = head(text, dash);
		row->dso = STR("Ruby");
		if (!str_starts_with(place, STR("[")) && !str_starts_with(place, STR("(")))
			paste_place(place, &row->file, &row->line);
		return;
	}
	open = str_find(text, STR(" ("));
	if (open < 1 || text.ptr[text.len - 1] != ')')
		return;
	row->symbol = head(text, open);
	paste_place((struct str){ text.ptr + open + 2, text.len - (size_t)open - 3 }, &row->file,
		    &row->line);
	if (is_script_file(row->file, STR(".py")) || row->file.ptr[0] == '<')
		row->dso = STR("Python");
}

void paste_name_pprof(struct str text, struct paste_row *row)
{
	ptrdiff_t blank;
	struct str file;
	uint32_t line;

	text = str_trim(text);
	if (str_ends_with(text, STR("(inline)")) || str_ends_with(text, STR("(partial-inline)")))
		text = head(text, find_last(text, '('));
	row->symbol = text;
	blank = find_last(text, ' ');
	if (blank < 1)
		return;
	paste_place(tail(text, blank + 1), &file, &line);
	if (!line)
		return;
	row->symbol = head(text, blank);
	row->file = file;
	row->line = line;
}

void paste_name_callgrind(struct str text, struct paste_row *row)
{
	ptrdiff_t open, colon;
	struct str mark;

	text = str_trim(text);
	open = str_find(text, STR(" ["));
	if (open > 0 && text.ptr[text.len - 1] == ']') {
		row->dso = (struct str){ text.ptr + open + 2, text.len - (size_t)open - 3 };
		text = head(text, open);
	}
	row->symbol = text;
	colon = str_find(text, STR(":"));
	if (colon < 1)
		return;
	row->symbol = tail(text, colon + 1);
	row->file = str_starts_with(text, STR("???")) ? STR("") : head(text, colon);
	/* "f'2" is f called by itself */
	colon = find_last(row->symbol, '\'');
	mark = colon > 0 ? tail(row->symbol, colon + 1) : STR("");
	if (mark.len && mark.len < 4 && mark.ptr[0] >= '0' && mark.ptr[0] <= '9')
		row->symbol = head(row->symbol, colon);
}

void paste_name_v8(struct str text, struct paste_row *row)
{
	static const char *const kinds[] = {
		"LazyCompile: ", "Function: ", "Script: ",	    "Eval: ",
		"JS: ",		 "Builtin: ",  "BytecodeHandler: ", "Stub: "
	};
	struct str name;
	bool is_js = false;

	row->symbol = text = str_trim(text);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !is_js; i++) {
		is_js = str_starts_with(text, str_from(kinds[i]));
		if (is_js)
			text = str_trim(tail(text, (ptrdiff_t)str_from(kinds[i]).len));
	}
	if (!is_js) {
		/* a library by its path has time of which no function is known */
		if (text.len && text.ptr[0] == '/') {
			row->dso = text;
			row->symbol = STR("");
		}
		return;
	}
	row->dso = STR("node");
	if (text.len &&
	    (text.ptr[0] == '*' || text.ptr[0] == '~' || text.ptr[0] == '^' || text.ptr[0] == '+'))
		text = tail(text, 1);
	row->symbol = text;
	if (!str_next_word(&text, &name))
		return;
	paste_place(str_trim(text), &row->file, &row->line);
	/* "x.js:12:3": what was taken for the line is the column */
	paste_place(row->file, &row->file, &row->line);
	/* a function without a name begins with its place */
	row->symbol = str_find(name, STR("/")) >= 0 || str_find(name, STR(":")) > 0
			      ? STR("(anonymous)")
			      : name;
}

void paste_name_owned(struct str text, struct paste_row *row)
{
	struct str first, second, third;

	row->symbol = str_trim(text);
	if (!paste_field(&text, &first) || !paste_field(&text, &second))
		return;
	row->dso = first;
	row->symbol = second;
	if (!paste_field(&text, &third))
		return;
	/* "a.c:12   prog   main": the place stands in front of the image */
	paste_place(first, &row->file, &row->line);
	row->dso = second;
	row->symbol = third;
}
