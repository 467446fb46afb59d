#!/usr/bin/env python3
"""The examples of the earlier tools' READMEs, as they are printed there: each one offline and with
a model, as text and as --json.

usage: seed_examples.py SYSGROK [SEEDS-FOLDER]

The inputs are our own, of the shapes that the READMEs show. Where the folder of the READMEs is
there, every command line in them must stand in one of the tables below. The model is aimock where
it is installed or npm can install it, else a small server of the test.
"""
import contextlib
import json
import pathlib
import re
import shlex
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import command_world as cw
import llm_aimock
import model_server

# ---- inputs: the shapes that the READMEs, the converters and their samples have

STACK = [("vmlinux", "copy_user_enhanced_fast_string", "vmlinux+0xb1fc20"),
         ("vmlinux", "copy_page_to_iter", "vmlinux+0x51fd60"),
         ("vmlinux", "generic_file_read_iter", "vmlinux+0x221f80"),
         ("vmlinux", "vfs_read", "vmlinux+0x2d80a0"),
         ("vmlinux", "ksys_read", "vmlinux+0x2d8240"),
         ("vmlinux", "do_syscall_64", "vmlinux+0x2820"),
         ("libc.so.6", "read", "./io/read.c#26"),
         ("python3.11", "_Py_read", "../Python/fileutils.c#1850")]


def elastic_stack(first_index):
    """Three lines a frame, the index counting down; the paste of the README lacks the first."""
    lines = []
    for i, (library, function, place) in enumerate(STACK):
        if i or first_index:
            lines.append(str(len(STACK) - i))
        lines += [f"{library}: {function}", place]
    return "\n".join(lines) + "\n"


TOP = [("sha256sum", "sha256_process_block", "lib/sha256.c#300", 31.8, 31.8),
       ("libc.so.6", "_int_malloc", "./malloc/malloc.c#4200", 6.8, 9.6),
       ("python3.11", "_PyEval_EvalFrameDefault", "Python/ceval.c#1800", 5.2, 42.8),
       ("vmlinux", "clear_page_erms", "vmlinux+0xa1fc00", 4.1, 4.1),
       ("libz.so.1.2.13", "deflate_slow", "deflate.c#1900", 3.3, 12.4)]


def elastic_top(first_index):
    """Nine lines a record."""
    lines = []
    for i, (library, function, place, own, total) in enumerate(TOP):
        if i or first_index:
            lines.append(str(i + 1))
        lines += [f"{library}: {function}", place, str(int(own * 1000)), f"{own:.2f}%",
                  f"{total:.2f}%", "1.23 kg", "$4.56", "Show more"]
    return "\n".join(lines) + "\n"


def converted_stack():
    lines = ["# Index | Process/Library | Function | File"]
    for i, (library, function, place) in enumerate(STACK):
        place = place.split("#")[0] if "#" in place else "Unknown file"
        lines.append(f"{len(STACK) - i} | {library} | {function} | {place}")
    return "\n".join(lines) + "\n"


def converted_top(first=1):
    lines = ["# Index | Process/Library | Function | File | Self CPU | Self+Children CPU"]
    for i, (library, function, place, own, total) in enumerate(TOP):
        place = place if "#" in place else ""
        lines.append(f"{first + i} | {library} | {function} | {place} | {own}% | {total}%")
    lines.append(f"{first + len(TOP)} | app | std::map<int, std::pair<int, long> >::find(int const&) |"
                 " map.h#1 | 0.5% | 0.5%")
    return "\n".join(lines) + "\n"


TREE = """-   61.20%  gzip     gzip                 [.] longest_match
   - 61.02% longest_match
      - 60.80% zip
           treat_file.part.0
           treat_file.part.0
           main
           __libc_start_call_main
           __libc_start_main@@GLIBC_2.34
           _start
"""

TABLE = """# Children      Self  Command  Shared Object  Symbol
# ........  ........  .......  .............  ......
#
    61.20%    61.20%  gzip     gzip                 [.] longest_match
    15.10%    15.10%  gzip     gzip                 [.] zip
     6.25%     6.25%  gzip     gzip                 [.] updcrc
     3.50%     3.50%  gzip     gzip                 [.] send_bits
     0.40%     0.40%  gzip     gzip                 [.] build_tree.lto_priv.0
     0.30%     0.30%  gzip     [kernel.kallsyms]    [k] copy_user_enhanced_fast_string
"""

ANNOTATED = """ Percent |      Source code & Disassembly of sum for cpu-clock (1,000 samples)
-----------------------------------------------------------------------------------
         :   4    double sum(const double *a, long n)
         :   6    for (long i = 0; i < n; i++)
   62.50 :   1150:   addsd  (%rdi),%xmm0
   30.00 :   1154:   add    $0x8000,%rdi
    7.50 :   115b:   cmp    %rax,%rdi
"""

