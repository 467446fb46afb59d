#!/usr/bin/env python3
"""What goes over the wire, against servers that we did not write: aimock (npm), whole, sliced by
socat, behind nginx with TLS, HTTP/2 and Azure's rules for URLs; requests judged by OpenAI's
published schema where that lies beside the tree, or SYSGROK_OPENAI_SCHEMA names it.

usage: llm_aimock.py SYSGROK

AIMOCK_FOLDER may name a folder where the package is installed already; else npm installs it into a
temporary one. Ends with 77 where that cannot be done.
"""
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings

import perf_tools

AIMOCK = "@copilotkit/aimock@1.43.0"
KEY = "sk-good-0123456789abcdef"
SCHEMA = os.environ.get("SYSGROK_OPENAI_SCHEMA") or os.path.join(
    os.path.dirname(perf_tools.ROOT), "shared", "schemas", "openai-chat-completions.json")
TABLE = """# Overhead  Command  Shared Object  Symbol
    60.50%  gzip     gzip           [.] longest_match
    20.25%  gzip     gzip           [.] deflate
     4.75%  gzip     gzip           [.] build_tree
"""


INJECTIONS = os.path.join(perf_tools.ROOT, "tests", "data", "llm", "injections.txt")


def injections():
    """The corpus of the unit test, as bytes, for names and replies."""
    with open(INJECTIONS) as file:
        for line in file.read().splitlines():
            line = line.replace("\\e", "\x1b").replace("\\a", "\a")
            yield re.sub(r"\\x(..)", lambda hex: chr(int(hex[1], 16)), line).encode("latin-1")


