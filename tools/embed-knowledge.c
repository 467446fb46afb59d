/*
 * Compiles the files of data/knowledge into the index that the binary carries, with the same parser that
 * reads the user's own files: embed-knowledge OUT FILE.kb...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "knowledge/index.h"
#include "knowledge/source.h"

static struct error *read_file(const char *path, struct strbuf *ret)
{
	auto_fclose FILE *file = fopen(path, "rb");
	char buffer[65536];
	size_t count;

	if (!file)
		return error_new(ERROR_NO_FILE, "cannot open '%s'", path);
	while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0)
		strbuf_add(ret, (struct str){ buffer, count });
	return NULL;
}

static struct error *compile(char **files, int count, struct strbuf *ret_block)
{
	auto_kb_source struct kb_source source = { 0 };

	for (int i = 0; i < count; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;
		const char *slash = strrchr(files[i], '/');

		TRY(read_file(files[i], &text));
		TRY(kb_source_parse(&source, slash ? slash + 1 : files[i], strbuf_str(&text)));
	}
	return kb_index_write(&source, NULL, ret_block);
}

static struct error *write_file(const char *path, struct str data)
{
	auto_fclose FILE *file = fopen(path, "wb");

	if (!file || fwrite(data.ptr, 1, data.len, file) != data.len || fflush(file))
		return error_new(ERROR_IO, "cannot write '%s'", path);
	return NULL;
}

int main(int argc, char **argv)
{
	auto_strbuf struct strbuf block = STRBUF_INIT;
	auto_error struct error *error = NULL;

	if (argc < 3)
		return 2;
	error = compile(argv + 2, argc - 2, &block);
	if (!error)
		error = write_file(argv[1], strbuf_str(&block));
	if (error) {
		auto_free char *text = error_text(error);

		fprintf(stderr, "%s\n", text);
		return 1;
	}
	return 0;
}
