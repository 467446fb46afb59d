#include "samples/paste.h"

#include "samples/import.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool paste_percent(struct str word, double *ret_ratio)
{
	enum paste_unit unit;
	double percent;

	if (word.len < 2 || word.len > 12 || word.ptr[word.len - 1] != '%' ||
	    !is_digit(word.ptr[0]) || !paste_number(word, &percent, &unit) || percent > 1000000)
		return false;
	*ret_ratio = percent / 100;
	return true;
}

bool paste_field(struct str *text, struct str *ret_field)
{
	struct str rest = str_trim(*text);
	size_t end = 0;

	if (!rest.len)
		return false;
	while (end < rest.len && rest.ptr[end] != '\t' &&
	       !(rest.ptr[end] == ' ' && end + 1 < rest.len && rest.ptr[end + 1] == ' '))
		end++;
	*ret_field = (struct str){ rest.ptr, end };
	*text = (struct str){ rest.ptr + end, rest.len - end };
	return true;
}

void paste_place(struct str text, struct str *ret_file, uint32_t *ret_line)
{
	size_t digits = 0;
	uint64_t line;

	text = str_trim(text);
	*ret_line = 0;
	*ret_file = str_is(text, "Unknown file") ? STR("") : text;
	/* "module+0x1f" is an address, not a file */
	if (str_find(text, STR("+0x")) >= 0) {
		*ret_file = STR("");
		return;
	}
	while (digits < text.len && is_digit(text.ptr[text.len - 1 - digits]))
		digits++;
	if (!digits || digits + 1 >= text.len)
		return;
	if (text.ptr[text.len - 1 - digits] != '#' && text.ptr[text.len - 1 - digits] != ':')
		return;
	if (!str_to_u64((struct str){ text.ptr + text.len - digits, digits }, &line) ||
	    line > UINT32_MAX)
		return;
	*ret_line = (uint32_t)line;
	ret_file->len = text.len - digits - 1;
}

struct str paste_name(struct str symbol)
{
	uint64_t address;

	symbol = str_trim(symbol);
	if (str_is(symbol, "[unknown]") || str_is(symbol, "Unknown function") ||
	    str_is(symbol, "??") || str_is(symbol, "[...]"))
		return STR("");
	if (str_starts_with(symbol, STR("0x")) && str_to_hex(symbol, &address))
		return STR("");
	return symbol;
}

/* Where " [.] " and its like stand, or -1. */
static ptrdiff_t mark_at(struct str text)
{
	for (size_t i = 0; i + 4 <= text.len; i++)
		if (text.ptr[i] == '[' && text.ptr[i + 2] == ']' && text.ptr[i + 3] == ' ' &&
		    (i == 0 || text.ptr[i - 1] == ' '))
			return (ptrdiff_t)i;
	return -1;
}

/* "gzip     gzip" before the mark. */
static void read_owners(struct str text, struct paste_row *row)
{
	struct str first, second, third;

	if (!paste_field(&text, &first))
		return;
	row->dso = first;
	if (paste_field(&text, &second)) {
		row->comm = first;
		row->dso = paste_field(&text, &third) ? third : second;
		return;
	}
	/* one blank only, as in "gzip gzip": what perf pads by two may have been squeezed */
	for (size_t i = first.len; i > 0; i--)
		if (first.ptr[i - 1] == ' ') {
			row->comm = str_trim((struct str){ first.ptr, i - 1 });
			row->dso = (struct str){ first.ptr + i, first.len - i };
			return;
		}
}

bool paste_perf_names(struct str text, struct paste_row *ret)
{
	struct paste_row row = { .self = -1, .children = -1 };
	ptrdiff_t mark = mark_at(text);
	struct str symbol;

	if (mark < 0)
		return false;
	row.is_kernel = text.ptr[mark + 1] == 'k' || text.ptr[mark + 1] == 'g';
	read_owners((struct str){ text.ptr, (size_t)mark }, &row);
	text = (struct str){ text.ptr + mark + 4, text.len - (size_t)mark - 4 };
	if (!paste_field(&text, &symbol))
		return false;
	row.symbol = symbol;
	*ret = row;
	return true;
}

bool paste_perf_row(struct str line, struct paste_row *ret)
{
	struct str rest = str_trim(line), word, after;
	double first, second = -1;

	if (rest.len > 1 && (rest.ptr[0] == '-' || rest.ptr[0] == '+'))
		rest = str_trim((struct str){ rest.ptr + 1, rest.len - 1 });
	if (!str_next_word(&rest, &word) || !paste_percent(word, &first))
		return false;
	after = rest;
	if (str_next_word(&after, &word) && paste_percent(word, &second))
		rest = after;
	if (!paste_perf_names(rest, ret))
		return false;
	ret->self = second >= 0 ? second : first;
	ret->children = second >= 0 ? first : -1;
	return true;
}

uint32_t paste_frame(struct profile *profile, const struct paste_row *row)
{
	struct str dso = row->dso;

	if (row->is_kernel && !dso.len)
		dso = STR("[kernel.kallsyms]");
	return import_frame_at(profile, paste_name(row->symbol), dso,
			       row->is_kernel ? PROFILE_FRAME_KERNEL : 0, row->file, row->line);
}

uint32_t paste_percent_event(struct profile *profile, const char *name)
{
	uint32_t event = profile_event(profile, name);

	profile->events.items[event].unit = "percent";
	profile->events.items[event].scale = PASTE_SCALE;
	return event;
}

void paste_sample(struct profile *profile, uint32_t event, uint32_t node, struct str comm,
		  double ratio)
{
	struct profile_sample sample = {
		.weight = (uint64_t)(MAX(ratio, 0) * 100 * PASTE_SCALE + 0.5),
		.node = node,
		.thread = profile_thread(profile, -1, -1, comm),
		.comm = intern(&profile->texts, comm),
		.cpu = UINT32_MAX,
		.event = (uint16_t)event,
		.end = PROFILE_END_UNKNOWN,
	};

	if (sample.weight)
		profile_add_sample(profile, &sample);
}

void paste_add_row(struct profile *profile, uint32_t event, const struct paste_row *row)
{
	uint32_t frame = paste_frame(profile, row);
	double self = row->self >= 0 ? row->self : 0;

	paste_sample(profile, event, profile_node(profile, 0, frame), row->comm, self);
	if (row->children >= 0 || row->calls)
		profile_claim_vec_push(
			&profile->claims,
			(struct profile_claim){ .frame = frame,
						.comm = intern(&profile->texts, row->comm),
						.children = row->children,
						.calls = row->calls });
}

void paste_fill_up(struct profile *profile, uint32_t event)
{
	uint64_t whole = (uint64_t)100 * PASTE_SCALE;
	uint64_t weight = profile->events.items[event].weight;

	if (weight && weight < whole)
		paste_sample(profile, event, 0, STR(""), (double)(whole - weight) / (double)whole);
}
