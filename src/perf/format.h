/*
 * Constants of perf.data and of kernel records that the system's linux/perf_event.h may not know
 * yet. Sources: tools/perf/Documentation/perf.data-file-format.txt, include/uapi of Linux 6.18.
 */
#pragma once

#include <stdint.h>

/* Records that perf itself writes, and kernel records younger than the header of Debian 12. */
enum perf_file_record {
	PERF_FILE_CALLCHAIN_DEFERRED = 22,
	PERF_FILE_HEADER_ATTR = 64,
	PERF_FILE_EVENT_TYPE = 65,
	PERF_FILE_TRACING_DATA = 66, /* bytes beyond header.size */
	PERF_FILE_BUILD_ID = 67,
	PERF_FILE_FINISHED_ROUND = 68,
	PERF_FILE_ID_INDEX = 69,
	PERF_FILE_AUXTRACE_INFO = 70,
	PERF_FILE_AUXTRACE = 71, /* bytes beyond header.size */
	PERF_FILE_AUXTRACE_ERROR = 72,
	PERF_FILE_THREAD_MAP = 73,
	PERF_FILE_CPU_MAP = 74,
	PERF_FILE_EVENT_UPDATE = 78,
	PERF_FILE_TIME_CONV = 79,
	PERF_FILE_HEADER_FEATURE = 80,
	PERF_FILE_COMPRESSED = 81,
	PERF_FILE_FINISHED_INIT = 82,
	PERF_FILE_COMPRESSED2 = 83,
	PERF_FILE_USER_TYPE_START = 64,
};

enum perf_feature {
	PERF_FEATURE_TRACING_DATA = 1,
	PERF_FEATURE_BUILD_ID = 2,
	PERF_FEATURE_HOSTNAME = 3,
	PERF_FEATURE_OSRELEASE = 4,
	PERF_FEATURE_VERSION = 5,
	PERF_FEATURE_ARCH = 6,
	PERF_FEATURE_NRCPUS = 7,
	PERF_FEATURE_CPUDESC = 8,
	PERF_FEATURE_CPUID = 9,
	PERF_FEATURE_TOTAL_MEM = 10,
	PERF_FEATURE_CMDLINE = 11,
	PERF_FEATURE_EVENT_DESC = 12,
	PERF_FEATURE_SAMPLE_TIME = 21,
	PERF_FEATURE_CLOCKID = 23,
	PERF_FEATURE_COMPRESSED = 27,
	PERF_FEATURE_CLOCK_DATA = 29,
	PERF_FEATURE_OWN = 255, /* ours: what live unwinding knows; perf skips it */
	PERF_FEATURE_COUNT = 256,
};

enum {
	PERF_FILE_HEADER_BYTES = 104,
	PERF_PIPE_HEADER_BYTES = 16,
	PERF_RECORD_HEADER_BYTES = 8,
	PERF_RECORD_MAX_BYTES = 65535,
};

/* "PERFILE2" as a little-endian machine reads it */
#define PERF_FILE_MAGIC UINT64_C(0x32454c4946524550)

/* The last 20 bytes of a build-id event say their real size in byte 20. */
#define PERF_MISC_BUILD_ID_SIZE (1 << 15)
#define PERF_SAMPLE_BRANCH_COUNTERS_BIT (UINT64_C(1) << 19)
/*
 * Files of our recorder: attr.sig_data, which only events with a signal use, holds the signature,
 * and unused bits of a sample's misc say how its stack ended (1 + enum unwind_end; 0 = not said)
 * and whether frames were guessed. So it survives a killed recorder; others mask these bits out.
 */
#define PERF_OWN_SIGNATURE UINT64_C(0x31676b6f72677379)
#define PERF_OWN_END_SHIFT 4
#define PERF_OWN_END_MASK (15U << PERF_OWN_END_SHIFT)
#define PERF_OWN_GUESSED (1U << 8)

/* In a chain: the user part follows in a CALLCHAIN_DEFERRED record; the next word is its cookie. */
#define PERF_CONTEXT_DEFERRED ((uint64_t)-640)
