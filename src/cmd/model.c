#include "cmd/model_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/config_folder.h"
#include "config.h"
#include "llm/calibration.h"
#include "render/markdown.h"

#define PROGRAM "sysgrok " SYSGROK_VERSION

char *model_store_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return x_asprintf("%s/sysgrok/answers", state);
	return home && home[0] == '/' ? x_asprintf("%s/.local/state/sysgrok/answers", home) : NULL;
}

void model_close(struct model_session *session)
{
	if (!session)
		return;
	http_preload_end();
	message_vec_done(&session->messages);
	arena_done(&session->arena);
	query_done(&session->query);
	citer_done(&session->citer);
	masks_done(&session->masks);
	llm_config_done(&session->config);
	free(session->prompts);
	free(session->store);
	free(session->tokens);
	free(session->url);
	free(session->error_text);
	free(session->notice);
	strbuf_done(&session->summaries);
	markdown_free(session->markdown);
	free(session);
}

static struct error *check_wishes(const struct model_wishes *wishes)
{
	if (!(wishes->temperature >= 0 && wishes->temperature <= 2))
		return error_new(ERROR_USAGE, "--temperature is 0 to 2");
	if (wishes->concurrent < 1 || wishes->concurrent > 64)
		return error_new(ERROR_USAGE, "--max-concurrent-queries is 1 to 64");
	return NULL;
}

static void set_up(struct model_session *session)
{
	const struct command_context *context = session->context;
	const char *mask = getenv("GAI_MASK");

	session->prompts = config_folder("prompts");
	session->store = model_store_folder();
	session->tokens = session->store ? x_asprintf("%s.tokens", session->store) : NULL;
	session->url = provider_url(&session->config);
	session->bytes_per_token =
		session->tokens ? calibration_find(session->tokens, session->config.model) : 0;
	session->budget_divisor = 1;
	session->masks.off = mask && strcmp(mask, "off") == 0;
	masks_add_machine(&session->masks);
	/* Short ones are names that local servers take for a key. */
	if (session->config.key && strlen(session->config.key) >= 16)
		masks_add_name(&session->masks, MASK_KEY, session->config.key);
	session->asker = (struct asker){
		.config = &session->config,
		.masks = &session->masks,
		.program = PROGRAM,
		.store_folder = session->store,
		.no_cache = session->options.ask_again,
		.http.concurrent = (unsigned)context->model->concurrent,
		.dialect = llm_dialect_of(&session->config),
		.warnings = context->warnings,
	};
}

struct error *model_open(struct command_context *context, const struct model_options *options,
			 struct model_session **ret)
{
	auto_model struct model_session *session = NULL;

	*ret = NULL;
	TRY(check_wishes(context->model));
	if (context->offline && !options->dry_run)
		return NULL;
	session = x_calloc(1, sizeof(*session));
	session->context = context;
	session->options = *options;
	TRY(llm_config_load(NULL, context->model->name, &session->config));
	if (session->config.api == LLM_NONE) {
		if (options->dry_run)
			warnings_add(context->warnings,
				     "no model is configured: nothing would be sent");
		return NULL;
	}
	if (session->config.note)
		warnings_add(context->warnings, "%s", session->config.note);
	set_up(session);
	if (!options->dry_run)
		http_preload();
	*ret = take_ptr(session);
	return NULL;
}

/* ---- prose on the terminal */

static void write_label(struct model_session *session)
{
	const struct term *out = &session->context->out;

	if (session->has_label)
		return;
	session->has_label = true;
	fprintf(out->stream, "\n%sWritten by ", term_style(out, TERM_BOLD));
	term_write_safe(out->stream, str_from(session->config.model));
	fprintf(out->stream, ", may be wrong%s (figures are checked against the facts):\n\n",
		term_style(out, TERM_PLAIN));
}

/* Tabs are those of code. */
static void write_line(FILE *stream, struct str line)
{
	struct str head, tail = line;

	while (str_cut(tail, '\t', &head, &tail)) {
		term_write_safe(stream, head);
		fputc('\t', stream);
	}
	term_write_safe(stream, head);
	fputc('\n', stream);
}

/* As Markdown where there are colours, else as it was written: for a file or another program. */
static bool stream_text(void *user, struct str text)
{
	struct model_session *session = user;
	const struct term *out = &session->context->out;
	struct str line;

	write_label(session);
	if (out->color && !session->markdown)
		session->markdown = markdown_new(out);
	if (session->markdown)
		markdown_add(session->markdown, text);
	while (!session->markdown && str_next_line(&text, &line))
		write_line(out->stream, line);
	/* Nobody reads any more: the rest need not be paid for. */
	return fflush(out->stream) == 0;
}

