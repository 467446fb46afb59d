#include "host/command_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "base/vec.h"
#include "host/command_table.h"

enum { SECONDS_MAX = 20, STAGES = COMMAND_FILTERS + 1, FILTER_LINES_MAX = 100000 };

VEC_DEFINE(line_vec, struct str)

void command_check_done(struct command_check *check)
{
	arena_done(&check->arena);
}

const char *command_risk_words(enum command_risk risk)
{
	switch (risk) {
	case COMMAND_READS:
		return "only reads";
	case COMMAND_UNKNOWN:
		return "unknown";
	case COMMAND_ENDLESS:
		return "may go on for ever";
	case COMMAND_SECRETS:
		return "may read what is secret";
	case COMMAND_NETWORK:
		return "uses the network";
	case COMMAND_ROOT:
		return "runs as root";
	case COMMAND_RUNS_CODE:
		return "runs other commands or code";
	case COMMAND_WRITES:
		return "may write or change something";
	case COMMAND_KILLS:
		return "may end processes or the system";
	}
	return "unknown";
}

/* ---- what to fear of a line that is not in the table */

static const struct {
	enum command_risk risk;
	const char *words; /* parted by blanks; one that ends with '*' is a beginning */
} fears[] = {
	{ COMMAND_KILLS,
	  "kill pkill killall killall5 reboot shutdown halt poweroff init telinit -K "
	  "--kill skill xkill oomctl kexec" },
	{ COMMAND_WRITES,
	  "rm rmdir mv cp dd tee truncate fallocate mkfs* mount umount chmod chown chgrp ln touch "
	  "install rsync shred wipefs parted fdisk sfdisk mkswap swapoff fsck* e2fsck xfs_repair "
	  "tune2fs resize2fs lvremove vgremove setfacl crontab useradd userdel usermod passwd apt "
	  "apt-get dpkg yum dnf rpm pip npm systemd-tmpfiles logrotate modprobe rmmod insmod "
	  "iptables "
	  "nft ip6tables tar cpio unzip gzip sysctl sed -w -i -delete --delete set add del change "
	  "flush start stop restart reload enable disable mask daemon-reload --vacuum* --rotate "
	  "--flush --output* --clear -C -c -D renice hdparm setpci --write* drop_caches" },
	{ COMMAND_RUNS_CODE, "sh bash dash zsh fish ksh csh python* perl ruby node php lua awk "
			     "gawk mawk xargs env eval "
			     "exec nohup nice setsid timeout watch find -exec -execdir -ok strace "
			     "ltrace gdb perf bpftrace "
			     "docker podman kubectl chroot nsenter unshare make git vi vim ed "
			     "busybox source parallel" },
	{ COMMAND_ROOT, "sudo su doas pkexec" },
	{ COMMAND_NETWORK,
	  "curl wget ssh scp sftp ftp nc ncat netcat socat telnet ping ping6 dig host "
	  "nslookup traceroute mtr tcpdump tshark nmap whois iperf* openssl -H -M "
	  "--host* --machine*" },
	{ COMMAND_SECRETS, "printenv export declare strings xxd hexdump od base64" },
	{ COMMAND_ENDLESS, "-f --follow tail yes top watch -w --follow-new --poll monitor" },
};

static const char *const secret_parts[] = { "shadow",  "environ", ".ssh",   "id_rsa", "private",
					    "secret",  "passw",	  ".pem",   ".key",   "token",
					    "/root",   "/home/",  ".gnupg", "/mem",   "kcore",
					    "history", ".aws",	  ".kube" };

static bool word_is_feared(const char *list, struct str word)
{
	struct str rest = str_from(list), entry;

	while (str_next_word(&rest, &entry))
		if (str_glob(entry, word))
			return true;
	return false;
}

/* "/usr/bin/kill" is kill. */
static struct str base_name(struct str word)
{
	for (size_t i = word.len; i > 0; i--)
		if (word.ptr[i - 1] == '/')
			return (struct str){ word.ptr + i, word.len - i };
	return word;
}

static enum command_risk risk_of_word(struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(fears); i++)
		if (word_is_feared(fears[i].words, word) ||
		    word_is_feared(fears[i].words, base_name(word)))
			return fears[i].risk;
	for (size_t i = 0; i < ARRAY_SIZE(secret_parts); i++)
		if (str_find(word, str_from(secret_parts[i])) >= 0)
			return COMMAND_SECRETS;
	return COMMAND_UNKNOWN;
}

