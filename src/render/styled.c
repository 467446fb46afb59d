#include "render/styled.h"

#include <string.h>

#include "base/macros.h"

static const struct {
	unsigned flag;
	enum term_style style;
} styles[] = {
	{ STYLED_BOLD, TERM_BOLD },	 { STYLED_ITALIC, TERM_ITALIC }, { STYLED_CODE, TERM_CYAN },
	{ STYLED_LINK, TERM_UNDERLINE }, { STYLED_DIM, TERM_DIM },	 { STYLED_BAD, TERM_RED },
};

void styled_done(struct styled *styled)
{
	strbuf_done(&styled->text);
	strbuf_done(&styled->flags);
}

void styled_reset(struct styled *styled)
{
	strbuf_reset(&styled->text);
	strbuf_reset(&styled->flags);
}

static void fill_flags(struct styled *styled, unsigned flags)
{
	strbuf_add_repeated(&styled->flags, (char)flags, styled->text.len - styled->flags.len);
}

void styled_add(struct styled *styled, struct str text, unsigned flags)
{
	struct str head, tail = text;

	while (str_cut(tail, '\t', &head, &tail)) {
		term_safe(&styled->text, head);
		strbuf_add_text(&styled->text, "    ");
	}
	term_safe(&styled->text, head);
	fill_flags(styled, flags);
}

void styled_break(struct styled *styled)
{
	strbuf_add_char(&styled->text, '\n');
	fill_flags(styled, 0);
}

unsigned styled_width(const struct styled *styled)
{
	struct str rest = strbuf_str(&styled->text), line;
	unsigned width = 0;

	while (str_next_line(&rest, &line))
		width = MAX(width, term_text_width(line));
	return width;
}

/* The byte behind the last that fits. A character that is wider than the line stands alone. */
static size_t fitting_end(struct str line, unsigned width)
{
	struct str fits = term_clip(line, width);
	size_t end = fits.len ? fits.len : 1;

	while (end < line.len && ((unsigned char)line.ptr[end] & 0xc0) == 0x80)
		end++;
	return end;
}

bool styled_next_line(const struct styled *styled, size_t *at, unsigned width, size_t *ret_start,
		      size_t *ret_end)
{
	struct str all = strbuf_str(&styled->text);
	struct str line = { all.ptr + *at, all.len - *at };
	const char *newline = line.len ? memchr(line.ptr, '\n', line.len) : NULL;
	size_t end, cut;

	if (*at >= all.len)
		return false;
	line.len = newline ? (size_t)(newline - line.ptr) : line.len;
	*ret_start = *at;
	if (term_text_width(line) <= width) {
		*ret_end = *at + line.len;
		*at += line.len + (newline ? 1 : 0);
		return true;
	}
	end = fitting_end(line, MAX(width, 1U));
	for (cut = end; cut && line.ptr[cut] != ' '; cut--)
		;
	if (cut)
		end = cut;
	*ret_end = *at + end;
	*at += end;
	while (*at < all.len && all.ptr[*at] == ' ')
		++*at;
	return true;
}

unsigned styled_write(const struct styled *styled, const struct term *term, size_t start,
		      size_t end)
{
	struct str all = strbuf_str(&styled->text);
	struct str flags = strbuf_str(&styled->flags);
	unsigned now = 0;

	for (size_t i = start; i < end; i++) {
		unsigned wanted = (unsigned char)flags.ptr[i];

		if (wanted != now) {
			fputs(term_style(term, TERM_PLAIN), term->stream);
			for (size_t s = 0; s < ARRAY_SIZE(styles); s++) {
				if (wanted & styles[s].flag)
					fputs(term_style(term, styles[s].style), term->stream);
			}
			now = wanted;
		}
		fputc(all.ptr[i], term->stream);
	}
	if (now)
		fputs(term_style(term, TERM_PLAIN), term->stream);
	return term_text_width((struct str){ all.ptr + start, end - start });
}