PS_TOP = """top - 10:15:30 up 3 days,  2:01,  2 users,  load average: 6.52, 1.92, 0.68
Tasks: 160 total,  16 running, 144 sleeping,   0 stopped,   0 zombie
%Cpu(s): 90.6 us,  9.4 sy,  0.0 ni,  0.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st
MiB Mem :   9712.0 total,   8467.4 free,   1000.2 used,    244.4 buff/cache
MiB Swap:      0.0 total,      0.0 free,      0.0 used.   8467.4 avail Mem

    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
   4001 build     20   0  120000  90000   9000 R  98.0   0.9   0:10.00 cc1
   4002 build     20   0  121000  91000   9000 R  97.0   0.9   0:09.50 cc1
   4003 build     20   0   90000  60000   8000 R  60.0   0.6   1:02.00 python3
"""

# ---- the examples: the line as printed (its words, input, what a useful answer names)

SEEDS = [
    ("./perf-gpt.py findfaster gzip", None, ["zstd", "pigz"]),
    ('perf-gpt.py findfaster "python json"', None, ["orjson"]),
    ("perf-gpt.py stacktrace", elastic_stack(False), ["copy_user_enhanced_fast_string", "vfs_read"]),
    ("./perf-gpt.py stacktrace", TREE, ["longest_match", "zip"]),
    ("./perf-gpt.py topn", TABLE, ["longest_match", "updcrc", "Problem"]),
    ("./perf-gpt.py explainfunction -s libc malloc", None, ["malloc", "jemalloc"]),
    ('./perf-gpt.py -m gpt-4 analyzecmd -p "My host has stopped responding" -i /tmp/outputs', None,
     ["6.52", "cc1"]),
]
# What their texts and usages describe without a line to copy, and each way to write it.
DESCRIBED = [
    ("./perf-gpt.py -e topn", TABLE, ["# Children", "longest_match"]),
    ("perf-gpt.py -d -v --model gpt-4 --temperature 0.5 findfaster gzip", None, ["zstd"]),
    ("perf-gpt.py explainfunction libc malloc", None, ["malloc"]),
    ("perf-gpt.py code", ANNOTATED, ["sum"]),
    ("perf-gpt.py code annotated.txt", None, ["sum"]),
    ("perf-gpt.py topn top.txt", None, ["_int_malloc"]),
    ("./perf-copilot.py findfaster gzip", None, ["zstd"]),
    ("./perf-copilot.py --output-format 'a list' --max-concurrent-queries 2 topn", TABLE,
     ["longest_match"]),
    ("perf-copilot.py explainfunction libc malloc", None, ["malloc", "jemalloc"]),
    ("perf-copilot.py explainfunction --no-optimizations libc malloc", None, ["malloc"]),
    ("perf-copilot.py explainprocess gzip -9 access.log", None, ["gzip", "-9"]),
    ("perf-copilot.py explainprocess --no-optimizations sudo nice -n 5 tar xzf a.tgz", None,
     ["sudo", "nice", "tar"]),
    ("perf-copilot.py stacktrace stack.txt", None, ["vfs_read"]),
    ("perf-copilot.py code annotated.txt", None, ["sum"]),
    ("./sysgrok.py findfaster -t program gzip", None, ["zstd"]),
    ("./sysgrok.py findfaster -t library libjpeg", None, ["turbo"]),
    ("./sysgrok.py findfaster -t pylibrary json", None, ["orjson"]),
    ("./sysgrok.py --model-or-deployment-id gpt-4 topn", converted_top(), ["_int_malloc", "std::map"]),
    ("./sysgrok.py topn", converted_top(10), ["_int_malloc"]),
    ("./sysgrok.py topn", elastic_top(True), ["_int_malloc", "deflate_slow"]),
    ("./sysgrok.py topn", elastic_top(False), ["_int_malloc", "deflate_slow"]),
    ("./sysgrok.py stacktrace", elastic_stack(True), ["vfs_read", "ksys_read"]),
    ("./sysgrok.py stacktrace", converted_stack(), ["vfs_read", "_Py_read"]),
    ("sysgrok explainfunction -s libc malloc", None, ["malloc", "jemalloc"]),
    ("sysgrok topn", TABLE, ["longest_match"]),
    ("perf-copilot topn", TABLE, ["longest_match"]),
    ("perf-gpt topn", TABLE, ["longest_match"]),
]
# Command lines whose command comes later: each is refused by its name. Where one works it moves up.
LATER = {
    "profile": ["autoperf profile sleep 2", "sysgrok profile sleep 2"],
    "aggregate": ["autoperf aggregate ./out", "sysgrok aggregate ./out"],
}
# What looks at a host, by an ssh of this test that stays here.
HOST_LINES = [("./perf-copilot.py analyzecmd -t db1 uptime", "over 1, 5 and 15 minutes"),
              ("./sysgrok.py analyzecmd -p 'it is slow' -t db1 -- top -b -n 1", "top"),
              ("./perf-copilot.py debughost -p 'it is slow' -t db1", "Findings"),
              ("./sysgrok.py debughost -e --print-summaries --yolo -p 'it is slow' -t db1",
               "/proc")]
