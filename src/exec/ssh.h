/*
 * The OpenSSH client as a way to run an argument vector elsewhere: the words of its command line,
 * the script that it carries, and what came back taken apart. Runs nothing itself. Internal to
 * exec.
 *
 * The user's configuration, agent, known hosts and jumps are ssh's own business: only what a
 * machine needs is added (BatchMode, deadlines, one shared connection for each host). The first
 * value of an option wins in ssh, so that ours stand first.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "base/strbuf.h"

enum { SSH_MARK_BYTES = 33 }; /* with the NUL */

struct ssh_target {
	char *destination; /* [user@]host */
	unsigned port;	   /* 0 = as configured */
};

void ssh_target_done(struct ssh_target *target);
MUST_CHECK struct error *ssh_target_parse(const char *text, struct ssh_target *ret);

struct ssh_words {
	char *items[40];
	size_t count;
};

void ssh_words_done(struct ssh_words *words);

struct ssh_connection {
	const struct ssh_target *target;
	const char *folder; /* of the control sockets, 0700 */
	const char *config; /* or NULL */
	unsigned connect_timeout_s;
};

/* The words that run `script` (whose text goes to stdin) there; ends with NULL. */
void ssh_run_words(const struct ssh_connection *connection, size_t script_bytes,
		   struct ssh_words *ret);
/* The words that end the shared connection. */
void ssh_exit_words(const struct ssh_connection *connection, struct ssh_words *ret);

/* 128 random bits in hexadecimal: host output cannot guess it. */
void ssh_mark_make(char ret[SSH_MARK_BYTES]);
/* The script for sh: argv under `timeout`, both streams between marks, ended when stdin ends. */
void ssh_script_make(const char *const *argv, unsigned timeout_ms, const char *mark,
		     struct strbuf *ret);
/* Appends `word` so that sh reads it as one word of just these bytes. */
void sh_quote(struct strbuf *out, const char *word);

enum ssh_frame { SSH_FRAME_NONE, SSH_FRAME_OPEN, SSH_FRAME_WHOLE };

/*
 * What stands between the marks, a view into `raw`: whatever a login shell said before is left out.
 * SSH_FRAME_NONE: not even begun; SSH_FRAME_OPEN: begun, not ended. `ret_status` with a whole one.
 */
enum ssh_frame ssh_frame_find(struct str raw, const char *mark, struct str *ret, int *ret_status);
