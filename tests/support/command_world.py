"""What table-driven tests of the command line share: the program by all its names, a home and a
folder of its own, and how a run is looked at."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

NAMES = ("sysgrok", "sysgrok.py", "perf-gpt", "perf-gpt.py", "perf-copilot", "perf-copilot.py")
TIMEOUT_S = 60
# What a sanitizer or the loader says when the program goes wrong.
CRASHES = ("AddressSanitizer", "runtime error:", "LeakSanitizer", "assertion", "Assertion")

FOLDED = "main;work;memcpy 60\nmain;work;inflate_fast 30\nmain;idle 10\n"
TABLE = """# Overhead  Command  Shared Object     Symbol
    64.57%  gzip     gzip              [.] longest_match
    14.44%  gzip     libc.so.6         [.] memcpy
     0.33%  gzip     [kernel.kallsyms] [k] clear_page_erms
"""


class World:
    """A scratch folder where the program is run; `checks` counts."""

    def __init__(self, program, scratch, **variables):
        self.scratch = pathlib.Path(scratch).resolve()
        self.work = self.scratch / "work"
        home, tools = self.scratch / "home", self.scratch / "bin"
        for folder in (self.work, home, tools):
            folder.mkdir()
        for name in NAMES:
            (tools / name).symlink_to(pathlib.Path(program).resolve())
        self.env = {name: value for name, value in os.environ.items() if "SAN_OPTIONS" in name}
        self.env |= {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb",
                     "LC_ALL": "C.UTF-8", "TZ": "UTC0", "TMPDIR": str(self.scratch)}
        self.env |= variables
        self.tables = json.loads(self.run("sysgrok", "help", "--json").stdout)
        self.commands = {command["name"]: command for command in self.tables["commands"]}
        self.statuses = {entry["status"] for entry in self.tables["exit_statuses"]} | {0}

    def run(self, *words, stdin=b"", env=None, **options):
        """Bytes in and out; `stdin` None closes nothing and gives /dev/null."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        if "stdin_file" in options:
            options["stdin"] = options.pop("stdin_file")
        elif stdin is not None:
            options["input"] = stdin
        else:
            options["stdin"] = subprocess.DEVNULL
        options.setdefault("stdout", subprocess.PIPE)
        words = [word if isinstance(word, bytes) else str(word) for word in words]
        return subprocess.run(words, cwd=self.work, env=self.env | (env or {}),
                              stderr=subprocess.PIPE, timeout=TIMEOUT_S, **options)

    def shell(self, line, **options):
        """A line of bash, for what only a shell can do to descriptors."""
        return self.run("bash", "-c", line, **options)

    def write(self, name, content):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name


FAKE_SSH = """#!/usr/bin/env python3
import os, socket, sys, time
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write("".join(word + "\\n" for word in words))
if "-N" in words:  # the shared connection: its socket is there for as long as it is
    path = [word.split("=", 1)[1] for word in words if word.startswith("-oControlPath=")][0]
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    while os.getppid() != 1:
        time.sleep(0.1)
    sys.exit(0)
print({said!r}, flush=True)
os.execvp("bash", ["bash", "-c", words[-1]])
"""


def fake_ssh(world, said=""):
    """An `ssh` that runs the line here, as the host's login shell would. It writes its words to
    the file ssh-words, each on a line."""
    path = world.scratch / "bin" / "ssh"
    path.write_text(FAKE_SSH.format(log=str(world.work / "ssh-words"), said=said))
    os.chmod(path, 0o755)


class Checks:
    """Collects what was compared. What holds is counted, what does not is told."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, passed, text):
        if passed:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {text}", flush=True)
        return passed

    def note(self, text):
        print(f"note {text}", flush=True)

    def status(self):
        print(f"{self.passed} hold, {self.failed} do not")
        return 1 if self.failed else 0


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def crash_of(done):
    """Why a run was a crash, or None."""
    if done.returncode < 0 and done.returncode != -signal.SIGPIPE:
        return f"killed by signal {-done.returncode}"
    if done.returncode > 128 and done.returncode - 128 in (4, 6, 7, 8, 11):
        return f"killed by signal {done.returncode - 128}"
    for sign in CRASHES:
        if sign.encode() in done.stderr:
            return sign
    return None


def error_fault(done, statuses, names=()):
    """Why standard error is not one clear error, or None: one line `sysgrok: ...` that names what
    it is about, at most one hint behind it, one of the documented statuses."""
    lines = done.stderr.decode(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("sysgrok: ") and
              not line.startswith(("sysgrok: note: ", "sysgrok: warning: "))]
    hints = [line for line in lines if line.startswith("hint: ")]
    if crash_of(done):
        return crash_of(done)
    if done.returncode not in statuses:
        return f"status {done.returncode}, not {sorted(statuses)}: {lines[:2]}"
    if len(errors) != 1 or len(hints) > 1:
        return f"{len(errors)} errors and {len(hints)} hints: {lines[:3]}"
    if len(errors[0]) > 400:
        return f"an error of {len(errors[0])} characters"
    if not all(name in errors[0] for name in names):
        return f"{names} is not named: {errors[0]}"
    return None


OUR_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")


def control_fault(text, colours=False):
    """Bytes that could move a terminal: control codes but newline and tab, C1 codes, and the marks
    that turn the direction of text."""
    if colours:
        text = OUR_COLOURS.sub(b"", text)
    for match in re.finditer(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|"
                             rb"\xe2\x80[\xaa-\xae\x8e\x8f]|\xe2\x81[\xa6-\xa9]", text):
        return f"{match[0]!r} at {match.start()}: {text[max(0, match.start() - 30):][:60]!r}"
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return f"no UTF-8: {error}"
    return None
