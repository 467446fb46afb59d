#include "host/log_time.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_DAY (86400 * NS_PER_S)

/* A cursor that fails for good once something does not fit. */
struct scan {
	const char *at, *end;
	bool bad;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct scan *scan)
{
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(struct scan *scan, char c)
{
	if (peek(scan) != c || scan->at >= scan->end)
		return false;
	scan->at++;
	return true;
}

static void want(struct scan *scan, char c)
{
	if (!take(scan, c))
		scan->bad = true;
}

/* Exactly `digits` of them. */
static int fixed(struct scan *scan, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (!is_digit(peek(scan))) {
			scan->bad = true;
			return 0;
		}
		value = value * 10 + (*scan->at++ - '0');
	}
	return value;
}

/* One or two digits, perhaps after a blank. */
static int one_or_two(struct scan *scan)
{
	int value;

	take(scan, ' ');
	value = fixed(scan, 1);
	if (is_digit(peek(scan)))
		value = value * 10 + fixed(scan, 1);
	return value;
}

/* ".123456", ",123": ns; 0 where none follows. */
static int64_t fraction(struct scan *scan)
{
	int64_t value = 0, place = NS_PER_S / 10;
	const char *start = scan->at;

	if (!take(scan, '.') && !take(scan, ','))
		return 0;
	if (!is_digit(peek(scan))) {
		scan->at = start;
		return 0;
	}
	while (is_digit(peek(scan))) {
		value += (*scan->at++ - '0') * place;
		place /= 10;
	}
	return value;
}

/* Days since 1970-01-01 in the Gregorian calendar (years begin in March here). */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_date(int year, int month, int day)
{
	return year >= 1970 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int month_of(struct scan *scan)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (scan->end - scan->at < 3)
		return 0;
	for (int i = 0; i < 12; i++)
		if (memcmp(scan->at, names + 3 * i, 3) == 0) {
			scan->at += 3;
			return i + 1;
		}
	return 0;
}

static bool has_week_day(struct scan *scan)
{
	static const char names[] = "MonTueWedThuFriSatSun";

	if (scan->end - scan->at < 4)
		return false;
	for (int i = 0; i < 7; i++)
		if (memcmp(scan->at, names + 3 * i, 3) == 0 &&
		    (scan->at[3] == ' ' || scan->at[3] == ',')) {
			scan->at += 3;
			take(scan, ',');
			while (take(scan, ' '))
				;
			return true;
		}
	return false;
}

/* " PM" in all its spellings makes 12 hours 24; the hour stays otherwise. */
static int half_day(struct scan *scan, int hour)
{
	struct scan try = *scan;
	char letter;

	take(&try, ' ');
	letter = (char)toupper((unsigned char)peek(&try));
	if (letter != 'A' && letter != 'P')
		return hour;
	try.at++;
	if (toupper((unsigned char)peek(&try)) != 'M')
		return hour;
	try.at++;
	if (isalnum((unsigned char)peek(&try)) || hour < 1 || hour > 12)
		return hour;
	*scan = try;
	return hour % 12 + (letter == 'P' ? 12 : 0);
}

/* HH:MM:SS[.frac] [PM]: ns of the day. */
static int64_t clock_read(struct scan *scan)
{
	int hour = one_or_two(scan), minute, second;
	int64_t part;

	want(scan, ':');
	minute = fixed(scan, 2);
	want(scan, ':');
	second = fixed(scan, 2);
	part = fraction(scan);
	hour = half_day(scan, hour);
	if (hour > 24 || minute > 59 || second > 60)
		scan->bad = true;
	return ((int64_t)hour * 3600 + minute * 60 + second) * NS_PER_S + part;
}

/* "Z", "+02:00", "-0700", " +0000", " UTC": moves *ns to UTC; false where none is said. */
static bool zone_read(struct scan *scan, int64_t *ns)
{
	struct scan try = *scan;
	bool negative;
	int hours, minutes;

	if (take(scan, 'Z'))
		return true;
	take(&try, ' ');
	if (try.end - try.at >= 3 &&
	    (memcmp(try.at, "UTC", 3) == 0 || memcmp(try.at, "GMT", 3) == 0)) {
		try.at += 3;
		*scan = try;
		return true;
	}
	negative = peek(&try) == '-';
	if (!take(&try, '+') && !take(&try, '-'))
		return false;
	hours = fixed(&try, 2);
	take(&try, ':');
	minutes = fixed(&try, 2);
	if (try.bad || hours > 14 || minutes > 59 || is_digit(peek(&try)))
		return false;
	*scan = try;
	*ns += (negative ? 1 : -1) * ((int64_t)hours * 3600 + minutes * 60) * NS_PER_S;
	return true;
}