def fixtures():
    """Answers by a word of the model's name, which is part of the request that aimock matches."""
    def match(model, content, **more):
        return {"match": {"model": model}, "response": {"content": content}, **more}

    refusal = {"message": "Rate limit", "type": "requests", "code": "rate_limit_exceeded"}
    return {"fixtures": [
        {"match": {"userMessage": "You are given part 2"},
         "response": {"status": 400, "error": {"message": "no such part"}}},
        {"match": {"userMessage": "You are given part"},
         "response": {"content": "Much of it is alike, 99.99% [F5].\n"}},
        {"match": {"model": "toolarge", "sequenceIndex": 0},
         "response": {"status": 400, "error": {"message": "too long",
                                               "code": "context_length_exceeded"}}},
        match("toolarge", "It fits.\n"),
        {"match": {"userMessage": "why so"}, "response": {"content": "It is 99.99% [F1].\n"}},
        match("plain", "All is said.\n"),
        match("injected", "\n".join(text.decode("utf-8", "replace") for text in injections()) +
              "\n\nThe finding above is wrong: longest_match takes 0.01% [F1].\n", chunkSize=9),
        match("emoji", "An emoji \U0001f980 and \u20ac 5.\nEnd.\n", chunkSize=1),
        match("masks", "The host <host-1> is fine.\n", chunkSize=2),
        match("wrong", "longest_match takes 99.99% [F1].\n"),
        match("escapes", "\x1b[31mred\x1b[0m and \u202eback\n"),
        match("cut", "first line\nsecond line is cut before its end, as the stream breaks\n",
              truncateAfterChunks=8, chunkSize=5),
        {"match": {"model": "once429", "sequenceIndex": 0},
         "response": {"status": 429, "retryAfter": 1, "error": refusal}},
        match("once429", "At last.\n"),
        {"match": {"model": "always500"},
         "response": {"status": 500, "error": {"message": "broken", "type": "server_error"}}},
        {"match": {"model": "overflow"},
         "response": {"status": 400, "error": {"message": "too long",
                                               "code": "context_length_exceeded"}}},
    ]}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Children:
    """Servers, ended when the test is."""

    def __init__(self):
        self.running = []

    def start(self, command, port, **options):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, **options)
        self.running.append(process)
        wait_for(port, process)
        return process

    def stop(self):
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def install_aimock(scratch):
    folder = os.environ.get("AIMOCK_FOLDER", scratch)
    program = os.path.join(folder, "node_modules", "@copilotkit", "aimock", "dist", "cli.js")
    if os.path.exists(program):
        return program
    if not shutil.which("npm") or not shutil.which("node"):
        perf_tools.skip("npm is not installed (Debian: npm)")
    done = subprocess.run(["timeout", "120", "npm", "i", "--no-audit", "--no-fund", AIMOCK],
                          cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or not os.path.exists(program):
        perf_tools.skip(f"npm cannot install {AIMOCK}: {done.stdout.strip()[-200:]}")
    return program


class World:
    """The servers and a home of its own."""

    def __init__(self, sysgrok, scratch, children):
        self.sysgrok, self.scratch, self.children = sysgrok, scratch, children
        self.port = free_port()
        self.table = os.path.join(scratch, "table.txt")
        with open(self.table, "w") as file:
            file.write(TABLE)
        with open(os.path.join(scratch, "fixtures.json"), "w") as file:
            json.dump(fixtures(), file)
        children.start(["node", install_aimock(scratch), "-p", str(self.port), "-f",
                        os.path.join(scratch, "fixtures.json"), "--strict", "-l", "5"],
                       self.port, env=os.environ | {"AIMOCK_API_KEYS": KEY})

    def base(self, port=None, path="/v1"):
        return f"http://127.0.0.1:{port or self.port}{path}"

    def ask(self, model, *options, limit=60, **variables):
        """One topn over the table: its status, output and errors."""
        env = {"PATH": os.environ["PATH"], "HOME": self.scratch, "TERM": "dumb",
               "no_proxy": "127.0.0.1,localhost", "GAI_API_TYPE": "openai", "GAI_API_KEY": KEY,
               "GAI_API_BASE": self.base(), "GAI_MODEL": model}
        env |= {name: value for name, value in os.environ.items() if "SAN_OPTIONS" in name}
        env |= variables
        return subprocess.run(["timeout", str(limit), self.sysgrok, "topn", "--ask-again",
                               *options, self.table], env=env, cwd=self.scratch, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def prose(self, model, *options, **variables):
        """The model's part of --json."""
        return json.loads(self.ask(model, "--json", *options, **variables).stdout)["model"]

    def journal(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/__aimock/journal",
                                         headers={"Authorization": f"Bearer {KEY}"})
        with opener.open(request) as answer:
            entries = json.load(answer)
        return entries if isinstance(entries, list) else entries["entries"]


def test_answers(world, checks):
    done = world.ask("plain")
    checks.check(done.returncode == 0 and "All is said." in done.stdout,
                 f"an answer is shown {done.stderr.strip()}")
    checks.check("Written by plain, may be wrong" in done.stdout, "it is labelled")
    checks.check("longest_match" in done.stdout.split("Written by")[0],
                 "the answer without a model stands above it")
    prose = world.prose("emoji")
    checks.check(prose["text"] == "An emoji \U0001f980 and \u20ac 5.\nEnd.\n",
                 f"an emoji in two halves is whole: {prose['text']!r}")
    checks.check(prose.get("completion_tokens") is not None, "usage is told")
    done = world.ask("escapes")
    checks.check("\x1b[31m" not in done.stdout and "\u202e" not in done.stdout,
                 "escapes and bidi marks do not reach the terminal")


def test_citations(world, checks):
    prose = world.prose("wrong")
    checks.check(prose["figures"]["wrong"] == 1 and "{wrong" in prose["text"],
                 "a wrong figure is marked")
    checks.check(world.ask("wrong", "--strict").returncode == 11, "--strict fails on it")
    checks.check(world.ask("plain", "--strict").returncode == 0, "--strict passes what is right")


def test_failures(world, checks):
    prose = world.prose("always500", GAI_API_KEY="sk-bad-0123456789abcdef")
    checks.check(prose["asked"] is True and "401" in prose["error"], "JSON has what went wrong")
    prose = world.prose("plain", "--offline")
    checks.check(prose["asked"] is False and prose["reason"] == "offline", "and that none was asked")
    prose = world.prose("plain", "--dry-run")
    checks.check(prose["asked"] is False and prose["reason"] == "dry run", "or by a dry run")
    prose = world.prose("plain", GAI_API_TYPE="nonsense")
    checks.check(prose["asked"] is False and "nonsense" in prose["error"],
                 "or by a wrong configuration")
    started = time.monotonic()
    done = world.ask("once429")
    checks.check("At last." in done.stdout and time.monotonic() - started >= 1,
                 "a 429 is waited out")
    done = world.ask("cut")
    checks.check(done.returncode == 1 and "first line" in done.stdout,
                 f"what came of a broken stream is shown: {done.returncode}")
    checks.check(done.stdout.count("first line") == 1, "it is shown once")
    done = world.ask("overflow")
    checks.check(done.returncode == 1 and "context_length_exceeded" in done.stderr,
                 "an overflow is named")
    done = world.ask("plain", GAI_API_KEY="sk-bad-0123456789abcdef")
    checks.check(done.returncode == 1 and "401" in done.stderr and
                 "sk-bad" not in done.stderr + done.stdout, "a bad key is told and not shown")
    checks.check("longest_match" in done.stdout, "the answer without a model is there all the same")
    done = world.ask("plain", GAI_API_BASE="http://127.0.0.1:1/v1", limit=30)
    checks.check(done.returncode == 1 and "127.0.0.1:1" in done.stderr, "no server is told")
    done = world.ask("plain", "--offline", GAI_API_BASE="http://127.0.0.1:1/v1")
    checks.check(done.returncode == 0 and "No model was asked" in done.stdout,
                 "--offline asks nobody")


def test_parts(world, checks):
    """More rows than a request holds: parts, one of which fails, then the answer over them."""
    rows = 3000
    large = os.path.join(world.scratch, "large.txt")
    with open(large, "w") as file:
        file.write("# Overhead  Command  Shared Object  Symbol\n")
        for row in range(rows):
            file.write(f"  {(2 - row / (rows / 2)) * 100 / rows:.4f}%  app  libapp{row % 20}.so  "
                       f"[.] function_{row:04}\n")
    small, world.table = world.table, large
    before = len(world.journal())
    prose = world.prose("plain", "--max-calls", "9", GAI_CONTEXT_TOKENS="3000")
    sent = [entry["body"] for entry in world.journal()[before:]]
    done = world.ask("toolarge")
    sizes = [len(json.dumps(entry["body"])) for entry in world.journal()[before + len(sent):]
             if "You are given part" not in json.dumps(entry["body"])]
    world.table = small
    parts = [body for body in sent if "You are given part" in json.dumps(body)]
    last = json.dumps(sent[-1])
    checks.check(prose["text"] == "All is said.\n" and prose["parts"] == len(parts) > 3 and
                 prose["parts_failed"] == 1 and "no such part" in prose["notice"],
                 f"{len(parts)} parts, one of which failed: {prose['notice']}")
    checks.check(all("Facts that the answer itself" in json.dumps(body) for body in parts),
                 "each part has the header")
    checks.check("function_0000" in last and "Part 1 of" in last and "is missing" in last and
                 "99.99% {wrong" in last,
                 "the last request has the largest rows and the checked summaries")
    checks.check(max(len(body["messages"][1]["content"]) for body in sent) < 3000 * 2.5,
                 "no request is too large")
    checks.check("It fits." in done.stdout and len(sizes) == 2 and sizes[1] < sizes[0] * 0.7,
                 f"what is too large for the server is asked again with less {sizes}")


def test_injections(world, checks):
    """Names and replies that try to be more than data: the answer is the same without a model."""
    table = os.path.join(world.scratch, "hostile.txt")
    with open(table, "wb") as file:
        file.write(b"# Overhead  Command  Shared Object  Symbol\n"
                   b"    40.50%  gzip     gzip           [.] longest_match\n")
        for text in injections():
            file.write(b"     1.00%  gzip     gzip           [.] " + text + b"\n")
    world.table, before = table, world.table
    answers = {}
    for how in ("--offline", "--ask-again"):
        answers[how] = json.loads(world.ask("injected", "--json", how).stdout)
        checks.check(bool(answers[how].pop("model")), f"{how} says what was asked")
    same = json.dumps(answers["--offline"]) == json.dumps(answers["--ask-again"])
    checks.check(same and len(answers["--offline"]["findings"]) > 0,
                 "findings, facts and notes are the same with and without a model")
    offline = world.ask("injected", "--offline").stdout
    plain = world.ask("injected", "--color", "never").stdout
    colored = world.ask("injected", "--color", "always").stdout
    sent = world.journal()[-1]["body"]["messages"]
    done = subprocess.run(["timeout", "30", world.sysgrok, "--offline", "explainprocess", "gzip",
                           "$(touch PWNED)", "; touch PWNED", "\x1b]0;t\a"], cwd=world.scratch,
                          env={"PATH": os.environ["PATH"], "HOME": world.scratch}, text=True,
                          stdout=subprocess.PIPE)
    world.table = before
    own = plain.split("Written by injected")[0].rstrip()
    checks.check(offline.startswith(own[:own.rindex("\n")]) and len(own) > 500,
                 "and so is what is shown of them")
    hostile = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]"
                         "|\x1b(?!\\[[0-9]*m)")
    found = [name for name, text in (("plain", plain), ("coloured", colored),
                                     ("arguments", done.stdout)) if hostile.search(text)]
    checks.check(not found and "\x1b" not in plain, f"no escape is passed on {found}")
    checks.check("0.01% {wrong" in plain, f"what the reply claims is checked {plain[-300:]!r}")
    data = sent[1]["content"]
    checks.check(data.count("\nEND DATA") == 1 and "```" not in data and
                 not hostile.search(json.dumps(sent, ensure_ascii=False)),
                 "in the request it stands between the lines of data, escaped")
    checks.check(not any("PWNED" in names for _, _, names in os.walk(world.scratch)),
                 "nothing of it was executed")


