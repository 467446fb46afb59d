#!/usr/bin/env python3
"""Functions, inlined functions and lines of some thousand addresses of a program, sysgrok's own,
beside what llvm-symbolizer says or, without it, binutils' addr2line (which 2.40 cannot read what
clang writes as DWARF 5: then the test is skipped).

Left out is where both mean the same in other words: the name of the physical function (ours is that
of the symbol table, with ".isra.0" and the like) and code without debug information.

usage: compare_names.py NAME_ADDRESSES PROGRAM
"""
import os
import random
import re
import shutil
import subprocess
import sys

import perf_tools

ADDRESSES = 4000
# Both read some constructs of some compilers in their own way; it must not be more than this.
DIFFERENT_RATIO = 0.002


def text_range(program):
    for line in perf_tools.run(["readelf", "-SW", program]).splitlines():
        section = re.search(r"\.text\s+PROGBITS\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)", line)
        if section:
            return int(section[1], 16), int(section[2], 16)
    raise RuntimeError(f"{program} has no .text")


def ask(command, addresses):
    """address -> [(function, file, line)], innermost first."""
    asked = "".join(f"{address:#x}\n" for address in addresses)
    text = subprocess.run(["timeout", "300", *command], input=asked, stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    frames, lines = {}, iter(text.splitlines())
    for line in lines:
        if not line:
            continue
        if re.fullmatch(r"0x[0-9a-f]+", line):
            current = frames.setdefault(int(line, 16), [])
            continue
        path, _, number = next(lines).split(" (disc")[0].rpartition(":")
        current.append((line, os.path.basename(path), number.replace("?", "0")))
    return frames


def same(ours, theirs):
    return (len(ours) == len(theirs) and [f[1:] for f in ours] == [f[1:] for f in theirs] and
            [f[0] for f in ours[:-1]] == [f[0] for f in theirs[:-1]])


def reference(program):
    if shutil.which("llvm-symbolizer"):
        return ["llvm-symbolizer", "--no-demangle", "--output-style=GNU", "-a", "-f", "-i", "-e",
                program]
    if not shutil.which("addr2line"):
        perf_tools.skip("no llvm-symbolizer and no addr2line (Debian: llvm, binutils)")
    if "clang" in perf_tools.run(["readelf", "-p", ".comment", program]):
        perf_tools.skip("addr2line cannot read what clang writes; no llvm-symbolizer")
    return ["addr2line", "-a", "-f", "-i", "-e", program]


def main():
    name_addresses, program = sys.argv[1:]
    if not shutil.which("readelf"):
        perf_tools.skip("readelf is not installed (Debian: binutils)")
    command = reference(program)
    checks = perf_tools.Checks()
    start, size = text_range(program)
    numbers = random.Random(1)
    addresses = sorted({start + numbers.randrange(size) for _ in range(ADDRESSES)})
    theirs = ask(command, addresses)
    ours = ask([name_addresses, program], addresses)
    with_lines = [a for a in addresses if theirs[a][0][2] != "0"]
    inlined = sum(len(theirs[a]) > 1 for a in with_lines)
    different = [a for a in with_lines if not same(ours[a], theirs[a])]
    for address in different[:5]:
        print(f"{address:#x}: {ours[address]} here, {theirs[address]} in {command[0]}")
    checks.check(len(with_lines) > ADDRESSES / 10 and inlined > ADDRESSES / 100,
                 f"{len(with_lines)} addresses with lines, {inlined} in inlined functions")
    checks.check(len(different) <= DIFFERENT_RATIO * len(with_lines),
                 f"{len(different)} of {len(with_lines)} addresses named differently")
    return checks.status()


sys.exit(main())
