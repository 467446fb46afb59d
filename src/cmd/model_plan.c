#include <string.h>

#include "base/memory.h"
#include "cmd/model_session.h"

unsigned model_calls_left(const struct model_session *session)
{
	uint64_t most = session->options.max_calls ? session->options.max_calls : MODEL_CALLS;

	return (unsigned)MIN(most - MIN(most, session->calls_used), (uint64_t)1000);
}

size_t model_input_room(const struct model_session *session)
{
	return model_budget(session, 0).bytes / 4;
}

void model_keep_short(struct model_session *session)
{
	session->is_short = true;
}

void model_mask_host(struct model_session *session, const char *name)
{
	masks_add_name(&session->masks, MASK_HOST, name);
}

static struct error *run_query(struct model_session *session, struct str request,
			       struct strbuf *ret)
{
	struct query query = { .prompt = { session->messages.items, session->messages.count, true,
					   session->context->model->temperature },
			       .request_bytes = request.len };
	struct error *error = asker_run(&session->asker, &query, 1);
	const struct llm_config *config = &session->config;

	session->calls_used++;
	if (query.reply.usage.known && !query.from_cache)
		session->cost_used += ((double)query.reply.usage.prompt_tokens * config->price_in +
				       (double)query.reply.usage.reply_tokens * config->price_out) /
				      1e6;
	if (!error)
		error = take_ptr(query.error);
	strbuf_add(ret, strbuf_str(&query.text));
	query_done(&query);
	return error;
}

struct error *model_consult(struct model_session *session, const struct facts *facts,
			    const struct model_question *question, struct strbuf *ret)
{
	auto_strbuf struct strbuf system = STRBUF_INIT, file = STRBUF_INIT, text = STRBUF_INIT;
	auto_strbuf struct strbuf request = STRBUF_INIT;
	struct prompt_counts counts = { 0 };
	struct prompt_input input = { .facts = facts,
				      .question = question->words,
				      .input = question->input };
	struct llm_prompt prompt;

	TRY(prompt_file_load(session->prompts, "system", &system));
	TRY(prompt_file_load(session->prompts, question->prompt, &file));
	input.body = prompt_file_parse(strbuf_str(&file)).body;
	input.budget = model_budget(session, system.len);
	model_mask_hosts(session, facts);
	prompt_fill(&input, &text, &counts);
	session->messages.count = 0;
	model_say(session, LLM_SYSTEM, prompt_file_parse(strbuf_str(&system)).body);
	model_say(session, LLM_USER, strbuf_str(&text));
	prompt = (struct llm_prompt){ session->messages.items, session->messages.count, true,
				      session->context->model->temperature };
	asker_show(&session->asker, &prompt, &request);
	if (session->options.dry_run) {
		model_show_request(session, strbuf_str(&request));
		return NULL;
	}
	TRY(model_check_cost(session, request.len, 1));
	return run_query(session, strbuf_str(&request), ret);
}
