#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/*
 * What the SIGBUS handler may look at without a lock: slots are linked once and never freed, only
 * used again. A slot with end 0 is free. The thread that faults keeps its own map open, so the
 * slot that it looks for cannot change under it.
 */
struct map_slot {
	_Atomic uintptr_t start, end;
	struct file_map *map;
	struct map_slot *next;
};

static struct map_slot *_Atomic slots;
static pthread_mutex_t slots_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous_action;
static uintptr_t page_bytes;

static void on_sigbus(int signal_number, siginfo_t *info, void *)
{
	uintptr_t fault = (uintptr_t)info->si_addr;
	int saved = errno;

	for (struct map_slot *slot = atomic_load(&slots); slot; slot = slot->next) {
		void *page;

		if (fault < atomic_load(&slot->start) || fault >= atomic_load(&slot->end))
			continue;
		page = (char *)info->si_addr - fault % page_bytes;
		slot->map->truncated = true;
		if (mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == MAP_FAILED)
			break;
		errno = saved;
		return;
	}
	/* Not ours: the instruction faults again under the action that stood before. */
	sigaction(signal_number, &previous_action, NULL);
}

/* With each map, as others (a test framework, a sanitizer) may have put theirs in our place. */
static void guard_install(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction current;

	page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	if (sigaction(SIGBUS, NULL, &current) == 0 && current.sa_sigaction == on_sigbus)
		return;
	previous_action = current;
	sigaction(SIGBUS, &action, NULL);
}

static void slot_take(struct file_map *map)
{
	struct map_slot *slot;

	pthread_mutex_lock(&slots_mutex);
	guard_install();
	for (slot = atomic_load(&slots); slot && atomic_load(&slot->end); slot = slot->next)
		;
	if (!slot) {
		slot = x_calloc(1, sizeof(*slot));
		slot->next = atomic_load(&slots);
		atomic_store(&slots, slot);
	}
	slot->map = map;
	atomic_store(&slot->start, (uintptr_t)map->data);
	atomic_store(&slot->end, (uintptr_t)map->data + map->size_bytes);
	pthread_mutex_unlock(&slots_mutex);
}

static void slot_release(const struct file_map *map)
{
	pthread_mutex_lock(&slots_mutex);
	for (struct map_slot *slot = atomic_load(&slots); slot; slot = slot->next) {
		if (slot->map == map && atomic_load(&slot->end)) {
			atomic_store(&slot->end, 0);
			slot->map = NULL;
			break;
		}
	}
	pthread_mutex_unlock(&slots_mutex);
}

struct error *file_map_fd(int fd, const char *name_for_errors, struct file_map **ret)
{
	struct file_map *map;
	struct stat status;
	void *data = NULL;

	if (fstat(fd, &status) < 0)
		return error_errno(errno, "'%s'", name_for_errors);
	if (S_ISDIR(status.st_mode))
		return error_errno(EISDIR, "'%s'", name_for_errors);
	if (!S_ISREG(status.st_mode))
		return error_new(ERROR_INPUT, "'%s' is not a regular file", name_for_errors);
	if (status.st_size) {
		data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			return error_errno(errno, "mapping '%s'", name_for_errors);
	}
	map = x_calloc(1, sizeof(*map));
	map->data = data ? data : (const void *)"";
	map->size_bytes = (size_t)status.st_size;
	map->device = status.st_dev;
	map->inode = status.st_ino;
	map->mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	if (map->size_bytes)
		slot_take(map);
	*ret = map;
	return NULL;
}

struct error *file_map_open(const char *path, struct file_map **ret)
{
	/* O_NONBLOCK: a fifo without a writer is told to be none, not waited for. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return error_errno(errno, "opening '%s'", path);
	return file_map_fd(fd, path, ret);
}

void file_map_close(struct file_map *map)
{
	if (!map)
		return;
	if (map->size_bytes) {
		slot_release(map);
		munmap((void *)(uintptr_t)map->data, map->size_bytes);
	}
	free(map);
}

void cleanup_file_map(struct file_map **map)
{
	file_map_close(*map);
}
