"""Memory that comes and goes: mappings, page faults, fork with copy on write, files mapped and
written; usage: memory.py SECONDS"""
import mmap
import os
import sys
import tempfile
import time

end, total = time.monotonic() + float(sys.argv[1]), 0
size = 16 << 20
kept = bytearray(size)
with tempfile.TemporaryFile() as file:
    file.write(b"a" * size)
    while time.monotonic() < end:
        with mmap.mmap(-1, size) as area:
            for at in range(0, size, 4096):
                area[at] = 1
        with mmap.mmap(file.fileno(), size) as area:
            for at in range(0, size, 4096):
                total += area[at]
            area[:: 1 << 16] = b"b" * (size >> 16)
        child = os.fork()
        if child == 0:
            for at in range(0, size, 4096):
                kept[at] = 2
            os._exit(0)
        os.waitpid(child, 0)
print(total)
