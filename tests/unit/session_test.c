#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "session/session.h"
#include "unwind_world.h"

enum { SYNTHETIC_FORK = 1 << 13, MAX_FRAMES = 32 };

/* What the newest sample came out as; frames are copied, as they live during the callback only. */
struct shown {
	struct session_thread thread;
	struct unwind_frame frames[MAX_FRAMES];
	size_t frame_count, kernel_frame_count, samples;
	enum unwind_end end;
	uint32_t comm;
	bool from_dump;
};

struct scene {
	struct world world; /* its dso "/program" is what sessions map */
	struct session *session;
	struct perf_data *data;
	struct shown shown;
};

static void scene_init(struct scene *scene, const struct session_options *options)
{
	struct session_options all = { .live_arch = UNWIND_X86_64 };

	memset(scene, 0, sizeof(*scene));
	world_init(&scene->world, WORLD_HEADER);
	scene->session = session_new(&scene->world.dsos, options ? options : &all);
}

static void scene_done(struct scene *scene)
{
	session_free(scene->session);
	world_done(&scene->world);
}

static void on_sample(void *context, const struct session_sample *sample)
{
	struct shown *shown = context;

	shown->thread = *sample->thread;
	shown->frame_count = sample->frame_count;
	shown->kernel_frame_count = sample->kernel_frame_count;
	shown->end = sample->end;
	shown->comm = sample->comm;
	shown->from_dump = sample->from_dump;
	shown->samples++;
	assert_true(sample->frame_count <= MAX_FRAMES);
	memcpy(shown->frames, sample->frames, sample->frame_count * sizeof(*sample->frames));
}

static void apply(struct scene *scene, const struct perf_record *record)
{
	session_apply(scene->session, scene->data, record, on_sample, &scene->shown);
}

static void map_file(struct scene *scene, int32_t pid, uint64_t start, uint64_t length,
		     uint32_t protection, const char *path)
{
	struct perf_record record = { .kind = PERF_KIND_MMAP, .misc = PERF_RECORD_MISC_USER };

	record.mmap = (struct perf_mmap){ .pid = pid,
					  .tid = pid,
					  .start = start,
					  .length = length,
					  .protection = protection,
					  .path = str_from(path) };
	apply(scene, &record);
}

/* The program of unwind_world.h, at WORLD_BASE. */
static void map_program(struct scene *scene, int32_t pid)
{
	struct perf_record record = { .kind = PERF_KIND_MMAP, .misc = PERF_RECORD_MISC_USER };

	record.mmap = (struct perf_mmap){ .pid = pid,
					  .tid = pid,
					  .start = WORLD_BASE + 0x1000,
					  .length = WORLD_END - 0x1000,
					  .protection = PROT_READ | PROT_EXEC,
					  .path = STR("/program") };
	record.mmap.file_offset = scene->world.dso->image->segments[0].offset;
	apply(scene, &record);
}

static void map_kernel(struct scene *scene, uint64_t start, uint64_t length, const char *path)
{
	struct perf_record record = { .kind = PERF_KIND_MMAP, .misc = PERF_RECORD_MISC_KERNEL };

	record.mmap = (struct perf_mmap){ .pid = -1,
					  .start = start,
					  .length = length,
					  .file_offset = start,
					  .protection = PROT_EXEC,
					  .path = str_from(path) };
	apply(scene, &record);
}

static void fork_task(struct scene *scene, int32_t pid, int32_t tid, int32_t parent_pid,
		      uint16_t misc)
{
	struct perf_record record = { .kind = PERF_KIND_FORK, .misc = misc };

	record.fork.pid = pid;
	record.fork.tid = tid;
	record.fork.parent_pid = record.fork.parent_tid = parent_pid;
	apply(scene, &record);
}

static void comm(struct scene *scene, int32_t pid, int32_t tid, const char *name, bool is_exec)
{
	struct perf_record record = { .kind = PERF_KIND_COMM };

	record.comm.pid = pid;
	record.comm.tid = tid;
	record.comm.name = str_from(name);
	record.comm.is_exec = is_exec;
	apply(scene, &record);
}

static struct perf_record sample_of(int32_t pid, uint16_t misc, uint64_t ip)
{
	struct perf_record record = { .kind = PERF_KIND_SAMPLE, .misc = misc };

