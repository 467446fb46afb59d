/*
 * Writing a standard perf.data that perf and Hotspot read. A regular file is readable after every
 * flush, whatever happens to the recorder; anything else (a pipe, /dev/null, "-") gets perf's pipe
 * format, in place.
 */
#pragma once

#include "base/strbuf.h"
#include "perf/data.h"
#include "perf/format.h"

struct perf_writer;

/*
 * Begins the file with the events' attrs and ids; an existing file becomes PATH.old. `evsels` is
 * borrowed until perf_writer_free. "-" is standard output.
 */
MUST_CHECK struct error *perf_writer_open(const char *path, const struct perf_evsel_vec *evsels,
					  struct perf_writer **ret);
void perf_writer_free(struct perf_writer *writer);
void cleanup_perf_writer(struct perf_writer **writer);
#define auto_perf_writer __attribute__((cleanup(cleanup_perf_writer)))

/* Whole records only. The first failure is kept and returned by the next flush or the finish. */
void perf_writer_add(struct perf_writer *writer, const void *records, size_t size_bytes);
/* Room for one record of `size_bytes` that the caller fills at once. */
uint8_t *perf_writer_reserve(struct perf_writer *writer, size_t size_bytes);
/* All that was added reaches the file, and its header says so. */
MUST_CHECK struct error *perf_writer_flush(struct perf_writer *writer);

/* One feature section; copied. In a pipe it is written at once, so machine facts come first. */
void perf_writer_feature(struct perf_writer *writer, enum perf_feature feature, const void *content,
			 size_t content_bytes);
void perf_writer_feature_text(struct perf_writer *writer, enum perf_feature feature,
			      const char *text);
void perf_writer_build_id(struct perf_writer *writer, int32_t pid, uint16_t misc, const char *path,
			  const uint8_t *build_id, uint8_t build_id_bytes);
/* Flushes, and writes the feature sections and the final header. */
MUST_CHECK struct error *perf_writer_finish(struct perf_writer *writer);
bool perf_writer_is_pipe(const struct perf_writer *writer);
/* Bytes of records so far. */
uint64_t perf_writer_bytes(const struct perf_writer *writer);
/* Size of the whole file: with the header, and after perf_writer_finish with its sections. */
uint64_t perf_writer_file_bytes(const struct perf_writer *writer);
/* perf's text: length with padding, text, at least one NUL. Appends to `out`. */
void perf_string_add(struct strbuf *out, const char *text);
