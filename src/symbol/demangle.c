#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

enum { MANGLED_CAP_BYTES = 16 << 10 };

struct output {
	struct strbuf *text;
	jmp_buf too_long;
};

/* libiberty gives its callbacks no way to stop it, and going on without output takes as long. */
static void add_text(const char *text, size_t length, void *opaque)
{
	struct output *output = opaque;

	if (length > DEMANGLED_CAP_BYTES - output->text->len)
		longjmp(output->too_long, 1);
	strbuf_add(output->text, (struct str){ text, length });
}

static bool is_mangled(struct str name)
{
	return str_starts_with(name, STR("_Z")) || str_starts_with(name, STR("_R")) ||
	       str_starts_with(name, STR("__Z")) || str_starts_with(name, STR("_GLOBAL_"));
}

/* Rust's older scheme is also valid C++, with a hash, "17h" and 16 digits, as the last name. */
static bool may_be_rust(struct str name)
{
	return str_starts_with(name, STR("_R")) || str_find(name, STR("17h")) >= 0;
}

static bool run(const char *mangled, bool rust_first, struct output *output)
{
	if (setjmp(output->too_long))
		return false;
	if (rust_first && rust_demangle_callback(mangled, DMGL_NO_OPTS, add_text, output))
		return true;
	strbuf_reset(output->text);
	return cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, add_text, output);
}

bool demangle(struct str name, struct strbuf *ret)
{
	char mangled[MANGLED_CAP_BYTES];
	struct output output = { .text = ret };

	strbuf_reset(ret);
	if (!is_mangled(name) || name.len >= sizeof(mangled))
		return false;
	memcpy(mangled, name.ptr, name.len);
	mangled[name.len] = '\0';
	return run(mangled, may_be_rust(name), &output) && ret->len;
}
