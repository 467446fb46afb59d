/*
 * One program per stack pattern and its clean twin: "patterns NAME bad|clean SECONDS". Both do the
 * same work; the bad one does it in the way that a rule of data/rules/stack.rule names.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;
static double seconds;
extern char **environ;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Work that no rule speaks of. */
static NOINLINE void compute(unsigned rounds)
{
	unsigned long state = 88172645463325252UL;

	for (unsigned i = 0; i < rounds * 100; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
	}
	sink += state;
}

static NOINLINE void split_words(bool bad)
{
	static char reused[64];

	for (unsigned i = 0; i < 1000; i++) {
		char *word = bad ? malloc(17 + i % 40) : reused;

		word[0] = (char)i;
		sink += (unsigned long)word[0];
		if (bad)
			free(word);
		if (i % 8 == 0)
			compute(1);
	}
}

static NOINLINE void append_all(bool bad)
{
	size_t count = 0, allocated = 0, steps = 0;
	unsigned long *items = NULL;
	char *between[200] = { 0 };

	for (unsigned i = 0; i < 15000; i++) {
		if (count == allocated) {
			allocated = bad ? allocated + 100 : allocated * 2 + 100;
			items = realloc(items, allocated * sizeof(*items));
			between[steps++] = malloc(40); /* so that nothing grows in place */
		}
		items[count++] = i;
	}
	sink += items[count / 2];
	free(items);
	while (steps)
		free(between[--steps]);
	compute(100);
}

static NOINLINE void use_large_buffer(bool bad)
{
	static char *kept;
	size_t size = 40 << 20;
	char *buffer = bad || !kept ? malloc(size) : kept;

	for (size_t i = 0; i < size; i += bad ? 4096 : 64)
		buffer[i] = (char)i;
	sink += (unsigned long)buffer[size / 2];
	if (bad)
		free(buffer);
	else
		kept = buffer;
	compute(2000);
}

static NOINLINE void look_at_file(bool bad)
{
	static char buffer[65536];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < 100; i++) {
		char *bytes = bad ? mmap(NULL, 16384, PROT_READ, MAP_PRIVATE, fd, 0) : buffer;

		if (!bad && !i && read(fd, buffer, sizeof(buffer)) < 0)
			abort();
		sink += (unsigned long)bytes[100];
		if (bad)
			munmap(bytes, 16384);
		compute(10);
	}
	close(fd);
}

static NOINLINE void fill_table(bool bad)
{
	static char *table;
	size_t size = 16 << 20;

	if (!table)
		table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	for (size_t i = 0; i < size; i += 4096)
		table[i] = (char)i;
	if (bad)
		madvise(table, size, MADV_DONTNEED);
	compute(2000);
}

struct picture {
	char bytes[1 << 20];
};

static NOINLINE unsigned long brightness(const struct picture *picture)
{
	return (unsigned long)picture->bytes[sink % sizeof(picture->bytes)];
}

static NOINLINE void show_picture(bool bad)
{
	static struct picture picture, copy;

	for (unsigned i = 0; i < 10; i++) {
		picture.bytes[i] = (char)i;
		if (bad)
			memcpy(&copy, &picture, sizeof(copy) - (sink & 1));
		sink += brightness(bad ? &copy : &picture);
		compute(100);
	}
}

static NOINLINE void store_bytes(bool bad)
{
	static char bytes[65536];
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	size_t step = bad ? 1 : sizeof(bytes);

	for (size_t i = 0; i < (bad ? 4096 : 64 * sizeof(bytes)); i += step)
		if (read(fd, bytes, step) < 0)
			abort();
	close(fd);
	compute(50);
}

static NOINLINE void count_lines(bool bad)
{
	static char buffer[1 << 16];
	FILE *file = fopen("/proc/self/exe", "r");
	int c;

	if (bad) {
		while ((c = fgetc(file)) != EOF)
			sink += c == '\n';
	} else {
		size_t got;

		while ((got = fread(buffer, 1, sizeof(buffer), file)))
			for (size_t i = 0; i < got; i++)
				sink += buffer[i] == '\n';
	}
	fclose(file);
	compute(200);
}

static NOINLINE void stamp_events(bool bad, clockid_t clock)
{
	struct timespec time = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		if (bad || i == 0)
			clock_gettime(clock, &time);
		sink += (unsigned long)time.tv_nsec;
		compute(1);
	}
}

static void clock_call(bool bad)
{
	stamp_events(bad, CLOCK_THREAD_CPUTIME_ID);
}

static void clock_read(bool bad)
{
	stamp_events(bad, CLOCK_MONOTONIC);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long total;

static NOINLINE void count_one(bool bad)
{
	static __thread unsigned long own;

	if (bad) {
		pthread_mutex_lock(&mutex);
		total++;
		compute(1);
		pthread_mutex_unlock(&mutex);
	} else {
		own++;
		compute(1);
	}
	sink += own;
}

static void *count_thread(void *bad)
{
	double end = now() + seconds;

	while (now() < end)
		for (unsigned i = 0; i < 1000; i++)
			count_one(bad);
	return NULL;
}

static void run_threads(void *(*run)(void *), bool bad)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run, bad ? &total : NULL);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void lock(bool bad)
{
	run_threads(count_thread, bad);
}

