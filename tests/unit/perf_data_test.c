#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "perf/data.h"
#include "perf/format.h"
#include "perf_builder.h"

#define PLAIN_TYPE                                                                                 \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |            \
	 PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD)

static const uint64_t event_ids[2][2] = { { 11, 12 }, { 21, 22 } };

static struct perf_event_attr attr_of(uint64_t sample_type)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = 999,
		.sample_type = sample_type,
	};
}

static struct perf_builder *builder_of(unsigned flags, uint64_t sample_type)
{
	struct perf_builder *builder = perf_builder_new(flags);
	struct perf_event_attr attr = attr_of(sample_type);

	perf_builder_event(builder, &attr, "cpu-clock", event_ids[0], 2);
	return builder;
}

static struct built_sample sample_at(uint64_t time_ns)
{
	return (struct built_sample){ .ip = 0x401000 + time_ns,
				      .time_ns = time_ns,
				      .id = 11,
				      .period = 1001001,
				      .pid = 100,
				      .tid = 101,
				      .cpu = 3 };
}

static void add_sample(struct perf_builder *builder, uint64_t time_ns)
{
	struct built_sample sample = sample_at(time_ns);

	perf_builder_sample(builder, 0, &sample);
}

static struct perf_data *open_built(struct perf_builder *builder)
{
	struct perf_data *data = NULL;

	assert_null(perf_data_open(perf_builder_file(builder), &data));
	return data;
}

/* Times of all records, in the order in which they come. */
static size_t read_times(struct perf_data *data, uint64_t *times, size_t capacity)
{
	struct perf_record record;
	size_t count = 0;

	while (perf_data_next(data, &record) == PERF_NEXT_RECORD)
		if (count < capacity)
			times[count++] = record.time_ns;
	return count;
}

static void check_times(struct perf_data *data, const uint64_t *expected, size_t count)
{
	uint64_t times[64];

	assert_int_equal(read_times(data, times, 64), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(times[i], expected[i]);
}

static void check_one_sample(unsigned flags)
{
	struct perf_builder *builder = builder_of(flags, PLAIN_TYPE);
	struct perf_data *data;
	struct perf_record record;

	add_sample(builder, 5);
	data = open_built(builder);
	assert_int_equal(data->evsels.count, 1);
	assert_string_equal(data->evsels.items[0].name, "cpu-clock");
	assert_int_equal(data->evsels.items[0].id_count, 2);
	assert_int_equal(data->evsels.items[0].attr.freq, 1);
	assert_int_equal(data->evsels.items[0].attr.sample_id_all, 1);
	assert_int_equal(data->swap, (flags & PERF_BUILDER_SWAP) != 0);
	assert_int_equal(data->is_pipe, (flags & PERF_BUILDER_PIPE) != 0);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_SAMPLE);
	assert_int_equal(record.sample.ip, 0x401005);
	assert_int_equal(record.sample.pid, 100);
	assert_int_equal(record.sample.tid, 101);
	assert_int_equal(record.sample.time_ns, 5);
	assert_int_equal(record.sample.cpu, 3);
	assert_int_equal(record.sample.period, 1001001);
	assert_int_equal(record.sample.id, 11);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_END);
	assert_null(data->damage);
	assert_int_equal(data->tally.samples, 1);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_sample_reads_the_same_from_files_and_pipes_of_both_byte_orders(void **state)
{
	(void)state;
	check_one_sample(0);
	check_one_sample(PERF_BUILDER_PIPE);
	check_one_sample(PERF_BUILDER_SWAP);
	check_one_sample(PERF_BUILDER_PIPE | PERF_BUILDER_SWAP);
}

