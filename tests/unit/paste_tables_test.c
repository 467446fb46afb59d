#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "samples/load.h"
#include "samples/paste.h"
#include "told_profile.h"

static void assert_frame(const char *text, const char *name, const char *wanted)
{
	auto_profile struct profile *profile = told_profile(text);
	auto_free char *frame = told_frame(profile, name);

	assert_string_equal(frame, wanted);
}

static void numbers_are_read_as_tools_and_countries_write_them(void **state)
{
	static const struct {
		const char *text;
		double value;
		enum paste_unit unit;
	} good[] = {
		{ "12.5%", 12.5, PASTE_PERCENT },
		{ "12,5%", 12.5, PASTE_PERCENT },
		{ "(97.6%)", 97.6, PASTE_PERCENT },
		{ "1,234,567", 1234567, PASTE_PLAIN },
		{ "1.234.567,5", 1234567.5, PASTE_PLAIN },
		{ "3,14", 3.14, PASTE_PLAIN },
		{ "340ms", 0.34, PASTE_SECONDS },
		{ "1.20s", 1.2, PASTE_SECONDS },
		{ "2us", 2e-6, PASTE_SECONDS },
		{ "1.5GB", 1610612736, PASTE_BYTES },
		{ "3/1", 3, PASTE_PLAIN },
		{ "1.5e-05", 1.5e-05, PASTE_PLAIN },
		{ "0", 0, PASTE_PLAIN },
	};
	static const char *const bad[] = { "",	   "%",	    "x",    "1x",    "-1", "1,2,3",
					   "1..2", "12:30", "0x12", "1e999", "()" };
	enum paste_unit unit;
	double value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(paste_number(str_from(good[i].text), &value, &unit));
		assert_true(value >= good[i].value * 0.999999 && value <= good[i].value * 1.000001);
		assert_int_equal(unit, good[i].unit);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (paste_number(str_from(bad[i]), &value, &unit))
			fail_msg("'%s' is %g", bad[i], value);
}

/* marshal.dumps of a dictionary as cProfile writes it: work of app.py:3 is called by <module>, and
 * calls len */
static const char marshal[] = "\xfb\xa9\x03\xfa\x06\x61\x70\x70\x2e\x70\x79\xe9\x03\x00\x00\x00"
			      "\xda\x04\x77\x6f\x72\x6b\x29\x05\xe9\x02\x00\x00\x00\x72\x05\x00"
			      "\x00\x00\xe7\x00\x00\x00\x00\x00\x00\xe8\x3f\xe7\x00\x00\x00\x00"
			      "\x00\x00\xf0\x3f\x7b\xa9\x03\x72\x02\x00\x00\x00\xe9\x09\x00\x00"
			      "\x00\xfa\x08\x3c\x6d\x6f\x64\x75\x6c\x65\x3e\xa9\x04\x72\x05\x00"
			      "\x00\x00\x72\x05\x00\x00\x00\xe7\x00\x00\x00\x00\x00\x00\xe0\x3f"
			      "\x72\x07\x00\x00\x00\x30\x72\x08\x00\x00\x00\x29\x05\xe9\x01\x00"
			      "\x00\x00\x72\x0d\x00\x00\x00\xe7\x00\x00\x00\x00\x00\x00\x00\x00"
			      "\x72\x07\x00\x00\x00\x7b\x30\xa9\x03\xfa\x01\x7e\xe9\x00\x00\x00"
			      "\x00\xfa\x1e\x3c\x62\x75\x69\x6c\x74\x2d\x69\x6e\x20\x6d\x65\x74"
			      "\x68\x6f\x64\x20\x62\x75\x69\x6c\x74\x69\x6e\x73\x2e\x6c\x65\x6e"
			      "\x3e\x29\x05\xe9\x05\x00\x00\x00\x72\x13\x00\x00\x00\xe7\x00\x00"
			      "\x00\x00\x00\x00\xd0\x3f\x72\x14\x00\x00\x00\x7b\x72\x01\x00\x00"
			      "\x00\xa9\x04\x72\x13\x00\x00\x00\x72\x13\x00\x00\x00\x72\x14\x00"
			      "\x00\x00\x72\x14\x00\x00\x00\x30\x30";

