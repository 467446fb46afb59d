/*
 * perf annotate: --stdio (perf 3 to 6: with and without source, line numbers, raw bytes, -l,
 * several events) and the text of its screen, which --stdio2 prints too.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "source/instruction.h"
#include "source/reader.h"

/*
 * The numbers that perf prints before lines of source are right for the first of a block only where
 * it is the only one: objdump names the line of the instruction, then shows the lines before it
 * too, and perf counts on from that number. The last of the block is the line that was named.
 */
struct block {
	size_t first_row, count; /* rows of source since the last instruction or label */
	uint32_t start;		 /* number that perf showed for the first; 0 = none */
	uint32_t next;		 /* what would go on from there */
	uint32_t empty; /* lines before the first, which perf counts and shows no number of */
};

struct perf_reader {
	struct listing *listing;
	struct block block;
	uint32_t scope, file, number;	   /* of the instructions that follow */
	uint32_t named_file, named_number; /* told by a line of its own */
	double samples_per_percent;
	bool in_section, is_skipped, is_percent, has_event, is_seen;
};

static bool is_heading(struct str line)
{
	struct str word, rest = line;

	return str_next_word(&rest, &word) &&
	       (str_is(word, "Percent") || str_is(word, "Samples") || str_is(word, "Period")) &&
	       str_find(rest, STR("Disassembly of ")) >= 0;
}

static bool is_perf(struct str text)
{
	struct str line;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++)
		if (is_heading(line))
			return true;
	return false;
}

/* Takes what stands between `from` and `to` in `text`; false where either is missing. */
static bool between(struct str text, struct str from, struct str to, struct str *ret)
{
	ptrdiff_t start = str_find(text, from), end;

	if (start < 0)
		return false;
	text = (struct str){ text.ptr + start + from.len, text.len - (size_t)start - from.len };
	end = to.len ? str_find(text, to) : (ptrdiff_t)text.len;
	if (end < 0)
		end = (ptrdiff_t)text.len;
	*ret = (struct str){ text.ptr, (size_t)end };
	return true;
}

static void other_event(struct listing *listing, struct str name)
{
	uint32_t id = listing_intern(listing, name);

	for (size_t i = 0; i < listing->other_event_count; i++)
		if (listing->other_events[i] == id)
			return;
	if (listing->other_event_count < ARRAY_SIZE(listing->other_events))
		listing->other_events[listing->other_event_count++] = id;
}

/* The first event of all is the one whose costs count; "anon group { a, b }" is a with b beside. */
static bool choose_event(struct perf_reader *r, struct str name)
{
	struct listing *listing = r->listing;
	struct str group, first, rest;

	if (between(name, STR("{ "), STR(" }"), &group)) {
		str_cut(group, ',', &first, &rest);
		name = str_trim(first);
		while (rest.len) {
			str_cut(rest, ',', &first, &rest);
			other_event(listing, str_trim(first));
		}
	}
	if (!r->has_event) {
		r->has_event = true;
		listing->event = listing_intern(listing, name);
		return true;
	}
	if (str_is(name, listing_text(listing, listing->event)))
		return true;
	other_event(listing, name);
	return false;
}

static void begin_section(struct perf_reader *r, struct str line)
{
	struct listing *listing = r->listing;
	struct str word, rest = line, object = STR(""), event = STR(""), count;
	struct listing_function *function;
	bool is_global = str_find(line, STR("percent: global")) >= 0;
	double told;
	uint64_t samples = 0;

	str_next_word(&rest, &word);
	between(line, STR("Disassembly of "), STR(" for "), &object);
	between(line, STR(" for "), STR(" ("), &event);
	r->in_section = true;
	r->is_skipped = !choose_event(r, str_trim(event));
	if (r->is_skipped)
		return;
	if (between(line, STR(" ("), STR(" samples"), &count))
		samples = reader_number(&count, &told) && told < 1e15 ? (uint64_t)told : 0;
	r->is_percent = str_is(word, "Percent");
	r->samples_per_percent = r->is_percent && samples && !is_global ? (double)samples / 100 : 1;
	if (!r->is_seen)
		listing->unit = !r->is_percent		? LISTING_SAMPLES
				: samples && !is_global ? LISTING_SAMPLES
							: LISTING_PERCENT;
	listing->is_whole_of_each |= r->is_percent && !samples && !is_global;
	r->is_seen = true;
	r->block = (struct block){ 0 };
	r->scope = r->file = r->number = r->named_file = r->named_number = 0;
	listing->samples += samples;
	function = listing_begin(listing, STR(""), STR(""), str_trim(object));
	function->samples = samples;
}