static void registers_stack_and_chain_come_in_the_kernels_order(void **state)
{
	struct perf_event_attr attr = attr_of(PLAIN_TYPE | PERF_SAMPLE_CALLCHAIN |
					      PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER);
	const uint64_t chain[] = { PERF_CONTEXT_USER, 0x1111, 0x2222 }, registers[] = { 7, 8, 9 };
	const uint8_t stack[64] = { 0xab, 0xcd };
	struct perf_builder *builder = perf_builder_new(0);
	struct built_sample sample = sample_at(9);
	struct perf_record record;
	struct perf_data *data;
	uint64_t word = 0;

	(void)state;
	attr.sample_regs_user = 0x111;
	perf_builder_event(builder, &attr, "cpu-clock", event_ids[0], 1);
	sample.chain = chain;
	sample.chain_count = 3;
	sample.regs_abi = PERF_SAMPLE_REGS_ABI_64;
	sample.regs = registers;
	sample.stack = stack;
	sample.stack_bytes = sizeof(stack);
	sample.stack_dynamic_bytes = 40;
	perf_builder_sample(builder, 0, &sample);
	/* a kernel thread: abi 0 and no words, size 0 and no dynamic size */
	sample.regs_abi = 0;
	sample.stack_bytes = 0;
	sample.time_ns = 10;
	perf_builder_sample(builder, 0, &sample);

	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(bytes_left(&record.sample.callchain), 24);
	assert_true(bytes_seek(&record.sample.callchain, 16));
	assert_true(bytes_u64(&record.sample.callchain, &word));
	assert_int_equal(word, 0x2222);
	assert_int_equal(record.sample.user_regs_mask, 0x111);
	assert_true(bytes_seek(&record.sample.user_regs, 8));
	assert_true(bytes_u64(&record.sample.user_regs, &word));
	assert_int_equal(word, 8);
	assert_int_equal(bytes_left(&record.sample.user_stack), 40);
	assert_int_equal(record.sample.user_stack_asked, 64);
	assert_int_equal(record.sample.user_stack.pos[1], 0xcd);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(bytes_left(&record.sample.user_regs), 0);
	assert_int_equal(bytes_left(&record.sample.user_stack), 0);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_END);
	assert_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void check_deferred(unsigned flags, bool packed)
{
	struct perf_builder *builder = builder_of(flags, PLAIN_TYPE | PERF_SAMPLE_CALLCHAIN);
	const uint64_t chain[] = { PERF_CONTEXT_KERNEL, 0xffff1, PERF_CONTEXT_DEFERRED, 77 };
	const uint64_t user[] = { PERF_CONTEXT_USER, 0x1111, 0x2222 };
	const uint64_t expected[] = { PERF_CONTEXT_KERNEL, 0xffff1, PERF_CONTEXT_USER, 0x1111,
				      0x2222 };
	struct built_sample sample = sample_at(5);
	struct perf_record record;
	struct perf_data *data;

	sample.chain = chain;
	sample.chain_count = ARRAY_SIZE(chain);
	if (packed)
		perf_builder_pack(builder);
	perf_builder_sample(builder, 0, &sample);
	/* the same cookie in another thread is another chain */
	perf_builder_deferred_chain(builder, 100, 55, 77, user, 1, 6);
	perf_builder_deferred_chain(builder, 100, 101, 77, user, ARRAY_SIZE(user), 7);
	if (packed)
		perf_builder_pack_end(builder, 60, false);
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(bytes_left(&record.sample.callchain), sizeof(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		uint64_t word = 0;

		assert_true(bytes_u64(&record.sample.callchain, &word));
		assert_int_equal(word, expected[i]);
	}
	check_times(data, (const uint64_t[]){ 6, 7 }, 2);
	assert_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_deferred_user_chain_joins_its_sample(void **state)
{
	(void)state;
	check_deferred(0, false);
	check_deferred(PERF_BUILDER_SWAP, false);
	check_deferred(0, true);
}

/* Its record came and went before the sample did: there is nothing to join with. */
static void a_deferred_chain_that_comes_too_early_is_not_looked_for(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE | PERF_SAMPLE_CALLCHAIN);
	const uint64_t chain[] = { PERF_CONTEXT_DEFERRED, 77 }, user[] = { PERF_CONTEXT_USER, 1 };
	struct built_sample sample = sample_at(0);
	struct perf_record record;
	struct perf_data *data;

	(void)state;
	sample.chain = chain;
	sample.chain_count = ARRAY_SIZE(chain);
	for (uint64_t round = 1; round < 60; round++) {
		perf_builder_pack(builder);
		if (round == 1)
			perf_builder_deferred_chain(builder, 100, 101, 77, user, 2, 1);
		for (sample.time_ns = round * 1000; sample.time_ns < round * 1000 + 999;
		     sample.time_ns++)
			perf_builder_sample(builder, 0, &sample);
		perf_builder_pack_end(builder, 60000, false);
		perf_builder_round(builder);
	}
	data = open_built(builder);
	while (perf_data_next(data, &record) == PERF_NEXT_RECORD)
		if (record.kind == PERF_KIND_SAMPLE)
			assert_in_range(bytes_left(&record.sample.callchain), 16, 24);
	assert_int_equal(data->tally.samples, 59 * 999);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_mark_of_a_build_id_is_believed_only_where_one_can_stand(void **state)
{
	const uint8_t build_id[20] = { 1, 2, 3, 20 };
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_record record;
	struct perf_data *data;

	(void)state;
	/* 8: the device number of a disk, where the length would be */
	perf_builder_mmap2(builder, 100, 0x400000, 0x2000, 0, "/usr/bin/a", build_id, 8, 1);
	perf_builder_mmap2(builder, 100, 0x500000, 0x2000, 0, "/usr/bin/b", build_id, 20, 2);
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_true(str_is(record.mmap.path, "/usr/bin/a"));
	assert_null(record.mmap.build_id);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_non_null(record.mmap.build_id);
	assert_int_equal(record.mmap.build_id_bytes, 20);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void side_band_records_say_what_the_kernel_said(void **state)
{
	const uint8_t build_id[20] = { 1, 2, 3, 20 };
	struct perf_event_attr attr = attr_of(PLAIN_TYPE);
	struct perf_builder *builder = perf_builder_new(0);
	struct perf_record record;
	struct perf_data *data;

	(void)state;
	attr.build_id = 1;
	perf_builder_event(builder, &attr, "cpu-clock", event_ids[0], 2);
	perf_builder_comm(builder, 100, 100, "cc1plus", true, 1);
	perf_builder_mmap2(builder, 100, 0x400000, 0x2000, 0x1000, "/usr/lib/cc1plus", build_id, 16,
			   2);
	perf_builder_fork(builder, 200, 100, 201, 101, 3);
	perf_builder_exit(builder, 200, 201, 4);
	perf_builder_lost(builder, 17, 5);
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_COMM);
	assert_true(record.comm.is_exec);
	assert_true(str_is(record.comm.name, "cc1plus"));
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_MMAP);
	assert_true(str_is(record.mmap.path, "/usr/lib/cc1plus"));
	assert_int_equal(record.mmap.file_offset, 0x1000);
	assert_int_equal(record.mmap.protection, 5);
	assert_int_equal(record.mmap.build_id_bytes, 16);
	assert_int_equal(record.mmap.build_id[2], 3);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_FORK);
	assert_int_equal(record.fork.parent_tid, 101);
	assert_int_equal(record.fork.tid, 201);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_EXIT);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.lost.count, 17);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_END);
	assert_int_equal(data->tally.lost_records, 17);
	assert_int_equal(data->tally.mmaps, 1);
	assert_int_equal(data->tally.forks, 1);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void records_come_in_time_order_with_time_zero_first(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_record record;
	struct perf_data *data;

	(void)state;
	add_sample(builder, 30);
	add_sample(builder, 50);
	perf_builder_round(builder);
	add_sample(builder, 10);
	add_sample(builder, 40);
	perf_builder_comm(builder, 100, 100, "late", true, 10);
	perf_builder_comm(builder, 100, 100, "synthesised", false, 0);
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_true(str_is(record.comm.name, "synthesised"));
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_true(str_is(record.comm.name, "late"));
	check_times(data, (const uint64_t[]){ 10, 30, 40, 50 }, 4);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void records_without_time_stay_in_file_order(void **state)
{
	struct perf_builder *builder = builder_of(0, PERF_SAMPLE_IP | PERF_SAMPLE_TID);
	struct built_sample sample = { .ip = 2, .pid = 1, .tid = 1 };
	struct perf_record record;
	struct perf_data *data;

	(void)state;
	perf_builder_sample(builder, 0, &sample);
	perf_builder_comm(builder, 1, 1, "x", true, 0);
	sample.ip = 1;
	perf_builder_sample(builder, 0, &sample);
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.sample.ip, 2);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.kind, PERF_KIND_COMM);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_RECORD);
	assert_int_equal(record.sample.ip, 1);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void samples_of_several_events_are_told_apart_by_id(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_event_attr second = attr_of(PLAIN_TYPE);
	struct built_sample sample = sample_at(1);
	struct perf_data *data;
	uint64_t times[8];

	(void)state;
	second.config = PERF_COUNT_SW_PAGE_FAULTS;
	perf_builder_event(builder, &second, "faults", event_ids[1], 2);
	perf_builder_sample(builder, 0, &sample);
	sample.id = 22;
	perf_builder_sample(builder, 1, &sample);
	sample.id = 21;
	perf_builder_sample(builder, 1, &sample);
	data = open_built(builder);
	assert_int_equal(read_times(data, times, 8), 3);
	assert_int_equal(data->evsels.items[0].sample_count, 1);
	assert_int_equal(data->evsels.items[1].sample_count, 2);
	assert_string_equal(data->evsels.items[1].name, "faults");
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_smaller_attr_of_an_old_perf_reads_with_zeros(void **state)
{
	struct perf_builder *builder = perf_builder_new(0);
	struct perf_event_attr attr = attr_of(PLAIN_TYPE);
	struct perf_data *data;

	(void)state;
	attr.size = PERF_ATTR_SIZE_VER1;
	attr.sample_regs_user = 0xff; /* lies beyond the size: must not arrive */
	perf_builder_event(builder, &attr, "cpu-clock", event_ids[0], 2);
	add_sample(builder, 1);
	data = open_built(builder);
	assert_int_equal(data->evsels.items[0].attr.sample_regs_user, 0);
	assert_int_equal(data->evsels.items[0].ids[1], 12);
	check_times(data, (const uint64_t[]){ 1 }, 1);
	perf_data_free(data);
	perf_builder_free(builder);
}

/* Samples in compressed records of `piece_bytes`, in rounds whose times overlap. */
static void check_compressed(size_t piece_bytes, bool padded, unsigned flags)
{
	struct perf_builder *builder = builder_of(flags, PLAIN_TYPE);
	struct perf_data *data;

	perf_builder_comm(builder, 100, 100, "x", true, 0);
	perf_builder_pack(builder);
	add_sample(builder, 20);
	add_sample(builder, 30);
	perf_builder_pack_end(builder, piece_bytes, padded);
	perf_builder_round(builder);
	perf_builder_pack(builder);
	add_sample(builder, 25);
	add_sample(builder, 40);
	add_sample(builder, 10);
	perf_builder_pack_end(builder, piece_bytes, padded);
	perf_builder_round(builder);
	perf_builder_pack(builder);
	add_sample(builder, 35);
	perf_builder_pack_end(builder, piece_bytes, padded);
	perf_builder_round(builder);
	data = open_built(builder);
	check_times(data, (const uint64_t[]){ 0, 10, 20, 25, 30, 35, 40 }, 7);
	assert_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void compressed_records_straddle_their_chunks(void **state)
{
	(void)state;
	check_compressed(60000, false, 0);
	check_compressed(7, false, 0);
	check_compressed(7, true, 0);
	check_compressed(13, false, PERF_BUILDER_PIPE);
	check_compressed(60000, true, PERF_BUILDER_SWAP);
}

static void more_than_one_chunk_of_unpacked_records_arrives_whole(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_record record;
	struct perf_data *data;
	uint64_t count = 0;

	(void)state;
	for (uint64_t round = 0; round < 50; round++) {
		perf_builder_pack(builder);
		for (uint64_t i = 0; i < 2000; i++)
			add_sample(builder, 1 + round * 2000 + i);
		perf_builder_pack_end(builder, 50000, false);
		perf_builder_round(builder);
	}
	data = open_built(builder);
	while (perf_data_next(data, &record) == PERF_NEXT_RECORD) {
		assert_int_equal(record.time_ns, ++count);
		assert_int_equal(record.sample.ip, 0x401000 + count);
	}
	assert_int_equal(count, 100000);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_compression_bomb_is_refused(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	uint8_t *zeros = x_calloc(1, 65000);
	struct perf_data *data;
	uint64_t times[4];

	(void)state;
	perf_builder_pack(builder);
	for (int i = 0; i < 8000; i++)
		perf_builder_record(builder, 99, 0, zeros, 65000);
	perf_builder_pack_end(builder, 60000, false);
	data = open_built(builder);
	read_times(data, times, 4);
	assert_non_null(data->damage);
	assert_non_null(strstr(data->damage, "unbelievable"));
	perf_data_free(data);
	perf_builder_free(builder);
	free(zeros);
}

static void bytes_behind_tracing_data_and_auxtrace_are_skipped(void **state)
{
	struct perf_builder *builder = builder_of(PERF_BUILDER_PIPE, PLAIN_TYPE);
	uint32_t tracing_bytes[2] = { 5, 0 };
	uint64_t aux[5] = { 24 };
	struct perf_data *data;

	(void)state;
	/* what lies behind looks like records that would be fatal */
	perf_builder_record(builder, PERF_FILE_TRACING_DATA, 0, tracing_bytes, 8);
	perf_builder_record(builder, 0, 0, "", 0);
	perf_builder_record(builder, PERF_FILE_AUXTRACE, 0, aux, sizeof(aux));
	for (int i = 0; i < 3; i++)
		perf_builder_record(builder, 0xffffffff, 0xffff, "", 0);
	add_sample(builder, 1);
	data = open_built(builder);
	check_times(data, (const uint64_t[]){ 1 }, 1);
	assert_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void features_name_the_machine(void **state)
{
	const uint8_t build_id[20] = { 0xde, 0xad };
	const uint32_t cpus[2] = { 8, 4 };
	const uint64_t memory[1] = { 2048 }, times[2] = { 5, 9 };
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_data *data;

	(void)state;
	perf_builder_feature_text(builder, PERF_FEATURE_HOSTNAME, "build-7");
	perf_builder_feature_text(builder, PERF_FEATURE_ARCH, "x86_64");
	perf_builder_feature(builder, PERF_FEATURE_NRCPUS, cpus, sizeof(cpus));
	perf_builder_feature(builder, PERF_FEATURE_TOTAL_MEM, memory, sizeof(memory));
	perf_builder_feature(builder, PERF_FEATURE_SAMPLE_TIME, times, sizeof(times));
	perf_builder_feature(builder, PERF_FEATURE_OWN, "names", 5);
	perf_builder_build_id(builder, "/usr/bin/x", build_id, 16);
	data = open_built(builder);
	assert_string_equal(data->machine.hostname, "build-7");
	assert_string_equal(data->machine.arch, "x86_64");
	assert_int_equal(data->machine.cpus_online, 4);
	assert_int_equal(data->machine.total_memory_bytes, 2048 * 1024);
	assert_int_equal(data->machine.last_sample_ns, 9);
	assert_int_equal(bytes_left(&data->own_section), 5);
	assert_int_equal(data->build_ids.count, 1);
	assert_string_equal(data->build_ids.items[0].path, "/usr/bin/x");
	assert_int_equal(data->build_ids.items[0].size_bytes, 16);
	assert_int_equal(data->build_ids.items[0].bytes[1], 0xad);
	assert_int_equal(data->machine.clock_id, -1);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_killed_recorders_file_is_read_to_its_end(void **state)
{
	struct perf_builder *builder = builder_of(PERF_BUILDER_UNFINISHED, PLAIN_TYPE);
	struct perf_data *data;

	(void)state;
	add_sample(builder, 1);
	add_sample(builder, 2);
	data = open_built(builder);
	check_times(data, (const uint64_t[]){ 1, 2 }, 2);
	assert_non_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_recording_of_nothing_is_not_damaged(void **state)
{
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	struct perf_data *data;
	struct perf_record record;

	(void)state;
	data = open_built(builder);
	assert_int_equal(perf_data_next(data, &record), PERF_NEXT_END);
	assert_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

static void a_record_that_contradicts_its_size_is_skipped_and_told(void **state)
{
	const uint64_t huge_chain[] = { 11, 0x1, 0, 2, 3, 5, UINT64_MAX / 8 };
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE | PERF_SAMPLE_CALLCHAIN);
	struct perf_data *data;

	(void)state;
	perf_builder_record(builder, PERF_RECORD_SAMPLE, 0, huge_chain, sizeof(huge_chain));
	add_sample(builder, 7);
	data = open_built(builder);
	check_times(data, (const uint64_t[]){ 7 }, 1);
	assert_int_equal(data->tally.malformed, 1);
	assert_non_null(data->damage);
	perf_data_free(data);
	perf_builder_free(builder);
}

/* Opens bytes as a file; reads all of it where it opens. */
static uint64_t samples_in(const uint8_t *bytes, size_t size_bytes, bool *ret_damaged)
{
	auto_close int fd = memfd_create("test", 0);
	auto_free char *path = x_asprintf("/proc/self/fd/%d", fd);
	auto_perf_data struct perf_data *data = NULL;
	auto_error struct error *error = NULL;
	struct perf_record record;

	assert_int_equal(write(fd, bytes, size_bytes), size_bytes);
	error = perf_data_open(path, &data);
	*ret_damaged = true;
	if (error)
		return 0;
	while (perf_data_next(data, &record) == PERF_NEXT_RECORD)
		;
	*ret_damaged = data->damage != NULL;
	return data->tally.samples;
}

static void build_rich(struct perf_builder *builder)
{
	const uint8_t build_id[20] = { 1 };

	perf_builder_feature_text(builder, PERF_FEATURE_HOSTNAME, "h");
	perf_builder_build_id(builder, "/usr/bin/x", build_id, 20);
	perf_builder_comm(builder, 100, 100, "x", true, 0);
	perf_builder_mmap2(builder, 100, 0x400000, 0x1000, 0, "/usr/bin/x", build_id, 20, 1);
	for (uint64_t i = 2; i < 6; i++)
		add_sample(builder, i);
	perf_builder_pack(builder);
	for (uint64_t i = 6; i < 10; i++)
		add_sample(builder, i);
	perf_builder_pack_end(builder, 50, false);
	perf_builder_round(builder);
}

static void check_every_truncation(unsigned flags)
{
	struct perf_builder *builder = builder_of(flags, PLAIN_TYPE);
	size_t size_bytes;
	const uint8_t *bytes;
	uint64_t before = 0;
	bool damaged;

	build_rich(builder);
	bytes = perf_builder_finish(builder, &size_bytes);
	for (size_t cut = 0; cut <= size_bytes; cut++) {
		uint64_t samples = samples_in(bytes, cut, &damaged);

		/* more bytes never show fewer samples */
		assert_true(samples >= before);
		before = samples;
	}
	assert_false(damaged);
	assert_int_equal(before, 8);
	perf_builder_free(builder);
}

static void a_file_cut_at_any_byte_shows_what_came_before(void **state)
{
	(void)state;
	check_every_truncation(0);
	check_every_truncation(PERF_BUILDER_PIPE);
	check_every_truncation(PERF_BUILDER_SWAP);
}

/* Deterministic: every byte of the file gets three hostile values. */
static void hostile_bytes_anywhere_never_crash_the_reader(void **state)
{
	static const uint8_t hostile[] = { 0x00, 0x7f, 0xff };
	struct perf_builder *builder = builder_of(0, PLAIN_TYPE);
	const uint8_t *built;
	auto_free uint8_t *bytes = NULL;
	size_t size_bytes;
	bool damaged;

	(void)state;
	build_rich(builder);
	built = perf_builder_finish(builder, &size_bytes);
	bytes = x_malloc(size_bytes);
	memcpy(bytes, built, size_bytes);
	for (size_t i = 0; i < size_bytes; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(hostile); j++) {
			bytes[i] = hostile[j];
			assert_true(samples_in(bytes, size_bytes, &damaged) <= 64);
		}
		bytes[i] = built[i];
	}
	perf_builder_free(builder);
}

static void what_is_no_perf_data_is_refused_with_its_name(void **state)
{
	auto_close int fd = memfd_create("test", 0);
	auto_free char *path = x_asprintf("/proc/self/fd/%d", fd);
	auto_perf_data struct perf_data *data = NULL;
	auto_error struct error *error = NULL;

	(void)state;
	assert_int_equal(write(fd, "main;f 12\n", 10), 10);
	error = perf_data_open(path, &data);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_INPUT);
	assert_non_null(strstr(error->message, path));
}

static void a_pipe_can_be_read_through_a_descriptor_that_cannot_seek(void **state)
{
	struct perf_builder *builder = builder_of(PERF_BUILDER_PIPE, PLAIN_TYPE);
	auto_perf_data struct perf_data *data = NULL;
	auto_free char *path = NULL;
	const uint8_t *bytes;
	size_t size_bytes;
	int ends[2];

	(void)state;
	add_sample(builder, 4);
	bytes = perf_builder_finish(builder, &size_bytes);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, size_bytes), size_bytes);
	close(ends[1]);
	path = x_asprintf("/proc/self/fd/%d", ends[0]);
	assert_null(perf_data_open(path, &data));
	check_times(data, (const uint64_t[]){ 4 }, 1);
	close(ends[0]);
	perf_builder_free(builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_reads_the_same_from_files_and_pipes_of_both_byte_orders),
		cmocka_unit_test(registers_stack_and_chain_come_in_the_kernels_order),
		cmocka_unit_test(a_deferred_user_chain_joins_its_sample),
		cmocka_unit_test(a_deferred_chain_that_comes_too_early_is_not_looked_for),
		cmocka_unit_test(a_mark_of_a_build_id_is_believed_only_where_one_can_stand),
		cmocka_unit_test(side_band_records_say_what_the_kernel_said),
		cmocka_unit_test(records_come_in_time_order_with_time_zero_first),
		cmocka_unit_test(records_without_time_stay_in_file_order),
		cmocka_unit_test(samples_of_several_events_are_told_apart_by_id),
		cmocka_unit_test(a_smaller_attr_of_an_old_perf_reads_with_zeros),
		cmocka_unit_test(compressed_records_straddle_their_chunks),
		cmocka_unit_test(more_than_one_chunk_of_unpacked_records_arrives_whole),
		cmocka_unit_test(a_compression_bomb_is_refused),
		cmocka_unit_test(bytes_behind_tracing_data_and_auxtrace_are_skipped),
		cmocka_unit_test(features_name_the_machine),
		cmocka_unit_test(a_killed_recorders_file_is_read_to_its_end),
		cmocka_unit_test(a_recording_of_nothing_is_not_damaged),
		cmocka_unit_test(a_record_that_contradicts_its_size_is_skipped_and_told),
		cmocka_unit_test(a_file_cut_at_any_byte_shows_what_came_before),
		cmocka_unit_test(hostile_bytes_anywhere_never_crash_the_reader),
		cmocka_unit_test(what_is_no_perf_data_is_refused_with_its_name),
		cmocka_unit_test(a_pipe_can_be_read_through_a_descriptor_that_cannot_seek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