# Lines of the READMEs that are no command lines of the tools that this program takes the place of.
NOT_OURS = (r"autoperf\.git|cd autoperf|cargo install|--help$|analyze/|target/release|"
            r"\[-h\]")


def listed_lines(folder):
    """The command lines that the READMEs print."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(errors="replace").splitlines():
            line = line.strip().removeprefix("$ ")
            match = re.match(r"(usage: )?(\./)?(perf-gpt|perf-copilot|sysgrok|autoperf)(\.py)? "
                             r"(-\S+ \S+ )?[a-z]+( .*)?$", line)
            if match and not match[1] and not re.search(NOT_OURS, line):
                found.append(line)
    return [line for line in found if re.search(r"\.py |^autoperf (profile|aggregate)", line)]


def test_nothing_is_missing(checks, folder):
    known = {line for line, _, _ in SEEDS} | {line for lines in LATER.values() for line in lines}
    lines = listed_lines(folder) if folder and folder.is_dir() else []
    if not lines:
        checks.note("the tables are not held against the READMEs: their folder is not there")
        return
    missing = sorted(set(lines) - known)
    checks.check(not missing, f"printed, and in no table here: {missing}")
    extra = sorted({line for line, _, _ in SEEDS} - set(lines))
    checks.check(not extra, f"in the table, and not printed: {extra}")


def run(world, line, stdin, *options, **env):
    words = shlex.split(line.replace("/tmp/outputs", "outputs"))
    words[0] = words[0].removeprefix("./")
    return world.run(words[0], *options, *words[1:], stdin=stdin or "", env=env)


def what_was_told(done, checks, name):
    """A JSON answer, and whether it is one."""
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        checks.check(False, f"{name}: no JSON: {error} {done.stdout[:200]} {done.stderr[:200]}")
        return None
    checks.check(isinstance(answer.get("model"), dict), f"{name}: says whether a model was asked")
    checks.check("command" in answer and {"facts", "answers", "hosts"} & set(answer),
                 f"{name}: has its command, and what is told: {sorted(answer)}")
    return answer


def test_offline(world, checks, line, stdin, named):
    done = run(world, line, stdin)
    name = f"{line} ({(stdin or '-').splitlines()[0][:20]})"
    text = done.stdout.decode()
    checks.check(done.returncode == 0 and not cw.crash_of(done),
                 f"{name}: {done.returncode} {done.stderr[:300]}")
    missing = [word for word in named if word not in text]
    checks.check(not missing, f"{name}: does not speak of {missing}: {text[:300]}")
    checks.check("No model was asked" in text, f"{name}: says that no model was asked")
    checks.check(b"not understood" not in done.stderr, f"{name}: {done.stderr[:200]}")
    checks.check(not cw.control_fault(done.stdout), f"{name}: {cw.control_fault(done.stdout)}")
    checks.check(run(world, line, stdin).stdout == done.stdout, f"{name}: is the same every time")
    done = run(world, line, stdin, "--json")
    answer = what_was_told(done, checks, name)
    if answer:
        checks.check(done.returncode == 0 and answer["model"]["asked"] is False,
                     f"{name} --json: {done.returncode} {answer['model']}")
        checks.check(not answer.get("ignored_lines"), f"{name} --json: lines were not understood")
        checks.check(run(world, line, stdin, "--json").stdout == done.stdout,
                     f"{name} --json: is the same every time")
    return text


def test_model(world, checks, line, stdin, offline, settings):
    name = f"{line} with a model"
    # The line's own -m is a name of the vendor's; the servers know it too.
    done = run(world, line, stdin, **settings)
    text = done.stdout.decode()
    checks.check(done.returncode == 0 and not cw.crash_of(done),
                 f"{name}: {done.returncode} {done.stderr[:300]}")
    checks.check("Written by" in text and "may be wrong" in text and "All is said." in text,
                 f"{name}: the prose is labelled: {text[-300:]}")
    above = text.split("\nWritten by")[0].rstrip()
    checks.check(above and offline.startswith(above),
                 f"{name}: the answer above the prose is the one without a model")
    done = run(world, line, stdin, "--json", **settings)
    answer = what_was_told(done, checks, name)
    if answer:
        told = answer["model"]
        checks.check(done.returncode == 0 and told["asked"] is True and
                     told.get("may_be_wrong") is True and told.get("written_by") and
                     told.get("text") == "All is said.\n",
                     f"{name} --json: the model's block is labelled: {told}")


def test_later(world, checks):
    """What is not there yet says so; what works has moved into the tables above."""
    for command, lines in LATER.items():
        checks.check(command not in world.commands, f"{command} works: move its lines up")
        for line in lines:
            done = run(world, line, None)
            fault = cw.error_fault(done, {7}, [command])
            checks.check(not fault and b"hint: " in done.stderr, f"{line}: {fault}")
    for line, named in HOST_LINES:
        done = run(world, line, None)
        checks.check(done.returncode == 0 and named.encode() in done.stdout and
                     b"db1" in done.stdout, f"{line}: {done.returncode} {done.stderr[:200]}")


def test_recording(world, checks):
    """The guide's own line of perf is understood by the recorder: it names what has no effect."""
    done = run(world, "sysgrok record -F 999 --sample-cpu --call-graph dwarf --aio -o guide.data -- "
               "python3 -c 'print(sum(range(3000000)))'", None)
    if done.returncode in (3, 6, 7):
        checks.note(f"nothing can be recorded here: {done.stderr.decode().splitlines()[0]}")
        return
    checks.check(done.returncode == 0 and (world.work / "guide.data").exists(),
                 f"the guide's perf record: {done.stderr[:200]}")
    if not shutil.which("perf"):
        checks.note("perf is not installed: its tables of this recording are not read")
        return
    # The READMEs' way to a Top-N; of a recording of perf's with stack dumps its table is empty.
    for options in ("--max-stack=0", "--no-children -g none"):
        done = world.shell(f"timeout 40 perf report --stdio {options} -i guide.data 2>/dev/null | "
                           "sysgrok topn", stdin=None)
        checks.check(done.returncode == 0 and b"python3" in done.stdout,
                     f"perf report --stdio {options} | topn: {done.stderr[:200]}")


