#include "render/markdown.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <cmark.h>

#include "base/memory.h"
#include "base/vec.h"
#include "render/styled.h"

enum {
	BLOCK_CAP = 1 << 16, /* a block that never ends is written as it stands */
	DEPTH_MAX = 40,
	COLUMNS_MAX = 32,
	TEXT_LEAST = 16, /* columns that a text has at least, however deep it stands */
	COLUMN_LEAST = 6,
	RULE_COLUMNS = 40,
	CODE_INDENT = 4,
};

/* What stands before lines: "- " before the first of an item, blanks before the others. */
struct prefix {
	char first[16], rest[16];
	bool is_used;
};

struct markdown {
	const struct term *term;
	struct strbuf block; /* lines of the open block */
	char fence;	     /* '`' or '~' within a fence, else 0 */
	size_t fence_length;
	bool is_list, is_table, saw_blank, wrote_any;
	struct prefix prefixes[DEPTH_MAX];
	size_t depth;
};

struct markdown *markdown_new(const struct term *term)
{
	struct markdown *markdown = x_calloc(1, sizeof(*markdown));

	markdown->term = term;
	return markdown;
}

void markdown_free(struct markdown *markdown)
{
	if (!markdown)
		return;
	strbuf_done(&markdown->block);
	free(markdown);
}

/* ---- lines */

static unsigned begin_line(struct markdown *markdown)
{
	unsigned columns = 0;

	for (size_t i = 0; i < markdown->depth; i++) {
		struct prefix *prefix = &markdown->prefixes[i];
		const char *text = prefix->is_used ? prefix->rest : prefix->first;

		prefix->is_used = true;
		fputs(text, markdown->term->stream);
		columns += (unsigned)strlen(text);
	}
	return columns;
}

static unsigned prefix_columns(const struct markdown *markdown)
{
	size_t columns = 0;

	for (size_t i = 0; i < markdown->depth; i++)
		columns += strlen(markdown->prefixes[i].rest);
	return (unsigned)columns;
}

static unsigned text_columns(const struct markdown *markdown)
{
	unsigned taken = prefix_columns(markdown), all = markdown->term->width;

	return all > taken + TEXT_LEAST ? all - taken : TEXT_LEAST;
}

static void blank_line(struct markdown *markdown)
{
	auto_strbuf struct strbuf line = STRBUF_INIT;

	for (size_t i = 0; i < markdown->depth; i++) {
		if (markdown->prefixes[i].is_used)
			strbuf_add_text(&line, markdown->prefixes[i].rest);
	}
	fprintf(markdown->term->stream, "%.*s\n", STR_ARG(str_trim(strbuf_str(&line))));
}

static void write_filled(struct markdown *markdown, const struct styled *styled)
{
	size_t at = 0, start, end;

	while (styled_next_line(styled, &at, text_columns(markdown), &start, &end)) {
		begin_line(markdown);
		styled_write(styled, markdown->term, start, end);
		fputc('\n', markdown->term->stream);
	}
}

static void write_verbatim(struct markdown *markdown, struct str text, unsigned indent,
			   unsigned flags)
{
	struct str line;

	while (str_next_line(&text, &line)) {
		auto_styled struct styled styled = STYLED_INIT;

		if (!line.len) {
			blank_line(markdown);
			continue;
		}
		begin_line(markdown);
		fprintf(markdown->term->stream, "%*s", (int)indent, "");
		styled_add(&styled, line, flags);
		styled_write(&styled, markdown->term, 0, styled.text.len);
		fputc('\n', markdown->term->stream);
	}
}

/* ---- within a line */

