"""Real sshd as hosts of tests: on loopback or in network namespaces, each with a mount and a
process namespace of its own, so that login shells, homes and programs can differ and all goes at
the end. Nothing of this machine's configuration is changed or used.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need():
    if os.geteuid() != 0:
        skip("root starts sshd in namespaces, and this is not root")
    for program in ("/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/unshare"):
        if not os.access(program, os.X_OK):
            skip(f"there is no {program} (Debian: openssh-server)")
    if subprocess.run(["unshare", "-m", "-p", "-f", "--mount-proc", "true"],
                      capture_output=True).returncode:
        skip("no mount and process namespaces here")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def running(sign):
    """Processes whose command line holds the sign as a word."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if sign.encode() in words:
                found.append(int(folder.name))
    return found


def gone(sign, within_s=6):
    """Nothing with the sign runs, at the latest after some seconds."""
    end = time.time() + within_s
    while running(sign):
        if time.time() > end:
            return False
        time.sleep(0.05)
    return True


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ssh-world-"))
        self.folder.chmod(0o755)
        self.sockets = self.folder / "s"  # where sysgrok makes its folder for connections
        self.sockets.mkdir(mode=0o700)
        self.started, self.config, self.undo = [], [], []
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        for key in ("host", "other-host", "id", "wrong-id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.folder / key], check=True)
        (self.folder / "keys").write_text((self.folder / "id.pub").read_text())
        self.known("known", "host")
        self.environment = dict(os.environ, TMPDIR=str(self.sockets), HOME=str(self.folder),
                                SHELL="/bin/sh")
        for name in ("SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "SSH_ASKPASS", "DISPLAY"):
            self.environment.pop(name, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.kill()
            process.wait()
        for words in self.undo:
            subprocess.run(words, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def known(self, name, key):
        public = (self.folder / f"{key}.pub").read_text().split()[:2]
        (self.folder / name).write_text("* " + " ".join(public) + "\n")

    def host(self, alias, address="127.0.0.1", port=22, user="root", key="id", known="known",
             more=()):
        """Puts a host into ssh's configuration."""
        lines = [f"Host {alias}", f"HostName {address}", f"Port {port}", f"User {user}",
                 f"UserKnownHostsFile {self.folder / known}", "GlobalKnownHostsFile /dev/null",
                 "IdentitiesOnly yes" if key else ""]
        if key:
            lines.append(f"IdentityFile {self.folder / key}")
        self.config.append("\n  ".join([*lines, *more]))
        self.path.write_text("\n".join(self.config) + "\n")
        return alias

    @property
    def path(self):
        return self.folder / "config"

    def sshd(self, alias, address="127.0.0.1", port=0, shell="/bin/bash", home=None, before="",
             options=(), enter=(), host_key="host"):
        """Starts an sshd; `home` gives files of the home, `before` is done in its namespaces."""
        port = port or free_port()
        base = self.folder / alias
        (base / "home").mkdir(parents=True)
        for name, text in (home or {}).items():
            (base / "home" / name).parent.mkdir(parents=True, exist_ok=True)
            (base / "home" / name).write_text(text)
        users = [line for line in open("/etc/passwd") if not line.startswith(("root:", "plain:"))]
        (base / "passwd").write_text(
            f"root:x:0:0:root:{base}/home:{shell}\n"
            f"plain:x:54321:54321::/tmp:{shell}\n" + "".join(users))
        (base / "shadow").write_text("root:*:19000:0:99999:7:::\nplain:*:19000:0:99999:7:::\n")
        (base / "shadow").chmod(0o640)
        (base / "sshd.conf").write_text("\n".join([
            *options, f"Port {port}", f"ListenAddress {address}",
            f"HostKey {self.folder / host_key}", "PidFile none",
            f"AuthorizedKeysFile {self.folder / 'keys'}", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "PermitRootLogin prohibit-password", "UseDNS no",
            "MaxStartups 64:30:128"]) + "\n")
        script = (f"mount --bind {base}/passwd /etc/passwd && "
                  f"mount --bind {base}/shadow /etc/shadow && {{ {before or ':'}; }} && "
                  f"exec /usr/sbin/sshd -D -f {base}/sshd.conf -E {base}/log")
        self.started.append(subprocess.Popen(
            [*enter, "unshare", "-m", "-p", "-f", "-u", "--mount-proc", "--kill-child", "sh", "-c",
             f"hostname {alias}; {script}"], stdin=subprocess.DEVNULL,
            env=dict(PATH=os.environ["PATH"])))
        return port

    def await_port(self, port, address="127.0.0.1"):
        for _ in range(200):
            try:
                socket.create_connection((address, port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"sshd does not listen on {address}:{port}")

    def add(self, alias, more=(), user="root", **sshd):
        """An sshd on loopback and its name in the configuration."""
        port = self.sshd(alias, **sshd)
        self.await_port(port)
        return self.host(alias, port=port, user=user, more=more)


class Server(threading.Thread):
    """What listens but is no sshd: handle(connection) for each that comes."""

    def __init__(self, handle):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.handle = handle
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()


def cut_after(port, seconds, address="127.0.0.1"):
    """A way to an sshd that breaks some seconds after it was opened."""
    def handle(near):
        far = socket.create_connection((address, port))

        def carry(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass

        for pair in ((near, far), (far, near)):
            threading.Thread(target=carry, args=pair, daemon=True).start()
        time.sleep(seconds)
        for side in (near, far):
            side.shutdown(socket.SHUT_RDWR)
            side.close()
    return Server(handle).port
