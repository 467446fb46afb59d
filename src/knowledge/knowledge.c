#include "knowledge/knowledge.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "knowledge/symbol_name.h"

/* Compiled from data/knowledge/ by tools/embed-knowledge.c. */
extern const struct str embedded_knowledge_bin;

/* Latest first. A layer owns its block, but for the embedded one. */
struct layer {
	struct kb_index index;
	char *block;
	struct layer *older;
};

struct knowledge {
	struct layer *layers;
};

static struct error *layer_add(struct knowledge *knowledge, struct str block, char *take_block)
{
	struct layer *layer = x_calloc(1, sizeof(*layer));
	struct error *error = kb_index_open(block, &layer->index);

	layer->block = take_block;
	if (error) {
		free(layer->block);
		free(layer);
		return error;
	}
	layer->older = knowledge->layers;
	knowledge->layers = layer;
	return NULL;
}

struct knowledge *knowledge_new(void)
{
	struct knowledge *knowledge = x_calloc(1, sizeof(*knowledge));
	auto_error struct error *error = layer_add(knowledge, embedded_knowledge_bin, NULL);

	if (error) /* the build made it: this is a broken binary */
		abort();
	return knowledge;
}

void knowledge_free(struct knowledge *knowledge)
{
	if (!knowledge)
		return;
	while (knowledge->layers) {
		struct layer *layer = knowledge->layers;

		knowledge->layers = layer->older;
		free(layer->block);
		free(layer);
	}
	free(knowledge);
}

void cleanup_knowledge(struct knowledge **knowledge)
{
	knowledge_free(*knowledge);
}

/* Topics may be those of any layer below; only the embedded one is looked at, which has most. */
static const struct kb_index *embedded(const struct knowledge *knowledge)
{
	const struct layer *layer = knowledge->layers;

	while (layer->older)
		layer = layer->older;
	return &layer->index;
}

const struct kb_index *knowledge_layer(const struct knowledge *knowledge, size_t number)
{
	const struct layer *layer = knowledge->layers;

	while (layer && number--)
		layer = layer->older;
	return layer ? &layer->index : NULL;
}

struct error *knowledge_add_text(struct knowledge *knowledge, const char *name, struct str text)
{
	auto_kb_source struct kb_source source = { 0 };
	auto_strbuf struct strbuf block = STRBUF_INIT;
	struct str written;

	TRY(kb_source_parse(&source, name, text));
	TRY(kb_index_write(&source, embedded(knowledge), &block));
	written = strbuf_str(&block);
	return layer_add(knowledge, written, strbuf_take(&block));
}

static int is_knowledge_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends_with(str_from(entry->d_name), STR(".kb"));
}

static struct error *file_add(struct knowledge *knowledge, const char *folder, const char *name)
{
	auto_strbuf struct strbuf path = STRBUF_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", folder, name);
	TRY(file_read(strbuf_text(&path), KB_SOURCE_CAP_BYTES, &text));
	return knowledge_add_text(knowledge, strbuf_text(&path), strbuf_str(&text));
}

void knowledge_add_folder(struct knowledge *knowledge, const char *path, struct warnings *warnings)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, is_knowledge_file, alphasort);

	for (int i = 0; i < count; i++) {
		auto_error struct error *error = file_add(knowledge, path, names[i]->d_name);

		if (error) {
			auto_free char *text = error_text(error);

			warnings_add(warnings, "%s; left out", text);
		}
		free(names[i]);
	}
	free(names);
}

/* The forms of a function's name, and which of them patterns are held against. */
struct forms {
	struct str items[SYMBOL_NAME_FORMS];
	size_t count, first_plain;
};

static struct kb_match find_by_name(const struct knowledge *knowledge, struct str library,
				    const struct forms *forms, bool elsewhere)
{
	for (const struct layer *layer = knowledge->layers; layer; layer = layer->older)
		for (size_t i = 0; i < forms->count; i++) {
			struct kb_match match =
				kb_find_name(&layer->index, library, forms->items[i], elsewhere);

			if (match.entry)
				return match;
		}
	return (struct kb_match){ 0 };
}

static struct kb_match find_by_pattern(const struct knowledge *knowledge, struct str library,
				       const struct forms *forms, bool elsewhere)
{
	for (const struct layer *layer = knowledge->layers; layer; layer = layer->older) {
		struct kb_match match =
			kb_find_pattern(&layer->index, library, forms->items + forms->first_plain,
					forms->count - forms->first_plain, elsewhere);

		if (match.entry)
			return match;
	}
	return (struct kb_match){ 0 };
}

struct kb_match knowledge_function(const struct knowledge *knowledge, struct str library,
				   struct str function)
{
	auto_arena struct arena arena = ARENA_INIT;
	struct str plain = library_name(library);
	struct forms forms = { 0 };

	forms.count = symbol_name_forms(&arena, function, forms.items, &forms.first_plain);
	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		struct kb_match match = find_by_name(knowledge, plain, &forms, elsewhere);

		if (!match.entry)
			match = find_by_pattern(knowledge, plain, &forms, elsewhere);
		/* kernel code is never somebody else's */
		if (match.entry || str_is(plain, "kernel"))
			return match;
	}
	return (struct kb_match){ 0 };
}

typedef const struct kb_entry *find_entry(const struct kb_index *index, struct str name);

static struct kb_match find_named(const struct knowledge *knowledge, struct str name,
				  find_entry *find)
{
	for (const struct layer *layer = knowledge->layers; layer; layer = layer->older) {
		const struct kb_entry *entry = find(&layer->index, name);

		if (entry)
			return (struct kb_match){ .index = &layer->index,
						  .entry = entry,
						  .certainty = KB_BY_NAME };
	}
	return (struct kb_match){ 0 };
}

struct kb_match knowledge_library(const struct knowledge *knowledge, struct str library)
{
	return find_named(knowledge, library_name(library), kb_find_library);
}

struct kb_match knowledge_program(const struct knowledge *knowledge, struct str program)
{
	/* a kernel thread's name has a slash that parts no folders: "kworker/0:1" */
	struct kb_match match = find_named(knowledge, program, kb_find_program);

	return match.entry ? match : find_named(knowledge, library_name(program), kb_find_program);
}

struct kb_match knowledge_topic(const struct knowledge *knowledge, struct str topic)
{
	return find_named(knowledge, topic, kb_find_topic);
}
