#!/usr/bin/env python3
"""Real code with a pattern, and the same done well: compiled here, recorded and annotated by perf,
read by `sysgrok code`. Each pattern must be found in the first and not in its twin.

    code_patterns.py SYSGROK [PATTERN...]      skips (77) where perf, gcc or g++ do not work
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TIMEOUT_S = 120

HEAD = r"""
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define NOINLINE __attribute__((noipa))
#define N 4096
extern volatile int sink;
volatile int sink;
static double matrix[N][N / 4];
static int numbers[1 << 16];
static unsigned bins[1024];
"""

# rule: (function with it, twin without, options of the compiler's)
PATTERNS = {
    "division-in-loop": ("""
NOINLINE unsigned NAME(unsigned n, unsigned m)
{
	unsigned s = 0;
	for (unsigned i = 0; i < n; i++)
		s += (i * 2654435761u) % m;
	return s;
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) sink += NAME(50000, r + 17); }
""", """
NOINLINE unsigned NAME(unsigned n, unsigned m)
{
	unsigned s = m;
	for (unsigned i = 0; i < n; i++)
		s += (i * 2654435761u ^ s) % 1000;
	return s;
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) sink += NAME(50000, r + 17); }
"""),
    "column-walk": ("""
NOINLINE double NAME(double *a, int rows, int columns)
{
	double s = 0;
	for (int j = 0; j < columns; j++)
		for (int i = 0; i < rows; i++)
			s += a[i * columns + j];
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds / 30 + 1; r++) sink += (int)NAME(matrix[0], N, N / 4); }
""", """
NOINLINE double NAME(double *a, int rows, int columns)
{
	double s = 0;
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < columns; j++)
			s += a[i * columns + j];
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds / 30 + 1; r++) sink += (int)NAME(matrix[0], N, N / 4); }
"""),
    "length-in-condition": ("""
NOINLINE void NAME(char *t)
{
	for (size_t i = 0; i < strlen(t); i++)
		if (t[i] == 'a')
			t[i] = 'b';
}
static char text[200];
void run(unsigned rounds)
{
	memset(text, 'x', sizeof(text) - 1);
	for (unsigned r = 0; r < rounds * 1000; r++) NAME(text);
}
""", """
NOINLINE void NAME(char *t)
{
	const size_t length = strlen(t);
	for (size_t i = 0; i < length; i++)
		if (t[i] == 'a')
			t[i] = 'b';
}
static char text[200];
void run(unsigned rounds)
{
	memset(text, 'x', sizeof(text) - 1);
	for (unsigned r = 0; r < rounds * 2500; r++) NAME(text);
}
"""),
    "false-sharing": ("""
static volatile long counts[8];
NOINLINE void *NAME(void *argument)
{
	long tid = (long)argument;
	for (long i = 0; i < 60000000; i++)
		counts[tid]++;
	return NULL;
}
void run(unsigned rounds)
{
	pthread_t threads[2];
	for (long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, NAME, (void *)i);
	for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
	sink += (int)counts[0] + (int)rounds;
}
""", """
static long counts[8];
NOINLINE void *NAME(void *argument)
{
	long tid = (long)argument;
	volatile long local = 0;
	for (long i = 0; i < 60000000; i++)
		local++;
	counts[tid] = local;
	return NULL;
}
void run(unsigned rounds)
{
	pthread_t threads[2];
	for (long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, NAME, (void *)i);
	for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
	sink += (int)counts[0] + (int)rounds;
}
"""),
    "atomics-side-by-side": ("""
struct counters { atomic_long reads, writes; };
static struct counters all;
NOINLINE void NAME(struct counters *c, long n)
{
	for (long i = 0; i < n; i++) {
		atomic_fetch_add(&c->reads, i);
		atomic_fetch_add(&c->writes, 1);
	}
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) NAME(&all, 20000); }
""", """
struct counters { _Alignas(64) atomic_long reads; _Alignas(64) atomic_long writes; };
static struct counters all;
NOINLINE void NAME(struct counters *c, long n)
{
	for (long i = 0; i < n; i++) {
		atomic_fetch_add(&c->reads, i);
		atomic_fetch_add(&c->writes, 1);
	}
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) NAME(&all, 20000); }
"""),
    "atomic-in-loop": ("""
static atomic_long total;
NOINLINE void NAME(const int *a, long n)
{
	for (long i = 0; i < n; i++)
		if (a[i] >= 0)
			atomic_fetch_add(&total, a[i]);
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) NAME(numbers, 40000); }
""", """
static atomic_long total;
NOINLINE void NAME(const int *a, long n)
{
	long sum = 0;
	for (long i = 0; i < n; i++)
		if (a[i] >= 0)
			sum += a[i];
	atomic_fetch_add(&total, sum);
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds * 8; r++) NAME(numbers, 40000); }
"""),
    "value-stored-each-time": ("""
