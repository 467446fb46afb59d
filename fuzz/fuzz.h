/*
 * What every fuzz target defines. fuzz/NAME.c is linked twice: with replay.c into fuzz-replay-NAME,
 * which the test suite runs over fuzz/corpus/NAME, and (-Dfuzz=true, clang) with libFuzzer.
 *
 * A target keeps nothing from one input to the next, writes nothing outside of a temporary place,
 * and frees what it made, so that a leak is found at the input that made it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `data` is exactly `size_bytes` long: one byte further is an error that ASan sees. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