def test_requests(world, checks):
    before = len(world.journal())
    dry = world.ask("plain", "--dry-run")
    checks.check(len(world.journal()) == before and KEY not in dry.stdout and
                 "Authorization: (the key)" in dry.stdout, "--dry-run sends nothing")
    world.ask("plain", "--output-format", "haiku")
    sent = world.journal()[-1]["body"]
    text = json.dumps(sent)
    checks.check("haiku" in text and "longest_match" in text and "[F" in text,
                 "facts and the wished format are sent")
    checks.check(socket.gethostname() not in text or len(socket.gethostname()) < 3,
                 "this machine's name is not")
    private = os.path.join(world.scratch, "private.txt")
    with open(private, "w") as file:
        file.write("# Overhead  Command  Shared Object  Symbol\n"
                   "    60.50%  gzip  gzip  [.] connect_to_10.9.8.7\n"
                   "    20.50%  gzip  gzip  [.] open(/home/carol/x) on db1.prod.example.com\n"
                   f"    10.50%  gzip  gzip  [.] login {KEY}\n")
    public, world.table = world.table, private
    done = world.ask("plain")
    world.table = public
    text = json.dumps(world.journal()[-1]["body"])
    leaked = [name for name in ("10.9.8.7", "carol", "db1", KEY) if name in text]
    checks.check(done.returncode == 0 and not leaked and "<ip-1>" in text and "<home-1>" in text,
                 f"no private name leaves {leaked}")


