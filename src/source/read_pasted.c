/*
 * Code with a column of shares or counts before or behind it, as people paste it from profilers'
 * windows, and code without any: disassembly of objdump or source.
 */
#include <ctype.h>
#include <string.h>

#include "source/instruction.h"
#include "source/lex.h"
#include "source/reader.h"

/* What a line says beside its code. */
struct pasted {
	bool has_cost, is_percent, is_behind;
	double cost;
	uint32_t number; /* 0 = none */
	struct str code;
};

static struct str after(struct str text, size_t bytes)
{
	return (struct str){ text.ptr + bytes, text.len - bytes };
}

/* Whether a line may be code: tables of functions have rows that end otherwise. */
static bool is_codeish(struct str line)
{
	unsigned votes[LANGUAGE_JS + 1] = { 0 };
	struct str text = str_trim(line);

	if (!text.len || str_find(text, STR("[.]")) >= 0 || str_find(text, STR("[k]")) >= 0)
		return false;
	if (strchr(";{}", text.ptr[text.len - 1]) || instruction_is(text) ||
	    str_find(text, STR(" = ")) > 0 || str_find(text, STR("+= ")) > 0 ||
	    str_find(text, STR(" == ")) > 0)
		return true;
	language_vote(text, votes);
	for (size_t i = 0; i < ARRAY_SIZE(votes); i++)
		if (votes[i])
			return true;
	return false;
}

/* '|', ':' or the line that screens draw, between two columns. */
static bool take_separator(struct str *text)
{
	struct str rest = reader_skip_blanks(*text);
	size_t bytes = 0;

	if (str_starts_with(rest, STR("\xe2\x94\x82")))
		bytes = 3;
	else if (rest.len &&
		 (*rest.ptr == '|' || (*rest.ptr == ':' && (rest.len == 1 || rest.ptr[1] != ':'))))
		bytes = 1;
	if (!bytes)
		return false;
	*text = after(rest, bytes);
	return true;
}

/* "12.5% ", "12.5 |", "1,234 |"; a bare number could be anything. */
static bool take_cost(struct str *text, struct pasted *p)
{
	struct str rest = reader_skip_blanks(*text), start = rest;
	double value;
	bool separated;

	if (!rest.len || !isdigit((unsigned char)*rest.ptr) || !reader_number(&rest, &value))
		return false;
	p->is_percent = rest.len && *rest.ptr == '%';
	if (p->is_percent)
		rest = after(rest, 1);
	if (rest.len && !isspace((unsigned char)*rest.ptr) && *rest.ptr != '|' &&
	    *rest.ptr != ':' && (uint8_t)*rest.ptr != 0xe2)
		return false;
	separated = take_separator(&rest);
	if (!p->is_percent && memchr(start.ptr, '.', (size_t)(rest.ptr - start.ptr)) &&
	    value <= 100 && (separated || str_starts_with(rest, STR("  "))))
		p->is_percent = true;
	if (!p->is_percent && !separated)
		return false;
	p->has_cost = true;
	p->cost = value;
	*text = rest;
	return true;
}

static bool take_number(struct str *text, uint32_t *ret)
{
	struct str rest = reader_skip_blanks(*text);

	if (!reader_decimal(&rest, ret) || !rest.len ||
	    !(isspace((unsigned char)*rest.ptr) || *rest.ptr == ':' || *rest.ptr == '|'))
		return false;
	take_separator(&rest);
	*text = rest;
	return true;
}

static struct pasted read_front(struct str line)
{
	struct pasted p = { .code = line };
	struct str rest = line, numbered = line;
	uint32_t number = 0;

	if (take_cost(&rest, &p) && p.is_percent) {
		numbered = rest;
		if (take_number(&numbered, &number) && numbered.ptr > rest.ptr &&
		    (numbered.ptr[-1] == ':' || numbered.ptr[-1] == '|')) {
			p.number = number;
			rest = numbered;
		}
		p.code = rest;
		return p;
	}
	/* the line's number comes first: "  12  45.2%  code" or "12 | 340 | code" */
	if (take_number(&numbered, &number)) {
		struct pasted second = { 0 };

		rest = numbered;
		if (take_cost(&rest, &second)) {
			second.number = number;
			second.code = rest;
			return second;
		}
	}
	if (p.has_cost)
		p.code = rest.ptr == line.ptr ? line : rest;
	return p;
}

/* "code   // 45.2%", "code  # 45.2 %", "code   45.2%" */
static struct pasted read_behind(struct str line)
{
	struct pasted p = { .code = line };
	struct str rest = str_trim(line);
	size_t start;