static void the_binary_file_of_cprofile_has_callers_too(void **state)
{
	struct profile *profile = NULL;
	auto_free char *stacks = NULL, *frame = NULL;

	(void)state;
	assert_null(profile_import_text((struct str){ marshal, sizeof(marshal) - 1 }, "test",
					&profile));
	stacks = told_stacks(profile);
	frame = told_frame(profile, "work");
	assert_string_equal(stacks, "<module>;work 50\nwork 25\nwork;builtins.len 25\n");
	assert_string_equal(frame, "work Python app.py:3");
	profile_free(profile);
	/* cut anywhere, it is read as far as it goes or refused */
	for (size_t len = 0; len < sizeof(marshal) - 1; len++) {
		auto_error struct error *error =
			profile_import_text((struct str){ marshal, len }, "test", &profile);

		if (!error)
			profile_free(profile);
	}
}

static const char gprof_text[] =
	"Flat profile:\n\nEach sample counts as 0.01 seconds.\n"
	"  %   cumulative   self              self     total           \n"
	" time   seconds   seconds    calls  ms/call  ms/call  name    \n"
	" 75.00      0.03     0.03     7208     0.00     0.00  mix\n"
	" 25.00      0.04     0.01                             work(int, char)\n"
	"  0.00      0.04     0.00        1     0.00    50.08  main\n\n"
	" %         the percentage of the total running time of the\n"
	"time       program used by this function.\n\n"
	"\f\t\t     Call graph (explanation follows)\n\n\n"
	"granularity: each sample hit covers 2 byte(s) for 19.97% of 0.05 seconds\n\n"
	"index % time    self  children    called     name\n"
	"                0.02    0.00    5000/7208        work(int, char) [2]\n"
	"                0.01    0.00    2208/7208        main [3]\n"
	"[1]     75.0    0.03    0.00    7208         mix [1]\n"
	"-----------------------------------------------\n"
	"                0.01    0.02       1/1           main [3]\n"
	"[2]     75.0    0.01    0.02       1         work(int, char) [2]\n"
	"                0.02    0.00    5000/7208        mix [1]\n"
	"-----------------------------------------------\n"
	"                                                 <spontaneous>\n"
	"[3]    100.0    0.00    0.04                 main [3]\n"
	"                0.01    0.02       1/1           work(int, char) [2]\n"
	"-----------------------------------------------\n\n"
	" This table describes the call tree of the program, and was sorted by\n";

static void the_call_graph_of_gprof_says_whose_the_time_is(void **state)
{
	auto_profile struct profile *profile = told_profile(gprof_text);

	(void)state;
	assert_told(gprof_text, "work(int, char);mix 50\nmain;mix 25\nmain;work(int, char) 25\n");
	assert_string_equal(profile->format, "gprof");
	assert_int_equal(profile->claims.items[0].calls, 7208);
}

static void a_flat_profile_of_gprof_without_ticks_counts_calls(void **state)
{
	(void)state;
	assert_told(" time   seconds   seconds    calls  Ts/call  Ts/call  name    \n"
		    "  0.00      0.00     0.00       30     0.00     0.00  f\n"
		    "  0.00      0.00     0.00       10     0.00     0.00  g\n",
		    "f 75\ng 25\n");
}

static void functions_of_one_name_in_several_files_are_not_added_up(void **state)
{
	(void)state;
	assert_told("   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n"
		    "        3    0.050    0.000    0.150    0.000 /lib/queue.py:278(get)\n"
		    "        3    0.030    0.000    0.150    0.000 app.py:3(get)\n"
		    "        1    0.010    0.001    0.200    0.153 app.py:1(<module>)\n"
		    "        1    0.110    0.001    0.200    0.153 queue.py:1(<module>)\n",
		    "get (queue.py) 25\nget (app.py) 15\n<module> 5\n<module> 55\n");
}

static const char pstats_text[] =
	"Fri Nov 20 12:10:10 2026    p.pstats\n\n"
	"         1082094 function calls (944094 primitive calls) in 0.200 seconds\n\n"
	"   Ordered by: internal time\n   List reduced from 40 to 4 due to restriction <4>\n\n"
	"   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n"
	"336009/198009    0.100    0.000    0.150    0.000 "
	"/usr/lib/python3.11/json/encoder.py:278(_iter)\n"
	"   198024    0.050    0.000    0.050    0.000 {built-in method builtins.isinstance}\n"
	"        3    0.020    0.000    0.020    0.000 {method 'join' of 'str' objects}\n"
	"        1    0.010    0.001    0.200    0.153 <string>:1(<module>)\n\n\n";

