#include "exec/ssh.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

enum { MAX_TARGET_BYTES = 512, MAX_PORT = 65535 };

/* ---- targets */

void ssh_target_done(struct ssh_target *target)
{
	free(target->destination);
	*target = (struct ssh_target){ 0 };
}

/* No blanks, no syntax of any shell, nothing that is not printed. */
static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || strchr("._-@:[]%+\\", c) || (c & 0x80);
}

static struct error *target_error(const char *text, const char *why)
{
	return error_with_hint(error_new(ERROR_USAGE, "no host: '%s' (%s)", text, why),
			       "name a host as HOST, USER@HOST, HOST:PORT, [ADDRESS]:PORT or "
			       "ssh://USER@HOST:PORT");
}

/* Takes ":PORT" off `*host`; false where what follows the ':' is no port. */
static bool take_port(struct str *host, unsigned *ret)
{
	struct str before, port;
	uint64_t value;
	ptrdiff_t end = str_find(*host, STR("]"));

	*ret = 0;
	if (end >= 0) {
		port = (struct str){ host->ptr + end + 1, host->len - (size_t)end - 1 };
		if (!port.len)
			return true;
		if (*port.ptr != ':')
			return false;
		port = (struct str){ port.ptr + 1, port.len - 1 };
		before = (struct str){ host->ptr, (size_t)end + 1 };
	} else if (!str_cut(*host, ':', &before, &port) || memchr(port.ptr, ':', port.len)) {
		return true; /* no port, or an address of IPv6 without brackets */
	}
	if (!str_to_u64(port, &value) || !value || value > MAX_PORT)
		return false;
	*host = before;
	*ret = (unsigned)value;
	return true;
}

struct error *ssh_target_parse(const char *text, struct ssh_target *ret)
{
	struct str user = { 0 }, host = str_from(text);
	unsigned port;
	ptrdiff_t at = -1;

	if (str_starts_with(host, STR("ssh://"))) {
		host = (struct str){ host.ptr + 6, host.len - 6 };
		if (host.len && host.ptr[host.len - 1] == '/')
			host.len--;
	}
	if (!host.len || host.len > MAX_TARGET_BYTES)
		return target_error(text, "it is empty or too long");
	for (size_t i = 0; i < host.len; i++) {
		if (!is_name_byte(host.ptr[i]))
			return target_error(text, "it holds a byte that no host name has");
		if (host.ptr[i] == '@')
			at = (ptrdiff_t)i;
	}
	if (at >= 0) {
		user = (struct str){ host.ptr, (size_t)at };
		host = (struct str){ host.ptr + at + 1, host.len - (size_t)at - 1 };
		if (!user.len || *user.ptr == '-')
			return target_error(text, "the user's name is empty or begins with '-'");
	}
	if (!take_port(&host, &port))
		return target_error(text, "the port is no number from 1 to 65535");
	if (host.len > 2 && *host.ptr == '[' && host.ptr[host.len - 1] == ']')
		host = (struct str){ host.ptr + 1, host.len - 2 };
	if (!host.len || *host.ptr == '-')
		return target_error(text, "the name is empty or begins with '-'");
	ret->destination = user.len ? x_asprintf("%.*s@%.*s", STR_ARG(user), STR_ARG(host))
				    : x_strndup(host.ptr, host.len);
	ret->port = port;
	return NULL;
}

/* ---- the command line of ssh */

void ssh_words_done(struct ssh_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	*words = (struct ssh_words){ 0 };
}

static void add_word(struct ssh_words *words, const char *format, ...) PRINTF(2, 3);

static void add_word(struct ssh_words *words, const char *format, ...)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	va_list args;

	if (words->count + 1 >= ARRAY_SIZE(words->items))
		return;
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	words->items[words->count++] = strbuf_take(&text);
}

static void add_way(struct ssh_words *words, const struct ssh_way *way)
{
	static const char *const fixed[] = {
		"BatchMode=yes",	   "ControlPersist=no",	    "LogLevel=ERROR",
		"ServerAliveInterval=5",   "ServerAliveCountMax=2", "ConnectionAttempts=1",
		"ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none",
		"RequestTTY=no",	   "ForwardX11=no",
	};

	add_word(words, "ssh");
	if (way->config)
		add_word(words, "-F%s", way->config);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add_word(words, "-o%s", fixed[i]);
	add_word(words, "-oConnectTimeout=%u", way->connect_timeout_s);
	add_word(words, "-oControlPath=%s", way->socket);
	if (way->target->port)
		add_word(words, "-p%u", way->target->port);
}

void ssh_master_words(const struct ssh_way *way, struct ssh_words *ret)
{
	*ret = (struct ssh_words){ 0 };
	add_way(ret, way);
	add_word(ret, "-oControlMaster=yes");
	add_word(ret, "-N");
	add_word(ret, "--");
	add_word(ret, "%s", way->target->destination);
}

void ssh_run_words(const struct ssh_way *way, size_t script_bytes, struct ssh_words *ret)
{
	*ret = (struct ssh_words){ 0 };
	add_way(ret, way);
	add_word(ret, "-oControlMaster=no");
	add_word(ret, "--");
	add_word(ret, "%s", way->target->destination);
	/* One line that sh, csh and fish read alike. The script comes by stdin, of which head takes
	 * just its bytes, so that the end of stdin still tells of the end of the connection. */
	add_word(ret, "exec sh -c 'eval \"$(head -c %zu)\"'", script_bytes);
}

static bool says(struct str said, const char *words)
{
	return str_find(said, str_from(words)) >= 0;
}

static struct str last_line(struct str text)
{
	struct str line = { 0 }, next;

	while (str_next_line(&text, &next))
		if (str_trim(next).len)
			line = str_trim(next);
	return line;
}