/* Words are parted by whatever a shell could part them by: too many rather than too few. */
static enum command_risk risk_of(struct str line)
{
	enum command_risk worst = COMMAND_UNKNOWN;
	size_t begin = 0;

	for (size_t i = 0; i <= line.len; i++) {
		char c = i < line.len ? line.ptr[i] : ' ';
		enum command_risk risk = COMMAND_UNKNOWN;

		if (c == '>')
			risk = COMMAND_WRITES;
		else if (c && strchr("`$;&\n", c))
			risk = COMMAND_RUNS_CODE;
		worst = MAX(worst, risk);
		if (c && !strchr(" \t\r\n\v\f;&|<>()`$'\"{}=\\", c))
			continue;
		risk = risk_of_word((struct str){ line.ptr + begin, i - begin });
		worst = MAX(worst, risk);
		begin = i + 1;
	}
	return worst;
}

/* ---- words */

struct stage {
	struct str words[COMMAND_WORDS];
	size_t count;
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_./:=,@%+-", c));
}

/* One word from `*at` on, its quotes taken off; NULL or why it is none. */
static const char *read_word(struct str line, size_t *at, struct arena *arena, struct str *ret)
{
	char *word = arena_array(arena, line.len + 1, 1), quote = 0;
	size_t length = 0;

	for (; *at < line.len; (*at)++) {
		char c = line.ptr[*at];

		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (!quote && (c == ' ' || c == '|'))
			break;
		else if (is_plain(c) || (quote && (c == ' ' || c == '|')))
			word[length++] = c;
		else
			return "it holds a character that is more than itself to a shell";
	}
	if (quote)
		return "a quote is not closed";
	if (!length)
		return "a word is empty";
	*ret = (struct str){ word, length };
	return NULL;
}

static const char *read_stages(struct str line, struct arena *arena, struct stage *stages,
			       size_t *ret_count)
{
	size_t at = 0, count = 0;

	if (!line.len || line.len > COMMAND_LINE_BYTES)
		return line.len ? "it is too long" : "it is empty";
	while (at < line.len) {
		struct stage *stage = &stages[count];
		const char *why;

		if (line.ptr[at] == ' ') {
			at++;
			continue;
		}
		if (line.ptr[at] == '|') {
			if (!stage->count)
				return "a '|' has nothing before it";
			if (++count == STAGES)
				return "it has too many parts";
			at++;
			continue;
		}
		if (stage->count == COMMAND_WORDS)
			return "it has too many words";
		why = read_word(line, &at, arena, &stage->words[stage->count]);
		if (why)
			return why;
		stage->count++;
	}
	if (!stages[count].count)
		return "a '|' has nothing behind it";
	*ret_count = count + 1;
	return NULL;
}

/* ---- against the table */

/* The option `name` of a list; false where it has none. `ret_kind` is empty for one without value.
 */
static bool option_find(const char *list, struct str name, struct str *ret_kind)
{
	struct str rest = str_from(list), entry, option;

	while (str_next_word(&rest, &entry)) {
		str_cut(entry, '=', &option, ret_kind);
		if (str_eq(option, name))
			return true;
	}
	return false;
}

struct judge {
	const struct command_row *row;
	const struct stage *stage;
	struct str operands[COMMAND_WORDS];
	size_t operand_count;
	struct str given[COMMAND_WORDS * 8]; /* the options */
	size_t given_count;
	struct command_span span;
};

static bool note_option(struct judge *judge, struct str name)
{
	if (judge->given_count == ARRAY_SIZE(judge->given))
		return false;
	judge->given[judge->given_count++] = name;
	return true;
}

static bool value_fits(struct judge *judge, struct str kind, struct str value)
{
	return command_value_fits(kind, value, &judge->span);
}

/* "-n5", "-tulpn", "-kn 5": letters of which the last may take a value. */
static bool bundle_fits(struct judge *judge, size_t *at)
{
	struct str word = judge->stage->words[*at], kind;

	for (size_t i = 1; i < word.len; i++) {
		char *letter = (char[]){ '-', word.ptr[i] };
		struct str name = { letter, 2 }, value = { word.ptr + i + 1, word.len - i - 1 };

		if (word.ptr[i] == '-' || !option_find(judge->row->options, name, &kind))
			return false;
		/* A view of the table's own letters: the word has no '-' before each. */
		for (const char *entry = judge->row->options; *entry; entry++)
			if (entry[0] == '-' && entry[1] == word.ptr[i] &&
			    (!entry[2] || entry[2] == ' ' || entry[2] == '=') &&
			    (entry == judge->row->options || entry[-1] == ' ')) {
				name.ptr = entry;
				break;
			}
		if (!note_option(judge, name))
			return false;
		if (!kind.len)
			continue;
		if (!value.len) {
			if (++*at == judge->stage->count)
				return false;
			value = judge->stage->words[*at];
		}
		return value_fits(judge, kind, value);
	}
	return true;
}

