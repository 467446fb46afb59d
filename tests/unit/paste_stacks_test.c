#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "samples/load.h"
#include "samples/threads.h"
#include "told_profile.h"

static void assert_frame(const char *text, const char *name, const char *wanted)
{
	auto_profile struct profile *profile = told_profile(text);
	auto_free char *frame = told_frame(profile, name);

	assert_string_equal(frame, wanted);
}

static uint64_t count_of(const struct profile *profile, enum profile_state state)
{
	auto_thread_groups struct thread_groups threads = threads_group(profile);

	return threads.counts[state];
}

/* ---- native */

static const char asan_text[] =
	"=================================================================\n"
	"==31659==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x604000000038 at pc\n"
	"READ of size 4 at 0x604000000038 thread T0\n"
	"    #0 0x5625480131bf in f(int*, char) /tmp/a b/asan.c:2:7\n"
	"    #1 0x5625480131ea in main /tmp/asan.c:3\n"
	"    #2 0x7f32cc645249  (/lib/libc.so.6+0x27249) (BuildId: 12ab)\n\n"
	"0x604000000038 is located 0 bytes to the right of 40-byte region\nallocated by thread T0 "
	"here:\n"
	"    #0 0x7f32cc8b89cf in operator new(unsigned long) ../../asan.cpp:69\n"
	"    #1 0x5625480131da in main /tmp/asan.c:2\n\n"
	"SUMMARY: AddressSanitizer: heap-buffer-overflow /tmp/asan.c:2 in f\n"
	"Shadow bytes around the buggy address:\n  0x0c087fff7fb0: 00 00 00\n"
	"  Addressable:           00\n==31659==ABORTING\n";

static void the_stacks_of_sanitizers_are_read_and_their_shadow_bytes_are_not(void **state)
{
	(void)state;
	assert_told(asan_text,
		    "[libc.so.6];main;f(int*, char) 1\nmain;operator new(unsigned long) 1\n");
	assert_frame(asan_text, "main", "main  /tmp/asan.c:3");
}

static void the_stacks_of_valgrind_lose_its_marks(void **state)
{
	static const char text[] = "==7== Memcheck, a memory error detector\n"
				   "==7== Invalid read of size 4\n"
				   "==7==    at 0x109155: f (asan.c:2)\n"
				   "==7==    by 0x10917B: main (asan.c:3)\n"
				   "==7==  Address 0x4a46068 is 0 bytes after a block of size 40\n"
				   "==7==    at 0x48417B4: malloc (in /usr/lib/vgpreload.so)\n"
				   "==7==    by 0x10916B: ??? (in /bin/a)\n==7== \n";

	(void)state;
	assert_told(text, "main;f 1\n[a];malloc 1\n");
	assert_frame(text, "f", "f  asan.c:2");
}

static void places_of_rust_stand_on_a_line_of_their_own(void **state)
{
	static const char text[] =
		"\nthread 'main' (31646) panicked at r.rs:1:33:\nindex out of bounds\nstack "
		"backtrace:\n"
		"   0: std[e28293b1aa0f68bd]::panicking::begin\n"
		"             at /rustc/59807/library/std/src/panicking.rs:689:5\n"
		"   1:     0x55ab3d8657ea - <r::T as core::fmt::Display>::fmt\n"
		"                               at ./r.rs:1:33\n"
		"   2: main\n"
		"note: Some details are omitted, run with `RUST_BACKTRACE=full`.\n";

	(void)state;
	assert_told(text, "main;<r::T as core::fmt::Display>::fmt;std::panicking::begin 1\n");
	assert_frame(text, "std::panicking::begin",
		     "std::panicking::begin  /rustc/59807/library/std/src/panicking.rs:689");
}

