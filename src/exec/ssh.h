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

#include <stdbool.h>

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

struct ssh_way {
	const struct ssh_target *target;
	const char *socket; /* of the shared connection, in a folder that is 0700 */
	const char *config; /* or NULL */
	unsigned connect_timeout_s;
};

/* The words of the shared connection: it runs nothing there and lasts as long as its process. */
void ssh_master_words(const struct ssh_way *way, struct ssh_words *ret);
/* The words that run a script (whose text goes to stdin) there; ends with NULL. */
void ssh_run_words(const struct ssh_way *way, size_t script_bytes, struct ssh_words *ret);
/*
 * Why there is no connection, from what ssh said on its standard error: its last line, and what to
 * do where that is known. Owned by the caller.
 */
char *ssh_reason(struct str said, int status);
/* Whether a server that is only too busy with others says this: another try may do. */
bool ssh_may_try_again(struct str said);

/* 128 random bits in hexadecimal: host output cannot guess it. */
void ssh_mark_make(char ret[SSH_MARK_BYTES]);
/*
 * The script for sh: argv under `timeout`, both streams between marks, ended when stdin ends; what
 * argv leaves in its process group is ended too. `as_root`: through `sudo -n`, unless it is root's.
 */
void ssh_script_make(const char *const *argv, unsigned timeout_ms, bool as_root, const char *mark,
		     struct strbuf *ret);
/* Appends `word` so that sh reads it as one word of just these bytes. */
void sh_quote(struct strbuf *out, const char *word);

enum ssh_frame { SSH_FRAME_NONE, SSH_FRAME_OPEN, SSH_FRAME_WHOLE };

/*
 * What stands between the marks, a view into `raw`: whatever a login shell said before is left out.
 * SSH_FRAME_NONE: not even begun; SSH_FRAME_OPEN: begun, not ended. `ret_status` with a whole one.
 */
enum ssh_frame ssh_frame_find(struct str raw, const char *mark, struct str *ret, int *ret_status);
