#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/listing.h"

#include <string.h>

#include "source/code.h"
#include "source/facts_code.h"
#include "source/instruction.h"

struct told {
	struct listing *listing;
	struct code *code;
	struct facts facts;
};

static void tell(struct told *told, const char *text)
{
	struct strbuf bytes = STRBUF_INIT;
	auto_error struct error *error = NULL;

	strbuf_add_text(&bytes, text);
	error = listing_read(&bytes, "test", &told->listing);
	if (error)
		fail_msg("%s", error->message);
	told->code = code_new(told->listing);
	code_facts(told->code, &told->facts);
}

static void told_done(struct told *told)
{
	facts_done(&told->facts);
	code_free(told->code);
	listing_free(told->listing);
}

static double value(struct told *told, const char *kind, const char *name, const char *fact)
{
	return facts_value(&told->facts, facts_entity(&told->facts, kind, name), fact, -1);
}

static const char *words(struct told *told, const char *kind, const char *name, const char *fact)
{
	const struct fact *found =
		facts_find(&told->facts, facts_entity(&told->facts, kind, name), fact);

	return found && found->type == FACT_TEXT ? facts_str(&told->facts, found->text) : "";
}

static void assert_near(double a, double b)
{
	if (a < b - 1e-6 || a > b + 1e-6)
		fail_msg("%g != %g", a, b);
}

static void assert_error(const char *text, size_t length, const char *message, const char *hint)
{
	struct strbuf bytes = STRBUF_INIT;
	struct listing *listing = NULL;
	auto_error struct error *error = NULL;

	strbuf_add(&bytes, (struct str){ text, length });
	error = listing_read(&bytes, "test", &listing);
	listing_free(listing);
	strbuf_done(&bytes);
	assert_non_null(error);
	assert_non_null(strstr(error->message, message));
	assert_non_null(strstr(error_hint(error), hint));
}

/* ---- perf annotate */

#define HEAD(function, samples)                                                                    \
	" Percent |\tSource code & Disassembly of prog for cpu-clock (" samples                    \
	" samples, percent: local period)\n"                                                       \
	"-----------------------------------------\n"                                              \
	"         :\n"                                                                             \
	"         : 3    Disassembly of section .text:\n"                                          \
	"         :\n"                                                                             \
	"         : 5    0000000000001270 <" function ">:\n"                                       \
	"         : 6    " function "():\n"

#define BODY                                                                                       \
	"         : 8    #include <string.h>\n"                                                    \
	"         :\n"                                                                             \
	"         : 10   unsigned work(unsigned n, unsigned m)\n"                                  \
	"         : 11   {\n"                                                                      \
	"    0.00 :   1270:   test   %edi,%edi\n"                                                  \
	"         : 9    for (unsigned i = 0; i < n; i++) {\n"                                     \
	"    0.00 :   1280:   xor    %edx,%edx\n"                                                  \
	"         : 10   s += (i * 7) % m;\n"                                                      \
	"   20.00 :   1288:   div    %esi\n"                                                       \
	"   50.00 :   128a:   add    %edx,%r9d\n"                                                  \
	"         : 9    for (unsigned i = 0; i < n; i++) {\n"                                     \
	"   30.00 :   128d:   add    $0x1,%ecx\n"                                                  \
	"    0.00 :   1290:   cmp    %ecx,%edi\n"                                                  \
	"    0.00 :   1292:   jne    1280 <work+0x10>\n"

static void lines_of_perf_get_their_right_numbers_and_all_their_cost(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "1000") BODY);
	assert_string_equal(told.listing->format, "perf annotate");
	assert_int_equal(told.listing->samples, 1000);
	assert_near(value(&told, "line", "work:9", "self"), 0.3);
	assert_near(value(&told, "line", "work:10", "self"), 0.7);
	/* perf showed 8 to 11; 8 is that of the last */
	assert_int_equal(told.code->lines.items[0].number, 5);
	assert_true(str_is(str_trim(told.code->lines.items[3].text), "{"));
	assert_int_equal(told.code->lines.items[3].number, 8);
	assert_int_equal(told.listing->ignored_lines, 0);
	told_done(&told);
}

