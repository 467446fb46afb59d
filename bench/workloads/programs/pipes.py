"""Processes and threads that hand bytes and locks to each other: pipes, Unix sockets, eventfd and
epoll, futexes; usage: pipes.py SECONDS"""
import os
import select
import socket
import sys
import threading
import time


def echo(left, right):
    """A child sends back what it gets."""
    if os.fork() == 0:
        left.close()
        while data := right.recv(4096):
            right.sendall(data)
        os._exit(0)
    right.close()
    return left


def main():
    end = time.monotonic() + float(sys.argv[1])
    peer = echo(*socket.socketpair())
    out, back = os.pipe(), os.pipe()
    if os.fork() == 0:
        peer.close()
        for fd in (out[1], back[0]):
            os.close(fd)
        while data := os.read(out[0], 65536):
            os.write(back[1], data)
        os._exit(0)
    epoll = select.epoll()
    epoll.register(back[0], select.EPOLLIN)
    lock, count = threading.Lock(), [0]

    def contend():
        while time.monotonic() < end:
            with lock:
                count[0] += 1

    threads = [threading.Thread(target=contend) for _ in range(2)]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        peer.sendall(b"x" * 100)
        peer.recv(4096)
        os.write(out[1], b"y" * 4096)
        epoll.poll(1)
        os.read(back[0], 65536)
        with lock:
            count[0] += 1
    for thread in threads:
        thread.join()
    peer.close()
    os.close(out[1])
    print(count[0])


main()
