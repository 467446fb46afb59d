#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

#define DEFAULT_WIDTH 100
#define MIN_WIDTH 20
#define MAX_WIDTH 4096

static unsigned term_width(int fd, bool is_tty)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t wanted;

	if (columns && str_to_u64(str_from(columns), &wanted) && wanted >= MIN_WIDTH &&
	    wanted <= MAX_WIDTH)
		return (unsigned)wanted;
	if (is_tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= MIN_WIDTH)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

static bool wants_color(enum term_color_mode mode, bool is_tty)
{
	const char *no_color = getenv("NO_COLOR");
	const char *name = getenv("TERM");

	switch (mode) {
	case TERM_COLOR_ALWAYS:
		return true;
	case TERM_COLOR_NEVER:
		return false;
	case TERM_COLOR_AUTO:
		break;
	}
	return is_tty && !(no_color && no_color[0]) && name && strcmp(name, "dumb") != 0;
}

struct term term_on(FILE *stream, enum term_color_mode mode)
{
	int fd = fileno(stream);
	bool is_tty = fd >= 0 && isatty(fd);

	return (struct term){
		.stream = stream,
		.color = wants_color(mode, is_tty),
		.width = term_width(fd, is_tty),
		.is_tty = is_tty,
	};
}

const char *term_style(const struct term *term, enum term_style style)
{
	if (!term->color)
		return "";
	switch (style) {
	case TERM_PLAIN:
		return "\x1b[0m";
	case TERM_BOLD:
		return "\x1b[1m";
	case TERM_DIM:
		return "\x1b[2m";
	case TERM_RED:
		return "\x1b[31m";
	case TERM_GREEN:
		return "\x1b[32m";
	case TERM_YELLOW:
		return "\x1b[33m";
	case TERM_BLUE:
		return "\x1b[34m";
	case TERM_CYAN:
		return "\x1b[36m";
	case TERM_ITALIC:
		return "\x1b[3m";
	case TERM_UNDERLINE:
		return "\x1b[4m";
	}
	return "";
}

static void add_escaped(struct strbuf *out, uint32_t byte)
{
	if (byte == '\n')
		strbuf_add_text(out, "\\n");
	else if (byte == '\t')
		strbuf_add_text(out, "\\t");
	else
		strbuf_addf(out, "\\x%02x", byte);
}

void term_safe(struct strbuf *out, struct str text)
{
	while (text.len) {
		uint32_t character = 0;
		unsigned length = utf8_decode(text, &character);

		if (!length) {
			add_escaped(out, (uint8_t)text.ptr[0]);
			length = 1;
		} else if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
			add_escaped(out, character);
		} else if (utf8_is_deceptive(character)) {
			strbuf_add_text(out, "\xef\xbf\xbd");
		} else {
			strbuf_add(out, (struct str){ text.ptr, length });
		}
		text.ptr += length;
		text.len -= length;
	}
}

void term_write_safe(FILE *stream, struct str text)
{
	auto_strbuf struct strbuf safe = STRBUF_INIT;

	term_safe(&safe, text);
	fwrite(strbuf_text(&safe), 1, safe.len, stream);
}

struct str term_clip(struct str text, unsigned columns)
{
	unsigned used = 0;
	size_t pos = 0;

	while (pos < text.len) {
		struct str rest = { text.ptr + pos, text.len - pos };
		uint32_t character = 0;
		unsigned length = utf8_decode(rest, &character);
		unsigned more = length ? utf8_columns(character) : 1;

		if (used + more > columns)
			break;
		used += more;
		pos += length ? length : 1;
	}
	return (struct str){ text.ptr, pos };
}

unsigned term_text_width(struct str text)
{
	unsigned used = 0;

	while (text.len) {
		uint32_t character = 0;
		unsigned length = utf8_decode(text, &character);

		used += length ? utf8_columns(character) : 1;
		text.ptr += length ? length : 1;
		text.len -= length ? length : 1;
	}
	return used;
}

void term_wrap(FILE *stream, struct str text, unsigned width, unsigned indent)
{
	struct str line, word;
	bool first_line = true;

	while (str_next_line(&text, &line)) {
		unsigned column = indent;
		bool first_word = true;

		if (!first_line)
			fprintf(stream, "\n%*s", line.len ? (int)indent : 0, "");
		first_line = false;
		while (str_next_word(&line, &word)) {
			auto_strbuf struct strbuf safe = STRBUF_INIT;
			unsigned columns;

			term_safe(&safe, word);
			columns = term_text_width(strbuf_str(&safe));
			if (!first_word && column + 1 + columns > width) {
				fprintf(stream, "\n%*s", (int)indent, "");
				column = indent;
			} else if (!first_word) {
				fputc(' ', stream);
				column++;
			}
			fwrite(strbuf_text(&safe), 1, safe.len, stream);
			column += columns;
			first_word = false;
		}
	}
	fputc('\n', stream);
}
