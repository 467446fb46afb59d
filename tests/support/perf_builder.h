/*
 * Builds perf.data files in memory: plain or pipe, either byte order, compressed or not. What it
 * writes follows tools/perf/Documentation/perf.data-file-format.txt, not our reader.
 */
#pragma once

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct built_sample {
	uint64_t ip, time_ns, addr, id, period;
	uint32_t pid, tid, cpu;
	uint16_t misc; /* 0 = PERF_RECORD_MISC_USER */
	const uint64_t *chain;
	size_t chain_count;
	uint64_t regs_abi;    /* 0: no registers follow */
	const uint64_t *regs; /* as many as the mask of the event has bits */
	const uint8_t *stack;
	size_t stack_bytes, stack_dynamic_bytes; /* 0 = the task had no user stack */
};

struct perf_builder;

enum perf_builder_flags {
	PERF_BUILDER_PIPE = 1 << 0,
	PERF_BUILDER_SWAP = 1 << 1,	  /* for a machine of the other byte order */
	PERF_BUILDER_UNFINISHED = 1 << 2, /* data.size 0, no features: the recorder was killed */
};

struct perf_builder *perf_builder_new(unsigned flags);
void perf_builder_free(struct perf_builder *builder);

/* Events come first. attr.size 0 = sizeof(attr). Sets sample_id_all. */
void perf_builder_event(struct perf_builder *builder, const struct perf_event_attr *attr,
			const char *name, const uint64_t *ids, size_t id_count);
/* Any record: header and body; the sample_id of the first event is added on demand. */
void perf_builder_record(struct perf_builder *builder, uint32_t type, uint16_t misc,
			 const void *body, size_t body_bytes);
void perf_builder_mmap(struct perf_builder *builder, uint32_t pid, uint64_t start, uint64_t length,
		       uint64_t file_offset, const char *path, uint64_t time_ns);
void perf_builder_mmap2(struct perf_builder *builder, uint32_t pid, uint64_t start, uint64_t length,
			uint64_t file_offset, const char *path, const uint8_t *build_id,
			uint8_t build_id_bytes, uint64_t time_ns);
void perf_builder_comm(struct perf_builder *builder, uint32_t pid, uint32_t tid, const char *name,
		       bool is_exec, uint64_t time_ns);
void perf_builder_fork(struct perf_builder *builder, uint32_t pid, uint32_t parent_pid,
		       uint32_t tid, uint32_t parent_tid, uint64_t time_ns);
void perf_builder_exit(struct perf_builder *builder, uint32_t pid, uint32_t tid, uint64_t time_ns);
void perf_builder_lost(struct perf_builder *builder, uint64_t count, uint64_t time_ns);
/* The user chain of earlier samples of that thread (Linux 6.19). */
void perf_builder_deferred_chain(struct perf_builder *builder, uint32_t pid, uint32_t tid,
				 uint64_t cookie, const uint64_t *chain, size_t chain_count,
				 uint64_t time_ns);
/* By the sample_type of event `event` (0 = the first). */
void perf_builder_sample(struct perf_builder *builder, unsigned event,
			 const struct built_sample *sample);
void perf_builder_round(struct perf_builder *builder);
/* Records between the two go into the zstd stream, cut into records of at most `piece_bytes`. */
void perf_builder_pack(struct perf_builder *builder);
void perf_builder_pack_end(struct perf_builder *builder, size_t piece_bytes, bool padded);
/* A feature section (a HEADER_FEATURE record in a pipe); call after the events. */
void perf_builder_feature(struct perf_builder *builder, unsigned feature, const void *content,
			  size_t content_bytes);
void perf_builder_feature_text(struct perf_builder *builder, unsigned feature, const char *text);
void perf_builder_build_id(struct perf_builder *builder, const char *path, const uint8_t *build_id,
			   uint8_t build_id_bytes);

/* The whole file; borrowed until perf_builder_free. Adds EVENT_DESC. */
const uint8_t *perf_builder_finish(struct perf_builder *builder, size_t *ret_bytes);
/* Writes it to a new temporary file; the path is borrowed and the file goes with the builder. */
const char *perf_builder_file(struct perf_builder *builder);