static bool dated(struct scan *scan, int year, int month, int day, struct log_time *ret)
{
	int64_t ns = clock_read(scan);

	if (scan->bad || !is_date(year, month, day))
		return false;
	ns += days_of(year, month, day) * NS_PER_DAY;
	ret->clock = zone_read(scan, &ns) ? LOG_CLOCK_UTC : LOG_CLOCK_LOCAL;
	ret->ns = ns;
	return true;
}

/* 2026-11-20T11:54:42, 2026/11/20 11:54:42, 2026-11-20_11:54:42; the date's sign is one of "-/." */
static bool iso_read(struct scan *scan, struct log_time *ret)
{
	int year = fixed(scan, 4), month, day;
	char sign = peek(scan);

	if (scan->bad || (sign != '-' && sign != '/' && sign != '.'))
		return false;
	scan->at++;
	month = fixed(scan, 2);
	want(scan, sign);
	day = fixed(scan, 2);
	if (!take(scan, 'T') && !take(scan, '_') && !take(scan, ':') && !take(scan, ' '))
		return false;
	take(scan, ' ');
	return !scan->bad && dated(scan, year, month, day, ret);
}

/* 11/20/2026 05:01:02 PM; the first number is the day where it can be no month. */
static bool slashed_read(struct scan *scan, struct log_time *ret)
{
	int first = one_or_two(scan), second, year;

	want(scan, '/');
	second = one_or_two(scan);
	want(scan, '/');
	year = fixed(scan, 2);
	if (is_digit(peek(scan)))
		year = year * 100 + fixed(scan, 2);
	else
		year += 2000;
	take(scan, ',');
	want(scan, ' ');
	if (scan->bad)
		return false;
	return first > 12 ? dated(scan, year, second, first, ret)
			  : dated(scan, year, first, second, ret);
}

/* 20/Nov/2026:11:54:42 -0700, 20-Nov-2026 11:54:42, 20 Nov 2026 11:54:42 */
static bool day_first_read(struct scan *scan, struct log_time *ret)
{
	int day = one_or_two(scan), month, year;
	char sign = peek(scan);

	if (scan->bad || (sign != '/' && sign != '-' && sign != ' '))
		return false;
	scan->at++;
	month = month_of(scan);
	if (!month)
		return false;
	want(scan, sign);
	year = fixed(scan, 4);
	take(scan, ',');
	if (!take(scan, ':') && !take(scan, ' '))
		return false;
	return !scan->bad && dated(scan, year, month, day, ret);
}

/* Nov 20 11:54:42, Nov 20 2026 11:54:42, Fri Nov 20 10:04:34 2026, Fri, 20 Nov 2026 ... */
static bool month_first_read(struct scan *scan, struct log_time *ret)
{
	struct scan again;
	int month, day, year;

	if (has_week_day(scan) && is_digit(peek(scan)))
		return day_first_read(scan, ret);
	month = month_of(scan);
	if (!month || !take(scan, ' '))
		return false;
	day = one_or_two(scan);
	take(scan, ',');
	want(scan, ' ');
	again = *scan;
	year = fixed(&again, 4);
	if (!again.bad && take(&again, ' ')) {
		*scan = again;
		return dated(scan, year, month, day, ret);
	}
	ret->ns = clock_read(scan);
	if (scan->bad || !is_date(2000, month, day))
		return false;
	again = *scan;
	want(&again, ' ');
	year = fixed(&again, 4);
	if (!again.bad && is_date(year, month, day) && !isalnum((unsigned char)peek(&again))) {
		*scan = again;
		ret->ns += days_of(year, month, day) * NS_PER_DAY;
		ret->clock = LOG_CLOCK_LOCAL;
		return true;
	}
	ret->ns += (days_of(2000, month, day) - days_of(2000, 1, 1)) * NS_PER_DAY;
	ret->clock = LOG_CLOCK_NO_YEAR;
	return true;
}

/* "[ 2427.199519]", "[12345.678901][ T123]" */
static bool boot_read(struct scan *scan, struct log_time *ret)
{
	int64_t seconds = 0;
	const char *start;

	while (take(scan, ' '))
		;
	start = scan->at;
	while (is_digit(peek(scan)) && scan->at - start < 9)
		seconds = seconds * 10 + (*scan->at++ - '0');
	if (scan->at == start || peek(scan) != '.')
		return false;
	ret->ns = seconds * NS_PER_S + fraction(scan);
	ret->clock = LOG_CLOCK_BOOT;
	return peek(scan) == ']';
}

