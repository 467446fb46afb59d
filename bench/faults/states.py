"""The states of a host that the fault bench makes: faults, each with its label (docs: the finding ids),
and healthy look-alikes. A state starts what it needs, proves by an oracle of its own that it is what
its label says (never by what sysgrok reads), names the entities that may be called guilty, and undoes
itself. Names are neutral: nothing in a process name, path or argument gives the answer away."""

import collections
import contextlib
import ctypes
import fcntl
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

CPUS = os.cpu_count()
V1 = pathlib.Path("/sys/fs/cgroup/memory")
NAMES = ["orders", "indexer", "ledger", "catalog", "billing", "search", "render", "mailer", "worker"]


class CannotDo(Exception):
    """This machine lacks what the state needs."""


class Load:
    """One process of bench/faults/load under a neutral name."""

    def __init__(self, world, mode, size=1, where="127.0.0.1", more=0, *, name=None, cgroup=None,
                 nice=0, netns=None):
        self.name = name or world.name()
        self.path = world.scratch / "bin" / self.name
        if not self.path.exists():
            self.path.parent.mkdir(exist_ok=True)
            shutil.copy(world.program, self.path)
        argv = [str(self.path), str(mode), str(world.seconds), str(int(size)), str(where), str(int(more))]
        if netns:
            argv = ["nsenter", "--net=/run/netns/" + netns] + argv
        self.log = tempfile.TemporaryFile()

        def enter():
            os.setsid()
            if nice:
                os.nice(nice)
            for group in cgroup or []:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log, preexec_fn=enter)
        self.pid = self.process.pid
        world.loads.append(self)

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace").splitlines()

    def did(self):
        """What the load itself has counted so far."""
        counts = [int(line.split()[1]) for line in self.said() if line.startswith("did ")]
        return counts[-1] if counts else 0

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)
            os.killpg(self.pid, signal.SIGKILL)

    def stop(self):
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        self.log.close()


class World:
    """What states make, so that all of it goes away again."""

    def __init__(self, program, seconds):
        self.program, self.seconds = program, seconds
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="d", dir="/var/tmp"))
        self.loads, self.undo, self.names = [], [], random.sample(NAMES, len(NAMES))

    def name(self):
        self.names.append(self.names.pop(0))
        return self.names[-1]

    def load(self, *args, **kwargs):
        return Load(self, *args, **kwargs)

    def folder(self, name="data"):
        path = self.scratch / name
        path.mkdir(exist_ok=True)
        return path

    def file(self, megabytes, name="input"):
        path = self.folder() / name
        with open(path, "wb") as out:
            block = os.urandom(1 << 20)
            for _ in range(megabytes):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        return path

    def cgroup(self, controllers, name=None):
        """A new group in each controller (v1), or one of v2 with them; its folders."""
        name = name or "svc%d" % random.randrange(1000, 9999)
        groups = []
        for controller in controllers:
            root = pathlib.Path("/sys/fs/cgroup") / controller
            if not root.is_dir():
                root = pathlib.Path("/sys/fs/cgroup")
                if not (root / "cgroup.controllers").exists():
                    raise CannotDo("no cgroup controller " + controller)
                (root / "cgroup.subtree_control").write_text("+" + controller)
            group = root / name
            if group not in groups:
                group.mkdir(exist_ok=True)
                self.undo.append(lambda group=group: remove_group(group))
                groups.append(group)
        return groups

    def mount(self, kind, options, *, device="none", name="volume"):
        path = self.folder(name)
        run("mount", "-t", kind, *(["-o", options] if options else []), device, str(path))
        self.undo.append(lambda: run("umount", "-l", str(path), check=False))
        return path

    def image(self, megabytes, *mkfs, options=""):
        """A file system of its own in a file: its mount point and its loop device."""
        name = "volume%d" % len(self.undo)
        image = self.scratch / (name + ".img")
        with open(image, "wb") as out:
            out.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", *mkfs, str(image))
        loop = run("losetup", "-f", "--show", str(image)).strip()
        self.undo.append(lambda: run("losetup", "-d", loop, check=False))
        return self.mount("ext4", options, device=loop, name=name), loop

    def done(self):
        for load in self.loads:
            load.kill()
        # Some wait in the kernel until what holds them is undone.
        for undo in reversed(self.undo):
            with contextlib.suppress(Exception):
                undo()
        for load in self.loads:
            load.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)


