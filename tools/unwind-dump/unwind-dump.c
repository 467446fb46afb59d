/*
 * For people who work on the unwinder: what it makes of a perf.data file, without names.
 *   unwind-dump FILE     each sample: time, tid, end, then the addresses, innermost first
 *   unwind-dump -q FILE  only counts and the CPU time
 *   unwind-dump -s ...   the same with cut stacks stitched
 *   unwind-dump -c BYTES ...  as if the dumps had been that small
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "session/session.h"

struct tally {
	bool quiet;
	uint64_t samples, frames, guessed, stitched, ends[UNWIND_END_COUNT];
};

static const char *const end_names[] = {
#define X(name, id, meaning) id,
	UNWIND_ENDS(X)
#undef X
};

static void on_sample(void *context, const struct session_sample *sample)
{
	struct tally *tally = context;

	tally->samples++;
	tally->frames += sample->frame_count;
	tally->ends[sample->end]++;
	if (!tally->quiet)
		printf("%" PRIu64 ".%09" PRIu64 " %d %s\n", sample->raw->time_ns / 1000000000,
		       sample->raw->time_ns % 1000000000, sample->raw->tid, end_names[sample->end]);
	for (size_t i = 0; i < sample->frame_count; i++) {
		const struct unwind_frame *frame = &sample->frames[i];

		if (frame->flags & UNWIND_FRAME_GUESSED)
			tally->guessed++;
		if (frame->flags & UNWIND_FRAME_STITCHED)
			tally->stitched++;
		if (!tally->quiet)
			printf("\t%16" PRIx64 " %s+%" PRIx64 "%s%s\n", frame->ip,
			       frame->dso ? frame->dso->name : "[unknown]", frame->address,
			       frame->flags & UNWIND_FRAME_GUESSED ? " guessed" : "",
			       frame->flags & UNWIND_FRAME_STITCHED ? " stitched" : "");
	}
	if (!tally->quiet)
		printf("\n");
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_tally(const struct tally *tally, const struct session *session)
{
	const struct unwinder_counters *counters = session_counters(session);
	double seconds = cpu_seconds();

	fprintf(stderr,
		"%" PRIu64 " samples, %.1f frames each, %" PRIu64 " guessed and %" PRIu64
		" stitched frames\n",
		tally->samples, (double)tally->frames / (double)MAX(tally->samples, 1U),
		tally->guessed, tally->stitched);
	for (size_t i = 0; i < UNWIND_END_COUNT; i++)
		fprintf(stderr, "%6.2f %% %s\n",
			100 * (double)tally->ends[i] / (double)MAX(tally->samples, 1U),
			end_names[i]);
	fprintf(stderr,
		"%" PRIu64 " places looked up, %" PRIu64 " missed, %" PRIu64
		" rules missed, %" PRIu64 " slow steps\n",
		counters->frames, counters->misses, counters->rule_misses, counters->slow_steps);
	fprintf(stderr, "%.3f CPU s, %.0f samples/s\n", seconds, (double)tally->samples / seconds);
}

static void shrink_dump(struct perf_sample *sample, uint64_t cap)
{
	if (bytes_left(&sample->user_stack) <= cap)
		return;
	sample->user_stack.end = sample->user_stack.pos + cap;
	sample->user_stack_asked = cap;
}

int main(int argc, char **argv)
{
	struct session_options options = { 0 };
	struct tally tally = { 0 };
	auto_perf_data struct perf_data *data = NULL;
	auto_session struct session *session = NULL;
	auto_error struct error *error = NULL;
	struct dso_table dsos;
	struct perf_record record;
	uint64_t cap = UINT64_MAX;
	int letter;

	while ((letter = getopt(argc, argv, "qsc:")) != -1) {
		tally.quiet |= letter == 'q';
		options.stitch |= letter == 's';
		if (letter == 'c' && !str_to_u64(str_from(optarg), &cap))
			return 2;
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: unwind-dump [-q] [-s] [-c BYTES] FILE\n");
		return 2;
	}
	error = perf_data_open(argv[optind], &data);
	if (error) {
		fprintf(stderr, "unwind-dump: %s\n", error->message);
		return 1;
	}
	dso_table_init(&dsos, NULL);
	session = session_new(&dsos, &options);
	while (perf_data_next(data, &record) == PERF_NEXT_RECORD) {
		if (record.kind == PERF_KIND_SAMPLE)
			shrink_dump(&record.sample, cap);
		session_apply(session, data, &record, on_sample, &tally);
	}
	print_tally(&tally, session);
	if (data->damage)
		fprintf(stderr, "damaged: %s\n", data->damage);
	session_free(take_ptr(session));
	dso_table_done(&dsos);
	return 0;
}
