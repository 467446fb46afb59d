#!/usr/bin/env python3
"""Every command of the table x every kind of bad input and output: one clear error, a documented
exit status, no crash.

usage: bad_input.py SYSGROK

A new command stands in one of the tables below, or the test fails.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import command_world as cw

# How a command is told what to read: {} is the path. With "-" it reads standard input.
READERS = {
    "analyzecmd": "sysgrok analyzecmd -i {}",
    "code": "sysgrok code {}",
    "export": "sysgrok export {}",
    "flamegraph": "sysgrok flamegraph -o - {}",
    "report": "sysgrok report {}",
    "stacktrace": "sysgrok stacktrace {}",
    "topn": "sysgrok topn {}",
    "topn -e": "sysgrok -e topn {}",
    "topn -i": "perf-gpt topn -i {}",
}
# A whole line that works, for what is done to its output.
LINES = {
    "analyzecmd": "sysgrok analyzecmd -i good",
    "analyzecmd --json": "sysgrok analyzecmd --json -i good",
    "code": "sysgrok code annotated",
    "code --json": "sysgrok code --json annotated",
    "completion": "sysgrok completion bash",
    "doctor": "sysgrok doctor --offline",
    "explainfunction": "sysgrok explainfunction memcpy",
    "explainprocess": "sysgrok explainprocess ls -l",
    "export": "sysgrok export good",
    "findfaster": "sysgrok findfaster gzip",
    "flamegraph": "sysgrok flamegraph -o - good",
    "help": "sysgrok help",
    "help --json": "sysgrok help --json",
    "report": "sysgrok report good",
    "report --json": "sysgrok report --json good",
    "stacktrace": "sysgrok stacktrace stack",
    "topn": "sysgrok topn good",
    "topn --json": "sysgrok topn --json good",
    "version": "sysgrok --version",
    "-h": "perf-copilot -h",
}
# Those that take any text, however it looks.
TEXT_READERS = {"analyzecmd"}
# Commands whose operands are words, not files.
WORDS = {"explainfunction": 2, "explainprocess": 1, "findfaster": 2}
# Tested by what they need: record starts programs, feedback looks for kept answers, debughost reads a host.
OTHERS = {"debughost", "feedback", "record"}

GDB = """#0  0x00007f11 in memcpy () from /lib/libc.so.6
#1  0x00005633 in copy_all (n=3) at copy.c:10
#2  0x00005634 in main () at copy.c:20
"""

ANNOTATED = """  80.00%  for (i = 0; i < n; i++)
  20.00%      sum += a[i] / n;
