#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knowledge/knowledge.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "knowledge/symbol_name.h"

static struct knowledge *knowledge_of(const char *text)
{
	struct knowledge *knowledge = knowledge_new();
	auto_error struct error *error = knowledge_add_text(knowledge, "test.kb", str_from(text));

	if (error)
		fail_msg("%s", error->message);
	return knowledge;
}

static const char *what(const struct knowledge *knowledge, const char *library,
			const char *function)
{
	struct kb_match match =
		knowledge_function(knowledge, str_from(library), str_from(function));

	return match.entry ? kb_text(match.index, match.entry->fields[KB_FIELD_WHAT]) : "";
}

static void assert_form(const char *name, const char *wanted)
{
	struct arena arena = ARENA_INIT;
	struct str forms[SYMBOL_NAME_FORMS];
	size_t plain, count = symbol_name_forms(&arena, str_from(name), forms, &plain);
	bool found = false;

	for (size_t i = 0; i < count && !found; i++)
		found = str_is(forms[i], wanted);
	if (!found)
		fail_msg("'%s' has no form '%s'", name, wanted);
	arena_done(&arena);
}

static void what_tools_add_to_a_name_is_taken_off(void **state)
{
	(void)state;
	assert_form("zip.constprop.0", "zip");
	assert_form("build_tree.lto_priv.0", "build_tree");
	assert_form("treat_file.part.0.isra.0", "treat_file");
	assert_form("do_work.cold", "do_work");
	assert_form("helper.1234", "helper");
	assert_form("malloc@plt", "malloc");
	assert_form("__libc_start_main@@GLIBC_2.34", "__libc_start_main");
	assert_form("__GI___libc_malloc", "__libc_malloc");
	assert_form("__memmove_avx_unaligned_erms", "__memmove");
	assert_form("__memmove_avx512_unaligned_erms_rtm", "memmove");
	assert_form("__strlen_sse2", "strlen");
	assert_form("foo [clone .constprop.0]", "foo");
	assert_form("core::fmt::write::h0123456789abcdef", "core::fmt::write");
	assert_form("void std::sort<int*, std::less<int> >(int*, int*, std::less<int>)",
		    "std::sort");
	assert_form("std::vector<int, std::allocator<int> >::push_back(int const&)",
		    "std::vector::push_back");
	assert_form("operator new(unsigned long)", "operator new");
	assert_form("std::ostream& std::operator<< <char>(std::ostream&, char const*)",
		    "std::operator<<");
	assert_form("(anonymous namespace)::run(int)", "(anonymous namespace)::run");
	assert_form("Foo::operator()(int) const", "Foo::operator()");
}

static void odd_names_survive_normalising(void **state)
{
	static const char *const names[] = { "",	  "_",	      "<",    ">",    "(",
					     "a<b<c<",	  "operator", "::h",  ".0",   "@plt",
					     "operator(", "__GI_",    "((((", ">>>>", " " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct arena arena = ARENA_INIT;
		struct str forms[SYMBOL_NAME_FORMS];
		size_t plain;

		assert_true(symbol_name_forms(&arena, str_from(names[i]), forms, &plain) <=
			    SYMBOL_NAME_FORMS);
		assert_true(plain < SYMBOL_NAME_FORMS);
		arena_done(&arena);
	}
}

static void every_spelling_of_the_kernel_is_the_kernel(void **state)
{
	(void)state;
	assert_true(library_is_kernel(STR("[kernel.kallsyms]")));
	assert_true(library_is_kernel(STR("vmlinux")));
	assert_true(library_is_kernel(STR("[ext4]")));
	assert_true(library_is_kernel(STR("/lib/modules/6.1/kernel/fs/ext4/ext4.ko")));
	assert_false(library_is_kernel(STR("[vdso]")));
	assert_false(library_is_kernel(STR("[JIT] tid 12")));
	assert_false(library_is_kernel(STR("gzip")));
	assert_true(str_is(library_name(STR("/usr/lib/libz.so.1 (deleted)")), "libz.so.1"));
}

static void a_name_beats_a_pattern_and_a_near_library_beats_a_wide_one(void **state)
{
	auto_knowledge struct knowledge *knowledge =
		knowledge_of("in libtest.so* anywhere\n"
			     "function t_*\n\twhat: wide\n"
			     "function t_open_*\n\twhat: near\n"
			     "function t_open_file\n\twhat: exact\n"
			     "in lib*\n"
			     "function t_open_file\n\twhat: of any lib\n"
			     "in other\n"
			     "function secret\n\twhat: other's\n");

	(void)state;
	assert_string_equal(what(knowledge, "libtest.so.1", "t_open_file"), "exact");
	assert_string_equal(what(knowledge, "libtest.so.1", "t_open_file.isra.0"), "exact");
	assert_string_equal(what(knowledge, "libtest.so.1", "t_open_dir"), "near");
	assert_string_equal(what(knowledge, "libtest.so.1", "t_close"), "wide");
	assert_string_equal(what(knowledge, "libfoo.so.1", "t_open_file"), "of any lib");
	assert_string_equal(what(knowledge, "prog", "t_open_file"), "exact");
	assert_string_equal(what(knowledge, "prog", "secret"), "");
	assert_string_equal(what(knowledge, "[kernel.kallsyms]", "t_open_file"), "");
}

