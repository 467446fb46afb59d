/*
 * The unwind rules of one dso: .eh_frame found through .eh_frame_hdr (an index is built where that
 * is absent or odd), .debug_frame for what it lacks. The rows of a function are expanded at its
 * first hit, to 16 bytes each; what does not fit into those is marked and evaluated from its row
 * each time. No processes, no stacks, no caches by address: those are the walk's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dso/dso.h"
#include "unwind/cfi.h"
#include "unwind/unwind.h"

enum rule_kind {
	RULE_NONE,   /* no unwind information at this address */
	RULE_END,    /* the return address is undefined: a thread root */
	RULE_BAD,    /* unwind information that makes no sense */
	RULE_SP,     /* CFA = stack pointer + cfa_offset */
	RULE_FP,     /* CFA = frame pointer + cfa_offset */
	RULE_PLT,    /* CFA = sp + 8, + 8 where (ip & 15) >= cfa_offset: a lazy PLT entry */
	RULE_DEREF,  /* CFA = *(fp + cfa_offset), caller's fp = *(fp + 8 * fp_slot): realigned */
	RULE_SLOW,   /* evaluate the row */
	RULE_SIGNAL, /* evaluate the row; the caller was interrupted */
};

struct rule {
	int32_t cfa_offset;
	/* In words of 8 bytes from the CFA; 0: the register is unchanged. */
	int16_t fp_slot, ra_slot;
	uint8_t kind; /* enum rule_kind */
};

/* DWARF columns that matter to the walk. */
struct rule_columns {
	uint32_t sp, fp, ra;
};

struct rules;

/* `machine` is scratch room, shared by all rules of one thread; both are borrowed. */
struct rules *rules_new(struct dso_table *table, struct dso *dso, struct cfi_machine *machine);
void rules_free(struct rules *rules);
struct rule rules_find(struct rules *rules, uint64_t address);
/* The full row at `address`: machine->row. Its return address column is in ret_ra_column. */
bool rules_row(struct rules *rules, uint64_t address, uint32_t *ret_ra_column);

struct rule_columns rule_columns_of(enum unwind_arch arch);
