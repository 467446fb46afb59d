#include "knowledge/symbol_name.h"

#include <string.h>

#include "base/macros.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct str prefix_of(struct str text, ptrdiff_t length)
{
	return (struct str){ text.ptr, (size_t)length };
}

static struct str without_prefix(struct str text, size_t length)
{
	return (struct str){ text.ptr + length, text.len - length };
}

/* Suffixes of clones: cut at the first of them, whatever follows. */
static struct str without_clone_suffix(struct str name)
{
	static const char *const suffixes[] = { ".constprop", ".part.",	     ".isra.", ".lto_priv",
						".cold",      ".localalias", ".llvm.", ".ipa_",
						" [clone ",   "@plt",	     "@@",     "@GLIBC" };
	size_t digits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		ptrdiff_t at = str_find(name, str_from(suffixes[i]));

		if (at > 0)
			name = prefix_of(name, at);
	}
	while (digits < name.len && is_digit(name.ptr[name.len - 1 - digits]))
		digits++;
	if (digits && digits + 1 < name.len && name.ptr[name.len - 1 - digits] == '.')
		name.len -= digits + 1;
	if (name.len > 19 && !memcmp(name.ptr + name.len - 19, "::h", 3)) {
		uint64_t hash;

		if (str_to_hex(without_prefix(name, name.len - 16), &hash))
			name.len -= 19;
	}
	return name;
}

/* Where "operator" begins, as its '<', '>' and '(' are part of the name; name.len if nowhere. */
static size_t operator_at(struct str name)
{
	ptrdiff_t at = str_find(name, STR("operator"));

	return at < 0 ? name.len : (size_t)at;
}

/* A character of "operator" itself, or of the sign that follows it. */
static bool is_operator_char(struct str name, size_t i, size_t start)
{
	if (i < start || i >= start + 11)
		return false;
	if (i < start + 8)
		return true;
	if (name.ptr[i] == '(')
		return i + 1 < name.len && name.ptr[i + 1] == ')';
	return strchr("<>=-+!)[]*&|^%,~", name.ptr[i]) != NULL;
}

/*
 * "ret ns::Class<int>::method<char>(int) const" -> "ns::Class::method": parameters, template
 * arguments and the return type go. Lambdas ("{lambda(int)#1}") and Rust's "<T as Trait>::f" keep
 * what stands between their brackets out of the name, too.
 */
static struct str cpp_base(struct arena *arena, struct str name)
{
	static const struct str anonymous = { "(anonymous namespace)", 21 };
	size_t operator_start = operator_at(name), length = 0;
	char *out = arena_alloc(arena, name.len + 1);
	unsigned angle = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!angle && is_operator_char(name, i, operator_start)) {
			out[length++] = c;
		} else if (!angle && str_starts_with(without_prefix(name, i), anonymous)) {
			memcpy(out + length, anonymous.ptr, anonymous.len);
			length += anonymous.len;
			i += anonymous.len - 1;
		} else if (c == '<') {
			angle++;
		} else if (c == '>' && angle && (!i || name.ptr[i - 1] != '-')) {
			angle--;
		} else if (!angle) {
			if (c == '(' && i)
				break;
			if (c == ' ' && i < operator_start)
				length = 0; /* it was a return type */
			else
				out[length++] = c;
		}
	}
	return str_trim((struct str){ out, length });
}

static bool looks_like_cpp(struct str name)
{
	return str_find(name, STR("(")) >= 0 || str_find(name, STR("<")) >= 0;
}

/* glibc's and others' implementations of one function for several CPUs. */
static struct str without_cpu_suffix(struct str name)
{
	static const char *const suffixes[] = {
		"_unaligned", "_erms",	 "_avx512",	"_avx2",   "_avx",	     "_evex512",
		"_evex256",   "_evex",	 "_evex_movbe", "_movbe",  "_rtm",	     "_sse2",
		"_sse3",      "_ssse3",	 "_sse42",	"_sse4_2", "_sse41",	     "_sse4_1",
		"_sse4",      "_fma",	 "_fma4",	"_fma3",   "_no_vzeroupper", "_generic",
		"_back",      "_bsf",	 "_pminub",	"_asimd",  "_mops",	     "_sve",
		"_advsimd",   "_neon",	 "_slow",	"_ifunc",  "_x86_64",	     "_aarch64",
		"_shani",     "_ni",	 "_bmi2",	"_pclmul", "_armv8",	     "_x86",
		"_avx512bw",  "_avx512f"
	};
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
			struct str suffix = str_from(suffixes[i]);

			if (name.len > suffix.len + 2 && str_ends_with(name, suffix)) {
				name.len -= suffix.len;
				changed = true;
			}
		}
	}
	return name;
}

/* "/usr/lib/python3.11/json/decoder.py" -> "json/decoder.py", ".../python3.11/copy.py" -> "copy.py"
 */
