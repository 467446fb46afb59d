#include "cmd/explain.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cmd/config_folder.h"

enum { MAX_NEAR = 5 };

struct explanation explanation_new(struct command_context *context)
{
	struct explanation x = { .context = context, .knowledge = knowledge_new() };
	auto_free char *folder = config_folder("knowledge");

	if (folder)
		knowledge_add_folder(x.knowledge, folder, context->warnings);
	return x;
}

void explanation_done(struct explanation *x)
{
	knowledge_free(x->knowledge);
	facts_done(&x->facts);
	explain_outline_done(&x->outline);
}

static const char *keep(struct explanation *x, const char *text)
{
	return facts_str(&x->facts, facts_text(&x->facts, text));
}

struct entity explain_add(struct explanation *x, unsigned depth, const char *kind, const char *name,
			  const char *title)
{
	struct entity entity = facts_entity(&x->facts, kind, name);

	explain_outline_push(&x->outline,
			     (struct explain_item){ .entity = entity,
						    .depth = depth,
						    .title = keep(x, title ? title : name) });
	return entity;
}

void explain_note(struct explanation *x, struct entity entity, const char *aspect, const char *text,
		  const char *source)
{
	if (text && *text)
		facts_add_note(&x->facts, entity, aspect, text, source);
}

/* An entry names where a claim can be checked, else the entry itself is the source. */
static const char *source_of(struct kb_match match)
{
	const char *source = kb_text(match.index, match.entry->fields[KB_FIELD_SOURCE]);

	return *source ? source : kb_text(match.index, match.entry->origin);
}

void explain_field(struct explanation *x, struct entity entity, const char *aspect,
		   struct kb_match match, enum kb_field field)
{
	explain_note(x, entity, aspect, kb_text(match.index, match.entry->fields[field]),
		     source_of(match));
}

void explain_changes(struct explanation *x, unsigned depth, struct kb_match match)
{
	static const enum kb_advice_field order[] = { KB_ADVICE_BY,    KB_ADVICE_HOW,
						      KB_ADVICE_WHEN,  KB_ADVICE_EXPECT,
						      KB_ADVICE_COST,  KB_ADVICE_RECOMMENDED,
						      KB_ADVICE_SOURCE };
	const struct kb_entry *entry = match.entry;
	bool is_faster = entry->kind >= KB_FASTER_PROGRAM;
	const char *origin = kb_text(match.index, entry->origin);

	for (uint32_t i = 0; i < entry->advice_count; i++) {
		const struct kb_advice *advice = &match.index->advice[entry->advice_first + i];
		const char *text = kb_text(match.index, advice->fields[KB_ADVICE_TEXT]);
		/* the same program may replace several, for different reasons */
		auto_free char *name = is_faster ? x_asprintf("%s (%s)", text, origin)
						 : x_strndup(text, strlen(text));
		struct entity item =
			explain_add(x, depth, is_faster ? "replacement" : "advice", name, text);

		for (unsigned k = 0; k < ARRAY_SIZE(order); k++)
			explain_note(x, item,
				     is_faster || order[k] != KB_ADVICE_WHEN
					     ? kb_advice_field_names[order[k]]
					     : "condition",
				     kb_text(match.index, advice->fields[order[k]]), origin);
		if (advice->fields[KB_ADVICE_RECOMMENDED])
			x->outline.items[x->outline.count - 1].mark = "recommended";
	}
}

bool explain_topic(struct explanation *x, unsigned depth, struct kb_match match)
{
	const char *name = kb_text(match.index, match.entry->fields[KB_FIELD_TOPIC]);
	struct kb_match topic;
	struct entity entity;

	if (!*name)
		return false;
	entity = facts_entity(&x->facts, "topic", name);
	if (facts_note(&x->facts, entity, "problem"))
		return true;
	topic = knowledge_topic(x->knowledge, str_from(name));
	if (!topic.entry)
		return false;
	explain_add(x, depth, "topic", name, "What it may cost, and what to change");
	explain_field(x, entity, "problem", topic, KB_FIELD_PROBLEM);
	explain_changes(x, depth + 1, topic);
	return true;
}

void explain_near(struct explanation *x, struct entity entity, const char *word,
		  const struct kb_names *names)
{
	const char *near[MAX_NEAR];
	size_t count = nearest_names(word, names->items, names->count, near, MAX_NEAR);

	for (size_t i = 0; i < count; i++)
		explain_note(x, entity, "near", near[i], "");
}

static char *words_join(int argc, char **argv)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < argc; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", argv[i]);
	return strbuf_take(&text);
}

struct error *explain_give(struct explanation *x, const struct model_options *options, int argc,
			   char **argv)
{
	struct command_context *context = x->context;
	auto_free char *input = words_join(argc, argv);
	struct explain_answer answer = { .command = context->command->name,
					 .input = input,
					 .facts = &x->facts,
					 .outline = x->outline };
	auto_model struct model_session *model = NULL;
	struct error *error = model_open(context, options, &model), *unread = NULL;
	const struct answer_prose unasked = model_unasked(context, error);

	answer.is_asked = model;
	answer.prose = &unasked;
	facts_number(&x->facts);
	if (context->echo_input) {
		FILE *stream = context->json ? stderr : context->out.stream;

		term_write_safe(stream, str_from(input));
		fputc('\n', stream);
	}
	if (!context->json) {
		explain_text(&context->out, &answer);
		unread = stdout_flush();
	}
	/* Where nobody can read it, no model is asked. */
	if (unread) {
		error_free(error);
		error = unread;
	} else if (model) {
		error = model_ask(model, &x->facts, x->prompt ? x->prompt : context->command->name,
				  input, &answer.prose);
	}
	if (context->json)
		explain_json(context->out.stream, &answer);
	if (!error && context->model->chat)
		error = chat_run(context, model, false);
	return error;
}
