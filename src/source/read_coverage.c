/* Counts of executions beside the source: gcov's .gcov, llvm-cov show, gprof -A. */
#include <ctype.h>
#include <string.h>

#include "source/reader.h"

/* A branch that goes each way at least this often is one that a predictor may find hard. */
static const double even_from = 0.2;

static void start(struct listing *listing, const char *format, const char *event)
{
	listing->format = format;
	listing->unit = LISTING_RUNS;
	listing->event = listing_intern(listing, str_from(event));
}

static struct str after(struct str text, size_t bytes)
{
	return (struct str){ text.ptr + bytes, text.len - bytes };
}

/* ---- gcov */

/* "    123*:   12:text", "    #####:   13:text", "        -:    0:Source:a.c" */
static bool cut_gcov(struct str line, double *ret_count, uint32_t *ret_number, struct str *ret_text)
{
	struct str count, rest;
	double value;

	if (!str_cut(line, ':', &count, &rest))
		return false;
	count = str_trim(count);
	rest = reader_skip_blanks(rest);
	if (!count.len || !reader_decimal(&rest, ret_number) || !rest.len || *rest.ptr != ':')
		return false;
	*ret_text = after(rest, 1);
	if (str_is(count, "-")) {
		*ret_count = -1;
		return true;
	}
	if (str_is(count, "#####") || str_is(count, "=====") || str_is(count, "$$$$$") ||
	    str_is(count, "%%%%%")) {
		*ret_count = 0;
		return true;
	}
	if (!isdigit((unsigned char)*count.ptr) || !reader_number(&count, &value) ||
	    (count.len && !str_is(count, "*")))
		return false;
	*ret_count = value;
	return true;
}

static bool is_gcov(struct str text)
{
	struct str line, code;
	uint32_t number, found = 0;
	double count;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++)
		if (cut_gcov(line, &count, &number, &code))
			found += number == 0 && str_starts_with(code, STR("Source:")) ? 10 : 1;
	return found >= 3;
}

/* The two ways of a branch, as they are told one below the other. */
struct branch {
	size_t row;
	double taken[2];
	int ways;
};

static void note_branch(struct listing *listing, struct branch *branch, struct str line)
{
	struct str word, rest = line;
	double taken;

	str_next_word(&rest, &word);
	str_next_word(&rest, &word);
	if (!str_next_word(&rest, &word) || !str_is(word, "taken"))
		return;
	rest = reader_skip_blanks(rest);
	if (!reader_number(&rest, &taken))
		return;
	branch->taken[branch->ways % 2] = taken;
	branch->ways++;
	if (branch->ways % 2 == 0 && branch->row < listing->rows.count &&
	    branch->taken[0] + branch->taken[1] > 0) {
		double share = branch->taken[0] / (branch->taken[0] + branch->taken[1]);

		if (share >= even_from && share <= 1 - even_from)
			listing->rows.items[branch->row].even_branches = 1;
	}
}

static void read_gcov(struct listing *listing, struct str text)
{
	struct branch branch = { .row = SIZE_MAX };
	struct str line, code;

	start(listing, "gcov", "");
	while (str_next_line(&text, &line)) {
		uint32_t number;
		double count;

		if (cut_gcov(line, &count, &number, &code)) {
			if (number == 0) {
				if (str_starts_with(code, STR("Source:")))
					listing_begin(listing, STR(""), after(code, 7), STR(""));
				continue;
			}
			branch = (struct branch){ .row = listing->rows.count };
			listing_add(listing, LISTING_SOURCE, code, count)->number = number;
		} else if (str_starts_with(line, STR("branch"))) {
			note_branch(listing, &branch, line);
		} else if (!str_starts_with(line, STR("function ")) &&
			   !str_starts_with(line, STR("call")) &&
			   !str_starts_with(line, STR("unconditional")) &&
			   !str_ends_with(line, STR(":")) && str_find(line, STR("-block")) < 0 &&
			   str_trim(line).len && !str_starts_with(line, STR("------"))) {
			listing_ignore(listing, line);
		}
	}
}

const struct reader reader_gcov = { is_gcov, read_gcov };

/* ---- llvm-cov show */