static void a_division_takes_what_landed_behind_it(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "1000") BODY);
	assert_near(value(&told, "line", "work:10", "divide_share"), 0.7);
	assert_string_equal(words(&told, "line", "work:10", "divisor"), "m");
	assert_near(value(&told, "line", "work:10", "depth"), 1);
	assert_near(value(&told, "line", "work:10", "loop_self"), 1);
	assert_near(value(&told, "loop", "work:9", "last"), 10);
	told_done(&told);
}

static void functions_weigh_by_their_samples(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "300") BODY HEAD("rest", "1,00") "  100.00 :   2000:   ret\n");
	assert_near(value(&told, "function", "work", "self"), 0.75);
	assert_near(value(&told, "line", "work:10", "self"), 0.7 * 0.75);
	told_done(&told);
}

static void sections_of_other_events_are_named_and_left_out(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "300") BODY " Percent |\tSource code & Disassembly of prog for "
					     "page-faults (9 samples, percent: local "
					     "period)\n"
					     "----\n"
					     "  100.00 :   1270:   test   %edi,%edi\n");
	assert_near(value(&told, "line", "work:10", "self"), 0.7);
	assert_int_equal(told.listing->other_event_count, 1);
	assert_string_equal(listing_text(told.listing, told.listing->other_events[0]),
			    "page-faults");
	told_done(&told);
}

static void of_several_columns_the_first_counts(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told,
	     " Percent         |\tSource code & Disassembly of a for anon group { cpu-clock, "
	     "task-clock } (100 samples, percent: local period)\n"
	     "-----\n"
	     "                 : 5    0000000000001270 <work>:\n"
	     "   25.00   90.00 :   1270:   test   %edi,%edi\n"
	     "   75.00   10.00 :   1272:   ret\n");
	assert_near(value(&told, "line", "work 1270", "self"), 0.25);
	assert_string_equal(listing_text(told.listing, told.listing->event), "cpu-clock");
	assert_string_equal(listing_text(told.listing, told.listing->other_events[0]),
			    "task-clock");
	told_done(&told);
}

static void the_file_that_l_tells_names_the_lines(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "\nSorted summary for file /tmp/prog\n"
		    "----------------------------------------------\n\n"
		    "   80.00 a.c:9\n" HEAD("work",
					    "10") "         : 9    x += y;\n"
						  "   80.00 :   1280:   add    %edx,%eax // a.c:9\n"
						  "   20.00 :   1284:   add    %edx,%ebx\n");
	assert_near(value(&told, "line", "a.c:9", "self"), 1);
	told_done(&told);
}

static void perf_without_numbers_and_samples_is_read(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, " Percent |      Source code & Disassembly of prog for cycles\n"
		    "------------------------------------------------\n"
		    "         :\n"
		    "         :      0000000000001270 <work>:\n"
		    "         :      int work(int n)\n"
		    "   40.00 :        1270:       push   %rbp\n"
		    "         :              x = x / n;\n"
		    "   60.00 :        1274:       idiv   %ecx\n"
		    " Percent |      Source code & Disassembly of prog for cycles\n"
		    "------------------------------------------------\n"
		    "         :      0000000000001290 <other>:\n"
		    "  100.00 :        1290:       ret\n");
	assert_true(told.listing->is_whole_of_each);
	assert_int_equal(told.listing->functions.count, 2);
	assert_near(told.code->lines.items[told.code->by_share[0]].share, 1);
	told_done(&told);
}

static void raw_bytes_and_intels_syntax_are_understood(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told,
	     HEAD("work",
		  "10") "    0.00 :   1160:   48 63 07                movsxd rax,DWORD PTR [rdi]\n"
			"   60.00 :   1167:   f0 48 01 05 d9 2e 00    lock add QWORD PTR "
			"[rip+0x2ed9],rax\n"
			"    0.00 :   116e:   00\n"
			"   40.00 :   116f:   48 81 c7 00 10 00 00    add    rdi,0x1000\n"
			"    0.00 :   1176:   75 e8                   jne    1160 <work+0x10>\n");
	assert_near(value(&told, "line", "work 1167", "atomic_share"), 1);
	assert_near(value(&told, "line", "work 1160", "stride"), 4096);
	told_done(&told);
}

