#!/usr/bin/env python3
"""The tools that annotate source, themselves: gcov, gprof -A, llvm-cov, callgrind and cachegrind run
on a program here, and `sysgrok code` reads what they print.

    code_tools.py SYSGROK      tells which tools are missing; skips (77) where all of them are
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TIMEOUT_S = 120

SOURCE = r"""#include <stdio.h>
#include <string.h>
static unsigned bins[64];
__attribute__((noinline)) unsigned work(unsigned n, unsigned m)
{
	unsigned s = 0;
	for (unsigned i = 0; i < n; i++) {
		s += i % m;
		bins[s & 63]++;
	}
	return s;
}
int main(int argc, char **argv)
{
	(void)argv;
	printf("%u\n", work(200000, (unsigned)argc + 6));
	return 0;
}
"""
MODULO_LINE = 8


def run(folder, line):
    done = subprocess.run(["bash", "-c", "set -e; " + line], cwd=folder, capture_output=True,
                          text=True, errors="replace", timeout=TIMEOUT_S)
    return done.stdout if done.returncode == 0 else None


# tool: (programs that it needs, what prints the annotated source, what sysgrok calls it)
TOOLS = {
    "gcov": (["gcc", "gcov"],
             "gcc -O1 --coverage -o p p.c; ./p >&2; gcov -b -c p-p.gcda >&2 || gcov -b -c p.c >&2; cat p.c.gcov",
             "gcov"),
    "gprof": (["gcc", "gprof"], "gcc -O1 -g -pg -o p p.c; ./p >&2; gprof -A p gmon.out", "gprof -A"),
    "llvm-cov": (["clang", "llvm-cov", "llvm-profdata"],
                 "clang -O1 -fprofile-instr-generate -fcoverage-mapping -o p p.c;"
                 "LLVM_PROFILE_FILE=p.raw ./p >&2; llvm-profdata merge -o p.prof p.raw;"
                 "llvm-cov show ./p -instr-profile=p.prof --show-branches=count", "llvm-cov show"),
    "callgrind": (["gcc", "valgrind"],
                  "gcc -O1 -g -o p p.c; valgrind -q --tool=callgrind --callgrind-out-file=p.out ./p >&2;"
                  "callgrind_annotate --auto=yes p.out", "callgrind_annotate"),
    "cachegrind": (["gcc", "valgrind"],
                   "gcc -O1 -g -o p p.c; valgrind -q --tool=cachegrind --cachegrind-out-file=p.out ./p >&2;"
                   "cg_annotate --auto=yes p.out", "cg_annotate"),
}


def check(sysgrok, name, text, called):
    """What is wrong with the answer, or None."""
    done = subprocess.run([sysgrok, "--offline", "--json", "code"], input=text, text=True,
                          capture_output=True, timeout=TIMEOUT_S)
    if done.returncode:
        return f"status {done.returncode}: {done.stderr[:300]}"
    answer = json.loads(done.stdout)
    if answer["format"] != called:
        return f"is taken for {answer['format']}"
    if answer["ignored_lines"]:
        return f"{answer['ignored_lines']} lines are not understood: {answer['ignored']}"
    if name == "gprof":  # it counts the starts of functions, no lines, without -l
        return None if answer["lines"] else "no line costs anything"
    hot = [line for line in answer["lines"] if line.get("line") == MODULO_LINE]
    if not hot or "i % m" not in hot[0]["text"]:
        return f"line {MODULO_LINE} is not among the hot ones: {answer['lines'][:3]}"
    if "division-in-loop" not in [finding["rule"] for finding in answer["findings"]]:
        return "the division is not found"
    return None


def main():
    failed = missing = 0
    for name, (programs, line, called) in TOOLS.items():
        absent = [program for program in programs if not shutil.which(program)]
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "p.c").write_text(SOURCE)
            text = None if absent else run(folder, line)
        if text is None:
            print(f"{name}: not tried: {', '.join(absent) or 'it does not work here'}")
            missing += 1
            continue
        fault = check(sys.argv[1], name, text, called)
        print(f"{name}: {fault or 'ok'}")
        failed += fault is not None
    if missing == len(TOOLS):
        print("SKIP: none of the tools is there")
        return 77
    return 1 if failed else 0


sys.exit(main())
