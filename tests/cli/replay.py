#!/usr/bin/env python3
"""What --save-dir kept is judged the same anywhere, and of forty hosts the odd ones are told.

usage: replay.py SYSGROK

One look at this machine is the host that all forty are like: what it says does not matter, as all
say the same.
"""
import json
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import command_world as cw

HOSTS = 40
ODD_MEMORY, ODD_LOAD, UNREAD = "web07", "web23", "web31"


def change(folder, pattern, new):
    path = next(folder.glob("*-look.out"))
    text, count = re.subn(pattern, new, path.read_text(errors="surrogateescape"), flags=re.M)
    path.write_text(text, errors="surrogateescape")
    return count


def make_fleet(world, checks):
    for i in range(HOSTS):
        name = f"web{i:02}"
        folder = world.work / "fleet" / name
        shutil.copytree(world.work / "one" / "localhost", folder)
        index = json.loads((folder / "index.json").read_text())
        index["host"] = name
        index["unreachable"] = "ssh: no route to host" if name == UNREAD else None
        (folder / "index.json").write_text(json.dumps(index))
    fleet = world.work / "fleet"
    checks.check(change(fleet / ODD_MEMORY, r"^(/proc/meminfo:Slab:) .*", r"\1 4800000 kB") and
                 change(fleet / ODD_LOAD, r"^(/proc/loadavg:)\S+", r"\g<1>777.0"),
                 "the snapshots have the lines that this test changes")


def differing(host):
    return {row["fact"] for row in host["differs"]}


def test_many(world, checks):
    done = world.run("sysgrok", "debughost", "--json", "--from-dir", "fleet", stdin=None)
    hosts = {host["host"]: host for host in json.loads(done.stdout)["hosts"]}
    checks.check(done.returncode == 0 and len(hosts) == HOSTS and list(hosts) == sorted(hosts),
                 f"each host once, in order: {list(hosts)} {done.stderr[:200]}")
    odd = {name for name, host in hosts.items() if host["differs"]}
    checks.check(odd == {ODD_MEMORY, ODD_LOAD}, f"only the odd ones are unlike the rest: {odd}")
    checks.check("memory_slab" in differing(hosts[ODD_MEMORY]) and
                 "load_1" in differing(hosts[ODD_LOAD]),
                 f"and in what: {hosts[ODD_MEMORY]['differs']} {hosts[ODD_LOAD]['differs']}")
    checks.check("no route" in hosts[UNREAD]["unreachable"] and hosts[UNREAD]["healthy"] is None
                 and hosts[UNREAD]["not_checked"], "one that could not be read says why")
    text = world.run("sysgrok", "debughost", "--from-dir", "fleet", stdin=None).stdout.decode()
    checks.check(text.startswith("40 hosts: ") and "Unlike the rest" in text and
                 "1 could not be read" in text and "777" in text, f"one report: {text[:300]}")


def test_same_anywhere(world, checks):
    for words in (["debughost"], ["--json", "debughost"], ["-v", "debughost"]):
        base = world.run("sysgrok", *words, "--from-dir", world.work / "one", stdin=None)
        for env in ({"TZ": "Asia/Kathmandu"}, {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
                    {"LC_ALL": "C"}, {"PATH": "/nowhere"}):
            done = world.run(world.scratch / "bin" / "sysgrok", *words, "--from-dir",
                             world.work / "one", stdin=None, env=env)
            checks.check(base.returncode == done.returncode == 0 and done.stdout == base.stdout,
                         f"{words} under {env}: the same bytes {done.stderr[:200]}")
        done = world.shell(f"cd / && sysgrok {' '.join(words)} --from-dir {world.work}/one",
                           stdin=None)
        checks.check(done.stdout == base.stdout, f"{words} from another folder: the same bytes")


def main():
    checks = cw.Checks()
    with tempfile.TemporaryDirectory() as scratch:
        world = cw.World(sys.argv[1], scratch)
        live = world.run("sysgrok", "debughost", "--json", "--save-dir", "one", stdin=None)
        again = world.run("sysgrok", "debughost", "--json", "--from-dir", "one", stdin=None)
        checks.check(live.returncode == 0 and live.stdout == again.stdout,
                     f"the live answer is the replayed one: {live.stderr[:200]}")
        again = world.run("sysgrok", "debughost", "--save-dir", "one", stdin=None)
        checks.check(again.returncode == 8 and b"there is a snapshot already" in again.stderr,
                     "nothing that was kept is overwritten")
        make_fleet(world, checks)
        test_many(world, checks)
        test_same_anywhere(world, checks)
    return checks.status()


sys.exit(main())