/* The marks of the checker stand out, and the numbers of facts step back. */
static size_t mark_at(struct str text, unsigned *ret_flag)
{
	size_t end = 2;

	*ret_flag = STYLED_DIM;
	if (str_starts_with(text, STR("{wrong")) || str_starts_with(text, STR("{uncited}"))) {
		const char *close = memchr(text.ptr, '}', text.len);

		*ret_flag = STYLED_BAD;
		return close ? (size_t)(close - text.ptr) + 1 : 0;
	}
	if (!str_starts_with(text, STR("[F")))
		return 0;
	while (end < text.len &&
	       (isdigit((unsigned char)text.ptr[end]) || memchr(", F", text.ptr[end], 3)))
		end++;
	return end > 2 && end < text.len && text.ptr[end] == ']' ? end + 1 : 0;
}

static void add_prose(struct styled *out, struct str text, unsigned flags)
{
	size_t plain = 0;

	while (plain < text.len) {
		struct str rest = { text.ptr + plain, text.len - plain };
		unsigned flag;
		size_t mark = memchr("{[", *rest.ptr, 2) ? mark_at(rest, &flag) : 0;

		if (!mark) {
			plain++;
			continue;
		}
		styled_add(out, (struct str){ text.ptr, plain }, flags);
		styled_add(out, (struct str){ rest.ptr, mark }, flags | flag);
		text.ptr += plain + mark;
		text.len -= plain + mark;
		plain = 0;
	}
	styled_add(out, text, flags);
}

/* The address of a link, where its text does not say it. */
static void add_address(struct styled *out, cmark_node *link, size_t text_start)
{
	struct str url = str_from(cmark_node_get_url(link));
	struct str text = { out->text.ptr + text_start, out->text.len - text_start };

	if (!url.len || str_eq(text, url))
		return;
	if (str_starts_with(url, STR("mailto:")) &&
	    str_eq(text, (struct str){ url.ptr + 7, url.len - 7 }))
		return;
	styled_add(out, STR(" ("), STYLED_DIM);
	styled_add(out, url, STYLED_DIM);
	styled_add(out, STR(")"), STYLED_DIM);
}

/* State while the inlines of one block are gathered. */
struct gather {
	struct styled *out;
	unsigned flags;
	size_t link_start;
};

static void gather_inline(struct gather *gather, cmark_event_type event, cmark_node *node)
{
	struct str literal = str_from(cmark_node_get_literal(node));
	bool enters = event == CMARK_EVENT_ENTER;
	unsigned flag = 0;

	switch ((int)cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		add_prose(gather->out, literal, gather->flags);
		return;
	case CMARK_NODE_CODE:
		styled_add(gather->out, literal, gather->flags | STYLED_CODE);
		return;
	case CMARK_NODE_HTML_INLINE:
		styled_add(gather->out, literal, gather->flags);
		return;
	case CMARK_NODE_SOFTBREAK:
		styled_add(gather->out, STR(" "), gather->flags);
		return;
	case CMARK_NODE_LINEBREAK:
		styled_break(gather->out);
		return;
	case CMARK_NODE_EMPH:
		flag = STYLED_ITALIC;
		break;
	case CMARK_NODE_STRONG:
		flag = STYLED_BOLD;
		break;
	case CMARK_NODE_LINK:
	case CMARK_NODE_IMAGE:
		flag = STYLED_LINK;
		if (enters)
			gather->link_start = gather->out->text.len;
		else
			add_address(gather->out, node, gather->link_start);
		break;
	default:
		return;
	}
	gather->flags = enters ? gather->flags | flag : gather->flags & ~flag;
}

static bool is_inline(cmark_node *node)
{
	return cmark_node_get_type(node) >= CMARK_NODE_FIRST_INLINE;
}

/* Of a text that is a line of its own: a cell of a table. */
static void gather_cell(struct str text, unsigned flags, struct styled *out)
{
	cmark_node *document = cmark_parse_document(text.ptr, text.len, CMARK_OPT_DEFAULT);
	cmark_iter *iterator = cmark_iter_new(document);
	struct gather gather = { out, flags, 0 };
	cmark_event_type event;

	while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iterator);

		if (is_inline(node))
			gather_inline(&gather, event, node);
	}
	cmark_iter_free(iterator);
	cmark_node_free(document);
	/* What Markdown takes for something else than a line of text ("- ", "# "). */
	if (!out->text.len)
		styled_add(out, text, flags);
}

