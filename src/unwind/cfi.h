/*
 * DWARF call frame information as bytes: the entries of .eh_frame and .debug_frame and the rows
 * that their instructions make. Knows nothing of files, processes or stacks. Foreign bytes: every
 * reader is bounded by its section, and the machine by steps and depth.
 *
 * Sources: DWARF 5 section 6.4, LSB "Exception Frames", the aarch64 and x86-64 psABIs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Columns that are kept: x86-64 has 0..16 (16 = return address), aarch64 0..31 and 34. */
enum {
	CFI_COLUMNS = 35,
	CFI_COLUMN_RA_SIGN_STATE = 34,
	CFI_MAX_REMEMBERED = 16,
	CFI_MAX_STEPS = 1 << 20, /* instructions of one FDE */
};

struct cfi_section {
	struct bytes data;
	uint64_t address;   /* of data.start in the dso */
	uint64_t data_base; /* what DW_EH_PE_datarel counts from (.eh_frame_hdr or .got) */
	uint64_t text_base; /* DW_EH_PE_textrel */
	bool is_debug_frame;
	bool is_64; /* addresses of 8 bytes */
};

struct cfi_fde {
	uint64_t start, end; /* dso addresses [start, end) */
	struct bytes cie_program, program;
	uint64_t code_align;
	int64_t data_align;
	uint32_t ra_column;
	uint8_t pointer_encoding; /* DW_EH_PE_* of DW_CFA_set_loc */
	bool is_signal;		  /* 'S': the caller was interrupted, it made no call */
};

enum cfi_rule_kind {
	CFI_UNSPECIFIED, /* by the ABI: unchanged for what callees save */
	CFI_UNDEFINED,
	CFI_SAME,
	CFI_OFFSET,	    /* saved at CFA + offset */
	CFI_VAL_OFFSET,	    /* is CFA + offset */
	CFI_REGISTER,	    /* in the register `offset` */
	CFI_EXPRESSION,	    /* saved at the address that the expression gives */
	CFI_VAL_EXPRESSION, /* is what the expression gives */
};

struct cfi_rule {
	union {
		int64_t offset;
		const uint8_t *expression;
	};
	uint32_t expression_bytes;
	uint8_t kind; /* enum cfi_rule_kind */
};

/* How to get the caller's registers while pc is in [start, end). */
struct cfi_row {
	uint64_t start, end;
	struct cfi_rule cfa; /* CFI_REGISTER: cfa_column + offset; CFI_VAL_EXPRESSION */
	uint32_t cfa_column;
	bool ra_is_signed; /* aarch64: the return address carries a PAC */
	struct cfi_rule columns[CFI_COLUMNS];
};

/* Room for running one program; big, so it belongs to the caller's long-lived object. */
struct cfi_machine {
	struct cfi_row row, initial;
	struct cfi_row remembered[CFI_MAX_REMEMBERED];
	unsigned remembered_count;
	uint32_t steps;
};

/* A value in one of the DW_EH_PE_* encodings; false for indirect ones and past the end. */
bool cfi_pointer_read(const struct cfi_section *section, struct bytes *b, uint8_t encoding,
		      uint64_t *ret);
/* The FDE at `offset` of the section; false for a CIE, a terminator or damage. */
bool cfi_fde_parse(const struct cfi_section *section, uint64_t offset, struct cfi_fde *ret);
/*
 * Where the entry behind the one at `*offset` starts; false at the end. Terminators are stepped
 * over: linkers that join sections leave them in the middle.
 */
bool cfi_entry_next(const struct cfi_section *section, uint64_t *offset);
/*
 * Runs the programs of `fde` and hands out each row in the order of addresses, until on_row returns
 * false. False when the program is damaged: the rows before it stand.
 */
bool cfi_rows(const struct cfi_section *section, const struct cfi_fde *fde,
	      struct cfi_machine *machine, bool (*on_row)(void *context, const struct cfi_row *row),
	      void *context);
/* The row that holds at `pc` (inside the FDE) is machine->row; false when there is none. */
bool cfi_row_at(const struct cfi_section *section, const struct cfi_fde *fde,
		struct cfi_machine *machine, uint64_t pc);
