/*
 * What the kernel is set to: sysctl -a (or the files' own form), and its modules: lsmod,
 * /proc/modules. Host: those settings that other facts are held against, under the names that
 * objects.c and look_facts.c give them; modules; settings.
 */
#include <string.h>

#include "base/macros.h"
#include "host/parser.h"

enum { LOOK_LINES = 8 };

static const struct setting {
	const char *key, *name;
} settings[] = {
	{ "net.core.somaxconn", "somaxconn" },
	{ "kernel.pid_max", "pid_max" },
	{ "kernel.threads-max", "threads_max" },
	{ "fs.file-max", "files_max" },
	{ "vm.overcommit_memory", "overcommit" },
	{ "vm.swappiness", "swappiness" },
	{ "vm.min_free_kbytes", "memory_min_free_kb" },
	{ "vm.dirty_ratio", "dirty_ratio" },
	{ "vm.dirty_background_ratio", "dirty_background_ratio" },
	{ "vm.max_map_count", "maps_max" },
	{ "net.netfilter.nf_conntrack_count", "conntrack" },
	{ "net.netfilter.nf_conntrack_max", "conntrack_max" },
	{ "net.ipv4.tcp_max_syn_backlog", "syn_backlog_max" },
	{ "net.ipv4.tcp_tw_reuse", "time_wait_reuse" },
	{ "net.ipv4.tcp_syncookies", "syn_cookies" },
	{ "net.core.rmem_max", "receive_buffer_max" },
	{ "net.core.wmem_max", "send_buffer_max" },
	{ "net.core.netdev_max_backlog", "softnet_backlog_max" },
	{ "kernel.tainted", "tainted" },
	{ "kernel.sched_rt_runtime_us", "realtime_runtime_us" },
};

static bool setting_read(struct str line, struct str *key, struct str *value)
{
	if (!str_cut(line, '=', key, value))
		return false;
	*key = str_trim(*key);
	*value = str_trim(*value);
	return key->len > 2 && memchr(key->ptr, '.', key->len) && !memchr(key->ptr, ' ', key->len);
}

static unsigned sysctl_looks(struct str text)
{
	static const char *const roots[] = { "abi.", "debug.", "dev.",	"fs.",	  "kernel.",
					     "net.", "vm.",    "user.", "crypto." };
	struct str line, key, value;
	unsigned rows = 0, lines = 0;

	while (lines < LOOK_LINES && str_next_line(&text, &line)) {
		lines += str_trim(line).len && *line.ptr != '#';
		for (size_t i = 0; i < ARRAY_SIZE(roots) && setting_read(line, &key, &value); i++)
			rows += str_starts_with(key, str_from(roots[i]));
	}
	return lines && rows == lines ? 2 : 0;
}

static void setting_tell(struct parse *parse, struct str key, struct str value)
{
	struct entity host = parse_host(parse);
	struct str low, high;
	double number;
	uint64_t ports[2];

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (str_is(key, settings[i].key) && str_to_double(value, &number))
			parse_number(parse, host, settings[i].name, number, "", parse->line);
	if (str_is(key, "net.ipv4.ip_local_port_range") && str_next_word(&value, &low) &&
	    str_next_word(&value, &high) && str_to_u64(low, &ports[0]) &&
	    str_to_u64(high, &ports[1]) && ports[1] >= ports[0])
		parse_number(parse, host, "ports", (double)(ports[1] - ports[0] + 1), "",
			     parse->line);
	if (str_is(key, "kernel.hostname"))
		parse_text(parse, host, "hostname", value, parse->line);
	else if (str_is(key, "net.ipv4.tcp_congestion_control"))
		parse_text(parse, host, "congestion_control", value, parse->line);
}

static void sysctl_parse(struct parse *parse)
{
	struct str line, key, value;
	unsigned rows = 0;

	while (parse_next_line(parse, &line)) {
		if (setting_read(line, &key, &value)) {
			rows++;
			setting_tell(parse, key, value);
		} else if (str_trim(line).len && *line.ptr != '#' &&
			   !str_starts_with(line, STR("sysctl: "))) {
			parse_unknown(parse, line);
		}
	}
	parse_number(parse, parse_host(parse), "settings", rows, "", 0);
	strbuf_addf(&parse->format, "sysctl, %u settings", rows);
}

const struct host_parser sysctl_parser = { "sysctl", sysctl_looks, sysctl_parse };

/* "nf_conntrack  172032  2 xt_conntrack,nf_nat" */
static bool module_read(struct str line, struct str *name)
{
	struct str word;
	uint64_t number;

	return str_next_word(&line, name) && str_next_word(&line, &word) &&
	       str_to_u64(word, &number) && str_next_word(&line, &word) &&
	       str_to_u64(word, &number);
}

static unsigned lsmod_looks(struct str text)
{
	struct str line, word[4];

	if (!str_next_line(&text, &line))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (!str_next_word(&line, &word[i]))
			return 0;
	return str_is(word[0], "Module") && str_is(word[1], "Size") && str_is(word[2], "Used") ? 2
											       : 0;
}

static void lsmod_parse(struct parse *parse)
{
	struct str line, name;
	unsigned rows = 0;

	while (parse_next_line(parse, &line)) {
		if (module_read(line, &name))
			rows++;
		else if (!str_starts_with(line, STR("Module ")) && str_trim(line).len)
			parse_unknown(parse, line);
	}
	parse_number(parse, parse_host(parse), "modules", rows, "", 0);
	strbuf_addf(&parse->format, "lsmod, %u modules", rows);
}

const struct host_parser lsmod_parser = { "lsmod", lsmod_looks, lsmod_parse };