	if (str_ends_with(rest, STR("*/")))
		rest = str_trim((struct str){ rest.ptr, rest.len - 2 });
	if (!str_ends_with(rest, STR("%")))
		return p;
	rest = str_trim((struct str){ rest.ptr, rest.len - 1 });
	for (start = rest.len;
	     start && (isdigit((unsigned char)rest.ptr[start - 1]) || rest.ptr[start - 1] == '.');
	     start--)
		;
	if (start == rest.len || !start || !isspace((unsigned char)rest.ptr[start - 1]) ||
	    !str_to_double(after(rest, start), &p.cost))
		return p;
	p.has_cost = p.is_percent = p.is_behind = true;
	rest = str_trim((struct str){ line.ptr, (size_t)(rest.ptr + start - line.ptr) });
	while (rest.len && strchr("/#*|-<", rest.ptr[rest.len - 1]))
		rest.len--;
	/* the indentation stays */
	p.code = (struct str){ line.ptr, (size_t)(rest.ptr + rest.len - line.ptr) };
	return p;
}

struct counts {
	size_t lines, front, front_percent, behind, codeish;
};

static struct counts look(struct str text)
{
	struct counts counts = { 0 };
	struct str line;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++) {
		struct pasted front, behind;

		if (!str_trim(line).len)
			continue;
		front = read_front(line);
		behind = read_behind(line);
		counts.lines++;
		counts.front += front.has_cost && str_trim(front.code).len;
		counts.front_percent += front.has_cost && front.is_percent;
		counts.behind += behind.has_cost && str_trim(behind.code).len;
		counts.codeish += is_codeish(front.has_cost ? front.code : behind.code);
	}
	return counts;
}

/* Comments and blank lines may be many. */
static bool is_code(const struct counts *counts)
{
	return counts->codeish && counts->codeish * 6 >= counts->lines;
}

static bool is_pasted(struct str text)
{
	struct counts counts = look(text);

	if (!is_code(&counts))
		return false;
	return counts.behind > 0 || counts.front_percent > 0 ||
	       (counts.front >= 2 && counts.front * 2 >= counts.lines);
}

static void add_line(struct listing *listing, struct str code, double cost, uint32_t number)
{
	struct str trimmed = str_trim(code);
	bool is_instruction = instruction_is(trimmed);
	struct listing_row *row =
		listing_add(listing, is_instruction ? LISTING_INSTRUCTION : LISTING_SOURCE,
			    is_instruction ? trimmed : code, cost);

	row->number = is_instruction ? 0 : number;
}

static void read_pasted(struct listing *listing, struct str text)
{
	struct counts counts = look(text);
	bool is_front = counts.front_percent >= counts.behind && counts.front;
	bool is_percent = counts.behind || counts.front_percent;
	uint32_t line_number = 0;
	size_t margin = 0;
	struct str line;

	listing->format = is_front ? "code with a column of costs in front"
				   : "code with costs behind the lines";
	listing->unit = is_percent ? LISTING_PERCENT : LISTING_RUNS;
	while (str_next_line(&text, &line)) {
		struct pasted p = is_front ? read_front(line) : read_behind(line);
		struct str code = p.code;

		line_number++;
		if (is_front && p.has_cost) {
			margin = (size_t)(p.code.ptr - line.ptr);
			/* one blank parts the column from the code */
			if (code.len && *code.ptr == ' ')
				code = after(code, 1);
		} else if (is_front && margin && line.len > margin) {
			size_t blank = 0;

			while (blank < margin && strchr(" \t|:", line.ptr[blank]))
				blank++;
			code = blank == margin ? after(line, margin) : line;
		}
		add_line(listing, code, p.has_cost ? p.cost : -1,
			 p.number ? p.number : line_number);
	}
}

const struct reader reader_pasted = { is_pasted, read_pasted };

/* ---- nothing but code */

static bool is_plain(struct str text)
{
	struct counts counts = look(text);

	return is_code(&counts);
}

/* "0000000000001270 <modsum>:" of objdump */
static bool take_function(struct listing *listing, struct str line)
{
	struct str address, rest;
	uint64_t value;

	if (!str_ends_with(line, STR(">:")) || !str_cut(line, ' ', &address, &rest) ||
	    !str_to_hex(address, &value) || rest.len < 4 || *rest.ptr != '<')
		return false;
	listing_begin(listing, (struct str){ rest.ptr + 1, rest.len - 3 }, STR(""), STR(""));
	return true;
}

static void read_plain(struct listing *listing, struct str text)
{
	uint32_t number = 0;
	bool is_objdump = false;
	struct str line;

	listing->format = "code without costs";
	listing->unit = LISTING_NOTHING;
	while (str_next_line(&text, &line)) {
		number++;
		if (take_function(listing, str_trim(line)))
			is_objdump = true;
		else
			add_line(listing, line, -1, is_objdump ? 0 : number);
	}
}

const struct reader reader_plain = { is_plain, read_plain };
