#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/macros.h"

void units_percent(struct strbuf *out, double ratio)
{
	strbuf_addf(out, "%.2f%%", ratio * 100);
}

/* Three digits that mean something: 1.50, 12.3, 456. */
static void add_three_digits(struct strbuf *out, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	strbuf_addf(out, "%.*f %s", decimals, value, unit);
}

void units_bytes(struct strbuf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		strbuf_addf(out, "%" PRIu64 " B", bytes);
		return;
	}
	while (value >= 1023.95 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	strbuf_addf(out, "%.1f %s", value, units[unit]);
}

void units_duration(struct strbuf *out, uint64_t duration_ns)
{
	double ns = (double)duration_ns;
	uint64_t seconds = duration_ns / 1000000000;

	if (ns < 999.5)
		strbuf_addf(out, "%" PRIu64 " ns", duration_ns);
	else if (ns < 999.5e3)
		add_three_digits(out, ns / 1e3, "us");
	else if (ns < 999.5e6)
		add_three_digits(out, ns / 1e6, "ms");
	else if (ns < 120e9)
		add_three_digits(out, ns / 1e9, "s");
	else if (seconds < 7200)
		strbuf_addf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else if (seconds < 48 * 3600)
		strbuf_addf(out, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
			    seconds / 60 % 60);
	else
		strbuf_addf(out, "%" PRIu64 " d %" PRIu64 " h", seconds / 86400,
			    seconds / 3600 % 24);
}

void units_count(struct strbuf *out, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			strbuf_add_char(out, ',');
		strbuf_add_char(out, digits[i]);
	}
}
