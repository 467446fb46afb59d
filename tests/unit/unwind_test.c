#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unwind_world.h"

enum { BP = 6, SP = 7, IP = 8, R13 = 21, X29 = 29, LR = 30, ARM_SP = 31, PC = 32, WORDS = 64 };

/* Process addresses. */
#define AT(dso_address) (WORLD_BASE + (dso_address))
#define SLOT(index) (WORLD_STACK + (uint64_t)(index)*8)

static struct world *world_at(struct world *world, unsigned flags, uint64_t ip, uint64_t fp)
{
	world_init(world, flags);
	world->registers[IP] = AT(ip);
	world->registers[SP] = WORLD_STACK;
	world->registers[BP] = fp;
	return world;
}

static void expect_frame(const struct world *world, size_t index, uint64_t address, unsigned flags)
{
	assert_true(index < world->frame_count);
	assert_int_equal(world->frames[index].address, address);
	assert_ptr_equal(world->frames[index].dso, world->dso);
	assert_int_equal(world->frames[index].flags, flags);
}

static void expect_end(const struct world *world, size_t frame_count, enum unwind_end end)
{
	assert_int_equal(world->frame_count, frame_count);
	assert_int_equal(world->end, end);
}

/* leaf, called by main, called by start */
static void write_ordinary_stack(struct world *world)
{
	world->stack[0] = AT(WORLD_MAIN + 0x20);
	world->stack[4] = 0;			  /* rbp of start */
	world->stack[5] = AT(WORLD_START + 0x10); /* main's return address */
	world->registers[BP] = SLOT(4);
}

static void check_ordinary_walk(unsigned flags)
{
	struct world world;

	world_at(&world, flags, WORLD_LEAF + 5, 0);
	write_ordinary_stack(&world);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 0, WORLD_LEAF + 5, UNWIND_FRAME_LEAF);
	expect_frame(&world, 1, WORLD_MAIN + 0x1f, 0);
	expect_frame(&world, 2, WORLD_START + 0xf, 0);
	assert_int_equal(world.frames[1].ip, AT(WORLD_MAIN + 0x20));
	world_done(&world);
}

static void callers_are_found_up_to_the_root_by_every_kind_of_index(void **state)
{
	(void)state;
	check_ordinary_walk(0);
	check_ordinary_walk(WORLD_HEADER);
	check_ordinary_walk(WORLD_BAD_HEADER);
	check_ordinary_walk(WORLD_DEBUG_FRAME);
	check_ordinary_walk(WORLD_HEADER | WORLD_NO_SECTIONS);
}

static void a_stack_that_ends_in_a_full_copy_is_cut_else_damaged(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	write_ordinary_stack(&world);
	world_walk(&world, UNWIND_X86_64, 5, true, 32);
	expect_end(&world, 2, UNWIND_CUT);
	world_walk(&world, UNWIND_X86_64, 5, false, 32);
	expect_end(&world, 2, UNWIND_BAD_CFA);
	world_walk(&world, UNWIND_X86_64, 0, true, 32);
	expect_end(&world, 1, UNWIND_CUT);
	world_done(&world);
}

static void a_return_address_of_zero_ends_a_complete_stack(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 1, UNWIND_COMPLETE);
	world_done(&world);
}

static void an_entry_point_without_unwind_information_is_a_root(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	world.stack[0] = AT(WORLD_ENTRY + 0x20);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 2, UNWIND_COMPLETE);
	world_done(&world);
}

static void frame_pointers_help_where_there_is_no_unwind_information(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_PLAIN + 5, SLOT(2));
	world.stack[2] = SLOT(6);
	world.stack[3] = AT(WORLD_MAIN + 0x20);
	world.stack[7] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 1, WORLD_MAIN + 0x1f, UNWIND_FRAME_GUESSED);
	expect_frame(&world, 2, WORLD_START + 0xf, 0);
	world_done(&world);
}

