#include "samples/trace_names.h"

#include <string.h>

#include "base/macros.h"

static bool is_clone_suffix(const char *text)
{
	static const char *const suffixes[] = { ".constprop.", ".isra.",     ".part.",
						".cold",       ".lto_priv.", ".llvm." };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (str_starts_with(str_from(text), str_from(suffixes[i])))
			return true;
	return false;
}

void trace_short_name(const char *name, struct strbuf *out)
{
	unsigned depth = 0;

	for (const char *c = name; *c; c++) {
		bool is_operator = c - name >= 8 && !strncmp(c - 8, "operator", 8);

		if (*c == '(' && !depth && c > name && strncmp(c, "(anonymous", 10) != 0 &&
		    strncmp(c, "(*", 2) != 0 && !is_operator)
			break;
		if (*c == '.' && is_clone_suffix(c))
			break;
		if (*c == '<' && c > name && !is_operator && c[-1] != '<') {
			if (!depth++)
				strbuf_add_text(out, "<..");
		} else if (*c == '>' && depth && c[-1] != '-') {
			depth--;
		}
		if (!depth)
			strbuf_add_char(out, *c);
	}
}

/* "<&mut alloc::string::String as ...>", "void std::...": what stands before the first namespace.
 */
static struct str without_decoration(struct str name)
{
	static const char *const words[] = { "<",     "&",     "*",	"mut ",	 "const ", "dyn ",
					     "impl ", "void ", "bool ", "auto ", "(" };
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			struct str word = str_from(words[i]);

			if (!str_starts_with(name, word))
				continue;
			name = (struct str){ name.ptr + word.len, name.len - word.len };
			again = true;
		}
	}
	return name;
}

bool trace_is_runtime(struct str name, struct str plain)
{
	static const char *const leads[] = {
		"Builtin:",  "BytecodeHandler:",
		"Stub:",     "Builtins_",
		"Handler:",  "RegExp:",
		"std::",     "__gnu_cxx::",
		"core::",    "alloc::",
		"hashbrown", "boost::",
		"runtime.",  "java.",
		"jdk.",	     "sun.",
		"Ljava/",    "Ljdk/",
		"_start",    "[unknown]",
		"0x",	     "__libc_",
		"T as ",
	};

	name = without_decoration(name);
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(name, str_from(leads[i])))
			return true;
	return str_find(plain, STR("node:internal")) >= 0 || str_find(plain, STR("malloc")) >= 0 ||
	       str_find(plain, STR("realloc")) >= 0;
}
