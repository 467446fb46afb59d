#include "source/listing.h"

#include <string.h>

#include "base/memory.h"
#include "source/reader.h"

/* Rows of a hostile or mad input: beyond, the rest is ignored and counted. */
#define MAX_ROWS ((size_t)1 << 23)
#define MAX_FUNCTIONS ((size_t)1 << 18)

static const struct reader *const readers[] = {
	&reader_perf,	       &reader_gcov,  &reader_llvm_cov,	   &reader_gprof,  &reader_pprof,
	&reader_line_profiler, &reader_grind, &reader_perf_screen, &reader_pasted, &reader_plain,
};

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	free(listing->name);
	interner_done(&listing->texts);
	strbuf_done(&listing->text);
	listing_row_vec_done(&listing->rows);
	listing_function_vec_done(&listing->functions);
	free(listing);
}

void cleanup_listing(struct listing **listing)
{
	listing_free(*listing);
}

const char *listing_text(const struct listing *listing, uint32_t text_id)
{
	return interned_text(&listing->texts, text_id);
}

struct str listing_row_text(const struct listing_row *row)
{
	return (struct str){ row->ptr, row->len };
}

uint32_t listing_intern(struct listing *listing, struct str text)
{
	return intern(&listing->texts, text);
}

struct listing_function *listing_begin(struct listing *listing, struct str name, struct str file,
				       struct str object)
{
	struct listing_function_vec *functions = &listing->functions;

	/* one without rows was none */
	if (functions->count && functions->items[functions->count - 1].row_count == 0)
		functions->count--;
	if (functions->count >= MAX_FUNCTIONS)
		return &functions->items[functions->count - 1];
	return listing_function_vec_push(
		functions, (struct listing_function){ .name = listing_intern(listing, name),
						      .file = listing_intern(listing, file),
						      .object = listing_intern(listing, object),
						      .first_row = listing->rows.count });
}

struct listing_row *listing_add(struct listing *listing, enum listing_row_kind kind,
				struct str text, double cost)
{
	static struct listing_row nowhere;
	struct listing_function *function;

	if (listing->rows.count >= MAX_ROWS) {
		listing_ignore(listing, text);
		nowhere = (struct listing_row){ .ptr = "" };
		return &nowhere;
	}
	if (!listing->functions.count)
		listing_begin(listing, STR(""), STR(""), STR(""));
	function = &listing->functions.items[listing->functions.count - 1];
	function->row_count++;
	return listing_row_vec_push(&listing->rows,
				    (struct listing_row){ .ptr = text.ptr,
							  .len = (uint32_t)MIN(text.len, 1u << 20),
							  .file = function->file,
							  .kind = kind,
							  .cost = cost });
}

void listing_ignore(struct listing *listing, struct str line)
{
	if (listing->ignored_lines < LISTING_KEPT_LINES)
		listing->ignored[listing->ignored_lines] = line;
	listing->ignored_lines++;
}

struct str reader_skip_blanks(struct str text)
{
	while (text.len && (*text.ptr == ' ' || *text.ptr == '\t'))
		text = (struct str){ text.ptr + 1, text.len - 1 };
	return text;
}

