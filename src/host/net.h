/*
 * What data/host/net.sh printed: sockets, interface queues and packet filters, each read twice.
 * Sections begin with "= NAME N"; the facts are those of host/sockets.h, queues.h and filters.h
 * over the window between the two readings. A text that ends early gives what it has.
 */
#pragma once

#include "base/str.h"
#include "facts/facts.h"

void net_to_facts(struct str text, const char *source, struct facts *facts);