static bool option_fits(struct judge *judge, size_t *at)
{
	struct str word = judge->stage->words[*at], kind, name, value;

	if (option_find(judge->row->options, word, &kind)) {
		if (!note_option(judge, word))
			return false;
		if (!kind.len)
			return true;
		return ++*at < judge->stage->count &&
		       value_fits(judge, kind, judge->stage->words[*at]);
	}
	if (!str_starts_with(word, STR("--")))
		return !judge->row->is_exact && word.len > 1 && bundle_fits(judge, at);
	return str_cut(word, '=', &name, &value) && option_find(judge->row->options, name, &kind) &&
	       kind.len && note_option(judge, name) && value_fits(judge, kind, value);
}

/* One shape: words as they stand, and kinds. */
static bool shape_fits(struct judge *judge, struct str shape)
{
	size_t at = 0;
	struct str token;

	while (str_next_word(&shape, &token)) {
		bool is_many = str_ends_with(token, STR("..."));

		if (is_many)
			token.len -= 3;
		do {
			bool is_kind = token.ptr[0] >= 'A' && token.ptr[0] <= 'Z';

			if (at == judge->operand_count)
				return false;
			if (is_kind ? !value_fits(judge, token, judge->operands[at])
				    : !str_eq(token, judge->operands[at]))
				return false;
			at++;
		} while (is_many && at < judge->operand_count);
	}
	return at == judge->operand_count;
}

static bool operands_fit(struct judge *judge)
{
	struct str rest = str_from(judge->row->operands), shape;
	bool has_more = true;

	if (!judge->row->operands)
		return !judge->operand_count;
	while (has_more) {
		const struct command_span before = judge->span;

		has_more = str_cut(rest, '|', &shape, &rest);
		if (shape_fits(judge, shape))
			return true;
		judge->span = before;
	}
	return false;
}

static bool needs_are_met(const struct judge *judge)
{
	struct str rest = str_from(judge->row->needs), group, word;
	bool has_more = judge->row->needs;

	while (has_more) {
		bool is_met = false;

		has_more = str_cut(rest, ';', &group, &rest);
		while (str_next_word(&group, &word))
			for (size_t i = 0; i < judge->given_count; i++)
				is_met |= str_eq(judge->given[i], word);
		if (!is_met)
			return false;
	}
	return true;
}

static const char *judge_command(const struct stage *stage)
{
	struct judge judge = { .row = command_row_find(stage->words[0]), .stage = stage };

	if (!judge.row)
		return "the table of what only reads does not have this program";
	for (size_t i = 1; i < stage->count; i++) {
		struct str word = stage->words[i];

		if (*word.ptr != '-')
			judge.operands[judge.operand_count++] = word;
		else if (!option_fits(&judge, &i))
			return "the table has no such option, or not with that value";
	}
	if (!operands_fit(&judge))
		return "the table has no such operands";
	if (!needs_are_met(&judge))
		return "without an option that bounds it, or makes it read only, it is not in the "
		       "table";
	if (MAX(judge.span.seconds, 1UL) * MAX(judge.span.times, 1UL) > SECONDS_MAX)
		return "it would take too long";
	return NULL;
}

/* ---- filters */

static bool read_lines_filter(const struct stage *stage, struct command_filter *ret)
{
	uint64_t number = 10;
	struct str digits;

	if (stage->count == 2) {
		digits = (struct str){ stage->words[1].ptr + 1, stage->words[1].len - 1 };
		if (*stage->words[1].ptr != '-')
			return false;
		if (digits.len && *digits.ptr == 'n')
			digits = (struct str){ digits.ptr + 1, digits.len - 1 };
		if (!str_to_u64(digits, &number))
			return false;
	} else if (stage->count == 3) {
		if (!str_is(stage->words[1], "-n") || !str_to_u64(stage->words[2], &number))
			return false;
	} else if (stage->count != 1) {
		return false;
	}
	ret->number = (size_t)number;
	return number <= FILTER_LINES_MAX;
}

