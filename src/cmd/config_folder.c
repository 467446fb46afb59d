#include "cmd/config_folder.h"

#include <stdlib.h>

#include "base/memory.h"

char *config_folder(const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && config[0] == '/')
		return x_asprintf("%s/sysgrok/%s", config, name);
	return home && home[0] == '/' ? x_asprintf("%s/.config/sysgrok/%s", home, name) : NULL;
}
