#!/usr/bin/env python3
"""The text of perf script says the same as the perf.data that it was made from: as many samples, the
same self time by function (within 0.5 percentage points), the same weight in folded stacks.

usage: script_text.py SYSGROK
"""
import collections
import os
import subprocess
import sys
import tempfile

import perf_tools

POINTS = 0.5
WORK = "gzip -c \"$(command -v perf)\" | md5sum; seq 300000 | sort -R | tail -1"
RECORD = ["perf", "record", "-q", "-F", "999"]
KINDS = {
    "none": [],
    "fp": ["-g"],
    "dwarf": ["--call-graph", "dwarf"],
    "all": ["-a", "-g"],
    "events": ["-e", "cpu-clock,page-faults"],
}


def self_time(report):
    """Unnamed places of one file are told apart here, not in the text: they are added up."""
    times = collections.Counter()
    for row in report["top"]:
        times[(row["dso"], "" if row["unnamed"] else row["symbol"])] += row["self"] * 100
    return times


def folded_weight(checks, sysgrok, kind, path):
    text = perf_tools.run([sysgrok.binary, "export", "--format", "folded", path])
    lines = text.splitlines()
    stacks = [line.rsplit(" ", 1)[0].encode() for line in lines]
    checks.check(stacks == sorted(set(stacks)),
                 f"{kind}: folded stacks are sorted and each stands once")
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines)


def compare(checks, sysgrok, kind, data, text):
    event = ["--event", "cpu-clock*"]
    ours, theirs = sysgrok.report(data, *event), sysgrok.report(text, *event)
    checks.check(ours["samples"] == theirs["samples"] > 0,
                 f"{kind}: {ours['samples']} samples in perf.data, {theirs['samples']} in the text")
    a, b = self_time(ours), self_time(theirs)
    worst = max(set(a) | set(b), key=lambda key: abs(a[key] - b[key]))
    checks.check(abs(a[worst] - b[worst]) <= POINTS,
                 f"{kind}: self time at most {abs(a[worst] - b[worst]):.2f} points apart, at {worst}")
    if kind != "events":
        weights = [folded_weight(checks, sysgrok, kind, path) for path in (data, text)]
        checks.check(weights[0] == weights[1], f"{kind}: folded weights {weights}")


def main():
    sysgrok = perf_tools.Sysgrok(sys.argv[1])
    perf_tools.need_perf()
    checks = perf_tools.Checks()
    with tempfile.TemporaryDirectory() as work:
        for kind, options in KINDS.items():
            data, text = os.path.join(work, kind + ".data"), os.path.join(work, kind + ".txt")
            done = subprocess.run(["timeout", "60", *RECORD, *options, "-o", data, "--", "sh", "-c",
                                   WORK], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode:
                checks.note(f"{kind}: perf cannot record it here; left out")
                continue
            with open(text, "w", encoding="utf-8") as out:
                out.write(perf_tools.run(["perf", "script", "--no-inline", "-i", data]))
            compare(checks, sysgrok, kind, data, text)
    return checks.status()


sys.exit(main())
