/*
 * Makes one kind of trouble for some seconds, then ends. What it does is told by a number, so that
 * neither its name nor its arguments give the answer away; bench/faults/states.py knows the
 * numbers.
 *
 *     load MODE SECONDS [SIZE [WHERE [MORE]]]
 *
 * When it is under way it prints "ready" and, each second, "did N" (what the mode counts): the
 * proof that it does what it is meant to, independent of anything that sysgrok reads.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static long size, more;
static const char *where;
static _Atomic unsigned long *counter; /* shared with the children of modes that fork */

static void count(unsigned long n)
{
	*counter += n;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void in_thread(void *(*work)(void *), void *argument)
{
	pthread_t thread;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 18);
	if (pthread_create(&thread, &attributes, work, argument) != 0)
		die("thread");
}

static void in_threads(long count, void *(*work)(void *))
{
	for (long i = 0; i < count; i++)
		in_thread(work, (void *)i);
}

/* ---- CPU */

static void *spin(void *unused)
{
	volatile double x = 1;

	(void)unused;
	for (;;) {
		for (int i = 0; i < 1000000; i++)
			x = x * 1.0000001 + 0.1;
		count(1);
	}
	return NULL;
}

static void *call(void *unused)
{
	(void)unused;
	for (;;) {
		syscall(SYS_getppid);
		count(1);
	}
	return NULL;
}

static void ping_pong(void)
{
	for (long i = 0; i < size; i++) {
		int there[2], back[2];
		char byte = 0;

		if (pipe(there) < 0 || pipe(back) < 0)
			die("pipe");
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
				;
			_exit(0);
		}
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
				count(1);
			_exit(0);
		}
	}
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *contend(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_mutex_lock(&lock);
		count(1);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *fork_on(void *unused)
{
	(void)unused;
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		count(1);
	}
	return NULL;
}

/* Many timers a second, each of its own thread. */
static void *tick(void *unused)
{
	struct itimerspec every = { { 0, size }, { 0, size } };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t expired;

	(void)unused;
	if (timer < 0 || timerfd_settime(timer, 0, &every, NULL) < 0)
		die("timer");
	while (read(timer, &expired, sizeof(expired)) == sizeof(expired))
		count(expired);
	return NULL;
}

static void *hold_core(void *argument)
{
	struct sched_param parameters = { .sched_priority = 10 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (sched_setscheduler(0, SCHED_FIFO, &parameters) < 0)
		die("realtime");
	return spin(argument);
}

/* ---- memory */

static char *touch(size_t bytes)
{
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("memory");
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	return memory;
}

/* `size` MB each second. */
static void *grow(void *unused)
{
	(void)unused;
	for (;;) {
		for (int i = 0; i < 10; i++) {
			touch(((size_t)size << 20) / 10);
			count((unsigned long)size / 10);
			usleep(100000);
		}
	}
	return NULL;
}

/* Holds `size` MB and walks through them. */
static void *walk(void *unused)
{
	size_t bytes = (size_t)size << 20;
	char *memory = touch(bytes);

	(void)unused;
	for (;;) {
		for (size_t i = 0; i < bytes; i += 4096)
			memory[i]++;
		count(1);
	}
	return NULL;
}

/* From its start again; from the disk again when `more`. */
static void rewind_file(int fd)
{
	lseek(fd, 0, SEEK_SET);
	if (more)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void *reread(void *unused)
{
	static __thread char block[BLOCK];
	int fd = open(where, O_RDONLY);

	(void)unused;
	if (fd < 0)
		die(where);
	for (;;) {
		ssize_t got = read(fd, block, sizeof(block));

		if (got <= 0)
			rewind_file(fd);
		else
			count((unsigned long)got >> 10);
	}
	return NULL;
}

/* ---- disk */

static int work_file(const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", where, name);
	fd = open(path, O_RDWR | O_CREAT | flags, 0600);
	if (fd < 0)
		die(path);
	return fd;
}

static void *random_direct(void *argument)
{
	static const off_t file_bytes = 1L << 30;
	char name[32];
	unsigned seed = (unsigned)(uintptr_t)argument + 1;
	int fd;
	void *block;

	snprintf(name, sizeof(name), "d%ld", (long)(uintptr_t)argument % 4);
	fd = work_file(name, O_DIRECT);
	if (ftruncate(fd, file_bytes) < 0 || posix_memalign(&block, 4096, 1 << 18) != 0)
		die("file");
	memset(block, 1, 1 << 18);
	for (;;) {
		off_t at = (off_t)(rand_r(&seed) % 4000) << 18;

		if (pwrite(fd, block, 1 << 18, at) < 0)
			die("write");
		count(1);
	}
	return NULL;
}

static void *sync_on(void *unused)
{
	int fd = work_file("journal", 0);
	char line[100] = { 0 };

	(void)unused;
	for (;;) {
		if (pwrite(fd, line, sizeof(line), 0) < 0 || fdatasync(fd) < 0)
			die("sync");
		count(1);
	}
	return NULL;
}

static void *dirty(void *unused)
{
	static char block[1 << 20];
	int fd = work_file("pages", 0);
	long written = 0;

	(void)unused;
	memset(block, 7, sizeof(block));
	for (;;) {
		if (write(fd, block, sizeof(block)) < 0)
			die("write");
		count(1);
		if (++written % size == 0)
			lseek(fd, 0, SEEK_SET);
	}
	return NULL;
}

/* `size` MB a second into a file that grows. */
static void *append(void *unused)
{
	static char line[1 << 12];
	int fd = work_file("messages", O_APPEND);

	(void)unused;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (;;) {
		for (int i = 0; i < size * 256 / 50; i++) {
			if (write(fd, line, sizeof(line)) < 0)
				die("write");
			count(sizeof(line) >> 10);
		}
		usleep(20000);
	}
	return NULL;
}

static void hold_deleted(void)
{
	char block[BLOCK] = { 1 }, path[4096];
	int fd = work_file("old", 0);

	for (long i = 0; i < size * 16; i++)
		if (write(fd, block, sizeof(block)) < 0)
			die("write");
	snprintf(path, sizeof(path), "%s/old", where);
	if (unlink(path) < 0)
		die("unlink");
	count((unsigned long)size);
}

static void *make_files(void *argument)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/f%ld", where, (long)(uintptr_t)argument);
	for (;;) {
		int fd = open(path, O_CREAT | O_WRONLY, 0600);

		if (fd >= 0)
			close(fd);
		unlink(path);
		count(1);
		usleep(1000);
	}
	return NULL;
}

/* ---- limits and processes */

static void open_all(void)
{
	struct rlimit limit = { (rlim_t)size, (rlim_t)size };
	unsigned long refused = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("limit");
	while (open("/dev/null", O_RDONLY) >= 0)
		count(1);
	refused = errno == EMFILE;
	if (!refused)
		die("open");
}

static void *fork_until_refused(void *unused)
{
	(void)unused;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		if (pid < 0) {
			count(1);
			usleep(20000);
		}
	}
	return NULL;
}

