/* Folded stacks through all that draws a profile: the same text out again, and a flame graph. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/flamegraph.h"
#include "render/folded.h"
#include "samples/load.h"

/* Whatever the names were: three CDATA sections, and nothing that XML cannot hold. */
static void check_graph(const struct strbuf *graph)
{
	struct str rest = strbuf_str(graph);
	unsigned sections = 0;

	for (ptrdiff_t at; (at = str_find(rest, STR("]]>"))) >= 0; sections++)
		rest = (struct str){ rest.ptr + at + 3, rest.len - (size_t)at - 3 };
	if (sections != 3)
		abort();
	for (size_t i = 0; i < graph->len; i++) {
		unsigned char c = (unsigned char)graph->ptr[i];

		if (c < ' ' && c != '\n' && c != '\t')
			abort();
	}
}

static void draw(const struct profile_selection *selection)
{
	const struct tree_options tree_options = { .root = TREE_ROOT_THREAD };
	const struct flamegraph_options options = { .min_ratio = 0.01 };
	auto_tree struct tree tree = tree_build(selection, &tree_options);
	auto_strbuf struct strbuf graph = STRBUF_INIT;

	flamegraph_render(selection, &tree, &options, &graph);
	check_graph(&graph);
}

static void write_again(const struct profile_selection *selection)
{
	const struct folded_options options = { .mark_inlined = true, .mark_kernel = true };
	char *text = NULL;
	size_t size_bytes = 0;
	FILE *stream = open_memstream(&text, &size_bytes);

	folded_write(stream, selection, &options);
	fclose(stream);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct str text = { (const char *)data, size_bytes };
	auto_profile struct profile *profile = NULL;
	auto_selection struct profile_selection selection = { 0 };
	auto_error struct error *error = profile_import_text(text, "input", &profile);

	if (!error)
		error = profile_select(profile, &(struct profile_filter){ 0 }, &selection);
	if (error)
		return 0;

	write_again(&selection);
	draw(&selection);
	return 0;
}