static void debuggers_and_core_dumps_have_their_own_places(void **state)
{
	static const char lldb[] =
		"* thread #1, name = 'app', queue = 'com.apple.main-thread', stop reason = signal\n"
		"  * frame #0: 0x7f12 libc.so.6`__poll(fds=0x0, n=1) + 12 at poll.c:29:10\n"
		"    frame #1: 0x5512 app`std::vector<int>::size() const + 4\n"
		"    frame #2: 0x5555 app`main at main.c:7\n";
	static const char core[] = "Stack trace of thread 77:\n"
				   "#0  0x00007f12 raise (libc.so.6 + 0x3ce)\n"
				   "#1  0x00007f13 n/a (libfoo.so.1 + 0x12)\n"
				   "#2  0x00005555 main (app + 0x1139)\n"
				   "ELF object binary architecture: AMD x86-64:\n";
	static const char android[] = "backtrace:\n      #00 pc 0000000000012345  "
				      "/system/lib64/libc.so (tgkill+12) (BuildId: ab)\n"
				      "      #01 pc 0000000000002345  /data/app/libx.so\n";

	(void)state;
	assert_told(lldb, "main;std::vector<int>::size() const;__poll 1\n");
	assert_frame(lldb, "__poll", "__poll libc.so.6 poll.c:29");
	assert_told(core, "main;[libfoo.so.1];raise 1\n");
	assert_frame(core, "raise", "raise libc.so.6 :0");
	assert_told(android, "[libx.so];tgkill 1\n");
	assert_told("./prog(work+0x1a) [0x40069a]\n./prog(main+0x2)[0x4006aa]\n"
		    "/lib/libc.so.6(+0x2724a) [0x7f4b]\n",
		    "[libc.so.6];main;work 1\n");
	assert_told("#0  0x0000 in std::map<int (*)(int), long>::find (this=0x1) at m.h:3\n"
		    "#1  0x0000 in operator() (x=1) from /lib/libx.so\n",
		    "operator();std::map<int (*)(int), long>::find 1\n");
}

static void idle_threads_of_gdb_stand_apart_from_running_ones(void **state)
{
	auto_profile struct profile *profile = told_profile(
		"Thread 3 (Thread 0x7f (LWP 31) \"worker\"):\n"
		"#0  0x00007f in __futex_abstimed_wait_common64 () from /lib/libc.so.6\n"
		"#1  0x00007f in pthread_cond_wait () from /lib/libc.so.6\n"
		"#2  0x000055 in queue_take (q=0x1) at q.c:7\n\n"
		"Thread 2 (Thread 0x7f (LWP 30) \"locked\"):\n"
		"#0  0x00007f in __lll_lock_wait () from /lib/libc.so.6\n"
		"#1  0x00007f in pthread_mutex_lock () from /lib/libc.so.6\n"
		"#2  0x000055 in update (t=0x1) at t.c:7\n\n"
		"Thread 1 (Thread 0x7f (LWP 29) \"app\"):\n"
		"#0  0x00005555 in parse (x=1) at p.c:1\n#1  0x0055 in main () at m.c:2\n");
	auto_thread_groups struct thread_groups threads = threads_group(profile);

	(void)state;
	assert_int_equal(threads.all, 3);
	assert_int_equal(threads.counts[PROFILE_STATE_IDLE], 1);
	assert_int_equal(threads.counts[PROFILE_STATE_BLOCKED], 1);
	assert_int_equal(threads.groups.items[0].state, PROFILE_STATE_UNKNOWN);
	assert_int_equal(profile->events.count, 2);
	assert_string_equal(profile->events.items[1].name, "idle stacks");
	assert_int_equal(profile->events.items[0].weight, 2);
	assert_string_equal(profile_text(profile, threads.groups.items[2].names[0]), "worker");
	assert_string_equal(
		profile_text(
			profile,
			profile->frames
				.items[threads_telling_frame(profile, threads.groups.items[2].node)]
				.name),
		"queue_take");
}

/* ---- kernel */

static const char hung_text[] =
	"Nov 20 10:00:00 box kernel: INFO: task sh:1234 blocked for more than 120 seconds.\n"
	"Nov 20 10:00:00 box kernel:       Not tainted 6.1.0 #1\n"
	"Nov 20 10:00:00 box kernel: \"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables "
	"this.\n"
	"Nov 20 10:00:00 box kernel: task:sh              state:D stack:0     pid:1234  ppid:1\n"
	"Nov 20 10:00:00 box kernel: Call Trace:\n"
	"Nov 20 10:00:00 box kernel:  <TASK>\n"
	"Nov 20 10:00:00 box kernel:  __schedule+0x351/0xa20\n"
	"Nov 20 10:00:00 box kernel:  ? guess+0x1/0x2\n"
	"Nov 20 10:00:00 box kernel:  __mutex_lock.constprop.0+0x5d/0x90 [ext4]\n"
	"Nov 20 10:00:00 box kernel:  do_syscall_64+0x5d/0x90\n"
	"Nov 20 10:00:00 box kernel:  </TASK>\n";