static bool read_grep(const struct stage *stage, struct command_filter *ret)
{
	struct command_span span = { 0 };

	for (size_t i = 1; i < stage->count; i++) {
		struct str word = stage->words[i];

		if (*word.ptr != '-') {
			if (i + 1 != stage->count ||
			    !command_value_fits(STR("PATTERN"), word, &span))
				return false;
			ret->pattern = word;
			continue;
		}
		if (word.len < 2)
			return false;
		for (size_t c = 1; c < word.len; c++) {
			ret->ignores_case |= word.ptr[c] == 'i';
			ret->inverts |= word.ptr[c] == 'v';
			ret->counts |= word.ptr[c] == 'c';
			ret->is_fixed |= word.ptr[c] == 'F';
			ret->has_alternatives |= word.ptr[c] == 'E';
			if (!strchr("ivcFE", word.ptr[c]))
				return false;
		}
	}
	return ret->pattern.len;
}

static bool read_sort(const struct stage *stage, struct command_filter *ret)
{
	for (size_t i = 1; i < stage->count; i++) {
		struct str word = stage->words[i], value;
		uint64_t field;

		if (word.len < 2 || *word.ptr != '-')
			return false;
		for (size_t c = 1; c < word.len; c++) {
			ret->is_numeric |= word.ptr[c] == 'n';
			ret->is_reversed |= word.ptr[c] == 'r';
			if (word.ptr[c] == 'n' || word.ptr[c] == 'r')
				continue;
			value = (struct str){ word.ptr + c + 1, word.len - c - 1 };
			if (word.ptr[c] != 'k' || (!value.len && ++i == stage->count))
				return false;
			if (!value.len)
				value = stage->words[i];
			if (!str_to_u64(value, &field) || !field || field > COMMAND_LINE_BYTES)
				return false;
			ret->number = (size_t)field;
			break;
		}
	}
	return true;
}

static bool filter_read(const struct stage *stage, struct command_filter *ret)
{
	struct str name = stage->words[0];

	*ret = (struct command_filter){ 0 };
	if (str_is(name, "head") || str_is(name, "tail")) {
		ret->kind = str_is(name, "head") ? FILTER_HEAD : FILTER_TAIL;
		return read_lines_filter(stage, ret);
	}
	if (str_is(name, "grep")) {
		ret->kind = FILTER_GREP;
		return read_grep(stage, ret);
	}
	if (str_is(name, "sort")) {
		ret->kind = FILTER_SORT;
		return read_sort(stage, ret);
	}
	if (str_is(name, "uniq")) {
		ret->kind = FILTER_UNIQUE;
		ret->counts = stage->count == 2 && str_is(stage->words[1], "-c");
		return stage->count == 1 || ret->counts;
	}
	ret->kind = FILTER_COUNT;
	return str_is(name, "wc") && stage->count == 2 && str_is(stage->words[1], "-l");
}

void command_check(struct str line, struct command_check *ret)
{
	struct stage *stages;
	size_t count = 0;

	*ret = (struct command_check){ 0 };
	stages = arena_array(&ret->arena, STAGES, sizeof(*stages));
	ret->reason = read_stages(line, &ret->arena, stages, &count);
	if (!ret->reason)
		ret->reason = judge_command(&stages[0]);
	for (size_t i = 1; i < count && !ret->reason; i++)
		if (!filter_read(&stages[i], &ret->filters[ret->filter_count++]))
			ret->reason = "what stands behind '|' is no filter of the table";
	if (ret->reason) {
		ret->risk = risk_of(line);
		ret->filter_count = 0;
		return;
	}
	for (size_t i = 0; i < stages[0].count; i++)
		ret->argv[ret->argc++] = arena_copy(&ret->arena, stages[0].words[i]);
	ret->is_tabled = true;
}

/* ---- what filters leave */

static bool holds_at(struct str line, size_t at, struct str word,
		     const struct command_filter *filter)
{
	if (at + word.len > line.len)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = line.ptr[at + i], wanted = word.ptr[i];

		if (c == wanted || (wanted == '.' && !filter->is_fixed))
			continue;
		if (!filter->ignores_case || strncasecmp(&c, &wanted, 1) != 0)
			return false;
	}
	return true;
}

static bool line_holds(struct str line, const struct command_filter *filter)
{
	struct str rest = filter->pattern, word = rest;
	bool has_more = true;

	while (has_more) {
		has_more = filter->has_alternatives && str_cut(rest, '|', &word, &rest);
		for (size_t at = 0; word.len && at + word.len <= line.len; at++)
			if (holds_at(line, at, word, filter))
				return true;
	}
	return false;
}

