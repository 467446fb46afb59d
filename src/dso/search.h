/*
 * Where files are looked for, inside dso only. Order for an image: the recorded path (with the
 * sysroot), perf's build-id cache, the debug directories; for a debug file: by build-id in the
 * debug directories and caches, then by debuglink beside the file, in .debug/, and under the debug
 * directories. Nothing is taken whose build-id (or debuglink CRC) differs. No network.
 */
#pragma once

#include "dso/dso.h"

enum dso_state dso_search_image(struct dso_table *table, struct dso *dso);
enum dso_state dso_search_debug(struct dso_table *table, struct dso *dso);
