#include "llm/mask.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/memory.h"

#define NAME_BYTES_MIN 3

static const char *const kind_names[] = {
	[MASK_HOST] = "host", [MASK_USER] = "user", [MASK_IP] = "ip",	  [MASK_MAC] = "mac",
	[MASK_HOME] = "home", [MASK_KEY] = "key",   [MASK_TEXT] = "text",
};

static const char *const no_secrets[] = { "root", "localhost", "nobody", "user", "admin", "home" };

/* What keys begin with, and how long they are at least with that. */
static const struct {
	const char *prefix;
	size_t bytes;
} key_prefixes[] = {
	{ "sk-", 20 },	 { "ghp_", 36 },	{ "gho_", 36 },	  { "ghs_", 36 },
	{ "ghu_", 36 },	 { "github_pat_", 40 }, { "glpat-", 20 }, { "xoxb-", 20 },
	{ "xoxp-", 20 }, { "xoxa-", 20 },	{ "AKIA", 20 },	  { "ASIA", 20 },
	{ "AIza", 35 },	 { "ya29.", 20 },	{ "hf_", 30 },	  { "eyJ", 30 },
	{ "npm_", 36 },	 { "dop_v1_", 40 },	{ "pypi-", 40 },
};

/* "password=hunter2", "Authorization: Bearer x", "--token x": what follows is secret. */
static const char *const key_names[] = {
	"password", "passwd", "secret",	    "token",	  "apikey",	"api_key",     "api-key",
	"bearer",   "pwd",    "passphrase", "access_key", "secret_key", "private_key",
};

static const char *const top_domains[] = {
	"com",	 "net",	     "org",  "io",  "local", "internal", "lan", "corp",
	"intra", "intranet", "home", "edu", "gov",   "cloud",	 "dev", "arpa",
};

void masks_done(struct masks *masks)
{
	for (size_t i = 0; i < MASK_KINDS; i++)
		interner_done(&masks->hidden[i]);
	mask_name_vec_done(&masks->names);
	arena_done(&masks->arena);
}

void masks_add_name(struct masks *masks, enum mask_kind kind, const char *name)
{
	struct str text = str_trim(str_from(name));

	if (text.len < NAME_BYTES_MIN || strspn(text.ptr, "0123456789.") >= text.len)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(no_secrets); i++) {
		if (str_is(text, no_secrets[i]))
			return;
	}
	for (size_t i = 0; i < masks->names.count; i++) {
		if (str_eq(masks->names.items[i].name, text))
			return;
	}
	text.ptr = arena_copy(&masks->arena, text);
	mask_name_vec_push(&masks->names, (struct mask_name){ text, kind });
}