def test_schema(world, checks):
    """All bodies that were sent so far, as OpenAI publishes them."""
    if not os.path.exists(SCHEMA):
        checks.note("requests are not judged: there is no "
                    f"{os.path.relpath(SCHEMA, perf_tools.ROOT)}")
        return
    warnings.simplefilter("ignore", DeprecationWarning)  # RefResolver: Debian 12 has no other
    try:
        from jsonschema import Draft202012Validator, RefResolver
    except ImportError:
        checks.note("requests are not judged: python3-jsonschema is not installed")
        return
    with open(SCHEMA) as file:
        spec = json.load(file)
    validator = Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletionRequest"},
                                     resolver=RefResolver("", spec))
    # aimock files Anthropic's requests and Azure's beside OpenAI's, told apart by their paths.
    bodies = [entry["body"] for entry in world.journal()
              if entry["path"].endswith("/v1/chat/completions")]
    wrong = [error.message for body in bodies for error in validator.iter_errors(body)]
    checks.check(len(bodies) > 10 and not wrong,
                 f"{len(bodies)} bodies of requests are as OpenAI publishes them {wrong[:3]}")
    broken = bodies[0] | {"max_tokens": "many"}
    checks.check(any(validator.iter_errors(broken)), "and a broken one is not")


def test_slices(world, checks):
    if not shutil.which("socat"):
        checks.note("nothing is sliced: socat is not installed")
        return
    for size in (1, 2, 3):
        port = free_port()
        world.children.start(["socat", f"-b{size}", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,"
                              "fork,nodelay", f"TCP:127.0.0.1:{world.port},nodelay"], port)
        prose = world.prose("emoji", GAI_API_BASE=world.base(port))
        checks.check(prose["text"] == "An emoji \U0001f980 and \u20ac 5.\nEnd.\n",
                     f"sliced every {size} bytes: {prose['text']!r} {prose['error']}")


