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
	assert_form("py::JSONDecoder.raw_decode:/usr/lib/python3.12/json/decoder.py",
		    "json/decoder.py:JSONDecoder.raw_decode");
	assert_form("/usr/lib/python3.11/copy.py:128(deepcopy)", "copy.py:deepcopy");
	assert_form("raw_decode (json/decoder.py:353)", "json/decoder.py:raw_decode");
	assert_form("void java.util.HashMap.put(java.lang.Object, int)", "java.util.HashMap.put");
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

static void notes_of(const char *text, const char *code, struct facts *facts)
{
	auto_knowledge struct knowledge *knowledge = knowledge_of(text);
	struct entity symbol = facts_symbol(facts, "tool", "[tool+0x10]");
	struct entity named = facts_symbol(facts, "tool", "inflate");
	struct entity between = facts_symbol(facts, "tool", "[tool+0x20]");

	facts_add_number(facts, symbol, "self", 0.5, "ratio", "test");
	if (!strcmp(code, "far")) {
		facts_add_relation(facts, named, "calls", between);
		facts_add_relation(facts, between, "calls", symbol);
	} else if (*code) {
		facts_add_text(facts, symbol, "code", code, "test");
	} else {
		facts_add_relation(facts, named, "calls", symbol);
	}
	knowledge_annotate(knowledge, facts);
}

static const char *told(const struct facts *facts, const char *aspect)
{
	struct entity symbol = { 0, intern_find(&facts->texts, STR("symbol")),
				 intern_find(&facts->texts, STR("tool:[tool+0x10]")) };
	const char *text = facts_note(facts, symbol, aspect);

	return text ? text : "";
}

