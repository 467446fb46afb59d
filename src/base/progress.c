#include "base/progress.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

#define REDRAW_NS 100000000u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct progress progress_start(const char *what, uint64_t total)
{
	if (!isatty(STDERR_FILENO))
		what = NULL;
	/* Work that ends within the first interval shows nothing. */
	return (struct progress){ what, total, what ? now_ns() : 0 };
}

void progress_update(struct progress *progress, uint64_t done)
{
	auto_strbuf struct strbuf line = STRBUF_INIT;
	uint64_t now;

	if (!progress->what)
		return;
	now = now_ns();
	if (now - progress->last_shown_ns < REDRAW_NS)
		return;
	progress->last_shown_ns = now;
	if (progress->total)
		strbuf_addf(&line, "%3.0f%%",
			    100 * (double)MIN(done, progress->total) / (double)progress->total);
	else
		units_count(&line, done);
	fprintf(stderr, "\r\x1b[K%s ... %s", progress->what, strbuf_text(&line));
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (!progress->what)
		return;
	fputs("\r\x1b[K", stderr);
	fflush(stderr);
	progress->what = NULL;
}