char *ssh_reason(struct str said, int status)
{
	static const struct {
		const char *sign, *reason;
	} known[] = {
		{ "HOST IDENTIFICATION HAS CHANGED",
		  "its host key is not the one that known_hosts has" },
		{ "Host key verification failed",
		  "its host key is not known: connect once with ssh, look at the key and accept "
		  "it" },
	};
	struct str line = last_line(said);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (says(said, known[i].sign))
			return x_strdup(known[i].reason);
	if (line.len)
		return x_asprintf("%.*s", STR_ARG(line));
	return x_asprintf("ssh gave no answer (exit status %d)", status);
}

bool ssh_may_try_again(struct str said)
{
	/* MaxStartups: sshd drops connections that it has not yet let in. */
	return says(said, "kex_exchange_identification") || says(said, "Connection closed by") ||
	       says(said, "Connection reset by");
}

/* ---- the script */

void ssh_mark_make(char ret[SSH_MARK_BYTES])
{
	unsigned char bits[16] = { 0 };

	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	for (size_t i = 0; i < sizeof(bits); i++)
		snprintf(ret + 2 * i, 3, "%02x", bits[i]);
}

void sh_quote(struct strbuf *out, const char *word)
{
	strbuf_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_add_text(out, "'\\''");
		else
			strbuf_add_char(out, *word);
	}
	strbuf_add_char(out, '\'');
}

/* The words before argv: a clock ($t), and sudo ($s) where it is needed. */
static void add_prefix(const char *const *argv, unsigned timeout_s, bool as_root,
		       struct strbuf *ret)
{
	strbuf_add_text(ret, "command -v ");
	sh_quote(ret, argv[0]);
	strbuf_add_text(ret, " >/dev/null 2>&1 || { say 127; exit; }\n");
	/* Old busybox has a `timeout` that takes other options. */
	strbuf_addf(ret, "t= s=; timeout -k 1 9 true >/dev/null 2>&1 && t='timeout -k 1 %u'\n",
		    timeout_s);
	if (!as_root)
		return;
	/* What runs as root cannot be killed from outside, so the clock goes inside; not where
	 * sudo allows just the command. */
	strbuf_add_text(ret, "if [ \"$(id -u)\" != 0 ]; then\n"
			     "s='sudo -n --'\n"
			     "command -v sudo >/dev/null 2>&1 || {\n"
			     "echo 'sudo: there is none' >&2; say 1; exit; }\n"
			     "if [ \"$t\" ] && $s $t true >/dev/null 2>&1; then t=\"$s $t\"\n"
			     "else t=\"$t $s\"; fi\n"
			     "fi\n");
}

void ssh_script_make(const char *const *argv, unsigned timeout_ms, bool as_root, const char *mark,
		     struct strbuf *ret)
{
	unsigned timeout_s = (timeout_ms + 999) / 1000;

	/* Standard input is kept aside for the watch; the command has none. */
	strbuf_add_text(ret, "exec 3<&0 </dev/null\n"
			     "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n"
			     "LC_ALL=C LANG=C S_TIME_FORMAT=ISO COLUMNS=512\n"
			     "export PATH LC_ALL LANG S_TIME_FORMAT COLUMNS\n"
			     "unset LANGUAGE PAGER SYSTEMD_PAGER\n");
	strbuf_addf(ret, "m=%s\n", mark);
	strbuf_add_text(ret, "say() { printf '\\n%s %s\\n' \"$m\" \"$1\"; "
			     "printf '\\n%s %s\\n' \"$m\" \"$1\" >&2; }\n"
			     "say begin\n");
	add_prefix(argv, timeout_s, as_root, ret);
	strbuf_add_text(ret, "$t");
	for (size_t i = 0; argv[i]; i++) {
		strbuf_add_char(ret, ' ');
		sh_quote(ret, argv[i]);
	}
	/* `timeout` leads a process group of its own; all else is in the group that sshd gave this
	 * script, which therefore ends by killing itself. Without `timeout` the watch is also the
	 * clock. */
	strbuf_addf(ret,
		    " 3<&- & p=$!\n"
		    "{ cat <&3; kill -9 -$p $p -$$; } >/dev/null 2>&1 & w=$!\n"
		    "k=; [ \"$t\" ] || { { sleep %u; kill -9 $p; } >/dev/null 2>&1 3<&- & k=$!; }\n"
		    "exec 3<&-\n"
		    "{ wait $p; r=$?; kill -9 -$p; } 2>/dev/null\n"
		    "say $r\n"
		    "kill -9 $w $k -$$ 2>/dev/null\n",
		    timeout_s);
}

enum ssh_frame ssh_frame_find(struct str raw, const char *mark, struct str *ret, int *ret_status)
{
	auto_free char *begin = x_asprintf("\n%s begin\n", mark);
	auto_free char *end = x_asprintf("\n%s ", mark);
	ptrdiff_t at = str_find(raw, str_from(begin));
	struct str line;
	uint64_t status = 0;
	size_t skip;

	if (at < 0)
		return SSH_FRAME_NONE;
	skip = (size_t)at + strlen(begin);
	*ret = (struct str){ raw.ptr + skip, raw.len - skip };
	at = str_find(*ret, str_from(end));
	if (at < 0)
		return SSH_FRAME_OPEN;
	skip = (size_t)at + strlen(end);
	line = (struct str){ ret->ptr + skip, ret->len - skip };
	ret->len = (size_t)at;
	if (!memchr(line.ptr, '\n', line.len))
		return SSH_FRAME_OPEN;
	str_cut(line, '\n', &line, &raw);
	if (!str_to_u64(line, &status) || status > 255)
		return SSH_FRAME_OPEN;
	*ret_status = (int)status;
	return SSH_FRAME_WHOLE;
}
