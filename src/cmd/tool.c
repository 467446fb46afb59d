#include "cmd/tool.h"

#include <string.h>

#include "base/macros.h"
#include "base/str.h"

static const char *const perf_gpt_commands[] = { "analyzecmd", "code",	     "explainfunction",
						 "findfaster", "stacktrace", "topn",
						 NULL };

static const char *const perf_copilot_commands[] = {
	"analyzecmd",	  "code",      "explainfunction",
	"explainprocess", "debughost", "findfaster",
	"stacktrace",	  "topn",      NULL
};

/* The first is any other name. */
static const struct tool tools[] = {
	{
		.name = "sysgrok",
		.usage = "[global options] COMMAND [options] [operands]",
	},
	{
		.name = "perf-gpt",
		.usage = "[-h] [-v] [-d] [-e] [-m MODEL] [--temperature N] COMMAND ...",
		.commands = perf_gpt_commands,
		.suggests_on_demand = true,
	},
	{
		.name = "perf-copilot",
		.usage = "[-h] [-d] [-e] [-c] [--output-format TEXT] [-m MODEL]\n"
			 "[--temperature N] [--max-concurrent-queries N] COMMAND ...",
		.commands = perf_copilot_commands,
	},
};

const char *const tool_names[] = { "sysgrok",	   "sysgrok.py",      "perf-gpt", "perf-gpt.py",
				   "perf-copilot", "perf-copilot.py", NULL };

#define COUNTERS_INSTEAD                                                                           \
	"hardware counters are not measured yet; 'sysgrok record' and 'sysgrok topn' say where "   \
	"CPU time goes"

const struct absent_command absent_commands[] = {
	{ "aggregate", "put the counts of many runs into one table", COUNTERS_INSTEAD },
	{ "profile", "count every event of a command over many runs", COUNTERS_INSTEAD },
	{ 0 },
};

const struct absent_command *absent_command_find(const char *name)
{
	for (const struct absent_command *c = absent_commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

const struct tool *tool_find(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct str name = str_from(slash ? slash + 1 : path);

	if (str_ends_with(name, STR(".py")))
		name.len -= 3;
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (str_is(name, tools[i].name))
			return &tools[i];
	}
	return &tools[0];
}
