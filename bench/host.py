"""What a look at this host costs it: wall time, and CPU of sysgrok and all that it starts."""
import os
import statistics
import subprocess
import time

WALL_MARK = 10.0  # seconds a host
CPU_MARK = 0.03   # of one core, over the time of the look


def look(sysgrok):
    """Wall and CPU seconds of one look, with all processes that it waited for."""
    before = time.monotonic()
    process = subprocess.Popen([sysgrok, "debughost"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"debughost ended with {process.returncode}")
    return time.monotonic() - before, usage.ru_utime + usage.ru_stime


def run(bench):
    runs = [look(bench.sysgrok) for _ in range(bench.pairs)]
    wall = statistics.median(run[0] for run in runs)
    cpu = statistics.median(run[1] for run in runs)
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    bench.row("host", "wall", f"{wall:.2f} s a look (mark {WALL_MARK:.0f} s)", {"wall_s": wall},
              wall <= WALL_MARK)
    bench.row("host", "cpu", f"{cpu:.3f} s = {100 * cpu / wall:.1f} % of one core among "
              f"{processes} processes (mark {100 * CPU_MARK:.0f} %)",
              {"cpu_s": cpu, "ratio": cpu / wall, "processes": processes}, cpu <= CPU_MARK * wall)
