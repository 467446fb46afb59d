#!/usr/bin/env python3
"""What runs on other hosts, against real sshd on loopback: streams, status, quoting, login shells,
hosts that cannot be reached or that break, deadlines, and that nothing stays behind.

usage: ssh_hosts.py SYSGROK EXEC_DRIVER
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ssh_world import Server, World, cut_after, free_port, gone, need, running

SYSGROK, DRIVER = (os.path.abspath(path) for path in sys.argv[1:3])
failed = []
counter = 0


def check(holds, what, shown=""):
    print(("ok   " if holds else "FAIL ") + what + ("" if holds else f": {shown}"), flush=True)
    if not holds:
        failed.append(what)


def sign():
    """An argument of sleep that no other process has."""
    global counter
    counter += 1
    return f"{40000 + os.getpid() % 9000}.{os.getpid()}{counter}"


def start(world, *words, targets, options=(), **more):
    options = [str(option) for option in options]
    for target in targets:
        options += ["-t", target]
    return subprocess.Popen([DRIVER, "-F", world.path, *options, "--", *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(world.environment, **more))


def results(process):
    out, err = process.communicate(timeout=120)
    told = [json.loads(line) for line in out.splitlines()]
    for one in told:
        one["out"], one["err"] = bytes.fromhex(one["out"]), bytes.fromhex(one["err"])
    if not told:
        told = [{"outcome": "refused", "reason": err.decode(), "out": b"", "err": b"",
                 "status": process.returncode, "took_s": 0}]
    return told


def run(world, *words, on, options=(), **more):
    return results(start(world, *words, targets=[on], options=options, **more))[0]


def no_folder(world):
    return not list(world.sockets.iterdir())


ODD_WORDS = ["a b", "'", '"', "it's \"so\"", "$(echo no)", "`echo no`", "$HOME", "", "-x", "--",
             "two\nlines", "tab\there", "!!", "\\", "\\n", "*", "~", "#", "a;b|c&d>e<f", "ü€😀",
             "%s%n", "\x01\x7f", " lead", "trail ", "{a,b}", "(x)", "^", "[!a]", "end\n"]


def words_stay_whole(world, host):
    told = run(world, "printf", "%s|", *ODD_WORDS, on=host)
    check(told["out"].decode() == "|".join(ODD_WORDS) + "|", f"words stay whole ({host})", told)


def streams_and_status(world, host):
    told = run(world, "sh", "-c", "echo out; echo err >&2; exit 3", on=host)
    check((told["outcome"], told["status"], told["out"], told["err"]) ==
          ("done", 3, b"out\n", b"err\n"), f"streams and status come apart ({host})", told)


def shells(world):
    noise = "echo welcome to this host; echo 'last login: now' >&2; sleep 0.3; seq 1 40000\n"
    made = [world.add("plain", options=["Banner /etc/os-release"]),
            world.add("noisy", home={".bashrc": noise}),
            world.add("dash", shell="/bin/dash")]
    if shutil.which("fish"):
        made.append(world.add("fish", shell=shutil.which("fish"), home={
            ".config/fish/config.fish": "echo hello fish; echo more >&2\n"}))
    if shutil.which("tcsh"):
        made.append(world.add("csh", shell=shutil.which("tcsh"),
                              home={".cshrc": "echo hello csh\n"}))
    for host in made:
        streams_and_status(world, host)
        words_stay_whole(world, host)
    told = run(world, "cat", on="plain")
    check(told["out"] == b"" and told["status"] == 0, "standard input is empty", told)
    told = run(world, "sh", "-c", "echo $LC_ALL $S_TIME_FORMAT", on="plain", LC_ALL="de_DE.UTF-8")
    check(told["out"] == b"C ISO\n", "locale and time format are fixed", told)
    told = run(world, "no-such-program", on="plain")
    check(told["outcome"] == "not-found", "a missing program is told", told)
    told = run(world, "/etc", on="plain")
    check(told["outcome"] == "not-permitted", "a folder may not be run", told)
    told = run(world, "sh", "-c", "exit 124", on="plain")
    check((told["outcome"], told["status"]) == ("done", 124), "its own status 124 is no timeout",
          told)
    quits = world.add("quits", home={".bashrc": "exit 0\n"})
    told = results(start(world, "true", targets=[quits], options=["-n", 12]))
    check(all(one["outcome"] == "unreachable" and "login shell" in one["reason"] for one in told),
          "a login shell that ends before our command is told", told[0])


def refusals(world):
    port = world.sshd("keys-host")
    world.await_port(port)
    world.known("other-known", "other-host")
    cases = {
        "a wrong key": (dict(port=port, key="wrong-id"), "Permission denied"),
        "an unknown host key": (dict(port=port, known="nothing"), "not known"),
        "a host key that changed": (dict(port=port, known="other-known"), "not the one"),
        "a closed port": (dict(port=free_port()), "refused"),
        "no such name": (dict(address="no-such-host.invalid"), "resolve"),
        "silence": (dict(port=Server(lambda c: time.sleep(60)).port), ""),
        "a cut greeting": (dict(port=Server(lambda c: c.close()).port), ""),
        "a server of other things":
            (dict(port=Server(lambda c: (c.sendall(b"HTTP/1.1 400 Bad\r\n\r\n" * 2000), c.close()))
                  .port), ""),
    }
    for number, (what, (where, says)) in enumerate(cases.items()):
        alias = world.host(f"bad{number}", **where)
        before = time.time()
        told = results(start(world, "true", targets=[alias], options=["-n", 9, "-W", 2]))
        took = time.time() - before
        check(all(one["outcome"] == "unreachable" and says in one["reason"] for one in told),
              f"{what} is told: {told[0]['reason']}", told[0])
        check(took < 2 + 3 + 5, f"{what} costs its time once ({took:.1f} s)", took)
    check(not (world.folder / "nothing").exists(), "no host key was accepted unasked")
    for target in ("-oProxyCommand=touch canary", "root@-oX", "a b", "a;b"):
        told = run(world, "true", on=target)
        check(told["outcome"] == "refused" and told["status"] == 3, f"'{target}' is no host", told)


def ends(world):
    """What does not end, or does not want to."""
    host = "plain"
    cases = {
        "a command that never ends": ["sh", "-c", "echo first; sleep {}"],
        "one that ignores SIGTERM": ["sh", "-c", "trap '' TERM; echo first; sleep {}; sleep {}"],
        "one in many processes": ["sh", "-c", "echo first; for i in 1 2 3; do sleep {} & done; "
                                  "wait"],
    }
    bare = world.add("no-timeout", before="mount --bind /dev/null /usr/bin/timeout")
    small = None
    if shutil.which("busybox"):
        tools = world.folder / "bb"
        tools.mkdir()
        for name in subprocess.check_output(["busybox", "--list"], text=True).split():
            (tools / name).symlink_to(shutil.which("busybox"))
        small = world.add("busybox", shell=f"{tools}/sh", options=[f"SetEnv PATH={tools}"])
        streams_and_status(world, small)
        words_stay_whole(world, small)
    for where in filter(None, (host, bare, small)):
        for what, words in cases.items():
            mark = sign()
            told = run(world, *[word.replace("{}", mark) for word in words], on=where,
                       options=["-T", 1000])
            check(told["outcome"] == "timed-out" and told["out"] == b"first\n",
                  f"{what} is stopped, what it said is kept ({where})", told)
            check(gone(mark), f"{what} leaves nothing ({where})", running(mark))
        mark = sign()
        told = run(world, "sh", "-c", f"echo hi; sleep {mark} & exit 0", on=where)
        check(told["outcome"] == "done" and told["out"] == b"hi\n" and told["took_s"] < 8,
              f"what holds the streams open is not waited for ({where})", told)
        check(gone(mark), f"and is ended ({where})", running(mark))
    told = run(world, "yes", on=host, options=["-C", 5000])
    check(told["outcome"] == "done" and told["out_cut"] and len(told["out"]) == 5000,
          "output over the cap is cut, and said", told)
    told = run(world, "sh", "-c", "yes | head -c 200000000", on=host,
               options=["-C", 300000000, "-T", 60000])
    check(len(told["out"]) == 200000000 and not told["out_cut"],
          f"200 MB come whole ({told['took_s']:.1f} s)", len(told["out"]))
    told = run(world, "printf", "\\001\\000\\377no end of line", on=host)
    check(told["out"] == b"\1\0\xffno end of line", "bytes come as they are", told)


def many_sessions(world):
    for most in (1, 2, 10):
        host = world.add(f"sessions{most}", options=[f"MaxSessions {most}"])
        told = results(start(world, "sh", "-c", "sleep 0.3; echo $$", targets=[host],
                             options=["-n", 20]))
        check(all(one["outcome"] == "done" and one["out"] for one in told),
              f"20 commands where MaxSessions is {most}",
              [one for one in told if one["outcome"] != "done"][:2])
    check(no_folder(world), "no folder of connections stays", list(world.sockets.iterdir()))
    home = world.folder / "readonly" / "home"
    readonly = world.add("readonly", options=[f"SetEnv TMPDIR={home}"],
                         before=f"mount --bind {home} {home} && mount -o remount,bind,ro {home}")
    told = run(world, "sh", "-c", "echo x >$TMPDIR/x && echo x >$HOME/x", on=readonly)
    check(told["status"] != 0, "there nothing can be written", told)
    streams_and_status(world, readonly)


def ways(world):
    """Jumps, agents, the user's own configuration."""
    port = world.sshd("behind")
    world.await_port(port)
    world.host("behind", port=port, more=["ProxyJump plain"])
    streams_and_status(world, "behind")
    mark = sign()
    told = results(start(world, "sh", "-c", f"sleep {mark}", targets=["behind"],
                         options=["-n", 12, "-T", 1000]))
    check(all(one["outcome"] == "timed-out" for one in told) and gone(mark),
          "commands that time out do not break a connection through a jump host", told[0])
    socket = world.folder / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.02)
    with_agent = dict(SSH_AUTH_SOCK=str(socket))
    subprocess.run(["ssh-add", "-q", world.folder / "id"], env={**world.environment, **with_agent},
                   check=True, capture_output=True)
    world.host("by-agent", port=port, key=None, more=["IdentityFile /dev/null"])
    told = run(world, "echo", "in", on="by-agent", **with_agent)
    check(told["out"] == b"in\n", "a key that only the agent has", told)
    agent.terminate()
    agent.wait()
    told = run(world, "true", on="by-agent")
    check(told["outcome"] == "unreachable", "and without the agent none", told)
    answer = subprocess.run([SYSGROK, "debughost", "-t", "-oProxyCommand=touch canary"],
                            capture_output=True, text=True, env=world.environment)
    check(answer.returncode == 2 and "no host" in answer.stderr and
          not pathlib.Path("canary").exists(), "debughost: an option is no host", answer)


