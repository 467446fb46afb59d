#!/usr/bin/env python3
"""What sysstat says of one file as text and as JSON: no figure may differ.

usage: host_tools.py SYSGROK

One `sar -o` file is read as `sar -A -f` (whose means over the samples are ours: the Average lines are
taken out) and as `sadf -j`. mpstat and iostat have no such file, so their reports since boot stand
beside their JSON of the same moment: these figures move by what the machine does in between.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SYSGROK = sys.argv[1]
ENV = dict(os.environ, LC_ALL="C")

# JSON's name: fact, factor, whether the last sample counts (a state) and not the mean (a rate)
HOST = {
    ("process-and-context-switch", "proc"): ("forks", 1, False),
    ("process-and-context-switch", "cswch"): ("context_switches", 1, False),
    ("swap-pages", "pswpin"): ("swap_in", 1, False),
    ("swap-pages", "pswpout"): ("swap_out", 1, False),
    ("paging", "fault"): ("page_faults", 1, False),
    ("paging", "majflt"): ("major_faults", 1, False),
    ("paging", "pgpgin"): ("paged_in", 1024, False),
    ("paging", "pgscank"): ("kswapd_pages", 1, False),
    ("memory", "memfree"): ("memory_free", 1024, True),
    ("memory", "avail"): ("memory_available", 1024, True),
    ("memory", "dirty"): ("memory_dirty", 1024, True),
    ("memory", "swpused"): ("swap_used", 1024, True),
    ("kernel", "file-nr"): ("files_open", 1, True),
    ("queue", "runq-sz"): ("tasks_running", 1, False),
    ("queue", "blocked"): ("tasks_blocked", 1, False),
    ("queue", "ldavg-1"): ("load_1", 1, True),
    ("network", "net-tcp", "oseg"): ("tcp_segments_out", 1, False),
    ("network", "net-etcp", "retrans"): ("tcp_retransmits", 1, False),
    ("network", "net-udp", "idgm"): ("udp_in", 1, False),
    ("network", "net-sock", "tcp-tw"): ("time_wait", 1, True),
    ("psi", "psi-cpu", "some_avg"): ("pressure_cpu", 0.01, False),
    ("psi", "psi-io", "full_avg"): ("pressure_io_full", 0.01, False),
}
CPU = {"usr": "cpu_user", "nice": "cpu_nice", "sys": "cpu_system", "iowait": "cpu_iowait",
       "steal": "cpu_steal", "irq": "cpu_irq", "soft": "cpu_softirq", "idle": "cpu_idle"}
SAR_DISK = {"tps": ("transfers", 1), "rkB": ("read_bytes", 1024), "wkB": ("write_bytes", 1024),
            "aqu-sz": ("queue", 1), "util-percent": ("busy", 0.01)}
INTERFACE = {"rxpck": ("rx_packets", 1), "txpck": ("tx_packets", 1), "rxkB": ("rx_bytes", 1024)}
IOSTAT_DISK = {"r/s": ("reads", 1), "w/s": ("writes", 1), "f/s": ("flushes", 1),
               "rkB/s": ("read_bytes", 1024), "wkB/s": ("write_bytes", 1024),
               "aqu-sz": ("queue", 1), "util": ("busy", 0.01)}

compared = 0
wrong = []


def output(*command):
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=60,
                          check=True).stdout


def facts_of(folder, name, text):
    (folder / name).mkdir()
    (folder / name / (name + ".txt")).write_text(text)
    answer = json.loads(output(SYSGROK, "analyzecmd", "--json", "-i", str(folder / name)))
    facts = {}
    for fact in answer["hosts"][0]["facts"]:
        entity = fact["entity"]
        facts[entity["kind"], entity["name"], fact["name"]] = fact.get("value")
    if facts["input", name + ".txt", "unknown_lines"]:
        wrong.append(f"{name}: lines were not understood")
    return facts


def compare(facts, key, wanted, tolerance=1e-6, least=1e-9):
    global compared
    value = facts.get(key)
    compared += 1
    if value is None or abs(value - wanted) > max(least, tolerance * abs(wanted)):
        wrong.append(f"{key}: {value} is not {wanted}")


def inside(statistics, path):
    for name in path:
        statistics = statistics.get(name, {})
    return statistics


def over(samples, is_last):
    return samples[-1] if is_last else sum(samples) / len(samples)


def check_sar(folder):
    data = str(folder / "sar.bin")
    output("sar", "-o", data, "1", "3")
    statistics = json.loads(output("sadf", "-j", data, "--", "-A"))
    statistics = statistics["sysstat"]["hosts"][0]["statistics"]
    text = "".join(line for line in output("sar", "-A", "-f", data).splitlines(True)
                   if not line.startswith(("Average:", "Summary:")))
    facts = facts_of(folder, "sar", text)
    for path, (fact, factor, is_last) in HOST.items():
        samples = [inside(s, path) for s in statistics if inside(s, path) != {}]
        if samples:
            compare(facts, ("host", "the host", fact), over(samples, is_last) * factor)
    for name, fact in CPU.items():
        samples = [s["cpu-load"][0][name] for s in statistics]
        compare(facts, ("host", "the host", fact), over(samples, False) / 100)
    for kind, rows, key, columns in (
            ("disk", lambda s: s["disk"], "disk-device", SAR_DISK),
            ("interface", lambda s: s["network"]["net-dev"], "iface", INTERFACE)):
        for name in {row[key] for s in statistics for row in rows(s)}:
            for column, (fact, factor) in columns.items():
                samples = [row[column] for s in statistics for row in rows(s) if row[key] == name]
                compare(facts, (kind, name, fact), sum(samples) / len(statistics) * factor)


def check_since_boot(folder):
    text, data = output("mpstat", "-P", "ALL"), output("mpstat", "-P", "ALL", "-o", "JSON")
    load = json.loads(data)["sysstat"]["hosts"][0]["statistics"][0]["cpu-load"][0]
    facts = facts_of(folder, "mpstat", text)
    for name, fact in CPU.items():
        compare(facts, ("host", "the host", fact + "_since_boot"), load[name] / 100, 0.01, 1e-3)
    text, data = output("iostat", "-x"), output("iostat", "-x", "-o", "JSON")
    statistics = json.loads(data)["sysstat"]["hosts"][0]["statistics"][0]
    facts = facts_of(folder, "iostat", text)
    for disk in statistics["disk"]:
        for column, (fact, factor) in IOSTAT_DISK.items():
            compare(facts, ("disk", disk["disk_device"], fact + "_since_boot"),
                    disk[column] * factor, 0.02, 0.02 * factor)


def main():
    if not all(shutil.which(tool) for tool in ("sar", "sadf", "mpstat", "iostat")):
        print("sysstat is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        check_sar(pathlib.Path(folder))
        check_since_boot(pathlib.Path(folder))
    print("\n".join(wrong) or f"{compared} figures are the same")
    sys.exit(1 if wrong else 0)


main()
