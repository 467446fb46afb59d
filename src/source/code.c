#include "source/code.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
	VOTE_ROWS = 20000,
	MAX_SIGNS = 4000,
	MAX_HOT = 400,
};

/* ---- names */

const char *code_text(const struct code *code, uint32_t text_id)
{
	return interned_text(&code->texts, text_id);
}

double code_share(const struct code *code, uint32_t function, double cost)
{
	const struct listing *listing = code->listing;
	double whole = listing->is_whole_of_each ? listing->functions.items[function].cost
						 : listing->total;

	return whole > 0 && cost > 0 ? MIN(cost / whole, 1) : 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Without template arguments and parameters: "std::map<int, int>::find(int const&)" is
 * "std::map::find". */
static void add_short_name(const char *name, struct strbuf *out)
{
	size_t depth = 0, start = out->len;

	for (const char *at = name; *at; at++) {
		bool is_operator =
			out->len >= start + 8 && !strncmp(out->ptr + out->len - 8, "operator", 8);

		if (*at == '<' && !is_operator)
			depth++;
		else if (*at == '>' && depth && at[-1] != '-')
			depth--;
		else if (*at == '(' && !depth && at != name && at[-1] != ':' && !is_operator)
			break;
		else if (!depth)
			strbuf_add_char(out, *at);
	}
}

void code_line_name(const struct code *code, uint32_t line, struct strbuf *out)
{
	const struct code_line *l = &code->lines.items[line];
	const struct listing_function *function = &code->listing->functions.items[l->function];
	const char *name = listing_text(code->listing, l->scope ? l->scope : function->name);
	const char *file =
		listing_text(code->listing, l->file || l->scope ? l->file : function->told_file);

	if (l->flags & CODE_LINE_IS_INSTRUCTION) {
		struct str head, rest;

		add_short_name(*name ? name : "instruction", out);
		strbuf_add_char(out, ' ');
		if (str_cut(l->text, ':', &head, &rest) && head.len < 18 &&
		    !memchr(head.ptr, ' ', head.len))
			strbuf_add(out, head);
		else
			strbuf_addf(out, "#%zu", l->first_row - function->first_row + 1);
	} else if (l->number && *file) {
		strbuf_addf(out, "%s:%u", base_name(file), l->number);
	} else if (l->number && *name) {
		add_short_name(name, out);
		strbuf_addf(out, ":%u", l->number);
	} else if (l->number) {
		strbuf_addf(out, "line %u", l->number);
	} else {
		add_short_name(*name ? name : "row", out);
		strbuf_addf(out, " line %zu", l->first_row - function->first_row + 1);
	}
}

void code_loop_name(const struct code *code, uint32_t loop, struct strbuf *out)
{
	const struct code_loop *l = &code->loops.items[loop];

	if (l->head)
		code_line_name(code, l->head - 1, out);
	else if (l->first_line)
		code_line_name(code, l->first_line - 1, out);
	else
		strbuf_addf(out, "loop %u", loop + 1);
}

enum language code_line_language(const struct code *code, const struct code_line *line)
{
	enum language by_file = language_of_file(str_from(listing_text(code->listing, line->file)));

	return by_file ? by_file : code->language;
}

/* ---- signs */

static struct code_sign *add_sign(struct code *code, uint32_t line, const char *name)
{
	for (size_t i = code->signs.count; i && i + 64 > code->signs.count; i--)
		if (code->signs.items[i - 1].line == line &&
		    !strcmp(code->signs.items[i - 1].name, name))
			return &code->signs.items[i - 1];
	if (code->signs.count >= MAX_SIGNS)
		return NULL;
	return code_sign_vec_push(&code->signs, (struct code_sign){ .line = line, .name = name });
}

/* The first text of a name stays. */
void code_add_sign(struct code *code, uint32_t line, const char *name, struct str text)
{
	struct code_sign *sign = add_sign(code, line, name);

	if (sign && !sign->text)
		sign->text = intern(&code->texts, str_trim(text));
}

/* Shares add up; of other figures the last stays. */
void code_add_figure(struct code *code, uint32_t line, const char *name, double number,
		     const char *unit)
{
	struct code_sign *sign = add_sign(code, line, name);

	if (!sign)
		return;
	sign->number = strcmp(unit, "ratio") == 0 ? sign->number + number : number;
	sign->has_number = true;
	sign->unit = unit;
}

/* ---- lines */

/* Rows of a function that are the same line: by number where it is known, else by text. */
struct line_table {
	uint32_t *slots; /* line + 1 */
	size_t mask;
};

static uint64_t key_of(const struct listing_row *row)
{
	uint64_t key = ((uint64_t)row->file << 32 | row->scope) * 0x9e3779b97f4a7c15u;

	if (row->number)
		return (key ^ row->number) * 0xff51afd7ed558ccdu;
	return key ^ str_hash(str_trim(listing_row_text(row)));
}

static bool is_same_line(const struct code_line *line, const struct listing_row *row)
{
	if (line->file != row->file || line->scope != row->scope || line->number != row->number)
		return false;
	return row->number || str_eq(line->text, listing_row_text(row));
}

static uint32_t line_of(struct code *code, struct line_table *table, uint32_t function,
			const struct listing_row *row, size_t row_number)
{
	bool is_source = row->kind == LISTING_SOURCE;
	struct code_line line = { .function = function,
				  .file = row->file,
				  .scope = row->scope,
				  .number = row->number,
				  .first_row = row_number };
	uint64_t slot;

	if (!is_source && !row->number) {
		line.text = listing_row_text(row);
		line.flags = CODE_LINE_IS_INSTRUCTION;
		code_line_vec_push(&code->lines, line);
		return (uint32_t)code->lines.count - 1;
	}
	for (slot = key_of(row) >> 20;; slot++) {
		uint32_t *found = &table->slots[slot & table->mask];

		if (!*found) {
			if (is_source)
				line.text = listing_row_text(row);
			code_line_vec_push(&code->lines, line);
			*found = (uint32_t)code->lines.count;
			return *found - 1;
		}
		if (is_same_line(&code->lines.items[*found - 1], row)) {
			struct code_line *known = &code->lines.items[*found - 1];

			if (is_source && !known->text.len)
				known->text = listing_row_text(row);
			return *found - 1;
		}
	}
}

static void add_cost(struct code_line *line, const struct listing_row *row)
{
	if (row->kind == LISTING_INSTRUCTION)
		line->flags |= CODE_LINE_HAS_INSTRUCTIONS;
	if (row->even_branches)
		line->flags |= CODE_LINE_EVEN_BRANCHES;
	if (row->cost < 0)
		return;
	line->flags |= CODE_LINE_MEASURED;
	line->cost += row->cost;
}

static bool is_by_number(const struct listing *listing, uint32_t function)
{
	const struct listing_function *f = &listing->functions.items[function];

	for (size_t i = 0; i < f->row_count; i++)
		if (listing->rows.items[f->first_row + i].kind == LISTING_INSTRUCTION)
			return true;
	return false;
}

static int by_place(const void *left, const void *right)
{
	const struct code_line *a = left, *b = right;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->first_row < b->first_row ? -1 : a->first_row > b->first_row;
}

/* Puts the lines of disassembled source into their order, and the rows' references with them. */
static void sort_lines(struct code *code, size_t first, uint32_t *line_of_row, size_t rows)
{
	size_t count = code->lines.count - first;
	auto_free uint32_t *moved = x_calloc(count ? count : 1, sizeof(*moved));

	for (size_t i = 0; i < count; i++)
		code->lines.items[first + i].loop = (uint32_t)i; /* where it was */
	qsort(code->lines.items + first, count, sizeof(struct code_line), by_place);
	for (size_t i = 0; i < count; i++) {
		moved[code->lines.items[first + i].loop] = (uint32_t)(first + i);
		code->lines.items[first + i].loop = 0;
	}
	for (size_t i = 0; i < rows; i++)
		if (line_of_row[i] != UINT32_MAX)
			line_of_row[i] = moved[line_of_row[i] - first];
}

static void read_function(struct code *code, uint32_t function)
{
	const struct listing *listing = code->listing;
	const struct listing_function *f = &listing->functions.items[function];
	size_t first_line = code->lines.count, first_loop = code->loops.count, size = 64;
	auto_free uint32_t *line_of_row = x_calloc(f->row_count, sizeof(*line_of_row));
	bool has_instructions = is_by_number(listing, function);
	uint32_t above = UINT32_MAX;

	while (size < f->row_count * 2)
		size *= 2;
	auto_free uint32_t *slots = x_calloc(size, sizeof(*slots));
	struct line_table table = { slots, size - 1 };

	for (size_t i = 0; i < f->row_count; i++) {
		const struct listing_row *row = &listing->rows.items[f->first_row + i];

		line_of_row[i] = UINT32_MAX;
		if (row->kind == LISTING_LABEL)
			continue;
		if (!has_instructions) {
			struct code_line line = { .text = listing_row_text(row),
						  .function = function,
						  .file = row->file,
						  .scope = row->scope,
						  .number = row->number,
						  .first_row = f->first_row + i };

			code_line_vec_push(&code->lines, line);
			line_of_row[i] = (uint32_t)code->lines.count - 1;
		} else if (row->kind == LISTING_INSTRUCTION && !row->number &&
			   above != UINT32_MAX) {
			/* perf's screen shows no numbers: it is of the source above it */
			line_of_row[i] = above;
		} else {
			line_of_row[i] = line_of(code, &table, function, row, f->first_row + i);
		}
		if (row->kind == LISTING_SOURCE && str_trim(listing_row_text(row)).len)
			above = line_of_row[i];
		add_cost(&code->lines.items[line_of_row[i]], row);
	}
	if (has_instructions) {
		code->has_instructions = true;
		sort_lines(code, first_line, line_of_row, f->row_count);
		code_read_instructions(code, function, first_line, line_of_row);
	} else {
		code_find_source_loops(code, first_line);
	}
	for (size_t i = first_line; i < code->lines.count; i++)
		code->lines.items[i].share = code_share(code, function, code->lines.items[i].cost);
	code_find_heads(code, first_loop, first_line);
}

/* ---- the whole */

static int by_share(const void *left, const void *right, void *context)
{
	const struct code *sorted = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	double share_a = sorted->lines.items[a].share, share_b = sorted->lines.items[b].share;

	if (share_a > share_b || share_a < share_b)
		return share_a > share_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int by_hot(const void *left, const void *right)
{
	const struct code_hot *a = left, *b = right;

	if (a->share > b->share || a->share < b->share)
		return a->share > b->share ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void elect_language(struct code *code)
{
	const struct listing *listing = code->listing;
	unsigned votes[LANGUAGE_JS + 1] = { 0 };
	size_t instructions = 0, punctuated = 0;

	for (size_t i = 0; i < listing->rows.count && i < VOTE_ROWS; i++) {
		struct str text = str_trim(listing_row_text(&listing->rows.items[i]));

		if (listing->rows.items[i].kind == LISTING_INSTRUCTION) {
			instructions++;
			continue;
		}
		language_vote(text, votes);
		punctuated += text.len && strchr(";{}", text.ptr[text.len - 1]) != NULL;
	}
	code->language = language_elect(votes);
	if (!code->language && punctuated)
		code->language = LANGUAGE_C;
	code->is_code = code->language || instructions || listing->unit != LISTING_NOTHING;
}

static void sum_up(struct code *code)
{
	code->by_share = x_calloc(code->lines.count + 1, sizeof(*code->by_share));
	for (uint32_t i = 0; i < code->lines.count; i++) {
		code->by_share[i] = i;
		if (code->lines.items[i].loop)
			code->in_loops += code->lines.items[i].share;
	}
	qsort_r(code->by_share, code->lines.count, sizeof(*code->by_share), by_share, code);
	if (code->hot.count)
		qsort(code->hot.items, code->hot.count, sizeof(*code->hot.items), by_hot);
	if (code->hot.count > MAX_HOT)
		code->hot.count = MAX_HOT;
}

struct code *code_new(const struct listing *listing)
{
	struct code *code = x_calloc(1, sizeof(*code));

	code->listing = listing;
	code->is_measured = listing->unit != LISTING_NOTHING;
	intern(&code->texts, STR(""));
	elect_language(code);
	for (uint32_t i = 0; i < listing->functions.count; i++)
		if (listing->functions.items[i].cost > 0 || !code->is_measured)
			read_function(code, i);
	sum_up(code);
	code_find_signs(code);
	return code;
}

void code_free(struct code *code)
{
	if (!code)
		return;
	interner_done(&code->texts);
	arena_done(&code->arena);
	code_line_vec_done(&code->lines);
	code_loop_vec_done(&code->loops);
	code_sign_vec_done(&code->signs);
	code_call_vec_done(&code->calls);
	code_hot_vec_done(&code->hot);
	free(code->by_share);
	free(code);
}

void cleanup_code(struct code **code)
{
	code_free(*code);
}