/* 1732103682, 1732103682.123, 1732103682123: only what is a time of these decades. */
static bool epoch_read(struct scan *scan, struct log_time *ret)
{
	int64_t value = 0, unit;
	const char *start = scan->at;

	while (is_digit(peek(scan)) && scan->at - start < 18)
		value = value * 10 + (*scan->at++ - '0');
	ret->clock = LOG_CLOCK_UTC;
	switch (scan->at - start) {
	case 10:
		unit = NS_PER_S;
		break;
	case 13:
		unit = 1000000;
		break;
	case 16:
		unit = 1000;
		break;
	default:
		return false;
	}
	if (value > INT64_C(4100000000) * (NS_PER_S / unit))
		return false;
	ret->ns = value * unit + (unit == NS_PER_S ? fraction(scan) : 0);
	return ret->ns >= INT64_C(1000000000) * NS_PER_S &&
	       ret->ns < INT64_C(4100000000) * NS_PER_S && !isalnum((unsigned char)peek(scan)) &&
	       peek(scan) != '-' && peek(scan) != ':';
}

/* I1120 11:54:42.123456 (glog, klog): no year. */
static bool glog_read(struct scan *scan, struct log_time *ret)
{
	int month, day;

	scan->at++;
	month = fixed(scan, 2);
	day = fixed(scan, 2);
	want(scan, ' ');
	if (scan->bad || !is_date(2000, month, day))
		return false;
	ret->ns = clock_read(scan) + (days_of(2000, month, day) - days_of(2000, 1, 1)) * NS_PER_DAY;
	ret->clock = LOG_CLOCK_NO_YEAR;
	return !scan->bad;
}

static bool day_clock_read(struct scan *scan, struct log_time *ret)
{
	ret->ns = clock_read(scan);
	ret->clock = LOG_CLOCK_DAY;
	return !scan->bad && !isalnum((unsigned char)peek(scan)) && peek(scan) != ':';
}

typedef bool reader(struct scan *scan, struct log_time *ret);

static size_t try_read(struct str text, size_t from, reader *read, struct log_time *ret)
{
	struct scan scan = { text.ptr + from, text.ptr + text.len, false };
	struct log_time time = { 0 };

	if (!read(&scan, &time) || scan.bad)
		return 0;
	if (from && !take(&scan, ']'))
		return 0;
	*ret = time;
	return (size_t)(scan.at - text.ptr);
}

size_t log_time_read(struct str text, struct log_time *ret)
{
	static reader *const by_digit[] = { iso_read, day_first_read, slashed_read, epoch_read,
					    day_clock_read };
	size_t from = text.len && text.ptr[0] == '[', used;
	char first = from < text.len ? text.ptr[from] : '\0';

	if (text.len < 8)
		return 0;
	if (from && (first == ' ' || is_digit(first)) &&
	    (used = try_read(text, from, boot_read, ret)) != 0)
		return used;
	if (is_digit(first)) {
		for (size_t i = 0; i < ARRAY_SIZE(by_digit); i++)
			if ((used = try_read(text, from, by_digit[i], ret)) != 0)
				return used;
		return 0;
	}
	if (strchr("IWEF", first) && first && is_digit(text.ptr[from + 1]))
		return try_read(text, from, glog_read, ret);
	if (first >= 'A' && first <= 'W')
		return try_read(text, from, month_first_read, ret);
	return 0;
}

static void date_format(int64_t days, bool with_year, struct strbuf *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	/* the inverse of days_of */
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = yoe + era * 400 + (month <= 2);

	if (with_year)
		strbuf_addf(out, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
	else
		strbuf_addf(out, "%.3s %2" PRId64, names + 3 * (month - 1), day);
}

void log_time_format(struct log_time time, struct strbuf *out)
{
	int64_t days = time.ns / NS_PER_DAY, seconds;

	if (time.ns < 0)
		days = 0;
	seconds = (time.ns - days * NS_PER_DAY) / NS_PER_S;
	switch (time.clock) {
	case LOG_CLOCK_NONE:
		strbuf_add_text(out, "(no time)");
		return;
	case LOG_CLOCK_BOOT:
		strbuf_addf(out, "[%" PRId64 ".%03" PRId64 "]", time.ns / NS_PER_S,
			    time.ns % NS_PER_S / 1000000);
		return;
	case LOG_CLOCK_UTC:
	case LOG_CLOCK_LOCAL:
		date_format(days, true, out);
		strbuf_add_char(out, ' ');
		break;
	case LOG_CLOCK_NO_YEAR:
		date_format(days + days_of(2000, 1, 1), false, out);
		strbuf_add_char(out, ' ');
		break;
	case LOG_CLOCK_DAY:
		break;
	}
	strbuf_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 "%s", seconds / 3600,
		    seconds / 60 % 60, seconds % 60, time.clock == LOG_CLOCK_UTC ? "Z" : "");
}