static void write_figures(FILE *stream, const struct answer_prose *prose)
{
	unsigned all = prose->right + prose->wrong + prose->uncited;

	if (!all) {
		fputs("it wrote no figures", stream);
		return;
	}
	fprintf(stream, "%u of %u figures verified", prose->right, all);
	if (prose->wrong)
		fprintf(stream, ", %u wrong", prose->wrong);
	if (prose->uncited)
		fprintf(stream, ", %u uncited", prose->uncited);
}

static void write_foot(struct model_session *session)
{
	const struct answer_prose *prose = &session->prose;
	FILE *stream = session->context->out.stream;

	if (session->markdown)
		markdown_end(session->markdown);
	if (prose->text.len) {
		fputs("\nWritten by ", stream);
		term_write_safe(stream, str_from(prose->model));
		fputs(", may be wrong; ", stream);
		write_figures(stream, prose);
		fprintf(stream, ". Id %.12s%s.\n", prose->id,
			prose->from_cache ? " (kept from an earlier request)" : "");
		if (prose->facts_told < prose->facts_known)
			fprintf(stream, "It was told the %zu facts of %zu that matter most%s.\n",
				prose->facts_told, prose->facts_known,
				prose->parts ? ", and summaries of others" : "");
	}
	if (prose->notice)
		fprintf(stream, "Note: %s.\n", prose->notice);
	if (prose->has_usage && session->context->verbosity) {
		fprintf(stderr, "sysgrok: note: %llu + %llu tokens",
			(unsigned long long)prose->prompt_tokens,
			(unsigned long long)prose->reply_tokens);
		if (prose->has_cost)
			fprintf(stderr, ", cost %.6f", prose->cost);
		fputc('\n', stderr);
	}
}

/* ---- asking */

struct error *model_check_cost(const struct model_session *session, size_t request_bytes,
			       unsigned answers)
{
	const struct llm_config *config = &session->config;
	double most;

	if (session->options.max_cost <= 0)
		return NULL;
	if (config->price_in <= 0 || config->price_out <= 0)
		return error_with_hint(error_new(ERROR_USAGE, "--max-cost needs the prices"),
				       "set GAI_PRICE_IN and GAI_PRICE_OUT: what a million tokens "
				       "of a prompt and of an answer cost");
	most = session->cost_used +
	       ((double)asker_estimate_tokens(request_bytes) * config->price_in +
		(double)config->reply_tokens * answers * config->price_out) /
		       1e6;
	if (most <= session->options.max_cost)
		return NULL;
	return error_with_hint(error_new(ERROR_FAILED,
					 "the model is not asked: it may cost %.6f, and "
					 "--max-cost is %.6f",
					 most, session->options.max_cost),
			       "GAI_MAX_TOKENS shortens the answer");
}

/* What is to be known of the parts and of the answer. */
static const char *join_notices(struct model_session *session, const char *notice)
{
	char *both;

	if (!session->notice || !notice)
		return notice ? notice : session->notice;
	both = x_asprintf("%s; %s", session->notice, notice);
	free(session->notice);
	session->notice = both;
	return both;
}

static void note_result(struct model_session *session)
{
	const struct query *query = &session->query;
	const struct llm_config *config = &session->config;
	struct answer_prose *prose = &session->prose;

	prose->text = strbuf_str(&query->text);
	prose->right = session->citer.counts.right;
	prose->wrong = session->citer.counts.wrong;
	prose->uncited = session->citer.counts.uncited;
	prose->notice = join_notices(session, query->notice);
	prose->id = query->id;
	prose->from_cache = query->from_cache;
	prose->has_usage = query->reply.usage.known;
	prose->prompt_tokens = query->reply.usage.prompt_tokens;
	prose->reply_tokens = query->reply.usage.reply_tokens;
	prose->has_cost = prose->has_usage && config->price_in > 0 && config->price_out > 0;
	prose->cost = ((double)prose->prompt_tokens * config->price_in +
		       (double)prose->reply_tokens * config->price_out) /
		      1e6;
}

static struct error *verdict(struct model_session *session)
{
	const struct answer_prose *prose = &session->prose;

	if (session->query.error)
		return take_ptr(session->query.error);
	if (session->options.strict && prose->wrong + prose->uncited)
		return error_new(ERROR_UNVERIFIED,
				 "%u figures of the model are wrong and %u cite no fact",
				 prose->wrong, prose->uncited);
	return NULL;
}