/* ---- tables */

struct table {
	struct styled *cells; /* rows x columns */
	size_t rows, columns;
	char align[COLUMNS_MAX]; /* 'l', 'r', 'c' */
	unsigned widths[COLUMNS_MAX];
};

/* Takes the next cell off a row: a '|' behind a backslash or between backticks is none. */
static bool next_cell(struct str *row, struct str *ret)
{
	bool in_code = false;
	size_t end = 0;

	if (!row->len)
		return false;
	for (; end < row->len; end++) {
		if (row->ptr[end] == '\\' && end + 1 < row->len)
			end++;
		else if (row->ptr[end] == '`')
			in_code = !in_code;
		else if (row->ptr[end] == '|' && !in_code)
			break;
	}
	end = MIN(end, row->len);
	*ret = str_trim((struct str){ row->ptr, end });
	end += end < row->len;
	row->ptr += end;
	row->len -= end;
	return true;
}

static struct str row_of(struct str line)
{
	line = str_trim(line);
	if (str_starts_with(line, STR("|"))) {
		line.ptr++;
		line.len--;
	}
	if (str_ends_with(line, STR("|")) && !str_ends_with(line, STR("\\|")))
		line.len--;
	return line;
}

/* "|---|:-:|": how many columns, 0 where the line is none such. */
static size_t read_delimiters(struct str line, char align[COLUMNS_MAX])
{
	struct str row = row_of(line), cell;
	size_t count = 0;

	if (!memchr(line.ptr, '-', line.len) || !memchr(line.ptr, '|', line.len))
		return 0;
	while (next_cell(&row, &cell)) {
		bool left = str_starts_with(cell, STR(":")), right = str_ends_with(cell, STR(":"));
		size_t dashes = 0;

		for (size_t i = 0; i < cell.len; i++) {
			if (cell.ptr[i] == '-')
				dashes++;
			else if (cell.ptr[i] != ':')
				return 0;
		}
		if (!dashes || count == COLUMNS_MAX)
			return 0;
		align[count++] = left && right ? 'c' : right ? 'r' : 'l';
	}
	return count;
}

/* The columns in the terminal's width: the widest give way. */
static void fit_columns(struct table *table, unsigned width)
{
	unsigned all = 0;

	for (size_t c = 0; c < table->columns; c++) {
		for (size_t r = 0; r < table->rows; r++)
			table->widths[c] = MAX(table->widths[c],
					       styled_width(&table->cells[r * table->columns + c]));
		all += table->widths[c] + 2;
	}
	while (all > width + 2) {
		size_t widest = 0;

		for (size_t c = 1; c < table->columns; c++) {
			if (table->widths[c] > table->widths[widest])
				widest = c;
		}
		if (table->widths[widest] <= COLUMN_LEAST)
			return;
		table->widths[widest]--;
		all--;
	}
}

static void write_cell(const struct markdown *markdown, const struct table *table, size_t column,
		       const struct styled *cell, size_t *at)
{
	unsigned width = table->widths[column], columns, pad, before;
	size_t start = 0, end = 0;
	bool is_last = column + 1 == table->columns;

	if (!styled_next_line(cell, at, width, &start, &end))
		start = end = 0;
	columns = term_text_width((struct str){ cell->text.ptr + start, end - start });
	pad = width > columns ? width - columns : 0;
	before = table->align[column] == 'r' ? pad : table->align[column] == 'c' ? pad / 2 : 0;
	fprintf(markdown->term->stream, "%*s", (int)before, "");
	if (end > start)
		styled_write(cell, markdown->term, start, end);
	if (!is_last)
		fprintf(markdown->term->stream, "%*s", (int)(pad - before + 2), "");
}

