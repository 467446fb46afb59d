#include <string.h>

#include "cmd/commands.h"
#include "cmd/tool.h"

static bool has_choices(const struct option *option)
{
	return option->kind == OPTION_CHOICE;
}

/* "bash|zsh|fish": the operand is one of these words. */
static bool operand_has_choices(const struct command *command)
{
	return strchr(command->usage, '|') && !strpbrk(command->usage, "[] ");
}

static bool is_path(const char *value)
{
	return value && (strstr(value, "FILE") || strstr(value, "DIR") || strstr(value, "OUT"));
}

static bool is_optional(const char *value)
{
	return value && value[0] == '[';
}

/* "a|b" as "a b". */
static void put_choices(FILE *out, const char *choices)
{
	for (; *choices; choices++)
		fputc(*choices == '|' ? ' ' : *choices, out);
}

/* Inside single quotes: `backslash` where the shell takes \' there, else the POSIX '\'' way. */
static void put_quoted(FILE *out, const char *text, const char *escape, bool backslash)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(backslash ? "\\'" : "'\\''", out);
		else if (strchr(escape, *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* The names that the program is called by, each behind a blank. */
static void put_tool_names(FILE *out)
{
	for (size_t i = 0; tool_names[i]; i++)
		fprintf(out, " %s", tool_names[i]);
}

static void put_command_names(FILE *out)
{
	for (size_t i = 0; command_at(i); i++)
		fprintf(out, "%s%s", i ? " " : "", command_at(i)->name);
}

static void bash_words(FILE *out, const struct option *options)
{
	for (const struct option *o = options; o && o->kind != OPTION_END; o++) {
		if (!option_is_shown(o))
			continue;
		if (o->letter)
			fprintf(out, " -%c", o->letter);
		if (o->name)
			fprintf(out, " --%s", o->name);
	}
}

/* `command` is the beginning of a quoted pattern: "'topn" or, for any command, "*'". */
static void bash_values(FILE *out, const char *command, const struct option *options)
{
	for (const struct option *o = options; o && o->kind != OPTION_END; o++) {
		if (!option_is_shown(o) || !o->value || is_optional(o->value))
			continue;
		fputc('\t', out);
		if (o->name)
			fprintf(out, "%s --%s'", command, o->name);
		if (o->letter)
			fprintf(out, "%s%s -%c'", o->name ? " | " : "", command, o->letter);
		fputs(") words='", out);
		if (has_choices(o))
			put_choices(out, o->value);
		fputs("' ;;\n", out);
	}
}

/* Global options whose value is the next word: it is not the command. */
static void bash_skip_values(FILE *out)
{
	for (const struct option *o = global_options; o->kind != OPTION_END; o++) {
		if (o->value && !is_optional(o->value))
			fprintf(out, "\t\t--%s) ((i++)) ;;\n", o->name);
	}
}

static void write_bash(FILE *out)
{
	fputs("_sysgrok() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command='' words='' i\n"
	      "\t# Bash splits --name=value at the sign.\n"
	      "\tif [ \"$cur\" = = ]; then cur=\n"
	      "\telif [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n",
	      out);
	bash_skip_values(out);
	fputs("\t\t-*) ;;\n"
	      "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $command in\n"
	      "\t'') words='",
	      out);
	put_command_names(out);
	fputs("' ;;\n", out);
	for (size_t i = 0; command_at(i); i++) {
		const struct command *command = command_at(i);

		fprintf(out, "\t%s) words='", command->name);
		if (operand_has_choices(command))
			put_choices(out, command->usage);
		else if (strcmp(command->name, "help") == 0)
			put_command_names(out);
		fputs("'\n\t\tcase $cur in -*) words='", out);
		bash_words(out, command->options);
		fputs("' ;; esac ;;\n", out);
	}
	fputs("\tesac\n\tcase $cur in -*) words=\"$words", out);
	bash_words(out, global_options);
	fputs("\" ;; esac\n\tcase \"$command $prev\" in\n", out);
	for (size_t i = 0; command_at(i); i++) {
		auto_strbuf struct strbuf pattern = STRBUF_INIT;

		strbuf_addf(&pattern, "'%s", command_at(i)->name);
		bash_values(out, strbuf_text(&pattern), command_at(i)->options);
	}
	bash_values(out, "*'", global_options);
	fputs("\tesac\n"
	      "\t# Without words of ours, bash offers file names.\n"
	      "\t[ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "}\n"
	      "complete -o default -F _sysgrok",
	      out);
	put_tool_names(out);
	fputc('\n', out);
}

static void zsh_spec(FILE *out, const char *dashes, const char *name, const struct option *o)
{
	bool letter = !dashes[1];
	const char *joint = "";

	if (o->value)
		joint = is_optional(o->value) ? (letter ? "-" : "=-") : (letter ? "+" : "=");
	fprintf(out, " \\\n\t\t'*%s%s%s[", dashes, name, joint);
	put_quoted(out, o->help, "[]\\", false);
	fputc(']', out);
	if (o->value) {
		fputs(is_optional(o->value) ? "::value:" : ":value:", out);
		if (has_choices(o)) {
			fputc('(', out);
			put_choices(out, o->value);
			fputc(')', out);
		} else {
			fputs(is_path(o->value) ? "_files" : " ", out);
		}
	}
	fputc('\'', out);
}

static void zsh_specs(FILE *out, const struct option *options)
{
	for (const struct option *o = options; o && o->kind != OPTION_END; o++) {
		char letter[] = { o->letter, '\0' };

		if (!option_is_shown(o))
			continue;
		if (o->letter)
			zsh_spec(out, "-", letter, o);
		if (o->name)
			zsh_spec(out, "--", o->name, o);
	}
}

static void write_zsh(FILE *out)
{
	fputs("#compdef", out);
	put_tool_names(out);
	fputs("\n_sysgrok() {\n"
	      "\tlocal context state line curcontext=$curcontext\n"
	      "\tlocal -a commands=(\n",
	      out);
	for (size_t i = 0; command_at(i); i++) {
		fprintf(out, "\t\t'%s:", command_at(i)->name);
		put_quoted(out, command_at(i)->summary, ":\\", false);
		fputs("'\n", out);
	}
	fputs("\t)\n\t_arguments -C", out);
	zsh_specs(out, global_options);
	fputs(" \\\n\t\t'1:command:->command' '*::argument:->arguments'\n"
	      "\tcase $state in\n"
	      "\tcommand) _describe command commands; return ;;\n"
	      "\targuments) ;;\n"
	      "\t*) return ;;\n"
	      "\tesac\n"
	      "\tcase $line[1] in\n",
	      out);
	for (size_t i = 0; command_at(i); i++) {
		const struct command *command = command_at(i);

		fprintf(out, "\t%s) _arguments", command->name);
		zsh_specs(out, command->options);
		zsh_specs(out, global_options);
		fputs(" \\\n\t\t'*:operand:", out);
		if (operand_has_choices(command)) {
			fputc('(', out);
			put_choices(out, command->usage);
			fputc(')', out);
		} else if (strcmp(command->name, "help") == 0) {
			fputc('(', out);
			put_command_names(out);
			fputc(')', out);
		} else {
			fputs("_files", out);
		}
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n"
	      "}\n"
	      "if [ \"$funcstack[1]\" = _sysgrok ]; then _sysgrok \"$@\"; "
	      "else compdef _sysgrok",
	      out);
	put_tool_names(out);
	fputs("; fi\n", out);
}

static void fish_options(FILE *out, const char *condition, const struct option *options)
{
	for (const struct option *o = options; o && o->kind != OPTION_END; o++) {
		if (!option_is_shown(o))
			continue;
		fprintf(out, "complete -c sysgrok%s", condition);
		if (o->letter)
			fprintf(out, " -s %c", o->letter);
		if (o->name)
			fprintf(out, " -l %s", o->name);
		if (o->value && !is_optional(o->value))
			fputs(is_path(o->value) ? " -r -F" : " -x", out);
		if (has_choices(o)) {
			fputs(" -a '", out);
			put_choices(out, o->value);
			fputc('\'', out);
		}
		fputs(" -d '", out);
		put_quoted(out, o->help, "\\", true);
		fputs("'\n", out);
	}
}

static void write_fish(FILE *out)
{
	fish_options(out, "", global_options);
	for (size_t i = 0; command_at(i); i++) {
		const struct command *command = command_at(i);
		auto_strbuf struct strbuf condition = STRBUF_INIT;

		fprintf(out, "complete -c sysgrok -n __fish_use_subcommand -f -a %s -d '",
			command->name);
		put_quoted(out, command->summary, "\\", true);
		fputs("'\n", out);
		strbuf_addf(&condition, " -n '__fish_seen_subcommand_from %s'", command->name);
		fish_options(out, strbuf_text(&condition), command->options);
		if (operand_has_choices(command)) {
			fprintf(out, "complete -c sysgrok%s -f -a '", strbuf_text(&condition));
			put_choices(out, command->usage);
			fputs("'\n", out);
		}
	}
	fputs("complete -c sysgrok -n '__fish_seen_subcommand_from help' -f -a '", out);
	put_command_names(out);
	fputs("'\n", out);
	for (size_t i = 1; tool_names[i]; i++)
		fprintf(out, "complete -c %s -w sysgrok\n", tool_names[i]);
}

static struct error *run_completion(struct command_context *context, int, char **argv)
{
	static const struct {
		const char *shell;
		void (*write)(FILE *out);
	} shells[] = {
		{ "bash", write_bash },
		{ "zsh", write_zsh },
		{ "fish", write_fish },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(argv[0], shells[i].shell) == 0) {
			shells[i].write(context->out.stream);
			return NULL;
		}
	}
	return error_new(ERROR_USAGE, "'%s' is none of bash, zsh and fish", argv[0]);
}

static const struct command_example examples[] = {
	{ "source <(sysgrok completion bash)", "in ~/.bashrc: complete in every new shell" },
	{ "sysgrok completion zsh > \"${fpath[1]}/_sysgrok\"", "for zsh, found by compinit" },
	{ "sysgrok completion fish > ~/.config/fish/completions/sysgrok.fish", "for fish" },
	{ 0 },
};

const struct command completion_command = {
	.name = "completion",
	.group = COMMAND_SELF,
	.summary = "write the script that completes sysgrok's command line in your shell",
	.usage = "bash|zsh|fish",
	.description = "The script is made from the same tables as the help pages: it knows the "
		       "commands, the options of each, and the values that an option can take.",
	.examples = examples,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_completion,
};
