#include "symbol/kallsyms.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { KALLSYMS_CAP_BYTES = 256 << 20 };

void kallsyms_done(struct kallsyms *kallsyms)
{
	symtab_done(&kallsyms->symtab);
	strbuf_done(&kallsyms->text);
}

struct line {
	uint64_t address;
	char type;
	char *name;
	size_t name_length;
	struct str module; /* "[name]"; empty: the kernel proper */
};

static char *parse_hex(char *at, const char *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (; at < end; at++) {
		unsigned c = (unsigned char)*at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | ((c | 0x20) - 'a' + 10);
		else
			break;
	}
	*ret = value;
	return at;
}

/* "ffffffff81000000 T _stext" or "... t name\t[module]", from `at` to `end`; false = neither. */
static bool parse_line(char *at, const char *end, struct line *ret)
{
	char *digits = at, *name_end;

	at = parse_hex(at, end, &ret->address);
	if (at == digits || end - at < 4 || at[0] != ' ' || at[2] != ' ')
		return false;
	ret->type = at[1];
	ret->name = at + 3;
	for (name_end = ret->name; name_end < end; name_end++) {
		if (*name_end == '\t' || *name_end == ' ')
			break;
	}
	ret->name_length = (size_t)(name_end - ret->name);
	ret->module = (struct str){ name_end, (size_t)(end - name_end) };
	*name_end = '\0';
	return ret->name_length > 0;
}

/* Text, weak text; data too, so that it does not become part of the function before it. */
static bool is_wanted(const struct line *line)
{
	return strchr("tTwWdDbB", line->type) && line->name[0] != '$' &&
	       !(line->name[0] == '.' && line->name[1] == 'L');
}

static uint8_t binding_of(char type)
{
	if (type == 'W')
		return SYMBOL_WEAK;
	return type >= 'A' && type <= 'Z' ? SYMBOL_GLOBAL : SYMBOL_LOCAL;
}

/* The core kernel by the distance that it was moved; modules moved by other distances. */
static void relocate(struct kallsyms *kallsyms, uint64_t distance)
{
	struct symbol_vec *symbols = &kallsyms->symtab.symbols;
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		struct symbol symbol = symbols->items[i];

		if (symbol.module)
			continue;
		symbol.start += distance;
		symbol.end += distance;
		symbols->items[kept++] = symbol;
	}
	symbols->count = kept;
}

/* The module of the line before: the file lists them one after the other. */
struct modules {
	struct str last;
	uint8_t number;
};

static uint8_t number_of_module(struct modules *modules, struct str module)
{
	/* Behind the separator, which was overwritten. */
	struct str name = module.len ? (struct str){ module.ptr + 1, module.len - 1 } : module;

	if (!name.len)
		return 0;
	if (!str_eq(name, modules->last))
		modules->number = (uint8_t)(modules->number % UINT8_MAX + 1);
	modules->last = name;
	return modules->number;
}

void kallsyms_parse(struct strbuf *take_text, uint64_t text_address, struct kallsyms *ret)
{
	uint64_t text_here = 0, stext_here = 0, any_address = 0;
	struct modules modules = { 0 };
	char *at, *end;
	struct line line;
	uint8_t table;

	*ret = (struct kallsyms){ .text = *take_text };
	*take_text = (struct strbuf)STRBUF_INIT;
	if (!ret->text.len)
		return;
	table = symtab_add_names(&ret->symtab, bytes_of(ret->text.ptr, ret->text.len + 1));
	at = ret->text.ptr;
	end = at + ret->text.len;
	while (at < end) {
		char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (!line_end)
			line_end = end;
		*line_end = '\0';
		if (parse_line(at, line_end, &line)) {
			any_address |= line.address;
			if (strcmp(line.name, "_text") == 0)
				text_here = line.address;
			else if (strcmp(line.name, "_stext") == 0)
				stext_here = line.address;
			if (is_wanted(&line))
				symtab_add(&ret->symtab,
					   &(struct symbol){
						   line.address, line.address,
						   (uint32_t)(line.name - ret->text.ptr), table,
						   binding_of(line.type),
						   number_of_module(&modules, line.module) });
		}
		at = line_end + 1;
	}
	ret->hidden = !any_address;
	if (ret->hidden)
		ret->symtab.symbols.count = 0;
	/* Recorders name either of the two. */
	if (text_address && text_here && text_address != text_here && text_address != stext_here)
		relocate(ret, text_address - text_here);
	symtab_finish(&ret->symtab);
}

/* Where a vmlinux was linked to; 0 = it does not say. */
static uint64_t linked_text_address(const struct symtab *symtab)
{
	for (size_t i = 0; i < symtab->symbols.count; i++) {
		const struct symbol *symbol = &symtab->symbols.items[i];

		if (str_is(symtab_name(symtab, symbol), "_text"))
			return symbol->start;
	}
	return 0;
}

void kallsyms_from_image(struct image *vmlinux, uint64_t text_address, struct kallsyms *ret)
{
	uint64_t linked;

	*ret = (struct kallsyms){ .hidden = false };
	symtab_add_section(&ret->symtab, vmlinux, image_section(vmlinux, ".symtab"));
	linked = linked_text_address(&ret->symtab);
	if (text_address && linked)
		relocate(ret, text_address - linked);
	symtab_finish(&ret->symtab);
}

struct error *kallsyms_load(const char *path, uint64_t text_address, struct kallsyms *ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	TRY(file_read(path, KALLSYMS_CAP_BYTES, &text));
	kallsyms_parse(&text, text_address, ret);
	return NULL;
}