static void loops_of_arm64_are_nested(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "10") "    0.00 :   700:   mov     x2, #0x0\n"
				       "    0.00 :   704:   ldr     w4, [x1], #4\n"
				       "   90.00 :   708:   add     w0, w0, w4\n"
				       "    0.00 :   70c:   cmp     x1, x3\n"
				       "    0.00 :   710:   b.ne    704 <work+0x4>  // b.any\n"
				       "   10.00 :   714:   subs    x5, x5, #0x1\n"
				       "    0.00 :   718:   cbnz    x5, 700 <work>\n"
				       "    0.00 :   71c:   ret\n");
	assert_int_equal(told.code->loops.count, 2);
	assert_near(told.code->loops.items[0].share, 1);
	assert_int_equal(told.code->loops.items[1].depth, 2);
	assert_near(told.code->loops.items[1].share, 0.9);
	told_done(&told);
}

static void perfs_screen_is_read_with_its_arrows(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "Samples: 1K of event 'cpu-clock', 4000 Hz, Event count (approx.): 2782, "
		    "[percent: local "
		    "period]\n"
		    "work  /tmp/prog [Percent: local period]\n"
		    "Percent\xe2\x94\x82      Disassembly of section .text:\n"
		    "       \xe2\x94\x82    for (i = 0; i < n; i++)\n"
		    "       \xe2\x94\x82    \xe2\x86\x93 je   40\n"
		    "       \xe2\x94\x82    s += i % m;\n"
		    "  2.61 \xe2\x94\x82 18:  mov  %r8d,%eax\n"
		    "       \xe2\x94\x82      div  %esi\n"
		    " 97.39 \xe2\x94\x82      add  %edx,%r9d\n"
		    "       \xe2\x94\x82    \xe2\x86\x91 jne  18\n");
	assert_string_equal(told.listing->format, "perf annotate's screen");
	assert_int_equal(told.code->loops.count, 1);
	assert_near(told.code->loops.items[0].share, 1);
	assert_string_equal(listing_text(told.listing, told.listing->functions.items[0].name),
			    "work");
	assert_near(told.code->lines.items[told.code->by_share[0]].share, 1);
	told_done(&told);
}

static void colours_of_a_terminal_are_taken_off(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "10") "\x1b[31m   80.00\x1b[m :   1280:   add    %edx,%eax\n"
				       "   20.00 :   1284:   ret\n");
	assert_near(value(&told, "line", "work 1280", "self"), 0.8);
	told_done(&told);
}

static void lines_that_say_nothing_are_counted_and_kept(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("work", "10") "  100.00 :   1280:   ret\nwhat is this\n");
	assert_int_equal(told.listing->ignored_lines, 1);
	assert_true(str_is(told.listing->ignored[0], "what is this"));
	assert_int_equal(listing_input_line(told.listing, told.listing->ignored[0]), 9);
	told_done(&told);
}

/* ---- other tools */

static void gcov_counts_runs_and_branches(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "        -:    0:Source:dir/a.c\n"
		    "function f called 60 returned 100% blocks executed 100%\n"
		    "       60:    5:int f(int n)\n"
		    "    18000:    8:\tfor (i = 0; i < n; i++) {\n"
		    "branch  0 taken 17940\n"
		    "branch  1 taken 60 (fallthrough)\n"
		    "    17940*:    9:\t\tif (a[i] > 3)\n"
		    "branch  0 taken 9000\n"
		    "branch  1 taken 8940 (fallthrough)\n"
		    "    #####:   10:\t\t\tabort();\n"
		    "        -:   11:\t}\n");
	assert_string_equal(told.listing->format, "gcov");
	assert_int_equal(told.listing->unit, LISTING_RUNS);
	assert_near(value(&told, "line", "a.c:9", "self"), 17940.0 / 36000);
	assert_near(value(&told, "line", "a.c:9", "even_branches"), 1);
	assert_near(value(&told, "line", "a.c:8", "even_branches"), -1);
	assert_near(value(&told, "loop", "a.c:8", "last"), 11);
	assert_int_equal(told.listing->ignored_lines, 0);
	told_done(&told);
}

