#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "unwind/expression.h"

enum { MEMORY = 0x5000 };

static const uint64_t memory[2] = { 0x1122334455667788, 0x5008 };

static bool read_register(void *context, uint64_t column, uint64_t *ret)
{
	(void)context;
	if (column > 40)
		return false;
	*ret = 0x100 * column;
	return true;
}

static bool read_memory(void *context, uint64_t address, unsigned size_bytes, uint64_t *ret)
{
	(void)context;
	if (address < MEMORY || address - MEMORY > sizeof(memory) - size_bytes)
		return false;
	*ret = 0;
	memcpy(ret, (const uint8_t *)memory + (address - MEMORY), size_bytes);
	return true;
}

static bool run(const uint8_t *program, size_t size_bytes, uint64_t *ret)
{
	static const uint64_t cfa = 0x7000;
	struct expression_input input = { read_register, read_memory, NULL, &cfa };

	return expression_evaluate(bytes_of(program, size_bytes), &input, ret);
}

#define EXPECT(value, ...)                                                                         \
	do {                                                                                       \
		static const uint8_t program[] = { __VA_ARGS__ };                                  \
		uint64_t result = 0xdead;                                                          \
		assert_true(run(program, sizeof(program), &result));                               \
		assert_int_equal(result, (uint64_t)(value));                                       \
	} while (0)

#define REFUSE(...)                                                                                \
	do {                                                                                       \
		static const uint8_t program[] = { __VA_ARGS__ };                                  \
		uint64_t result = 0xdead;                                                          \
		assert_false(run(program, sizeof(program), &result));                              \
		assert_int_equal(result, 0xdead);                                                  \
	} while (0)

static void constants_and_registers_are_pushed(void **state)
{
	(void)state;
	EXPECT(0x7000, 0x96);	      /* nop: the CFA is there from the start */
	EXPECT(5, 0x35);	      /* lit5 */
	EXPECT(0xff, 0x08, 0xff);     /* const1u */
	EXPECT(-1, 0x09, 0xff);	      /* const1s */
	EXPECT(-2, 0x0b, 0xfe, 0xff); /* const2s */
	EXPECT(0xfffffffe, 0x0c, 0xfe, 0xff, 0xff, 0xff);
	EXPECT(-2, 0x0d, 0xfe, 0xff, 0xff, 0xff);
	EXPECT(300, 0x10, 0xac, 0x02); /* constu */
	EXPECT(-1, 0x11, 0x7f);	       /* consts */
	EXPECT(0x700 - 8, 0x77, 0x78); /* breg7 -8 */
	EXPECT(0x2001, 0x92, 32, 1);   /* bregx 32, 1 */
	EXPECT(0x0807060504030201, 0x0e, 1, 2, 3, 4, 5, 6, 7, 8);
}

static void memory_is_read_through_the_caller_only(void **state)
{
	(void)state;
	EXPECT(0x1122334455667788, 0x0a, 0x00, 0x50, 0x06);
	EXPECT(0x88, 0x0a, 0x00, 0x50, 0x94, 1);
	EXPECT(0x55667788, 0x0a, 0x00, 0x50, 0x94, 4);
	EXPECT(0x5008, 0x0a, 0x08, 0x50, 0x06, 0x06);
	REFUSE(0x0a, 0x09, 0x50, 0x06);
	REFUSE(0x0a, 0x00, 0x50, 0x94, 3);
}

static void arithmetic_never_traps(void **state)
{
	(void)state;
	EXPECT(3, 0x38, 0x35, 0x1c);				   /* 8 - 5 */
	EXPECT(-2, 0x09, 0xfb, 0x32, 0x1b);			   /* -5 / 2 */
	EXPECT(1, 0x35, 0x32, 0x1d);				   /* 5 mod 2 */
	REFUSE(0x35, 0x30, 0x1b);				   /* 5 / 0 */
	REFUSE(0x35, 0x30, 0x1d);				   /* 5 mod 0 */
	EXPECT(INT64_MIN, 0x31, 0x08, 63, 0x24, 0x31, 0x1f, 0x1b); /* INT64_MIN / -1 */
	EXPECT(INT64_MIN, 0x31, 0x08, 63, 0x24, 0x19);		   /* abs(INT64_MIN) */
	EXPECT(0, 0x31, 0x08, 64, 0x24);			   /* 1 << 64 */
	EXPECT(-1, 0x09, 0x80, 0x08, 200, 0x26);		   /* -128 >> 200 */
	EXPECT(1, 0x09, 0xff, 0x30, 0x2d);			   /* -1 < 0 */
	EXPECT(0x7010, 0x23, 0x10);				   /* plus_uconst */
}

static void the_stack_is_bounded_at_both_ends(void **state)
{
	uint8_t deep[EXPRESSION_MAX_DEPTH];
	uint64_t top;

	(void)state;
	REFUSE(0x13);			   /* drops the CFA: nothing is left */
	REFUSE(0x13, 0x13, 0x31);	   /* below the bottom */
	REFUSE(0x16);			   /* swap needs two */
	REFUSE(0x17, 0x31);		   /* rot needs three */
	REFUSE(0x15, 1);		   /* pick of what is not there */
	EXPECT(2, 0x31, 0x32, 0x33, 0x17); /* rot: 1 2 3 -> 3 1 2 */
	EXPECT(1, 0x31, 0x32, 0x14);	   /* over */
	memset(deep, 0x31, sizeof(deep));
	assert_true(run(deep, sizeof(deep) - 1, &top));
	assert_false(run(deep, sizeof(deep), &top));
}

static void branches_stay_inside_and_end(void **state)
{
	(void)state;
	EXPECT(0x7000, 0x2f, 1, 0, 0x31);	/* skip over lit1 */
	EXPECT(0x7000, 0x31, 0x28, 1, 0, 0x31); /* bra, taken */
	EXPECT(1, 0x30, 0x28, 1, 0, 0x31);	/* bra, not taken */
	REFUSE(0x2f, 2, 0, 0x31);		/* beyond the end */
	REFUSE(0x2f, 0xfc, 0xff);		/* before the start */
	REFUSE(0x2f, 0xfd, 0xff);		/* for ever */
}

static void what_has_no_meaning_in_call_frames_is_refused(void **state)
{
	(void)state;
	REFUSE(0x50);	     /* reg0: a location, not a value */
	REFUSE(0x91, 0);     /* fbreg */
	REFUSE(0x9c);	     /* call_frame_cfa */
	REFUSE(0x97);	     /* push_object_address */
	REFUSE(0x0c, 1, 2);  /* cut */
	REFUSE(0x92, 41, 0); /* a register that is not known */
	REFUSE(0x18);	     /* xderef */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants_and_registers_are_pushed),
		cmocka_unit_test(memory_is_read_through_the_caller_only),
		cmocka_unit_test(arithmetic_never_traps),
		cmocka_unit_test(the_stack_is_bounded_at_both_ends),
		cmocka_unit_test(branches_stay_inside_and_end),
		cmocka_unit_test(what_has_no_meaning_in_call_frames_is_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
