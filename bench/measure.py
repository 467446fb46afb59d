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


class Run:
    """One run: cpu (user + system) and wall in seconds, peak RSS of the largest process in bytes.

    `ended`: the time limit ended it, so that the figures are what it took at least.
    """

    def __init__(self, cpu, wall, rss, status, ended):
        self.cpu, self.wall, self.rss, self.status = cpu, wall, rss, status
        self.ended = ended


def subreaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def measure(command, limit, stdin=None, stdout=subprocess.DEVNULL, cwd=None):
    """Runs `command` in a session of its own, ends it after `limit` seconds, and waits for all it
    started."""
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
    return Run(cpu, wall, rss, status, time.monotonic() - begin >= limit)


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

    @property
    def first_was_ended(self):
        return any(run.ended for run in self.first)

    def median(self, which, figure):
        return statistics.median(getattr(run, figure) for run in getattr(self, which))

    def ratio(self, figure="cpu"):
        """How many times as much the first took."""
        return statistics.median(getattr(a, figure) / max(getattr(b, figure), 1e-6)
                                 for a, b in zip(self.first, self.second))


def alternate(first, second, pairs, budget, limit):
    """Up to `pairs` pairs of runs of two commands; no new pair is begun once they have taken
    `budget` seconds in all. Where the first command was ended by its limit its figures are lower
    bounds; that, or a failure, of the second is an error."""
    runs = Pairs([], [])
    begin = time.monotonic()
    while runs.count < pairs:
        runs.first.append(measure(first, limit))
        runs.second.append(measure(second, limit))
        if runs.first[-1].status and not runs.first[-1].ended:
            raise RuntimeError(f"{first[0]}: exit status {runs.first[-1].status}")
        if runs.second[-1].status:
            raise RuntimeError(f"{second[0]}: exit status {runs.second[-1].status}")
        if time.monotonic() - begin > budget:
            break
    return runs
