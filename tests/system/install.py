#!/usr/bin/env python3
"""What `meson install` puts where, and that nothing stays behind it.

usage: install.py BUILD-FOLDER

Installs into a temporary DESTDIR, runs what is there by all its names, and removes it again.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import perf_tools

NAMES = ("sysgrok", "sysgrok.py", "perf-gpt", "perf-gpt.py", "perf-copilot", "perf-copilot.py")


def run(*command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, **options)


def places(build):
    known = {}
    for option in json.loads(run("meson", "introspect", "--buildoptions", build).stdout):
        known[option["name"]] = option["value"]
    prefix = known["prefix"].lstrip("/")
    return [os.path.join(prefix, known[name]) for name in ("bindir", "mandir", "datadir")]


def test_programs(checks, folder):
    for name in NAMES:
        done = run(folder / name, "--version")
        checks.check(done.returncode == 0 and done.stdout.startswith("sysgrok "),
                     f"{name} runs where it was put {done.stderr.strip()}")
        usage = run(folder / name, "-h").stdout
        tool = name.removesuffix(".py")
        checks.check(f"usage: {tool} " in usage, f"{name} -h shows the usage of {tool}")
    links = [name for name in NAMES[1:] if os.readlink(folder / name) != "sysgrok"]
    checks.check(not links, f"the other names are links to sysgrok {links}")


def test_pages(checks, folder, tables):
    names = ["sysgrok", "perf-gpt", "perf-copilot"]
    names += [f"sysgrok-{command['name']}" for command in tables["commands"]]
    missing = [name for name in names if not list(folder.glob(f"man1/{name}.1*"))]
    checks.check(not missing, f"every name and command has its page {missing}")
    if not shutil.which("man"):
        checks.note("no page is shown: man is not installed")
        return
    for name in ("perf-gpt", "perf-copilot"):
        done = run("man", "-M", folder, name, env=os.environ | {"MANPAGER": "cat"})
        checks.check(done.returncode == 0 and "perf-gpt" in done.stdout, f"man {name} shows it")


def test_completion(checks, folder):
    bash = folder / "bash-completion" / "completions"
    fish = folder / "fish" / "vendor_completions.d"
    script = 'source "$1/$2"; complete -p "$2"'
    for name in NAMES:
        done = run("bash", "-c", script, "bash", bash, name)
        checks.check(done.returncode == 0 and "_sysgrok" in done.stdout,
                     f"bash completes {name} {done.stderr.strip()}")
        checks.check((fish / f"{name}.fish").exists(), f"fish finds a script for {name}")
    first = (folder / "zsh" / "site-functions" / "_sysgrok").read_text().splitlines()[0].split()
    checks.check(first[0] == "#compdef" and set(NAMES) == set(first[1:]),
                 "zsh's script is for all names")
    checks.check((folder / "doc" / "sysgrok" / "env.example").exists(),
                 "settings to copy are there")


def main():
    build = os.path.abspath(sys.argv[1])
    if not shutil.which("meson"):
        perf_tools.skip("meson is not installed")
    checks = perf_tools.Checks()
    log = pathlib.Path(build) / "meson-logs" / "install-log.txt"
    before = log.read_bytes() if log.exists() else None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            done = run("meson", "install", "-C", build, "--no-rebuild", "--destdir", scratch)
            checks.check(done.returncode == 0, f"it installs {done.stderr.strip()[-300:]}")
            if done.returncode == 0:
                root = pathlib.Path(scratch)
                bindir, mandir, datadir = (root / place for place in places(build))
                tables = json.loads(run(bindir / "sysgrok", "help", "--json").stdout)
                test_programs(checks, bindir)
                test_pages(checks, mandir, tables)
                test_completion(checks, datadir)
                done = run("ninja", "-C", build, "uninstall")
                left = [path for path in root.rglob("*") if not path.is_dir()]
                checks.check(done.returncode == 0 and not left, f"and leaves nothing {left[:3]}")
        finally:
            # A real installation can still be taken back.
            if before is not None:
                log.write_bytes(before)
            else:
                log.unlink(missing_ok=True)
    return checks.status()


sys.exit(main())