def run(*argv, check=True):
    try:
        return subprocess.run(argv, check=check, capture_output=True, text=True, timeout=60).stdout
    except FileNotFoundError as error:
        raise CannotDo(f"{argv[0]} is not there") from error
    except subprocess.CalledProcessError as error:
        raise CannotDo(f"{' '.join(argv)}: {error.stderr.strip()}") from error


def remove_group(group):
    for _ in range(50):
        with contextlib.suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            group.rmdir()
            return
        time.sleep(0.1)


def first_word(path, word, column=1):
    for line in open(path):
        parts = line.split()
        if parts and parts[0] == word:
            return int(parts[column])
    return 0


def growth(read, seconds=1.0):
    before = read()
    time.sleep(seconds)
    return (read() - before) / seconds


def snmp(protocol, name, path="/proc/net/snmp"):
    rows = [line.split() for line in open(path) if line.startswith(protocol + ":")]
    return int(rows[1][rows[0].index(name)])


STATES = {}


def state(label, guilty, **kwargs):
    """Registers make(world, scale) -> (entities, oracle); `guilty` says what kind they are."""

    def register(make):
        name = kwargs.get("name", label)
        STATES[name] = {"label": label, "kind": guilty, "make": make, **kwargs}
        return make

    return register


# ---- CPU


@state("cpu_saturation", "process")
def cpu_saturation(world, scale):
    load = world.load(11, 4 * CPUS * scale)
    return [load], lambda: growth(lambda: first_word("/proc/stat", "cpu", 4)) < 20


@state("cpu_runqueue", "command")
def cpu_runqueue(world, scale):
    name = world.name()
    loads = [world.load(11, 1, name=name) for _ in range(int(12 * CPUS * scale))]
    return loads, lambda: int(open("/proc/loadavg").read().split()[3].split("/")[0]) > 3 * CPUS


@state("cpu_one_core", "process")
def cpu_one_core(world, scale):
    load = world.load(11, 1)
    return [load], lambda: growth(lambda: ticks(load.pid)) > 70


def ticks(pid):
    parts = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(parts[11]) + int(parts[12])


@state("cpu_cgroup_throttle", "cgroup")
def cpu_cgroup_throttle(world, scale):
    [group] = world.cgroup(["cpu"])
    quota = int(20000 * scale)
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota} 100000")
    else:
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    world.load(11, 1, cgroup=[group])
    return [group], lambda: growth(lambda: first_word(group / "cpu.stat", "nr_throttled")) > 5


@state("cpu_rt_hog", "process")
def cpu_rt_hog(world, scale):
    load = world.load(17, 1)
    return [load], lambda: growth(lambda: ticks(load.pid)) > 60


@state("cpu_syscall_sys", "process")
def cpu_syscall_sys(world, scale):
    load = world.load(12, max(1, CPUS * scale))
    return [load], lambda: growth(load.did, 2) > 500000


@state("cpu_ctx_switch", "process")
def cpu_ctx_switch(world, scale):
    load = world.load(13, max(1, 2 * scale))
    return [load], lambda: growth(lambda: first_word("/proc/stat", "ctxt")) > 50000


@state("cpu_lock_contention", "process")
def cpu_lock_contention(world, scale):
    load = world.load(14, 16 * scale)
    return [load], lambda: growth(lambda: first_word("/proc/stat", "ctxt")) > 20000


@state("cpu_fork_storm", "process")
def cpu_fork_storm(world, scale):
    load = world.load(15, max(1, CPUS * scale))
    return [load], lambda: growth(load.did, 2) > 200


@state("cpu_softirq", "host")
def cpu_softirq(world, scale):
    receiver = world.load(51, 9999)
    for _ in range(max(1, int(2 * scale))):
        world.load(52, 9999)
    return [receiver], lambda: growth(lambda: snmp("Udp", "InDatagrams")) > 20000


@state("cpu_interrupts", "process")
def cpu_interrupts(world, scale):
    # timers of 0.2 ms in 16 threads: ten times as many stop a small machine altogether
    load = world.load(16, 200000 / scale)
    return [load], lambda: growth(load.did, 2) > 20000


# ---- memory


@state("mem_leak_host", "process")
def mem_leak_host(world, scale):
    load = world.load(21, 150 * scale)
    return [load], lambda: growth(load.did, 2) > 50


def limit_memory(group, megabytes):
    file = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
    (group / file).write_text(str(int(megabytes) << 20))


def refaults(group):
    return first_word(group / "memory.stat", "workingset_refault_file")


