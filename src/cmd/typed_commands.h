/*
 * Command lines that a person typed or wrote into a checklist, run as they are, once: that is what
 * approves them. Nothing else ever becomes one. Reads no output: what was printed is handed on.
 */
#pragma once

#include <signal.h>

#include "base/error.h"
#include "base/vec.h"
#include "exec/exec.h"

struct typed_command {
	char *shown;   /* as it was typed: what facts cite */
	char *program; /* whose output it is: "dmesg" of "sudo dmesg | tail" */
	char **argv;   /* ends with NULL */
};

VEC_DEFINE(typed_command_vec, struct typed_command)

void typed_commands_done(struct typed_command_vec *commands);
#define auto_typed_commands __attribute__((cleanup(typed_commands_done)))

/*
 * Words as one argument vector, kept whole; but a word that holds blanks or shell syntax is a
 * command line of its own, for `sh -c`, unless it is the value of the option before it or the words
 * stood behind "--" (`is_one`).
 */
void typed_commands_add_words(struct typed_command_vec *commands, int argc, char *const *argv,
			      bool is_one);
/* ~/.config/sysgrok/checklists/NAME, or the one of that name that is built in: a command line on
 * each line, '#' begins a comment. */
MUST_CHECK struct error *typed_commands_add_checklist(struct typed_command_vec *commands,
						      const char *name);

struct typed_run {
	const char *const *targets; /* NULL = this machine */
	size_t target_count;
	const char *ssh_config;
	unsigned timeout_ms;
	const volatile sig_atomic_t *stop;
	/* Called when all have ended, by target, then by command. */
	void (*take)(void *context, size_t target, const struct typed_command *command,
		     const struct exec_result *result);
	void *context;
};

/* Every command on every target, at the same time. An error only where a target is none. */
MUST_CHECK struct error *typed_commands_run(const struct typed_command_vec *commands,
					    const struct typed_run *run);