static void a_hung_task_is_named_and_known_to_wait_for_a_lock(void **state)
{
	auto_profile struct profile *profile = told_profile(hung_text);

	(void)state;
	assert_told(hung_text, "do_syscall_64;__mutex_lock.constprop.0;__schedule 1\n");
	assert_string_equal(profile_text(profile, profile->samples.items[0].comm), "sh");
	assert_int_equal(profile->threads.items[profile->samples.items[0].thread].pid, 1234);
	assert_int_equal(count_of(profile, PROFILE_STATE_BLOCKED), 1);
}

static void an_oops_begins_where_it_happened(void **state)
{
	(void)state;
	assert_told(
		"[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
		"[   12.345679] #PF: supervisor read access in kernel mode\n"
		"[   12.345680] CPU: 1 PID: 77 Comm: cat Tainted: G        W  6.1.0 #1\n"
		"[   12.345681] RIP: 0010:bad_read+0x1f/0x30 [mod]\n"
		"[   12.345682] Code: 48 8b 00 <0f> 0b\n"
		"[   12.345683] RSP: 0018:ffffc900 EFLAGS: 00010246\n"
		"[   12.345684] Call Trace:\n"
		"[   12.345685]  <TASK>\n"
		"[   12.345686]  vfs_read+0xa1/0x2b0\n"
		"[   12.345687]  ksys_read+0x5f/0xe0\n"
		"[   12.345688]  </TASK>\n"
		"[   12.345689] ---[ end trace 0000000000000000 ]---\n"
		"[   12.345690] RIP: 0010:bad_read+0x1f/0x30 [mod]\n",
		"ksys_read;vfs_read;bad_read 1\n");
}

static void stacks_of_many_tasks_end_at_their_outermost_functions(void **state)
{
	(void)state;
	assert_told("[<0>] futex_do_wait+0x38/0x60\n[<0>] do_syscall_64+0x71/0x280\n"
		    "[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e\n"
		    "[<0>] worker_thread+0x1af/0x3e0\n[<0>] ret_from_fork+0x1/0x2\n"
		    "[<0>] ret_from_fork_asm+0x1/0x2\n==> /proc/7/stack <==\n"
		    "[<0>] io_schedule+0x1/0x2\n",
		    "entry_SYSCALL_64_after_hwframe;do_syscall_64;futex_do_wait 1\n"
		    "ret_from_fork_asm;ret_from_fork;worker_thread 1\nio_schedule 1\n");
}

/* ---- managed */

static const char jstack_text[] =
	"2026-11-20 12:16:48\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode):\n\n"
	"\"left\" #8 prio=5 os_prio=0 cpu=1.00ms elapsed=4.38s tid=0x00007f nid=0x10 waiting for "
	"monitor "
	"entry  [0x00007f]\n"
	"   java.lang.Thread.State: BLOCKED (on object monitor)\n"
	"\tat D.run(D.java:5)\n\t- waiting to lock <0x01> (a java.lang.Object)\n"
	"\t- locked <0x02> (a java.lang.Object)\n"
	"\tat java.lang.Thread.run(java.base@17.0.15/Thread.java:840)\n\n"
	"   Locked ownable synchronizers:\n\t- None\n\n"
	"\"right \"quoted\"\" #9 prio=5 os_prio=0 tid=0x00007f nid=0x11 waiting for monitor entry  "
	"[0x7f]\n"
	"   java.lang.Thread.State: BLOCKED (on object monitor)\n"
	"\tat D.other(D.java:6)\n\t- waiting to lock <0x02> (a java.lang.Object)\n"
	"\t- locked <0x01> (a java.lang.Object)\n\n"
	"\"pool-1\" #10 daemon prio=5 os_prio=0 tid=0x00007f nid=0x12 waiting on condition  "
	"[0x7f]\n"
	"   java.lang.Thread.State: WAITING (parking)\n"
	"\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n"
	"\t- parking to wait for  <0x03> (a "
	"java.util.concurrent.locks.AbstractQueuedSynchronizer$Cond)\n"
	"\tat app.Pool.take(Pool.java:7)\n\n"
	"\"selector\" #11 prio=5 os_prio=0 tid=0x00007f nid=0x13 runnable  [0x00007f]\n"
	"   java.lang.Thread.State: RUNNABLE\n"
	"\tat sun.nio.ch.EPoll.wait(java.base@17.0.15/Native Method)\n\n"
	"\"busy\" #12 prio=5 os_prio=0 tid=0x00007f nid=0x14 runnable  [0x00007f]\n"
	"   java.lang.Thread.State: RUNNABLE\n"
	"\tat java.util.HashMap.put(java.base@17.0.15/HashMap.java:610)\n\tat D.work(D.java:9)\n\n"
	"\"VM Thread\" os_prio=0 cpu=0.99ms tid=0x00007f nid=0x15 runnable  \n\n"
	"JNI global refs: 9, weak refs: 0\n\n\nFound one Java-level deadlock:\n"
	"=============================\n\"left\":\n  waiting to lock monitor 0x7f\n"
	"Java stack information for the threads listed above:\n\"left\":\n\tat D.run(D.java:5)\n";