"""


def test_tables(world, checks):
    known = {name.split()[0] for name in (*READERS, *LINES, *WORDS, *OTHERS)}
    missing = set(world.commands) - known
    checks.check(not missing, f"commands that no table here has: {sorted(missing)}")
    both = [name for name in world.tables["absent_commands"] if name in world.commands]
    checks.check(not both, f"commands that are there and said not to be: {both}")


def run_as_nobody(world, line):
    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    return world.shell(line, stdin=None,
                       preexec_fn=become_nobody if os.geteuid() == 0 else None)


def test_readers(world, checks):
    # name: path, accepted statuses, whether the error names the path
    cases = {
        "a missing file": ("missing", {5}),
        "a missing folder": ("no/such/file", {5}),
        "a file as a folder": ("good/file", {5}),
        "a directory": ("dir", {4}),
        "an empty file": ("empty", {4}),
        "binary garbage": ("garbage", {4}),
        "zeroes": ("zeroes", {4}),
        "a line of 16 MiB": ("huge", {4}),
        "a cut perf.data": ("cut.data", {4, 8}),
        "a name that sends escapes": ("$'\\033]0;x\\a\\033[31m\\u202e'", {5}),
    }
    for name, line in READERS.items():
        for case, (path, statuses) in cases.items():
            if name in TEXT_READERS and path == "huge":
                continue
            done = world.shell(line.format(path), stdin=None)
            named = [] if "$" in path else [path]
            fault = cw.error_fault(done, statuses, named) or cw.control_fault(done.stderr)
            checks.check(not fault, f"{name}, {case}: {fault}")
            checks.check(not done.stdout or "-e" in name, f"{name}, {case}: writes a result")
            checks.check(b"hint: " in done.stderr, f"{name}, {case}: no word on what to do")
        done = world.shell(line.format("-") + " <&-", stdin=None)
        fault = cw.error_fault(done, {8}, ["standard input"])
        checks.check(not fault, f"{name}, closed standard input: {fault}")
        done = world.run(*line.format("-").split(), stdin=b"")
        fault = cw.error_fault(done, {4}, ["standard input"])
        checks.check(not fault, f"{name}, nothing on standard input: {fault}")
        done = run_as_nobody(world, line.format("unreadable"))
        fault = cw.error_fault(done, {6}, ["unreadable"])
        checks.check(not fault, f"{name}, a file that may not be read: {fault}")
        good = "annotated" if name == "code" else "stack"
        done = world.shell(line.format(f"<(cat {good})"), stdin=None)
        checks.check(done.returncode == 0, f"{name}, a pipe with a name: {done.stderr[:200]}")


def test_outputs(world, checks):
    for name, line in LINES.items():
        good = world.shell(line, stdin=None)
        checks.check(good.returncode == 0 and good.stdout and not cw.crash_of(good),
                     f"{name} works: {good.returncode} {good.stderr[:200]}")
        for case, redirect in (("closed", ">&-"), ("full", ">/dev/full")):
            done = world.shell(f"{line} {redirect}", stdin=None)
            fault = cw.error_fault(done, {8}, ["standard output"])
            checks.check(not fault, f"{name}, standard output {case}: {fault}")
        done = world.shell(f"{line} 2>&-", stdin=None)
        checks.check(done.returncode == 0 and done.stdout == good.stdout,
                     f"{name}, standard error closed: {done.returncode}")
        done = world.shell(f"{line} <&-", stdin=None)
        checks.check(done.returncode == 0 and done.stdout == good.stdout,
                     f"{name}, standard input closed: {done.returncode}")
        # A reader that goes away ends it silently, as it ends cat.
        done = world.shell(f"{line} | true; exit ${{PIPESTATUS[0]}}", stdin=None)
        checks.check(done.returncode in (0, 141) and not done.stderr,
                     f"{name}, nobody reads: {done.returncode} {done.stderr[:200]}")
        # Where SIGPIPE is ignored, as services have it, the error comes as a status.
        done = world.shell(f"trap '' PIPE; {line} | true; exit ${{PIPESTATUS[0]}}", stdin=None)
        checks.check(done.returncode in (0, 8) and not cw.crash_of(done),
                     f"{name}, nobody reads and SIGPIPE is ignored: {done.returncode}")


def test_written_files(world, checks):
    cases = {"a directory": ("dir", {8}), "no folder": ("no/such/file", {5}),
             "a full disk": ("/dev/full", {8})}
    for line in ("sysgrok flamegraph good -o {}", "sysgrok export good -o {}"):
        for case, (path, statuses) in cases.items():
            done = world.shell(line.format(path), stdin=None)
            fault = cw.error_fault(done, statuses, [path])
            checks.check(not fault, f"{line.format(path)}: {fault}")
    left = [path.name for path in world.work.iterdir() if ".tmp" in path.name]
    checks.check(not left, f"what was begun is taken away: {left}")


def test_words(world, checks):
    long = b"a" * 100000
    for name, most in WORDS.items():
        for case, words in (("an empty word", [""]), ("a blank word", ["  "])):
            done = world.run("sysgrok", name, *words)
            fault = cw.error_fault(done, {2}, [name])
            checks.check(not fault, f"{name}, {case}: {fault}")
        hard = ([long], [b"\xff\xfe\x01"], [b"-"], [b"--", b"--help"], [b"../../etc/passwd"],
                [b"%s%n%s"], [b"a" * 100, b"b" * 100])
        for words in hard:
            if len(words) > most + (words[0] == b"--") and name != "explainprocess":
                continue
            done = world.run(b"sysgrok", name, *words)
            fault = cw.crash_of(done) or cw.control_fault(done.stdout)
            checks.check(not fault and done.returncode == 0,
                         f"{name} {words[0][:20]!r}: {fault} {done.returncode} {done.stderr[:200]}")


def test_others(world, checks):
    for line, statuses in (("sysgrok record no-such-program", {5}),
                           ("sysgrok record ./dir", {6}),
                           ("sysgrok record ''", {2}),
                           ("sysgrok record -p 4194303", {5}),
                           ("sysgrok record -p word", {2}),
                           ("sysgrok feedback 0123", {5}),
                           ("sysgrok debughost --from-dir missing", {5}),
                           ("sysgrok debughost --from-dir dir", {4, 5}),
                           ("sysgrok debughost -t -oProxyCommand=x", {2}),
                           ("sysgrok debughost -t ''", {2}),
                           ("sysgrok debughost word", {2}),
                           ("sysgrok completion tcsh", {2}),
                           ("sysgrok help no-such", {2}),
                           ("sysgrok ''", {2})):
        done = world.shell(line, stdin=None)
        # Where nothing can be recorded that is told first.
        fault = cw.error_fault(done, statuses | ({3, 6, 7} if "record" in line else set()))
        checks.check(not fault, f"{line}: {fault}")


def main():
    checks = cw.Checks()
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        world = cw.World(sys.argv[1], scratch)
        world.write("good", cw.FOLDED)
        world.write("stack", GDB)
        world.write("annotated", ANNOTATED)
        world.write("empty", "")
        world.write("garbage", b"\x00\x01\xff\xfe" + os.urandom(50000))
        world.write("zeroes", bytes(50000))
        world.write("huge", b"a" * (1 << 24))
        world.write("cut.data", b"PERFILE2" + bytes(20))
        world.write("unreadable", "secret")
        os.chmod(world.work / "unreadable", 0)
        (world.work / "dir").mkdir()
        for test in (test_tables, test_readers, test_outputs, test_written_files, test_words,
                     test_others):
            test(world, checks)
    return checks.status()


sys.exit(main())
