#!/usr/bin/env python3
"""Forty hosts at once, each a real sshd in a network namespace of its own: one is down, one slow,
one has a noisy login shell, one does not take our key, one cuts the connection.

usage: many_hosts.py SYSGROK EXEC_DRIVER
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ssh_world import World, cut_after, gone, need, running, skip

SYSGROK, DRIVER = (os.path.abspath(path) for path in sys.argv[1:3])
COUNT = 40
NET = f"10.213.{os.getpid() % 250}"
failed = []


def check(holds, what, shown=""):
    print(("ok   " if holds else "FAIL ") + what + ("" if holds else f": {shown}"), flush=True)
    if not holds:
        failed.append(what)


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr}")


def build(world):
    if not shutil.which("ip") or not shutil.which("nsenter"):
        skip("no ip or nsenter (Debian: iproute2, util-linux)")
    tag = f"sg{os.getpid() % 10000}"
    try:
        ip("link", "add", f"{tag}b", "type", "bridge")
    except RuntimeError as problem:
        skip(f"no bridge can be made here: {problem}")
    world.undo.append(["ip", "link", "del", f"{tag}b"])
    ip("addr", "add", f"{NET}.1/24", "dev", f"{tag}b")
    ip("link", "set", f"{tag}b", "up")
    homes = {2: {".bashrc": "sleep 2\n"},
             3: {".bashrc": "echo ===== welcome =====; seq 1 30000; echo careful >&2\n"}}
    for i in range(COUNT):
        space, veth, address = f"{tag}n{i}", f"{tag}v{i}", f"{NET}.{10 + i}"
        ip("netns", "add", space)
        world.undo.append(["ip", "netns", "del", space])
        world.undo.append(["ip", "link", "del", veth])
        ip("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", veth, "master", f"{tag}b", "up")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")
        world.sshd(f"h{i}", address, 22, home=homes.get(i),
                   enter=["nsenter", f"--net=/var/run/netns/{space}"])
    for i in range(COUNT):
        address = f"{NET}.{10 + i}"
        world.await_port(22, address)
        if i == 4:
            world.host("h4", address, key="wrong-id")
        elif i == 5:
            world.host("h5", port=cut_after(22, 1.5, address))
        else:
            world.host(f"h{i}", address)
    ip("link", "set", f"{tag}v1", "down")


def left_in_hosts(world):
    """What runs in the hosts beside sshd."""
    inside = set()
    ours = os.readlink("/proc/self/ns/pid")
    spaces = set()
    for process in world.started:
        try:
            spaces.add(os.readlink(f"/proc/{process.pid}/ns/pid_for_children"))
        except OSError:
            pass
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or os.readlink(folder / "ns/pid") not in spaces - {ours}:
                continue
            name = (folder / "comm").read_text().strip()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if name not in ("sshd", "sshd-session") and state != "Z":
            inside.add((int(folder.name), name))
    return inside


def none_left(world, within_s=8):
    until = time.time() + within_s
    while left_in_hosts(world) and time.time() < until:
        time.sleep(0.1)
    return not left_in_hosts(world)


def look(world, hosts, folder):
    """Time and the snapshots, by host."""
    targets = [word for host in hosts for word in ("-t", host)]
    before = time.time()
    answer = subprocess.run([SYSGROK, "debughost", "--json", "--ssh-config", world.path,
                             "--save-dir", folder, *targets], capture_output=True, text=True,
                            env=world.environment, timeout=300)
    return time.time() - before, answer


def drive(world, hosts, *words, options=()):
    targets = [word for host in hosts for word in ("-t", host)]
    return subprocess.Popen([DRIVER, "-F", world.path, *options, *targets, "--", *words],
                            stdout=subprocess.PIPE, env=world.environment)


def outcomes(world, hosts):
    """Nine commands a host, the first of which takes longest, as a look's do."""
    before = time.time()
    process = drive(world, hosts, "sh", "-c", "sleep 0.2; cat /proc/stat", options=["-n", "9"])
    told = [json.loads(line) for line in process.communicate(timeout=300)[0].splitlines()]
    took = time.time() - before
    for i, host in enumerate(hosts):
        mine = told[i * 9:i * 9 + 9]
        number = int(host[1:])
        if number == 5:
            continue  # it breaks whenever it breaks
        expected = "unreachable" if number in (1, 4) else "done"
        check(all(one["outcome"] == expected for one in mine), f"{host}: {expected}",
              [one for one in mine if one["outcome"] != expected][:1])
    return took


def stop(world, hosts):
    process = drive(world, hosts, "sh", "-c", "sleep 4321 & sleep 4321",
                    options=["-n", "2", "-T", "100000"])
    good = len(hosts) - 3
    until = time.time() + 60
    while len(running("4321")) < good * 4 and time.time() < until:
        time.sleep(0.1)
    began = len(running("4321"))
    before = time.time()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    took = time.time() - before
    check(began >= good * 4, "commands ran on all hosts that can be reached", (began, good * 4))
    check(gone("4321") and none_left(world), f"nothing runs on after Ctrl-C ({took:.1f} s)",
          left_in_hosts(world))
    check(not list(world.sockets.iterdir()), "and no folder of connections stays")
    targets = [word for host in hosts for word in ("-t", host)]
    process = subprocess.Popen([SYSGROK, "debughost", "--ssh-config", world.path, *targets],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=world.environment)
    time.sleep(4)
    before = time.time()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    check(b"Ctrl-C" in said and none_left(world),
          f"debughost: nothing runs on after Ctrl-C ({time.time() - before:.1f} s)",
          (process.returncode, said, left_in_hosts(world)))
    check(not list(world.sockets.iterdir()), "and no folder of connections stays")


def main():
    need()
    with World() as world:
        build(world)
        hosts = [f"h{i}" for i in range(COUNT)]
        with tempfile.TemporaryDirectory() as folder:
            one_s, answer = look(world, ["h20"], f"{folder}/one")
            check(answer.returncode == 0, "debughost reads one host", answer.stderr[-500:])
            many_s, answer = look(world, hosts, f"{folder}/many")
            check(answer.returncode == 0, "debughost reads forty hosts", answer.stderr[-500:])
            read = {path.parent.name for path in pathlib.Path(f"{folder}/many").rglob("*-look.out")
                    if path.read_bytes().count(b"= look") == 2}
            print(f"debughost: one host {one_s:.1f} s, {COUNT} hosts {many_s:.1f} s "
                  f"({os.cpu_count()} CPUs carry all of them), {len(read)} read")
            check(len(read) in (COUNT - 3, COUNT - 2) and not read & {"h1", "h4"},
                  "all that can be reached are read", sorted(read))
            # The forty share the CPUs of this machine, which real hosts do not.
            check(many_s <= 10 * one_s + 20, "forty take little more than one", (one_s, many_s))
        check(none_left(world), "nothing runs on after a look", left_in_hosts(world))
        print(f"nine short commands on each: one host {outcomes(world, ['h20']):.1f} s, "
              f"{COUNT} hosts {outcomes(world, hosts):.1f} s")
        stop(world, hosts)
    print(f"{len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
