"""CPU seconds, wall time and peak memory of a command and of everything it leaves behind.

Only what the kernel counts is used: rusage of every reaped process. perf does not wait for the
addr2line processes that it keeps open; as a subreaper this process inherits and counts them.
"""
import ctypes
import os
import signal
import statistics
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


class Timeout(Exception):
    pass


class Run:
    """One run: cpu (user + system) and wall in seconds, peak RSS of the largest process in bytes."""

    def __init__(self, cpu, wall, rss, status):
        self.cpu, self.wall, self.rss, self.status = cpu, wall, rss, status


def subreaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def measure(command, limit, stdin=None, stdout=subprocess.DEVNULL, cwd=None):
    """Runs `command` in a session of its own and waits for all it started; Timeout past `limit`."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout,
                             stderr=subprocess.DEVNULL, start_new_session=True, cwd=cwd)
    signal.signal(signal.SIGALRM, lambda *_: kill_session(child.pid))
    signal.setitimer(signal.ITIMER_REAL, limit)
    cpu = rss = status = 0
    wall = 0.0
    try:
        while True:
            try:
                pid, wait_status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu += usage.ru_utime + usage.ru_stime
            rss = max(rss, usage.ru_maxrss * 1024)
            if pid == child.pid:
                wall = time.monotonic() - begin
                status = os.waitstatus_to_exitcode(wait_status)
                child.returncode = status
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if time.monotonic() - begin >= limit:
        raise Timeout(f"over {limit:g} s")
    return Run(cpu, wall, rss, status)


def kill_session(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Pairs:
    """Alternating runs of two commands, A B A B; figures are medians, the ratio that of the pairs."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    @property
    def count(self):
        return len(self.first)

    def median(self, which, figure):
        return statistics.median(getattr(run, figure) for run in getattr(self, which))

    def ratio(self, figure="cpu"):
        """How many times as much the first took."""
        return statistics.median(getattr(a, figure) / max(getattr(b, figure), 1e-6)
                                 for a, b in zip(self.first, self.second))


def alternate(first, second, pairs, budget, limit):
    """Up to `pairs` pairs; no new one is begun once they have taken `budget` seconds in all.

    `first` and `second` are commands, or functions that return a Run.
    """
    def once(command):
        return command() if callable(command) else measure(command, limit)

    runs = Pairs([], [])
    begin = time.monotonic()
    while runs.count < pairs:
        runs.first.append(once(first))
        runs.second.append(once(second))
        for run in (runs.first[-1], runs.second[-1]):
            if run.status:
                raise RuntimeError(f"exit status {run.status}")
        if time.monotonic() - begin > budget:
            break
    return runs
