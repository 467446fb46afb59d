#include "llm/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "llm/env_file.h"

#define OPENAI_BASE "https://api.openai.com/v1"
#define ANTHROPIC_BASE "https://api.anthropic.com"
#define ANTHROPIC_VERSION "2023-06-01"
#define OPENAI_MODEL "gpt-3.5-turbo"
#define REPLY_TOKENS 1024

/* Context sizes by the beginning of the name; what is not here gets the last line's. */
static const struct {
	const char *prefix;
	uint64_t tokens;
} contexts[] = {
	{ "gpt-3.5-turbo", 16385 }, { "gpt-4-32k", 32768 }, { "gpt-4-turbo", 128000 },
	{ "gpt-4o", 128000 },	    { "gpt-4.1", 1000000 }, { "gpt-4", 8192 },
	{ "claude", 200000 },	    { "", 8192 },
};

/* A value, and where it stood. */
struct setting {
	const char *value; /* NULL: nowhere */
	bool from_file;
};

struct lookup {
	const struct llm_sources *sources;
	struct env_file file;
};

static struct setting look_up(struct lookup *lookup, const char *name)
{
	const char *value = lookup->sources && lookup->sources->environment
				    ? lookup->sources->environment(name)
				    : getenv(name);

	if (value && *value)
		return (struct setting){ value, false };
	value = env_file_find(&lookup->file, name);
	return (struct setting){ value && *value ? value : NULL, true };
}

const char *llm_api_name(enum llm_api api)
{
	switch (api) {
	case LLM_NONE:
		return "none";
	case LLM_OPENAI:
		return "openai";
	case LLM_AZURE:
		return "azure";
	case LLM_ANTHROPIC:
		return "anthropic";
	}
	return "none";
}

static struct error *setting_error(const char *hint, const char *what)
{
	return error_with_hint(error_new(ERROR_FAILED, "%s", what), "%s", hint);
}

static struct error *read_api(struct setting type, bool any_openai, bool any_anthropic,
			      enum llm_api *ret)
{
	if (!type.value) {
		*ret = any_openai ? LLM_OPENAI : any_anthropic ? LLM_ANTHROPIC : LLM_NONE;
		return NULL;
	}
	if (strcmp(type.value, "openai") == 0 || strcmp(type.value, "open_ai") == 0)
		*ret = LLM_OPENAI;
	else if (strcmp(type.value, "azure") == 0)
		*ret = LLM_AZURE;
	else if (strcmp(type.value, "anthropic") == 0)
		*ret = LLM_ANTHROPIC;
	else
		return error_with_hint(
			error_new(ERROR_FAILED, "GAI_API_TYPE is '%s'", type.value),
			"it is openai (or open_ai; any compatible server by GAI_API_BASE), azure "
			"or anthropic");
	return NULL;
}

/* Without the final '/', and without what SDKs' users paste too much. */
static char *clean_base(enum llm_api api, const char *value)
{
	static const char path[] = "/chat/completions";
	struct str base = str_trim(str_from(value)), rest;
	ptrdiff_t scheme;

	while (str_ends_with(base, STR("/")))
		base.len--;
	if (str_ends_with(base, str_from(path)))
		base.len -= sizeof(path) - 1;
	scheme = str_find(base, STR("://"));
	if (api != LLM_OPENAI || scheme < 0)
		return x_strndup(base.ptr, base.len);
	rest = (struct str){ base.ptr + scheme + 3, base.len - (size_t)scheme - 3 };
	/* A server's name alone: all compatible servers serve below /v1. */
	return x_asprintf("%.*s%s", STR_ARG(base), memchr(rest.ptr, '/', rest.len) ? "" : "/v1");
}

static struct error *check_text(const char *name, const char *value)
{
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_new(ERROR_FAILED, "%s holds a control byte", name);
	}
	return NULL;
}