static void a_thread_dump_of_java_tells_states_and_who_waits_for_whom(void **state)
{
	auto_profile struct profile *profile = told_profile(jstack_text);
	const struct profile_wait *wait = profile->waits.items;

	(void)state;
	assert_int_equal(profile->ignored_lines, 0);
	assert_string_equal(profile->format, "Java thread dump");
	assert_int_equal(count_of(profile, PROFILE_STATE_BLOCKED), 2);
	assert_int_equal(count_of(profile, PROFILE_STATE_IDLE), 2);
	assert_int_equal(count_of(profile, PROFILE_STATE_RUNNING), 1);
	assert_int_equal(profile->waits.count, 2);
	assert_string_equal(profile_text(profile, wait->waiter), "left");
	assert_string_equal(profile_text(profile, wait->lock), "<0x01> (a java.lang.Object)");
	assert_string_equal(profile_text(profile, wait->holder), "right \"quoted\"");
	assert_true(wait->is_deadlock && wait[1].is_deadlock);
	assert_frame(jstack_text, "java.util.HashMap.put",
		     "java.util.HashMap.put java.base HashMap.java:610");
}

static void a_monitor_that_was_let_go_by_wait_is_not_held(void **state)
{
	auto_profile struct profile *profile = told_profile(
		"\"a\" #8 prio=5 tid=0x1 nid=0x10 in Object.wait()  [0x7f]\n"
		"   java.lang.Thread.State: WAITING (on object monitor)\n"
		"\tat java.lang.Object.wait(Native Method)\n\t- waiting on <0x01> (a Q)\n"
		"\tat Q.take(Q.java:5)\n\t- locked <0x01> (a Q)\n\n"
		"\"b\" #9 prio=5 tid=0x2 nid=0x11 waiting for monitor entry  [0x7f]\n"
		"   java.lang.Thread.State: BLOCKED (on object monitor)\n"
		"\tat Q.put(Q.java:6)\n\t- waiting to lock <0x01> (a Q)\n");

	(void)state;
	assert_int_equal(profile->waits.count, 1);
	assert_int_equal(profile->waits.items[0].holder, 0);
	assert_false(profile->waits.items[0].is_deadlock);
}

static void exceptions_of_java_net_and_javascript_are_stacks(void **state)
{
	static const char java[] =
		"Exception in thread \"main\" java.lang.IllegalStateException: x\n"
		"\tat app//com.x.Y$1.f(Y.java:12) ~[y.jar:1.2]\n"
		"\tat com.x.Y.main(Y.java:2)\n"
		"Caused by: java.lang.RuntimeException: inner\n"
		"\tat com.x.Z.<init>(Unknown Source)\n\t... 2 more\n";
	static const char node[] = "/app/x.js:3\nfunction a(){throw new Error(\"boom\")}\n"
				   "             ^\n\nError: boom\n"
				   "    at a (/app/x.js:3:20)\n"
				   "    at async Promise.all (index 0)\n"
				   "    at new Foo (/app/y.js:8:1)\n"
				   "    at node:internal/main/run:51:3\n\nNode.js v20.20.2\n";
	static const char net[] =
		"Unhandled exception. System.InvalidOperationException: Bad\n"
		"   at App.Parser.Read(String s, Int32 n) in /src/Parser.cs:line 42\n"
		"   at App.Program.Main(String[] args) in /src/Program.cs:line 7\n";

	(void)state;
	assert_told(java, "com.x.Y.main;com.x.Y$1.f 1\ncom.x.Z.<init> 1\n");
	assert_told(node, "(anonymous);new Foo;Promise.all;a 1\n");
	assert_frame(node, "a", "a node /app/x.js:3");
	assert_told(net, "App.Program.Main;App.Parser.Read 1\n");
	assert_frame(net, "App.Parser.Read", "App.Parser.Read .NET /src/Parser.cs:42");
}