static void implausible_frame_pointers_are_not_believed(void **state)
{
	static const uint64_t bad[] = { 0, 1, SLOT(2) + 4, SLOT(-2), SLOT(WORDS - 1), SLOT(10) };
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_PLAIN + 5, 0);
	world.stack[11] = 0x1234; /* behind SLOT(10): no executable map */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		world.registers[BP] = bad[i];
		world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
		expect_end(&world, 1, UNWIND_NO_INFO);
	}
	world_done(&world);
}

static void a_signal_frame_leads_to_the_interrupted_place_exactly(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0x77);
	world.stack[0] = AT(WORLD_RESTORER); /* sp of the trampoline: slot 1 */
	world.stack[3] = AT(WORLD_MAIN);     /* rip: the very first instruction */
	world.stack[4] = SLOT(30);	     /* rbp */
	world.stack[5] = SLOT(10);	     /* rsp */
	world.stack[31] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 4, UNWIND_COMPLETE);
	expect_frame(&world, 1, WORLD_RESTORER, 0);
	expect_frame(&world, 2, WORLD_MAIN, UNWIND_FRAME_SIGNAL);
	expect_frame(&world, 3, WORLD_START + 0xf, 0);
	world_done(&world);
}

static void a_return_address_outside_all_maps_ends_the_stack(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	world.stack[0] = 0x600000;
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 2, UNWIND_UNMAPPED);
	assert_null(world.frames[1].dso);
	/* What cannot be an address is not shown as a frame. */
	world.stack[0] = UINT64_MAX;
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 1, UNWIND_BAD_CFA);
	world_done(&world);
}

static void a_frame_that_does_not_grow_ends_the_walk(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, SLOT(-1));
	world.stack[0] = AT(WORLD_MAIN + 0x20);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 2, UNWIND_BAD_CFA);
	world_done(&world);
}

static void realigned_frames_are_left_through_the_saved_cfa(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_REALIGNED + 5, SLOT(8));
	world.stack[7] = SLOT(20); /* *(rbp - 8): the CFA */
	world.stack[8] = SLOT(30); /* rbp of the caller */
	world.stack[19] = AT(WORLD_MAIN + 0x20);
	world.stack[31] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 1, WORLD_MAIN + 0x1f, 0);
	assert_int_equal(unwinder_counters(world.unwinder)->slow_steps, 0);
	world_done(&world);
}

static void a_register_is_recovered_from_the_inner_frame_that_saved_it(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_SAVES_R13 + 5, 0);
	world.registers[R13] = 0xbad;
	world.stack[0] = SLOT(40); /* r13 of the caller */
	world.stack[1] = AT(WORLD_NEEDS_R13 + 0x20);
	world.stack[39] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 2, WORLD_START + 0xf, 0);
	assert_int_equal(unwinder_counters(world.unwinder)->slow_steps, 1);
	/* In the leaf itself it is the recorded one. */
	world.registers[IP] = AT(WORLD_NEEDS_R13 + 5);
	world.registers[R13] = SLOT(40);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 2, UNWIND_COMPLETE);
	world_done(&world);
}

static void a_register_that_is_popped_already_keeps_its_value(void **state)
{
	struct world world;

	(void)state;
	/* At the ret: rbp's old slot lies below the stack pointer, outside the copy. */
	world_at(&world, WORLD_HEADER, WORLD_EPILOGUE + 5, SLOT(10));
	world.stack[0] = AT(WORLD_MAIN + 0x20);
	world.stack[11] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	world_done(&world);
}