static void keep_matching(struct line_vec *lines, const struct command_filter *filter,
			  struct arena *arena)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->count; i++)
		if (line_holds(lines->items[i], filter) != filter->inverts)
			lines->items[kept++] = lines->items[i];
	lines->count = kept;
	if (filter->counts) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "%zu", kept);
		lines->count = 0;
		line_vec_push(lines,
			      (struct str){ arena_copy(arena, strbuf_str(&text)), text.len });
	}
}

static struct str field_of(struct str line, size_t number)
{
	struct str rest = line, word = line;

	for (size_t i = 0; i < number; i++)
		if (!str_next_word(&rest, &word))
			return (struct str){ "", 0 };
	return number ? (struct str){ word.ptr, (size_t)(line.ptr + line.len - word.ptr) } : line;
}

/* The number that the text begins with, as sort -n has it. */
static double leading_number(struct str text)
{
	char digits[32];
	size_t length = 0;

	while (length < sizeof(digits) - 1 && length < text.len &&
	       (text.ptr[length] == '-' || text.ptr[length] == '.' ||
		(text.ptr[length] >= '0' && text.ptr[length] <= '9'))) {
		digits[length] = text.ptr[length];
		length++;
	}
	digits[length] = '\0';
	return strtod(digits, NULL);
}

static int compare_lines(const void *left, const void *right, void *context)
{
	const struct command_filter *filter = context;
	struct str a = field_of(*(const struct str *)left, filter->number);
	struct str b = field_of(*(const struct str *)right, filter->number);
	double number_a = leading_number(a), number_b = leading_number(b);
	int order =
		filter->is_numeric ? (number_a > number_b) - (number_a < number_b) : str_cmp(a, b);

	if (!order)
		order = str_cmp(*(const struct str *)left, *(const struct str *)right);
	return filter->is_reversed ? -order : order;
}

static void keep_unique(struct line_vec *lines, const struct command_filter *filter,
			struct arena *arena)
{
	size_t kept = 0;

	for (size_t i = 0, next; i < lines->count; i = next) {
		struct str line = lines->items[i];
		auto_strbuf struct strbuf text = STRBUF_INIT;

		for (next = i + 1; next < lines->count && str_eq(line, lines->items[next]);)
			next++;
		if (filter->counts) {
			strbuf_addf(&text, "%7zu %.*s", next - i, STR_ARG(line));
			line = (struct str){ arena_copy(arena, strbuf_str(&text)), text.len };
		}
		lines->items[kept++] = line;
	}
	lines->count = kept;
}

static void filter_apply(const struct command_filter *filter, struct line_vec *lines,
			 struct arena *arena)
{
	char count[32];

	switch (filter->kind) {
	case FILTER_HEAD:
		lines->count = MIN(lines->count, filter->number);
		break;
	case FILTER_TAIL:
		if (lines->count > filter->number) {
			memmove(lines->items, lines->items + lines->count - filter->number,
				filter->number * sizeof(*lines->items));
			lines->count = filter->number;
		}
		break;
	case FILTER_GREP:
		keep_matching(lines, filter, arena);
		break;
	case FILTER_SORT:
		if (lines->count)
			qsort_r(lines->items, lines->count, sizeof(*lines->items), compare_lines,
				(void *)(uintptr_t)filter);
		break;
	case FILTER_UNIQUE:
		keep_unique(lines, filter, arena);
		break;
	case FILTER_COUNT:
		snprintf(count, sizeof(count), "%zu", lines->count);
		lines->count = 0;
		line_vec_push(lines,
			      (struct str){ arena_copy(arena, str_from(count)), strlen(count) });
		break;
	}
}

void command_filters_apply(const struct command_check *check, struct str text, struct strbuf *out)
{
	auto_arena struct arena arena = ARENA_INIT;
	struct line_vec lines = { 0 };
	struct str rest = text, line;

	if (!check->filter_count) {
		strbuf_add(out, text);
		return;
	}
	while (str_next_line(&rest, &line))
		line_vec_push(&lines, line);
	for (size_t i = 0; i < check->filter_count; i++)
		filter_apply(&check->filters[i], &lines, &arena);
	for (size_t i = 0; i < lines.count; i++) {
		strbuf_add(out, lines.items[i]);
		strbuf_add_char(out, '\n');
	}
	line_vec_done(&lines);
}
