/*
 * A program for the unwinder's tests: one ELF image in memory with functions of every kind, mapped
 * at a place of its own, and a stack that the test writes word by word.
 */
#pragma once

#include "cfi_builder.h"
#include "elf_builder.h"
#include "unwind/unwind.h"

/* dso addresses of the functions, 0x100 bytes each */
enum world_function {
	WORLD_ENTRY = 0x1000,	  /* e_entry, without unwind information */
	WORLD_START = 0x1100,	  /* return address undefined */
	WORLD_MAIN = 0x1200,	  /* CFA rbp+16, rbp at CFA-16 */
	WORLD_LEAF = 0x1300,	  /* CFA rsp+8 */
	WORLD_PLAIN = 0x1400,	  /* no unwind information */
	WORLD_RESTORER = 0x1500,  /* 'S'; CFA = *(rsp + 32), rip at rsp + 16, rbp at rsp + 24 */
	WORLD_REALIGNED = 0x1600, /* CFA = *(rbp - 8), rbp at *rbp */
	WORLD_SAVES_R13 = 0x1700, /* CFA rsp+16, r13 at CFA-16 */
	WORLD_NEEDS_R13 = 0x1800, /* CFA r13+0 */
	WORLD_EPILOGUE = 0x1900,  /* CFA rsp+8 with rbp still said to be at CFA-16 */
	WORLD_LAZY_PLT = 0x1a00,  /* binutils' expression */
	WORLD_BAD = 0x1b00,	  /* damaged instructions */
	WORLD_TEXT_END = 0x2000,
	WORLD_PLT = 0x2000, /* .plt without unwind information */
	WORLD_PLT_SEC = 0x2100,
	WORLD_INIT = 0x2200, /* .init: endbr64; sub rsp, 8; nops; add rsp, 8; ret */
	WORLD_END = 0x2300,
};

#define WORLD_BASE UINT64_C(0x7f0000000000) /* process address of dso address 0 */
#define WORLD_STACK UINT64_C(0x7ffd00000000)

enum world_flags {
	WORLD_HEADER = 1 << 0,	    /* .eh_frame_hdr */
	WORLD_BAD_HEADER = 1 << 1,  /* its count is nonsense */
	WORLD_DEBUG_FRAME = 1 << 2, /* .debug_frame in place of .eh_frame */
	WORLD_NO_SECTIONS = 1 << 3, /* segments only */
	WORLD_AARCH64 = 1 << 4,	    /* WORLD_MAIN, WORLD_LEAF and WORLD_START only */
};

struct world {
	struct dso_table dsos;
	struct dso *dso;
	struct maps maps;
	struct maps_pool pool;
	struct unwinder *unwinder;
	struct strbuf file;
	uint64_t stack[64];
	struct unwind_stack dump; /* of `stack`; set by world_walk */
	uint64_t registers[33];	  /* the kernel's numbers */
	struct unwind_frame frames[32];
	size_t frame_count;
	enum unwind_end end;
};

void world_init(struct world *world, unsigned flags);
void world_done(struct world *world);
/* Maps the program once more, `by` bytes further up, into `maps` (initialised). */
void world_map(struct world *world, struct maps *maps, uint64_t by);
/* Unwinds from ip, sp, fp of world->registers over `words` words of world->stack. */
void world_walk(struct world *world, enum unwind_arch arch, size_t words, bool full,
		size_t capacity);