static const char go_text[] =
	"panic: runtime error: index out of range [5] with length 3\n\n"
	"goroutine 1 [running]:\n"
	"main.(*Server).serve(0xc000012345, {0x1, 0x2})\n\t/src/main.go:42 +0x1d5\n"
	"main.main()\n\t/src/my code/main.go:17 +0x57\n\n"
	"goroutine 18 [chan receive, 5 minutes]:\n"
	"main.worker(...)\n\t/src/main.go:30\n"
	"created by main.main in goroutine 1\n\t/src/main.go:12 +0x33\n\n"
	"goroutine 19 [sync.Mutex.Lock]:\n"
	"sync.(*Mutex).Lock(0xc0)\n\t/usr/local/go/src/sync/mutex.go:90 +0x1\n"
	"main.locker()\n\t/src/main.go:31 +0x2\nexit status 2\n";

static void a_dump_of_goroutines_tells_what_they_wait_for(void **state)
{
	auto_profile struct profile *profile = told_profile(go_text);

	(void)state;
	assert_told(go_text, "main.main;main.(*Server).serve 1\nmain.worker 1\n"
			     "main.locker;sync.(*Mutex).Lock 1\n");
	assert_int_equal(count_of(profile, PROFILE_STATE_RUNNING), 1);
	assert_int_equal(count_of(profile, PROFILE_STATE_IDLE), 1);
	assert_int_equal(count_of(profile, PROFILE_STATE_BLOCKED), 1);
	assert_frame(go_text, "main.main", "main.main  /src/my code/main.go:17");
}

static void groups_of_goroutines_count_as_many(void **state)
{
	(void)state;
	assert_told("goroutine profile: total 13\n"
		    "12 @ 0x43a5e 0x44a12\n#\t0x46d\tmain.worker+0x1d\t/src/main.go:42\n"
		    "#\t0x46e\tmain.start+0x2\t\t/src/main.go:12\n\n"
		    "1 @ 0x43a5f\n#\t0x46f\tmain.main+0x12\t/src/main.go:9\n",
		    "main.start;main.worker 12\nmain.main 1\n");
}

/* ---- scripts */

static void a_traceback_lists_the_innermost_call_last_and_faulthandler_first(void **state)
{
	static const char traceback[] =
		"Traceback (most recent call last):\n"
		"  File \"/app/t.py\", line 8, in <module>\n    deep(3)\n    ~~~~^^^\n"
		"  File \"/app/t.py\", line 6, in deep\n    json.loads(\"{x\")\n"
		"  [Previous line repeated 3 more times]\n"
		"json.decoder.JSONDecodeError: Expecting property name: line 1 column 2 (char "
		"1)\n\n"
		"During handling of the above exception, another exception occurred:\n\n"
		"Traceback (most recent call last):\n"
		"  File \"/app/t.py\", line 9, in other\nKeyboardInterrupt\n";
	static const char fault[] = "Fatal Python error: Segmentation fault\n\n"
				    "Thread 0x00007f (most recent call first):\n"
				    "  File \"/app/t.py\", line 2 in w\n"
				    "  File \"/usr/lib/threading.py\", line 982 in run\n\n"
				    "Current thread 0x00007e (most recent call first):\n"
				    "  File \"/app/t.py\", line 5 in deep\n";

	(void)state;
	assert_told(traceback, "<module>;deep 1\nother 1\n");
	assert_frame(traceback, "deep", "deep Python /app/t.py:6");
	assert_told(fault, "run;w 1\ndeep 1\n");
}

