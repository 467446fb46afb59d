#!/usr/bin/env python3
"""Programs that show a stack pattern, and their clean twins, recorded and judged: the finding is there
for the one and not for the other, and the twin gets no other warning. Languages that are not here
are left out, and said.

usage: stack_patterns.py SYSGROK
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import perf_tools

# The test runner has malloc fill what it hands out: the programs here are measured as users run them.
os.environ.pop("MALLOC_PERTURB_", None)
SYSGROK = os.path.abspath(sys.argv[1])
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stack_patterns")
WANTED_SAMPLES = 150
ATTEMPTS = 3
CONTENTION = {"lock-waits", "go-locks", "java-monitors"}

# What is true of the clean twin too: an interpreter interprets, a hash table of nodes allocates them,
# Java's code has no names without an agent.
ALLOWED = {"interpreter", "missing-symbols", "incomplete-stacks"}

# (name, language, rule); a clean twin's other warnings
CASES = [
    ("allocation", "c", "allocation-in-one-function", ()),
    ("growth", "c", "growth-by-reallocation", ()),
    ("heap", "c", "heap-given-back", ()),
    ("mapping", "c", "mapping-in-a-loop", ()),
    ("faults", "c", "page-faults-of-one-function", ()),
    ("copies", "c", "copying-in-one-function", ()),
    ("tiny", "c", "tiny-reads-and-writes", ()),
    ("characters", "c", "characters-one-by-one", ()),
    ("clock-call", "c", "clock-by-system-call", ()),
    ("clock-read", "c", "reading-the-clock", ()),
    ("lock", "c", "lock-waits", ()),
    ("yield", "c", "yield-in-a-loop", ()),
    ("sleep", "c", "sleep-in-a-loop", ()),
    ("length", "c", "length-in-a-loop", ()),
    ("scan", "c", "scanning-to-the-end", ()),
    ("numbers", "c", "numbers-as-text", ()),
    ("format", "c", "formatting-in-one-function", ()),
    ("sort", "c", "sorting-in-one-function", ()),
    ("processes", "c", "short-lived-processes", ()),
    ("software", "c", "numbers-in-software", ()),
    ("growth", "c++", "growth-by-reallocation", ()),
    ("regex", "c++", "regex-backtracking", ()),
    ("exceptions", "c++", "exceptions-in-a-loop", ()),
    ("table", "c++", "table-growth", ("allocation-in-one-function",)),
    ("gc", "python", "gc-of-python", ()),
    ("json", "python", "serialising", ()),
    ("regex", "python", "regex-backtracking", ()),
    ("gc", "node", "gc-of-javascript", ()),
    ("json", "node", "serialising", ()),
    ("regex", "node", "regex-backtracking", ()),
    ("gc", "go", "gc-of-go", ()),
    ("lock", "go", "go-locks", ()),
    ("gc", "java", "gc-of-java", ()),
    ("monitor", "java", "java-monitors", ()),
    ("debug", "rust", "rust-debug-build", ()),
]

# For whom the time is spent, which a title names.
WHO = {"allocation": "split_words", "heap": "use_large_buffer", "copies": "show_picture",
       "lock": "count_one", "scan": "read_numbers", "faults": "fill_table"}


def source(name):
    return os.path.join(SOURCES, name)


def build(language):
    """A function of (name, mode, seconds) that gives the command line, or why there is none."""
    compilers = {"c": ["cc", "-O2", "-g", "-o", "patterns_c", source("patterns.c"), "-lpthread"],
                 "c++": ["c++", "-O2", "-g", "-o", "patterns_cpp", source("patterns.cpp")],
                 "go": ["go", "build", "-o", "patterns_go", source("patterns.go")],
                 "java": ["javac", "-d", ".", source("Patterns.java")]}
    programs = {"c": ["./patterns_c"], "c++": ["./patterns_cpp"], "go": ["./patterns_go"],
                "java": ["java", "-Xmx64m", "-cp", ".", "Patterns"],
                "python": [os.path.realpath("/usr/bin/python3"), source("patterns.py")],
                "node": ["node", "--perf-basic-prof", source("patterns.js")]}
    steps = [compilers[language]] if language in compilers else []
    if language == "rust":
        steps = [["rustc", "-g", *options, "-o", f"patterns_rs_{mode}", source("patterns.rs")]
                 for mode, options in (("bad", []), ("clean", ["-O"]))]
    for step in steps:
        if not shutil.which(step[0]):
            return None, f"{step[0]} is not here"
        done = subprocess.run(["timeout", "200", *step], capture_output=True, text=True)
        if done.returncode:
            return None, f"{step[0]} failed: {done.stderr.strip()[-200:]}"
    if language == "rust":
        return (lambda name, mode, seconds: [f"./patterns_rs_{mode}", seconds]), None
    if not shutil.which(programs[language][0]):
        return None, f"{programs[language][0]} is not here"
    return (lambda name, mode, seconds: [*programs[language], name, mode, seconds]), None


def look(command, label, seconds):
    """The findings of one run, and how many samples it had."""
    path = f"{label}.data"
    # what lives shorter than a period is not sampled
    frequency = "4999" if "processes" in label else "999"
    done = subprocess.run(["timeout", "60", SYSGROK, "record", "-F", frequency, "-o", path, "--",
                           *command(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode:
        raise SystemExit(f"{label}: record said {done.stderr.strip()}")
    answer = json.loads(perf_tools.run([SYSGROK, "topn", "--json", path]))
    samples = json.loads(perf_tools.run([SYSGROK, "report", "--json", path]))["samples"]
    os.unlink(path)
    return answer["findings"], samples


def judge(command, label):
    """Longer where the machine was busy with other things."""
    for seconds in ("0.8", "3"):
        findings, samples = look(command, label, seconds)
        if samples >= WANTED_SAMPLES:
            break
    return findings


def told(findings):
    return ", ".join(f"{finding['rule']} ({finding['severity']})" for finding in findings)


def try_case(program, case):
    """What holds and what does not, of one pair of runs."""
    name, language, rule, allowed = case
    label = f"{language}-{name}"
    bad = judge(lambda seconds: program(name, "bad", seconds), f"{label}-bad")
    clean = judge(lambda seconds: program(name, "clean", seconds), f"{label}-clean")
    hits = [finding for finding in bad if finding["rule"] == rule]
    others = [finding for finding in clean if finding["severity"] != "info"
              and finding["rule"] not in ALLOWED and finding["rule"] not in allowed]
    results = [(hits, f"{label}: {rule} in {told(bad)}"),
               (not any(finding["rule"] == rule for finding in clean),
                f"{label}, clean: no {rule} in {told(clean)}"),
               (not others, f"{label}, clean: no warning in {told(others)}")]
    if hits and language == "c" and name in WHO:
        results.append((WHO[name] in hits[0]["title"],
                        f"{label}: {WHO[name]} in '{hits[0]['title']}'"))
    return results


def is_crowded():
    return os.getloadavg()[0] > 2 * os.cpu_count()


def check_case(checks, program, case):
    """A run of a second is at the mercy of what else runs; a wrong answer is wrong three times."""
    for attempt in range(ATTEMPTS):
        results = try_case(program, case)
        if all(holds for holds, _ in results):
            break
    if not results[0][0] and "missing-symbols" in results[0][1]:
        checks.note(f"left out: {case[1]}-{case[0]}: the functions that tell of it have no names "
                    "here (no debug information of libc or the interpreter)")
        results = results[1:]
    if case[2] in CONTENTION and not results[0][0] and is_crowded():
        checks.note(f"left out: {case[1]}-{case[0]}: threads that share a CPU with much else do not "
                    "meet at their lock")
        results = results[1:]
    for holds, text in results:
        checks.check(holds, text)


def main():
    checks = perf_tools.Checks()
    programs = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        probe = subprocess.run(["timeout", "20", SYSGROK, "record", "-o", "probe.data", "--", "true"],
                               capture_output=True, text=True)
        if probe.returncode:
            perf_tools.skip(f"recording does not work here: {probe.stderr.strip()}")
        for case in CASES:
            if case[1] not in programs:
                programs[case[1]] = build(case[1])
                if programs[case[1]][1]:
                    checks.note(f"left out: {case[1]}: {programs[case[1]][1]}")
            if programs[case[1]][0]:
                check_case(checks, programs[case[1]][0], case)
        os.chdir("/")
    return checks.status()


sys.exit(main())