static void write_row(struct markdown *markdown, const struct table *table, size_t row)
{
	const struct styled *cells = &table->cells[row * table->columns];
	size_t at[COLUMNS_MAX] = { 0 };
	bool is_left = true;

	while (is_left) {
		is_left = false;
		begin_line(markdown);
		for (size_t c = 0; c < table->columns; c++) {
			write_cell(markdown, table, c, &cells[c], &at[c]);
			is_left = is_left || at[c] < cells[c].text.len;
		}
		fputc('\n', markdown->term->stream);
	}
}

static void write_rule(struct markdown *markdown, const struct table *table)
{
	begin_line(markdown);
	for (size_t c = 0; c < table->columns; c++) {
		for (unsigned i = 0; i < table->widths[c]; i++)
			fputc('-', markdown->term->stream);
		fputs(c + 1 < table->columns ? "  " : "\n", markdown->term->stream);
	}
}

static void write_table(struct markdown *markdown, struct str text)
{
	struct table table = { 0 };
	struct str line, rest = text, cell;
	size_t lines = 0;

	while (str_next_line(&rest, &line))
		lines++;
	rest = text;
	for (size_t row = 0; str_next_line(&rest, &line); row++) {
		struct str cells = row_of(line);

		if (row == 1)
			table.columns = read_delimiters(line, table.align);
		if (row < 1)
			continue;
		if (row == 1) {
			table.cells = x_calloc(lines * table.columns, sizeof(*table.cells));
			cells = row_of((struct str){ text.ptr, strcspn(text.ptr, "\n") });
		}
		for (size_t c = 0; c < table.columns && next_cell(&cells, &cell); c++)
			gather_cell(cell, table.rows ? 0 : STYLED_BOLD,
				    &table.cells[table.rows * table.columns + c]);
		table.rows++;
	}
	fit_columns(&table, text_columns(markdown));
	for (size_t row = 0; row < table.rows; row++) {
		write_row(markdown, &table, row);
		if (!row)
			write_rule(markdown, &table);
	}
	for (size_t i = 0; i < table.rows * table.columns; i++)
		styled_done(&table.cells[i]);
	free(table.cells);
}

/* ---- blocks */

static void push_prefix(struct markdown *markdown, const char *first, const char *rest)
{
	struct prefix *prefix;

	if (markdown->depth == DEPTH_MAX)
		return;
	prefix = &markdown->prefixes[markdown->depth++];
	*prefix = (struct prefix){ 0 };
	snprintf(prefix->first, sizeof(prefix->first), "%s", first);
	snprintf(prefix->rest, sizeof(prefix->rest), "%s", rest);
}

static void push_item(struct markdown *markdown, cmark_node *item)
{
	cmark_node *list = cmark_node_parent(item);
	char first[16] = "- ", rest[16];
	int number = cmark_node_get_list_start(list);

	if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
		for (cmark_node *n = cmark_node_previous(item); n; n = cmark_node_previous(n))
			number++;
		snprintf(first, sizeof(first), "%d. ", number);
	}
	snprintf(rest, sizeof(rest), "%*s", (int)strlen(first), "");
	push_prefix(markdown, first, rest);
}

static bool is_in_tight_list(cmark_node *node)
{
	cmark_node *parent = cmark_node_parent(node);

	return parent && cmark_node_get_type(parent) == CMARK_NODE_ITEM &&
	       cmark_node_get_list_tight(cmark_node_parent(parent));
}

/* A blank line between this block and the one before, where Markdown has a distance there. */
static void keep_distance(struct markdown *markdown, cmark_node *node)
{
	cmark_node *parent = cmark_node_parent(node);
	bool is_item = cmark_node_get_type(node) == CMARK_NODE_ITEM;

	if (!cmark_node_previous(node) || is_in_tight_list(node) ||
	    (is_item && cmark_node_get_list_tight(parent)))
		return;
	blank_line(markdown);
}