bool reader_decimal(struct str *text, uint32_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9' && i < 10; i++)
		value = value * 10 + (uint64_t)(text->ptr[i] - '0');
	if (!i || value > UINT32_MAX ||
	    (i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9'))
		return false;
	*text = (struct str){ text->ptr + i, text->len - i };
	*ret = (uint32_t)value;
	return true;
}

bool reader_number(struct str *text, double *ret)
{
	static const struct {
		char letter;
		double factor;
	} scales[] = { { 'k', 1e3 }, { 'K', 1e3 }, { 'M', 1e6 }, { 'G', 1e9 }, { 'T', 1e12 } };
	double value = 0, place = 0;
	size_t i = 0, digits = 0;

	for (; i < text->len && i < 40; i++) {
		char c = text->ptr[i];

		if (c >= '0' && c <= '9') {
			digits++;
			if (place > 0) {
				value += (c - '0') * place;
				place /= 10;
			} else {
				value = value * 10 + (c - '0');
			}
		} else if (c == '.' && digits && place <= 0) {
			place = 0.1;
		} else if (c != ',' || !digits || i + 1 >= text->len || text->ptr[i + 1] < '0' ||
			   text->ptr[i + 1] > '9') {
			break;
		}
	}
	if (!digits)
		return false;
	for (size_t k = 0; i < text->len && k < ARRAY_SIZE(scales); k++) {
		if (text->ptr[i] == scales[k].letter) {
			value *= scales[k].factor;
			i++;
			break;
		}
	}
	*text = (struct str){ text->ptr + i, text->len - i };
	*ret = value;
	return true;
}

/* ---- reading */

/* Colours and cursor movements, as terminals' screens are pasted with them; CR before LF stays for
 * str_next_line. */
static void strip_escapes(struct strbuf *text)
{
	char *to = text->ptr;

	if (!text->len || !memchr(text->ptr, '\x1b', text->len))
		return;
	for (size_t i = 0; i < text->len; i++) {
		if (text->ptr[i] != '\x1b') {
			*to++ = text->ptr[i];
			continue;
		}
		if (i + 1 < text->len && text->ptr[i + 1] == '[') {
			i += 2;
			while (i < text->len && (text->ptr[i] < '@' || text->ptr[i] > '~') &&
			       text->ptr[i] != '\n')
				i++;
			if (i < text->len && text->ptr[i] == '\n')
				i--;
		} else if (i + 1 < text->len && text->ptr[i + 1] != '\n') {
			i++;
		}
	}
	text->len = (size_t)(to - text->ptr);
	*to = '\0';
}

static struct error *refuse(const struct listing *listing, const char *what, const char *hint)
{
	return error_with_hint(error_new(ERROR_INPUT, "'%s' %s", listing->name, what), "%s", hint);
}

static struct error *check_text(const struct listing *listing)
{
	struct str text = strbuf_str(&listing->text);

	if (str_starts_with(text, STR("PERFILE2")) || str_starts_with(text, STR("2ELIFREP"))) {
		auto_free char *hint = x_asprintf(
			"perf annotate --stdio -i %s | sysgrok code",
			strcmp(listing->name, "standard input") ? listing->name : "FILE");

		return refuse(listing, "is a recording, not annotated source", hint);
	}
	if (!str_trim(text).len)
		return refuse(listing, "is empty",
			      "perf annotate --stdio | sysgrok code: a pipe whose first command "
			      "fails leaves nothing to read");
	if (memchr(text.ptr, '\0', text.len))
		return refuse(listing, "is no text",
			      "give annotated source as perf annotate --stdio, gcov, llvm-cov, "
			      "pprof -list or callgrind_annotate print it");
	return NULL;
}

/* Sums what the rows cost, by function and in all. */
static void sum_up(struct listing *listing)
{
	struct listing_function_vec *functions = &listing->functions;

	if (functions->count && functions->items[functions->count - 1].row_count == 0)
		functions->count--;
	for (size_t i = 0; i < functions->count; i++) {
		struct listing_function *function = &functions->items[i];

		for (size_t k = 0; k < function->row_count; k++) {
			double cost = listing->rows.items[function->first_row + k].cost;

			if (cost > 0)
				function->cost += cost;
		}
		listing->total += function->cost;
	}
	if (listing->total <= 0)
		listing->unit = LISTING_NOTHING;
}

struct error *listing_read(struct strbuf *text, const char *name, struct listing **ret)
{
	auto_listing struct listing *listing = x_calloc(1, sizeof(*listing));

	listing->name = x_strdup(name);
	listing_intern(listing, STR(""));
	listing->text = *text;
	*text = (struct strbuf){ 0 };
	strip_escapes(&listing->text);
	TRY(check_text(listing));
	for (size_t i = 0; i < ARRAY_SIZE(readers) && !listing->format; i++)
		if (readers[i]->is_kind(strbuf_str(&listing->text)))
			readers[i]->read(listing, strbuf_str(&listing->text));
	sum_up(listing);
	if (!listing->functions.count)
		return refuse(listing, "holds no code",
			      "'perf annotate --stdio FUNCTION' prints what this command reads; "
			      "'sysgrok topn' takes tables of functions, 'sysgrok stacktrace' "
			      "stacks");
	*ret = take_ptr(listing);
	return NULL;
}

uint32_t listing_input_line(const struct listing *listing, struct str text)
{
	uint32_t number = 1;

	for (const char *at = listing->text.ptr; at < text.ptr; at++)
		number += *at == '\n';
	return number;
}

void listing_whole(const struct listing *listing, struct strbuf *out)
{
	const char *event = listing_text(listing, listing->event);

	switch (listing->unit) {
	case LISTING_NOTHING:
		strbuf_add_text(out, "nothing is measured");
		return;
	case LISTING_SAMPLES:
		strbuf_add_text(out, "of the samples");
		break;
	case LISTING_PERCENT:
		strbuf_add_text(out, listing->is_whole_of_each && listing->functions.count > 1
					     ? "of each function's own cost"
					     : "of what is shown here");
		break;
	case LISTING_TIME:
		strbuf_add_text(out, "of the time");
		break;
	case LISTING_RUNS:
		strbuf_add_text(out, "of all line executions, which is no time");
		return;
	case LISTING_EVENTS:
		strbuf_add_text(out, "of the events");
		break;
	}
	if (*event)
		strbuf_addf(out, " of %s", event);
}
