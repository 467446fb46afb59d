#include "perf/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

enum { SPOOL_BUFFER_BYTES = 1 << 18 };

/* On disk where that can be: a recording may be larger than the memory that is free. */
static int open_nameless(void)
{
	const char *directories[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		int fd = directories[i] && directories[i][0]
				 ? open(directories[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
				 : -1;

		if (fd >= 0)
			return fd;
	}
	return memfd_create("sysgrok-input", MFD_CLOEXEC);
}

static struct error *write_all(int fd, const uint8_t *data, size_t size_bytes)
{
	while (size_bytes) {
		ssize_t written = write(fd, data, size_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(errno, "keeping the input in a temporary file");
		data += written;
		size_bytes -= (size_t)written;
	}
	return NULL;
}

struct error *spool_fd(int fd, const char *name_for_errors, int *ret_fd)
{
	auto_close int spool = open_nameless();
	auto_free uint8_t *buffer = x_malloc(SPOOL_BUFFER_BYTES);

	if (spool < 0)
		return error_errno(errno, "making a temporary file for '%s'", name_for_errors);
	for (;;) {
		ssize_t got = read(fd, buffer, SPOOL_BUFFER_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(errno, "reading '%s'", name_for_errors);
		if (got == 0)
			break;
		TRY(write_all(spool, buffer, (size_t)got));
	}
	*ret_fd = take_fd(spool);
	return NULL;
}