def breaks(world):
    port = world.sshd("cut-host")
    world.await_port(port)
    world.host("cut", port=cut_after(port, 1.5))
    mark = sign()
    before = time.time()
    told = results(start(world, "sh", "-c", f"echo first; sleep {mark}", targets=["cut", "plain"],
                         options=["-n", 10, "-T", 4000]))
    took = time.time() - before
    check(all(one["outcome"] == "unreachable" for one in told[:10]) and
          told[0]["out"] == b"first\n", "a connection that breaks is told", told[0])
    check(all(one["took_s"] < 4 for one in told[:10]), "and not waited for", told[0])
    check(all(one["outcome"] == "timed-out" for one in told[10:]), "and the others go on", told[10])
    check(gone(mark), f"nothing stays where it broke ({took:.1f} s)", running(mark))


def stopped(world):
    for signal_number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGKILL, "SIGKILL")):
        for host in ("plain", "no-timeout", "busybox", "behind"):
            mark = sign()
            process = start(world, "sh", "-c", f"echo a; sleep {mark} & sleep {mark}",
                            targets=[host], options=["-n", 3, "-T", 60000])
            until = time.time() + 30
            while len(running(mark)) < 6 and time.time() < until:
                time.sleep(0.05)
            began = len(running(mark))
            folders = list(world.sockets.iterdir())
            check(all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders) and folders,
                  f"the folder of connections is 0700 ({host})", folders)
            process.send_signal(signal_number)
            out, _ = process.communicate(timeout=30)
            check(began >= 6 and gone(mark, 8), f"{name}: nothing runs on ({host})",
                  (began, running(mark)))
            check(gone(f"-oControlPath={folders[0]}/0"), f"{name}: no ssh of ours stays ({host})")
            if signal_number == signal.SIGINT:
                check(out.count(b'"stopped"') == 3, f"{name}: all are told as stopped", out)
                check(no_folder(world), f"{name}: no folder of connections stays",
                      list(world.sockets.iterdir()))
            for folder in world.sockets.iterdir():
                shutil.rmtree(folder)


