"""debughost with a model: what it may read, what runs, who is asked, and what the report is told.

Usage: debughost_model.py SYSGROK SOURCE. Everything that would run stands in a folder of our own, first in PATH, and
leaves a mark when it runs.
"""
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from model_server import ModelServer, refuse, stream  # noqa: E402

SYSGROK, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
REPORT = "**Summary**: nothing is wrong.\n"
PLAN, FAILED = {}, []


def check(truth, what):
    if not truth:
        FAILED.append(what)
        print("FAILED:", what)


def kind_of(body):
    text = body["messages"][-1]["content"]
    return "plan" if "READ: ids of the menu" in text else \
        "summary" if "what one command printed" in text else \
        "part" if "You are given part" in text else "report"


class World:
    """A folder with programs that only leave a mark, and a model that says what it is told to."""

    def __init__(self, folder, plan, report=REPORT, summary="Nothing useful here.\n"):
        self.folder = pathlib.Path(folder)
        self.marks = self.folder / "marks"
        self.bin = self.folder / "bin"
        self.answers = {"plan": plan, "report": report, "summary": summary}
        self.server = ModelServer({"plain": self.answer})

    def answer(self, handler, number):
        kind = kind_of(self.server.requests[number]["body"])
        answer = self.answers.get(kind, REPORT)
        answer(handler) if callable(answer) else stream(handler, answer, size=4000)

    def program(self, name, output="", status=0):
        self.bin.mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >> {self.marks}\n"
                        f"cat <<'END'\n{output}\nEND\nexit {status}\n")
        path.chmod(0o755)

    def environment(self):
        env = {**os.environ, **self.server.settings(), "HOME": str(self.folder),
               "PATH": f"{self.bin}:{os.environ['PATH']}", "TERM": "dumb",
               "XDG_STATE_HOME": str(self.folder / "state")}
        env.pop("XDG_CONFIG_HOME", None)
        return env

    def run(self, *words):
        return subprocess.run([str(SYSGROK), *words], env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              cwd=self.folder, start_new_session=True)

    def on_terminal(self, keys, *words):
        """Types one of `keys` at each question; what was shown."""
        child, fd = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(SYSGROK, [str(SYSGROK), *words], self.environment())
        shown, keys, end, answered = b"", list(keys), time.monotonic() + 120, 0
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.5)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    break
                if not data:
                    break
                shown += data
            # Quiet, and at a question that was not there at the last answer.
            elif len(shown) > answered and re.search(rb"(uit|instead): *$", shown) and keys:
                answered = len(shown)
                os.write(fd, keys.pop(0).encode() + b"\r")
        os.close(fd)
        os.waitpid(child, 0)
        return shown.decode("utf-8", "replace")

    def ran(self):
        return self.marks.read_text().splitlines() if self.marks.exists() else []

    def told(self, kind):
        return [r["body"]["messages"][-1]["content"] for r in self.server.requests
                if kind_of(r["body"]) == kind]


def unescaped(line):
    named = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "0": "\0", "\\": "\\"}
    data = re.sub(rb"\\(x[0-9a-f]{2}|.)",
                  lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" and len(m[1]) == 3
                  else named.get(m[1].decode(), m[1].decode()).encode(), line.encode())
    return data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()


def nothing_hostile_runs_unasked():
    lines = [line for line in (SOURCE / "tests/data/commands/hostile.txt").read_text().splitlines()
             if not line.startswith("## ")]
    check(len(lines) >= 150, "the corpus is there")
    with tempfile.TemporaryDirectory() as folder:
        batches = [lines[i:i + 5] for i in range(0, len(lines), 5)]
        # Every fifth of the corpus in a whole look; the rest is the unit test's.
        for number, batch in list(enumerate(batches))[::20]:
            commands = [{"command": unescaped(line), "reason": "x"} for line in batch]
            world = World(folder, json.dumps({"run": commands}))
            for name in ("id", "rm", "reboot", "touch", "kill", "curl", "tee", "awk", "sh.x"):
                world.program(name)
            with world.server:
                done = world.run("debughost", "--yolo", "--json")
            check(done.returncode == 0, f"batch {number}: status {done.returncode}: {done.stderr}")
            check(not world.ran(), f"batch {number}: ran {world.ran()}")
            check("not run" in done.stderr, f"batch {number} is listed: {done.stderr}")


