/*
 * Whether name servers answer. Here: one query of ours (the name servers of the root, which every
 * resolver knows or can refuse) to each server of resolv.conf, by UDP, sent before other things are
 * read and looked after when those are done, so that it costs no time. On other hosts: getent with
 * a deadline. The text of either is a record like any other:
 *
 *   server ADDRESS answered MICROSECONDS RCODE
 *   server ADDRESS silent MILLISECONDS
 *   server ADDRESS failed REASON
 *   getent STATUS
 *
 * Facts of resolver ADDRESS: answered (1, 0), answer_time (ns), failure (text), rcode; of host:
 * resolvers, resolvers_silent, lookup_timed_out (1: getent did not end).
 */
#pragma once

#include "base/strbuf.h"
#include "facts/facts.h"

struct resolver_probe;

/* Asks each server that `resolv_conf` names (at most 8); never NULL. */
struct resolver_probe *resolver_probe_start(const char *resolv_conf);
/* Waits until all have answered, at most until `deadline_ms` after the start; frees the probe. */
void resolver_probe_end(struct resolver_probe *probe, unsigned deadline_ms, struct strbuf *out);

void resolvers_to_facts(struct str text, const char *source, struct facts *facts);
