#!/usr/bin/env python3
"""Files of sysgrok record: perf report, perf script and Hotspot's perfparser read as many samples in
them as sysgrok does; they are small; nothing is lost with both CPUs busy; the stacks are whole.

usage: compare_recorder.py SYSGROK WORK_DIRECTORY
"""
import os
import subprocess
import sys

import perf_tools

BYTES_A_SAMPLE = 500
PYTHON_WORK = os.path.join(perf_tools.ROOT, "bench", "workloads", "python_work.py")


def workloads(work):
    """name -> (options, command, whether its stacks are ordinary ones, least share with main)"""
    programs = os.path.join(work, "programs")
    engine, templates, deep = (os.path.join(programs, n) for n in ("engine", "templates", "deep"))
    python = ["/usr/bin/python3.11", PYTHON_WORK, "2"]
    return {
        "c": ([], [engine, "2"], True, 0.98),
        "cpp": ([], [templates, "2"], True, None),
        "deep": ([], [deep, "2"], False, 0.5),
        "py311": (["-g"], python, True, None),
        "fp": (["--call-graph", "fp"], [os.path.join(programs, "engine_fp"), "2"], True, 0.98),
        "none": (["--call-graph", "none"], [templates, "2"], True, None),
        "raw": (["--raw"], [engine, "1"], False, 0.98),
        # Not ordinary: the records of all that starts elsewhere on the machine are in the file too.
        "all": (["-a"], [templates, "2"], False, None),
    }


def compare(checks, sysgrok, name, path, ordinary, least_main):
    perf = perf_tools.PerfFile(path)
    stats, listed = perf.stats(), sum(perf.samples().values())
    report = sysgrok.report(path)
    ours = report["samples"]
    counts = {"perf report": stats.get("SAMPLE", 0), "perf script": listed, "sysgrok": ours}
    hotspot = perf_tools.perfparser_samples(path)
    if hotspot is None:
        checks.note("hotspot's perfparser is not installed (Debian: hotspot)")
    else:
        counts["perfparser"] = hotspot
    checks.check(len(set(counts.values())) == 1 and ours > 20,
                 f"{name}: the same samples in all: {counts}")
    per_sample = os.path.getsize(path) / max(ours, 1)
    if ordinary:
        checks.check(per_sample < BYTES_A_SAMPLE, f"{name}: {per_sample:.0f} bytes a sample")
    lost = stats.get("LOST", 0) + stats.get("LOST_SAMPLES", 0)
    checks.check(lost == 0, f"{name}: {lost} lost")
    checks.check(oct(os.stat(path).st_mode & 0o777) == "0o600", f"{name}: mode 0600")
    if least_main is not None:
        theirs, here = perf.reaches("main"), report["quality"]["reaches_main"]
        # two decimals: on a busy machine more of a short run is its start, which has no main yet
        checks.check(round(here, 2) >= least_main and here >= theirs - 1e-9,
                     f"{name}: main in {here:.3f} of the stacks, in perf's reading {theirs:.3f}")


def main():
    sysgrok, work = perf_tools.Sysgrok(sys.argv[1]), os.path.abspath(sys.argv[2])
    perf_tools.need_perf()
    checks = perf_tools.Checks()
    # The programs are built by the recorder of the kinds.
    needed = [kind for kind in ("c", "cpp", "deep", "cfp-fp")
              if not os.path.exists(os.path.join(work, kind + ".data"))]
    if needed:
        subprocess.run([perf_tools.RECORD_KINDS, "--small", "--seconds", "1", work, *needed], check=True,
                       stdout=subprocess.DEVNULL)
    only = sys.argv[3:]
    for name, (options, command, ordinary, least_main) in workloads(work).items():
        if only and name not in only:
            continue
        path = os.path.join(work, f"recorder-{name}.data")
        try:
            sysgrok.record(["-F", "999", *options, "-o", path, "--", *command], cwd=work)
            compare(checks, sysgrok, name, path, ordinary, least_main)
        except (RuntimeError, ValueError, KeyError, OSError) as reason:
            checks.check(False, f"{name}: {type(reason).__name__}: {reason}")
    return checks.status()


sys.exit(main())