/* "   12|  1.20k|text" */
static bool cut_llvm(struct str line, double *ret_count, uint32_t *ret_number, struct str *ret_text)
{
	struct str number = reader_skip_blanks(line), count;

	if (!reader_decimal(&number, ret_number) || !number.len || *number.ptr != '|')
		return false;
	if (!str_cut(after(number, 1), '|', &count, ret_text))
		return false;
	count = str_trim(count);
	*ret_count = -1;
	if (!count.len)
		return true;
	return reader_number(&count, ret_count) && (!count.len || str_is(count, "E"));
}

static bool is_llvm(struct str text)
{
	struct str line, code;
	uint32_t number;
	double count;
	int found = 0, counted = 0;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++)
		if (cut_llvm(line, &count, &number, &code)) {
			found++;
			counted += count >= 0;
		}
	return found >= 3 && counted;
}

/* "  |  Branch (26:7): [True: 6, False: 89.9k]" */
static void note_llvm_branch(struct listing *listing, struct str line)
{
	ptrdiff_t yes = str_find(line, STR("[True: ")), no = str_find(line, STR("False: "));
	struct str text;
	double taken, other;

	if (yes < 0 || no < 0 || !listing->rows.count)
		return;
	text = after(line, (size_t)yes + 7);
	if (!reader_number(&text, &taken))
		return;
	text = after(line, (size_t)no + 7);
	if (reader_number(&text, &other) && taken + other > 0 &&
	    taken >= even_from * (taken + other) && other >= even_from * (taken + other))
		listing->rows.items[listing->rows.count - 1].even_branches = 1;
}

static bool is_llvm_mark(struct str line)
{
	struct str trimmed = str_trim(line);

	return !trimmed.len || *trimmed.ptr == '^' || *trimmed.ptr == '|' ||
	       str_starts_with(trimmed, STR("------")) || str_find(line, STR(" ^")) >= 0;
}

static void read_llvm(struct listing *listing, struct str text)
{
	struct str line, code;

	start(listing, "llvm-cov show", "");
	while (str_next_line(&text, &line)) {
		uint32_t number;
		double count;

		if (cut_llvm(line, &count, &number, &code))
			listing_add(listing, LISTING_SOURCE, code, count)->number = number;
		else if (str_find(line, STR("Branch (")) >= 0)
			note_llvm_branch(listing, line);
		else if (*line.ptr == '/' && str_ends_with(line, STR(":")))
			listing_begin(listing, STR(""), (struct str){ line.ptr, line.len - 1 },
				      STR(""));
		else if (!is_llvm_mark(line))
			listing_ignore(listing, line);
	}
}

const struct reader reader_llvm_cov = { is_llvm, read_llvm };

/* ---- gprof -A */

static bool is_gprof(struct str text)
{
	struct str line;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++)
		if (str_starts_with(line, STR("*** File ")))
			return true;
	return false;
}

static void read_gprof(struct listing *listing, struct str text)
{
	bool in_file = false;
	uint32_t number = 0;
	struct str line;

	start(listing, "gprof -A", "");
	while (str_next_line(&text, &line)) {
		ptrdiff_t arrow = str_find(line, STR(" -> "));
		struct str count = str_trim(line), code = line;
		double value = -1;

		if (str_starts_with(line, STR("*** File "))) {
			struct str file = str_trim(after(line, 9));

			file.len -= file.len && file.ptr[file.len - 1] == ':';
			listing_begin(listing, STR(""), file, STR(""));
			in_file = true;
			number = 0;
			continue;
		}
		if (str_starts_with(line, STR("Top ")) && str_find(line, STR(" Lines:")) > 0)
			in_file = false;
		if (!in_file)
			continue;
		if (arrow >= 0 && arrow <= 13) {
			count = str_trim((struct str){ line.ptr, (size_t)arrow });
			if (str_is(count, "#####"))
				value = 0;
			else if (!reader_number(&count, &value))
				value = -1;
			code = after(line, (size_t)arrow + 4);
		} else if (line.len >= 16) {
			code = after(line, 16);
		}
		listing_add(listing, LISTING_SOURCE, code, value)->number = ++number;
	}
}

const struct reader reader_gprof = { is_gprof, read_gprof };