static void dumps_of_py_spy_say_which_threads_are_idle(void **state)
{
	static const char text[] =
		"Process 7: python3 app.py\nPython v3.11.2 (/usr/bin/python3)\n\n"
		"Thread 7 (active+gil): \"MainThread\"\n"
		"    work (app.py:12)\n    <module> (app.py:20)\n"
		"Thread 8 (idle): \"Thread-1 (w)\"\n"
		"    wait (threading.py:320)\n";
	auto_profile struct profile *profile = told_profile(text);

	(void)state;
	assert_told(text, "<module>;work 1\nwait 1\n");
	assert_int_equal(count_of(profile, PROFILE_STATE_RUNNING), 1);
	assert_int_equal(count_of(profile, PROFILE_STATE_IDLE), 1);
}

static void stacks_of_ruby_php_and_perl_are_read(void **state)
{
	static const char ruby[] = "app.rb:3:in `work': bad (RuntimeError)\n"
				   "\tfrom app.rb:7:in 'Foo#each'\n\tfrom app.rb:9:in `<main>'\n";
	static const char php[] = "PHP Stack trace:\n#0 /srv/app.php(12): Thing->run()\n"
				  "#1 [internal function]: Closure->{closure}()\n#2 {main}\n";

	(void)state;
	assert_told(ruby, "<main>;Foo#each;work 1\n");
	assert_frame(ruby, "work", "work Ruby app.rb:3");
	assert_told(php, "{main};Closure->{closure};Thing->run 1\n");
	assert_told("bad at app.pl line 3.\n\tFoo::work(1, 2) called at app.pl line 12\n"
		    "\tmain::run() called at app.pl line 20\n",
		    "main::run;Foo::work 1\n");
}

/* ---- tracing */

static void maps_of_bpftrace_are_weighed_stacks(void **state)
{
	static const char text[] =
		"Attaching 1 probe...\n^C\n\n"
		"@[\n    vfs_read+1\n    ksys_read+95\n    do_syscall_64+92\n"
		", \n    __read+77 (/usr/lib/libc.so.6)\n    main+12 (/bin/a)\n, cat, 12]: 7\n"
		"@[\n    vfs_read+1\n    0x7f12\n]: 3\n@calls[read]: 1200\n";
	auto_profile struct profile *profile = told_profile(text);

	(void)state;
	assert_told(text, "main;__read;do_syscall_64;ksys_read;vfs_read 7\n[unknown];vfs_read 3\n"
			  "read 1200\n");
	assert_string_equal(profile_text(profile, profile->samples.items[0].comm), "cat");
	assert_int_equal(profile->events.count, 2);
	assert_string_equal(profile->events.items[1].name, "calls");
	assert_true(
		profile->frames.items[profile->nodes.items[profile->samples.items[0].node].frame]
			.flags &
		PROFILE_FRAME_KERNEL);
}

static void blocks_of_bcc_and_dtrace_end_in_their_count(void **state)
{
	static const char off_cpu[] =
		"Tracing off-CPU time (us) of all threads by user + kernel stack... Hit Ctrl-C to "
		"end.\n"
		"^C\n    finish_task_switch\n    schedule\n    --\n    b'__read'\n    main\n"
		"    -                dd (1234)\n        25\n\n"
		"    [unknown]\n    -                sh (7)\n        2\n";
	auto_profile struct profile *profile = told_profile(off_cpu);

	(void)state;
	assert_told(off_cpu, "main;__read;schedule;finish_task_switch 25000\n[unknown] 2000\n");
	assert_string_equal(profile->events.items[0].name, "off-CPU time");
	assert_string_equal(profile->events.items[0].unit, "ns");
	assert_told("  vfs_read\n  ksys_read\n    12\n\n  vfs_read\n  kernel_read\n    3\n",
		    "ksys_read;vfs_read 12\nkernel_read;vfs_read 3\n");
	assert_told("              libc.so.1`read+0xa\n              app`main+0x12\n"
		    "               12\n\n",
		    "main;read 12\n");
}

/* ---- JSON */