static void the_table_of_cprofile_names_functions_files_and_built_ins(void **state)
{
	(void)state;
	assert_frame(pstats_text, "_iter", "_iter Python /usr/lib/python3.11/json/encoder.py:278");
	assert_frame(pstats_text, "builtins.isinstance", "builtins.isinstance Python :0");
	assert_frame(pstats_text, "join", "join Python :0");
	assert_frame(pstats_text, "<module>", "<module> Python <string>:1");
}

static void rows_of_a_reduced_list_are_shares_of_the_whole(void **state)
{
	auto_profile struct profile *profile = told_profile(pstats_text);
	auto_free char *stacks = told_stacks(profile);

	(void)state;
	assert_string_equal(stacks, "_iter 50\nbuiltins.isinstance 25\njoin 10\n<module> 5\n 10\n");
	assert_int_equal(profile->claims.items[0].calls, 336009);
	assert_true(profile->claims.items[0].children > 0.7499);
	assert_true(profile->claims.items[0].children < 0.7501);
}

static void tables_of_pprof_may_carry_units_and_places(void **state)
{
	static const char text[] =
		"File: app\nType: alloc_space\nTime: Jan 1, 2026 at 1:00pm (UTC)\n"
		"Showing nodes accounting for 1.50GB, 75% of 2GB total\nDropped 3 nodes (cum <= "
		"10MB)\n"
		"      flat  flat%   sum%        cum   cum%\n"
		"    1.00GB 50.00% 50.00%     1.50GB 75.00%  main.(*T).work /src/main.go:12\n"
		"    0.50GB 25.00% 75.00%     0.50GB 25.00%  main.work (inline)\n";

	(void)state;
	assert_told(text, "main.(*T).work 50\nmain.work 25\n 25\n");
	assert_frame(text, "main.(*T).work", "main.(*T).work  /src/main.go:12");
	assert_told("Total: 40 samples\n"
		    "      30  75.0%  75.0%       40 100.0% poll\n"
		    "      10  25.0% 100.0%       10  25.0% std::map::find\n",
		    "poll 75\nstd::map::find 25\n");
}

static void traces_and_trees_of_pprof_have_callers(void **state)
{
	static const char rule[] =
		"-----------+-------------------------------------------------------\n";
	char traces[1024];

	(void)state;
	snprintf(traces, sizeof(traces),
		 "File: testbinary\nType: cpu\nDuration: 10s, Total samples = 1.12s (11.20%%)\n%s"
		 "      key1:  tag1\n        1s   leaf\n             inner (inline)\n             "
		 "main\n%s"
		 "     100ms   leaf\n             main\n%s",
		 rule, rule, rule);
	assert_told(traces, "main;inner;leaf 1000000000\nmain;leaf 100000000\n");
	assert_told(
		"Active filters:\n   show_from=[2]00\nShowing nodes accounting for 1s, 100% of 1s "
		"total\n"
		"----------------------------------------------------------+-------------\n"
		"      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"
		"----------------------------------------------------------+-------------\n"
		"         0     0%     0%      1.00s   100%                | main /src/a.c:4\n"
		"                                             0.75s   75% |   work /src/a.c:9 "
		"(inline)\n"
		"                                             0.25s   25% |   leaf /src/b.c:1\n"
		"----------------------------------------------------------+-------------\n"
		"                                             0.60s 60.00% |   main /src/a.c:4 "
		"(inline)\n"
		"                                             0.20s 20.00% |   other /src/a.c:5\n"
		"     0.80s 80.00% 80.00%      0.80s   80%                | work /src/a.c:9\n"
		"----------------------------------------------------------+-------------\n"
		"     0.20s 20.00%   100%      0.20s   20%                | leaf /src/b.c:1\n"
		"----------------------------------------------------------+-------------\n",
		"main;work 60\nother;work 20\nleaf 20\n");
}

static void the_summary_of_perf_trace_is_kept_by_program(void **state)
{
	static const char text[] = "\n Summary of events:\n\n ls (27585), 290 events, 97.3%\n\n"
				   "   syscall            calls  errors  total       min       avg "
				   "      max       stddev\n"
				   "                                     (msec)    (msec)    "
				   "(msec)    (msec)        (%)\n"
				   "   --------------- --------  ------ -------- --------- "
				   "--------- ---------     ------\n"
				   "   mmap                  30      0     0.600     0.014     "
				   "0.016     0.028      3.38%\n"
				   "   openat                34     13     0.200     0.012     "
				   "0.014     0.023      2.57%\n\n"
				   " sh (27586), 20 events, 2.7%\n\n"
				   "   syscall            calls  errors  total       min       avg "
				   "      max       stddev\n"
				   "   read                   7      0     0.200     0.011     "
				   "0.014     0.026     14.40%\n";
	auto_profile struct profile *profile = told_profile(text);

	(void)state;
	assert_told(text, "mmap 60\nopenat 20\nread 20\n");
	assert_string_equal(profile_text(profile, profile->samples.items[0].comm), "ls");
	assert_string_equal(profile_text(profile, profile->samples.items[2].comm), "sh");
	assert_int_equal(profile->claims.items[1].calls, 34);
}