void masks_add_machine(struct masks *masks)
{
	/* getpwuid would bring the name services' libraries into a static program. */
	static const char *const users[] = { "USER", "LOGNAME", "SUDO_USER" };
	const char *home = getenv("HOME");
	char host[256] = "";
	char *dot;

	if (gethostname(host, sizeof(host) - 1) == 0) {
		masks_add_name(masks, MASK_HOST, host);
		dot = strchr(host, '.');
		if (dot) {
			*dot = '\0';
			masks_add_name(masks, MASK_HOST, host);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		masks_add_name(masks, MASK_USER, getenv(users[i]));
	/* "/" and "/root" are everybody's. */
	if (home && strcmp(home, "/root") != 0)
		masks_add_name(masks, MASK_HOME, home);
}

size_t masks_count(const struct masks *masks)
{
	size_t count = 0;

	for (size_t i = 0; i < MASK_KINDS; i++)
		count += masks->hidden[i].count ? masks->hidden[i].count - 1 : 0;
	return count;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t span(struct str text, const char *extra)
{
	size_t count = 0;

	while (count < text.len && (isalnum((unsigned char)text.ptr[count]) ||
				    (text.ptr[count] && strchr(extra, text.ptr[count]))))
		count++;
	return count;
}

static struct str skip(struct str text, size_t count)
{
	return (struct str){ text.ptr + count, text.len - count };
}

/* "<host-12>": its kind and number; 0 bytes where it is none. */
static size_t parse_mask(struct str text, enum mask_kind *ret_kind, uint64_t *ret_number)
{
	for (size_t kind = 0; kind < MASK_KINDS && text.len && *text.ptr == '<'; kind++) {
		size_t name = strlen(kind_names[kind]), at = name + 2, digits = 0;

		if (text.len < at || memcmp(text.ptr + 1, kind_names[kind], name) != 0 ||
		    text.ptr[at - 1] != '-')
			continue;
		while (at + digits < text.len && isdigit((unsigned char)text.ptr[at + digits]))
			digits++;
		if (!digits || digits > 9 || at + digits >= text.len ||
		    text.ptr[at + digits] != '>')
			return 0;
		str_to_u64((struct str){ text.ptr + at, digits }, ret_number);
		*ret_kind = (enum mask_kind)kind;
		return at + digits + 1;
	}
	return 0;
}

static size_t match_ipv4(struct str text)
{
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0, digits = 0;

		while (at < text.len && isdigit((unsigned char)text.ptr[at]) && digits < 4) {
			value = value * 10 + (unsigned)(text.ptr[at++] - '0');
			digits++;
		}
		if (!digits || digits > 3 || value > 255)
			return 0;
		if (part < 3 && (at >= text.len || text.ptr[at++] != '.'))
			return 0;
	}
	/* 1.2.3.4.5 and 1.2.3.4% are no addresses. */
	if (at < text.len && (is_word(text.ptr[at]) || text.ptr[at] == '%'))
		return 0;
	if (at + 1 < text.len && text.ptr[at] == '.' && isdigit((unsigned char)text.ptr[at + 1]))
		return 0;
	/* The same on every machine. */
	if (str_starts_with(text, STR("127.")) || str_starts_with(text, STR("0.0.0.0")))
		return 0;
	return at;
}

static size_t match_mac(struct str text)
{
	for (size_t i = 0; i < 17; i++) {
		if (i >= text.len)
			return 0;
		if (i % 3 == 2 ? text.ptr[i] != ':' : !isxdigit((unsigned char)text.ptr[i]))
			return 0;
	}
	return text.len > 17 && (is_word(text.ptr[17]) || text.ptr[17] == ':') ? 0 : 17;
}

/* A C++ name such as add::be must not be taken for one: some group has a digit. */
static size_t match_ipv6(struct str text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t count = 0, colons = 0, digits = 0;

	while (count < text.len &&
	       (isxdigit((unsigned char)text.ptr[count]) || text.ptr[count] == ':')) {
		colons += text.ptr[count] == ':';
		digits += isdigit((unsigned char)text.ptr[count]) != 0;
		count++;
	}
	while (count && text.ptr[count - 1] == ':' && !(count > 1 && text.ptr[count - 2] == ':'))
		count--;
	if (colons < 2 || !digits || count < 4 || count >= sizeof(copy) ||
	    (count < text.len && is_word(text.ptr[count])))
		return 0;
	memcpy(copy, text.ptr, count);
	copy[count] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1 ? count : 0;
}

static size_t match_key(struct str text)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_prefixes); i++) {
		size_t count;

		if (!str_starts_with(text, str_from(key_prefixes[i].prefix)))
			continue;
		count = span(text, "_-.");
		while (count && text.ptr[count - 1] == '.')
			count--;
		if (count >= key_prefixes[i].bytes)
			return count;
	}
	return 0;
}

static size_t match_private_key(struct str text)
{
	ptrdiff_t end, dashes;

	if (!str_starts_with(text, STR("-----BEGIN ")))
		return 0;
	end = str_find(text, STR("-----END "));
	if (end < 0)
		return 0;
	dashes = str_find(skip(text, (size_t)end + 9), STR("-----"));
	return dashes < 0 ? 0 : (size_t)end + 9 + (size_t)dashes + 5;
}

static size_t match_home(struct str text)
{
	static const char *const roots[] = { "/home/", "/Users/", "/var/home/" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		size_t root = strlen(roots[i]), name;

		if (!str_starts_with(text, str_from(roots[i])))
			continue;
		name = span(skip(text, root), "_-.");
		return name ? root + name : 0;
	}
	return 0;
}