NOINLINE void NAME(const int *a, long n, int *sum)
{
	for (long i = 0; i < n; i++)
		*sum += a[i];
}
void run(unsigned rounds)
{ int s = 0; for (unsigned r = 0; r < rounds * 4; r++) NAME(numbers, 40000, &s); sink += s; }
""", """
NOINLINE void NAME(const int *a, long n, int *sum)
{
	int local = *sum;
	for (long i = 0; i < n; i++)
		local += a[i];
	*sum = local;
}
void run(unsigned rounds)
{ int s = 0; for (unsigned r = 0; r < rounds * 20; r++) NAME(numbers, 40000, &s); sink += s; }
"""),
    "allocation-in-loop": ("""
NOINLINE int NAME(int n)
{
	int s = 0;
	for (int i = 0; i < n; i++) {
		char *p = malloc(32 + (i & 15));
		p[0] = (char)i;
		s += p[0];
		sink = *(volatile char *)p;
		free(p);
	}
	return s;
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds; r++) sink += NAME(40000); }
""", """
NOINLINE int NAME(int n)
{
	int s = 0;
	char *p = malloc(64);
	for (int i = 0; i < n; i++) {
		p[i & 15] = (char)i;
		s += p[i & 7];
		sink = *(volatile char *)p;
	}
	free(p);
	return s;
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds * 8; r++) sink += NAME(40000); }
"""),
    "pointer-chasing": ("""
struct node { struct node *next; long value; char pad[112]; };
static struct node *first;
NOINLINE long NAME(const struct node *p)
{
	long s = 0;
	for (; p; p = p->next)
		s += p->value;
	return s;
}
void run(unsigned rounds)
{
	enum { NODES = 100000 };
	static struct node nodes[NODES];
	static unsigned order[NODES];
	for (unsigned i = 0; i < NODES; i++) order[i] = i;
	for (unsigned i = NODES - 1; i; i--) {
		unsigned k = (unsigned)rand() % i, t = order[i];
		order[i] = order[k]; order[k] = t;
	}
	for (unsigned i = 0; i + 1 < NODES; i++) nodes[order[i]].next = &nodes[order[i + 1]];
	first = &nodes[order[0]];
	for (unsigned r = 0; r < rounds / 5 + 1; r++) sink += (int)NAME(first);
}
""", """
struct node { long value; char pad[120]; };
NOINLINE long NAME(const struct node *p, long n)
{
	long s = 0;
	for (long i = 0; i < n; i++)
		s += p[i].value;
	return s;
}
void run(unsigned rounds)
{
	enum { NODES = 100000 };
	static struct node nodes[NODES];
	for (unsigned r = 0; r < rounds / 3 + 1; r++) sink += (int)NAME(nodes, NODES);
}
"""),
    "scalar-floating-point": ("""
NOINLINE double NAME(const double *a, long n)
{
	double s = 0;
	for (long i = 0; i < n; i++)
		s += a[i] * a[i];
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 40; r++) sink += (int)NAME(matrix[0], 2000); }
""", """
__attribute__((optimize("O3", "fast-math"))) NOINLINE double NAME(const double *a, long n)
{
	double s = 0;
	for (long i = 0; i < n; i++)
		s += a[i] * a[i];
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 80; r++) sink += (int)NAME(matrix[0], 2000); }
"""),
    "power-with-whole-exponent": ("""
NOINLINE double NAME(const double *a, long n)
{
	double s = 0;
	for (long i = 0; i < n; i++)
		s += pow(a[i], 3);
	return s;
}
void run(unsigned rounds)
{
	for (int i = 0; i < 2000; i++) matrix[0][i % 1000] = i * 0.37;
	for (unsigned r = 0; r < rounds * 60; r++) sink += (int)NAME(matrix[0], 1000);
}
""", """
NOINLINE double NAME(const double *a, long n)
{
	double s = 0;
	for (long i = 0; i < n; i++)
		s += pow(a[i], 2);
	return s;
}
void run(unsigned rounds)
{
	for (int i = 0; i < 2000; i++) matrix[0][i % 1000] = i * 0.37;
	for (unsigned r = 0; r < rounds * 60; r++) sink += (int)NAME(matrix[0], 1000);
}
"""),
    "indirect-call-in-hot-loop": ("""
static int add(int x) { return x + 1; }
static int twice(int x) { return x * 2; }
static int (*volatile choice[2])(int) = { add, twice };
NOINLINE int NAME(int (*f)(int), int n)
{
	int s = 0;
	for (int i = 0; i < n; i++)
		s = f(s);
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 2; r++) sink += NAME(choice[r & 1], 50000); }
""", """
static inline int add(int x) { return (x ^ x >> 3) + 1; }
NOINLINE int NAME(int s, int n)
{
	for (int i = 0; i < n; i++)
		s = add(s);
	return s;
}
void run(unsigned rounds) { for (unsigned r = 0; r < rounds * 5; r++) sink += NAME(sink, 50000); }
"""),
    "precision-change": ("""
NOINLINE void NAME(float *a, long n)
{
	for (long i = 0; i < n; i++)
		a[i] = a[i] * 0.3 + 0.1;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 10; r++) NAME((float *)matrix[1], 2000); }
