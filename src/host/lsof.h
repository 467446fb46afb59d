/* Rows of lsof's default output, for its parser and the tests of it. Internal to host. */
#pragma once

#include "base/str.h"
#include "facts/facts.h"
#include "host/columns.h"

bool lsof_header_read(struct str line, struct columns *columns);
/* Deleted files that lsof told of, joined with the mounts that others told of. */
void lsof_finish(struct facts *facts);