static void leave_zombies(void)
{
	for (long i = 0; i < size; i++) {
		if (fork() == 0)
			_exit(0);
		count(1);
	}
}

static void *crash_on(void *unused)
{
	(void)unused;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			*(volatile int *)(uintptr_t)(8 + more) = 1;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		count(1);
		usleep((useconds_t)(1000000 / size));
	}
	return NULL;
}

/* ---- network, on loopback or WHERE */

static struct sockaddr_in address_of(const char *host, long port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		die(host);
	return address;
}

static int listener(long port, int backlog)
{
	struct sockaddr_in address = address_of("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0)
		die("listen");
	return fd;
}

static int dial(const char *host, long port, int flags)
{
	struct sockaddr_in address = address_of(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS) {
		int problem = errno;

		close(fd);
		errno = problem;
		return -1;
	}
	return fd;
}

/* Takes packets, slowly when `more`. */
static void *udp_in(void *unused)
{
	struct sockaddr_in address = address_of("0.0.0.0", size);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char packet[2048];

	(void)unused;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("bind");
	for (;;) {
		if (recv(fd, packet, sizeof(packet), 0) > 0)
			count(1);
		if (more)
			usleep((useconds_t)more);
	}
	return NULL;
}

static void *udp_out(void *unused)
{
	struct sockaddr_in address = address_of(where, size);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char packet[64] = { 0 };

	(void)unused;
	for (;;) {
		if (sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&address,
			   sizeof(address)) > 0)
			count(1);
		if (more)
			usleep((useconds_t)more);
	}
	return NULL;
}

/* Listens and never accepts. */
static void listen_only(void)
{
	listener(size, (int)more);
}

static void *dial_on(void *unused)
{
	(void)unused;
	for (;;) {
		int fd = dial(where, size, SOCK_NONBLOCK);

		if (fd >= 0) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			poll(&wait, 1, 1);
			count(1);
			if (more)
				close(fd);
		}
		usleep(2000);
	}
	return NULL;
}

/* Accepts and closes at once (who closes first keeps TIME_WAIT). */
static void *accept_on(void *unused)
{
	int fd = listener(size, 512);

	(void)unused;
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			continue;
		count(1);
		if (more)
			close(peer);
	}
	return NULL;
}