static void a_function_without_a_name_is_told_by_its_code_or_its_callers(void **state)
{
	const char *text = "in tool\nfunction *\n\twhat: something of the tool\n"
			   "function code:sha1\n\twhat: hashes\n"
			   "function below:inflate\n\twhat: the inner loop\n"
			   "function under:inflate\n\twhat: a helper of it\n"
			   "in all everywhere\nfunction code:aes\n\twhat: encrypts\n";
	static const struct {
		const char *code, *what, *how;
	} cases[] = {
		{ "code:aes code:sha1", "hashes",
		  "told by its code, as it has no name here: marks of sha1" },
		{ "code:aes calls:free", "encrypts",
		  "told by its code, as it has no name here: marks of aes" },
		{ "", "the inner loop", "told by its code, as it has no name here: below inflate" },
		{ "far", "a helper of it",
		  "told by its code, as it has no name here: further below inflate" },
		{ "calls:free", "something of the tool", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_facts struct facts facts = FACTS_INIT;

		notes_of(text, cases[i].code, &facts);
		assert_string_equal(told(&facts, "what"), cases[i].what);
		assert_string_equal(told(&facts, "elsewhere"), cases[i].how);
		assert_string_equal(told(&facts, "catch_all"), *cases[i].how ? "" : "yes");
	}
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

/* ---- the built-in base */

static void assert_known(const struct knowledge *base, const char *library, const char *function,
			 const char *family, const char *topic)
{
	struct kb_match match;

	match = knowledge_function(base, str_from(library), str_from(function));
	if (!match.entry)
		fail_msg("%s:%s is not known", library, function);
	else if (strcmp(kb_text(match.index, match.entry->fields[KB_FIELD_FAMILY]), family) != 0 ||
		 strcmp(kb_text(match.index, match.entry->fields[KB_FIELD_TOPIC]), topic) != 0)
		fail_msg("%s:%s is %s, %s (%s)", library, function,
			 kb_text(match.index, match.entry->fields[KB_FIELD_FAMILY]),
			 kb_text(match.index, match.entry->fields[KB_FIELD_TOPIC]),
			 kb_text(match.index, match.entry->origin));
}

static void well_known_functions_are_told_apart(void **state)
{
	static const struct {
		const char *library, *function, *family, *topic;
	} known[] = {
		{ "libc.so.6", "_int_malloc", "alloc", "malloc" },
		{ "libc.so.6", "__GI___libc_malloc", "alloc", "malloc" },
		{ "libc.so.6", "__memmove_avx_unaligned_erms", "copy", "memcpy" },
		{ "libc.so.6", "__strlen_evex", "string", "strings" },
		{ "libc.so.6", "__memcmp_avx2_movbe", "string", "memcmp" },
		{ "libc.so.6", "__vfprintf_internal", "format", "printf" },
		{ "libc.so.6", "__random", "random", "random" },
		{ "libc.so.6", "__lll_lock_wait", "futex", "lock-contention" },
		{ "libc.so.6", "pthread_mutex_lock@@GLIBC_2.2.5", "lock", "pthread-lock" },
		{ "ld-linux-x86-64.so.2", "do_lookup_x", "dynlink", "dynamic-linking" },
		{ "libm.so.6", "__sin_fma", "math", "math" },
		{ "libm.so.6", "__ieee754_pow_fma", "math", "pow" },
		{ "[kernel.kallsyms]", "clear_page_erms", "page-fault", "page-zero" },
		{ "vmlinux", "do_user_addr_fault", "page-fault", "page-fault" },
		{ "vmlinux", "copy_user_enhanced_fast_string", "copy", "user-copy" },
		{ "vmlinux", "rep_movs_alternative", "copy", "user-copy" },
		{ "vmlinux", "__clear_user", "zero", "clear-user" },
		{ "vmlinux", "entry_SYSCALL_64_after_hwframe", "syscall", "syscall-cost" },
		{ "vmlinux", "native_queued_spin_lock_slowpath", "spin", "kernel-lock" },
		{ "vmlinux", "pv_native_safe_halt", "idle", "idle" },
		{ "vmlinux", "intel_idle_ibrs", "idle", "idle" },
		{ "[ext4]", "ext4_file_read_iter", "io-read", "buffered-read" },
		{ "[ext4]", "ext4_da_write_begin", "io-write", "buffered-write" },
		{ "vmlinux", "link_path_walk.part.0.constprop.0", "filesystem", "path-lookup" },
		{ "vmlinux", "copy_pte_range", "fork", "fork-exec" },
		{ "vmlinux", "load_elf_binary", "fork", "fork-exec" },
		{ "vmlinux", "futex_wake", "futex", "futex" },
		{ "vmlinux", "finish_task_switch.isra.0", "sched", "context-switch" },
		{ "vmlinux", "tcp_sendmsg_locked", "net", "net-send" },
		{ "[virtio_net]", "virtnet_poll", "net", "net-driver" },
		{ "vmlinux", "nft_do_chain", "net", "net-filter" },
		{ "vmlinux", "shrink_folio_list", "reclaim", "reclaim" },
		{ "vmlinux", "perf_output_copy", "profiler", "perf-itself" },
		{ "vmlinux", "kmem_cache_alloc_noprof", "slab", "slab" },
		{ "gzip", "longest_match", "compress", "gzip-deflate" },
		{ "gzip", "updcrc", "checksum", "gzip-deflate" },
		{ "libz.so.1.2.13", "inflate_fast", "decompress", "zlib-inflate" },
		{ "myprog", "inflate_fast", "decompress", "zlib-inflate" },
		{ "libzstd.so.1", "ZSTD_compressBlock_fast_noDict_generic", "compress",
		  "zstd-compress" },
		{ "libzstd.so.1", "ZSTD_decompressBlock_internal", "decompress",
		  "zstd-decompress" },
		{ "libcrypto.so.3", "sha256_block_data_order_avx2", "hash", "hashing" },
		{ "libcrypto.so.3", "aesni_ctr32_encrypt_blocks", "crypto", "tls-bulk" },
		{ "libcrypto.so.3", "bn_mul_mont", "crypto", "tls-handshake" },
		{ "sha1sum", "sha1_process_block", "hash", "hashing" },
		{ "python3.11", "_PyEval_EvalFrameDefault", "interp", "python-interpreter" },
		{ "python3.10", "deduce_unreachable", "gc", "python-gc" },
		{ "python3.11", "sre_ucs1_match.lto_priv.0", "regex", "python-regex" },
		{ "_json.cpython-311-x86_64-linux-gnu.so", "scan_once_unicode", "json",
		  "python-json" },
		{ "perl", "S_regmatch", "regex", "perl" },
		{ "bash", "hash_search", "lookup", "shell-script" },
		{ "cc1plus", "_cpp_lex_direct", "compile", "compile" },
		{ "ld.bfd", "bfd_elf_link_add_symbols", "link", "link" },
		{ "as", "md_assemble", "assemble", "assemble" },
		{ "app", "void std::__introsort_loop<int*, long>(int*, int*, long)", "sort",
		  "std-sort" },
		{ "app", "operator new(unsigned long)", "alloc", "malloc" },
		{ "app", "std::map<int, int, std::less<int> >::lower_bound(int const&)", "lookup",
		  "cpp-containers" },
		{ "libstdc++.so.6", "__dynamic_cast", "control", "cpp-containers" },
		{ "libgcc_s.so.1", "_Unwind_RaiseException", "exception", "cpp-exceptions" },
		{ "app", "core::hash::BuildHasher::hash_one::h0123456789abcdef", "lookup",
		  "rust-hash" },
		{ "app", "runtime.mallocgc", "alloc", "go-gc" },
		{ "app", "runtime.scanobject", "gc", "go-gc" },
		{ "node", "v8::internal::Scavenger::Process(v8::JobDelegate*)", "gc", "js-gc" },
		{ "node", "Builtins_JsonStringify", "json", "js-json" },
		{ "libjvm.so", "G1ParScanThreadState::trim_queue_to_threshold(unsigned int)", "gc",
		  "java-gc" },
		{ "libsqlite3.so.0", "sqlite3VdbeExec", "database", "sqlite" },
		{ "postgres", "ExecInterpExpr", "database", "postgres" },
		{ "libgomp.so.1", "gomp_barrier_wait_end", "spin", "spin-waiting" },
		{ "", "malloc", "alloc", "malloc" },
		{ "", "do_syscall_64", "syscall", "syscall-cost" },
	};

	auto_knowledge struct knowledge *base = knowledge_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_known(base, known[i].library, known[i].function, known[i].family,
			     known[i].topic);
}

static void names_that_anybody_may_use_are_not_claimed(void **state)
{
	static const char *const names[] = {
		"main",	     "match",	    "time",	   "index",  "run",
		"compare",   "read",	    "hash_search", "call",   "log",
		"round",     "parse_value", "build_tree",  "select", "get_page",
		"sort",	     "balance",	    "helper",	   "update", "exec_simple_query",
		"free_list", "mallocate",   "hash_get",	   "zip",    "final_pass"
	};
	auto_knowledge struct knowledge *base = knowledge_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (*what(base, "myprog", names[i]))
			fail_msg("myprog:%s: '%s'", names[i], what(base, "myprog", names[i]));
}

/* "25%", "3x" */
static bool is_figure(const char *text)
{
	for (const char *c = text; *c; c++) {
		bool after_digit = c > text && c[-1] >= '0' && c[-1] <= '9';

		if (after_digit && (*c == '%' || (*c == 'x' && strchr(" ,.;", c[1]))))
			return true;
	}
	return false;
}

static void notes_hold_no_figures_and_sources_can_be_looked_up(void **state)
{
	extern const struct str embedded_knowledge_bin;
	struct kb_index index;
	auto_error struct error *error = kb_index_open(embedded_knowledge_bin, &index);

	(void)state;
	assert_null(error);
	assert_true(index.name_count + index.pattern_count > 2000);
	for (uint32_t i = 0; i < index.entry_count; i++) {
		const struct kb_entry *entry = &index.entries[i];

		for (unsigned f = 0; f < KB_FIELD_COUNT; f++)
			if (is_figure(kb_text(&index, entry->fields[f])))
				fail_msg("%s: a figure in '%s'", kb_text(&index, entry->origin),
					 kb_text(&index, entry->fields[f]));
	}
	for (uint32_t i = 0; i < index.advice_count; i++) {
		const struct kb_advice *advice = &index.advice[i];
		struct str source = str_from(kb_text(&index, advice->fields[KB_ADVICE_SOURCE]));

		for (unsigned f = 0; f < KB_ADVICE_SOURCE; f++)
			if (is_figure(kb_text(&index, advice->fields[f])))
				fail_msg("a figure in '%s'", kb_text(&index, advice->fields[f]));
		assert_true(*kb_text(&index, advice->fields[KB_ADVICE_EXPECT]));
		if (source.len && !str_starts_with(source, STR("https://")) &&
		    !str_starts_with(source, STR("man ")))
			fail_msg("'%.*s' is no source", STR_ARG(source));
	}
}

/* The conditions of a change are found by its text. */
static void a_change_has_the_same_conditions_wherever_it_is_told(void **state)
{
	extern const struct str embedded_knowledge_bin;
	struct kb_index index;
	auto_error struct error *error = kb_index_open(embedded_knowledge_bin, &index);

	(void)state;
	assert_null(error);
	for (uint32_t i = 0; i < index.advice_count; i++)
		for (uint32_t k = i + 1; k < index.advice_count; k++) {
			const struct kb_advice *a = &index.advice[i], *b = &index.advice[k];

			/* equal texts are one */
			if (a->fields[KB_ADVICE_TEXT] != b->fields[KB_ADVICE_TEXT] ||
			    a->fields[KB_ADVICE_HOW] || b->fields[KB_ADVICE_HOW])
				continue;
			if (memcmp(a->fields, b->fields, sizeof(a->fields)) != 0)
				fail_msg("two conditions of '%s'",
					 kb_text(&index, a->fields[KB_ADVICE_TEXT]));
		}
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
		cmocka_unit_test(a_function_without_a_name_is_told_by_its_code_or_its_callers),
		cmocka_unit_test(a_cut_or_foreign_block_is_refused),
		cmocka_unit_test(well_known_functions_are_told_apart),
		cmocka_unit_test(names_that_anybody_may_use_are_not_claimed),
		cmocka_unit_test(notes_hold_no_figures_and_sources_can_be_looked_up),
		cmocka_unit_test(a_change_has_the_same_conditions_wherever_it_is_told),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