static struct listing_function *current(struct perf_reader *r)
{
	return &r->listing->functions.items[r->listing->functions.count - 1];
}

static void end_block(struct perf_reader *r)
{
	struct block *block = &r->block;
	struct listing_row_vec *rows = &r->listing->rows;
	uint32_t last = r->named_number ? r->named_number : block->start;

	if (block->count) {
		r->file = r->named_file ? r->named_file : r->file;
		r->number = last;
		for (size_t i = 0; i < block->count; i++) {
			uint32_t before = (uint32_t)(block->count - 1 - i);

			rows->items[block->first_row + i].number =
				last > before ? last - before : 0;
			rows->items[block->first_row + i].file = r->file;
		}
	} else if (r->named_number) {
		r->file = r->named_file;
		r->number = r->named_number;
	}
	r->named_number = r->named_file = 0;
	*block = (struct block){ 0 };
}

/* "/path/file.c:12", "./elf/../x.h:76 (discriminator 3)": what objdump -l prints. */
static bool take_location(struct perf_reader *r, struct str text)
{
	ptrdiff_t discriminator = str_find(text, STR(" (discriminator"));
	size_t colon;
	uint32_t number;
	struct str digits;

	if (discriminator > 0)
		text.len = (size_t)discriminator;
	for (colon = text.len; colon && text.ptr[colon - 1] != ':'; colon--)
		;
	if (colon < 2 || !memchr(text.ptr, '/', colon) || memchr(text.ptr, ' ', colon))
		return false;
	digits = (struct str){ text.ptr + colon, text.len - colon };
	if (!reader_decimal(&digits, &number) || digits.len)
		return false;
	end_block(r);
	r->named_file = listing_intern(r->listing, (struct str){ text.ptr, colon - 1 });
	r->named_number = number;
	return true;
}

/* "modsum():", and of C++ "areas(std::vector<int> const&):": whose lines come next. */
static bool is_function_label(struct str text)
{
	if (text.len < 4 || text.ptr[text.len - 1] != ':' || memchr(text.ptr, ';', text.len) ||
	    memchr(text.ptr, '{', text.len) || str_starts_with(text, STR("case ")) ||
	    !(isalpha((unsigned char)*text.ptr) || *text.ptr == '_' || *text.ptr == '('))
		return false;
	text.len--;
	return str_ends_with(text, STR(")")) || str_ends_with(text, STR(") const")) ||
	       (str_ends_with(text, STR("]")) && str_find(text, STR("[clone ")) > 0) ||
	       (str_ends_with(text, STR("&&")) || str_ends_with(text, STR(") const &")));
}

/* "0000000000001270 <modsum>:" and the above. */
static bool take_label(struct perf_reader *r, struct str text)
{
	struct listing_function *function = current(r);
	struct str name;
	uint32_t id;

	if (str_ends_with(text, STR(">:")) && isxdigit((unsigned char)*text.ptr) &&
	    between(text, STR("<"), STR(""), &name)) {
		name.len -= 2;
		if (!function->name)
			function->name = listing_intern(r->listing, name);
		return true;
	}
	if (!is_function_label(text))
		return false;
	end_block(r);
	name = (struct str){ text.ptr, text.len - 1 };
	/* names of C have empty parentheses that are not theirs */
	if (str_ends_with(name, STR("()")) && !memchr(name.ptr, ':', name.len) &&
	    !memchr(name.ptr, '<', name.len))
		name.len -= 2;
	id = listing_intern(r->listing, name);
	if (!function->name)
		function->name = id;
	r->scope = id == function->name ? 0 : id;
	return true;
}

static void take_source(struct perf_reader *r, struct str text)
{
	struct str rest = reader_skip_blanks(text), trimmed;
	struct listing_row *row;
	uint32_t number = 0;

	/* ": 12   text": the number is followed by blanks, or by nothing where the line is empty */
	if (reader_decimal(&rest, &number) && (!rest.len || *rest.ptr == ' '))
		text = rest;
	else
		number = 0;
	trimmed = str_trim(text);
	if (!trimmed.len) {
		/* an empty line of the source, which perf counts too */
		r->block.next += r->block.start != 0;
		r->block.empty += r->block.start == 0;
		if (!r->block.count)
			return;
	} else if (str_starts_with(trimmed, STR("Disassembly of section")) ||
		   take_location(r, trimmed) || take_label(r, trimmed)) {
		return;
	}
	if (trimmed.len && number && r->block.count && number != r->block.next)
		end_block(r);
	if (!r->block.count) {
		r->block.first_row = r->listing->rows.count;
		r->block.start = number > r->block.empty ? number - r->block.empty : number;
		r->block.next = number;
	}
	r->block.next += trimmed.len && number;
	row = listing_add(r->listing, LISTING_SOURCE, trimmed.len ? text : trimmed, -1);
	row->scope = r->scope;
	r->block.count++;
}