/* db1.prod.example.com: three labels at least, the last of them a domain of hosts. */
static size_t match_host(struct str text)
{
	size_t count = span(text, "-."), dots = 0, last = 0;

	while (count && (text.ptr[count - 1] == '.' || text.ptr[count - 1] == '-'))
		count--;
	for (size_t i = 0; i < count; i++) {
		if (isupper((unsigned char)text.ptr[i]))
			return 0;
		if (text.ptr[i] == '.') {
			dots++;
			last = i + 1;
		}
	}
	if (dots < 2 || (count < text.len && text.ptr[count] == '_'))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(top_domains); i++) {
		if (str_is((struct str){ text.ptr + last, count - last }, top_domains[i]))
			return count;
	}
	return 0;
}

static const struct mask_name *match_name(const struct masks *masks, struct str text)
{
	const struct mask_name *longest = NULL;

	for (size_t i = 0; i < masks->names.count; i++) {
		const struct mask_name *name = &masks->names.items[i];

		if (!str_starts_with(text, name->name))
			continue;
		if (text.len > name->name.len && is_word(text.ptr[name->name.len]))
			continue;
		if (!longest || name->name.len > longest->name.len)
			longest = name;
	}
	return longest;
}

/* A key is hidden within words, too. */
static size_t match_secret(const struct masks *masks, struct str text)
{
	for (size_t i = 0; i < masks->names.count; i++) {
		const struct mask_name *name = &masks->names.items[i];

		if (name->kind == MASK_KEY && str_starts_with(text, name->name))
			return name->name.len;
	}
	return 0;
}

struct hider {
	struct masks *masks;
	struct strbuf *out;
	struct str whole;
	size_t at;
};

static void hide(struct hider *hider, enum mask_kind kind, size_t count)
{
	struct str text = { hider->whole.ptr + hider->at, count };

	/* Id 0 is the empty text: masks count from 1. */
	strbuf_addf(hider->out, "<%s-%u>", kind_names[kind],
		    intern(&hider->masks->hidden[kind], text));
	hider->at += count;
}

static void copy(struct hider *hider, size_t count)
{
	strbuf_add(hider->out, (struct str){ hider->whole.ptr + hider->at, count });
	hider->at += count;
}

static bool is_figure(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!memchr("0123456789.%", text.ptr[i], 12))
			return false;
	}
	return true;
}

/* After "password=", "token: ", "Bearer ": the bytes up to the secret, 0 where no name is here. */
static size_t match_key_name(struct str text, size_t *ret_secret)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_names); i++) {
		size_t at = strlen(key_names[i]), separators = 0, secret = 0;

		if (text.len <= at || strncasecmp(text.ptr, key_names[i], at) != 0)
			continue;
		if (at < text.len && (text.ptr[at] == '"' || text.ptr[at] == '\''))
			at++;
		while (at < text.len && memchr(" :=\"'", text.ptr[at], 5)) {
			separators += text.ptr[at] == ':' || text.ptr[at] == '=';
			at++;
		}
		if (!separators && strcasecmp(key_names[i], "bearer") != 0)
			continue;
		while (at + secret < text.len && !isspace((unsigned char)text.ptr[at + secret]) &&
		       !memchr("\"',;&|<>)]}", text.ptr[at + secret], 11))
			secret++;
		/* "token: 5" is a figure; so is "secret=0.3%". */
		if (secret < 4 || is_figure((struct str){ text.ptr + at, secret }))
			continue;
		*ret_secret = secret;
		return at;
	}
	return 0;
}

/* "user:password@" or "user@" before a host, which is one too. */
static size_t match_login(struct str text, size_t *ret_user, size_t *ret_host)
{
	size_t user = span(text, "_-.+"), host;

	if (!user || user + 1 >= text.len || text.ptr[user] != '@')
		return 0;
	/* name@GLIBC_2.2.5, f@plt and f@@V are symbols. */
	host = span(skip(text, user + 1), "-.");
	if (!host || (user + 1 + host < text.len && text.ptr[user + 1 + host] == '_') ||
	    isupper((unsigned char)text.ptr[user + 1]) ||
	    (host == 3 && memcmp(text.ptr + user + 1, "plt", 3) == 0))
		return 0;
	*ret_user = user;
	*ret_host = host;
	return user + 1 + host;
}