static void plt_entries_are_left_before_and_behind_their_push(void **state)
{
	static const struct {
		uint64_t ip;
		unsigned slot; /* of the return address */
	} cases[] = {
		{ WORLD_LAZY_PLT + 0x10, 0 },
		{ WORLD_LAZY_PLT + 0x1b, 1 },
		{ WORLD_PLT + 0x10, 0 },
		{ WORLD_PLT + 0x1b, 1 },
		{ WORLD_PLT, 1 },
		{ WORLD_PLT + 6, 2 },
		{ WORLD_PLT_SEC + 0x1b, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world world;

		world_at(&world, WORLD_HEADER, cases[i].ip, 0);
		for (unsigned slot = 0; slot < 4; slot++)
			world.stack[slot] = 0x1234;
		world.stack[cases[i].slot] = AT(WORLD_START + 0x10);
		world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
		expect_end(&world, 2, UNWIND_COMPLETE);
		world_done(&world);
	}
}

static void the_linkers_init_function_is_known_by_its_instructions(void **state)
{
	static const struct {
		uint64_t offset;
		unsigned slot; /* of the return address */
	} cases[] = { { 0, 0 }, { 4, 0 }, { 8, 1 }, { 10, 1 }, { 14, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world world;

		world_at(&world, WORLD_HEADER, WORLD_INIT + cases[i].offset, 0);
		world.stack[0] = world.stack[1] = 0x1234;
		world.stack[cases[i].slot] = AT(WORLD_START + 0x10);
		world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
		expect_end(&world, 2, UNWIND_COMPLETE);
		world_done(&world);
	}
}

static void a_trampoline_in_its_system_call_is_still_one(void **state)
{
	struct world world;

	(void)state;
	/* Its FDE ends at +0xff, and what follows has none before WORLD_REALIGNED. */
	world_at(&world, WORLD_HEADER, WORLD_RESTORER + 0xff, 0);
	world.stack[2] = AT(WORLD_LEAF);
	world.stack[4] = SLOT(10);
	world.stack[10] = AT(WORLD_START + 0x10);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 1, WORLD_LEAF, UNWIND_FRAME_SIGNAL);
	world_done(&world);
}

static void damaged_unwind_information_is_told_apart_from_none(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_BAD + 5, 0);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 1, UNWIND_BAD_CFA);
	world_done(&world);
}

static void more_frames_than_the_cap_are_said_to_be_too_deep(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	for (size_t i = 0; i < WORDS; i++)
		world.stack[i] = AT(WORLD_LEAF + 7);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 10);
	expect_end(&world, 10, UNWIND_TOO_DEEP);
	world_walk(&world, UNWIND_X86_64, 20, true, 32);
	expect_end(&world, 21, UNWIND_CUT);
	world_done(&world);
}

static void processes_share_the_rules_of_a_file(void **state)
{
	struct world world;
	struct maps other;
	uint64_t before;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	write_ordinary_stack(&world);
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	before = unwinder_counters(world.unwinder)->rule_misses;
	maps_init(&other, &world.pool);
	world_map(&world, &other, 0x10000);
	maps_copy(&world.maps, &other);
	maps_done(&other);
	world.registers[IP] += 0x10000;
	world.stack[0] += 0x10000;
	world.stack[5] += 0x10000;
	world_walk(&world, UNWIND_X86_64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	assert_int_equal(unwinder_counters(world.unwinder)->rule_misses, before);
	world_done(&world);
}

static void aarch64_leaves_return_through_the_link_register_without_its_signature(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, WORLD_HEADER | WORLD_AARCH64);
	world.registers[PC] = AT(WORLD_LEAF + 4);
	world.registers[ARM_SP] = WORLD_STACK;
	world.registers[LR] = AT(WORLD_MAIN + 0x20) | UINT64_C(0x2a) << 48;
	world.stack[1] = AT(WORLD_START + 0x10) | UINT64_C(0x55) << 48; /* CFA-24, CFA rsp+32 */
	world_walk(&world, UNWIND_AARCH64, WORDS, true, 32);
	expect_end(&world, 3, UNWIND_COMPLETE);
	expect_frame(&world, 1, WORLD_MAIN + 0x1f, 0);
	expect_frame(&world, 2, WORLD_START + 0xf, 0);
	/* A caller that never saved its link register cannot be left. */
	world.registers[LR] = AT(WORLD_LEAF + 8);
	world_walk(&world, UNWIND_AARCH64, WORDS, true, 32);
	expect_end(&world, 2, UNWIND_BAD_CFA);
	world_done(&world);
}