static void the_users_entry_wins_over_the_embedded_one(void **state)
{
	auto_knowledge struct knowledge *knowledge =
		knowledge_of("in gzip\nfunction longest_match\n\twhat: mine\n");
	auto_knowledge struct knowledge *plain = knowledge_new();

	(void)state;
	assert_string_equal(what(knowledge, "gzip", "longest_match"), "mine");
	assert_non_null(strstr(what(plain, "gzip", "longest_match"), "longest earlier copy"));
	assert_string_equal(what(plain, "gzip", "no_such_function"), "");
}

static void assert_mistake(const char *text, const char *wanted)
{
	auto_knowledge struct knowledge *knowledge = knowledge_new();
	auto_error struct error *error = knowledge_add_text(knowledge, "x.kb", str_from(text));

	assert_non_null(error);
	if (!strstr(error->message, wanted))
		fail_msg("'%s' does not say '%s'", error->message, wanted);
}

static void mistakes_in_a_file_are_told_with_their_line(void **state)
{
	(void)state;
	assert_mistake("wrong x\n", "x.kb:1: expected in, function");
	assert_mistake("in a\nfunction f\n\twhat: x\n\twhat: y\n", "x.kb:4: given twice: 'what'");
	assert_mistake("function f\n\twhat: x\n", "x.kb:1: no 'in LIBRARY'");
	assert_mistake("in a\nfunction f\n\thot: x\n", "x.kb:2: 'f' has no 'what'");
	assert_mistake("in a\nfunction f\n\twhat x\n", "x.kb:3: expected 'field: text'");
	assert_mistake("in a\nfunction f\n\tcolour: x\n", "x.kb:3: this entry has no field");
	assert_mistake("in a\nfunction \"f\n", "x.kb:2: a '\"' is not closed");
	assert_mistake("in a\n\t\tmore\n", "x.kb:2: nothing stands above");
	assert_mistake("in a\nfunction f\n\twhat: x\n\ttopic: none-such\n", "no topic");
	assert_mistake("in a\nfunction f\n\twhat: x\nfunction g f\n\twhat: y\n",
		       "x.kb:4: 'f' is explained already at x.kb:2");
	assert_mistake("in\n", "x.kb:1: a name must follow");
}

static void a_symbol_gets_its_notes_its_topic_and_the_hint_of_its_caller(void **state)
{
	auto_knowledge struct knowledge *knowledge =
		knowledge_of("topic t\n\tproblem: it is slow\n\tchange: do less\n"
			     "\t\twhen: you can\n\t\texpect: less\n"
			     "in libq.so\n\ttopic: t\n\tfamily: alloc\n"
			     "function q_alloc\n\twhat: allocates\n\thot: often called\n"
			     "\tchange: keep one\n\t\tand reuse it\n"
			     "\tcaller parse_*: parse in place\n"
			     "\tcaller draw_*: draw less\n");
	auto_facts struct facts facts = FACTS_INIT;
	struct entity symbol = facts_symbol(&facts, "libq.so", "q_alloc");
	struct entity topic = facts_entity(&facts, "topic", "t");

	(void)state;
	facts_add_number(&facts, symbol, "self", 0.5, "ratio", "test");
	facts_add_relation(&facts, facts_symbol(&facts, "libq.so", "q_wrap"), "calls", symbol);
	facts_add_relation(&facts, facts_symbol(&facts, "prog", "parse_line"), "calls",
			   facts_symbol(&facts, "libq.so", "q_wrap"));
	knowledge_annotate(knowledge, &facts);
	knowledge_annotate(knowledge, &facts);
	assert_string_equal(facts_note(&facts, symbol, "what"), "allocates");
	assert_string_equal(facts_note(&facts, symbol, "family"), "alloc");
	assert_string_equal(facts_note(&facts, symbol, "change"), "keep one and reuse it");
	assert_string_equal(facts_note(&facts, symbol, "caller_hint"), "parse in place");
	assert_string_equal(facts_note(&facts, topic, "problem"), "it is slow");
	assert_string_equal(facts_note(&facts, facts_entity(&facts, "advice", "do less"), "when"),
			    "you can");
}

static void a_cut_or_foreign_block_is_refused(void **state)
{
	struct kb_index index;
	static const char zeroes[64] __attribute__((aligned(8)));
	auto_error struct error *cut = kb_index_open((struct str){ zeroes, 4 }, &index);
	auto_error struct error *foreign = kb_index_open((struct str){ zeroes, 64 }, &index);

	(void)state;
	assert_non_null(cut);
	assert_non_null(foreign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tools_add_to_a_name_is_taken_off),
		cmocka_unit_test(odd_names_survive_normalising),
		cmocka_unit_test(every_spelling_of_the_kernel_is_the_kernel),
		cmocka_unit_test(a_name_beats_a_pattern_and_a_near_library_beats_a_wide_one),
		cmocka_unit_test(the_users_entry_wins_over_the_embedded_one),
		cmocka_unit_test(mistakes_in_a_file_are_told_with_their_line),
		cmocka_unit_test(a_symbol_gets_its_notes_its_topic_and_the_hint_of_its_caller),
		cmocka_unit_test(a_cut_or_foreign_block_is_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