static bool hide_simple(struct hider *hider, struct str text)
{
	static const struct {
		size_t (*match)(struct str text);
		enum mask_kind kind;
	} matchers[] = {
		{ match_key, MASK_KEY }, { match_mac, MASK_MAC },   { match_ipv4, MASK_IP },
		{ match_ipv6, MASK_IP }, { match_home, MASK_HOME }, { match_host, MASK_HOST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(matchers); i++) {
		size_t count = matchers[i].match(text);

		if (count) {
			hide(hider, matchers[i].kind, count);
			return true;
		}
	}
	return false;
}

static bool hide_at_word(struct hider *hider, struct str text)
{
	const struct mask_name *name = match_name(hider->masks, text);
	size_t secret, user, host, lead;

	if (name) {
		hide(hider, name->kind, name->name.len);
		return true;
	}
	lead = match_key_name(text, &secret);
	if (lead) {
		copy(hider, lead);
		hide(hider, MASK_KEY, secret);
		return true;
	}
	if (match_login(text, &user, &host)) {
		hide(hider, MASK_USER, user);
		copy(hider, 1);
		hide(hider, MASK_HOST, host);
		return true;
	}
	return hide_simple(hider, text);
}

/* "://user:password@": the password has any bytes. */
static bool hide_url_login(struct hider *hider, struct str text)
{
	size_t end = 3, colon = 0;

	if (!str_starts_with(text, STR("://")))
		return false;
	while (end < text.len && !isspace((unsigned char)text.ptr[end]) &&
	       !memchr("/@\"'<>", text.ptr[end], 6)) {
		if (text.ptr[end] == ':' && !colon)
			colon = end;
		end++;
	}
	if (end >= text.len || text.ptr[end] != '@' || !colon || colon == 3 || colon + 1 == end)
		return false;
	copy(hider, 3);
	hide(hider, MASK_USER, colon - 3);
	copy(hider, 1);
	hide(hider, MASK_KEY, end - colon - 1);
	return true;
}

void mask_hide(struct masks *masks, struct str text, struct strbuf *out)
{
	struct hider hider = { masks, out, text, 0 };

	if (masks->off) {
		strbuf_add(out, text);
		return;
	}
	while (hider.at < text.len) {
		struct str rest = skip(text, hider.at);
		char before = hider.at ? text.ptr[hider.at - 1] : ' ';
		/* 2.3.4.5 within 1.2.3.4.5 is no address. */
		bool at_word = (!is_word(before) ||
				(before == '_' && isdigit((unsigned char)*rest.ptr))) &&
			       !(before == '.' && isdigit((unsigned char)*rest.ptr));
		enum mask_kind kind;
		uint64_t number;
		size_t literal = parse_mask(rest, &kind, &number), block;

		if (literal) {
			hide(&hider, MASK_TEXT, literal);
			continue;
		}
		block = match_private_key(rest);
		if (!block)
			block = match_secret(masks, rest);
		if (block) {
			hide(&hider, MASK_KEY, block);
			continue;
		}
		if (hide_url_login(&hider, rest) || (at_word && hide_at_word(&hider, rest)))
			continue;
		copy(&hider, 1);
	}
}

void mask_reveal(const struct masks *masks, struct str text, struct strbuf *out)
{
	while (text.len) {
		const char *open = memchr(text.ptr, '<', text.len);
		size_t before = open ? (size_t)(open - text.ptr) : text.len, count;
		enum mask_kind kind;
		uint64_t number;

		strbuf_add(out, (struct str){ text.ptr, before });
		text = skip(text, before);
		if (!text.len)
			return;
		count = masks->off ? 0 : parse_mask(text, &kind, &number);
		if (count && number && number < masks->hidden[kind].count) {
			strbuf_add(out, interned(&masks->hidden[kind], (uint32_t)number));
		} else {
			count = 1;
			strbuf_add_char(out, '<');
		}
		text = skip(text, count);
	}
}