static void llvm_cov_counts_with_letters(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "/tmp/a.c:\n"
		    "    1|       |#include <stdio.h>\n"
		    "    2|     60|{\n"
		    "    3|   1.5k|\tfor (i = 0; i < n; i++)\n"
		    "                                      ^1.44k\n"
		    "  ------------------\n"
		    "  |  Branch (3:8): [True: 700, False: 800]\n"
		    "  ------------------\n"
		    "    4|  1.44k|\t\ts += a[i * n + j];\n");
	assert_string_equal(told.listing->format, "llvm-cov show");
	assert_near(told.listing->total, 3000);
	assert_near(value(&told, "line", "a.c:3", "even_branches"), 1);
	assert_string_equal(words(&told, "line", "a.c:4", "column_walk"), "a[i * n + j]");
	assert_int_equal(told.listing->ignored_lines, 0);
	told_done(&told);
}

static void gprof_s_annotated_source_is_read(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "*** File /tmp/a.c:\n"
		    "                #include <stdio.h>\n"
		    "          60 -> {\n"
		    "       ##### -> \tfor (;;)\n"
		    "\n\nTop 10 Lines:\n\n     Line      Count\n\n        2         60\n");
	assert_string_equal(told.listing->format, "gprof -A");
	assert_near(value(&told, "line", "a.c:2", "self"), 1);
	told_done(&told);
}

static void pprof_lists_times(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "Total: 5.62s\n"
		    "ROUTINE ======================== main.work in /src/main.go\n"
		    "     1.50s      2.30s (flat, cum) 40.93% of Total\n"
		    "         .          .     10:func work(names []string) string {\n"
		    "         .          .     11:\tvar s string = \"\"\n"
		    "     500ms      500ms     12:\tfor _, name := range names {\n"
		    "        1s      1.80s     13:\t\ts += name + \",\"\n"
		    "         .          .     14:\t}\n");
	assert_string_equal(told.listing->format, "pprof -list");
	assert_near(value(&told, "line", "main.go:13", "self"), 2.0 / 3);
	assert_string_equal(words(&told, "line", "main.go:13", "concat"), "s");
	assert_near(value(&told, "function", "main.work", "self"), 1);
	told_done(&told);
}

static void line_profiler_is_read_by_its_columns(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told,
	     "Timer unit: 1e-06 s\n\nTotal time: 0.5 s\nFile: slow.py\nFunction: f at line 3\n\n"
	     "Line #      Hits         Time  Per Hit   % Time  Line Contents\n"
	     "==============================================================\n"
	     "     3                                           @profile\n"
	     "     4         1     100000.0      2.0     20.0  def f(words):\n"
	     "     5                                               seen = []\n"
	     "     6      1000     100000.0      0.1     20.0      for w in words:\n"
	     "     7      1000     300000.0      0.3     60.0          if w in seen:\n");
	assert_string_equal(told.listing->format, "line_profiler");
	assert_near(told.listing->total, 0.5);
	assert_near(value(&told, "line", "slow.py:7", "self"), 0.6);
	assert_string_equal(words(&told, "line", "slow.py:7", "list_membership"), "seen");
	told_done(&told);
}

static void callgrind_s_first_event_counts(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, "Profile data file 'cl.out' (creator: callgrind-3.19.0)\n"
		    "Events shown:     Ir Dr\n"
		    "-- Auto-annotated source: small.c\n"
		    "-----------------\n"
		    "Ir         Dr\n\n"
		    "         .           .           void f(char *t)\n"
		    "    15,000 ( 0.50%)  1 ( 0.01%)  \tfor (i = 0; i < strlen(t); i++)\n"
		    "       594 ( 0.00%)  0           => strlen.S:strlen (3x)\n"
		    "     5,000 ( 0.10%)  0           \t\tk++;\n"
		    "-----------------\n");
	assert_string_equal(told.listing->format, "callgrind_annotate");
	assert_string_equal(listing_text(told.listing, told.listing->event), "Ir");
	assert_near(value(&told, "line", "small.c:2", "self"), 0.75);
	assert_near(value(&told, "call", "small.c:2 strlen", "in_condition"), 1);
	told_done(&told);
}

