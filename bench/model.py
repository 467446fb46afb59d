"""What asking a model costs beside the model's own time, against a server of this process."""
import contextlib
import json
import os
import ssl
import statistics
import subprocess
import socket
import tempfile
import threading
import time

ROWS = 25
FIRST_TOKEN_MARK = 0.005  # seconds, plain HTTP
PARALLEL_MARK = 1.25      # times the slowest of eight
LATENCY = 0.3
TABLE_ROWS = 3000
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Server:
    """Answers each chat completion after `latency` seconds; notes when it was asked and answered."""

    def __init__(self, latency=0.0, context=None):
        self.latency, self.context = latency, context
        self.asked, self.answered = [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, body = request.split(b"\r\n\r\n", 1)
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            self.asked.append(time.monotonic())
            time.sleep(self.latency)
            event = json.dumps({"choices": [{"delta": {"content": "FIRST TOKEN\n"}}]})
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               b"Connection: close\r\n\r\ndata: " + event.encode() + b"\n\n")
            self.answered.append(time.monotonic())
            connection.sendall(b"data: [DONE]\n\n")
            connection.close()
        except OSError:
            pass

    def close(self):
        self.listener.close()


def environment(home, base, **more):
    return {"PATH": os.environ["PATH"], "HOME": home, "GAI_API_TYPE": "openai", "GAI_MODEL": "m",
            "GAI_API_KEY": "sk-bench-0123456789", "GAI_API_BASE": base,
            "no_proxy": "127.0.0.1,localhost"} | more


def first_token(sysgrok, table, env, server):
    """Seconds from the whole of the offline answer to the model's first line, without the server's
    own; None where it failed."""
    child = subprocess.Popen([sysgrok, "topn", "--ask-again", table], env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    shown, answer = b"", None
    while b"FIRST TOKEN" not in shown:
        more = os.read(child.stdout.fileno(), 65536)
        if not more:
            break
        shown += more
        answer = answer or time.monotonic()
    token = time.monotonic()
    child.communicate()
    if b"FIRST TOKEN" not in shown or not server.answered:
        return None
    return token - answer - (server.answered[-1] - server.asked[-1])


def certificate(folder):
    """A server's context, and a bundle of all the authorities of this machine with its own."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    with open(f"{folder}/all.pem", "wb") as out:
        for path in (BUNDLE, f"{folder}/cert.pem"):
            if os.path.exists(path):
                with open(path, "rb") as part:
                    out.write(part.read())
    return context


def first_token_row(bench, folder, name, context, mark):
    server = Server(context=context)
    table = os.path.join(folder, "small.txt")
    with open(table, "w") as file:
        file.write("# Overhead  Command  Shared Object  Symbol\n"
                   "    60.50%  gzip  gzip  [.] longest_match\n")
    scheme = "https" if context else "http"
    env = environment(folder, f"{scheme}://{'localhost' if context else '127.0.0.1'}:{server.port}/v1",
                      SSL_CERT_FILE=f"{folder}/all.pem")
    with undisturbed() as how:
        runs = [first_token(bench.sysgrok, table, env, server) for _ in range(ROWS)]
    server.close()
    runs = [run for run in runs if run is not None]
    if len(runs) < ROWS:
        bench.row("model", name, f"not measured: {ROWS - len(runs)} answers failed", {}, False)
        return
    median = statistics.median(runs)
    bench.row("model", name, f"first token {median * 1e3:.1f} ms after the answer without a model, "
              f"beside the server's own{how}", {"seconds": median, "least_s": min(runs)},
              median <= mark if mark else None)


def parallel_row(bench, folder):
    server = Server(LATENCY)
    table = os.path.join(folder, "large.txt")
    with open(table, "w") as file:
        file.write("# Overhead  Command  Shared Object  Symbol\n")
        for row in range(TABLE_ROWS):
            file.write(f"  {100 / TABLE_ROWS:.4f}%  app  libapp{row % 20}.so  [.] function_{row:04}\n")
    env = environment(folder, f"http://127.0.0.1:{server.port}/v1", GAI_CONTEXT_TOKENS="2300")
    subprocess.run([bench.sysgrok, "--max-concurrent-queries", "8", "topn", "--max-calls", "9",
                    "--ask-again", table], env=env, timeout=120, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    server.close()
    # The last request is that over the summaries.
    parts = len(server.asked) - 1
    if parts < 8:
        bench.row("model", "parallel", f"not measured: {parts} parts", {}, False)
        return
    took = server.answered[parts - 1] - server.asked[0]
    bench.row("model", "parallel", f"{parts} requests of {LATENCY * 1e3:.0f} ms each side by side in "
              f"{took * 1e3:.0f} ms", {"seconds": took, "requests": parts},
              took <= LATENCY * PARALLEL_MARK)


@contextlib.contextmanager
def undisturbed():
    """Milliseconds are measured ahead of what else the machine does, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        yield ""
        return
    try:
        yield ", at real-time priority"
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def run(bench):
    with tempfile.TemporaryDirectory() as folder:
        try:
            context = certificate(folder)
        except (OSError, subprocess.CalledProcessError):
            context = None
        first_token_row(bench, folder, "http", None, FIRST_TOKEN_MARK)
        # The bundle of authorities is read at each start, which no client can avoid.
        if context:
            first_token_row(bench, folder, "https", context, None)
        parallel_row(bench, folder)