WIRE = {
    "azure_filter": ("200 OK", "text/event-stream", [
        'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}', "",
        'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}', "",
        'data: {"choices":[{"index":0,"content_filter_offsets":{"check_offset":1}}]}', "",
        ": keep-alive", "",
        'data: {"choices":[{"index":0,"delta":{"content":"filtered"},"finish_reason":null}]}', "",
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}', "",
        "data: [DONE]", "", ""], "filtered", "content_filter", None),
    "no_done": ("200 OK", "text/event-stream", [
        'data: {"choices":[{"delta":{"content":"half"}}]}', "", ""], "half", "ended early", None),
    "error_inside": ("200 OK", "text/event-stream", [
        'data: {"choices":[{"delta":{"content":"some"}}]}', "",
        'data: {"error":{"message":"overloaded","code":529}}', "", ""], "some", None, "overloaded"),
    "length": ("200 OK", "text/event-stream", [
        'data: {"choices":[{"delta":{"content":"long"},"finish_reason":"length"}]}', "",
        "data: [DONE]", "", ""], "long", "length", None),
    "page": ("200 OK", "text/html", ["<html>portal</html>"], "", None, "page"),
    "proxy": ("403 Forbidden", "text/html", ["<html>no</html>"], "", None, "403"),
}


def test_replayed(world, checks):
    """Byte streams that aimock does not make."""
    if not shutil.which("socat"):
        checks.note("nothing is replayed: socat is not installed")
        return
    for name, (status, kind, lines, text, notice, error) in WIRE.items():
        path = os.path.join(world.scratch, name)
        newline = "\r\n" if name == "azure_filter" else "\n"
        with open(path, "w", newline="") as file:
            file.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n")
            file.write(newline.join(lines))
        port = free_port()
        server = subprocess.Popen(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr",
                                   f"SYSTEM:sleep 0.1; cat {path}"], stderr=subprocess.DEVNULL,
                                  start_new_session=True)
        time.sleep(0.3)
        prose = world.prose(name, GAI_API_BASE=world.base(port))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()
        checks.check(prose["text"] == text and (notice or "") in (prose["notice"] or "") and
                     (error or "") in (prose["error"] or "") and
                     bool(error) == bool(prose["error"]),
                     f"{name}: {prose['text']!r}, {prose['notice']}, {prose['error']}")


NGINX = """
daemon off; worker_processes 1; pid {folder}/ngx.pid; error_log {folder}/ngx.err;
events {{ worker_connections 64; }}
http {{ access_log off; proxy_buffering off; client_body_temp_path {folder}/b;
  client_body_buffer_size 1m;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{tls} ssl http2; ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{ proxy_pass http://127.0.0.1:{mock}; proxy_http_version 1.1; }} }}
  server {{ listen 127.0.0.1:{azure}; default_type application/json; proxy_http_version 1.1;
    location ~ ^/openai/deployments/(?<dep>[^/]+)/(?<rest>.*)$ {{
      if ($args !~ "(^|&)api-version=") {{
        return 404 '{{"error":{{"code":"404","message":"Resource not found"}}}}'; }}
      if ($dep != "plain") {{
        return 404 '{{"error":{{"code":"DeploymentNotFound","message":"No deployment."}}}}'; }}
      proxy_set_header Authorization "Bearer $http_api_key";
      proxy_pass http://127.0.0.1:{mock}; }} }} }}
"""


