#include "llm/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/json_out.h"
#include "base/memory.h"

#define KEY_BYTES_LEAST 6 /* shorter ones are no secret, and parts of words */

static const char *const role_names[] = {
	[LLM_SYSTEM] = "system", [LLM_USER] = "user", [LLM_ASSISTANT] = "assistant"
};

struct llm_dialect llm_dialect_of(const struct llm_config *config)
{
	/* Reasoning models; they refuse max_tokens and any temperature. */
	static const char *const newer[] = { "o1", "o3", "o4", "gpt-5" };
	struct llm_dialect dialect = { 0 };

	if (config->api == LLM_ANTHROPIC)
		return dialect;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++) {
		if (strncmp(config->model, newer[i], strlen(newer[i])) == 0)
			dialect.completion_tokens = dialect.no_temperature = true;
	}
	if (config->tokens_field)
		dialect.completion_tokens = strcmp(config->tokens_field, "max_tokens") != 0;
	return dialect;
}

static void add_percent_encoded(struct strbuf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (strchr("-._~", *c) || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
		    (*c >= 'A' && *c <= 'Z'))
			strbuf_add_char(out, *c);
		else
			strbuf_addf(out, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

char *provider_url(const struct llm_config *config)
{
	auto_strbuf struct strbuf url = STRBUF_INIT;

	strbuf_add_text(&url, config->base);
	switch (config->api) {
	case LLM_NONE:
	case LLM_OPENAI:
		strbuf_add_text(&url, "/chat/completions");
		break;
	case LLM_ANTHROPIC:
		strbuf_add_text(&url, str_ends_with(str_from(config->base), STR("/v1"))
					      ? "/messages"
					      : "/v1/messages");
		break;
	case LLM_AZURE:
		strbuf_add_text(&url, "/openai/deployments/");
		add_percent_encoded(&url, config->model);
		strbuf_add_text(&url, "/chat/completions?api-version=");
		add_percent_encoded(&url, config->version);
		break;
	}
	return strbuf_take(&url);
}

static const char *header(struct arena *arena, const char *lead, const char *value)
{
	auto_free char *text = x_asprintf("%s%s", lead, value);

	return arena_copy(arena, str_from(text));
}

const char *const *provider_headers(const struct llm_config *config, struct arena *arena)
{
	const char **headers = arena_array(arena, 6, sizeof(*headers));
	size_t count = 0;
	/* Entra's tokens are JWTs; a resource's key is not. */
	bool is_token = config->key && strncmp(config->key, "eyJ", 3) == 0;

	headers[count++] = "Content-Type: application/json";
	headers[count++] = "Accept: text/event-stream, application/json";
	if (config->api == LLM_ANTHROPIC)
		headers[count++] = header(arena, "anthropic-version: ", config->version);
	if (config->key && config->api == LLM_ANTHROPIC)
		headers[count++] = header(arena, "x-api-key: ", config->key);
	else if (config->key && config->api == LLM_AZURE && !is_token)
		headers[count++] = header(arena, "api-key: ", config->key);
	else if (config->key)
		headers[count++] = header(arena, "Authorization: Bearer ", config->key);
	return headers;
}

static void write_masked(struct json_writer *json, struct masks *masks, struct str text)
{
	auto_strbuf struct strbuf hidden = STRBUF_INIT;

	mask_hide(masks, text, &hidden);
	json_text_str(json, strbuf_str(&hidden));
}

static void write_messages(struct json_writer *json, enum llm_api api,
			   const struct llm_prompt *prompt, struct masks *masks)
{
	json_key(json, "messages");
	json_array_begin(json);
	for (size_t i = 0; i < prompt->count; i++) {
		const struct llm_message *message = &prompt->messages[i];

		if (api == LLM_ANTHROPIC && message->role == LLM_SYSTEM)
			continue;
		json_object_begin(json);
		json_key_text(json, "role", role_names[message->role]);
		json_key(json, "content");
		write_masked(json, masks, message->text);
		json_object_end(json);
	}
	json_array_end(json);
}

/* Anthropic's: all system messages as one text beside the others. */
static void write_system(struct json_writer *json, const struct llm_prompt *prompt,
			 struct masks *masks)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < prompt->count; i++) {
		if (prompt->messages[i].role != LLM_SYSTEM)
			continue;
		if (text.len)
			strbuf_add_text(&text, "\n\n");
		strbuf_add(&text, prompt->messages[i].text);
	}
	if (!text.len)
		return;
	json_key(json, "system");
	write_masked(json, masks, strbuf_str(&text));
}

