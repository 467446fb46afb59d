"""Pure Python work for the kind "py311": recursion, classes, dicts, sorting with keys, generators,
string formatting; no extension module does the work.

usage: python_work.py SECONDS | python_work.py -n ROUNDS
"""
import sys
import time


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def length(self):
        return (self.x * self.x + self.y * self.y) ** 0.5


def queens(size, row=0, columns=0, left=0, right=0):
    if row == size:
        return 1
    found = 0
    free = ~(columns | left | right) & ((1 << size) - 1)
    while free:
        bit = free & -free
        free ^= bit
        found += queens(size, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def words(text):
    word = []
    for letter in text:
        if letter.isalpha():
            word.append(letter)
        elif word:
            yield "".join(word)
            word.clear()


def count_words(seed):
    counts = {}
    text = " ".join(f"word{chr(97 + (i * seed) % 26)} and{chr(97 + i % 17)}," for i in range(1500))
    for word in words(text):
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else None


def tree_size(node):
    return 1 + sum(tree_size(child) for child in node) if node else 1


def walk(count):
    place = Vector(0, 0)
    for i in range(count):
        place = place + Vector(i % 7 - 3, i % 5 - 2)
    return place.length()


def work(seed):
    return (queens(7) + len(count_words(seed % 25 + 1)) + fibonacci(17) + tree_size(tree(10))
            + walk(4000))


def main():
    counted = len(sys.argv) > 2
    limit = float(sys.argv[-1]) if len(sys.argv) > 1 else 3
    begin, rounds, total = time.monotonic(), 0, 0
    while rounds < limit if counted else time.monotonic() - begin < limit:
        rounds += 1
        total += work(rounds)
    print(rounds, "rounds, sum", total)


main()
