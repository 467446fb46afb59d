#!/usr/bin/env python3
"""perf.data of perf, of every kind: sysgrok finds the samples that perf finds, the same self time by
symbol (within 0.5 percentage points) and main in as many stacks.

usage: compare_kinds.py SYSGROK WORK_DIRECTORY [KIND...]
  WORK_DIRECTORY keeps the recordings: a file KIND.data that is there is used as it is.
"""
import os
import shutil
import subprocess
import sys

import perf_tools

KINDS = ["c", "cpp", "deep", "py311", "c-fp", "cfp-fp", "plain", "events", "pid", "all",
         "sample-cpu", "cpp-z1", "cpp-pipe", "cpp-64k", "node", "node-fp", "sys"]
POINTS = 0.5
# What the kernel's clock cannot see falls on whatever runs next; perf and we read the same file, so
# nothing is left to chance and no other allowance is made.


def compare_self_time(checks, kind, theirs, top):
    ours = {}
    for row in top:
        symbol = row["symbol"] or "[unknown]"
        # perf has one '@plt' for entries of libc that it cannot name and we can
        if (row["dso"], "@plt") in theirs and symbol.endswith("@plt"):
            symbol = "@plt"
        key = (row["dso"] or "[unknown]", symbol)
        ours[key] = ours.get(key, 0.0) + row["self"] * 100
    worst, worst_key = 0.0, None
    differences = []
    for key in set(theirs) | set(ours):
        difference = abs(theirs.get(key, 0.0) - ours.get(key, 0.0))
        if difference > worst:
            worst, worst_key = difference, key
        if difference > POINTS:
            differences.append((difference, key))
    checks.check(not differences, f"{kind}: self time by symbol: at most {worst:.2f} points apart"
                 f" (at {worst_key}), {len(theirs)} and {len(ours)} symbols")
    for difference, key in sorted(differences, reverse=True)[:12]:
        print(f"     {theirs.get(key, 0):6.2f} % in perf, {ours.get(key, 0):6.2f} % here: {key}")


def compare(checks, sysgrok, kind, path):
    perf = perf_tools.PerfFile(path)
    counts, self_time = perf.samples(), perf.self_time()
    for event, count in counts.items():
        options = ["--event", event] if len(counts) > 1 else []
        report = sysgrok.report(path, *options)
        name = f"{kind} {event}" if len(counts) > 1 else kind
        checks.check(report["samples"] == count,
                     f"{name}: {count} samples in perf, {report['samples']} here")
        if event in self_time:
            compare_self_time(checks, name, self_time[event], report["top"])
        else:
            checks.check(False, f"{name}: perf report has no such event, it has {list(self_time)}")
    if len(counts) == 1:
        theirs, ours = perf.reaches("main"), report["quality"]["reaches_main"]
        checks.check(ours >= theirs - 1e-9,
                     f"{kind}: main in {theirs:.4f} of the stacks in perf, {ours:.4f} here")


def main():
    sysgrok, work = perf_tools.Sysgrok(sys.argv[1]), os.path.abspath(sys.argv[2])
    kinds = sys.argv[3:] or KINDS
    perf_tools.need_perf()
    checks = perf_tools.Checks()
    for kind in kinds:
        path = os.path.join(work, kind + ".data")
        if not os.path.exists(path):
            done = subprocess.run([perf_tools.RECORD_KINDS, "--small", "--seconds", "1", work, kind],
                                  stdout=subprocess.DEVNULL)
            if done.returncode and kind.startswith("node") and not shutil.which("node"):
                checks.note(f"{kind}: node is not installed (Debian: nodejs)")
                continue
            if done.returncode:
                checks.check(False, f"{kind}: not recorded")
                continue
        try:
            compare(checks, sysgrok, kind, path)
        except (RuntimeError, ValueError, KeyError) as reason:
            checks.check(False, f"{kind}: {type(reason).__name__}: {reason}")
    return checks.status()


sys.exit(main())
