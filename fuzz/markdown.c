/* What a model wrote, on a terminal: whatever it is, the only escapes are those of our styles. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/markdown.h"

static const char *const ours[] = { "\x1b[0m", "\x1b[1m",  "\x1b[2m", "\x1b[3m",
				    "\x1b[4m", "\x1b[31m", "\x1b[36m" };

static void check(struct str out)
{
	for (size_t i = 0; i < out.len; i++) {
		const struct str rest = { out.ptr + i, out.len - i };
		bool is_ours = false;

		if (rest.ptr[0] == '\n' || (unsigned char)rest.ptr[0] >= 0x20)
			continue;
		for (size_t s = 0; s < ARRAY_SIZE(ours); s++)
			is_ours = is_ours || str_starts_with(rest, str_from(ours[s]));
		if (!is_ours)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	char *written = NULL;
	size_t written_bytes = 0;
	struct term term = { .stream = open_memstream(&written, &written_bytes), .color = true };
	auto_markdown struct markdown *markdown = NULL;
	struct str text = { (const char *)data, size_bytes }, head;

	term.width = size_bytes ? 20 + data[0] % 100 : 80;
	markdown = markdown_new(&term);
	/* By lines, as it arrives. */
	while (str_next_line(&text, &head))
		markdown_add(markdown, head);
	markdown_end(markdown);
	fclose(term.stream);
	check((struct str){ written, written_bytes });
	free(written);
	return 0;
}