	record.sample.pid = record.sample.tid = pid;
	record.sample.misc = misc;
	record.sample.ip = ip;
	return record;
}

/* A user sample without a chain. */
static const struct shown *sample_at(struct scene *scene, int32_t pid, int32_t tid, uint64_t ip)
{
	struct perf_record record = sample_of(pid, PERF_RECORD_MISC_USER, ip);

	record.sample.tid = tid;
	apply(scene, &record);
	return &scene->shown;
}

static const char *dso_name(const struct shown *shown, size_t index)
{
	return shown->frames[index].dso ? shown->frames[index].dso->path : "";
}

static const char *comm_of(const struct scene *scene)
{
	return interned_text(session_texts(scene->session), scene->shown.comm);
}

static void an_exec_forgets_the_maps_but_a_new_name_alone_does_not(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, "/bin/old");
	comm(&scene, 10, 10, "renamed", false);
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x1800), 0), "/bin/old");
	comm(&scene, 10, 10, "fresh", true);
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x1800), 0), "");
	assert_string_equal(comm_of(&scene), "fresh");
	scene_done(&scene);
}

static void a_fork_copies_maps_and_a_thread_shares_them(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	comm(&scene, 10, 10, "parent", false);
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, "/bin/a");
	fork_task(&scene, 11, 11, 10, 0);
	fork_task(&scene, 10, 12, 10, 0);
	map_file(&scene, 10, 0x5000, 0x1000, PROT_EXEC, "/lib/later");
	assert_string_equal(dso_name(sample_at(&scene, 11, 11, 0x1800), 0), "/bin/a");
	assert_string_equal(comm_of(&scene), "parent");
	assert_string_equal(dso_name(sample_at(&scene, 11, 11, 0x5800), 0), "");
	assert_string_equal(dso_name(sample_at(&scene, 10, 12, 0x5800), 0), "/lib/later");
	assert_int_equal(session_thread_count(scene.session), 3);
	scene_done(&scene);
}

static void a_synthetic_fork_copies_nothing_and_keeps_the_name(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, "/bin/a");
	fork_task(&scene, 11, 11, 10, SYNTHETIC_FORK);
	assert_string_equal(dso_name(sample_at(&scene, 11, 11, 0x1800), 0), "");
	scene_done(&scene);
}

static void a_reused_pid_is_a_new_process_and_thread(void **state)
{
	struct scene scene;
	uint32_t before;

	(void)state;
	scene_init(&scene, NULL);
	comm(&scene, 10, 10, "first", false);
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, "/bin/a");
	before = sample_at(&scene, 10, 10, 0x1800)->thread.index;
	comm(&scene, 5, 5, "shell", false);
	fork_task(&scene, 10, 10, 5, 0);
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x1800), 0), "");
	assert_int_not_equal(scene.shown.thread.index, before);
	assert_string_equal(comm_of(&scene), "shell");
	scene_done(&scene);
}

static void a_process_that_no_record_told_of_is_shown_unmapped(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	assert_null(session_maps(scene.session, 99));
	sample_at(&scene, 99, 99, 0x1800);
	assert_int_equal(scene.shown.frame_count, 1);
	assert_null(scene.shown.frames[0].dso);
	assert_int_equal(scene.shown.frames[0].address, 0x1800);
	assert_string_equal(comm_of(&scene), ":99");
	scene_done(&scene);
}

static void a_process_loses_its_maps_some_time_after_its_last_thread(void **state)
{
	struct perf_record exit_record = { .kind = PERF_KIND_EXIT };
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	comm(&scene, 10, 10, "program", false);
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, "/bin/a");
	fork_task(&scene, 10, 11, 10, 0);
	exit_record.fork.pid = exit_record.fork.tid = 10;
	apply(&scene, &exit_record);
	apply(&scene, &exit_record);
	assert_string_equal(dso_name(sample_at(&scene, 10, 11, 0x1800), 0), "/bin/a");
	exit_record.fork.tid = 11;
	apply(&scene, &exit_record);
	assert_string_equal(dso_name(sample_at(&scene, 10, 11, 0x1800), 0), "/bin/a");
	for (int32_t pid = 1000; pid < 1300; pid++) {
		comm(&scene, pid, pid, "short", false);
		exit_record.fork.pid = exit_record.fork.tid = pid;
		apply(&scene, &exit_record);
	}
	assert_int_equal(maps_count(session_maps(scene.session, 10)), 0);
	scene_done(&scene);
}