def as_root(world):
    """A host with a sudoers file of its own, seen only in its namespace."""
    if not shutil.which("sudo"):
        print("skipped: sudo is not there")
        return
    for name, rule, expected in (
            ("all", "plain ALL=(ALL) NOPASSWD: ALL", "done"),
            ("some", "plain ALL=(ALL) NOPASSWD: /usr/bin/id", "done"),
            ("none", "plain ALL=(ALL) ALL", "not-permitted"),
            ("stranger", "root ALL=(ALL) ALL", "not-permitted")):
        rules = world.folder / f"sudoers-{name}"
        rules.write_text(f"Defaults !lecture\n{rule}\n")
        rules.chmod(0o440)
        host = world.add(f"sudo-{name}", user="plain",
                         before=f"mount --bind {rules} /etc/sudoers")
        told = run(world, "id", "-u", on=host, options=["-s"])
        check(told["outcome"] == expected and (expected != "done" or told["out"] == b"0\n"),
              f"sudo where '{rule}': {told['outcome']}, {told['reason']}", told)
        told = run(world, "id", "-u", on=host)
        check(told["out"] == b"54321\n", "without --sudo nothing runs as root", told)
    told = run(world, "no-such-program", on="sudo-all", options=["-s"])
    check(told["outcome"] == "not-found", "a program that is missing is no refusal", told)
    mark = sign()
    told = run(world, "sleep", mark, on="sudo-all", options=["-s", "-T", 1000])
    check(told["outcome"] == "timed-out" and gone(mark), "what runs as root ends at its time", told)
    told = run(world, "id", "-u", on="plain", options=["-s"])
    check(told["out"] == b"0\n", "root needs no sudo", told)
    world.add("sudo-absent", user="plain", before="mount --bind /dev/null /usr/bin/sudo")
    told = run(world, "id", "-u", on="sudo-absent", options=["-s"])
    check(told["outcome"] == "not-permitted", f"no sudo there: {told['reason']}", told)


def main():
    need()
    with World() as world:
        for part in (shells, refusals, ends, many_sessions, ways, breaks, stopped, as_root):
            part(world)
        check(no_folder(world), "no folder of connections stays", list(world.sockets.iterdir()))
    print(f"{len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