@state("mem_near_limit", "cgroup")
def mem_near_limit(world, scale):
    [group] = world.cgroup(["memory"])
    limit = int(256 * scale)
    limit_memory(group, limit)
    path = world.file(limit)
    drop_cache(path)
    world.load(22, limit * 0.8, cgroup=[group])
    world.load(23, 1, path, cgroup=[group])
    return [group], lambda: growth(lambda: refaults(group), 2) > 100


@state("mem_cache_thrash", "cgroup")
def mem_cache_thrash(world, scale):
    [group] = world.cgroup(["memory"])
    limit = int(96 * scale)
    limit_memory(group, limit)
    path = world.file(limit * 3)
    drop_cache(path)
    world.load(23, 1, path, cgroup=[group])
    return [group], lambda: growth(lambda: refaults(group), 2) > 100


def drop_cache(path):
    """Cache is charged to whoever touches first: what we wrote ourselves must not stay."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@state("mem_oom_cgroup", "cgroup")
def mem_oom_cgroup(world, scale):
    [group] = world.cgroup(["memory"])
    limit_memory(group, 64 * scale)
    again = subprocess.Popen(
        ["sh", "-c", f'while :; do "{world.program}" 24 1 {int(256 * scale)}; sleep 0.3; done'],
        preexec_fn=lambda: (os.setsid(), (group / "cgroup.procs").write_text(str(os.getpid()))),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world.undo.append(lambda: (os.killpg(again.pid, signal.SIGKILL), again.wait()))
    return [group], lambda: growth(lambda: oom_kills(group), 2) > 0


def oom_kills(group):
    file = group / "memory.events"
    return first_word(file if file.exists() else group / "memory.oom_control", "oom_kill")


@state("mem_swap_thrash", "cgroup")
def mem_swap_thrash(world, scale):
    swap = world.scratch / "swap"
    run("dd", "if=/dev/zero", f"of={swap}", "bs=1M", "count=512", "status=none")
    os.chmod(swap, 0o600)
    run("mkswap", str(swap))
    run("swapon", str(swap))
    world.undo.append(lambda: run("swapoff", str(swap), check=False))
    [group] = world.cgroup(["memory"])
    limit_memory(group, 64 * scale)
    world.load(22, 128 * scale, cgroup=[group])
    return [group], lambda: growth(lambda: first_word("/proc/vmstat", "pswpin"), 2) > 100


@state("mem_shmem", "mount")
def mem_shmem(world, scale):
    path = world.mount("tmpfs", "size=80%")
    megabytes = int(3000 * scale)
    run("dd", "if=/dev/zero", f"of={path}/blob", "bs=1M", f"count={megabytes}", "status=none")
    return [path], lambda: os.statvfs(path).f_bfree * 4096 >= 0 and path.joinpath("blob").stat().st_size >= megabytes << 20


# ---- disks


@state("disk_saturation", "disk")
def disk_saturation(world, scale):
    load = world.load(31, 48 * scale, world.folder())
    return ["disk", load], lambda: growth(load.did, 2) > 20


@state("disk_fsync", "process")
def disk_fsync(world, scale):
    load = world.load(32, max(1, 2 * scale), world.folder())
    return [load], lambda: growth(load.did, 2) > 50


@state("disk_writeback", "process")
def disk_writeback(world, scale):
    load = world.load(33, 4000 * scale, world.folder())
    return [load], lambda: growth(load.did, 2) > 50


@state("disk_cg_throttle", "cgroup")
def disk_cg_throttle(world, scale):
    folder = world.folder()
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    controller = "blkio" if pathlib.Path("/sys/fs/cgroup/blkio").is_dir() else "io"
    [group] = world.cgroup([controller])
    limit = int((1 << 20) * scale)
    if controller == "io":
        (group / "io.max").write_text(f"{number} wbps={limit}")
    else:
        (group / "blkio.throttle.write_bps_device").write_text(f"{number} {limit}")
    load = world.load(31, 1, folder, cgroup=[group])
    return [group], lambda: 0 < growth(load.did, 3) * (1 << 18) < 2 * limit


@state("log_flood", "process")
def log_flood(world, scale):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="app", dir="/var/log"))
    world.undo.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    load = world.load(34, 40 * scale, folder)
    return [load], lambda: growth(lambda: (folder / "messages").stat().st_size) > 5e6


# ---- file systems, limits, processes


@state("fs_full", "mount")
def fs_full(world, scale):
    path, _ = world.image(64)
    run("dd", "if=/dev/zero", f"of={path}/blob", "bs=1M", "status=none", check=False)
    return [path], lambda: os.statvfs(path).f_bavail == 0


@state("fs_inodes", "mount")
def fs_inodes(world, scale):
    path, _ = world.image(64, "-N", "64")
    for number in range(100):
        with contextlib.suppress(OSError):
            (path / f"n{number}").touch()
    return [path], lambda: os.statvfs(path).f_ffree == 0


@state("fs_readonly", "mount")
def fs_readonly(world, scale):
    path, loop = world.image(64, options="errors=remount-ro")
    pathlib.Path(f"/sys/fs/ext4/{os.path.basename(loop)}/trigger_fs_error").write_text("x")

    def is_readonly():
        with contextlib.suppress(OSError):
            (path / "x").touch()
            return False
        return True

    return [path], is_readonly


@state("fs_deleted_open", "process")
def fs_deleted_open(world, scale):
    path, _ = world.image(320)
    load = world.load(35, 270, path)
    return [load, path], lambda: os.statvfs(path).f_bavail * 4096 < 40 << 20 and not list(path.glob("old"))


@state("fs_frozen_dstate", "mount")
def fs_frozen_dstate(world, scale):
    path, _ = world.image(64)
    load = world.load(36, 8 * scale, path)
    time.sleep(1)
    run("fsfreeze", "-f", str(path))
    time.sleep(2)  # what it counted before is said once a second
    world.undo.append(lambda: run("fsfreeze", "-u", str(path), check=False))
    return [path, load], lambda: growth(load.did, 2) == 0


@state("fd_exhaust", "process")
def fd_exhaust(world, scale):
    load = world.load(41, 512 * scale)
    return [load], lambda: len(os.listdir(f"/proc/{load.pid}/fd")) >= 512 * scale


@state("pids_limit", "cgroup")
def pids_limit(world, scale):
    [group] = world.cgroup(["pids"])
    (group / "pids.max").write_text(str(int(40 * scale)))
    load = world.load(42, 1, cgroup=[group])
    return [group], lambda: growth(load.did, 2) > 0


@state("zombies", "process")
def zombies(world, scale):
    load = world.load(43, 400 * scale)
    return [load], lambda: load.did() >= 400 * scale


@state("proc_stopped", "process")
def proc_stopped(world, scale):
    reader = world.load(59, 9998)
    time.sleep(0.5)
    world.load(58, 9998)
    time.sleep(1)
    os.kill(reader.pid, signal.SIGSTOP)
    return [reader], lambda: open(f"/proc/{reader.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T"


@state("crash_loop", "program")
def crash_loop(world, scale):
    load = world.load(44, max(1, 3 * scale))
    return [load], lambda: growth(load.did, 2) > 0


# ---- network


@state("net_listen_overflow", "port")
def net_listen_overflow(world, scale):
    world.load(53, 9997, more=8)
    world.load(54, 9997)
    return ["9997"], lambda: growth(lambda: snmp("TcpExt", "ListenOverflows", "/proc/net/netstat"), 2) > 1


@state("net_slow_reader", "process")
def net_slow_reader(world, scale):
    reader = world.load(57, 9996)
    time.sleep(0.5)
    sender = world.load(58, 9996)
    return [reader, "9996"], lambda: growth(sender.did, 2) == 0


@state("net_time_wait", "process")
def net_time_wait(world, scale):
    server = world.load(55, 9995, more=1)
    time.sleep(0.3)
    clients = [world.load(54, 9995, more=1) for _ in range(max(1, int(2 * scale)))]
    return [server, *clients, "9995"], lambda: growth(lambda: snmp("TcpExt", "TW", "/proc/net/netstat"), 2) > 150


@state("net_port_exhaust", "process")
def net_port_exhaust(world, scale):
    ports = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
    before = ports.read_text()
    world.undo.append(lambda: ports.write_text(before))
    ports.write_text("40000 %d" % (40000 + int(2000 * scale)))
    world.load(55, 9994)
    load = world.load(56, 9994)
    return [load], lambda: growth(load.did, 2) > 0


@state("net_udp_overflow", "process")
def net_udp_overflow(world, scale):
    reader = world.load(51, 9993, more=20000)
    world.load(52, 9993, more=int(20 / scale))
    return [reader, "9993"], lambda: growth(lambda: snmp("Udp", "RcvbufErrors")) > 100


@state("net_refused", "port")
def net_refused(world, scale):
    world.load(54, 9992, more=1)
    return ["9992"], lambda: growth(lambda: snmp("Tcp", "AttemptFails")) > 20


@state("net_iptables_drop", "port")
def net_iptables_drop(world, scale):
    drop(world, port=9991)
    world.load(55, 9991)
    world.load(54, 9991)
    return ["9991"], lambda: " 9991" in run("ss", "-Htn", "state", "syn-sent") or "9991" in run("ss", "-Htn", "state", "syn-sent")


def second_host(world):
    """A network namespace behind a veth: its name and its address; ours is .1."""
    name = "n%d" % random.randrange(1000, 9999)
    run("ip", "netns", "add", name)
    world.undo.append(lambda: run("ip", "netns", "del", name, check=False))
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "addr", "add", "10.78.0.1/24", "dev", name)
    run("ip", "link", "set", name, "up")
    run("ip", "-n", name, "addr", "add", "10.78.0.2/24", "dev", "eth0")
    run("ip", "-n", name, "link", "set", "eth0", "up")
    return name, "10.78.0.2"


def open_tun(name, netns=None):
    """A TUN device, in another network namespace if one is named."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if netns:
        with open("/run/netns/" + netns) as there:
            libc.setns(there.fileno(), 0)
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF: TUN, no header
    except OSError as error:
        raise CannotDo(f"no TUN device: {error}") from error
    finally:
        libc.setns(home, 0)
        os.close(home)
    return fd