static void a_heading_tells_what_other_profilers_count(void **state)
{
	static const char strace[] =
		"% time     seconds  usecs/call     calls    errors syscall\n"
		"------ ----------- ----------- --------- --------- ----------------\n"
		" 75.00    0.000030           0         7           read\n"
		" 25.00    0.000010           0         2         2 ioctl\n"
		"------ ----------- ----------- --------- --------- ----------------\n"
		"100.00    0.000040           0         9         2 total\n";
	static const char py_spy[] =
		"Collecting samples from 'python3 app.py' (python v3.11.2)\n"
		"Total Samples 100\nGIL: 99.00%, Active: 100.00%, Threads: 1\n\n"
		"  %Own   %Total  OwnTime  TotalTime  Function (filename)\n"
		" 60.00% 100.00%   0.60s     1.00s   work (app.py)\n"
		" 40.00%  40.00%   0.40s     0.40s   raw_decode (json/decoder.py)\n";
	static const char callgrind[] =
		"--------------------------------------------------------------------------------\n"
		"Profile data file 'cg.out' (creator: callgrind-3.19.0)\nI1 cache: \n"
		"Ir                  \n17,000,000 (100.0%)  PROGRAM TOTALS\n\n"
		"Ir                   file:function\n"
		"12,750,000 (75.00%)  ./malloc/malloc.c:_int_malloc'2 [/usr/lib/libc.so.6]\n"
		"   850,000 ( 5.00%)  ???:std::map<int, int>::find(int const&) [/bin/a]\n";

	(void)state;
	assert_told(strace, "read 75\nioctl 25\n");
	assert_told(py_spy, "work 60\nraw_decode 40\n");
	assert_frame(py_spy, "raw_decode", "raw_decode Python json/decoder.py:0");
	assert_told(callgrind, "_int_malloc 75\nstd::map<int, int>::find(int const&) 5\n 20\n");
	assert_frame(callgrind, "_int_malloc", "_int_malloc libc.so.6 ./malloc/malloc.c:0");
	assert_told("  TOTAL    (pct)     SAMPLES    (pct)     FRAME\n"
		    "    91  (97.8%)          60  (60.0%)     Foo#bar\n"
		    "    40  (40.0%)          40  (40.0%)     block in Foo#baz\n",
		    "Foo#bar 60\nblock in Foo#baz 40\n");
	assert_told("CPU: CPU with timer interrupt, speed 0 MHz (estimated)\n"
		    "Profiling through timer interrupt\n"
		    "samples  %        image name               symbol name\n"
		    "750      75.0000  libc-2.31.so             memcpy\n"
		    "250      25.0000  no-vmlinux               /no-vmlinux\n",
		    "memcpy 75\n/no-vmlinux 25\n");
}

static void sections_of_node_are_parts_of_one_profile(void **state)
{
	static const char text[] = "Statistical profiling result from isolate-0x1-2-v8.log, (8 "
				   "ticks, 2 unaccounted).\n\n"
				   " [Shared libraries]:\n   ticks  total  nonlib   name\n"
				   "      1   12.5%          /usr/lib/libc.so.6\n\n"
				   " [JavaScript]:\n   ticks  total  nonlib   name\n"
				   "      4   50.0%   57.1%  LazyCompile: *fib /tmp/n.js:1:13\n"
				   "      1   12.5%   14.3%  JS: ^<anonymous> node:path:12:3\n\n"
				   " [Summary]:\n   ticks  total  nonlib   name\n"
				   "      5   62.5%   71.4%  JavaScript\n";

	(void)state;
	assert_told(text, "[libc.so.6] 12.5\nfib 50\n<anonymous> 12.5\n 25\n");
	assert_frame(text, "fib", "fib node /tmp/n.js:1");
}