@contextlib.contextmanager
def some_model(checks, scratch):
    """Settings that reach a model which says "All is said."."""
    children = llm_aimock.Children()
    try:
        program = llm_aimock.install_aimock(scratch)
    except SystemExit:
        checks.note("aimock is not there: a small server of this test stands in for it")
        with model_server.ModelServer({}) as server:
            yield server.settings("gpt-4")
        return
    fixtures = pathlib.Path(scratch) / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": [
        {"match": {"model": model}, "response": {"content": "All is said.\n"}}
        for model in ("gpt-4", "plain")]}))
    port = llm_aimock.free_port()
    try:
        children.start(["node", program, "-p", str(port), "-f", str(fixtures), "--strict", "-l",
                        "5"], port)
        yield {"GAI_API_TYPE": "openai", "GAI_API_BASE": f"http://127.0.0.1:{port}/v1",
               "GAI_MODEL": "gpt-4", "GAI_API_KEY": llm_aimock.KEY, "no_proxy": "127.0.0.1"}
    finally:
        children.stop()


def main():
    checks = cw.Checks()
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as models:
        world = cw.World(sys.argv[1], scratch)
        (world.scratch / "bin" / "autoperf").symlink_to(pathlib.Path(sys.argv[1]).resolve())
        cw.fake_ssh(world)
        world.write("stack.txt", elastic_stack(True))
        world.write("top.txt", converted_top())
        world.write("annotated.txt", ANNOTATED)
        world.write("outputs/top.txt", PS_TOP)
        test_nothing_is_missing(checks, pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None)
        with some_model(checks, models) as settings:
            for line, stdin, named in SEEDS + DESCRIBED:
                words = shlex.split(line)
                absent = [name for name in world.tables["absent_commands"]
                          if name in words and name not in world.commands]
                if absent:
                    done = run(world, line, stdin)
                    fault = cw.error_fault(done, {7}, absent)
                    checks.check(not fault, f"{line}: {fault}")
                    checks.note(f"'{line}' waits for {absent[0]}")
                    continue
                offline = test_offline(world, checks, line, stdin, named)
                test_model(world, checks, line, stdin, offline, settings)
        test_later(world, checks)
        test_recording(world, checks)
    return checks.status()


if __name__ == "__main__":
    sys.exit(main())