static void pasted_columns_stand_before_or_behind(void **state)
{
	struct told front = { 0 }, behind = { 0 };

	(void)state;
	tell(&front, " 80.0%   for (int i = 0; i < n; i++)\n"
		     "             int x = 0;\n"
		     " 20.0%       sum += a[i];\n");
	assert_near(value(&front, "line", "line 1", "self"), 0.8);
	assert_near(value(&front, "line", "line 3", "depth"), 0);
	told_done(&front);
	tell(&behind, "for (int i = 0; i < n; i++) {   // 25%\n"
		      "\tsum += a[i];                  // 75.0 %\n"
		      "}\n");
	assert_near(value(&behind, "line", "line 2", "self"), 0.75);
	assert_string_equal(words(&behind, "line", "line 2", "text"), "sum += a[i];");
	told_done(&behind);
}

static void code_without_costs_has_patterns_and_no_shares(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told,
	     "void f(char *t)\n{\n\tfor (size_t i = 0; i < strlen(t); i++)\n\t\tt[i] = 0;\n}\n");
	assert_false(told.code->is_measured);
	assert_near(value(&told, "line", "line 3", "self"), -1);
	assert_near(value(&told, "call", "line 3 strlen", "in_condition"), 1);
	told_done(&told);
}

static void what_is_no_code_is_refused_with_a_hint(void **state)
{
	static const char zeroes[8] = { 0 };

	(void)state;
	assert_error("PERFILE2xx", 10, "is a recording", "perf annotate --stdio -i test");
	assert_error("", 0, "is empty", "pipe");
	assert_error(zeroes, 8, "is no text", "perf annotate");
	assert_error("hello world\n", 12, "no code", "sysgrok topn");
	assert_error("  64.57%  gzip  gzip  [.] longest_match\n", 40, "no code", "sysgrok topn");
}

/* ---- loops from source */

static void assert_depths(const char *text, const char *depths)
{
	struct told told = { 0 };

	tell(&told, text);
	for (size_t i = 0; i < told.code->lines.count; i++) {
		uint32_t loop = told.code->lines.items[i].loop;
		uint32_t depth = loop ? told.code->loops.items[loop - 1].depth : 0;

		if (depth != (uint32_t)(depths[i] - '0'))
			fail_msg("line %zu of '%s' is at depth %u", i + 1, text, depth);
	}
	told_done(&told);
}

static void loops_are_found_by_braces_and_single_statements(void **state)
{
	(void)state;
	assert_depths("for (i = 0; i < n; i++) {\n\tx;\n\twhile (y) {\n\t\tz;\n\t}\n\tx;\n}\nx;\n",
		      "11222110");
	assert_depths("for (i = 0; i < n; i++)\n\tfor (k = 0; k < n; k++)\n\t\tx += 1;\nx = 2;\n",
		      "1220");
	assert_depths("for (i = 0; i < n; i++)\n\tif (x) {\n\t\ty;\n\t}\nx = 2;\n", "11110");
	assert_depths("do {\n\tx;\n} while (y);\nz;\n", "1110");
	assert_depths("x = 1; /* for (;;) { */\ny = \"for (;;) {\";\n// while (1) {\nz;\n", "0000");
	assert_depths("for (int i = 0;\n     i < n;\n     i++) {\n\tx;\n}\ny;\n", "111110");
	assert_depths("for (auto &x : v) {\n\tuse(x);\n}\nint y;\n", "1110");
}

static void loops_of_python_are_found_by_indentation(void **state)
{
	(void)state;
	assert_depths("def f(a):\n    for x in a:\n        y = x\n\n        while y:\n            "
		      "y -= 1\n"
		      "    return y\n",
		      "0110220");
}

static void loops_of_go_and_rust_have_no_parentheses(void **state)
{
	(void)state;
	assert_depths("func f() {\n\tfor i := 0; i < n; i++ {\n\t\tx := 1\n\t}\n}\n", "01110");
	assert_depths(
		"fn f() {\n    let mut x = 0;\n    for i in 0..n {\n        x += i;\n    }\n}\n",
		"001110");
}

/* ---- instructions */

