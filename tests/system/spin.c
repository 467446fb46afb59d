/*
 * What the recorder is tested on: `spin SECONDS THREADS CHILDREN` burns CPU time in turn(), called
 * by work(), in so many threads of so many processes. Prints its pid when it begins.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds;

__attribute__((noinline)) static uint64_t turn(uint64_t seed)
{
	for (int i = 0; i < 100000; i++)
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return seed;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *work(void *argument)
{
	double end = now() + seconds;
	volatile uint64_t sum = 0;

	while (now() < end)
		sum = turn(sum);
	return argument;
}

static void run_threads(long count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	for (long i = 1; threads && i < count; i++) {
		char name[32];

		pthread_create(&threads[i], NULL, work, NULL);
		snprintf(name, sizeof(name), "worker-%ld", i);
		name[15] = '\0'; /* the kernel takes no more */
		pthread_setname_np(threads[i], name);
	}
	work(NULL);
	for (long i = 1; threads && i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

int main(int argc, char **argv)
{
	long threads = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	long children = argc > 3 ? strtol(argv[3], NULL, 10) : 0;

	seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	printf("%d\n", (int)getpid());
	fflush(stdout);
	for (long i = 0; i < children; i++) {
		if (fork() == 0) {
			run_threads(threads);
			_exit(0);
		}
	}
	run_threads(threads);
	while (wait(NULL) > 0)
		;
	return argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0;
}
