"""A model's server for tests: OpenAI's streamed chat completions on a free port of this machine.

What it says goes by the model's name that is asked for; `requests` keeps what came in:

    with ModelServer({"plain": "All is said.\\n"}) as server:
        server.base, server.requests

An answer is a text, or a function(handler, number of the request for that model) that writes the
response itself.
"""
import collections
import http.server
import json
import threading


def stream(handler, text, size=7, usage=True):
    """`text` as events of `size` characters each."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    parts = [text[i:i + size] for i in range(0, len(text), size)]
    for part in parts:
        event(handler, {"choices": [{"index": 0, "delta": {"content": part}}]})
    event(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage:
        asked = int(handler.headers.get("Content-Length", "0")) // 3
        event(handler, {"choices": [], "usage": {"prompt_tokens": asked, "completion_tokens": 10,
                                                 "total_tokens": asked + 10}})
    handler.wfile.write(b"data: [DONE]\n\n")


def event(handler, content):
    handler.wfile.write(f"data: {json.dumps(content)}\n\n".encode())
    handler.wfile.flush()


def refuse(handler, status, message, code=None, headers=None):
    body = json.dumps({"error": {"message": message, "type": "test", "code": code}}).encode()
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class ModelServer:
    def __init__(self, answers, otherwise="All is said.\n"):
        self.requests = []
        asked = collections.Counter()
        lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                body = json.loads(self.rfile.read(length))
                with lock:
                    number = asked[body["model"]]
                    asked[body["model"]] += 1
                    outer.requests.append({"path": self.path, "headers": dict(self.headers),
                                           "body": body})
                answer = answers.get(body["model"], otherwise)
                try:
                    if callable(answer):
                        answer(self, number)
                    else:
                        stream(self, answer)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def settings(self, model="plain"):
        """The environment that makes the program ask here."""
        return {"GAI_API_TYPE": "openai", "GAI_API_BASE": self.base, "GAI_MODEL": model,
                "GAI_API_KEY": "sk-good-0123456789abcdef", "no_proxy": "127.0.0.1"}
