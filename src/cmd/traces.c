#include "cmd/traces.h"

#include "base/strbuf.h"
#include "base/vec.h"
#include "knowledge/symbol_name.h"

struct library_known {
	const char *text; /* borrowed: names of one profile have one address */
	bool is_known;
};

VEC_DEFINE(library_vec, struct library_known)

/* What a function is known for, as the stacks' patterns ask it. */
struct looker {
	const struct knowledge *knowledge;
	const struct facts *facts;
	struct arena arena;
	struct str forms[SYMBOL_NAME_FORMS];
	struct library_vec libraries; /* looked up so far */
};

/* Code made at run time is the application's, whatever is known of the program that made it. */
static bool is_made_at_run_time(struct str library)
{
	return str_starts_with(library, STR("[JIT]")) || str_starts_with(library, STR("perf-")) ||
	       str_starts_with(library, STR("jitted-"));
}

static const char *note_or_none(const struct facts *facts, struct entity symbol, const char *aspect)
{
	const char *text = facts_note(facts, symbol, aspect);

	return text ? text : "";
}

/* What was looked up already is in the notes: a function with a fact was. */
static bool noted_look(const struct facts *facts, struct str library, struct str function,
		       struct trace_function *ret)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;
	struct entity symbol = { .kind = intern_find(&facts->texts, STR("symbol")) };

	strbuf_add(&name, library);
	strbuf_add_char(&name, ':');
	strbuf_add(&name, function);
	symbol.name = intern_find(&facts->texts, strbuf_str(&name));
	if (symbol.kind == UINT32_MAX || symbol.name == UINT32_MAX ||
	    !facts_find(facts, symbol, "self"))
		return false;
	ret->family = note_or_none(facts, symbol, "family");
	ret->topic = note_or_none(facts, symbol, "topic");
	ret->is_known = facts_note(facts, symbol, "what");
	return true;
}

/* Code of a library or program that the base knows is not the application's. */
static bool library_is_known(struct looker *looker, struct str library)
{
	bool is_known;

	for (size_t i = 0; i < looker->libraries.count; i++)
		if (looker->libraries.items[i].text == library.ptr)
			return looker->libraries.items[i].is_known;
	is_known = !is_made_at_run_time(library) &&
		   (knowledge_library(looker->knowledge, library).entry ||
		    knowledge_program(looker->knowledge, library).entry);
	library_vec_push(&looker->libraries, (struct library_known){ library.ptr, is_known });
	return is_known;
}

static struct trace_function function_look(void *context, struct str library, struct str function)
{
	struct looker *looker = context;
	struct trace_function known = { .family = "", .topic = "", .forms = looker->forms };
	size_t first_plain;

	known.form_count = symbol_name_forms(&looker->arena, function, looker->forms, &first_plain);
	if (!noted_look(looker->facts, library, function, &known)) {
		struct kb_match match = knowledge_function(looker->knowledge, library, function);

		known.is_known = match.entry;
		if (match.entry) {
			known.family = kb_text(match.index, match.entry->fields[KB_FIELD_FAMILY]);
			known.topic = kb_text(match.index, match.entry->fields[KB_FIELD_TOPIC]);
		}
	}
	known.is_library_known = library_is_known(looker, library);
	return known;
}

size_t traces_meet(const struct knowledge *knowledge, const struct profile_selection *selection,
		   struct facts *facts)
{
	struct looker looker = { .knowledge = knowledge, .facts = facts };
	const struct trace_knowledge known = { function_look, &looker };
	size_t met = profile_meet_traces(selection, &known, facts);

	library_vec_done(&looker.libraries);
	arena_done(&looker.arena);
	return met;
}