/* As many connections to one place as there are ports; the refusals are counted. */
static void *dial_all(void *unused)
{
	struct rlimit many = { 100000, 100000 };

	(void)unused;
	setrlimit(RLIMIT_NOFILE, &many);
	for (;;) {
		if (dial(where, size, 0) < 0) {
			if (errno == EADDRNOTAVAIL)
				count(1);
			usleep(10000);
		}
	}
	return NULL;
}

/* Accepts, and reads `more` bytes a second. */
static void *read_slowly(void *unused)
{
	int fd = listener(size, 16), peer = accept(fd, NULL, NULL);
	char block[BLOCK];

	(void)unused;
	for (;;) {
		if (more && recv(peer, block, (size_t)(more < BLOCK ? more : BLOCK), 0) > 0)
			count(1);
		usleep(1000000);
	}
	return NULL;
}

static void *send_on(void *unused)
{
	static char block[BLOCK];
	int fd = dial(where, size, 0);

	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	if (fd < 0)
		die("connect");
	for (;;) {
		ssize_t sent = send(fd, block, sizeof(block), 0);

		if (sent > 0)
			count((unsigned long)sent >> 10);
		if (more)
			usleep((useconds_t)more);
	}
	return NULL;
}

static void *drain(void *unused)
{
	int fd = listener(size, 16), peer = accept(fd, NULL, NULL);
	static char block[BLOCK];

	(void)unused;
	for (;;)
		count((unsigned long)(recv(peer, block, sizeof(block), 0) >> 10));
	return NULL;
}

/* ---- the modes */

static void start_hold(void)
{
	touch((size_t)size << 20);
}

static void start_threads_asleep(void)
{
	for (long i = 0; i < size; i++)
		in_thread((void *(*)(void *))(void (*)(void))pause, NULL);
}

/* A lock that is handed over by the kernel: those who wait for it get it, one after the other. */
static void start_contend(void)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&lock, &attributes);
	in_threads(size, contend);
}

#define THREADS(name, count, work)                                                                 \
	static void start_##name(void)                                                             \
	{                                                                                          \
		in_threads(count, work);                                                           \
	}
THREADS(spin, size, spin)
THREADS(call, size, call)
THREADS(fork, size, fork_on)
THREADS(tick, 16, tick)
THREADS(core, 1, hold_core)
THREADS(grow, 1, grow)
THREADS(walk, 1, walk)
THREADS(reread, size, reread)
THREADS(direct, size, random_direct)
THREADS(sync, size, sync_on)
THREADS(dirty, 1, dirty)
THREADS(append, 1, append)
THREADS(files, size, make_files)
THREADS(pids, 1, fork_until_refused)
THREADS(crash, 1, crash_on)
THREADS(udp_in, 1, udp_in)
THREADS(udp_out, 1, udp_out)
THREADS(dial, 4, dial_on)
THREADS(accept, 1, accept_on)
THREADS(dial_all, 1, dial_all)
THREADS(slow, 1, read_slowly)
THREADS(send, 1, send_on)
THREADS(drain, 1, drain)

static const struct {
	int number;
	void (*start)(void);
} modes[] = {
	{ 11, start_spin },	{ 12, start_call },	      { 13, ping_pong },
	{ 14, start_contend },	{ 15, start_fork },	      { 16, start_tick },
	{ 17, start_core },	{ 18, start_threads_asleep }, { 21, start_grow },
	{ 22, start_walk },	{ 23, start_reread },	      { 24, start_hold },
	{ 31, start_direct },	{ 32, start_sync },	      { 33, start_dirty },
	{ 34, start_append },	{ 35, hold_deleted },	      { 36, start_files },
	{ 41, open_all },	{ 42, start_pids },	      { 43, leave_zombies },
	{ 44, start_crash },	{ 51, start_udp_in },	      { 52, start_udp_out },
	{ 53, listen_only },	{ 54, start_dial },	      { 55, start_accept },
	{ 56, start_dial_all }, { 57, start_slow },	      { 58, start_send },
	{ 59, start_drain },
};

int main(int argc, char **argv)
{
	int mode = argc > 1 ? atoi(argv[1]) : 0;
	long seconds = argc > 2 ? atol(argv[2]) : 10;
	size_t i;

	size = argc > 3 ? atol(argv[3]) : 1;
	where = argc > 4 ? argv[4] : "127.0.0.1";
	more = argc > 5 ? atol(argv[5]) : 0;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]) && modes[i].number != mode; i++)
		;
	if (i == sizeof(modes) / sizeof(modes[0])) {
		fprintf(stderr, "load: no mode %d\n", mode);
		return 2;
	}
	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (counter == MAP_FAILED)
		die("memory");
	modes[i].start();
	puts("ready");
	fflush(stdout);
	for (long second = 0; second < seconds; second++) {
		sleep(1);
		printf("did %lu\n", (unsigned long)*counter);
		fflush(stdout);
	}
	return 0;
}
