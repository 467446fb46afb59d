/* Figures for people: ratios as percent, bytes, durations, counts. All append to `out`. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

void units_percent(struct strbuf *out, double ratio);	       /* 0.6457 -> "64.57%" */
void units_bytes(struct strbuf *out, uint64_t bytes);	       /* 1536 -> "1.5 KiB" */
void units_duration(struct strbuf *out, uint64_t duration_ns); /* "1.50 s", "12.3 ms" */
void units_count(struct strbuf *out, uint64_t count);	       /* 16469 -> "16,469" */