/* What the server counted makes the next estimate. It is no more than that: failing harms nobody.
 */
static void calibrate(const struct model_session *session, struct str request)
{
	const struct answer_prose *prose = &session->prose;

	if (session->tokens && prose->has_usage && !prose->from_cache)
		error_free(calibration_note(session->tokens, session->config.model, request.len,
					    prose->prompt_tokens));
}

void model_say(struct model_session *session, enum llm_role role, struct str text)
{
	const struct str kept = { arena_copy(&session->arena, text), text.len };

	message_vec_push(&session->messages, (struct llm_message){ role, kept });
}

/* Nothing is sent that the model cannot take. */
static struct error *check_size(const struct model_session *session, struct str request)
{
	const struct llm_config *config = &session->config;
	double per_token = session->bytes_per_token > 0 ? session->bytes_per_token : 2;
	double tokens = (double)request.len / per_token;

	if (tokens <= (double)config->context_tokens)
		return NULL;
	return error_with_hint(
		error_new(ERROR_FAILED,
			  "the model is not asked: the request has some %.0f tokens, and it takes "
			  "%" PRIu64,
			  tokens, config->context_tokens),
		"GAI_CONTEXT_TOKENS says how much the model takes; a shorter question helps too");
}

static struct error *check_request(struct model_session *session, struct str request)
{
	struct error *error = check_size(session, request);
	const char *reason = "too large";

	if (!error) {
		reason = "max cost";
		error = model_check_cost(session, request.len, 1);
	}
	if (error) {
		session->prose.asked = false;
		session->prose.reason = reason;
	}
	return error;
}

void model_show_request(const struct model_session *session, struct str request)
{
	const struct command_context *context = session->context;

	if (!context->json)
		fputs("\nThe request to the model, which is not sent:\n\n", context->out.stream);
	fwrite(request.ptr, 1, request.len, context->json ? stderr : context->out.stream);
}

/* Sends what was said, streams the answer, and adds it to what was said. */
static struct error *send(struct model_session *session)
{
	struct command_context *context = session->context;
	const struct llm_prompt prompt = { session->messages.items, session->messages.count, true,
					   context->model->temperature };
	auto_strbuf struct strbuf answer = STRBUF_INIT;
	auto_strbuf struct strbuf request = STRBUF_INIT;
	struct error *error;

	asker_show(&session->asker, &prompt, &request);
	if (session->options.dry_run) {
		model_show_request(session, strbuf_str(&request));
		return NULL;
	}
	TRY(check_request(session, strbuf_str(&request)));
	session->query.prompt = prompt;
	session->query.request_bytes = request.len;
	session->query.citer = &session->citer;
	session->query.on_text = context->json ? NULL : stream_text;
	session->query.user = session;
	error = asker_run(&session->asker, &session->query, 1);
	note_result(session);
	calibrate(session, strbuf_str(&request));
	mask_reveal(&session->masks, strbuf_str(&session->query.reply.text), &answer);
	if (answer.len)
		model_say(session, LLM_ASSISTANT, strbuf_str(&answer));
	if (!context->json)
		write_foot(session);
	if (error)
		return error;
	return verdict(session);
}

/* ---- the whole */

/* Where no answer came, what was worked out for it is shown. */
static void give_summaries(struct model_session *session)
{
	struct answer_prose *prose = &session->prose;

	if (prose->text.len || !session->summaries.len)
		return;
	prose->text = strbuf_str(&session->summaries);
	prose->notice = join_notices(session, "these are summaries of parts of the input, as the "
					      "answer over them failed");
	if (!session->context->json) {
		stream_text(session, prose->text);
		write_foot(session);
	}
}

static struct error *ask(struct model_session *session, const struct facts *facts, const char *name,
			 const char *question)
{
	auto_model_texts struct model_texts texts = { 0 };
	struct error *error;

	TRY(model_texts_load(session, name, &texts));
	for (unsigned attempt = 0;; attempt++) {
		TRY(model_compose(session, facts, &texts, question));
		error = send(session);
		if (!error)
			return NULL;
		if (!model_learn_size(session, attempt)) {
			give_summaries(session);
			return error;
		}
		error_free(error);
		query_done(&session->query);
		session->query = (struct query){ 0 };
		citer_done(&session->citer);
		citer_init(&session->citer, facts);
	}
}

struct answer_prose model_unasked(const struct command_context *context, const struct error *error)
{
	return (struct answer_prose){ .reason = context->offline ? "offline"
						: error		 ? "configuration"
								 : "not configured",
				      .error = error ? error->message : NULL };
}

