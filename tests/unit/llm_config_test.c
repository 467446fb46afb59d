#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/config.h"
#include "llm/env_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* "NAME=value" pairs of the environment of a test. */
static const char *const *variables;
static char folder[] = "/tmp/sysgrok-config-XXXXXX";
static char *below;

static const char *variable(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; variables && variables[i]; i++) {
		if (strncmp(variables[i], name, len) == 0 && variables[i][len] == '=')
			return variables[i] + len + 1;
	}
	return NULL;
}

static void write_env(const char *text)
{
	auto_free char *path = x_asprintf("%s/.env", folder);
	auto_fclose FILE *file = fopen(path, "w");

	fputs(text, file);
}

static struct error *load(const char *from, const char *const *environment, const char *model,
			  struct llm_config *ret)
{
	const struct llm_sources sources = { variable, from };

	*ret = (struct llm_config){ 0 };
	variables = environment;
	return llm_config_load(&sources, model, ret);
}

#define ENVIRONMENT(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void nothing_set_is_no_model_and_no_error(void **)
{
	auto_llm_config struct llm_config config;

	assert_null(load(folder, ENVIRONMENT("HOME=/"), NULL, &config));
	assert_int_equal(config.api, LLM_NONE);
}

static void both_spellings_of_openai_have_its_default_model(void **)
{
	static const char *const types[] = { "GAI_API_TYPE=openai", "GAI_API_TYPE=open_ai" };

	for (size_t i = 0; i < 2; i++) {
		auto_llm_config struct llm_config config;

		assert_null(
			load(folder, ENVIRONMENT(types[i], "GAI_API_KEY= k \n"), NULL, &config));
		assert_int_equal(config.api, LLM_OPENAI);
		assert_string_equal(config.base, "https://api.openai.com/v1");
		assert_string_equal(config.model, "gpt-3.5-turbo");
		assert_string_equal(config.key, "k");
		assert_int_equal(config.context_tokens, 16385);
		assert_null(config.note);
	}
}

static void the_key_of_openais_own_tools_is_enough(void **)
{
	auto_llm_config struct llm_config config;

	assert_null(load(folder, ENVIRONMENT("OPENAI_API_KEY=k"), "gpt-4o", &config));
	assert_int_equal(config.api, LLM_OPENAI);
	assert_string_equal(config.model, "gpt-4o");
	assert_int_equal(config.context_tokens, 128000);
}

static void a_server_of_ones_own_needs_no_key(void **)
{
	static const char *const bases[] = { "http://localhost:8080", "http://localhost:8080/v1/",
					     "http://localhost:8080/v1/chat/completions" };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		auto_free char *base = x_asprintf("GAI_API_BASE=%s", bases[i]);
		auto_llm_config struct llm_config config;

		assert_null(load(folder, ENVIRONMENT(base), NULL, &config));
		assert_string_equal(config.base, "http://localhost:8080/v1");
		assert_null(config.key);
	}
}

static void assert_error(const char *const *environment, const char *message)
{
	struct llm_config config;
	auto_error struct error *error = load(folder, environment, NULL, &config);

	assert_non_null(error);
	if (!strstr(error->message, message))
		print_message("%s\n", error->message);
	assert_non_null(strstr(error->message, message));
	assert_int_equal(error_exit_status(error), 1);
}

static void what_is_missing_is_named(void **)
{
	assert_error(ENVIRONMENT("GAI_API_TYPE=openai"), "openai needs a key");
	assert_error(ENVIRONMENT("GAI_API_TYPE=llama"), "GAI_API_TYPE is 'llama'");
	assert_error(ENVIRONMENT("GAI_API_TYPE=azure", "GAI_API_KEY=k"), "GAI_API_BASE");
	assert_error(ENVIRONMENT("GAI_API_TYPE=azure", "GAI_API_KEY=k", "GAI_API_BASE=https://x"),
		     "GAI_API_VERSION");
	assert_error(ENVIRONMENT("GAI_API_TYPE=azure", "GAI_API_KEY=k", "GAI_API_BASE=https://x",
				 "GAI_API_VERSION=1"),
		     "deployment");
	assert_error(ENVIRONMENT("GAI_API_TYPE=anthropic", "GAI_API_KEY=k"), "name of a model");
	assert_error(ENVIRONMENT("GAI_API_BASE=ftp://x"), "GAI_API_BASE is 'ftp://x");
	assert_error(ENVIRONMENT("GAI_API_KEY=a\nX-Evil: 1"), "control byte");
	assert_error(ENVIRONMENT("GAI_API_KEY=a", "GAI_CONTEXT_TOKENS=many"), "GAI_CONTEXT_TOKENS");
}

