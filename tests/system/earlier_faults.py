#!/usr/bin/env python3
"""The known faults of the earlier tools, one test each, by their numbers (K01 to K18).

usage: earlier_faults.py SYSGROK SOURCE-FOLDER
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import command_world as cw
import model_server
import seed_examples as seeds

TOOLS = ("sysgrok", "sysgrok.py", "perf-gpt", "perf-gpt.py", "perf-copilot", "perf-copilot.py")
KEY = "sk-good-0123456789abcdef"
# Tokens are at least this many bytes on average in what we send; a bound, no estimate.
LEAST_BYTES_A_TOKEN = 3.0


def test_k01_help_needs_no_key_and_names_are_as_documented(world, checks, source):
    for tool in TOOLS:
        for variables in ({}, {"GAI_API_TYPE": "bogus"}, {"GAI_API_TYPE": "azure"},
                          {"GAI_API_VERSION": "1"}):
            for words in (["-h"], ["--help"], ["topn", "-h"], ["help"], ["findfaster", "--help"]):
                done = world.run(tool, *words, stdin=None, env=variables)
                checks.check(done.returncode == 0 and done.stdout.startswith(
                    (b"usage: ", b"sysgrok ")) and not done.stderr, f"{tool} {words} {variables}")
    for name in ("openai", "open_ai"):
        done = world.run("sysgrok", "topn", "--dry-run", "table", stdin=None,
                         env={"GAI_API_TYPE": name, "GAI_API_KEY": KEY})
        checks.check(done.returncode == 0 and b"api.openai.com" in done.stdout and
                     b'"gpt-3.5-turbo"' in done.stdout, f"GAI_API_TYPE={name}: {done.stderr[:200]}")
    done = world.run("perf-gpt", "topn", "--dry-run", "table", stdin=None,
                     env={"OPENAI_API_KEY": KEY})
    checks.check(b"api.openai.com" in done.stdout, "OPENAI_API_KEY alone is enough, as it was")
    for example, wanted in ((".env.example", b"api.openai.com"),
                            (".env.openai.example", b"api.openai.com"),
                            (".env.azure.example", b"openai.azure.com")):
        text = (source / example).read_text().replace("GAI_API_KEY=\n", f"GAI_API_KEY={KEY}\n", 1)
        world.write(".env", text)
        done = world.run("sysgrok", "topn", "-m", "mine", "--dry-run", "table", stdin=None)
        checks.check(done.returncode == 0 and wanted in done.stdout and KEY.encode() not in
                     done.stdout, f"{example}, copied to .env and filled in: {done.stderr[:200]}")
        done = world.run("sysgrok", "topn", "--offline", "--dry-run", "table", stdin=None,
                         env={"GAI_API_TYPE": "openai", "GAI_API_BASE": "http://other/v1"})
        checks.check(b"http://other/v1" in done.stdout, "the environment wins over .env")
    (world.work / ".env").unlink()


def test_k02_echo_works_for_every_answering_command(world, checks):
    for words, shown in ((["explainfunction", "libc", "malloc"], "libc malloc"),
                         (["explainprocess", "gzip", "-9", "x"], "gzip -9 x"),
                         (["findfaster", "python", "json"], "python json"),
                         (["topn", "table"], "# Children"), (["stacktrace", "stack"], "vmlinux"),
                         (["code", "annotated"], "Percent"),
                         (["analyzecmd", "-i", "outputs/top.txt"], "top - 10:15:30")):
        for tool in ("perf-copilot", "sysgrok"):
            done = world.run(tool, "-e", *words, stdin=None)
            checks.check(done.returncode == 0 and shown in "".join(
                done.stdout.decode().splitlines()[:2]), f"{tool} -e {words}: {done.stdout[:100]} {done.stderr[:100]}")
        done = world.run("sysgrok", "-e", "--json", *words, stdin=None)
        checks.check(done.returncode == 0 and json.loads(done.stdout) and
                     shown in done.stderr.decode(), f"-e --json {words}: on stderr")


def test_k03_a_chat_behind_a_pipe_ends_well(world, checks):
    """Without a terminal there is nobody to ask: the answer stays, and so does status 0."""
    for command, text in (("topn", seeds.TABLE), ("stacktrace", seeds.TREE),
                          ("code", seeds.ANNOTATED)):
        with model_server.ModelServer({}) as server:
            for tool, settings in (("perf-copilot", server.settings()), ("sysgrok", {})):
                done = world.run(tool, "-c", command, stdin=text, env=settings,
                                 start_new_session=True)
                checks.check(done.returncode == 0 and done.stdout and b"Traceback" not in
                             done.stderr, f"{tool} -c {command} {sorted(settings)[:1]}: "
                             f"{done.returncode} {done.stderr[:200]}")
                checks.check(bool(settings) == (b"All is said." in done.stdout),
                             f"{tool} -c {command}: the answer is there")


def test_k04_no_reply_of_a_model_breaks_the_look(world, checks):
    """A model's prose, fences and all, stands behind the findings; nothing is made of it."""
    replies = ["```json\n{\"rm -rf /\": \"because\"}\n```\n", "Sure! Here: [1, 2\n", "{}\n"]
    offline = json.loads(world.run("sysgrok", "--json", "--offline", "debughost", "--from-dir",
                                   "snapshot", stdin=None).stdout)["hosts"][0]["findings"]
    for reply in replies:
        with model_server.ModelServer({"plan": reply}) as server:
            done = world.run("sysgrok", "--json", "--output-format", "a poem", "debughost",
                             "--from-dir", "snapshot", stdin=None, env=server.settings("plan"))
            told = json.loads(done.stdout) if done.stdout else {"hosts": [{"findings": None}]}
            checks.check(done.returncode == 0 and told["hosts"][0]["findings"] == offline,
                         f"a model says {reply!r}: {done.returncode} {done.stderr[:200]}")