static void memory_that_is_not_executable_takes_code_away(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_file(&scene, 10, 0x1000, 0x3000, PROT_READ | PROT_EXEC, "/bin/a");
	map_file(&scene, 10, 0x2000, 0x1000, PROT_READ | PROT_WRITE, "/bin/a");
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x1800), 0), "/bin/a");
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x2800), 0), "");
	assert_string_equal(dso_name(sample_at(&scene, 10, 10, 0x3800), 0), "/bin/a");
	scene_done(&scene);
}

static void each_kind_of_mapping_gets_its_kind_of_dso(void **state)
{
	static const struct {
		const char *path;
		enum dso_kind kind;
	} cases[] = {
		{ "/usr/lib/libx.so", DSO_FILE },
		{ "/tmp/gone (deleted)", DSO_FILE },
		{ "[vdso]", DSO_VDSO },
		{ "//anon", DSO_JIT },
		{ "", DSO_JIT },
		{ "[heap]", DSO_JIT },
		{ "[anon:jit]", DSO_JIT },
		{ "/memfd:doublemapper (deleted)", DSO_JIT },
		{ "/dev/zero (deleted)", DSO_JIT },
		{ "/anon_hugepage (deleted)", DSO_JIT },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dso *dso;

		map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, cases[i].path);
		dso = sample_at(&scene, 10, 10, 0x1800)->frames[0].dso;
		assert_int_equal(dso->kind, cases[i].kind);
		assert_int_equal(dso->pid, cases[i].kind == DSO_JIT ? 10 : -1);
	}
	scene_done(&scene);
}

static void kernel_addresses_go_to_the_kernel_its_modules_and_bpf_programs(void **state)
{
	struct perf_record ksymbol = { .kind = PERF_KIND_KSYMBOL };
	struct perf_record record;
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	/* Nothing known: all is the kernel. */
	record = sample_of(1, PERF_RECORD_MISC_KERNEL, 0xffffffffc0000100);
	apply(&scene, &record);
	assert_int_equal(scene.shown.frames[0].dso->kind, DSO_KERNEL);
	assert_int_equal(scene.shown.end, UNWIND_NO_USER);
	map_kernel(&scene, 0xffffffff81000000, 0x1000000, "[kernel.kallsyms]_text");
	map_kernel(&scene, 0xffffffffc0000000, 0x1000, "[nf_tables]");
	ksymbol.ksymbol.address = 0xffffffffc0400000;
	ksymbol.ksymbol.length = 0x100;
	ksymbol.ksymbol.name = STR("bpf_prog_1");
	apply(&scene, &ksymbol);
	apply(&scene, &record);
	assert_int_equal(scene.shown.frames[0].dso->kind, DSO_MODULE);
	assert_int_equal(scene.shown.frames[0].address, 0xffffffffc0000100);
	record.sample.ip = 0xffffffff81000100;
	apply(&scene, &record);
	assert_int_equal(scene.shown.frames[0].dso->kind, DSO_KERNEL);
	assert_int_equal(scene.shown.frames[0].dso->kernel_text, 0xffffffff81000000);
	record.sample.ip = 0xffffffffc0400010;
	apply(&scene, &record);
	assert_int_equal(scene.shown.frames[0].dso->kind, DSO_BPF);
	ksymbol.ksymbol.is_unregister = true;
	apply(&scene, &ksymbol);
	apply(&scene, &record);
	assert_null(scene.shown.frames[0].dso);
	scene_done(&scene);
}

static void a_chain_is_exact_where_it_was_sampled_and_one_less_for_callers(void **state)
{
	static const uint64_t chain[] = {
		PERF_CONTEXT_KERNEL,
		0xffffffff81000100,
		0xffffffff81000200,
		PERF_CONTEXT_USER,
		WORLD_BASE + WORLD_LEAF + 5,
		WORLD_BASE + WORLD_MAIN + 0x20,
		WORLD_BASE + WORLD_START + 0x10,
	};
	static const uint64_t addresses[] = { 0xffffffff81000100, 0xffffffff810001ff,
					      WORLD_LEAF + 5, WORLD_MAIN + 0x1f,
					      WORLD_START + 0xf };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_KERNEL, chain[1]);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 5);
	assert_int_equal(scene.shown.kernel_frame_count, 2);
	assert_int_equal(scene.shown.end, UNWIND_COMPLETE);
	assert_false(scene.shown.from_dump);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		assert_int_equal(scene.shown.frames[i].address, addresses[i]);
	/* One that stops short of the root: frame pointers were missing. */
	record.sample.callchain = bytes_of(chain, sizeof(chain) - 8);
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_NO_INFO);
	scene_done(&scene);
}