/* Where -l says behind the instruction what line it is of: "sub $1,%eax // a.c:8". */
static struct str take_comment(struct perf_reader *r, struct str text, struct listing_row *row)
{
	ptrdiff_t at = str_find(text, STR(" // "));
	struct str place, file, digits;
	size_t colon;
	uint32_t number;

	if (at < 0)
		return text;
	place = str_trim((struct str){ text.ptr + at + 4, text.len - (size_t)at - 4 });
	for (colon = place.len; colon && place.ptr[colon - 1] != ':'; colon--)
		;
	digits = (struct str){ place.ptr + colon, place.len - colon };
	if (!colon || !reader_decimal(&digits, &number) || digits.len)
		return text;
	file = (struct str){ place.ptr, colon - 1 };
	/* only lines that cost something say it: the others of the function are in the same file */
	if (number == row->number && !row->file && !row->scope) {
		current(r)->told_file = listing_intern(r->listing, file);
	} else {
		row->file = listing_intern(r->listing, file);
		row->number = number;
	}
	return (struct str){ text.ptr, (size_t)at };
}

static void take_instruction(struct perf_reader *r, struct str text, double cost)
{
	struct listing_row *row;

	end_block(r);
	row = listing_add(r->listing, LISTING_INSTRUCTION, text, cost);
	row->file = r->file;
	row->number = r->number;
	row->scope = r->scope;
	text = take_comment(r, text, row);
	row->len = (uint32_t)text.len;
}

/* Parts "  12.40    1.00 :   text" at the first ':' behind nothing but figures. */
static bool cut_costs(struct str line, double *ret_cost, bool *ret_has_cost, struct str *ret_text)
{
	struct str left = line;

	*ret_has_cost = false;
	for (size_t i = 0; i < line.len && i < 200; i++) {
		char c = line.ptr[i];

		if (c == ':') {
			left.len = i;
			left = str_trim(left);
			*ret_has_cost = left.len && reader_number(&left, ret_cost);
			*ret_text = (struct str){ line.ptr + i + 1, line.len - i - 1 };
			return true;
		}
		if (!isdigit((unsigned char)c) && c != '.' && c != ' ' && c != '\t')
			return false;
	}
	return false;
}

static bool has_address(struct str text)
{
	size_t digits = 0, i = 0;

	for (; i < text.len && isxdigit((unsigned char)text.ptr[i]); i++)
		digits += isdigit((unsigned char)text.ptr[i]) != 0;
	return digits && i + 1 < text.len && text.ptr[i] == ':' &&
	       isspace((unsigned char)text.ptr[i + 1]);
}

static bool is_rule(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] != '-' && line.ptr[i] != '=')
			return false;
	return true;
}

static void read_section_line(struct perf_reader *r, struct str line)
{
	struct str text = STR(""), trimmed;
	double cost = -1;
	bool has_cost;

	if (!cut_costs(line, &cost, &has_cost, &text)) {
		if (!is_rule(str_trim(line)))
			listing_ignore(r->listing, line);
		return;
	}
	trimmed = reader_skip_blanks(text);
	if (has_cost || has_address(trimmed))
		take_instruction(r, trimmed, has_cost ? cost * r->samples_per_percent : 0);
	else
		take_source(r, text);
}

static void read_perf(struct listing *listing, struct str text)
{
	struct perf_reader r = { .listing = listing };
	struct str line;

	listing->format = "perf annotate";
	while (str_next_line(&text, &line)) {
		if (is_heading(line)) {
			if (r.in_section && !r.is_skipped)
				end_block(&r);
			begin_section(&r, line);
		} else if (str_starts_with(line, STR("Sorted summary for file"))) {
			/* the same costs again, by line */
			r.in_section = false;
		} else if (r.in_section && !r.is_skipped) {
			read_section_line(&r, line);
		}
	}
	if (r.in_section && !r.is_skipped)
		end_block(&r);
}