def test_k05_no_command_works_and_hosts_are_local_by_default(world, checks):
    world.write("empty-path/README", "no programs here")
    line = f"PATH={world.work / 'empty-path'} {world.scratch / 'bin' / 'sysgrok'} debughost --json"
    done = world.shell(line, stdin=None)
    host = (json.loads(done.stdout) if done.stdout else {"hosts": [{}]})["hosts"][0]
    checks.check(not cw.crash_of(done) and done.returncode in (0, 9) and not host.get("findings")
                 and not host.get("healthy"),
                 f"nothing can be read: {done.returncode} {done.stdout[:200]} {done.stderr[:200]}")
    done = world.run("sysgrok", "debughost", "--json", stdin=None)
    checks.check(done.returncode == 0 and len(json.loads(done.stdout)["hosts"]) == 1,
                 f"without -t it is this machine: {done.stderr[:200]}")


def test_k06_what_was_typed_is_approved_and_nothing_else(world, checks):
    """No question is asked, nothing gets root rights by itself, each line stands by its own."""
    world.write("../bin/sudo", f"#!/bin/sh\ntouch {world.work}/sudo-was-called\n")
    os.chmod(world.scratch / "bin" / "sudo", 0o755)
    done = world.run("sysgrok", "analyzecmd", "--json", "uptime", "echo two | cat", "exit 3",
                     stdin=None)
    inputs = json.loads(done.stdout)["hosts"][0]["inputs"] if done.stdout else []
    checks.check(done.returncode == 0 and [row["name"] for row in inputs] ==
                 ["uptime", "echo two | cat", "exit 3"],
                 f"each command by itself: {done.returncode} {inputs} {done.stderr[:200]}")
    checks.check(not (world.work / "sudo-was-called").exists(), "sudo is never called unasked")
    (world.scratch / "bin" / "sudo").unlink()


def test_k07_nothing_runs_twice_and_partial_output_is_kept(world, checks):
    for words in ([], ["-t", "db1"]):
        cw.fake_ssh(world)
        (world.work / "runs").write_text("")
        started = time.monotonic()
        done = world.run("sysgrok", "-e", "analyzecmd", *words, "--timeout", "1", "--", "sh", "-c",
                         f"echo ran >>{world.work}/runs; echo partly; sleep 60", stdin=None)
        took = time.monotonic() - started
        checks.check((world.work / "runs").read_text() == "ran\n", f"{words}: once, and never again")
        checks.check(done.returncode == 0 and b"partly" in done.stdout and took < 10,
                     f"{words}: what it printed is read: {took:.1f} s {done.stderr[:200]}")
    (world.scratch / "bin" / "ssh").unlink()


