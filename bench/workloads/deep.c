/*
 * The kind "deep": recursion whose stacks are far larger than a copy of 8 KB, and thousands of
 * executable mappings that come and go, as a just-in-time compiler makes them.
 *
 * usage: deep SECONDS | deep -n ROUNDS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

struct expression {
	char op;
	double value;
	struct expression *left, *right;
};

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Leans to the left: the depth is most of `count`. */
static NOINLINE struct expression *expression_make(unsigned count)
{
	struct expression *expression = calloc(1, sizeof(*expression));

	expression->value = (double)(random_next() % 100);
	if (count < 2)
		return expression;
	expression->op = "+-*m"[random_next() % 4];
	expression->right = expression_make(count / 8);
	expression->left = expression_make(count - count / 8 - 1);
	return expression;
}

static void expression_free(struct expression *expression)
{
	if (!expression)
		return;
	expression_free(expression->left);
	expression_free(expression->right);
	free(expression);
}

static NOINLINE double expression_value(const struct expression *expression);

static NOINLINE double combine(const struct expression *expression)
{
	double scratch[8];
	double left = expression_value(expression->left);
	double right = expression_value(expression->right);

	for (unsigned i = 0; i < 8; i++)
		scratch[i] = left * i + right / (i + 1);
	switch (expression->op) {
	case '+':
		return scratch[1] + scratch[2] * 1e-3;
	case '-':
		return scratch[3] - left;
	case '*':
		return scratch[4] * 1e-2;
	default:
		return left > right ? left : right;
	}
}

static NOINLINE double expression_value(const struct expression *expression)
{
	return expression->op ? combine(expression) : expression->value;
}

static NOINLINE uint64_t mix_leaf(uint64_t value, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		value = (value ^ value >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + i;
	return value;
}

/* A frame of some 130 bytes at each level, and work at every one of them. */
static NOINLINE uint64_t descend(unsigned depth, uint64_t seed)
{
	uint64_t local[8];

	for (unsigned i = 0; i < 8; i++)
		local[i] = mix_leaf(seed + i, 12);
	if (depth == 0)
		return mix_leaf(seed, 20000);
	seed = descend(depth - 1, local[seed % 8]);
	return seed + local[seed % 8];
}

static NOINLINE unsigned map_and_unmap(unsigned count)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (code == MAP_FAILED) {
			failed++;
			continue;
		}
		code[0] = 0xc3;
		munmap(code, 4096);
	}
	return failed;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	int counted = argc > 2 && !strcmp(argv[1], "-n");
	double limit = argc > 1 ? strtod(argv[argc - 1], NULL) : 3, begin = seconds(), sum = 0;
	uint64_t rounds = 0, mixed = 0;

	while (counted ? (double)rounds < limit : seconds() - begin < limit) {
		struct expression *expression = expression_make(200 + (unsigned)(rounds % 900));

		for (unsigned i = 0; i < 20; i++)
			sum += expression_value(expression);
		expression_free(expression);
		mixed += descend((unsigned)(random_next() % 400), rounds);
		map_and_unmap(8);
		rounds++;
	}
	printf("%llu rounds, %g %llx\n", (unsigned long long)rounds, sum, (unsigned long long)mixed);
	return 0;
}
