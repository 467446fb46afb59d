#!/usr/bin/env python3
"""The grammar of the command line, for every command of the table.

usage: grammar.py SYSGROK

Each rule is asked of the program as it is: `-h` behind the words in question shows the help page
where they were understood, and status 2 says that they were not.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import command_world as cw

GLOBAL_LETTERS = "hvdecm"
GLOBAL_LONG = {"--help": [], "--verbose": [], "--json": [], "--offline": [], "--color": ["never"],
               "--echo-input": [], "--chat": [], "--model": ["m"], "--debug": [],
               "--model-or-deployment-id": ["m"], "--temperature": ["0.5"],
               "--output-format": ["two words"], "--max-concurrent-queries": ["2"]}
# From the first operand on, nothing is the program's.
STOPS = {"explainprocess", "record"}


def understood(world, *words):
    done = world.run(*words, stdin=None)
    return done.returncode == 0 and done.stdout.startswith(b"usage: ")


def letters_of(command):
    return {option["letter"]: option for option in command["options"] if option["letter"]}


def value_of(option):
    """A word that the option takes; none where it takes none."""
    value = option["value"]
    if not value or value.startswith("["):
        return []
    return [value.split("|")[0] if value[0].islower() else "1"]


def test_global_letters(world, checks):
    for name, command in world.commands.items():
        own = letters_of(command)
        checks.check("h" not in own and "v" not in own, f"{name} leaves -h and -v global")
        for letter in GLOBAL_LETTERS:
            value = ["m"] if letter == "m" else []
            checks.check(understood(world, "sysgrok", f"-{letter}", *value, name, "-h"),
                         f"-{letter} before {name}")
            if letter in own:
                value = value_of(own[letter])
            done = world.run("sysgrok", name, f"-{letter}", *value, "-h", stdin=None)
            # A letter that the command refuses with a reason is its own, too.
            checks.check(done.stdout.startswith(b"usage: ") or
                         b"is not an option here\nhint: " in done.stderr,
                         f"-{letter} after {name}")
        for option, value in GLOBAL_LONG.items():
            for words in ([option, *value, name], [name, option, *value]):
                checks.check(understood(world, "sysgrok", *words, "-h"), f"{words}")
        for words in (["--version", name], [name, "--version"]):
            done = world.run("sysgrok", *words, stdin=None)
            checks.check(done.returncode == 0 and done.stdout.startswith(b"sysgrok "), f"{words}")
        checks.check(world.run("sysgrok", name, "-V", stdin=None).returncode == 2,
                     f"{name} -V is not --version")


def test_own_letters_win(world, checks):
    shadowed = {(name, letter) for name, command in world.commands.items()
                for letter in letters_of(command) if letter in GLOBAL_LETTERS}
    checks.check(("record", "c") in shadowed and ("record", "m") in shadowed,
                 "record has letters of its own that are global elsewhere")
    done = world.run("sysgrok", "record", "-c", "word", "true", stdin=None)
    checks.check(done.returncode == 2 and b"'word' is not" in done.stderr,
                 "record -c takes a number, as perf's does")
    done = world.run("sysgrok", "-c", "topn", "good", stdin=None)
    checks.check(done.returncode == 0 and b"chat needs a model" in done.stderr,
                 "-c before the command is the chat")


def test_prefixes(world, checks):
    """A beginning that only one of the command's options has is that option; an exact name is
    itself, whatever begins with it; global options come behind."""
    for name, command in world.commands.items():
        options = [option for option in command["options"] if option["name"]]
        # Two spellings of one option are one: only what help shows can be in doubt.
        shown = {option["name"]: option for option in options if option["kind"] == "shown"}
        for option in options:
            value = value_of(option)
            words = [name, f"--{option['name']}", *value, "-h"]
            checks.check(understood(world, "sysgrok", *words), f"exact: {words}")
        for long, option in shown.items():
            for length in range(2, len(long)):
                prefix = long[:length]
                ours = [other for other in options if other["name"].startswith(prefix)]
                exact = [other for other in options if other["name"] == prefix]
                if f"--{prefix}" in GLOBAL_LONG or prefix == "output" or exact:
                    continue
                if any(other["kind"] != "shown" for other in ours):
                    continue
                done = world.run("sysgrok", name, f"--{prefix}", *value_of(option), "-h",
                                 stdin=None)
                if len(ours) == 1:
                    checks.check(done.stdout.startswith(b"usage: "), f"{name} --{prefix}")
                else:
                    checks.check(done.returncode == 2 and b"could be more than" in done.stderr and
                                 all(f"--{o['name']}".encode() in done.stderr for o in ours),
                                 f"{name} --{prefix} is in doubt: {done.stderr[:200]}")
        has_output = any(option["name"] == "output" for option in options)
        done = world.run("sysgrok", name, "--output", "x", "-h", stdin=None)
        checks.check(done.stdout.startswith(b"usage: ") if has_output else
                     done.returncode == 2 and b"--output-format is of a model" in done.stderr,
                     f"{name} --output never means --output-format")


def test_double_dash(world, checks):
    for words, named in (("topn -- --json", "--json"), ("topn -- -v", "-v"),
                         ("report -- -x", "-x"), ("topn -i -- ", "--")):
        done = world.run("sysgrok", *words.split(), stdin=None)
        fault = cw.error_fault(done, {5}, [named])
        checks.check(not fault, f"{words}: what follows -- is an operand: {fault}")
    for words in (["--", "topn", "good"], ["topn", "--", "good"], ["topn", "good", "--"]):
        done = world.run("sysgrok", *words, stdin=None)
        checks.check(done.returncode == 0 and b"memcpy" in done.stdout, f"{words}")
    done = world.run("sysgrok", "findfaster", "--", "--json", stdin=None)
    checks.check(done.returncode == 0 and done.stdout.strip().startswith(b"--json"),
                 "findfaster -- --json looks for '--json'")


def test_after_the_first_operand(world, checks):
    for name in world.commands:
        if name not in STOPS:
            continue
        # Were --no-such ours it would be refused.
        if name == "explainprocess":
            done = world.run("sysgrok", name, "ls", "--no-such", "-h", "--json", stdin=None)
            checks.check(done.returncode == 0 and b"--no-such" in done.stdout and
                         not done.stdout.startswith((b"usage", b"{")),
                         f"{name}: the process's options are its own")
        else:
            done = world.run("sysgrok", name, "no-such-program", "--no-such", "-h", stdin=None)
            checks.check(done.returncode != 2 and not done.stdout.startswith(b"usage"),
                         f"{name}: the program's options are its own")
    for words in (["topn", "good", "--json"], ["report", "good", "--json"],
                  ["stacktrace", "good", "--json"], ["findfaster", "gzip", "--json"],
                  ["explainfunction", "memcpy", "--json"], ["topn", "good", "-n3", "--json"]):
        done = world.run("sysgrok", *words, stdin=None)
        checks.check(done.returncode == 0 and done.stdout.startswith(b"{"),
                     f"{words}: options may follow the operands")


def test_values(world, checks):
    base = world.run("sysgrok", "topn", "-n", "1", "good", stdin=None).stdout
    for words in (["-n1"], ["--limit", "1"], ["--limit=1"], ["--lim=1"], ["-n", "9", "-n", "1"]):
        done = world.run("sysgrok", "topn", *words, "good", stdin=None)
        checks.check(done.stdout == base, f"topn {words} is topn -n 1")
    for words, text in ((["--json=yes", "help"], b"takes no value"),
                        (["topn", "--limit"], b"needs a value"),
                        (["topn", "--limit=x"], b"'x' is not a whole number"),
                        (["topn", "--limit=-1", "good"], b"is not a whole number"),
                        (["--temperature", "warm", "help"], b"is not a number"),
                        (["--temperature", "3", "topn", "good"], b"0 to 2"),
                        (["--temperature", "-1", "topn", "good"], b"0 to 2"),
                        (["--max-concurrent-queries", "0", "topn", "good"], b"1 to 64"),
                        (["--color", "blue", "help"], b"not one of auto|always|never"),
                        (["--no-such", "help"], b"unknown option '--no-such'"),
                        (["-x", "help"], b"unknown option '-x'"),
                        (["topn", "-vx"], b"unknown option '-x' in -vx")):
        done = world.run("sysgrok", *words, stdin=None)
        fault = cw.error_fault(done, {2})
        checks.check(not fault and text in done.stderr, f"{words}: {fault} {done.stderr[:200]}")
    for words in (["-vv", "topn"], ["-v", "topn", "-v"], ["topn", "-vvv"],
                  ["--verbose", "topn", "--verbose"]):
        checks.check(understood(world, "sysgrok", *words, "-h"), f"{words}: -v is repeatable")


def test_debug(world, checks):
    """An optional value is glued on, so that --debug takes no word of what follows."""
    for words in (["--debug", "topn", "good"], ["-d", "topn", "good"], ["-de", "topn", "good"],
                  ["topn", "--debug", "good"], ["topn", "good", "-d"],
                  ["--debug=dso,symbol", "topn", "good"], ["-d=dso", "topn", "good"]):
        done = world.run("sysgrok", *words, stdin=None)
        checks.check(done.returncode == 0 and b"memcpy" in done.stdout, f"{words}")
    done = world.run("perf-gpt", "-de", "topn", "good", stdin=None)
    checks.check(done.stdout.startswith(b"main;work;memcpy 60"), "-de are -d and -e")


def test_earlier_tools(world, checks):
    """Every option of the earlier tools, as their usage spells it and shortened, before the
    command."""
    shared = [["-d"], ["--debug"], ["--deb"], ["-e"], ["--echo-input"], ["--echo"],
              ["-m", "gpt-4"], ["--temperature", "0.3"], ["--temp", "0.3"], ["--temperature=0"]]
    gpt = [["-v"], ["--verbose"], ["--verb"], ["--model", "gpt-4"], ["--mod", "gpt-4"]]
    later = [["-c"], ["--chat"], ["--ch"], ["--output-format", "as a poem"],
             ["--output-f", "as a poem"], ["--model-or-deployment-id", "gpt-4"],
             ["--model-or", "gpt-4"], ["--max-concurrent-queries", "8"], ["--max", "8"]]
    for tool, options in (("perf-gpt", shared + gpt), ("perf-copilot", shared + later),
                          ("sysgrok", shared + later)):
        for words in options:
            for name in (tool, f"{tool}.py"):
                checks.check(understood(world, name, *words, "topn", "-h"), f"{name} {words}")
    for words in (["explainfunction", "-s", "libc", "malloc"],
                  ["explainfunction", "--suggest-optimisations", "libc", "malloc"],
                  ["explainfunction", "--suggest-optimizations", "libc", "malloc"],
                  ["explainfunction", "--no-optimizations", "libc", "malloc"],
                  ["explainfunction", "--no-optimisations", "libc", "malloc"],
                  ["explainprocess", "--no-optimizations", "ls", "-l"],
                  ["explainprocess", "--no-optimisations", "ls", "-l"],
                  ["findfaster", "gzip"], ["findfaster", "-t", "program", "gzip"],
                  ["findfaster", "-t", "library", "libjpeg"],
                  ["findfaster", "--software-type", "pylibrary", "json"],
                  ["findfaster", "--soft", "program", "python", "json"]):
        for tool in ("perf-gpt", "perf-copilot.py", "sysgrok"):
            done = world.run(tool, *words, stdin=None)
            checks.check(done.returncode == 0 and done.stdout, f"{tool} {words} {done.stderr[:99]}")


def test_help(world, checks):
    """-h of each command, by each name, is complete and fits; help is the same."""
    for tool in ("sysgrok", "perf-gpt", "perf-copilot"):
        for name, command in world.commands.items():
            page = world.run(tool, name, "-h", stdin=None).stdout.decode()
            checks.check(page.startswith(f"usage: {tool} {name}"), f"{tool} {name} -h: its usage")
            checks.check(page == world.run(tool, "help", name, stdin=None).stdout.decode(),
                         f"{tool} help {name} is {name} -h")
            long = [line for line in page.splitlines() if len(line) > 100]
            checks.check(not long, f"{name} -h: {long[:1]}")
            missing = [option["name"] for option in command["options"] if option["name"] and
                       option["kind"] == "shown" and f"--{option['name']}" not in page]
            checks.check(not missing, f"{name} -h lacks {missing}")
            checks.check("examples" in page or name in ("help", "doctor"), f"{name} has examples")


def main():
    checks = cw.Checks()
    with tempfile.TemporaryDirectory() as scratch:
        world = cw.World(sys.argv[1], scratch)
        world.write("good", cw.FOLDED)
        for test in (test_global_letters, test_own_letters_win, test_prefixes, test_double_dash,
                     test_after_the_first_operand, test_values, test_debug, test_earlier_tools,
                     test_help):
            test(world, checks)
    return checks.status()


sys.exit(main())