static void a_chain_through_a_signal_handler_keeps_the_interrupted_address(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_USER, WORLD_BASE + WORLD_LEAF + 5,
					  WORLD_BASE + WORLD_RESTORER, WORLD_BASE + WORLD_MAIN };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_USER, chain[1]);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frames[1].address, WORLD_RESTORER);
	assert_int_equal(scene.shown.frames[2].address, WORLD_MAIN);
	assert_int_equal(scene.shown.frames[2].flags, UNWIND_FRAME_SIGNAL);
	scene_done(&scene);
}

static void the_cookie_of_a_deferred_chain_is_no_frame(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_KERNEL, 0xffffffff81000100, (uint64_t)-640,
					  0x1234567 };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_KERNEL, chain[1]);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 1);
	assert_int_equal(scene.shown.end, UNWIND_NO_USER);
	scene_done(&scene);
}

static void a_chain_that_runs_into_the_heap_is_cut_off_there(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_USER,
					  WORLD_BASE + WORLD_LEAF + 5,
					  WORLD_BASE + WORLD_MAIN + 0x20,
					  0x55550000,
					  0x55560000,
					  7 };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_USER, chain[1]);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 2);
	assert_int_equal(scene.shown.end, UNWIND_UNMAPPED);
	/* Without any maps nothing is known to be wrong. */
	record.sample.pid = record.sample.tid = 77;
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 5);
	scene_done(&scene);
}

static void a_dump_gives_the_user_part_and_the_chain_the_kernel_part(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_KERNEL, 0xffffffff81000100 };
	static const uint64_t registers[] = { WORLD_STACK + 32, WORLD_STACK,
					      WORLD_BASE + WORLD_LEAF + 5 };
	static const uint64_t stack[] = { WORLD_BASE + WORLD_MAIN + 0x20, 0, 0, 0, 0,
					  WORLD_BASE + WORLD_START + 0x10 };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_KERNEL, chain[1]);
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	record.sample.user_regs_abi = PERF_SAMPLE_REGS_ABI_64;
	record.sample.user_regs_mask = 7 << 6;
	record.sample.user_regs = bytes_of(registers, sizeof(registers));
	record.sample.user_stack = bytes_of(stack, sizeof(stack));
	record.sample.user_stack_asked = 8192;
	apply(&scene, &record);
	assert_true(scene.shown.from_dump);
	assert_int_equal(scene.shown.frame_count, 4);
	assert_int_equal(scene.shown.kernel_frame_count, 1);
	assert_int_equal(scene.shown.end, UNWIND_COMPLETE);
	assert_int_equal(scene.shown.frames[1].address, WORLD_LEAF + 5);
	assert_int_equal(scene.shown.frames[3].address, WORLD_START + 0xf);
	/* Cut exactly where it was asked to end. */
	record.sample.user_stack = bytes_of(stack, 16);
	record.sample.user_stack_asked = 16;
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_CUT);
	/* In execve there are registers, but the stack is gone. */
	record.sample.user_stack = bytes_of(stack, 0);
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 1);
	assert_int_equal(scene.shown.end, UNWIND_NO_USER);
	scene_done(&scene);
}

/* leaf called at slot `first`, by leaves up to slot 0, by main, by start, whose slot is 5. */
static struct perf_record sample_of_dump(const uint64_t *stack, int first, size_t words)
{
	struct perf_record record =
		sample_of(10, PERF_RECORD_MISC_USER, WORLD_BASE + WORLD_LEAF + 5);
	static uint64_t registers[3];

	registers[0] = WORLD_STACK + 32;
	registers[1] = WORLD_STACK + (uint64_t)(first * 8);
	registers[2] = WORLD_BASE + WORLD_LEAF + 5;
	record.sample.user_regs_abi = PERF_SAMPLE_REGS_ABI_64;
	record.sample.user_regs_mask = 7 << 6;
	record.sample.user_regs = bytes_of(registers, sizeof(registers));
	record.sample.user_stack = bytes_of(stack, words * 8);
	record.sample.user_stack_asked = words * 8;
	return record;
}