static void the_tree_of_node_gives_its_functions_callers(void **state)
{
	(void)state;
	assert_told("Statistical profiling result from x-v8.log, (20 ticks, 2 unaccounted, 0 "
		    "excluded).\n\n"
		    " [JavaScript]:\n   ticks  total  nonlib   name\n"
		    "     10   50.0%   50.0%  JS: *fib /tmp/n.js:1:13\n"
		    "      2   10.0%   10.0%  JS: ^small /tmp/n.js:9:1\n\n"
		    " [Summary]:\n   ticks  total  nonlib   name\n     12   60.0%   60.0%  "
		    "JavaScript\n\n"
		    " [C++ entry points]:\n   ticks    cpp   total   name\n      1    5.6%   1.7%  "
		    "write\n\n"
		    " [Bottom up (heavy) profile]:\n"
		    "  Note: percentage shows a share of a particular caller in the total\n"
		    "  amount of its parent calls.\n\n"
		    "   ticks parent  name\n"
		    "     10   50.0%  JS: *fib /tmp/n.js:1:13\n"
		    "      7   70.0%    JS: ^a /tmp/n.js:3:1\n"
		    "      7  100.0%      JS: ^main /tmp/n.js:5:1\n"
		    "      1   10.0%    JS: ^b /tmp/n.js:4:1\n\n"
		    "      4   20.0%  UNKNOWN\n",
		    "fib 10\nmain;a;fib 35\nb;fib 5\n[unknown] 20\nsmall 10\n 20\n");
}

static void any_table_is_read_by_the_labels_of_its_columns(void **state)
{
	auto_profile struct profile *profile = told_profile(
		"Function\tCPU Time\tCPU Time:Spin Time\tModule\tFunction (Full)\tSource File\n"
		"at\t22.5\t3\t/opt/libx.so\tat\tm.h\nrest\t7.5\t0\tlibc.so.6\trest\t\n");
	auto_free char *stacks = told_stacks(profile), *frame = told_frame(profile, "at");

	(void)state;
	assert_string_equal(stacks, "at 75\nrest 25\n");
	assert_string_equal(frame, "at libx.so m.h:0");
	assert_string_equal(profile_text(profile, profile->columns),
			    "function: 'Function', its own: 'CPU Time', library: 'Module', "
			    "file: 'Source File'");
	assert_told("Function,Module,CPU Time\n\"std::map<int, int>::at\",libx.so,\"1,500\"\n"
		    "multiply,matrix,500\n",
		    "std::map<int, int>::at 75\nmultiply 25\n");
	assert_told("Symbol;Self %;Total %\nmalloc;12,5%;20%\nfree;7,5%;7,5%\n",
		    "malloc 12.5\nfree 7.5\n 80\n");
	assert_told("Function                 Module       CPU Time  Effective Time\n"
		    "-----------------------  -----------  --------  --------------\n"
		    "multiply                 matrix        15.000s         15.000s\n"
		    "std::map<int, int>::at   libx.so        5.000s          4.000s\n",
		    "multiply 75\nstd::map<int, int>::at 25\n");
	assert_told("| Function | Self % |\n|:---|---:|\n| malloc | 60% |\n| a || b | 40% |\n",
		    "malloc 60\na || b 40\n");
}

static void tables_of_modules_give_way_to_the_one_of_functions(void **state)
{
	auto_profile struct profile *profile = told_profile(
		"HOTTEST MODULES\nMODULE,\"CYCLES_NOT_IN_HALT\"\n\"/bin/m\",1200\n"
		"HOTTEST FUNCTIONS\nFUNCTION,\"CYCLES_NOT_IN_HALT\",MODULE\n"
		"\"mul(int, int)\",900,\"/bin/m\"\n\"memcpy\",300,\"/lib/libc.so.6\"\n");
	auto_free char *stacks = told_stacks(profile);

	(void)state;
	assert_string_equal(stacks, "mul(int, int) 75\nmemcpy 25\n");
	assert_string_equal(profile->events.items[0].name, "CYCLES_NOT_IN_HALT");
}

static void folded_stacks_of_py_spy_know_their_places(void **state)
{
	static const char text[] = "<module> (app.py:20);work (lib/app.py:12) 3\n"
				   "<module> (app.py:20);raw_decode (json/decoder.py:353) 1\n";

	(void)state;
	assert_told(text, "<module>;work 3\n<module>;raw_decode 1\n");
	assert_frame(text, "raw_decode", "raw_decode Python json/decoder.py:353");
}