static void write_leaf(struct markdown *markdown, cmark_node *node, struct gather *gather)
{
	struct str literal = str_from(cmark_node_get_literal(node));
	unsigned rule = MIN(text_columns(markdown), (unsigned)RULE_COLUMNS);

	switch ((int)cmark_node_get_type(node)) {
	case CMARK_NODE_CODE_BLOCK:
		write_verbatim(markdown, literal, CODE_INDENT, STYLED_CODE);
		break;
	case CMARK_NODE_HTML_BLOCK:
		write_verbatim(markdown, literal, 0, 0);
		break;
	case CMARK_NODE_THEMATIC_BREAK:
		begin_line(markdown);
		while (rule--)
			fputc('-', markdown->term->stream);
		fputc('\n', markdown->term->stream);
		break;
	case CMARK_NODE_PARAGRAPH:
	case CMARK_NODE_HEADING:
		write_filled(markdown, gather->out);
		styled_reset(gather->out);
		gather->flags = 0;
		break;
	default:
		break;
	}
}

static void write_block(struct markdown *markdown, cmark_event_type event, cmark_node *node,
			struct gather *gather)
{
	bool enters = event == CMARK_EVENT_ENTER;

	switch ((int)cmark_node_get_type(node)) {
	case CMARK_NODE_DOCUMENT:
		return;
	case CMARK_NODE_LIST:
		if (enters)
			keep_distance(markdown, node);
		return;
	case CMARK_NODE_ITEM:
	case CMARK_NODE_BLOCK_QUOTE:
		if (!enters) {
			markdown->depth -= markdown->depth > 0;
			return;
		}
		keep_distance(markdown, node);
		if (cmark_node_get_type(node) == CMARK_NODE_ITEM)
			push_item(markdown, node);
		else
			push_prefix(markdown, "> ", "> ");
		return;
	case CMARK_NODE_PARAGRAPH:
	case CMARK_NODE_HEADING:
		if (enters) {
			keep_distance(markdown, node);
			gather->flags =
				cmark_node_get_type(node) == CMARK_NODE_HEADING ? STYLED_BOLD : 0;
			return;
		}
		break;
	default:
		keep_distance(markdown, node);
		break;
	}
	write_leaf(markdown, node, gather);
}

static void write_markdown(struct markdown *markdown, struct str text)
{
	cmark_node *document = cmark_parse_document(text.ptr, text.len, CMARK_OPT_DEFAULT);
	cmark_iter *iterator = cmark_iter_new(document);
	auto_styled struct styled styled = STYLED_INIT;
	struct gather gather = { &styled, 0, 0 };
	cmark_event_type event;

	markdown->depth = 0;
	while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iterator);

		if (is_inline(node))
			gather_inline(&gather, event, node);
		else
			write_block(markdown, event, node, &gather);
	}
	markdown->depth = 0;
	cmark_iter_free(iterator);
	cmark_node_free(document);
}

/* ---- the stream */

static size_t leading_blanks(struct str line)
{
	size_t count = 0;

	while (count < line.len && line.ptr[count] == ' ')
		count++;
	return count;
}

/* "- x", "* x", "1. x" at the start of the line. */
static bool is_item_line(struct str line)
{
	size_t digits = 0;

	if (line.len > 1 && memchr("-*+", *line.ptr, 3))
		return line.ptr[1] == ' ';
	while (digits < line.len && digits < 9 && isdigit((unsigned char)line.ptr[digits]))
		digits++;
	return digits && digits + 1 < line.len && memchr(".)", line.ptr[digits], 2) &&
	       line.ptr[digits + 1] == ' ';
}

static void flush(struct markdown *markdown)
{
	struct str text = strbuf_str(&markdown->block);

	if (str_trim(text).len) {
		if (markdown->is_table)
			write_table(markdown, text);
		else
			write_markdown(markdown, text);
		markdown->wrote_any = true;
	}
	strbuf_reset(&markdown->block);
	markdown->is_list = markdown->is_table = false;
}

