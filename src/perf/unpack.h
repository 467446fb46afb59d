/*
 * The zstd stream of PERF_RECORD_COMPRESSED: one stream over all such records, whose content
 * records straddle them. Unpacked records live in chunks that go as soon as nobody needs them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct unpack;

struct unpack *unpack_new(void);
void unpack_free(struct unpack *unpack);

enum unpack_result { UNPACK_OK, UNPACK_DAMAGED, UNPACK_TOO_LARGE };

/*
 * Unpacks all of `packed` and hands every whole record that became ready to `on_record`, with its
 * place in the unpacked stream; `on_record` returns true when it keeps the record (see
 * unpack_drop) and false when it is done with it.
 */
enum unpack_result unpack_feed(struct unpack *unpack, struct bytes packed, bool swap,
			       bool (*on_record)(void *context, const uint8_t *record,
						 size_t size_bytes, uint64_t place),
			       void *context);
/* The bytes at a kept place, up to the end of what is unpacked there; none where it was dropped. */
struct bytes unpack_at(struct unpack *unpack, uint64_t place);
/* One kept record at `place` is not needed any more. */
void unpack_drop(struct unpack *unpack, uint64_t place);
/* Memory in use now. */
uint64_t unpack_held_bytes(const struct unpack *unpack);
/* Bytes of a record that was begun and never ended. */
size_t unpack_unfinished_bytes(const struct unpack *unpack);