/* The machines that the facts are of. */
void model_mask_hosts(struct model_session *session, const struct facts *facts)
{
	struct masks *masks = &session->masks;

	for (size_t i = 0; i < facts->facts.count; i++) {
		const struct fact *fact = &facts->facts.items[i];

		masks_add_name(masks, MASK_HOST, facts_str(facts, fact->entity.host));
		if (fact->type == FACT_TEXT &&
		    strcmp(facts_str(facts, fact->name), "hostname") == 0)
			masks_add_name(masks, MASK_HOST, facts_str(facts, fact->text));
	}
}

struct error *model_ask(struct model_session *session, const struct facts *facts,
			const char *prompt, const char *question,
			const struct answer_prose **ret_prose)
{
	struct error *error;

	session->prose = (struct answer_prose){ .asked = !session->options.dry_run,
						.reason = "dry run",
						.model = session->config.model,
						.url = session->url,
						.id = "" };
	*ret_prose = &session->prose;
	citer_init(&session->citer, facts);
	model_mask_hosts(session, facts);
	error = ask(session, facts, prompt, question);
	if (error) {
		session->error_text = error_text(error);
		session->prose.error = session->error_text;
	}
	/* Who stops an answer may want to ask something else. */
	if (error && error->code == ERROR_INTERRUPTED && session->context->model->chat &&
	    model_is_able_to_chat(session)) {
		fprintf(stderr, "sysgrok: note: %s\n", session->error_text);
		error_free(error);
		return NULL;
	}
	return error;
}

/* What came before is forgotten from its oldest question on, where it grows too large; the facts
 * and the first answer stay. */
static void forget(struct model_session *session)
{
	size_t budget = model_budget(session, 0).bytes, first = 3, bytes = 0;
	struct message_vec *messages = &session->messages;

	for (size_t i = 0; i < messages->count; i++)
		bytes += messages->items[i].text.len;
	while (bytes > budget && messages->count > first + 2) {
		bytes -= messages->items[first].text.len + messages->items[first + 1].text.len;
		messages->count -= 2;
		memmove(&messages->items[first], &messages->items[first + 2],
			(messages->count - first) * sizeof(*messages->items));
	}
}

struct error *model_reply(struct model_session *session, struct str question)
{
	struct message_vec *messages = &session->messages;
	struct error *error;

	query_done(&session->query);
	session->query = (struct query){ 0 };
	session->citer.counts = (struct cite_counts){ 0 };
	/* Told once is enough. */
	session->prose.facts_told = session->prose.facts_known;
	free(session->notice);
	session->notice = NULL;
	session->citer.in_code = session->has_label = false;
	/* A question that had no answer is asked anew: roles alternate. */
	if (messages->count && messages->items[messages->count - 1].role == LLM_USER &&
	    messages->count > 2)
		messages->count--;
	model_say(session, LLM_USER, question);
	forget(session);
	error = send(session);
	return error;
}

bool model_is_able_to_chat(const struct model_session *session)
{
	return !session->options.dry_run && session->messages.count > 2;
}

bool model_try(const struct command_context *context, char **ret, const char **ret_remedy)
{
	static const struct llm_message hello = { LLM_USER, { "Answer with the word OK.", 24 } };
	const struct model_options options = { .ask_again = true };
	struct command_context own = *context;
	auto_model struct model_session *session = NULL;
	auto_error struct error *error = model_open(&own, &options, &session);
	struct query *query;

	*ret_remedy = NULL;
	if (!error && !session) {
		*ret = x_strdup(context->offline ? "not tried (--offline)"
						 : "none is configured: answers are made of rules "
						   "and knowledge alone");
		return true;
	}
	if (!error) {
		session->config.reply_tokens = 16;
		session->asker.store_folder = NULL;
		/* Nobody waits long for doctor. */
		session->asker.http.attempts = 1;
		session->asker.http.connect_s = 5;
		session->asker.http.total_s = 20;
		query = &session->query;
		query->prompt = (struct llm_prompt){ &hello, 1, true, 0 };
		error = asker_run(&session->asker, query, 1);
		if (!error)
			error = take_ptr(query->error);
	}
	if (error) {
		*ret = error_text(error);
		*ret_remedy = "man sysgrok-model says how one is configured; --offline leaves it "
			      "out";
		return false;
	}
	*ret = x_asprintf("%s at %s answers in %.0f ms", session->config.model,
			  session->config.base, (double)session->query.total_ns / 1e6);
	return true;
}