static void a_key_in_clear_text_is_told(void **)
{
	auto_llm_config struct llm_config config;

	assert_null(load(folder, ENVIRONMENT("GAI_API_KEY=k", "GAI_API_BASE=http://10.1.1.1/v1"),
			 NULL, &config));
	assert_non_null(strstr(config.note, "clear text"));
}

static void the_file_is_read_and_the_environment_wins(void **)
{
	auto_llm_config struct llm_config config;

	write_env("# ours\nexport GAI_API_TYPE = \"openai\"\nGAI_API_KEY='a#b' # x\n"
		  "GAI_MODEL=from-file # why\nGAI_API_BASE=http://localhost:1/v1\n");
	assert_null(load(folder, ENVIRONMENT("GAI_MODEL=from-environment"), NULL, &config));
	assert_string_equal(config.key, "a#b");
	assert_string_equal(config.model, "from-environment");
	llm_config_done(&config);
	/* From a folder below, too. */
	assert_null(load(below, ENVIRONMENT("HOME=/"), NULL, &config));
	assert_string_equal(config.model, "from-file");
}

static void a_server_named_above_gets_no_key_from_elsewhere(void **)
{
	const char *const *environment = ENVIRONMENT("GAI_API_KEY=k");
	struct llm_config config;
	struct error *error;

	write_env("GAI_API_BASE=https://evil.example/v1\n");
	error = load(below, environment, NULL, &config);
	assert_non_null(error);
	assert_non_null(strstr(error->message, "not sent there"));
	error_free(error);
	/* Here it is the user's own folder. */
	assert_null(load(folder, environment, NULL, &config));
	llm_config_done(&config);
	/* Without a key nothing can be taken. */
	assert_null(load(below, ENVIRONMENT("HOME=/"), NULL, &config));
	assert_null(config.key);
	llm_config_done(&config);
}

static void a_file_of_another_user_is_passed_over(void **)
{
	auto_free char *path = x_asprintf("%s/.env", folder);
	struct llm_config config;

	if (geteuid() != 0)
		skip();
	write_env("GAI_API_BASE=http://localhost:1\n");
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_null(load(below, ENVIRONMENT("HOME=/"), NULL, &config));
	assert_int_equal(config.api, LLM_NONE);
}

static int remove_env(void **)
{
	auto_free char *path = x_asprintf("%s/.env", folder);

	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_set_is_no_model_and_no_error, remove_env),
		cmocka_unit_test_teardown(both_spellings_of_openai_have_its_default_model,
					  remove_env),
		cmocka_unit_test_teardown(the_key_of_openais_own_tools_is_enough, remove_env),
		cmocka_unit_test_teardown(a_server_of_ones_own_needs_no_key, remove_env),
		cmocka_unit_test_teardown(what_is_missing_is_named, remove_env),
		cmocka_unit_test_teardown(a_key_in_clear_text_is_told, remove_env),
		cmocka_unit_test_teardown(the_file_is_read_and_the_environment_wins, remove_env),
		cmocka_unit_test_teardown(a_server_named_above_gets_no_key_from_elsewhere,
					  remove_env),
		cmocka_unit_test_teardown(a_file_of_another_user_is_passed_over, remove_env),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	below = x_asprintf("%s/below", folder);
	mkdir(below, 0700);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(below);
	rmdir(folder);
	free(below);
	return failed ? 1 : 0;
}