static bool is_loopback(const char *base)
{
	static const char *const names[] = { "http://127.", "http://localhost", "http://[::1]" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(base, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static struct error *set_base(struct lookup *lookup, struct setting base, struct setting key,
			      struct llm_config *ret)
{
	const char *fallback = ret->api == LLM_ANTHROPIC ? ANTHROPIC_BASE : OPENAI_BASE;

	if (!base.value && ret->api == LLM_AZURE)
		return setting_error("it is the resource's address: https://NAME.openai.azure.com",
				     "azure needs GAI_API_BASE");
	ret->base = clean_base(ret->api, base.value ? base.value : fallback);
	TRY(check_text("GAI_API_BASE", ret->base));
	if (strncmp(ret->base, "http://", 7) != 0 && strncmp(ret->base, "https://", 8) != 0)
		return error_with_hint(error_new(ERROR_FAILED, "GAI_API_BASE is '%s'", ret->base),
				       "it begins with https:// (or http://)");
	/* A folder above may belong to a project that was only looked at. */
	if (base.value && base.from_file && lookup->file.above && key.value && !key.from_file)
		return error_with_hint(
			error_new(ERROR_FAILED,
				  "'%s' names the server, and the key comes from elsewhere: it is "
				  "not sent there",
				  lookup->file.path),
			"put GAI_API_BASE where the key is (both into the environment, or both "
			"into one .env)");
	if (key.value && strncmp(ret->base, "http://", 7) == 0 && !is_loopback(ret->base))
		ret->note = x_asprintf("the key goes to %s in clear text", ret->base);
	return NULL;
}

static struct error *set_key(struct setting key, bool is_own_server, struct llm_config *ret)
{
	struct str text = str_trim(str_from(key.value));

	if (text.len) {
		ret->key = x_strndup(text.ptr, text.len);
		return check_text("the key", ret->key);
	}
	/* A server of one's own mostly asks for none. */
	if (ret->api == LLM_OPENAI && is_own_server)
		return NULL;
	return error_with_hint(error_new(ERROR_FAILED, "%s needs a key", llm_api_name(ret->api)),
			       "set GAI_API_KEY in the environment or in .env (.env.example shows "
			       "how), or give --offline");
}

static struct error *set_model(struct lookup *lookup, const char *model, struct llm_config *ret)
{
	struct setting named = look_up(lookup, "GAI_MODEL");

	if (model && *model)
		ret->model = x_strdup(model);
	else if (named.value)
		ret->model = x_strdup(named.value);
	else if (ret->api == LLM_OPENAI)
		ret->model = x_strdup(OPENAI_MODEL);
	else
		return error_with_hint(error_new(ERROR_FAILED, "%s needs the name of a %s",
						 llm_api_name(ret->api),
						 ret->api == LLM_AZURE ? "deployment" : "model"),
				       "name it by --model or GAI_MODEL");
	return check_text("the model's name", ret->model);
}

static struct error *read_count(struct lookup *lookup, const char *name, uint64_t otherwise,
				uint64_t *ret)
{
	struct setting setting = look_up(lookup, name);

	*ret = otherwise;
	if (!setting.value)
		return NULL;
	if (!str_to_u64(str_trim(str_from(setting.value)), ret) || !*ret)
		return error_new(ERROR_FAILED, "%s is '%s': no number of tokens", name,
				 setting.value);
	return NULL;
}

static struct error *read_price(struct lookup *lookup, const char *name, double *ret)
{
	struct setting setting = look_up(lookup, name);

	if (!setting.value)
		return NULL;
	if (!str_to_double(str_trim(str_from(setting.value)), ret) || !(*ret >= 0))
		return error_new(ERROR_FAILED, "%s is '%s': no price of a million tokens", name,
				 setting.value);
	return NULL;
}

static uint64_t context_of(const char *model)
{
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (strncmp(model, contexts[i].prefix, strlen(contexts[i].prefix)) == 0)
			return contexts[i].tokens;
	}
	return 0;
}

static struct error *set_limits(struct lookup *lookup, struct llm_config *ret)
{
	struct setting field = look_up(lookup, "GAI_MAX_TOKENS_FIELD");

	TRY(read_count(lookup, "GAI_CONTEXT_TOKENS", context_of(ret->model), &ret->context_tokens));
	TRY(read_count(lookup, "GAI_MAX_TOKENS", REPLY_TOKENS, &ret->reply_tokens));
	TRY(read_price(lookup, "GAI_PRICE_IN", &ret->price_in));
	TRY(read_price(lookup, "GAI_PRICE_OUT", &ret->price_out));
	if (!field.value)
		return NULL;
	if (strcmp(field.value, "max_tokens") != 0 &&
	    strcmp(field.value, "max_completion_tokens") != 0)
		return error_new(ERROR_FAILED,
				 "GAI_MAX_TOKENS_FIELD is '%s': max_tokens or "
				 "max_completion_tokens",
				 field.value);
	ret->tokens_field = x_strdup(field.value);
	return NULL;
}

static struct error *set_version(struct setting version, struct llm_config *ret)
{
	if (ret->api == LLM_OPENAI)
		return NULL;
	if (!version.value && ret->api == LLM_AZURE)
		return setting_error("Azure serves nothing without it: 2024-10-21, for example",
				     "azure needs GAI_API_VERSION");
	ret->version = x_strdup(version.value ? version.value : ANTHROPIC_VERSION);
	return check_text("GAI_API_VERSION", ret->version);
}

static struct error *fill(struct lookup *lookup, const char *model, struct llm_config *ret)
{
	struct setting key = look_up(lookup, "GAI_API_KEY");
	struct setting base = look_up(lookup, "GAI_API_BASE");
	struct setting openai = look_up(lookup, "OPENAI_API_KEY");
	struct setting anthropic = look_up(lookup, "ANTHROPIC_API_KEY");

	TRY(read_api(look_up(lookup, "GAI_API_TYPE"), key.value || base.value || openai.value,
		     anthropic.value, &ret->api));
	if (ret->api == LLM_NONE)
		return NULL;
	if (!key.value && ret->api == LLM_OPENAI)
		key = openai;
	if (!key.value && ret->api == LLM_ANTHROPIC)
		key = anthropic;
	TRY(set_base(lookup, base, key, ret));
	TRY(set_key(key, base.value, ret));
	TRY(set_version(look_up(lookup, "GAI_API_VERSION"), ret));
	TRY(set_model(lookup, model, ret));
	return set_limits(lookup, ret);
}

struct error *llm_config_load(const struct llm_sources *sources, const char *model,
			      struct llm_config *ret)
{
	auto_llm_config struct llm_config config = { 0 };
	auto_free char *ignored = NULL;
	struct lookup lookup = { .sources = sources };
	struct error *error = env_file_load(sources && sources->folder ? sources->folder : ".",
					    &lookup.file, &ignored);

	if (!error)
		error = fill(&lookup, model, &config);
	env_file_done(&lookup.file);
	if (error)
		return error;
	if (ignored && config.api != LLM_NONE && !config.note)
		config.note = x_asprintf("'%s' belongs to another user and is not read", ignored);
	*ret = config;
	config = (struct llm_config){ 0 };
	return NULL;
}

void llm_config_done(struct llm_config *config)
{
	free(config->model);
	free(config->base);
	free(config->key);
	free(config->version);
	free(config->note);
	free(config->tokens_field);
	*config = (struct llm_config){ 0 };
}
