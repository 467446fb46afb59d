/*
 * name_addresses FILE: for each hexadecimal address (ELF virtual address) on standard input what
 * addr2line -a -f -i prints: the address, then function and file:line from the innermost frame on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "symbol/symbolizer.h"

static const char *or_unknown(const struct symbolizer *symbolizer, uint32_t text)
{
	return text ? interned_text(symbolizer_texts(symbolizer), text) : "??";
}

int main(int argc, char **argv)
{
	const struct symbolizer_options options = { .inlines = true, .lines = true };
	struct symbolizer *symbolizer;
	struct dso_table table;
	struct dso *dso;
	char line[64];
	/* As a recording would have it. */
	char *path = argc == 2 ? realpath(argv[1], NULL) : NULL;

	if (!path) {
		fprintf(stderr, "usage: name_addresses FILE < addresses\n");
		return 2;
	}
	dso_table_init(&table, NULL);
	symbolizer = symbolizer_new(&table, &options);
	dso = dso_table_get(&table, DSO_FILE, path, -1, NULL);
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t address = strtoull(line, NULL, 16);
		struct symbol_frames frames = symbolizer_find(symbolizer, dso, address, 0);

		printf("0x%016llx\n", (unsigned long long)address);
		for (uint32_t i = 0; i < frames.count; i++)
			printf("%s\n%s:%u\n", or_unknown(symbolizer, frames.items[i].name),
			       or_unknown(symbolizer, frames.items[i].file), frames.items[i].line);
	}
	symbolizer_free(symbolizer);
	dso_table_done(&table);
	free(path);
	return 0;
}