def test_k09_quoting_is_kept_over_ssh(world, checks):
    cw.fake_ssh(world, "Welcome to db1!")
    hard = ["a  b", "it's", '"$HOME"', "$(id)", "*", "\\n", ";", ""]
    script = 'for word; do printf "<%s>\\n" "$word"; done'
    done = world.run("sysgrok", "-e", "analyzecmd", "-t", "db1", "--", "sh", "-c", script, "sh",
                     *hard, stdin=None)
    text = done.stdout.decode()
    missing = [word for word in hard if f"<{word}>".replace("\\", "\\\\") not in text and
               f"<{word}>" not in text]
    checks.check(done.returncode == 0 and not missing and "Welcome" not in text,
                 f"each word as it was typed: {missing} {text[:300]} {done.stderr[:200]}")
    (world.scratch / "bin" / "ssh").unlink()


def test_k08_host_keys_are_verified(world, checks):
    """What ssh is called with never turns its checks off; the user's configuration decides."""
    world.write("../bin/ssh", f"#!/bin/sh\necho \"$@\" >>{world.work}/ssh-words\n"
                "echo 'Host key verification failed.' >&2\nexit 255\n")
    os.chmod(world.scratch / "bin" / "ssh", 0o755)
    done = world.run("sysgrok", "debughost", "-t", "db1", stdin=None)
    words = (world.work / "ssh-words").read_text()
    (world.scratch / "bin" / "ssh").unlink()
    checks.check(b"its host key is not known" in done.stdout + done.stderr,
                 f"it is told: {done.stdout[-300:]} {done.stderr[:300]}")
    checks.check("StrictHostKeyChecking" not in words and "UserKnownHostsFile" not in words,
                 f"the keys' check is left on: {words[:300]}")


def test_k10_requests_are_repeated_and_nothing_is_lost(world, checks):
    def once_refused(handler, number):
        if number == 0:
            model_server.refuse(handler, 429, "slow down", headers={"Retry-After": "1"})
        else:
            model_server.stream(handler, "At last.\n")

    def broken(handler, _):
        model_server.refuse(handler, 400, "this is broken")

    with model_server.ModelServer({"once": once_refused, "broken": broken}) as server:
        started = time.monotonic()
        done = world.run("sysgrok", "topn", "table", stdin=None, env=server.settings("once"))
        took = time.monotonic() - started
        checks.check(done.returncode == 0 and b"At last." in done.stdout and took >= 1,
                     f"429 is waited out as the server asks: {took:.2f} s {done.stderr[:200]}")
        done = world.run("sysgrok", "topn", "table", stdin=None, env=server.settings("broken"))
        checks.check(done.returncode == 1 and b"longest_match" in done.stdout and
                     b"this is broken" in done.stderr,
                     f"what is known without the model is there: {done.stderr[:200]}")


def big_table(rows, width):
    lines = ["# Overhead  Command  Shared Object  Symbol"]
    for i in range(rows):
        name = f"function_number_{i}_" + "x" * width
        lines.append(f"    {100.0 / rows:.4f}%  app  libapp.so  [.] {name}")
    return "\n".join(lines) + "\n"


def tokens_at_most(body):
    text = "".join(message["content"] for message in body["messages"])
    return len(text.encode()) / LEAST_BYTES_A_TOKEN


def test_k11_every_part_leaves_room_for_the_reply(world, checks):
    """The least context that was known, dense text, an endless first line."""
    context = 4096
    inputs = {"many rows": big_table(400, 30), "a long first line": big_table(3, 3000),
              "rows of one character": big_table(300, 0)}
    for case, text in inputs.items():
        with model_server.ModelServer({}) as server:
            env = server.settings() | {"GAI_CONTEXT_TOKENS": str(context), "GAI_MAX_TOKENS": "512"}
            done = world.run("sysgrok", "topn", "-n", "0", "--percent-limit", "0", "--ask-again",
                             stdin=text, env=env)
            checks.check(done.returncode == 0 and server.requests,
                         f"{case}: {done.returncode} {done.stderr[:200]}")
            for request in server.requests:
                body = request["body"]
                reply = body.get("max_tokens") or body.get("max_completion_tokens") or 0
                checks.check(reply == 512, f"{case}: the length of the reply is bounded: {reply}")
                sizes = [len(message["content"]) for message in body["messages"]]
                checks.check(min(sizes) > 0, f"{case}: no part is empty: {sizes}")
                most = tokens_at_most(body) + reply
                checks.check(most <= context, f"{case}: {most:.0f} tokens at most in "
                             f"{context}: {sizes}")


