/*
 * The output of timedatectl and of chronyc tracking. Host: clock_synchronised ("yes", "no"),
 * clock_service ("active" ...), clock_offset (ns, chrony's own estimate), clock_stratum,
 * clock_source.
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "host/parser.h"

enum { LOOK_LINES = 20 };

static bool field(struct str line, struct str *key, struct str *value)
{
	if (!str_cut(line, ':', key, value))
		return false;
	*key = str_trim(*key);
	*value = str_trim(*value);
	return key->len > 0;
}

static bool has_key(struct str text, const char *const *keys, size_t count)
{
	struct str line, key, value;

	for (unsigned i = 0; i < LOOK_LINES && str_next_line(&text, &line); i++)
		for (size_t k = 0; field(line, &key, &value) && k < count; k++)
			if (str_is(key, keys[k]))
				return true;
	return false;
}

static const char *const synchronised_keys[] = { "System clock synchronized", "NTP synchronized" };
static const char *const service_keys[] = { "NTP service", "systemd-timesyncd.service active",
					    "Network time on", "NTP enabled" };

static unsigned timedatectl_looks(struct str text)
{
	return has_key(text, synchronised_keys, ARRAY_SIZE(synchronised_keys)) ? 2 : 0;
}

static void timedatectl_parse(struct parse *parse)
{
	struct entity host = parse_host(parse);
	struct str line, key, value;

	while (parse_next_line(parse, &line)) {
		if (!field(line, &key, &value))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(synchronised_keys); i++)
			if (str_is(key, synchronised_keys[i]))
				parse_text(parse, host, "clock_synchronised", value, parse->line);
		for (size_t i = 0; i < ARRAY_SIZE(service_keys); i++)
			if (str_is(key, service_keys[i]))
				parse_text(parse, host, "clock_service", value, parse->line);
		if (str_is(key, "Time zone"))
			parse_text(parse, host, "time_zone", value, parse->line);
		else if (str_is(key, "RTC in local TZ"))
			parse_text(parse, host, "hardware_clock_local", value, parse->line);
	}
	strbuf_addf(&parse->format, "timedatectl");
}

const struct host_parser timedatectl_parser = { "timedatectl", timedatectl_looks,
						timedatectl_parse };

static unsigned chronyc_looks(struct str text)
{
	static const char *const keys[] = { "Leap status" };

	return has_key(text, keys, ARRAY_SIZE(keys)) ? 2 : 0;
}

/* "0.000012345 seconds fast of NTP time" */
static void offset_tell(struct parse *parse, struct entity host, struct str value)
{
	double seconds;
	size_t used;

	if (!number_scan(value, &seconds, &used))
		return;
	if (str_find(value, STR("slow")) >= 0)
		seconds = -seconds;
	parse_number(parse, host, "clock_offset", seconds * 1e9, "ns", parse->line);
}

static void chronyc_parse(struct parse *parse)
{
	struct entity host = parse_host(parse);
	struct str line, key, value;
	uint64_t number;

	while (parse_next_line(parse, &line)) {
		if (!field(line, &key, &value)) {
			if (str_trim(line).len)
				parse_unknown(parse, line);
			continue;
		}
		if (str_is(key, "Leap status"))
			parse_text(parse, host, "clock_synchronised",
				   str_starts_with(value, STR("Not sync")) ? STR("no") : STR("yes"),
				   parse->line);
		else if (str_is(key, "System time"))
			offset_tell(parse, host, value);
		else if (str_is(key, "Reference ID"))
			parse_text(parse, host, "clock_source", value, parse->line);
		else if (str_is(key, "Stratum") && str_to_u64(value, &number))
			parse_number(parse, host, "clock_stratum", (double)number, "", parse->line);
	}
	strbuf_addf(&parse->format, "chronyc tracking");
}

const struct host_parser chronyc_parser = { "chronyc", chronyc_looks, chronyc_parse };