static void a_32_bit_process_shows_its_leaf_only(void **state)
{
	struct world world;

	(void)state;
	world_at(&world, WORLD_HEADER, WORLD_LEAF + 5, 0);
	write_ordinary_stack(&world);
	world_walk(&world, UNWIND_X86_32, WORDS, true, 32);
	expect_end(&world, 1, UNWIND_NO_INFO);
	world_done(&world);
}

static void a_place_tells_roots_signals_and_missing_information_apart(void **state)
{
	static const struct {
		uint64_t address;
		enum unwind_place place;
	} cases[] = {
		{ WORLD_START + 5, UNWIND_AT_ROOT },	{ WORLD_ENTRY + 5, UNWIND_AT_ROOT },
		{ WORLD_RESTORER, UNWIND_AT_SIGNAL },	{ WORLD_PLAIN + 5, UNWIND_AT_NO_INFO },
		{ WORLD_LEAF + 5, UNWIND_AT_ORDINARY }, { 0x9000, UNWIND_AT_UNMAPPED },
	};
	struct world world;

	(void)state;
	world_init(&world, WORLD_HEADER);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unwind_frame frame = { .ip = AT(cases[i].address) };

		assert_int_equal(unwind_locate(world.unwinder, &world.maps, &frame),
				 cases[i].place);
	}
	world_done(&world);
}

static void registers_that_were_not_recorded_are_refused(void **state)
{
	static const uint64_t values[3] = { 1, 2, 3 };
	struct unwind_registers registers;
	struct bytes all = bytes_of(values, sizeof(values));

	(void)state;
	assert_true(unwind_registers_read(UNWIND_X86_64, all, 7 << 6, &registers));
	assert_int_equal(registers.fp, 1);
	assert_int_equal(registers.sp, 2);
	assert_int_equal(registers.ip, 3);
	assert_false(unwind_registers_read(UNWIND_X86_64, all, 3 << 6, &registers));
	assert_false(unwind_registers_read(UNWIND_X86_64, all, 15 << 6, &registers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callers_are_found_up_to_the_root_by_every_kind_of_index),
		cmocka_unit_test(a_stack_that_ends_in_a_full_copy_is_cut_else_damaged),
		cmocka_unit_test(a_return_address_of_zero_ends_a_complete_stack),
		cmocka_unit_test(an_entry_point_without_unwind_information_is_a_root),
		cmocka_unit_test(frame_pointers_help_where_there_is_no_unwind_information),
		cmocka_unit_test(implausible_frame_pointers_are_not_believed),
		cmocka_unit_test(a_signal_frame_leads_to_the_interrupted_place_exactly),
		cmocka_unit_test(a_return_address_outside_all_maps_ends_the_stack),
		cmocka_unit_test(a_frame_that_does_not_grow_ends_the_walk),
		cmocka_unit_test(realigned_frames_are_left_through_the_saved_cfa),
		cmocka_unit_test(a_register_is_recovered_from_the_inner_frame_that_saved_it),
		cmocka_unit_test(a_register_that_is_popped_already_keeps_its_value),
		cmocka_unit_test(plt_entries_are_left_before_and_behind_their_push),
		cmocka_unit_test(the_linkers_init_function_is_known_by_its_instructions),
		cmocka_unit_test(a_trampoline_in_its_system_call_is_still_one),
		cmocka_unit_test(damaged_unwind_information_is_told_apart_from_none),
		cmocka_unit_test(more_frames_than_the_cap_are_said_to_be_too_deep),
		cmocka_unit_test(processes_share_the_rules_of_a_file),
		cmocka_unit_test(
			aarch64_leaves_return_through_the_link_register_without_its_signature),
		cmocka_unit_test(a_32_bit_process_shows_its_leaf_only),
		cmocka_unit_test(a_place_tells_roots_signals_and_missing_information_apart),
		cmocka_unit_test(registers_that_were_not_recorded_are_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