/* Fences open and close; true where the line is one or stands within. */
static bool follow_fence(struct markdown *markdown, struct str line)
{
	struct str text = str_trim(line);
	size_t length = 0;

	while (length < text.len && text.ptr[length] == *text.ptr && memchr("`~", *text.ptr, 2))
		length++;
	if (markdown->fence) {
		if (length >= markdown->fence_length && length == text.len &&
		    *text.ptr == markdown->fence)
			markdown->fence = '\0';
		return true;
	}
	if (length < 3 || (*text.ptr == '`' && memchr(text.ptr + length, '`', text.len - length)))
		return false;
	markdown->fence = *text.ptr;
	markdown->fence_length = length;
	return true;
}

/* A line that begins a definition of a link would not be shown: "[F6]: 64.57%". */
static void append_line(struct markdown *markdown, struct str line, bool is_code)
{
	size_t blanks = leading_blanks(line);

	strbuf_add(&markdown->block, (struct str){ line.ptr, blanks });
	line.ptr += blanks;
	line.len -= blanks;
	if (!is_code && str_starts_with(line, STR("[")) && str_find(line, STR("]:")) > 0)
		strbuf_add_char(&markdown->block, '\\');
	strbuf_add(&markdown->block, line);
	strbuf_add_char(&markdown->block, '\n');
}

/* The open block is one line, and this one makes it the head of a table. */
static bool begins_table(const struct markdown *markdown, struct str line)
{
	struct str head = strbuf_str(&markdown->block);
	char align[COLUMNS_MAX];

	return !markdown->is_table && head.len > 1 &&
	       (const char *)memchr(head.ptr, '\n', head.len) == head.ptr + head.len - 1 &&
	       memchr(head.ptr, '|', head.len) && read_delimiters(line, align);
}

/* Whether the open block ends before this line. */
static bool ends_before(const struct markdown *markdown, struct str line)
{
	if (!markdown->block.len)
		return false;
	if (markdown->is_table)
		return !memchr(line.ptr, '|', line.len);
	if (markdown->is_list)
		return is_item_line(line) || (markdown->saw_blank && leading_blanks(line) < 2);
	return *line.ptr == '#' || is_item_line(line) || markdown->saw_blank;
}

static void separate(struct markdown *markdown)
{
	if (markdown->wrote_any)
		fputc('\n', markdown->term->stream);
}

static void add_line(struct markdown *markdown, struct str line)
{
	bool was_in_fence = markdown->fence, is_fenced;

	if (!was_in_fence && !str_trim(line).len) {
		/* A list may go on behind it. */
		if (!markdown->is_list)
			flush(markdown);
		else
			strbuf_add_char(&markdown->block, '\n');
		markdown->saw_blank = true;
		return;
	}
	if (!was_in_fence && (ends_before(markdown, line) || markdown->block.len > BLOCK_CAP))
		flush(markdown);
	if (!was_in_fence && begins_table(markdown, line))
		markdown->is_table = true;
	if (!markdown->block.len && markdown->saw_blank)
		separate(markdown);
	if (!markdown->block.len)
		markdown->is_list = is_item_line(line);
	markdown->saw_blank = false;
	is_fenced = follow_fence(markdown, line);
	append_line(markdown, line, is_fenced || markdown->is_table);
	if ((was_in_fence && !markdown->fence && !markdown->is_list) ||
	    (!is_fenced && *line.ptr == '#' && !markdown->is_list) ||
	    markdown->block.len > BLOCK_CAP)
		flush(markdown);
}

void markdown_add(struct markdown *markdown, struct str lines)
{
	struct str line;

	while (str_next_line(&lines, &line))
		add_line(markdown, line);
}

void markdown_end(struct markdown *markdown)
{
	flush(markdown);
	markdown->fence = '\0';
	markdown->saw_blank = markdown->wrote_any = false;
}