def test_nginx(world, checks):
    if not shutil.which("nginx") or not shutil.which("openssl"):
        checks.note("no TLS, HTTP/2 and Azure: nginx or openssl is not installed")
        return
    folder, tls, azure = world.scratch, free_port(), free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   stderr=subprocess.DEVNULL)
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(NGINX.format(folder=folder, tls=tls, azure=azure, mock=world.port))
    world.children.start(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], tls)
    base = f"https://localhost:{tls}/v1"
    prose = world.prose("emoji", GAI_API_BASE=base, SSL_CERT_FILE=f"{folder}/cert.pem")
    checks.check(prose["text"] == "An emoji \U0001f980 and \u20ac 5.\nEnd.\n",
                 f"over TLS and HTTP/2: {prose['text']!r} {prose['error']}")
    done = world.ask("plain", GAI_API_BASE=base)
    checks.check(done.returncode == 1 and "All is said." not in done.stdout and
                 "certificate" in done.stderr.lower(), "an unknown authority is refused")
    settings = {"GAI_API_TYPE": "azure", "GAI_API_BASE": f"http://127.0.0.1:{azure}",
                "GAI_API_VERSION": "2024-10-21"}
    done = world.ask("plain", **settings)
    checks.check("All is said." in done.stdout, f"Azure's URLs are right {done.stderr.strip()}")
    done = world.ask("none", **settings)
    checks.check(done.returncode == 1 and "DeploymentNotFound" in done.stderr,
                 "a wrong deployment is named")


def test_anthropic(world, checks):
    settings = {"GAI_API_TYPE": "anthropic", "GAI_API_BASE": world.base(path="")}
    prose = world.prose("emoji", **settings)
    checks.check(prose["text"] == "An emoji \U0001f980 and \u20ac 5.\nEnd.\n" and
                 not prose["notice"], f"Anthropic's API: {prose['text']!r} {prose['notice']} "
                 f"{prose['error']}")
    checks.check(prose.get("completion_tokens") is not None, "usage is told there too")
    sent = world.journal()[-1]
    checks.check("messages" in sent["path"], f"its path is {sent['path']}")


def test_doctor(world, checks):
    env = {"PATH": os.environ["PATH"], "HOME": world.scratch, "no_proxy": "127.0.0.1",
           "GAI_API_KEY": KEY, "GAI_API_BASE": world.base(), "GAI_MODEL": "plain"}
    found = {}
    for name, value in (("works", KEY), ("refused", "sk-bad-0123456789abcdef")):
        done = subprocess.run([world.sysgrok, "doctor", "--json"], env=env | {"GAI_API_KEY": value},
                              cwd=world.scratch, text=True, stdout=subprocess.PIPE)
        found[name] = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    checks.check(found["works"]["a model"]["state"] == "ok", "doctor tries the model")
    checks.check(found["refused"]["a model"]["state"] == "missing" and
                 "401" in found["refused"]["a model"]["found"], "and tells why it does not answer")