static void a_cut_stack_is_stitched_to_an_earlier_one_on_demand_only(void **state)
{
	static const uint64_t whole[] = { WORLD_BASE + WORLD_MAIN + 0x20, 0, 0, 0, 0,
					  WORLD_BASE + WORLD_START + 0x10 };
	uint64_t cut[] = { WORLD_BASE + WORLD_LEAF + 7, WORLD_BASE + WORLD_LEAF + 7,
			   WORLD_BASE + WORLD_MAIN + 0x20 };
	struct session_options options = { .live_arch = UNWIND_X86_64 };
	struct perf_record record;

	(void)state;
	for (int stitch = 0; stitch < 2; stitch++) {
		struct scene scene;

		options.stitch = stitch;
		scene_init(&scene, &options);
		map_program(&scene, 10);
		record = sample_of_dump(whole, 0, 6);
		apply(&scene, &record);
		assert_int_equal(scene.shown.end, UNWIND_COMPLETE);
		record = sample_of_dump(cut, -2, 3);
		for (int round = 0; round < 2; round++) {
			apply(&scene, &record);
			assert_int_equal(scene.shown.end, stitch ? UNWIND_COMPLETE : UNWIND_CUT);
			assert_int_equal(scene.shown.frame_count, stitch ? 5 : 4);
			assert_int_equal(scene.shown.frames[3].flags, 0);
		}
		if (stitch) {
			assert_int_equal(scene.shown.frames[4].address, WORLD_START + 0xf);
			assert_int_equal(scene.shown.frames[4].flags, UNWIND_FRAME_STITCHED);
		}
		scene_done(&scene);
	}
}

static void stitching_needs_the_same_return_address_in_the_same_slot(void **state)
{
	static const uint64_t whole[] = { WORLD_BASE + WORLD_MAIN + 0x20, 0, 0, 0, 0,
					  WORLD_BASE + WORLD_START + 0x10 };
	static const uint64_t other[] = { WORLD_BASE + WORLD_LEAF + 7,
					  WORLD_BASE + WORLD_MAIN + 0x24 };
	static const uint64_t same[] = { WORLD_BASE + WORLD_LEAF + 7,
					 WORLD_BASE + WORLD_MAIN + 0x20 };
	struct session_options options = { .live_arch = UNWIND_X86_64, .stitch = true };
	struct perf_record record = sample_of_dump(whole, 0, 6);
	struct scene scene;

	(void)state;
	scene_init(&scene, &options);
	map_program(&scene, 10);
	apply(&scene, &record);
	record = sample_of_dump(other, -1, 2);
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_CUT);
	record = sample_of_dump(same, -2, 2);
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_CUT);
	record = sample_of_dump(same, -1, 2);
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_COMPLETE);
	/* Another program in the same process. */
	comm(&scene, 10, 10, "fresh", true);
	map_program(&scene, 10);
	apply(&scene, &record);
	assert_int_equal(scene.shown.end, UNWIND_CUT);
	scene_done(&scene);
}

static void leaves_alone_are_given_where_stacks_are_not_wanted(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_USER, WORLD_BASE + WORLD_LEAF + 5,
					  WORLD_BASE + WORLD_MAIN + 0x20 };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_USER, chain[1]);
	struct session_options options = { .no_stacks = true };
	struct scene scene;

	(void)state;
	scene_init(&scene, &options);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 1);
	assert_int_equal(scene.shown.frames[0].address, WORLD_LEAF + 5);
	scene_done(&scene);
}

static void a_chain_longer_than_the_cap_is_too_deep(void **state)
{
	static const uint64_t chain[] = { PERF_CONTEXT_USER, WORLD_BASE + WORLD_LEAF + 5,
					  WORLD_BASE + WORLD_MAIN + 0x20,
					  WORLD_BASE + WORLD_MAIN + 0x20 };
	struct perf_record record = sample_of(10, PERF_RECORD_MISC_USER, chain[1]);
	struct session_options options = { .max_frames = 2 };
	struct scene scene;

	(void)state;
	scene_init(&scene, &options);
	map_program(&scene, 10);
	record.sample.callchain = bytes_of(chain, sizeof(chain));
	apply(&scene, &record);
	assert_int_equal(scene.shown.frame_count, 2);
	assert_int_equal(scene.shown.end, UNWIND_TOO_DEEP);
	scene_done(&scene);
}

