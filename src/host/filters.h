/*
 * Packet filters: `nft list ruleset`, `iptables-save -c`, `iptables -L -v -n [-x]`, and their rules
 * that drop or reject. Facts of filter "CHAIN TEXT": chain, verdict ("drop", "reject"), ports
 * as relation filter "blocks" port N, any_port (1: it names none), random (1: a share of the
 * packets only), and of two readings drops (per_s); one reading: drops_total, since it was made. A
 * rule without a counter says nothing of drops. Facts of port N that such a rule names: filter (its
 * text), filter_drops (per_s). Host: filter_rules, filter_drops (per_s).
 * Bounded; asks no machine.
 */
#pragma once

#include "base/str.h"
#include "facts/facts.h"

void filters_to_facts(struct str before, struct str after, double window_s, const char *source,
		      struct facts *facts);
