/*
 * A parser of one command's output. Adding one = a file that exports a const struct host_parser,
 * and a row in parsers.c. Internal to host.
 */
#pragma once

#include "base/strbuf.h"
#include "host/host.h"

/* A text that is being parsed, line by line, and what facts are made from. */
struct parse {
	const struct host_text *input;
	struct facts *facts;
	struct entity entity; /* of the input */
	struct str rest;
	uint32_t line; /* the number of the line that was given last, from 1 on */
	uint64_t unknown_lines;
	struct strbuf unknown; /* the first of them */
	struct strbuf plain;   /* the line without escapes */
	struct strbuf format;  /* what it turned out to be */
};

struct host_parser {
	const char *name; /* of the command, and of the format */
	/* Whether the text is such output: 0 = no, 1 = could be, 2 = certainly. */
	unsigned (*looks)(struct str text);
	void (*parse)(struct parse *parse);
};

extern const struct host_parser top_parser, df_parser, log_parser;
extern const struct host_parser ip_parser, netstat_parser, statistics_parser, nstat_parser,
	ethtool_parser, conntrack_parser, sysctl_parser, lsmod_parser;
extern const struct host_parser mount_parser, findmnt_parser, lsblk_parser, lsof_parser,
	systemctl_parser, mdstat_parser, timedatectl_parser, chronyc_parser;
extern const struct host_parser mpstat_parser, pidstat_parser, iostat_parser, sar_parser;
extern const struct host_parser vmstat_parser, uptime_parser, w_parser, free_parser, swapon_parser;
extern const struct host_parser ps_parser, proc_parser;
extern const struct host_parser iptables_parser, ss_parser, tc_parser;

/* The next line without terminal escapes; good until the next call. */
bool parse_next_line(struct parse *parse, struct str *ret);
/* Counts the line as one that was not understood. */
void parse_unknown(struct parse *parse, struct str line);

/* Facts with the source and line `line` (0 = none) of this text. Rows as facts_add has them. */
uint32_t parse_number(struct parse *parse, struct entity entity, const char *name, double number,
		      const char *unit, uint32_t line);
uint32_t parse_text(struct parse *parse, struct entity entity, const char *name, struct str text,
		    uint32_t line);
/* Lines as they stand go into notes: facts are what a model gets. */
void parse_note(struct parse *parse, struct entity entity, const char *aspect, struct str text);
struct entity parse_host(struct parse *parse);

/*
 * A number as tools print it, whatever the locale: "1.5", "1,5", "12"; `ret_used` bytes of it.
 * False where the text does not begin with one.
 */
bool number_scan(struct str text, double *ret, size_t *ret_used);
/* "1.2g", "125,1m", "4052": bytes, where a bare number counts `base` bytes. */
bool size_scan(struct str text, double base, double *ret);
/* Appends the text without CSI and OSC sequences, backspaces and carriage returns. */
void escapes_drop(struct str text, struct strbuf *out);
