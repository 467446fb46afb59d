#!/usr/bin/env python3
"""Writes one very large C translation unit: a table engine whose rows are worked on by a bytecode
interpreter with hundreds of generated operations and small inlined helpers. The kind "c" of the
benchmark: single-threaded, its stacks larger than perf's 8 KB copy: main is reached, what called
it is not.

usage: generate_c.py [OPERATIONS] > engine.c     (the same text for the same number, always)
"""
import random
import sys

OPERATIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 1400
KINDS = 48
HELPERS = 90
choice = random.Random(2024)

HEAD = """\
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
enum { ROWS = 4096, PROGRAM = 64, TEXT = 24 };

struct cell { uint64_t number; double real; char text[TEXT]; };
struct insn { unsigned op; unsigned a, b; uint64_t literal; };
struct vm { struct cell *cells; uint64_t accumulator, steps; double sum; unsigned depth; };
"""

TAIL = """\
typedef uint64_t operation(struct vm *, struct cell *, const struct insn *);
static operation *const operations[] = { @TABLE@ };
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

struct node { uint64_t key; uint64_t value; struct node *left, *right; };

static struct node *tree_rotate(struct node *node, int left)
{
	struct node *child = left ? node->right : node->left;

	if (!child)
		return node;
	if (left) {
		node->right = child->left;
		child->left = node;
	} else {
		node->left = child->right;
		child->right = node;
	}
	return child;
}

static struct node *tree_insert(struct node *node, struct node *added)
{
	if (!node)
		return added;
	if (added->key < node->key) {
		node->left = tree_insert(node->left, added);
		if (mix_1(node->left->key) < mix_1(node->key))
			return tree_rotate(node, 0);
	} else {
		node->right = tree_insert(node->right, added);
		if (mix_1(node->right->key) < mix_1(node->key))
			return tree_rotate(node, 1);
	}
	return node;
}

static uint64_t tree_sum(const struct node *node)
{
	return node ? node->value + tree_sum(node->left) + 3 * tree_sum(node->right) : 0;
}

static int cell_compare(const void *a, const void *b)
{
	const struct cell *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

static NOINLINE void cells_sort(struct cell *cells, size_t count)
{
	qsort(cells, count, sizeof(*cells), cell_compare);
}

static NOINLINE uint64_t index_build(const struct cell *cells, size_t count)
{
	struct node *nodes = calloc(count, sizeof(*nodes)), *root = NULL;
	uint64_t sum;

	for (size_t i = 0; i < count; i++) {
		nodes[i].key = mix_2(cells[i].number ^ i);
		nodes[i].value = cells[i].number;
		root = tree_insert(root, &nodes[i]);
	}
	sum = tree_sum(root);
	free(nodes);
	return sum;
}

static NOINLINE uint64_t text_scan(const struct cell *cells, size_t count, const char *needle)
{
	uint64_t found = 0;

	for (size_t i = 0; i < count; i++)
		for (const char *p = cells[i].text; (p = strchr(p, needle[0])); p++)
			found += !strncmp(p, needle, strlen(needle));
	return found;
}

static NOINLINE void row_print(struct cell *cell, uint64_t row)
{
	snprintf(cell->text, sizeof(cell->text), "%llx-%.3g", (unsigned long long)(row * 7919),
		 cell->real);
}

static NOINLINE void vm_run(struct vm *vm, const struct insn *program, size_t row)
{
	struct cell *cell = &vm->cells[row];

	for (const struct insn *in = program; in < program + PROGRAM; in++) {
		vm->steps++;
		switch (in->op & 15) {
		case 0:
			vm->accumulator += cell->number * in->literal;
			break;
		case 1:
			vm->accumulator ^= mix_3(cell->number + in->a);
			break;
		case 2:
			cell->real = cell->real * 0.5 + (double)(in->literal & 1023);
			break;
		case 3:
			if (vm->accumulator & 1)
				in += in->b & 1;
			break;
		default:
			vm->accumulator += operations[in->op / 16 % OPERATIONS](vm, cell, in);
			break;
		}
	}
}

/* Some operations are much more usual than others. */
static unsigned operation_pick(uint64_t seed)
{
	uint64_t part = seed >> 44 & 1023, other = seed >> 34 & 1023;

	return (unsigned)(part * part * other * OPERATIONS >> 30) * 16 + (unsigned)(seed >> 20 & 15);
}

static NOINLINE uint64_t batch_run(uint64_t seed, struct vm *vm)
{
	char journal[5400]; /* with main's own 2 KB: what called main lies beyond 8 KB */
	struct insn program[PROGRAM];

	memset(journal, (int)seed, sizeof(journal));
	for (size_t i = 0; i < PROGRAM; i++) {
		seed = mix_0(seed + i);
		program[i] = (struct insn){ .op = operation_pick(seed), .a = (unsigned)(seed & 63),
					    .b = (unsigned)(seed >> 7 & 63), .literal = seed };
	}
	for (size_t row = 0; row < ROWS; row++) {
		vm_run(vm, program, row);
		journal[vm->accumulator % sizeof(journal)]++;
		if (row % 16 == 0)
			row_print(&vm->cells[row], row + seed);
	}
	cells_sort(vm->cells, ROWS / 8);
	vm->accumulator += index_build(vm->cells, ROWS / 8);
	vm->accumulator += text_scan(vm->cells, ROWS, "7e");
	return vm->accumulator + (uint64_t)journal[seed % sizeof(journal)];
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* usage: engine SECONDS | engine -n BATCHES */
int main(int argc, char **argv)
{
	int counted = argc > 2 && !strcmp(argv[1], "-n");
	double limit = argc > 1 ? strtod(argv[argc - 1], NULL) : 3, begin = seconds();
	struct vm vm = { .cells = calloc(ROWS, sizeof(struct cell)) };
	volatile char settings[2200] = { 0 };
	uint64_t sum = 0, batch = 0;

	for (size_t i = 0; i < ROWS; i++)
		vm.cells[i].number = mix_0(i);
	while (counted ? (double)batch < limit : seconds() - begin < limit)
		sum += batch_run(++batch, &vm) + (uint64_t)settings[batch % sizeof(settings)];
	printf("%llu batches, sum %llx\\n", (unsigned long long)batch, (unsigned long long)sum);
	free(vm.cells);
	return 0;
}
"""


