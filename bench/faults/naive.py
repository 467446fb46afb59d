"""A baseline: what single thresholds, as checklists and alert rules have them, make of the same states.
Two readings of /proc, the mounts and the kernel log; the first threshold that is met is its answer."""

import os
import subprocess


def disks():
    rows = {}
    for line in open("/proc/diskstats"):
        parts = line.split()
        rows[parts[2]] = (int(parts[12]), int(parts[13]))
    return rows


def pairs(path):
    return {line.split()[0].rstrip(":"): int(line.split()[1]) for line in open(path)}


def network():
    rows = [line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:")]
    return {name: int(value) for name, value in zip(rows[0][1:], rows[1][1:])}


def reading():
    cpu = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    switches = next(int(line.split()[1]) for line in open("/proc/stat") if line.startswith("ctxt"))
    return {"cpu": cpu, "switches": switches, "disks": disks(), "tcp": network(), "uptime": uptime()}


def uptime():
    return float(open("/proc/uptime").read().split()[0])


def fullest(inodes):
    most = 0
    for line in open("/proc/self/mounts"):
        path, kind = line.split()[1].encode().decode("unicode_escape"), line.split()[2]
        if kind not in ("ext4", "xfs", "btrfs", "tmpfs", "vfat"):
            continue
        try:
            stat = os.statvfs(path)
        except OSError:
            continue
        size, free = (stat.f_files, stat.f_ffree) if inodes else (stat.f_blocks, stat.f_bavail)
        most = max(most, 1 - free / size if size else 0)
    return most


def states_of_processes():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.append(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
    return found


def answers(before, after):
    """The labels whose threshold is met, in the order of a checklist."""
    window = max(after["uptime"] - before["uptime"], 0.1)
    ticks = [b - a for a, b in zip(before["cpu"], after["cpu"])]
    share = [t / max(sum(ticks), 1) for t in ticks]
    tcp = {name: after["tcp"][name] - before["tcp"][name] for name in ("OutSegs", "RetransSegs")}
    memory, processes = pairs("/proc/meminfo"), states_of_processes()
    log = subprocess.run(["dmesg"], capture_output=True, text=True).stdout
    util = max(((b[0] - before["disks"].get(n, b)[0]) / window / 1000 for n, b in after["disks"].items()), default=0)
    queue = max(((b[1] - before["disks"].get(n, b)[1]) / window / 1000 for n, b in after["disks"].items()), default=0)
    cpus = os.cpu_count()
    met = [
        ("cpu_saturation", float(open("/proc/loadavg").read().split()[0]) > cpus),
        ("mem_oom_cgroup", "oom-kill" in log),
        ("crash_loop", "segfault" in log),
        ("fs_readonly", "Remounting filesystem read-only" in log),
        ("cpu_ctx_switch", (after["switches"] - before["switches"]) / window > 4000 * cpus),
        ("cpu_runqueue", processes.count("R") > 2 * cpus),
        ("cpu_one_core", 1 - share[3] - share[4] > 0.9),
        ("disk_saturation", util > 0.6 or queue > 1 or share[4] > 0.1),
        ("mem_leak_host", memory["MemFree"] < 0.1 * memory["MemTotal"]),
        ("mem_swap_thrash", memory["SwapTotal"] > memory["SwapFree"]),
        ("fs_full", fullest(False) > 0.9),
        ("fs_inodes", fullest(True) > 0.9),
        ("zombies", processes.count("Z") > 0),
        ("net_loss", tcp["RetransSegs"] > 0.01 * max(tcp["OutSegs"], 1)),
    ]
    return [label for label, is_met in met if is_met]
