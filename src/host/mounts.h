/* Facts of a mount, the same whoever tells of it: mountinfo, mount, findmnt. Internal to host. */
#pragma once

#include "host/parser.h"

/* Options with commas: an option is a whole one, so errors=remount-ro is no "ro". */
bool mount_has_option(struct str options, const char *wanted);
struct entity mount_entity(struct parse *parse, struct str path);
/* type, device, device_name, readonly, emergency; what is empty is not told. */
void mount_tell(struct parse *parse, struct str path, struct str type, struct str device,
		struct str options);
/* "20G", "0B", "1.5TiB" as bytes. */
bool cell_bytes(struct str cell, double *ret);