static struct str python_module(struct str path)
{
	size_t start = path.len, folders = 0;

	while (start > 0 && (path.ptr[start - 1] != '/' || folders++ == 0))
		start--;
	path = without_prefix(path, start);
	if (str_starts_with(path, STR("python")) || str_starts_with(path, STR("site-packages")) ||
	    str_starts_with(path, STR("dist-packages")) || str_starts_with(path, STR("/"))) {
		ptrdiff_t slash = str_find(path, STR("/"));

		path = without_prefix(path, (size_t)(slash + 1));
	}
	return path;
}

/*
 * A function of Python code as its tools write it: "py::f:/path/json/decoder.py" (perf maps),
 * "/path/json/decoder.py:343(f)" (cProfile), "f (json/decoder.py:353)" (py-spy). All become
 * "json/decoder.py:f"; others nothing.
 */
static struct str python_form(struct arena *arena, struct str name)
{
	ptrdiff_t file = str_find(name, STR(".py")), colon, paren = str_find(name, STR("("));
	struct str path = { 0 }, function = { 0 };
	char *out;

	if (file <= 0)
		return (struct str){ 0 };
	colon = str_find(name, STR(".py:"));
	if (str_starts_with(name, STR("py::"))) {
		function = without_prefix(name, 4);
		colon = str_find(function, STR(":"));
		if (colon <= 0)
			return (struct str){ 0 };
		path = without_prefix(function, (size_t)colon + 1);
		function = prefix_of(function, colon);
	} else if (colon > 0 && paren > colon && name.ptr[name.len - 1] == ')') {
		path = prefix_of(name, colon + 3);
		function = (struct str){ name.ptr + paren + 1, name.len - (size_t)paren - 2 };
	} else if (colon > 0 && paren > 1 && paren < colon && name.ptr[paren - 1] == ' ') {
		path = (struct str){ name.ptr + paren + 1, (size_t)(colon + 3 - paren - 1) };
		function = prefix_of(name, paren - 1);
	} else {
		return (struct str){ 0 };
	}
	path = python_module(path);
	out = arena_alloc(arena, path.len + function.len + 1);
	memcpy(out, path.ptr, path.len);
	out[path.len] = ':';
	memcpy(out + path.len + 1, function.ptr, function.len);
	return (struct str){ out, path.len + function.len + 1 };
}

static size_t form_add(struct str *forms, size_t count, struct str form)
{
	if (!form.len || count == SYMBOL_NAME_FORMS)
		return count;
	for (size_t i = 0; i < count; i++)
		if (str_eq(forms[i], form))
			return count;
	forms[count] = form;
	return count + 1;
}

size_t symbol_name_forms(struct arena *arena, struct str name,
			 struct str ret[static SYMBOL_NAME_FORMS], size_t *ret_first_plain)
{
	size_t count = form_add(ret, 0, name);
	struct str form = without_clone_suffix(name);

	count = form_add(ret, count, form);
	*ret_first_plain = count ? count - 1 : 0;
	count = form_add(ret, count, python_form(arena, name));
	if (looks_like_cpp(form)) {
		form = cpp_base(arena, form);
		count = form_add(ret, count, form);
	}
	if (str_starts_with(form, STR("__GI_"))) {
		form = without_prefix(form, 5);
		count = form_add(ret, count, form);
	} else if (str_starts_with(form, STR("__pfx_"))) {
		form = without_prefix(form, 6);
		count = form_add(ret, count, form);
	}
	form = without_cpu_suffix(form);
	count = form_add(ret, count, form);
	while (form.len && form.ptr[0] == '_')
		form = without_prefix(form, 1);
	return form_add(ret, count, form);
}

bool library_is_kernel(struct str dso)
{
	static const char *const not_kernel[] = { "[vdso]",  "[vsyscall]", "[unknown]", "[heap]",
						  "[stack]", "[JIT]",	   "[uprobes]" };

	if (str_is(dso, "kernel") || str_is(dso, "vmlinux") || str_is(dso, "kernel.kallsyms") ||
	    str_ends_with(dso, STR(".ko")) || str_find(dso, STR(".ko.")) > 0 ||
	    str_starts_with(dso, STR("vmlinux-")))
		return true;
	if (dso.len < 3 || dso.ptr[0] != '[' || dso.ptr[dso.len - 1] != ']')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(not_kernel); i++)
		if (str_is(dso, not_kernel[i]))
			return false;
	return !str_starts_with(dso, STR("[anon")) && !str_starts_with(dso, STR("[stack"));
}

struct str library_name(struct str dso)
{
	static const struct str deleted = { " (deleted)", 10 };

	if (library_is_kernel(dso))
		return STR("kernel");
	if (str_ends_with(dso, deleted))
		dso.len -= deleted.len;
	for (size_t i = dso.len; i > 0; i--)
		if (dso.ptr[i - 1] == '/')
			return without_prefix(dso, i);
	return dso;
}
