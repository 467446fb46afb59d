"""A headless Chromium that a test drives: real keys, real clicks, the DOM asked by JavaScript.

It speaks the DevTools protocol over a pair of pipes (--remote-debugging-pipe), so that nothing but
Python and the browser is needed: no WebSocket library, no port.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

DEADLINE_SECONDS = 60


def find_browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


class BrowserError(Exception):
    pass


class Browser:
    """Use as a context manager: `with Browser(1200, 800) as page: page.open(path)`."""

    def __init__(self, width, height):
        self.size = (width, height)
        self.last_id = 0
        self.session = None
        self.unread = b""
        self.errors = []  # what the page threw or logged as an error

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="browser-")
        to_browser, self.writer = os.pipe()
        self.reader, from_browser = os.pipe()
        # The browser reads commands on descriptor 3 and writes answers on 4.
        script = 'exec "$@" 3<&%d 4>&%d' % (to_browser, from_browser)
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", find_browser(), "--headless=new", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--window-size=%d,%d" % self.size, "--user-data-dir=" + self.profile.name,
             "--remote-debugging-pipe", "about:blank"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"],
                                 flatten=True)["sessionId"]
        self.call("Runtime.enable")
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1],
                  deviceScaleFactor=1, mobile=False)
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.reader)
        os.close(self.writer)
        time.sleep(0.2)  # its helpers still write into the profile
        shutil.rmtree(self.profile.name, ignore_errors=True)

    def read_message(self):
        end = time.monotonic() + DEADLINE_SECONDS
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.reader], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise BrowserError("the browser does not answer")
            data = os.read(self.reader, 1 << 16)
            if not data:
                raise BrowserError("the browser ended")
            self.unread += data
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.writer, json.dumps(request).encode() + b"\0")
        while True:
            message = self.read_message()
            if message.get("id") == self.last_id:
                if "error" in message:
                    raise BrowserError("%s: %s" % (method, message["error"]))
                return message["result"]
            self.note_error(message)

    def note_error(self, message):
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", details).get("description", str(details)))

    def open(self, path, fragment=""):
        self.call("Page.navigate", url="file://" + os.path.abspath(path) + fragment)
        end = time.monotonic() + DEADLINE_SECONDS
        while self.ask("document.readyState + location.protocol") != "completefile:":
            if time.monotonic() > end:
                raise BrowserError("'%s' does not load" % path)
            time.sleep(0.02)

    def ask(self, expression):
        """The value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError("%s: %s" % (expression, result["exceptionDetails"]))
        return result["result"].get("value")

    def key(self, key, code=0, ctrl=False, text=None):
        params = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **params,
                  **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **params)

    def write(self, text):
        for letter in text:
            self.call("Input.insertText", text=letter)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      clickCount=1)

    def dark(self, is_dark=True):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
