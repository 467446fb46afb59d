#!/usr/bin/env python3
"""The small recordings in tests/data/perf: as many samples, of the same weight, by event and by
program, as perf found when they were made. Needs neither perf nor the machine that recorded them.

usage: recorded_files.py SYSGROK
"""
import json
import os
import sys

import perf_tools

DATA = os.path.join(perf_tools.ROOT, "tests", "data", "perf")


def compare_programs(checks, sysgrok, path, comms):
    for comm, samples in comms.items():
        try:
            ours = sysgrok.report(path, "--comm", comm)["samples"]
        except (RuntimeError, ValueError, KeyError) as reason:
            ours = f"{type(reason).__name__}: {reason}"
        checks.check(ours == samples, f"{os.path.basename(path)}: {samples} samples of {comm}, "
                     f"{ours} here")


def main():
    sysgrok = perf_tools.Sysgrok(sys.argv[1])
    checks = perf_tools.Checks()
    with open(os.path.join(DATA, "expected.json")) as text:
        expected = json.load(text)
    for name, counts in expected.items():
        path = os.path.join(DATA, name)
        for event, samples in counts["events"].items():
            try:
                report = sysgrok.report(path, "--event", event)
                checks.check(report["samples"] == samples,
                             f"{name} {event}: {samples} samples in perf, {report['samples']} here")
                checks.check(report["event"].startswith(event.split(":")[0]),
                             f"{name} {event}: the event is called {report['event']}")
            except (RuntimeError, ValueError, KeyError) as reason:
                checks.check(False, f"{name} {event}: {type(reason).__name__}: {reason}")
        if len(counts["events"]) == 1:
            compare_programs(checks, sysgrok, path, counts["comms"])
    return checks.status()


sys.exit(main())