static void build_ids_come_from_the_record_or_from_the_file_by_path(void **state)
{
	static char path[] = "/usr/lib/libx.so";
	struct perf_build_id known = { .path = path, .bytes = { 1, 2, 3 }, .size_bytes = 20 };
	struct perf_data data = { .build_ids = { &known, 1, 1 } };
	static const uint8_t recorded[20] = { 9, 9 };
	struct perf_record record = { .kind = PERF_KIND_MMAP, .misc = PERF_RECORD_MISC_USER };
	const struct dso *dso;
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	scene.data = &data;
	map_file(&scene, 10, 0x1000, 0x1000, PROT_EXEC, path);
	dso = sample_at(&scene, 10, 10, 0x1800)->frames[0].dso;
	assert_int_equal(dso->build_id.size_bytes, 20);
	assert_int_equal(dso->build_id.bytes[1], 2);
	record.mmap = (struct perf_mmap){ .pid = 10,
					  .start = 0x1000,
					  .length = 0x1000,
					  .protection = PROT_EXEC,
					  .path = str_from(path),
					  .build_id = recorded,
					  .build_id_bytes = 20 };
	apply(&scene, &record);
	dso = sample_at(&scene, 10, 10, 0x1800)->frames[0].dso;
	assert_int_equal(dso->build_id.bytes[1], 9);
	scene_done(&scene);
}

static void children_of_kthreadd_are_kernel_threads_until_they_exec(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	fork_task(&scene, 30, 30, 2, SYNTHETIC_FORK);
	fork_task(&scene, 31, 31, 1, SYNTHETIC_FORK);
	assert_true(sample_at(&scene, 30, 30, 0x1800)->thread.is_kernel);
	assert_false(sample_at(&scene, 31, 31, 0x1800)->thread.is_kernel);
	comm(&scene, 30, 30, "helper", true);
	assert_false(sample_at(&scene, 30, 30, 0x1800)->thread.is_kernel);
	assert_true(sample_at(&scene, 0, 0, 0x1800)->thread.is_kernel);
	assert_string_equal(comm_of(&scene), "swapper");
	scene_done(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exec_forgets_the_maps_but_a_new_name_alone_does_not),
		cmocka_unit_test(a_fork_copies_maps_and_a_thread_shares_them),
		cmocka_unit_test(a_synthetic_fork_copies_nothing_and_keeps_the_name),
		cmocka_unit_test(a_reused_pid_is_a_new_process_and_thread),
		cmocka_unit_test(a_process_that_no_record_told_of_is_shown_unmapped),
		cmocka_unit_test(a_process_loses_its_maps_some_time_after_its_last_thread),
		cmocka_unit_test(memory_that_is_not_executable_takes_code_away),
		cmocka_unit_test(each_kind_of_mapping_gets_its_kind_of_dso),
		cmocka_unit_test(kernel_addresses_go_to_the_kernel_its_modules_and_bpf_programs),
		cmocka_unit_test(a_chain_is_exact_where_it_was_sampled_and_one_less_for_callers),
		cmocka_unit_test(a_chain_through_a_signal_handler_keeps_the_interrupted_address),
		cmocka_unit_test(the_cookie_of_a_deferred_chain_is_no_frame),
		cmocka_unit_test(a_chain_that_runs_into_the_heap_is_cut_off_there),
		cmocka_unit_test(a_dump_gives_the_user_part_and_the_chain_the_kernel_part),
		cmocka_unit_test(a_cut_stack_is_stitched_to_an_earlier_one_on_demand_only),
		cmocka_unit_test(stitching_needs_the_same_return_address_in_the_same_slot),
		cmocka_unit_test(leaves_alone_are_given_where_stacks_are_not_wanted),
		cmocka_unit_test(a_chain_longer_than_the_cap_is_too_deep),
		cmocka_unit_test(build_ids_come_from_the_record_or_from_the_file_by_path),
		cmocka_unit_test(children_of_kthreadd_are_kernel_threads_until_they_exec),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
