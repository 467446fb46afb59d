"""What the system tests share: recordings by perf, perf's own answers about a file, sysgrok's.

Every call of perf stands under timeout(1): some of its modes have been seen to hang.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECORD_KINDS = os.path.join(ROOT, "bench", "record-kinds")
PERFPARSER = "/usr/lib/x86_64-linux-gnu/libexec/hotspot-perfparser"
PERFPARSER_SAMPLE = 13  # EventType::Sample of perfparser 1.3.0, which Debian 12 has
SKIP = 77


def skip(reason):
    print("SKIP:", reason)
    sys.exit(SKIP)


def need_perf():
    """Ends the test with 77 where perf or perf_event_open cannot be had."""
    if not shutil.which("perf"):
        skip("perf is not installed (Debian: linux-perf)")
    try:
        done = subprocess.run(["timeout", "20", "perf", "record", "-q", "-e", "cpu-clock", "-o",
                               "/dev/null", "--", "true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    except OSError as reason:
        skip(f"perf does not start: {reason}")
    if done.returncode:
        skip(f"perf cannot record here: {done.stderr.strip()[-300:]}")


def run(command, limit=120, check=True, **options):
    """Standard output as text; an error shows what the command said."""
    done = subprocess.run(["timeout", str(limit), *command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", **options)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: "
                           f"{done.stderr.strip()[-500:]}")
    return done.stdout


class PerfFile:
    """What perf says about one perf.data file."""

    def __init__(self, path):
        self.path = path

    def samples(self):
        """By event name, as perf script lists them."""
        text = run(["perf", "script", "-F", "comm,time,event", "-G", "-i", self.path])
        return collections.Counter(
            line.rstrip().rsplit(None, 1)[1].rstrip(":") for line in text.splitlines()
            if re.search(r"\d+\.\d+:\s+\S+:\s*$", line))

    def stats(self):
        """The counts of records of all events together: perf's first table."""
        text = run(["perf", "report", "--stats", "-i", self.path])
        text = text.split(" stats:\n")[1]
        return {name: int(n) for name, n in re.findall(r"(\w+) events:\s+(\d+)", text)}

    def self_time(self):
        """event -> (dso, symbol) -> percent. perf prints unnamed addresses one by one; they are
        added up under the name '[unknown]'."""
        text = run(["perf", "report", "--no-children", "--no-inline", "-g", "none", "--stdio",
                    "-t", "\x01", "-F", "period,dso,sym", "--percent-limit", "0",
                    "-i", self.path], limit=300)
        events, rows = {}, None
        for line in text.splitlines():
            event = re.match(r"# Samples: .* of events? '(.*)'", line)
            if event:
                rows = events.setdefault(event[1], collections.Counter())
            fields = line.split("\x01")
            if line.startswith("#") or len(fields) != 3 or rows is None:
                continue
            symbol = re.sub(r"^\[[^]]\] ", "", fields[2].strip())
            if re.fullmatch(r"0x[0-9a-f]+|\[unknown\]", symbol):
                symbol = "[unknown]"
            rows[(fields[1].strip(), symbol)] += int(fields[0].strip())
        # From the periods: perf rounds each of its percentages up, and there are thousands.
        return {event: {key: 100 * period / max(sum(rows.values()), 1)
                        for key, period in rows.items()} for event, rows in events.items()}

    def reaches(self, name):
        """The share of samples whose stack holds a frame of that name."""
        total = reached = 0
        text = run(["perf", "script", "--no-inline", "-F", "comm,time,ip,sym", "-i", self.path],
                   limit=300)
        for stack in text.split("\n\n"):
            lines = stack.splitlines()
            if not lines:
                continue
            total += 1
            reached += any(line.split(None, 1)[1:] == [name] for line in lines[1:])
        return reached / max(total, 1)


class Sysgrok:
    def __init__(self, binary):
        self.binary = os.path.abspath(binary)

    def report(self, path, *options):
        return json.loads(run([self.binary, "report", "--json", *options, path], limit=300))

    def record(self, arguments, **options):
        return run([self.binary, "record", *arguments], **options)


def perfparser_samples(path):
    """The samples that Hotspot's perfparser hands on, or None where it is not installed.

    Its output: a magic text, a version of four bytes, then messages: a length of four bytes
    (little endian) and so many bytes, of which the first is the event's type.
    """
    if not os.path.exists(PERFPARSER):
        return None
    done = subprocess.run(["timeout", "200", PERFPARSER, "--input", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    data = done.stdout
    if not data.startswith(b"QPERFSTREAM\0"):
        raise RuntimeError(f"perfparser: status {done.returncode}, no stream")
    position, samples = 16, 0
    while position + 5 <= len(data):
        size = int.from_bytes(data[position:position + 4], "little")
        samples += data[position + 4] == PERFPARSER_SAMPLE
        position += 4 + size
    if position != len(data):
        raise RuntimeError(f"perfparser: the stream is not understood at {position}")
    return samples


class Checks:
    """Collects what was compared; one line each, so that a red test shows the green ones too."""

    def __init__(self):
        self.failed = 0

    def check(self, passed, text):
        print(f"{'ok  ' if passed else 'FAIL'} {text}", flush=True)
        self.failed += not passed

    def note(self, text):
        print(f"note {text}", flush=True)

    def status(self):
        print(f"{self.failed} failed" if self.failed else "all passed")
        return 1 if self.failed else 0
