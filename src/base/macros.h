/* Small macros that every room uses. Nothing here knows what sysgrok is for. */
#pragma once

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Leaves NULL behind, so that the cleanup attribute of the owner frees nothing. */
#define take_ptr(p)                                                                                \
	__extension__({                                                                            \
		__auto_type take_tmp = (p);                                                        \
		(p) = NULL;                                                                        \
		take_tmp;                                                                          \
	})

/* Leaves -1 behind, so that auto_close closes nothing. */
#define take_fd(fd)                                                                                \
	__extension__({                                                                            \
		int take_tmp = (fd);                                                               \
		(fd) = -1;                                                                         \
		take_tmp;                                                                          \
	})

void cleanup_free(void *pointer_to_pointer);
void cleanup_close(int *fd);
void cleanup_fclose(void *pointer_to_file);

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_close __attribute__((cleanup(cleanup_close)))
#define auto_fclose __attribute__((cleanup(cleanup_fclose)))