static void instructions_are_told_by_their_text(void **state)
{
	static const struct {
		const char *text;
		uint32_t flags;
	} rows[] = {
		{ "1294: div    %esi", INSTRUCTION_DIVIDE },
		{ "div    DWORD PTR [rsi]", INSTRUCTION_DIVIDE | INSTRUCTION_LOAD },
		{ "vdivsd %xmm1,%xmm0,%xmm0", INSTRUCTION_FP_DIVIDE | INSTRUCTION_SCALAR_FP },
		{ "addsd  (%rdx),%xmm0", INSTRUCTION_SCALAR_FP | INSTRUCTION_LOAD },
		{ "vaddps %ymm0,%ymm1,%ymm1", INSTRUCTION_VECTOR },
		{ "mov    %eax,0x8(%rdi)", INSTRUCTION_STORE | INSTRUCTION_CHEAP },
		{ "mov    0x8(%rdi),%eax", INSTRUCTION_LOAD },
		{ "mov    eax,DWORD PTR [rbp-0x8]", INSTRUCTION_LOAD | INSTRUCTION_STACK },
		{ "lea    0x8(%rdi),%eax", INSTRUCTION_CHEAP },
		{ "cmpl   $0x0,(%rdi)", INSTRUCTION_LOAD },
		{ "add    %ecx,(%r10,%rax,4)", INSTRUCTION_LOAD | INSTRUCTION_STORE },
		{ "lock incl (%rdi)", INSTRUCTION_ATOMIC | INSTRUCTION_LOAD | INSTRUCTION_STORE },
		{ "call   *0x10(%rax)", INSTRUCTION_CALL | INSTRUCTION_INDIRECT },
		{ "call   rax", INSTRUCTION_CALL | INSTRUCTION_INDIRECT },
		{ "call   1030 <strlen@plt>", INSTRUCTION_CALL },
		{ "jne    1280 <f+0x10>", INSTRUCTION_JUMP | INSTRUCTION_CONDITIONAL },
		{ "rep movsb %ds:(%rsi),%es:(%rdi)", INSTRUCTION_REPEAT },
		{ "pause", INSTRUCTION_PAUSE },
		{ "cvtsi2sd %eax,%xmm0", INSTRUCTION_INT_TO_FP },
		{ "cvtss2sd (%rdi),%xmm0", INSTRUCTION_PRECISION | INSTRUCTION_LOAD },
		{ "fmla v0.4s, v1.4s, v2.4s", INSTRUCTION_VECTOR },
		{ "udiv w0, w1, w2", INSTRUCTION_DIVIDE },
		{ "ldadd w0, w1, [x2]", INSTRUCTION_ATOMIC },
		{ "frobnicate %eax", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct instruction in = instruction_parse(str_from(rows[i].text));
		uint32_t wanted = rows[i].flags;

		if ((in.flags & wanted) != wanted || (!wanted && in.flags))
			fail_msg("'%s' has flags %x", rows[i].text, in.flags);
	}
	assert_true(str_is(instruction_parse(STR("call 1030 <strlen@plt>")).callee, "strlen"));
	assert_int_equal(instruction_parse(STR("jne 18a0 <f(std::map<int, int>&)+0x20>")).target,
			 0x18a0);
	assert_true(str_is(instruction_parse(STR("call 10a0 <operator delete(void*)@plt>")).callee,
			   "operator delete(void*)"));
	assert_true(instruction_same_register(STR("%eax"), STR("rax")));
	assert_true(instruction_same_register(STR("r10d"), STR("%r10")));
	assert_true(instruction_same_register(STR("w3"), STR("x3")));
	assert_false(instruction_same_register(STR("rax"), STR("rbx")));
	assert_false(instruction_same_register(STR("rsi"), STR("rdi")));
}

static void code_is_not_taken_for_an_instruction(void **state)
{
	(void)state;
	assert_true(instruction_is(STR("18:   mov  %r8d,%eax")));
	assert_false(instruction_is(STR("add(x, y);")));
	assert_false(instruction_is(STR("for (i = 0; i < n; i++)")));
	assert_false(instruction_is(STR("int x = 0;")));
}

/* ---- signs */

static void signs_are_found_where_they_are_sure(void **state)
{
	static const struct {
		const char *code, *sign, *text; /* text NULL: the sign must not be there */
	} rows[] = {
		{ "for (int i = 0; i < n; i++) {\n\tx += a[i] % size;\n}\n", "divisor", "size" },
		{ "for (int i = 0; i < n; i++) {\n\tx += a[i] % 16;\n}\n", "divisor", NULL },
		{ "for (int i = 0; i < n; i++) {\n\tx += a[i] / BLOCK_SIZE;\n}\n", "divisor",
		  NULL },
		{ "for (int i = 0; i < n; i++) {\n\tx += a[i]; // 1 % size\n}\n", "divisor", NULL },
		{ "for (int i = 0; i < n; i++) {\n\tx += m[i][j];\n}\n", "column_walk", "m[i][j]" },
		{ "for (int j = 0; j < n; j++) {\n\tx += m[i][j];\n}\n", "column_walk", NULL },
		{ "for (int j = 0; j < n; j++) {\n\tx += a[i * n + j];\n}\n", "column_walk", NULL },
		{ "for (int i = 0; i < n; i++) {\n\tx += a[i * 4 + 1];\n}\n", "column_walk", NULL },
		{ "while (1) {\n\tcounts[tid]++;\n\tint x;\n}\n", "thread_slot", "counts[tid]" },
		{ "while (1) {\n\tstats[thread_id].hits += 1;\n}\n", "thread_slot",
		  "stats[thread_id].hits" },
		{ "while (1) {\n\tx = counts[tid];\n}\n", "thread_slot", NULL },
		{ "while (p) {\n\tp = p->next;\n\tint x;\n}\n", "pointer_chase", "p->next" },
		{ "while (p) {\n\tq = p->next;\n\tint x;\n}\n", "pointer_chase", NULL },
		{ "std::vector<int> v;\nfor (int i = 0; i < n; i++) {\n\tv.push_back(i);\n}\n",
		  "push_back", "v" },
		{ "std::vector<int> v;\nv.reserve(n);\nfor (int i = 0; i < n; i++) "
		  "{\n\tv.push_back(i);\n}\n",
		  "push_back", NULL },
		{ "for (std::string s : names) {\n\tuse(s);\n}\n", "copied_element",
		  "std::string s" },
		{ "for (const std::string &s : names) {\n\tuse(s);\n}\n", "copied_element", NULL },
		{ "std::cin >> x;\nwhile (y) {\n\tstd::cout << x << std::endl;\n}\n", "endl",
		  "yes" },
		{ "if (m.count(k)) {\n\tstd::cout << m[k];\n}\n", "second_lookup", "m[k]" },
		{ "if (m.count(k)) {\n\tstd::cout << m[j];\n}\n", "second_lookup", NULL },
		{ "def f(a):\n    s = ''\n    for x in a:\n        s += x\n", "concat", "s" },
		{ "def f(a):\n    s = 0\n    for x in a:\n        s += x\n", "concat", NULL },
		{ "def f(a):\n    known = [1]\n    for x in a:\n        if x in known:\n",
		  "list_membership", "known" },
		{ "def f(a):\n    known = set()\n    for x in a:\n        if x in known:\n",
		  "list_membership", NULL },
		{ "func f() {\n\tfor _, x := range a {\n\t\tdefer x.Close()\n\t}\n}\n", "defer",
		  "x.Close()" },
		{ "public void f() {\n\tLong sum = 0L;\n\tfor (int i = 0; i < n; i++) {\n\t\tsum "
		  "+= i;\n\t}\n}\n",
		  "boxed", "sum" },
		{ "public void f() {\n\tlong sum = 0L;\n\tfor (int i = 0; i < n; i++) {\n\t\tsum "
		  "+= i;\n\t}\n}\n",
		  "boxed", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct told told = { 0 };
		const char *found = NULL;

		tell(&told, rows[i].code);
		for (size_t k = 0; k < told.facts.facts.count; k++) {
			const struct fact *fact = &told.facts.facts.items[k];

			if (!strcmp(facts_str(&told.facts, fact->name), rows[i].sign) &&
			    fact->type == FACT_TEXT)
				found = facts_str(&told.facts, fact->text);
		}
		if (!found != !rows[i].text || (found && strcmp(found, rows[i].text) != 0))
			fail_msg("%s of '%s' is '%s'", rows[i].sign, rows[i].code,
				 found ? found : "(none)");
		told_done(&told);
	}
}

static void a_store_to_one_place_is_seen_and_one_that_moves_is_not(void **state)
{
	struct told same = { 0 }, moves = { 0 };

	(void)state;
	tell(&same, HEAD("f", "10") "    0.00 :   1270:   mov    (%rdi),%eax\n"
				    "    0.00 :   1272:   add    (%rdx),%eax\n"
				    "    0.00 :   1274:   mov    %eax,(%rdx)\n"
				    "  100.00 :   1278:   add    $0x4,%rdi\n"
				    "    0.00 :   127c:   jne    1270 <f>\n");
	assert_near(value(&same, "line", "f 1274", "same_store_share"), 1);
	told_done(&same);
	tell(&moves, HEAD("f", "10") "    0.00 :   1270:   mov    (%rdi),%eax\n"
				     "    0.00 :   1274:   mov    %eax,(%rdx)\n"
				     "   50.00 :   1276:   add    $0x4,%rdx\n"
				     "   50.00 :   1278:   add    $0x4,%rdi\n"
				     "    0.00 :   127c:   jne    1270 <f>\n");
	assert_near(value(&moves, "line", "f 1274", "same_store_share"), -1);
	told_done(&moves);
}

static void a_build_without_optimisation_is_told(void **state)
{
	struct told told = { 0 };

	(void)state;
	tell(&told, HEAD("f", "10") "    0.00 :   1270:   push   %rbp\n"
				    "    0.00 :   1271:   mov    %rsp,%rbp\n"
				    "   10.00 :   1274:   mov    %edi,-0x14(%rbp)\n"
				    "   10.00 :   1277:   movl   $0x0,-0x4(%rbp)\n"
				    "   10.00 :   127e:   mov    -0x4(%rbp),%eax\n"
				    "   10.00 :   1281:   add    -0x14(%rbp),%eax\n"
				    "   10.00 :   1284:   mov    %eax,-0x8(%rbp)\n"
				    "   10.00 :   1287:   addl   $0x1,-0x4(%rbp)\n"
				    "   10.00 :   128b:   mov    -0x4(%rbp),%eax\n"
				    "   10.00 :   128e:   cmp    -0x14(%rbp),%eax\n"
				    "   10.00 :   1291:   jl     127e <f+0xe>\n"
				    "   10.00 :   1293:   pop    %rbp\n"
				    "    0.00 :   1294:   ret\n");
	assert_near(value(&told, "code", "test", "unoptimised"), 1);
	told_done(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_perf_get_their_right_numbers_and_all_their_cost),
		cmocka_unit_test(a_division_takes_what_landed_behind_it),
		cmocka_unit_test(functions_weigh_by_their_samples),
		cmocka_unit_test(sections_of_other_events_are_named_and_left_out),
		cmocka_unit_test(of_several_columns_the_first_counts),
		cmocka_unit_test(the_file_that_l_tells_names_the_lines),
		cmocka_unit_test(perf_without_numbers_and_samples_is_read),
		cmocka_unit_test(raw_bytes_and_intels_syntax_are_understood),
		cmocka_unit_test(loops_of_arm64_are_nested),
		cmocka_unit_test(perfs_screen_is_read_with_its_arrows),
		cmocka_unit_test(colours_of_a_terminal_are_taken_off),
		cmocka_unit_test(lines_that_say_nothing_are_counted_and_kept),
		cmocka_unit_test(gcov_counts_runs_and_branches),
		cmocka_unit_test(llvm_cov_counts_with_letters),
		cmocka_unit_test(gprof_s_annotated_source_is_read),
		cmocka_unit_test(pprof_lists_times),
		cmocka_unit_test(line_profiler_is_read_by_its_columns),
		cmocka_unit_test(callgrind_s_first_event_counts),
		cmocka_unit_test(pasted_columns_stand_before_or_behind),
		cmocka_unit_test(code_without_costs_has_patterns_and_no_shares),
		cmocka_unit_test(what_is_no_code_is_refused_with_a_hint),
		cmocka_unit_test(loops_are_found_by_braces_and_single_statements),
		cmocka_unit_test(loops_of_python_are_found_by_indentation),
		cmocka_unit_test(loops_of_go_and_rust_have_no_parentheses),
		cmocka_unit_test(instructions_are_told_by_their_text),
		cmocka_unit_test(code_is_not_taken_for_an_instruction),
		cmocka_unit_test(signs_are_found_where_they_are_sure),
		cmocka_unit_test(a_store_to_one_place_is_seen_and_one_that_moves_is_not),
		cmocka_unit_test(a_build_without_optimisation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
