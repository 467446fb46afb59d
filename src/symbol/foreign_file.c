#include "symbol/foreign_file.h"

#include <sys/stat.h>
#include <unistd.h>

struct error *foreign_file_check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_new(ERROR_NO_FILE, "'%s' is not there", path);
	if (!S_ISREG(st.st_mode))
		return error_new(ERROR_INPUT, "'%s' is not a regular file", path);
	if (geteuid() != 0 && st.st_uid != 0 && st.st_uid != geteuid())
		return error_new(ERROR_PERMISSION, "'%s' belongs to another user", path);
	return NULL;
}
