/*
 * What the commands about named things share (findfaster, explainfunction, explainprocess): the
 * knowledge base with the user's own files, an outline of what is told, and pouring entries of the
 * base into notes. The facts of such an answer are what a model would be given as well.
 */
#pragma once

#include "cmd/command.h"
#include "cmd/model.h"
#include "facts/facts.h"
#include "knowledge/lookup.h"
#include "render/explain.h"

struct explanation {
	struct command_context *context;
	struct knowledge *knowledge;
	struct facts facts;
	struct explain_outline outline;
	const char *prompt; /* what a model is asked by; NULL: the one of the command's name */
};

struct explanation explanation_new(struct command_context *context);
void explanation_done(struct explanation *x);
#define auto_explanation __attribute__((cleanup(explanation_done)))

/* Adds an item; the texts may go away after the call. */
struct entity explain_add(struct explanation *x, unsigned depth, const char *kind, const char *name,
			  const char *title);
/* A note; NULL and "" add nothing. */
void explain_note(struct explanation *x, struct entity entity, const char *aspect, const char *text,
		  const char *source);
/* One text field of an entry as a note. */
void explain_field(struct explanation *x, struct entity entity, const char *aspect,
		   struct kb_match match, enum kb_field field);
/* An item at `depth` for every change of the entry, its conditions below it. */
void explain_changes(struct explanation *x, unsigned depth, struct kb_match match);
/* The problem and the changes of the entry's topic, each topic once; says whether there was one. */
bool explain_topic(struct explanation *x, unsigned depth, struct kb_match match);
/* The names nearest to the one that is not known, as notes of `entity`. */
void explain_near(struct explanation *x, struct entity entity, const char *word,
		  const struct kb_names *names);
/* Numbers the facts, writes the answer to argv, as text or JSON, and has a configured model add its
 * prose. An error is the model's: the answer is out by then. */
MUST_CHECK struct error *explain_give(struct explanation *x, const struct model_options *options,
				      int argc, char **argv);
