#include "samples/load.h"

#include "base/file.h"
#include "base/memory.h"

/* Larger texts are refused rather than swapped. */
enum { TEXT_CAP_BYTES = 0x7fffffff };

struct error *profile_load(const char *path, const struct profile_load_options *options,
			   struct profile **ret)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	const char *name = str_is(str_from(path), "-") ? "standard input" : path;

	(void)options;
	TRY(file_read(path, TEXT_CAP_BYTES, &text));
	return profile_import_text(strbuf_str(&text), name, ret);
}
