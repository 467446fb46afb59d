#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "elf_builder.h"
#include "symbol/jitdump.h"

/* The builder gives the byte order only. */
static void put_header(const struct elf_builder *order, struct strbuf *out)
{
	elf_put(order, out, 0x4a695444, 4);
	elf_put(order, out, 1, 4);
	elf_put(order, out, 40, 4);
	elf_put(order, out, 62, 4);
	elf_put(order, out, 0, 4);
	elf_put(order, out, 123, 4);
	elf_put(order, out, 1, 8);
	elf_put(order, out, 0, 8);
}

static void put_load(const struct elf_builder *order, struct strbuf *out, uint64_t time,
		     uint64_t address, uint64_t size, const char *name)
{
	auto_strbuf struct strbuf body = STRBUF_INIT;

	elf_put(order, &body, 123, 4);
	elf_put(order, &body, 123, 4);
	elf_put(order, &body, address, 8);
	elf_put(order, &body, address, 8);
	elf_put(order, &body, size, 8);
	elf_put(order, &body, 1, 8);
	elf_put_text(&body, name);
	strbuf_add_repeated(&body, '\x90', size);
	elf_put(order, out, 0, 4);
	elf_put(order, out, body.len + 16, 4);
	elf_put(order, out, time, 8);
	strbuf_add(out, strbuf_str(&body));
}

static void put_move(const struct elf_builder *order, struct strbuf *out, uint64_t time,
		     uint64_t from, uint64_t to, uint64_t size)
{
	elf_put(order, out, 1, 4);
	elf_put(order, out, 16 + 48, 4);
	elf_put(order, out, time, 8);
	elf_put(order, out, 123, 4);
	elf_put(order, out, 123, 4);
	elf_put(order, out, to, 8);
	elf_put(order, out, from, 8);
	elf_put(order, out, to, 8);
	elf_put(order, out, size, 8);
	elf_put(order, out, 1, 8);
}

static void check(const struct jitdump *jitdump, uint64_t address, uint64_t time,
		  const char *expected)
{
	struct str name = STR("(none)");
	uint64_t start;

	(void)jitdump_find(jitdump, address, time, &name, &start);
	assert_true(str_is(name, expected));
}

static void names_are_those_of_the_code_at_that_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct elf_builder order = { .is_big_endian = i };
		auto_strbuf struct strbuf file = STRBUF_INIT;
		auto_error struct error *error = NULL;
		struct jitdump jitdump;

		put_header(&order, &file);
		put_load(&order, &file, 100, 0x1000, 0x20, "old");
		put_load(&order, &file, 200, 0x1010, 0x20, "new");
		put_move(&order, &file, 300, 0x1010, 0x3000, 0x20);
		error = jitdump_parse(bytes_of(file.ptr, file.len), &jitdump);
		assert_null(error);
		assert_false(jitdump.is_cut);
		check(&jitdump, 0x1000, 0, "old");
		check(&jitdump, 0x1010, 150, "old");
		check(&jitdump, 0x1010, 250, "new");
		check(&jitdump, 0x1010, 0, "new");
		check(&jitdump, 0x1010, 50, "new");
		check(&jitdump, 0x301f, 400, "new");
		check(&jitdump, 0x2000, 400, "(none)");
		jitdump_done(&jitdump);
	}
}

static void a_dump_that_is_cut_keeps_what_came_before(void **state)
{
	struct elf_builder order = { .is_big_endian = false };
	auto_strbuf struct strbuf file = STRBUF_INIT;
	size_t first;

	(void)state;
	put_header(&order, &file);
	put_load(&order, &file, 100, 0x1000, 0x20, "first");
	first = file.len;
	put_load(&order, &file, 200, 0x2000, 0x20, "second");
	for (size_t size = 0; size < file.len; size++) {
		auto_error struct error *error = NULL;
		struct jitdump jitdump;

		error = jitdump_parse(bytes_of(file.ptr, size), &jitdump);
		assert_true((error == NULL) == (size >= 40));
		if (error)
			continue;
		check(&jitdump, 0x1000, 0, size >= first ? "first" : "(none)");
		check(&jitdump, 0x2000, 0, "(none)");
		jitdump_done(&jitdump);
	}
}

static void what_is_no_dump_is_refused(void **state)
{
	auto_error struct error *error = NULL;
	struct jitdump jitdump;

	(void)state;
	error = jitdump_parse(bytes_of("perf-data, say, or a text", 25), &jitdump);
	assert_non_null(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_code_at_that_time),
		cmocka_unit_test(a_dump_that_is_cut_keeps_what_came_before),
		cmocka_unit_test(what_is_no_dump_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
