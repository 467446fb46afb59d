#!/usr/bin/env python3
"""Snapshots of the fault bench (bench/faults, packed by bench/faults/pack), diagnosed again: the first
finding and its entity are as recorded, and nothing that a healthy state started is called guilty.

usage: fault_replay.py SYSGROK FOLDER [--write]

--write records what is found now; look at what it changes."""
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

# What the bench starts bears one of these names (bench/faults/states.py).
OURS = re.compile(r"(orders|indexer|ledger|catalog|billing|search|render|mailer|worker|load)\b|/svc\d|/var/tmp/d|:?99\d\d$")


def serious(sysgrok, folder):
    done = subprocess.run([sysgrok, "--json", "--offline", "debughost", "--from-dir", str(folder)],
                          capture_output=True, text=True, timeout=60)
    hosts = json.loads(done.stdout)["hosts"]
    return [f for f in hosts[0]["findings"] if f["severity"] in ("warning", "critical")]


def main():
    sysgrok, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    recorded_file = folder / "expected.json"
    recorded = json.loads(recorded_file.read_text()) if recorded_file.exists() else {}
    now, wrong = {}, []
    for archive in sorted(folder.glob("*.tar.xz")):
        name = archive.name.removesuffix(".tar.xz")
        with tempfile.TemporaryDirectory() as work:
            with tarfile.open(archive) as tar:
                tar.extractall(work)
            found = serious(sysgrok, work)
        if name.startswith("h_"):
            blamed = [f"{f['id']} [{f['entity']['name']}]" for f in found if OURS.search(f["entity"]["name"])]
            now[name] = {"blamed": blamed}
        else:
            first = found[0] if found else {"id": "nothing", "entity": {"kind": "", "name": ""}}
            now[name] = {"id": first["id"], "kind": first["entity"]["kind"], "name": first["entity"]["name"]}
        if now[name] != recorded.get(name):
            wrong.append(f"{name}: {now[name]}, recorded is {recorded.get(name)}")
    if "--write" in sys.argv:
        recorded_file.write_text(json.dumps(now, indent=1) + "\n")
        return 0
    missing = set(recorded) - set(now)
    wrong += [f"{name}: its snapshot is not there" for name in sorted(missing)]
    print(f"{len(now) - len(wrong)} of {len(now)} as recorded")
    print("\n".join(wrong))
    return bool(wrong or not now)


if __name__ == "__main__":
    sys.exit(main())