def test_k12_a_big_input_is_no_error_of_the_server(world, checks):
    limit_bytes = 8192 * 4

    def small(handler, _):
        length = int(handler.headers["Content-Length"])
        if length > limit_bytes:
            model_server.refuse(handler, 400, f"{length} bytes are too many",
                                "context_length_exceeded")
        else:
            model_server.stream(handler, "It fits.\n")

    inputs = {"topn": big_table(5000, 40), "stacktrace": "main;" + ";".join(
        f"frame_{i}_{'y' * 40}" for i in range(3000)) + " 10\n", "code": seeds.ANNOTATED * 500,
              "analyzecmd": "".join(f"Nov 20 10:00:{i % 60:02} db1 app{i}[{i}]: word{i} {'z' * 200}\n"
                                    for i in range(3000))}
    for command, text in inputs.items():
        with model_server.ModelServer({"gpt-4": small}) as server:
            done = world.run("sysgrok", command, *(["-i", "-"] if command == "analyzecmd" else []),
                             stdin=text, env=server.settings("gpt-4"))
            checks.check(done.returncode == 0 and b"It fits." in done.stdout,
                         f"{command} of {len(text)} bytes: {done.returncode} {done.stderr[:300]}")


def test_k13_any_model_may_be_named(world, checks):
    with model_server.ModelServer({}) as server:
        for name in ("gpt-4-32k", "my-own-7b", "vendor/model:free"):
            done = world.run("perf-copilot", "-m", name, "topn", "table", stdin=None,
                             env=server.settings())
            checks.check(done.returncode == 0 and server.requests[-1]["body"]["model"] == name,
                         f"-m {name}: {done.stderr[:200]}")