static void a_bare_list_needs_no_heading(void **state)
{
	(void)state;
	assert_told("12.5% malloc\n 7.5%  std::map<int, int>::find\n",
		    "malloc 12.5\nstd::map<int, int>::find 7.5\n 80\n");
	assert_told("malloc: 12,5%\nfree 7.5 %\n", "malloc 12.5\nfree 7.5\n 80\n");
	assert_told("1. malloc - 12.5%\n2. free - 7.5%\n", "malloc 12.5\nfree 7.5\n 80\n");
	assert_told("   1500 malloc\n    400 free\n    100 main\n", "malloc 75\nfree 20\nmain 5\n");
}

static void rows_of_perf_top_are_read_with_what_stands_above_them(void **state)
{
	(void)state;
	assert_told("   PerfTop:    3957 irqs/sec  kernel:12.3%  exact:  0.0% [4000Hz cpu-clock]\n"
		    "---------------------------------------------------------------------\n\n"
		    "    60.00%  libz.so.1.2.13       [.] deflate_slow\n"
		    "    40.00%  [kernel]             [k] clear_page_erms\n",
		    "deflate_slow 60\nclear_page_erms 40\n");
	assert_told("Samples: 12K of event 'cycles', 4000 Hz, Event count (approx.): 1234567890\n"
		    "Overhead  Shared Object        Symbol\n"
		    "  60,00%  libz.so.1.2.13       [.] deflate_slow\n"
		    "  40,00%  [kernel]             [k] clear_page_erms\n",
		    "deflate_slow 60\nclear_page_erms 40\n");
}

static void text_that_is_no_table_is_no_table(void **state)
{
	static const char *const texts[] = {
		"Linux version 6.1\n12 34 56\na b c\n",
		"we saw 12 errors\nand 3 warnings in 5 files\nthen nothing\n",
		"Name,Age,City\nBob,12,Rome\n",
		"Function of the heart\nis to beat 70 times\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct profile *profile = NULL;
		auto_error struct error *error =
			profile_import_text(str_from(texts[i]), "test", &profile);

		profile_free(profile);
		if (!error)
			fail_msg("%s", texts[i]);
	}
}

static void what_cannot_be_a_profile_says_what_would_be_one(void **state)
{
	struct profile *profile = NULL;
	auto_error struct error *top = profile_import_text(
		STR("    PID USER      PR  NI  S  %CPU  %MEM     TIME+ COMMAND\n"
		    "      1 root      20   0  S   0.0   0.1   0:01.00 systemd\n"),
		"test", &profile);
	auto_error struct error *histogram = profile_import_text(
		STR("@usecs:\n[1]                    3 |@@@                 |\n"), "test",
		&profile);

	(void)state;
	assert_non_null(strstr(error_hint(top), "sysgrok record -p"));
	assert_non_null(strstr(error_hint(histogram), "kstack"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_as_tools_and_countries_write_them),
		cmocka_unit_test(the_binary_file_of_cprofile_has_callers_too),
		cmocka_unit_test(the_call_graph_of_gprof_says_whose_the_time_is),
		cmocka_unit_test(a_flat_profile_of_gprof_without_ticks_counts_calls),
		cmocka_unit_test(the_table_of_cprofile_names_functions_files_and_built_ins),
		cmocka_unit_test(functions_of_one_name_in_several_files_are_not_added_up),
		cmocka_unit_test(rows_of_a_reduced_list_are_shares_of_the_whole),
		cmocka_unit_test(tables_of_pprof_may_carry_units_and_places),
		cmocka_unit_test(traces_and_trees_of_pprof_have_callers),
		cmocka_unit_test(the_summary_of_perf_trace_is_kept_by_program),
		cmocka_unit_test(a_heading_tells_what_other_profilers_count),
		cmocka_unit_test(sections_of_node_are_parts_of_one_profile),
		cmocka_unit_test(the_tree_of_node_gives_its_functions_callers),
		cmocka_unit_test(any_table_is_read_by_the_labels_of_its_columns),
		cmocka_unit_test(tables_of_modules_give_way_to_the_one_of_functions),
		cmocka_unit_test(folded_stacks_of_py_spy_know_their_places),
		cmocka_unit_test(a_bare_list_needs_no_heading),
		cmocka_unit_test(rows_of_perf_top_are_read_with_what_stands_above_them),
		cmocka_unit_test(what_cannot_be_a_profile_says_what_would_be_one),
		cmocka_unit_test(text_that_is_no_table_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
