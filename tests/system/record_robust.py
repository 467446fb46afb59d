#!/usr/bin/env python3
"""The recorder in bad weather: it is killed, the disk is full, the output is no file, the process is
gone, the command cannot start. What was recorded stays readable, and the status says what happened.

usage: record_robust.py SYSGROK SPIN
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import perf_tools

SYSGROK, SPIN = (os.path.abspath(path) for path in sys.argv[1:3])


def record(*arguments, **options):
    """The recorder's status and what it said."""
    done = subprocess.run(["timeout", "60", SYSGROK, "record", *arguments],
                          stdout=options.pop("stdout", subprocess.DEVNULL),
                          stderr=subprocess.PIPE, text=True, **options)
    return done.returncode, done.stderr


def samples(path):
    return json.loads(perf_tools.run([SYSGROK, "report", "--json", path]))["samples"]


def perf_samples(path):
    return perf_tools.PerfFile(path).stats().get("SAMPLE", 0)


def wait_for_bytes(path, size, limit=20):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if os.path.exists(path) and os.path.getsize(path) > size:
            return True
        time.sleep(0.05)
    return False


def killed(checks, mode):
    """A recorder that is killed leaves what it had flushed."""
    path = f"killed{mode}.data"
    child = subprocess.Popen([SYSGROK, "record", *mode.split(), "-o", path, "--", SPIN, "4", "2"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    arrived = wait_for_bytes(path, 400000 if mode else 20000)
    child.kill()
    child.wait()
    checks.check(arrived, f"killed{mode}: something was written while it ran")
    ours, theirs = samples(path), perf_samples(path)
    checks.check(ours == theirs and ours > 20, f"killed{mode}: {ours} samples, perf sees {theirs}")


def signalled(checks, number):
    """Ctrl-C and SIGTERM finish the file."""
    path = f"signal-{number}.data"
    child = subprocess.Popen([SYSGROK, "record", "-o", path, "--", SPIN, "20"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for_bytes(path, 5000)
    time.sleep(0.3)
    child.send_signal(number)
    said = child.communicate(timeout=30)[1]
    checks.check(child.returncode == 0, f"{number!r}: status {child.returncode}")
    checks.check("samples of" in said, f"{number!r}: the summary is there")
    ours = samples(path)
    checks.check(ours == perf_samples(path) and ours > 0, f"{number!r}: {ours} samples")


def stubborn(checks):
    """A command that ignores SIGTERM is left alone at the second signal."""
    child = subprocess.Popen([SYSGROK, "record", "-o", "stubborn.data", "--", "sh", "-c",
                              f"trap '' TERM; {SPIN} 30"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    wait_for_bytes("stubborn.data", 5000)
    child.send_signal(signal.SIGINT)
    time.sleep(1)
    checks.check(child.poll() is None, "a command that ignores SIGTERM is waited for")
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        pass
    checks.check(child.returncode == 0, f"until the second signal: status {child.returncode}")
    os.killpg(child.pid, signal.SIGKILL)
    checks.check(samples("stubborn.data") > 0, "its recording is complete")


def full_disk(checks):
    """Files may not grow beyond 64 KiB: as with a full disk, write() fails in the middle."""
    for mode in ([], ["--raw"]):
        path = f"full{''.join(mode)}.data"
        status, said = record("-F", "2000", *mode, "-o", path, "--", SPIN, "1.5", "2",
                              preexec_fn=lambda: __import__("resource").setrlimit(
                                  __import__("resource").RLIMIT_FSIZE, (65536, 65536)))
        checks.check(status == 8, f"full disk {mode}: status {status}: {said.strip()[-200:]}")
        ours = samples(path)
        checks.check(ours == perf_samples(path) and ours > 2,
                     f"full disk {mode}: {ours} samples can be read by both")


def output_in_place(checks):
    """What is no regular file is written in place."""
    before = os.stat("/dev/null")
    status, said = record("-o", "/dev/null", "--", SPIN, "0.3")
    after = os.stat("/dev/null")
    checks.check(status == 0 and (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode),
                 f"/dev/null stays what it was: {said.strip()[-200:]}")
    with open("piped.data", "wb") as piped:
        status, said = record("-o", "-", "--", SPIN, "0.5", "2", stdout=piped)
    ours = samples("piped.data")
    checks.check(status == 0 and ours == perf_samples("piped.data") and ours > 100,
                 f"-o -: {ours} samples in the pipe, its command's output is elsewhere")
    reader, writer = os.pipe()
    os.close(reader)
    status, said = record("-o", "-", "--", SPIN, "0.3", stdout=writer)
    os.close(writer)
    checks.check(status == 8, f"a closed pipe: status {status}: {said.strip()[-200:]}")


def old_file(checks):
    for _ in range(2):
        record("--", SPIN, "0.1")
    checks.check(os.path.exists("perf.data.old"), "an old perf.data becomes perf.data.old")
    before = os.stat("perf.data").st_ino
    status, said = record("--", "./no-such-program")
    checks.check(status == 5 and os.stat("perf.data").st_ino == before,
                 f"a command that is not there: status {status}, perf.data stays: {said.strip()}")


def statuses(checks):
    with open("script", "w", encoding="ascii") as script:
        script.write("\x7fELF nonsense")
    os.chmod("script", 0o644)
    gone = subprocess.Popen(["true"])
    gone.wait()
    for arguments, wanted, words in (
            (["-p", str(gone.pid)], 5, "no process"),
            (["--", "./script"], 6, "Permission denied"),
            (["-F", "fast", "true"], 2, "frequency"),
            (["-e", "cycels", "true"], 2, "did you mean"),
            (["-b", "true"], 2, "branches"),
            (["-a", "-p", "1"], 2, "-a and -p"),
            (["-o", "/no/such/directory/x", "true"], 5, "No such file")):
        status, said = record(*arguments)
        checks.check(status == wanted and words in said,
                     f"{' '.join(arguments)}: status {status}: {said.strip()}")
    status, said = record("-o", "failing.data", "--", SPIN, "0.1", "1", "0", "3")
    checks.check(status == 0 and "status 3" in said, f"a failing command is told: {said.strip()}")


def perf_spellings(checks):
    """The profiling guide's line, and the rest of perf record's harmless options."""
    for arguments in (["-F", "999", "--sample-cpu", "--call-graph", "dwarf", "--aio", "--"],
                      ["-q", "-N", "-T", "-B", "-m", "64", "-g", "--aio=2", "-k", "mono", "--"],
                      ["-c", "2000000", "-e", "task-clock:u", "--call-graph=fp"],
                      ["-F499", "-e", "cpu-clock,task-clock"]):
        status, said = record("-o", "spelled.data", *arguments, SPIN, "0.4")
        ours = samples("spelled.data") if status == 0 else 0
        checks.check(ours > 10, f"{' '.join(arguments)}: {ours} samples: {said.strip()[-200:]}")


def running_process(checks):
    """-p takes every thread of a running process, and the ones that come later."""
    target = subprocess.Popen([SPIN, "3", "3", "1"], stdout=subprocess.PIPE, text=True)
    target.stdout.readline()
    time.sleep(0.2)
    status, said = record("-p", str(target.pid), "--duration", "1", "-o", "pid.data")
    target.kill()
    target.communicate()
    text = perf_tools.run(["perf", "script", "-F", "tid,comm", "-G", "-i", "pid.data"])
    names = {line.split()[0] for line in text.splitlines() if line.strip()}
    checks.check(status == 0 and {"spin", "worker-1", "worker-2"} <= names,
                 f"-p: threads {sorted(names)}: {said.strip()[-200:]}")
    report = json.loads(perf_tools.run([SYSGROK, "report", "--json", "pid.data"]))
    checks.check(report["quality"]["complete"] > 0.98,
                 f"-p: {report['quality']['complete']:.3f} of the stacks are complete")


def one_thread(checks):
    target = subprocess.Popen([SPIN, "3", "3"], stdout=subprocess.PIPE, text=True)
    target.stdout.readline()
    time.sleep(0.2)
    tid = sorted(os.listdir(f"/proc/{target.pid}/task"), key=int)[-1]
    status, said = record("-t", tid, "--duration", "0.5", "-o", "tid.data")
    target.kill()
    target.communicate()
    text = perf_tools.run(["perf", "script", "-F", "tid", "-G", "-i", "tid.data"])
    tids = {line.strip() for line in text.splitlines() if line.strip()}
    checks.check(status == 0 and tids == {tid}, f"-t {tid}: threads {tids}: {said.strip()[-200:]}")


def no_hardware(checks):
    """Where there is no PMU, cycles are replaced and that is said; elsewhere they are taken."""
    status, said = record("-e", "cycles", "-o", "cycles.data", "--", SPIN, "0.3")
    name = "cpu-clock" if "offers no hardware cycles" in said else "cycles"
    checks.check(status == 0 and f"samples of {name}" in said, f"cycles: {said.strip()[-300:]}")


def rebuilt_programs(checks):
    """Programs that take each other's place under one path, and are gone at the end, keep their
    own names: compiled, run and removed in turn, as configure does."""
    if not shutil.which("cc"):
        checks.note("no C compiler: programs cannot be rebuilt")
        return
    with open("rebuild.sh", "w", encoding="ascii") as script:
        script.write("""set -e
for name in first second_one third_of_all; do
    printf 'static volatile unsigned long sum;\\n__attribute__((noinline)) void %s(void)
        { for (unsigned long i = 0; i < 150000000; i++) sum += i * sizeof("%s"); }
        int main(void) { %s(); return 0; }' $name $name $name >changing.c
    cc -O1 changing.c -o changing
    ./changing
    rm changing
done
""")
    status, said = record("-o", "rebuilt.data", "--", "sh", "rebuild.sh")
    report = json.loads(perf_tools.run([SYSGROK, "report", "--json", "rebuilt.data"]))
    names = {row["symbol"] for row in report["top"] if row["self"] > 0.01}
    checks.check(status == 0 and {"first", "second_one", "third_of_all"} <= names,
                 f"rebuilt programs: {sorted(names)}: {said.strip()[-200:]}")


def all_descendants(checks):
    status, said = record("-o", "tree.data", "--", SPIN, "0.7", "2", "3")
    text = perf_tools.run(["perf", "script", "-F", "pid,tid", "-G", "-i", "tree.data"])
    pids = {line.split()[0].split("/")[0] for line in text.splitlines() if line.strip()}
    tids = {line.split()[0] for line in text.splitlines() if line.strip()}
    checks.check(status == 0 and len(pids) == 4 and len(tids) == 8,
                 f"children and threads: {len(pids)} processes, {len(tids)} threads")


def main():
    perf_tools.need_perf()
    checks = perf_tools.Checks()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        killed(checks, "")
        killed(checks, " --raw")
        for number in (signal.SIGINT, signal.SIGTERM):
            signalled(checks, number)
        for test in (stubborn, full_disk, output_in_place, old_file, statuses, perf_spellings,
                     running_process, one_thread, no_hardware, rebuilt_programs,
                     all_descendants):
            test(checks)
        os.chdir("/")
    return checks.status()


if __name__ == "__main__":
    sys.exit(main())