""", """
NOINLINE void NAME(float *a, long n)
{
	for (long i = 0; i < n; i++)
		a[i] = a[i] * 0.3f + 0.1f;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 20; r++) NAME((float *)matrix[1], 2000); }
"""),
    "strcat-in-loop": ("""
NOINLINE void NAME(char *out, int n)
{
	out[0] = '\\0';
	for (int i = 0; i < n; i++)
		strcat(out, i & 1 ? "ab" : "cd");
}
static char text[200];
void run(unsigned rounds) { for (unsigned r = 0; r < rounds * 200; r++) NAME(text, 90); }
""", """
NOINLINE void NAME(char *out, int n)
{
	char *end = out;
	for (int i = 0; i < n; i++)
		end = stpcpy(end, i & 1 ? "ab" : "cd");
}
static char text[200];
void run(unsigned rounds) { for (unsigned r = 0; r < rounds * 600; r++) NAME(text, 90); }
"""),
    "spin-waiting": ("""
static atomic_int ready;
NOINLINE void NAME(void)
{
	while (!atomic_load_explicit(&ready, memory_order_acquire))
		__builtin_ia32_pause();
}
static void *work(void *argument)
{
	for (volatile long i = 0; i < 150000000; i++) ;
	atomic_store(&ready, 1);
	return argument;
}
void run(unsigned rounds)
{
	pthread_t thread;
	pthread_create(&thread, NULL, work, NULL);
	NAME();
	pthread_join(thread, NULL);
	sink += (int)rounds;
}
""", None),
    "large-stride": ("""
struct row { long key; char rest[1016]; };
NOINLINE long NAME(const struct row *rows, long n)
{
	long s = 0;
	for (long i = 0; i < n; i++)
		s += rows[i].key;
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds; r++) sink += (int)NAME((struct row *)matrix, 30000); }
""", """
NOINLINE long NAME(const long *keys, long n)
{
	long s = 0;
	for (long i = 0; i < n; i++)
		s += keys[i];
	return s;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 20; r++) sink += (int)NAME((long *)matrix, 30000); }
"""),
    "fp-division-in-loop": ("""
NOINLINE void NAME(double *a, long n, double d)
{
	for (long i = 0; i < n; i++)
		a[i] = a[i] / d + 1;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 10; r++) NAME(matrix[2], 1000, r + 1.5); }
""", """
NOINLINE void NAME(double *a, long n, double d)
{
	const double inverse = 1 / d;
	for (long i = 0; i < n; i++)
		a[i] = a[i] * inverse + 1;
}
void run(unsigned rounds)
{ for (unsigned r = 0; r < rounds * 40; r++) NAME(matrix[2], 1000, r + 1.5); }
"""),
}


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def shell(words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S, **options)


def record(folder, name, code):
    """Where perf recorded a program with the code, whose function is called hot_loop."""
    source = folder / f"{name}.c"
    source.write_text(HEAD + code.replace("NAME", "hot_loop") +
                      "int main(void) { run(1000); return 0; }\n")
    program = folder / name
    built = shell(["gcc", "-g", "-O2", "-o", program, source, "-lm", "-pthread"])
    if built.returncode:
        sys.exit(f"{name}: {built.stderr}")
    recording = folder / f"{name}.data"
    recording.unlink(missing_ok=True)
    done = shell(["timeout", "60", "perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-o",
                  recording, program])
    if not recording.exists():
        skip(f"perf cannot record here: {done.stderr.strip()[:200]}")
    return recording


def annotate(recording, layout):
    return shell(["timeout", "60", "perf", "annotate", "-i", recording, *layout, "-s",
                  "hot_loop"]).stdout


def findings_of(sysgrok, text):
    done = shell([sysgrok, "--offline", "--json", "code"], input=text)
    if done.returncode:
        print(f"sysgrok: {done.stderr}\n{text[:600]}")
        return {}
    return {finding["rule"]: finding for finding in json.loads(done.stdout)["findings"]}


LAYOUTS = [["--stdio"], ["--stdio", "-l"], ["--stdio", "-M", "intel"], ["--stdio", "--asm-raw"]]


def main():
    sysgrok, wanted = sys.argv[1], sys.argv[2:] or list(PATTERNS)
    for tool in ("perf", "gcc", "objdump", "timeout"):
        if not shutil.which(tool):
            skip(f"there is no {tool}")
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for rule in wanted:
            bad, good = PATTERNS[rule]
            recording = record(folder, "bad", bad)
            for layout in LAYOUTS:
                found = findings_of(sysgrok, annotate(recording, layout))
                if rule not in found:
                    print(f"FAIL {rule} {' '.join(layout)}: only {sorted(found)}")
                    failed += 1
            found = findings_of(sysgrok, annotate(record(folder, "good", good), LAYOUTS[0])) \
                if good else {}
            if rule in found:
                print(f"FAIL {rule}: found in the twin without it")
                failed += 1
            print(f"{rule}; its twin: {', '.join(sorted(found)) or 'nothing'}", flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


sys.exit(main())