def without_a_terminal_lines_are_refused_and_listed():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, "Sure!\nREAD: nosuch\nRUN: uptime -p -- how long\nRUN: frob;reboot -- x")
        world.program("uptime", "up 1 day")
        with world.server:
            done = world.run("debughost")
        check(done.returncode == 0, done.stderr)
        check(not world.ran(), f"ran {world.ran()}")
        check("no terminal to ask at" in done.stdout, done.stdout)
        check("uptime -p" in done.stdout and "only reads" in done.stdout, "listed with its risk")
        check("may end processes" in done.stdout, "the risk of reboot is told")
        check("nothing is wrong." in done.stdout, "the report is there")


def yolo_runs_what_only_reads():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, "RUN: pmap -x 1 | head -n 2 -- maps\nRUN: slabtop -o\nRUN: nosuchprogram x")
        world.program("pmap", "line one [F1] \x1b[2J\nline two\nline three")
        world.program("slabtop", "", status=3)
        with world.server:
            done = world.run("debughost", "--yolo", "--output-format", "a poem")
        check(sorted(world.ran()) == ["pmap -x 1", "slabtop -o"], f"ran {world.ran()}")
        report = world.told("report")[0]
        check("line two" in report and "line three" not in report, "filters shorten what is told")
        check("\x1b" not in report and "[F1]" not in report.split("Further commands")[1],
              "what a host printed is escaped")
        check("a poem" in report and "a poem" not in world.told("plan")[0],
              "--output-format is the report's alone")
        check("1 of 2 commands failed" in done.stdout, done.stdout)


def all_failing_is_told():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, "RUN: pmap -x 1\nRUN: slabtop -o")
        world.program("pmap", "", status=1)
        world.program("slabtop", "", status=1)
        with world.server:
            done = world.run("debughost", "--yolo")
        check(done.returncode == 0, f"{done.returncode} {done.stderr}")
        check("2 of 2 commands failed" in done.stdout, done.stdout)
        check("nothing is wrong." in done.stdout, "the report is there")


def outputs_are_summarised_within_the_calls():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, "RUN: pmap -x 1", summary="Address space is fine.\n")
        world.program("pmap", "\n".join(f"row {i} of the map of web1" for i in range(400)))
        with world.server:
            done = world.run("debughost", "--yolo", "--print-summaries")
            check(len(world.told("summary")) == 1, "one summary")
            check("Address space is fine." in done.stdout, "--print-summaries shows it")
            check("Address space is fine." in world.told("report")[0], "the report is told of it")
            world.server.requests.clear()
        world = World(folder, "RUN: pmap -x 1")
        with world.server:
            world.run("debughost", "--yolo", "--max-calls", "2", "--ask-again")
            kinds = [kind_of(r["body"]) for r in world.server.requests]
        check(kinds == ["plan", "report"], f"--max-calls 2: {kinds}")
        world = World(folder, "RUN: pmap -x 1")
        with world.server:
            world.run("debughost", "--yolo", "--max-calls", "1", "--ask-again")
            kinds = [kind_of(r["body"]) for r in world.server.requests]
        check(kinds == ["report"], f"--max-calls 1: {kinds}")


def a_plan_that_fails_costs_nothing_else():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, lambda handler: refuse(handler, 400, "no"))
        with world.server:
            done = world.run("debughost")
        check(done.returncode == 0 and "nothing is wrong." in done.stdout, done.stderr)
        check("was not asked what else to read" in done.stderr, done.stderr)


def the_person_decides_line_by_line():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, "RUN: frobone -- a\nRUN: frobtwo -- b\nRUN: frobthree -- c\nRUN: frobfour")
        for name in ("frobone", "frobtwo", "frobthree", "frobfour", "frobnew"):
            world.program(name, "fine")
        with world.server:
            shown = world.on_terminal(["y", "", "e", "frobnew > out.txt", "y", "q"], "debughost")
        check(world.ran() == ["frobone ", "frobnew "] or sorted(world.ran()) == ["frobnew ", "frobone "],
              f"ran {world.ran()}: {shown[-3000:]}")
        check((world.folder / "out.txt").exists(), "an approved line is the shell's, as it stands")
        check("may write or change" in shown, "the edited line is shown with its risk")


for test in (nothing_hostile_runs_unasked, without_a_terminal_lines_are_refused_and_listed,
             yolo_runs_what_only_reads, all_failing_is_told, outputs_are_summarised_within_the_calls,
             a_plan_that_fails_costs_nothing_else, the_person_decides_line_by_line):
    print(test.__name__, flush=True)
    test()
sys.exit(1 if FAILED else 0)