const struct reader reader_perf = { is_perf, read_perf };

/* ---- its screen */

static const struct str bar = { "\xe2\x94\x82", 3 };

/* What the screen draws before an instruction: arrows and the lines of jumps. */
static struct str skip_drawing(struct str text)
{
	for (;;) {
		text = reader_skip_blanks(text);
		if (text.len >= 3 && (uint8_t)text.ptr[0] == 0xe2 &&
		    ((uint8_t)text.ptr[1] == 0x86 || (uint8_t)text.ptr[1] == 0x94 ||
		     (uint8_t)text.ptr[1] == 0x95))
			text = (struct str){ text.ptr + 3, text.len - 3 };
		else
			return text;
	}
}

/* "  2.61 |  18:  mov ...": cost, text from its label on; the bar is not printed by --stdio2. */
static bool cut_screen(struct str line, double *ret_cost, struct str *ret_text)
{
	struct str rest = reader_skip_blanks(line);
	double cost;

	*ret_cost = -1;
	if (rest.len && isdigit((unsigned char)*rest.ptr)) {
		struct str after = rest;

		if (reader_number(&after, &cost) && after.len &&
		    (*after.ptr == ' ' || *after.ptr == '%' || str_starts_with(after, bar))) {
			*ret_cost = cost;
			rest = *after.ptr == '%' ? (struct str){ after.ptr + 1, after.len - 1 }
						 : after;
			rest = reader_skip_blanks(rest);
		}
	}
	if (str_starts_with(rest, bar))
		rest = (struct str){ rest.ptr + bar.len, rest.len - bar.len };
	*ret_text = str_trim(skip_drawing(rest));
	return ret_text->len > 0;
}

static bool is_screen(struct str text)
{
	int instructions = 0, costs = 0, bars = 0;
	bool has_head = false;
	struct str line;

	for (int i = 0; i < READER_LOOK_LINES && str_next_line(&text, &line); i++) {
		double cost;
		struct str code;

		has_head |= (str_starts_with(line, STR("Samples: ")) &&
			     str_find(line, STR(" of event")) > 0) ||
			    str_find(line, STR("[Percent: ")) > 0;
		bars += str_find(line, bar) >= 0;
		if (!cut_screen(line, &cost, &code) || !instruction_is(code))
			continue;
		instructions++;
		costs += cost >= 0;
	}
	return instructions >= 2 && costs && (has_head || bars >= 2);
}

static void read_screen_line(struct listing *listing, struct str line)
{
	double cost;
	struct str text, trimmed = str_trim(line), name, rest;

	if (!trimmed.len)
		return;
	if (str_starts_with(trimmed, STR("Samples: "))) {
		if (between(trimmed, STR("of event '"), STR("'"), &name))
			listing->event = listing_intern(listing, name);
		return;
	}
	if (str_starts_with(trimmed, STR("Percent")) ||
	    str_starts_with(trimmed, STR("Disassembly of section")))
		return;
	rest = line;
	/* "modsum() /tmp/a" or "modsum  /tmp/a [Percent: local period]" */
	if (str_find(line, bar) < 0 && str_next_word(&rest, &name) && rest.len &&
	    *str_trim(rest).ptr == '/' && isalpha((unsigned char)*name.ptr) &&
	    name.ptr == line.ptr) {
		str_next_word(&rest, &text);
		if (str_ends_with(name, STR("()")))
			name.len -= 2;
		listing_begin(listing, name, STR(""), text);
		return;
	}
	if (!cut_screen(line, &cost, &text))
		return;
	if (instruction_is(text)) {
		listing_add(listing, LISTING_INSTRUCTION, text, cost >= 0 ? cost : 0);
	} else if (str_ends_with(text, STR(">:")) || str_ends_with(text, STR("():"))) {
		listing_add(listing, LISTING_LABEL, text, -1);
	} else {
		/* the text as it was indented is lost; that of the screen serves as well */
		listing_add(listing, LISTING_SOURCE, text, cost);
	}
}

static void read_screen(struct listing *listing, struct str text)
{
	struct str line;

	listing->format = "perf annotate's screen";
	listing->unit = LISTING_PERCENT;
	listing->is_whole_of_each = true;
	while (str_next_line(&text, &line))
		read_screen_line(listing, line);
}

const struct reader reader_perf_screen = { is_screen, read_screen };
