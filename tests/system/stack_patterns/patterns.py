"""As patterns.c: patterns.py NAME bad|clean SECONDS"""
import gc
import json
import re
import sys
import time

NAME, BAD, SECONDS = sys.argv[1], sys.argv[2] == "bad", float(sys.argv[3])


def compute(rounds):
    state = 88172645463325252
    for _ in range(rounds):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
    return state


class Node:
    def __init__(self):
        self.other = None


KEPT = []


def link_nodes():
    """Cycles, beside many objects that stay: each collection looks at all of them."""
    if not KEPT:
        gc.disable()
        KEPT.extend([[i] for i in range(300000)])
        gc.enable()
        if not BAD:
            gc.freeze()
    one, two = Node(), Node()
    for _ in range(2000):
        if BAD:
            one, two = Node(), Node()
        one.other, two.other = two, one
    if BAD:
        gc.collect()
    compute(500)


ROWS = [{"name": "order %d" % i, "price": i / 7, "tags": ["a", "b", str(i)]} for i in range(200)]


def keep_rows():
    if BAD:
        json.loads(json.dumps(ROWS))
    else:
        list(ROWS)
    compute(500)


def match_words():
    if BAD:
        re.match(r"(a+)+$", "a" * 20 + "b")
    else:
        re.match(r"a+$", "a" * 20 + "b")
        compute(2000)


WORK = {"gc": link_nodes, "json": keep_rows, "regex": match_words}
END = time.monotonic() + SECONDS
while True:
    WORK[NAME]()
    if time.monotonic() > END:
        break