def helpers(out):
    for i in range(HELPERS):
        a, b, c = (choice.randrange(1, 63) for _ in range(3))
        k = choice.getrandbits(64) | 1
        out.append(f"static inline uint64_t mix_{i}(uint64_t value)\n{{\n"
                   f"\tvalue ^= value >> {a};\n\tvalue *= UINT64_C(0x{k:x});\n"
                   f"\tvalue ^= value >> {b};\n\treturn value + {c};\n}}\n")
    for i in range(KINDS):
        fields = "".join(f"\tuint{choice.choice((8, 16, 32, 64))}_t field_{j};\n"
                         for j in range(choice.randrange(3, 14)))
        out.append(f"struct kind_{i} {{\n{fields}\tstruct cell *cell;\n}};\n")
        out.append(f"static inline uint64_t kind_{i}_load(struct kind_{i} *kind, struct cell *cell, "
                   f"uint64_t seed)\n{{\n\tkind->field_0 = (uint8_t)mix_{i}(seed);\n"
                   f"\tkind->field_1 = (uint8_t)(seed >> {i});\n\tkind->cell = cell;\n"
                   f"\treturn mix_{(i * 7) % HELPERS}(cell->number) + kind->field_0;\n}}\n")


def statement(i, callable_ops):
    pick = choice.randrange(7)
    h = choice.randrange(HELPERS)
    if pick == 0:
        return f"\tvalue = mix_{h}(value + in->literal);\n"
    if pick == 1:
        return (f"\tfor (unsigned i = 0; i < (in->a & 7); i++)\n"
                f"\t\tvalue += mix_{h}(value ^ (i * {choice.randrange(3, 999)}u));\n")
    if pick == 2:
        return (f"\tif (value & {1 << choice.randrange(12)})\n\t\tcell->number ^= mix_{h}(value);\n"
                f"\telse\n\t\tvm->accumulator += value >> {choice.randrange(1, 40)};\n")
    if pick == 3:
        k = choice.randrange(KINDS)
        return (f"\t{{\n\t\tstruct kind_{k} kind = {{ 0 }};\n\n"
                f"\t\tvalue += kind_{k}_load(&kind, cell, value);\n"
                f"\t\tvm->accumulator ^= kind.field_1;\n\t}}\n")
    if pick == 4:
        return (f"\tcell->text[value % (TEXT - 1)] = (char)('0' + value % 42);\n"
                f"\tvalue += (unsigned char)cell->text[in->b % (TEXT - 1)];\n")
    if pick == 5:
        return f"\tvm->sum += sqrt((double)(value & {choice.randrange(255, 65535)}));\n"
    if callable_ops:
        target = choice.choice(callable_ops)
        return (f"\tif ((value & {choice.choice((1, 3, 7))}) == 0)\n"
                f"\t\tvalue += op_{target}(vm, cell, in);\n")
    return f"\tvalue -= mix_{h}(cell->number);\n"


def main():
    out = [HEAD]
    helpers(out)
    for i in range(OPERATIONS):
        near = [n for n in range(max(0, i - 200), i)]
        body = "".join(statement(i, near) for _ in range(choice.randrange(4, 14)))
        out.append(f"static NOINLINE uint64_t op_{i}(struct vm *vm, struct cell *cell, "
                   f"const struct insn *in)\n{{\n\tuint64_t value = cell->number + {i};\n\n"
                   f"{body}\treturn value;\n}}\n")
    table = ", ".join(f"op_{i}" for i in range(OPERATIONS))
    out.append(TAIL.replace("@TABLE@", table))
    sys.stdout.write("\n".join(out))


main()