void provider_body(const struct llm_config *config, struct llm_dialect dialect,
		   const struct llm_prompt *prompt, struct masks *masks, struct strbuf *out)
{
	auto_free char *text = NULL;
	size_t size_bytes = 0;
	FILE *stream = open_memstream(&text, &size_bytes);
	struct json_writer json = json_writer_on(stream);

	json_object_begin(&json);
	/* Azure's URL names the deployment already. */
	if (config->api != LLM_AZURE)
		json_key_text(&json, "model", config->model);
	if (config->api == LLM_ANTHROPIC)
		write_system(&json, prompt, masks);
	write_messages(&json, config->api, prompt, masks);
	json_key_uint(&json, dialect.completion_tokens ? "max_completion_tokens" : "max_tokens",
		      config->reply_tokens);
	if (prompt->has_temperature && !dialect.no_temperature)
		json_key_real(&json, "temperature", prompt->temperature);
	json_key_bool(&json, "stream", true);
	if (config->api != LLM_ANTHROPIC && !dialect.no_usage) {
		json_key(&json, "stream_options");
		json_object_begin(&json);
		json_key_bool(&json, "include_usage", true);
		json_object_end(&json);
	}
	json_object_end(&json);
	json_finish(&json);
	fclose(stream);
	strbuf_add(out, (struct str){ text, size_bytes });
}

/* One line for a message: blanks for control bytes, cut, and never the key. */
static char *clean_message(const struct llm_config *config, struct str text)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	struct str key = str_from(config->key);

	text = str_trim(text);
	while (text.len && out.len < 400) {
		if (key.len >= KEY_BYTES_LEAST && str_starts_with(text, key)) {
			strbuf_add_text(&out, "(the key)");
			text.ptr += key.len;
			text.len -= key.len;
			continue;
		}
		strbuf_add_char(&out, (unsigned char)*text.ptr < ' ' ? ' ' : *text.ptr);
		text.ptr++;
		text.len--;
	}
	if (text.len)
		strbuf_add_text(&out, " ...");
	return strbuf_take(&out);
}

/* What error bodies have in common: {"error": {"message", "code", "type"}} or {"error": "text"},
 * {"message"}, {"detail"}. */
struct refusal {
	struct str message, code, type, param;
};

/* What checks of requests in Python say: [{"loc": ["body", "temperature"], "msg": "..."}]. */
static void read_details(const struct json *details, struct refusal *ret)
{
	const struct json *first = details && details->type == JSON_ARRAY ? details->first : NULL;
	const struct json *where = json_find(first, "loc");

	json_get_text(json_find(first, "msg"), &ret->message);
	for (where = where && where->type == JSON_ARRAY ? where->first : NULL; where;
	     where = where->next)
		json_get_text(where, &ret->param);
}

static void read_refusal(const struct json *body, struct refusal *ret)
{
	const struct json *error = json_find(body, "error");
	const struct json *code;

	/* Some proxies wrap it into an array. */
	if (body && body->type == JSON_ARRAY && body->first)
		error = json_find(body->first, "error");
	if (json_get_text(error, &ret->message))
		return;
	if (!error)
		error = body;
	if (!json_get_text(json_find(error, "message"), &ret->message) &&
	    !json_get_text(json_find(error, "detail"), &ret->message))
		read_details(json_find(error, "detail"), ret);
	json_get_text(json_find(error, "type"), &ret->type);
	json_get_text(json_find(error, "param"), &ret->param);
	code = json_find(error, "code");
	if (code && (code->type == JSON_TEXT || code->type == JSON_NUMBER))
		ret->code = code->text;
}

static bool parse_refusal(struct str body, struct arena *arena, struct refusal *ret)
{
	const struct json *json;
	auto_error struct error *error = json_parse(body, arena, &json);

	*ret = (struct refusal){ 0 };
	if (error)
		return false;
	read_refusal(json, ret);
	return ret->message.len || ret->code.len || ret->type.len;
}

static bool is_overflow(const struct refusal *refusal)
{
	/* OpenAI's and its likes, llama-server's, Anthropic's. */
	return str_is(refusal->code, "context_length_exceeded") ||
	       str_is(refusal->type, "exceed_context_size_error") ||
	       str_find(refusal->message, STR("prompt is too long")) >= 0 ||
	       str_find(refusal->message, STR("maximum context length")) >= 0;
}