static const char speedscope[] =
	"{\"shared\":{\"frames\":[{\"name\":\"<module> (app.py)\",\"file\":\"app.py\",\"line\":20},"
	"{\"name\":\"work (app.py:12)\",\"file\":\"app.py\",\"line\":12},{\"name\":\"f (x)\"}]},"
	"\"profiles\":[{\"type\":\"sampled\",\"name\":\"Main\",\"unit\":\"milliseconds\","
	"\"samples\":[[0,1],[0],[0,99]],\"weights\":[3,1,2]},"
	"{\"type\":\"evented\",\"name\":\"t2\",\"unit\":\"seconds\",\"events\":["
	"{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"O\",\"frame\":2,\"at\":2},"
	"{\"type\":\"C\",\"frame\":2,\"at\":4},{\"type\":\"C\",\"frame\":0,\"at\":5}]}],"
	"\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"}";

static void files_of_speedscope_are_read_sampled_and_evented(void **state)
{
	auto_profile struct profile *profile = told_profile(speedscope);

	(void)state;
	assert_told(speedscope, "<module>;work 3000000\n<module> 1000000\n<module> 2000000\n"
				"<module> 1000000000\n<module>;f (x) 2000000000\n"
				"<module> 1000000000\n");
	assert_frame(speedscope, "work", "work Python app.py:12");
	assert_string_equal(profile->format, "speedscope");
	assert_string_equal(profile->events.items[0].unit, "ns");
}

static void profiles_of_v8_keep_idle_time_apart(void **state)
{
	static const char text[] =
		"{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"url\":\"\","
		"\"lineNumber\":-1},\"children\":[2,3]},"
		"{\"id\":2,\"callFrame\":{\"functionName\":\"(idle)\",\"url\":\"\",\"lineNumber\":-"
		"1}},"
		"{\"id\":3,\"callFrame\":{\"functionName\":\"\",\"url\":\"file:///"
		"x.js\",\"lineNumber\":0},"
		"\"children\":[4]},"
		"{\"id\":4,\"callFrame\":{\"functionName\":\"work\",\"url\":\"file:///x.js\","
		"\"lineNumber\":11}}],\"samples\":[4,2,4],\"timeDeltas\":[5,30,20,10]}";
	auto_profile struct profile *profile = told_profile(text);

	(void)state;
	assert_told(text, "(anonymous);work 30000\n(idle) 20000\n(anonymous);work 10000\n");
	assert_frame(text, "work", "work node /x.js:12");
	assert_string_equal(profile->events.items[profile->samples.items[1].event].name, "idle");
}

static void json_that_is_damaged_says_so(void **state)
{
	struct profile *profile = NULL;
	auto_error struct error *error = profile_import_text(
		STR("{\"shared\":{\"frames\":[{\"name\":\"a\"}"), "test", &profile);

	(void)state;
	assert_non_null(error);
	assert_non_null(strstr(error->message, "(JSON) holds no samples: "));
}

/* ---- how a text comes */

static void texts_are_read_through_what_mail_and_editors_add(void **state)
{
	static const char wanted[] = "main;f 1\n";

	(void)state;
	assert_told("\xef\xbb\xbf#0  f (x=1) at a.c:1\r\n#1  main () at a.c:2\r\n", wanted);
	assert_told("> > #0  f (x=1) at a.c:1\n> > #1  main () at a.c:2\n>\n", wanted);
	assert_told("     1\t#0  f (x=1) at a.c:1\n     2\t#1  main () at a.c:2\n", wanted);
	assert_told("```text\n#0  f (x=1) at a.c:1\n#1  main () at a.c:2\n```\n", wanted);
	assert_told("\x1b[33m#0\x1b[0m  f (x=1) at a.c:1\n#1  main () at a.c:2\x1b[K\n", wanted);
	assert_told("# #0  f (x=1) at a.c:1\n# #1  main () at a.c:2\n", wanted);
}

