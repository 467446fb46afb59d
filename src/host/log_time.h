/*
 * Time stamps of logs. What a stamp does not say (the year of syslog, the zone, the date of
 * "12:00:01") is never taken from the machine that reads: stamps of one clock are compared with
 * each other only, and are written out again as they were meant. Internal to host.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "base/strbuf.h"

enum log_clock {
	LOG_CLOCK_NONE,
	LOG_CLOCK_UTC,	   /* ns since 1970, the zone was said */
	LOG_CLOCK_LOCAL,   /* the same, in a zone that was not said */
	LOG_CLOCK_NO_YEAR, /* ns since the first of January of some leap year */
	LOG_CLOCK_BOOT,	   /* ns since the kernel started */
	LOG_CLOCK_DAY,	   /* ns since midnight */
};

struct log_time {
	enum log_clock clock;
	int64_t ns;
};

/* The stamp that the text begins with, brackets and zone included: its bytes, 0 where there is
 * none. ISO 8601, RFC 3164 (syslog), dmesg and dmesg -T, ctime, common log format, epoch seconds
 * and milliseconds, Java, Go, Python, glog, 12-hour clocks. */
size_t log_time_read(struct str text, struct log_time *ret);
/* "2026-11-20 11:54:42", "Nov 20 11:54:42", "[2427.199]" */
void log_time_format(struct log_time time, struct strbuf *out);
