/*
 * The loop that all answering commands share: look (facts), know (notes), judge (findings), meet
 * what the rules still need, at most twice, and judge again; then number the facts, render, and ask
 * the model if there is one (cmd/model.h): it adds prose, and changes nothing.
 */
#pragma once

#include "cmd/model.h"
#include "cmd/profile_input.h"
#include "facts/facts.h"
#include "knowledge/knowledge.h"
#include "render/answer.h"
#include "rules/rules.h"

struct answer_command {
	struct profile_options profile;
	uint64_t limit;
	double percent_limit;
	struct model_options model;
};

/* Reads standard input where no file is named, as the seeds have it, saying so on a terminal. */
MUST_CHECK struct error *answer_open(struct command_context *context,
				     const struct profile_options *options, int argc, char **argv,
				     struct profile_input *ret);

/* --echo-input: what was read, made safe for a terminal; on stderr with --json. */
void answer_echo(const struct command_context *context, struct str text);

/* The knowledge base and the rules, with those of the user. */
struct thinker {
	struct knowledge *knowledge;
	struct ruleset *rules;
};

struct thinker thinker_new(struct command_context *context);
void thinker_done(struct thinker *thinker);
#define auto_thinker __attribute__((cleanup(thinker_done)))

/* For facts that nobody can be asked more about: adds notes and findings, and numbers the facts.
 * The result's texts belong to the thinker. */
struct ruleset_result answer_judge(const struct thinker *thinker, struct facts *facts);

typedef void answer_render_text(const struct term *term, const struct answer *answer,
				const struct answer_options *options);

/* Works the answer out and renders it, as text or, with --json, as JSON. An error is the model's:
 * the answer is out by then. */
MUST_CHECK struct error *answer_give(struct command_context *context,
				     const struct profile_input *input,
				     const struct answer_command *given,
				     const struct answer_options *options,
				     answer_render_text *render);