static NOINLINE void wait_for_turn(bool bad)
{
	for (unsigned i = 0; i < 100; i++)
		if (bad)
			sched_yield();
	compute(20);
}

static NOINLINE void poll_queue(bool bad)
{
	struct timespec moment = { 0, 1 };

	if (bad)
		nanosleep(&moment, NULL);
	compute(20);
}

static NOINLINE void lower_case(bool bad)
{
	static char text[20001];
	size_t length;

	memset(text, 'A', sizeof(text) - 1);
	length = strlen(text);
	for (size_t i = 0; i < (bad ? strlen(text) : length); i++) {
		text[i] |= 32;
		__asm__ volatile("" ::: "memory");
	}
	compute(200);
}

static NOINLINE void read_numbers(bool bad)
{
	static char text[100000];
	char *at = text;
	int number, length;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 6 == 5 ? ' ' : (char)('1' + i % 9);
	for (unsigned i = 0; i < 1000; i++) {
		if (bad) {
			if (sscanf(at, "%d%n", &number, &length) < 1)
				break;
			at += length;
		} else {
			number = (int)strtol(at, &at, 10);
		}
		sink += (unsigned long)number;
	}
	compute(1000);
}

static NOINLINE void write_table(bool bad)
{
	static char line[64];

	for (unsigned i = 0; i < 100; i++) {
		double value = 1.0 / (double)(i + 3);

		if (bad)
			snprintf(line, sizeof(line), "%.17g", value);
		else
			memcpy(line, &value, sizeof(value));
		sink += (unsigned long)line[0];
		compute(2);
	}
}

static NOINLINE void log_request(bool bad)
{
	static char line[200];

	for (unsigned i = 0; i < 100; i++) {
		if (bad || i == 0)
			snprintf(line, sizeof(line), "request %s of %s took %d units (%5d)",
				 "index", "somebody", (int)i, (int)i * 3);
		sink += (unsigned long)line[3];
		if (i % 4 == 0)
			compute(2);
	}
}

static int by_price(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

static NOINLINE void best_offer(bool bad)
{
	static int prices[5000];
	int best = 1 << 30;

	for (unsigned i = 0; i < 5000; i++)
		prices[i] = (int)((i * 7919U + (unsigned)sink) % 100003U);
	if (bad)
		qsort(prices, 5000, sizeof(int), by_price);
	for (unsigned i = 0; i < 5000; i++)
		best = prices[i] < best ? prices[i] : best;
	sink += (unsigned long)best;
	compute(100);
}

static NOINLINE void start_helpers(bool bad)
{
	char *arguments[] = { "ls", "/", NULL };

	for (unsigned i = 0; i < 10; i++) {
		pid_t child;

		if (!bad || posix_spawnp(&child, "ls", NULL, NULL, arguments, environ))
			compute(500);
		else
			waitpid(child, NULL, 0);
	}
}

static NOINLINE void solve(bool bad)
{
	__float128 precise = 1.000001Q;
	double plain = 1.000001;

	for (unsigned i = 0; i < 10000; i++) {
		if (bad)
			precise = precise * 1.0000001Q + 1e-9Q;
		else
			plain = plain * 1.0000001 + 1e-9;
	}
	sink += (unsigned long)(double)precise + (unsigned long)plain;
	compute(50);
}

static const struct {
	const char *name;
	void (*run)(bool bad);
	bool once;
} patterns[] = {
	{ "allocation", split_words, false },
	{ "growth", append_all, false },
	{ "heap", use_large_buffer, false },
	{ "mapping", look_at_file, false },
	{ "faults", fill_table, false },
	{ "copies", show_picture, false },
	{ "tiny", store_bytes, false },
	{ "characters", count_lines, false },
	{ "clock-call", clock_call, false },
	{ "clock-read", clock_read, false },
	{ "lock", lock, true },
	{ "yield", wait_for_turn, false },
	{ "sleep", poll_queue, false },
	{ "length", lower_case, false },
	{ "scan", read_numbers, false },
	{ "numbers", write_table, false },
	{ "format", log_request, false },
	{ "sort", best_offer, false },
	{ "processes", start_helpers, false },
	{ "software", solve, false },
};

int main(int argc, char **argv)
{
	bool bad = argc > 2 && strcmp(argv[2], "bad") == 0;

	if (argc != 4)
		return 2;
	seconds = atof(argv[3]);
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		double end = now() + seconds;

		if (strcmp(patterns[i].name, argv[1]) != 0)
			continue;
		do {
			for (unsigned k = 0; k < 10; k++)
				if (!patterns[i].once || !k)
					patterns[i].run(bad);
		} while (now() < end && !patterns[i].once);
		return 0;
	}
	return 2;
}