def test_k14_prose_is_shown_as_it_comes(world, checks):
    pause_s = 1.5

    def slow(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        model_server.event(handler, {"choices": [], "prompt_filter_results": []})
        model_server.event(handler, {"choices": [{"index": 0, "delta":
                                                  {"content": "The first line.\n"}}]})
        time.sleep(pause_s)
        model_server.event(handler, {"choices": [{"index": 0, "delta": {"content": "The end.\n"},
                                                  "finish_reason": "stop"}]})
        handler.wfile.write(b"data: [DONE]\n\n")

    with model_server.ModelServer({"slow": slow}) as server:
        process = subprocess.Popen(["sysgrok", "topn", "table"], cwd=world.work,
                                   env=world.env | server.settings("slow"), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, bufsize=1)
        seen = {}
        for line in process.stdout:
            for text in ("The first line.", "The end."):
                if text in line:
                    seen[text] = time.monotonic()
        process.wait()
    between = seen.get("The end.", 0) - seen.get("The first line.", 0)
    checks.check(process.returncode == 0 and len(seen) == 2 and between > pause_s / 2,
                 f"a pipe sees the first line {between:.2f} s before the last; choices may be "
                 f"empty: {process.stderr.read()[:200]}")


def test_k15_private_names_stay_here_and_what_is_sent_is_shown(world, checks):
    private = ("10.9.8.7", "carol", "db1.prod.example.com", KEY)
    world.write("private", "# Overhead  Command  Shared Object  Symbol\n"
                "    60.50%  gzip  gzip  [.] connect_to_10.9.8.7\n"
                "    20.50%  gzip  gzip  [.] open(/home/carol/x) on db1.prod.example.com\n"
                f"    10.50%  gzip  gzip  [.] login_{KEY}\n")
    with model_server.ModelServer({}) as server:
        dry = world.run("sysgrok", "topn", "--dry-run", "private", stdin=None,
                        env=server.settings())
        checks.check(not server.requests, "--dry-run sends nothing")
        done = world.run("sysgrok", "topn", "private", stdin=None, env=server.settings())
        sent = json.dumps(server.requests[-1]["body"])
        checks.check(done.returncode == 0 and not [name for name in private if name in sent],
                     f"no private name is sent: {[name for name in private if name in sent]}")
        body = json.loads(dry.stdout[dry.stdout.index(b"\n{") + 1:])
        checks.check(body == server.requests[-1]["body"], "--dry-run showed what was sent")
    kept = list(pathlib.Path(world.env["HOME"]).glob(".local/state/sysgrok/answers/*"))
    checks.check(kept and all(os.stat(path).st_mode & 0o077 == 0 for path in kept),
                 "a record is kept, readable by its user only")
    feedback = world.run("sysgrok", "feedback", stdin=None).stdout.decode()
    checks.check("All is said." in feedback and not [name for name in private if name in feedback],
                 "and can be shown")


def test_k16_answers_are_kept_counted_checked_and_json(world, checks):
    facts = json.loads(world.run("sysgrok", "--json", "topn", "table", stdin=None).stdout)["facts"]
    cited = [fact["id"] for fact in facts if "longest_match" in fact["entity"]["name"] and
             fact["name"] == "self"][0]
    with model_server.ModelServer({"figures": f"longest_match takes 61.20% [{cited}].\n"
                                   f"longest_match takes 99.9% [{cited}].\n"}) as server:
        env = server.settings("figures") | {"GAI_PRICE_IN": "10", "GAI_PRICE_OUT": "20"}
        first = world.run("sysgrok", "-v", "topn", "table", stdin=None, env=env)
        again = world.run("sysgrok", "-v", "topn", "table", stdin=None, env=env)
        checks.check(len(server.requests) == 1 and b"kept" in again.stdout,
                     "the same question is asked once")
        checks.check(b"tokens" in first.stderr and b"cost" in first.stderr,
                     f"tokens and cost are told: {first.stderr[:200]}")
        checks.check(f"99.9% {{wrong: {cited} is 61.2".encode() in first.stdout and
                     f"61.20% [{cited}].".encode() in first.stdout,
                     f"each figure is held against its fact: {first.stdout[-300:]}")
        done = world.run("sysgrok", "--json", "topn", "--strict", "table", stdin=None, env=env)
        told = json.loads(done.stdout)["model"]
        checks.check(done.returncode == 11 and told["figures"]["wrong"] >= 1,
                     f"--strict fails: {done.returncode}")


def test_k17_nothing_is_sent_unasked(world, checks):
    with model_server.ModelServer({}) as server:
        for tool in TOOLS:
            done = world.run(tool, "analyzecmd", "-p", "it is slow", stdin=None,
                             env=server.settings())
            fault = cw.error_fault(done, {2, 7}, ["analyzecmd"])
            checks.check(not fault and not done.stdout and b"hint: " in done.stderr,
                         f"{tool} analyzecmd without its input: {fault} {done.stderr[:200]}")
        checks.check(not server.requests, "and no model hears of it")


def test_k18_short_records_and_names_without_a_colon(world, checks):
    def rows(command, text):
        done = world.run("sysgrok", command, "--json", "-n", "50", stdin=text)
        if done.returncode:
            checks.check(False, f"{command}: {done.stderr[:200]}")
            return []
        answer = json.loads(done.stdout)
        return answer["functions"] if command == "topn" else answer["stacks"][0]["frames"]

    for first_index in (True, False):
        top = seeds.elastic_top(first_index).splitlines()
        for cut in range(0, 7):
            found = rows("topn", "\n".join(top[:len(top) - cut]) + "\n")
            names = [row["function"] for row in found]
            checks.check([name for _, name, *_ in seeds.TOP[:4]] == names[:4],
                         f"functions without their last {cut} lines: {names}")
        stack = seeds.elastic_stack(first_index).splitlines()
        for cut in range(0, 2):
            found = rows("stacktrace", "\n".join(stack[:len(stack) - cut]) + "\n")
            names = [row["function"] for row in found]
            checks.check(names[:7] == [name for _, name, _ in seeds.STACK[:7]],
                         f"a stack without its last {cut} lines: {names}")
    text = "1\nunnamed_process\nmodule+0x12345\n5000\n50.00%\n60.00%\n1 kg\n$1\nShow\n"
    found = rows("topn", seeds.elastic_top(True).replace("1\nsha256sum", text + "2\nsha256sum", 1))
    told = json.dumps(found)
    checks.check("unnamed_process" in told and "unnamed_proces\"" not in told,
                 f"a name without a colon is whole: {told[:200]}")


def main():
    checks = cw.Checks()
    source = pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as scratch:
        world = cw.World(sys.argv[1], scratch)
        os.environ["PATH"] = world.env["PATH"]
        world.write("table", seeds.TABLE)
        world.write("stack", seeds.elastic_stack(True))
        world.write("annotated", seeds.ANNOTATED)
        world.write("outputs/top.txt", seeds.PS_TOP)
        world.run("sysgrok", "debughost", "--save-dir", "snapshot", stdin=None)
        tests = {name: test for name, test in globals().items() if name.startswith("test_k")}
        for name, test in tests.items():
            before = checks.failed
            if "k01" in name:
                test(world, checks, source)
            else:
                test(world, checks)
            print(f"{'ok  ' if checks.failed == before else 'FAIL'} {name.removeprefix('test_')}",
                  flush=True)
    return checks.status()


if __name__ == "__main__":
    sys.exit(main())