def forward(a, b, delay):
    """Carries packets between two TUN devices, each `delay` seconds after it came."""
    waiting = collections.deque()
    while True:
        left = waiting[0][0] - time.monotonic() if waiting else None
        ready, _, _ = select.select([a, b], [], [], None if left is None else max(left, 0))
        for fd in ready:
            waiting.append((time.monotonic() + delay, b if fd == a else a, os.read(fd, 65536)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, to, packet = waiting.popleft()
            with contextlib.suppress(OSError):
                os.write(to, packet)


def distant_host(world, delay):
    """As second_host, `delay` seconds away there and back; needs no netem."""
    name = "n%d" % random.randrange(1000, 9999)
    run("ip", "netns", "add", name)
    world.undo.append(lambda: run("ip", "netns", "del", name, check=False))
    near, far = open_tun(name), open_tun("eth0", name)
    run("ip", "addr", "add", "10.79.0.1", "peer", "10.79.0.2", "dev", name)
    run("ip", "link", "set", name, "up")
    run("ip", "-n", name, "addr", "add", "10.79.0.2", "peer", "10.79.0.1", "dev", "eth0")
    run("ip", "-n", name, "link", "set", "eth0", "up")
    pid = os.fork()
    if pid == 0:
        try:
            forward(near, far, delay / 2)
        finally:
            os._exit(0)
    os.close(near)
    os.close(far)
    world.undo.append(lambda: (os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)))
    return name, "10.79.0.2"


def path_takes(address):
    """Seconds there and back, by how long a refused connection takes."""
    begin = time.monotonic()
    with contextlib.suppress(OSError), socket.create_connection((address, 9), timeout=5):
        pass
    return time.monotonic() - begin


def drop(world, port=None, share=None, netns=None):
    """A rule that drops TCP packets, by iptables or nft."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    if shutil.which("iptables"):
        rule = ["INPUT", "-p", "tcp", *(["--dport", str(port)] if port else []),
                *(["-m", "statistic", "--mode", "random", "--probability", str(share)] if share else []), "-j", "DROP"]
        run(*inside, "iptables", "-I", *rule)
        world.undo.append(lambda: run(*inside, "iptables", "-D", *rule, check=False))
        return
    table = "t%d" % random.randrange(1000, 9999)
    run(*inside, "nft", "add", "table", "ip", table)
    world.undo.append(lambda: run(*inside, "nft", "delete", "table", "ip", table, check=False))
    run(*inside, "nft", f"add chain ip {table} input {{ type filter hook input priority 0; }}")
    what = f"tcp dport {port}" if port else "meta l4proto tcp"
    some = f"numgen random mod 1000 < {int(1000 * share)}" if share else ""
    run(*inside, "nft", f"add rule ip {table} input {what} {some} counter drop")


@state("net_loss", "peer")
def net_loss(world, scale):
    name, address = second_host(world)
    drop(world, share=0.08 * scale, netns=name)
    world.load(59, 9990, netns=name)
    time.sleep(0.5)
    world.load(58, 9990, address, 2000)
    return [address], lambda: growth(lambda: snmp("Tcp", "RetransSegs"), 2) > 1


@state("net_latency", "peer")
def net_latency(world, scale):
    name, address = distant_host(world, 0.12 * scale)
    world.load(59, 9989, netns=name)
    time.sleep(1)
    world.load(58, 9989, address, 20000)
    return [address], lambda: path_takes(address) >= 0.09 * scale


@state("net_bandwidth", "interface")
def net_bandwidth(world, scale):
    name, address = second_host(world)
    run("tc", "qdisc", "add", "dev", name, "root", "tbf", "rate", f"{int(8 * scale)}mbit", "burst", "16kb",
        "latency", "400ms")
    world.load(59, 9988, netns=name)
    time.sleep(0.5)
    world.load(58, 9988, address)
    return [name], lambda: "overlimits 0 " not in run("tc", "-s", "qdisc", "show", "dev", name)


@state("dns_fail", "resolver")
def dns_fail(world, scale):
    path = world.scratch / "resolv"
    path.write_text("nameserver 127.0.0.9\n")
    run("mount", "--bind", str(path), os.path.realpath("/etc/resolv.conf"))
    world.undo.append(lambda: run("umount", os.path.realpath("/etc/resolv.conf"), check=False))
    return ["127.0.0.9"], lambda: subprocess.run(["getent", "hosts", "example.org"], capture_output=True,
                                                  timeout=30).returncode != 0


# ---- healthy look-alikes: no finding of severity warning may name what they started


def healthy(make):
    return state(None, "healthy", name=make.__name__)(make)


@healthy
def h_idle(world, scale):
    return [], lambda: True


@healthy
def h_burst_past(world, scale):
    load = world.load(11, 4 * CPUS)
    time.sleep(6)
    load.stop()
    world.loads.remove(load)
    return [], lambda: True


@healthy
def h_sleepers(world, scale):
    load = world.load(18, 2000 * scale)
    return [load], lambda: first_word(f"/proc/{load.pid}/status", "Threads:") > 1000 * scale


@healthy
def h_nice_batch(world, scale):
    load = world.load(11, CPUS, nice=19)
    return [load], lambda: growth(lambda: ticks(load.pid)) > 20


@healthy
def h_util100_seqread(world, scale):
    path = world.file(1500)
    drop_cache(path)
    load = world.load(23, 1, path, 1)
    return [load], lambda: growth(lambda: first_word("/proc/vmstat", "pgpgin")) > 50000


@healthy
def h_io_light(world, scale):
    load = world.load(34, 2 * scale, world.folder())
    return [load], lambda: growth(load.did, 2) > 500


@healthy
def h_cg_cache_full(world, scale):
    [group] = world.cgroup(["memory"])
    limit_memory(group, 200)
    path = world.file(196)
    drop_cache(path)
    load = world.load(24, 1, cgroup=[group])
    subprocess.run(["cat", str(path)], stdout=subprocess.DEVNULL, check=True,
                   preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
    return [group, load], lambda: True


@healthy
def h_pagecache(world, scale):
    path = world.file(1000)
    subprocess.run(["cat", str(path)], stdout=subprocess.DEVNULL, check=True)
    return [], lambda: True


@healthy
def h_zombie_few(world, scale):
    load = world.load(43, 3)
    return [load], lambda: load.did() == 3


@healthy
def h_idle_conns(world, scale):
    server = world.load(55, 9987)
    time.sleep(0.3)
    client = world.load(54, 9987)
    time.sleep(0.5)
    os.kill(client.pid, signal.SIGSTOP)
    os.kill(client.pid, signal.SIGCONT)
    return [server, client], lambda: True


@healthy
def h_ro_image_full(world, scale):
    path, _ = world.image(32)
    run("dd", "if=/dev/zero", f"of={path}/blob", "bs=1M", "status=none", check=False)
    run("mount", "-o", "remount,ro", str(path))
    return [path], lambda: os.statvfs(path).f_bavail == 0


@healthy
def h_swap_cold(world, scale):
    swap = world.scratch / "swap"
    run("dd", "if=/dev/zero", f"of={swap}", "bs=1M", "count=256", "status=none")
    os.chmod(swap, 0o600)
    run("mkswap", str(swap))
    run("swapon", str(swap))
    world.undo.append(lambda: run("swapoff", str(swap), check=False))
    [group] = world.cgroup(["memory"])
    limit_memory(group, 64)
    load = world.load(24, 160, cgroup=[group])
    time.sleep(2)
    return [group, load], lambda: growth(lambda: first_word("/proc/vmstat", "pswpin"), 1) < 50