static void read_tokens(const struct json *value, uint64_t *ret)
{
	double number;

	if (json_get_number(value, &number) && number >= 1 && number < 1e12)
		*ret = (uint64_t)number;
}

bool provider_is_too_large(struct str body, uint64_t *ret_context_tokens,
			   uint64_t *ret_prompt_tokens)
{
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *json;
	auto_error struct error *error = json_parse(body, &arena, &json);
	struct refusal refusal = { 0 };

	*ret_context_tokens = *ret_prompt_tokens = 0;
	if (error)
		return false;
	read_refusal(json, &refusal);
	if (!is_overflow(&refusal))
		return false;
	json = json_find(json, "error");
	read_tokens(json_find(json, "n_ctx"), ret_context_tokens);
	read_tokens(json_find(json, "n_prompt_tokens"), ret_prompt_tokens);
	return true;
}

static const char *hint_for(const struct llm_config *config, long status,
			    const struct refusal *refusal)
{
	if (is_overflow(refusal))
		return "GAI_CONTEXT_TOKENS says how much the model takes; a smaller input helps "
		       "too";
	if (str_is(refusal->code, "insufficient_quota"))
		return "the account has no credit left; --offline answers without a model";
	if (status == 401 || status == 403)
		return "is GAI_API_KEY right, and is it one of this server?";
	if (status == 404 && config->api == LLM_AZURE)
		return "on Azure --model names the deployment; is GAI_API_VERSION one that it "
		       "serves?";
	if (status == 404)
		return "has this server that model (--model), and is GAI_API_BASE right (it mostly "
		       "ends with /v1)?";
	if (status >= 300 && status < 400)
		return "redirects are not followed with a key: set GAI_API_BASE to where it leads";
	return "the answer above the model's does not depend on it; --offline leaves the model out";
}

struct error *provider_error(const struct llm_config *config, long status, struct str body)
{
	auto_arena struct arena arena = ARENA_INIT;
	auto_free char *message = NULL;
	struct refusal refusal;
	struct error *error;

	if (parse_refusal(body, &arena, &refusal)) {
		struct str code = refusal.code.len ? refusal.code : refusal.type;

		message = clean_message(config, refusal.message);
		error = error_new(ERROR_FAILED, "the server refused (%ld%s%.*s)%s%s", status,
				  code.len ? ", " : "", STR_ARG(code), *message ? ": " : "",
				  message);
	} else if (body.len && !memchr(body.ptr, '<', MIN(body.len, (size_t)64))) {
		message = clean_message(config, body);
		error = error_new(ERROR_FAILED, "the server refused (%ld): %s", status, message);
	} else {
		/* A proxy's page. */
		error = error_new(ERROR_FAILED, "the server refused (%ld%s)", status,
				  body.len ? ", with a page instead of a reason" : "");
	}
	return error_with_hint(error, "%s", hint_for(config, status, &refusal));
}

static bool names(const struct refusal *refusal, const char *parameter)
{
	return str_is(refusal->param, parameter) ||
	       str_find(refusal->message, str_from(parameter)) >= 0;
}

bool provider_adapt(struct llm_dialect *dialect, long status, struct str body)
{
	auto_arena struct arena arena = ARENA_INIT;
	struct refusal refusal;

	if ((status != 400 && status != 422) || !parse_refusal(body, &arena, &refusal) ||
	    is_overflow(&refusal))
		return false;
	if (!dialect->no_temperature && names(&refusal, "temperature")) {
		dialect->no_temperature = true;
		return true;
	}
	if (!dialect->no_usage && names(&refusal, "stream_options")) {
		dialect->no_usage = true;
		return true;
	}
	/* "max_tokens is too large" is of its value. */
	if (!dialect->completion_tokens && names(&refusal, "max_tokens") &&
	    str_find(refusal.message, STR("too large")) < 0) {
		dialect->completion_tokens = true;
		return true;
	}
	if (dialect->completion_tokens && !str_is(refusal.param, "max_tokens") &&
	    names(&refusal, "max_completion_tokens")) {
		dialect->completion_tokens = false;
		return true;
	}
	return false;
}

bool provider_worth_retrying(long status, struct str body)
{
	return status != 429 || str_find(body, STR("insufficient_quota")) < 0;
}
