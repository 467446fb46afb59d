"""Asks memcached over TCP, many keys at a time; usage: memcache_client.py PORT SECONDS"""
import socket
import sys
import time

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
    for i in range(2000):
        server.sendall(b"set key%d 0 0 100\r\n%s\r\n" % (i, b"x" * 100))
        server.recv(64)
    end, total = time.monotonic() + float(sys.argv[2]), 0
    keys = [b"get " + b" ".join(b"key%d" % ((i * 37 + j) % 2000) for j in range(90)) + b"\r\n"
            for i in range(50)]
    while time.monotonic() < end:
        for key in keys:
            server.sendall(key)
            data = b""
            while not data.endswith(b"END\r\n"):
                data += server.recv(65536)
            total += len(data)
    print(total)