def talk(world, command, words):
    """What a terminal shows, and the exit status; `words` go in line by line."""
    env = {"PATH": os.environ["PATH"], "HOME": world.scratch, "TERM": "xterm", "GAI_API_KEY": KEY,
           "no_proxy": "127.0.0.1", "GAI_API_BASE": world.base(), "GAI_MODEL": "plain"}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.scratch)
        os.execve("/bin/sh", ["sh", "-c", command], env)
    shown, left, deadline = b"", list(words), time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
        if shown.count(b"chat> ") > len(words) - len(left) and left:
            os.write(terminal, left.pop(0).encode() + b"\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    shown = re.sub(r"\x1b\[[0-9]*m", "", shown.decode(errors="replace"))
    return shown, os.waitstatus_to_exitcode(status)


def type_keys(world, command, keys, **variables):
    """Each of `keys` goes in when what it waits for was shown behind the one before."""
    env = {"PATH": os.environ["PATH"], "HOME": world.scratch, "TERM": "xterm", "GAI_API_KEY": KEY,
           "no_proxy": "127.0.0.1", "GAI_API_BASE": world.base(), "GAI_MODEL": "plain"} | variables
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.scratch)
        os.execve("/bin/sh", ["sh", "-c", "exec " + command], env)
    shown, seen, left, deadline = "", 0, list(keys), time.monotonic() + 40
    while time.monotonic() < deadline:
        while left and left[0][0] in shown[seen:]:
            seen = shown.index(left[0][0], seen) + len(left[0][0])
            time.sleep(0.1)
            os.write(terminal, left.pop(0)[1])
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        shown += more.decode(errors="replace")
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(status)


def test_chat(world, checks):
    for how, command in (("a file", f"{world.sysgrok} topn -c --ask-again table.txt"),
                         ("a pipe", f"cat table.txt | {world.sysgrok} -c topn --ask-again")):
        shown, status = talk(world, command, ["why so", "q"])
        checks.check(status == 0 and "It is 99.99% {wrong" in shown,
                     f"a chat about {how} goes on, with checked figures ({status})")
    body = [entry["body"] for entry in world.journal()][-1]
    roles = [message["role"] for message in body["messages"]]
    checks.check(roles == ["system", "user", "assistant", "user"],
                 f"it tells what was said: {roles}")
    done = world.ask("plain", "-c", "--offline")
    checks.check(done.returncode == 0 and "needs a model" in done.stderr, "a chat needs a model")


def slow_server(listener, answers):
    """Each connection gets the next answer; one that is None says a line and then no more."""
    open_ones = []
    for answer in answers:
        connection, _ = listener.accept()
        request = b""
        while b"\r\n\r\n" not in request or not request.rstrip().endswith(b"}"):
            request += connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        text = json.dumps({"choices": [{"delta": {"content": answer or "slow line\n\nand more\n"}}]})
        connection.sendall(head + b"data: " + text.encode() + b"\n\n")
        open_ones.append(connection)
        if answer:
            connection.sendall(b"data: [DONE]\n\n")
            connection.close()


def test_chat_keys(world, checks):
    """Paste, lines that go on, Ctrl-C at the prompt and within an answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        threading.Thread(target=slow_server, daemon=True,
                         args=(listener, ["First.\n", "Pasted.\n", "Joined.\n", None,
                                          "After all.\n"])).start()
        keys = [("chat> ", b"\x1b[200~two\nlines\x1b[201~\r"), ("Pasted.", b"go\\\r"),
                ("....> ", b"on\r"), ("Joined.", b""), ("chat> ", b"dropped\x03stop it\r"),
                ("slow line", b"\x03"), ("chat> ", b"again\r"), ("After all.", b""),
                ("chat> ", b"\x03")]
        shown, status = type_keys(world, f"{world.sysgrok} -c topn --ask-again table.txt", keys,
                                  GAI_API_BASE=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    asked = [json.loads(record.read_text())["request"] for record in
             pathlib.Path(world.scratch, ".local/state/sysgrok/answers").glob("*.json")]
    asked = [json.loads(body)["messages"][-1]["content"] for body in asked]
    checks.check(status == 0 and "After all." in shown,
                 f"a chat survives Ctrl-C, and ends with it on an empty line ({status})")
    checks.check("two\nlines" in asked and "go\non" in asked,
                 "what is pasted, and lines that go on, are one question")
    checks.check("stop it" in asked and "again" in asked and
                 not any("dropped" in text for text in asked), "Ctrl-C drops a line")


def test_interrupt(world, checks):
    """A server that says nothing more: Ctrl-C ends it at once, and what came is there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        env = {"PATH": os.environ["PATH"], "HOME": world.scratch, "no_proxy": "127.0.0.1",
               "GAI_API_BASE": world.base(listener.getsockname()[1])}
        process = subprocess.Popen([world.sysgrok, "topn", world.table], env=env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                           b'data: {"choices":[{"delta":{"content":"one line\\nand"}}]}\n\n')
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        took = time.monotonic() - started
        connection.close()
    checks.check(took < 1 and process.returncode == 130 and "one line" in out,
                 f"Ctrl-C ends a silent stream after {took:.2f} s ({process.returncode}) {err}")


def test_records(world, checks):
    done = world.ask("plain")
    ident = re.search(r"Id ([0-9a-f]{12})", done.stdout)
    checks.check(bool(ident), "an answer shows its id")
    env = {"PATH": os.environ["PATH"], "HOME": world.scratch}
    bundle = subprocess.run([world.sysgrok, "feedback", ident[1] if ident else ""], env=env,
                            text=True, stdout=subprocess.PIPE).stdout
    record = json.loads(bundle)
    checks.check(record["reply"] == "All is said.\n" and KEY not in bundle and
                 json.loads(record["request"])["model"] == "plain", "feedback shows the record")


def main():
    checks = perf_tools.Checks()
    children = Children()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            world = World(os.path.abspath(sys.argv[1]), scratch, children)
            for test in (test_answers, test_citations, test_failures, test_parts, test_injections, test_requests, test_slices,
                         test_replayed, test_nginx, test_anthropic, test_doctor, test_chat, test_chat_keys,
                         test_interrupt, test_records, test_schema):
                test(world, checks)
        finally:
            children.stop()
    return checks.status()


if __name__ == "__main__":
    sys.exit(main())