static void utf_16_is_understood_with_and_without_a_mark(void **state)
{
	static const char text[] = "main;f 3\nmain;g\xc3\xa9 1\n";
	char wide[128] = { 0 };
	struct profile *profile = NULL;
	size_t len = 0;

	(void)state;
	for (int with_mark = 0; with_mark < 2; with_mark++) {
		auto_free char *stacks = NULL;

		len = 0;
		if (with_mark) {
			wide[len++] = '\xff';
			wide[len++] = '\xfe';
		}
		for (const char *c = text; *c; c++) {
			if (*c == '\xc3') {
				wide[len++] = '\xe9';
				c++;
			} else {
				wide[len++] = *c;
			}
			wide[len++] = 0;
		}
		assert_null(profile_import_text((struct str){ wide, len }, "test", &profile));
		stacks = told_stacks(profile);
		assert_string_equal(stacks, "main;f 3\nmain;g\xc3\xa9 1\n");
		profile_free(profile);
	}
}

static void lines_that_are_left_out_are_told_by_number(void **state)
{
	auto_profile struct profile *profile = told_profile("Hello,\nhere it is:\n\n"
							    "#0  f (x=1) at a.c:1\n"
							    "#1  main () at a.c:2\nThanks!\n");

	(void)state;
	assert_int_equal(profile->ignored_lines, 2);
	assert_int_equal(profile->text_lines, 5);
	assert_int_equal(profile->ignored[0].number, 1);
	assert_string_equal(profile_text(profile, profile->ignored[0].text), "Hello,");
	assert_int_equal(profile->ignored[1].number, 6);
	assert_string_equal(profile_text(profile, profile->ignored[1].text), "Thanks!");
}

static void a_paste_of_two_kinds_is_read_twice(void **state)
{
	static const char text[] = "    60.00%  gzip     gzip    [.] longest_match\n"
				   "    40.00%  gzip     gzip    [.] zip\n\n"
				   "And this is where it hangs:\n\n"
				   "\"main\" #1 prio=5 os_prio=0 tid=0x1 nid=0x2 runnable  [0x3]\n"
				   "   java.lang.Thread.State: RUNNABLE\n"
				   "\tat D.run(D.java:5)\n\tat D.main(D.java:6)\n";
	auto_profile struct profile *profile = told_profile(text);
	auto_free char *stacks = told_stacks(profile);

	(void)state;
	assert_int_equal(profile->events.count, 2);
	assert_non_null(strstr(stacks, "longest_match 60\n"));
	assert_non_null(strstr(stacks, "D.main;D.run 1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stacks_of_sanitizers_are_read_and_their_shadow_bytes_are_not),
		cmocka_unit_test(the_stacks_of_valgrind_lose_its_marks),
		cmocka_unit_test(places_of_rust_stand_on_a_line_of_their_own),
		cmocka_unit_test(debuggers_and_core_dumps_have_their_own_places),
		cmocka_unit_test(idle_threads_of_gdb_stand_apart_from_running_ones),
		cmocka_unit_test(a_hung_task_is_named_and_known_to_wait_for_a_lock),
		cmocka_unit_test(an_oops_begins_where_it_happened),
		cmocka_unit_test(stacks_of_many_tasks_end_at_their_outermost_functions),
		cmocka_unit_test(a_thread_dump_of_java_tells_states_and_who_waits_for_whom),
		cmocka_unit_test(a_monitor_that_was_let_go_by_wait_is_not_held),
		cmocka_unit_test(exceptions_of_java_net_and_javascript_are_stacks),
		cmocka_unit_test(a_dump_of_goroutines_tells_what_they_wait_for),
		cmocka_unit_test(groups_of_goroutines_count_as_many),
		cmocka_unit_test(a_traceback_lists_the_innermost_call_last_and_faulthandler_first),
		cmocka_unit_test(dumps_of_py_spy_say_which_threads_are_idle),
		cmocka_unit_test(stacks_of_ruby_php_and_perl_are_read),
		cmocka_unit_test(maps_of_bpftrace_are_weighed_stacks),
		cmocka_unit_test(blocks_of_bcc_and_dtrace_end_in_their_count),
		cmocka_unit_test(files_of_speedscope_are_read_sampled_and_evented),
		cmocka_unit_test(profiles_of_v8_keep_idle_time_apart),
		cmocka_unit_test(json_that_is_damaged_says_so),
		cmocka_unit_test(texts_are_read_through_what_mail_and_editors_add),
		cmocka_unit_test(utf_16_is_understood_with_and_without_a_mark),
		cmocka_unit_test(lines_that_are_left_out_are_told_by_number),
		cmocka_unit_test(a_paste_of_two_kinds_is_read_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
