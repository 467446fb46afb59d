#include "unwind_world.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { EH_FRAME = 0x4000, EH_FRAME_HDR = 0x5000, FUNCTION_BYTES = 0x100 };

struct header_row {
	uint64_t start, fde;
};

struct frames {
	struct cfi_builder cfi;
	struct header_row rows[16];
	size_t count;
};

static void add(struct frames *frames, uint64_t start, const uint8_t *program, size_t size_bytes)
{
	size_t offset = cfi_add_fde(&frames->cfi, start, FUNCTION_BYTES, program, size_bytes);

	frames->rows[frames->count++] = (struct header_row){ start, frames->cfi.address + offset };
}

#define ADD(frames, start, ...)                                                                    \
	do {                                                                                       \
		static const uint8_t program[] = { __VA_ARGS__ };                                  \
		add((frames), (start), program, sizeof(program));                                  \
	} while (0)

static void add_x86_64(struct frames *frames)
{
	cfi_add_x86_64_cie(&frames->cfi);
	ADD(frames, WORLD_START, 0x07, 16);
	ADD(frames, WORLD_MAIN, 0x0e, 16, 0x86, 2, 0x0d, 6);
	ADD(frames, WORLD_LEAF, 0x00);
	if (!frames->cfi.is_debug_frame) {
		frames->cfi.augmentation = "zRS";
		cfi_add_x86_64_cie(&frames->cfi);
		/* the trampoline itself and the byte before it, as libc has it */
		ADD(frames, WORLD_RESTORER - 1, 0x0f, 3, 0x77, 32, 0x06, 0x10, 16, 2, 0x77, 16,
		    0x10, 6, 2, 0x77, 24);
		frames->cfi.augmentation = NULL;
		cfi_add_x86_64_cie(&frames->cfi);
	}
	ADD(frames, WORLD_REALIGNED, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0);
	ADD(frames, WORLD_SAVES_R13, 0x0e, 16, 0x8d, 2);
	ADD(frames, WORLD_NEEDS_R13, 0x0c, 13, 0);
	ADD(frames, WORLD_EPILOGUE, 0x86, 2);
	ADD(frames, WORLD_LAZY_PLT, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24,
	    0x22);
	ADD(frames, WORLD_BAD, 0x3f);
}

/* x29 = fp, x30 = lr, 31 = sp; functions keep the frame record at the bottom of their frame. */
static void add_aarch64(struct frames *frames)
{
	static const uint8_t at_entry[] = { 0x0c, 31, 0 };

	frames->cfi.ra_column = 30;
	cfi_add_cie(&frames->cfi, at_entry, sizeof(at_entry));
	ADD(frames, WORLD_START, 0x07, 30);
	ADD(frames, WORLD_MAIN, 0x0e, 32, 0x9d, 4, 0x9e, 3, 0x2d);
	ADD(frames, WORLD_LEAF, 0x00);
}

static int row_compare(const void *left, const void *right)
{
	const struct header_row *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static void put32(struct strbuf *out, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	strbuf_add(out, (struct str){ (const char *)&word, sizeof(word) });
}

/* Version 1; .eh_frame pcrel sdata4, count udata4, table datarel sdata4. */
static void add_header(struct elf_builder *elf, struct frames *frames, bool is_bad)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	unsigned section;

	qsort(frames->rows, frames->count, sizeof(frames->rows[0]), row_compare);
	strbuf_add(&out, (struct str){ "\x01\x1b\x03\x3b", 4 });
	put32(&out, EH_FRAME - (EH_FRAME_HDR + 4));
	put32(&out, is_bad ? 1000000 : frames->count);
	for (size_t i = 0; i < frames->count; i++) {
		put32(&out, frames->rows[i].start - EH_FRAME_HDR);
		put32(&out, frames->rows[i].fde - EH_FRAME_HDR);
	}
	section =
		elf_add_section(elf, ".eh_frame_hdr", SHT_PROGBITS, EH_FRAME_HDR, out.ptr, out.len);
	elf_add_segment(elf, PT_GNU_EH_FRAME, PF_R, EH_FRAME_HDR, section);
	elf_add_segment(elf, PT_LOAD, PF_R, EH_FRAME_HDR, section);
}

static void build(struct strbuf *ret, unsigned flags)
{
	auto_elf_builder struct elf_builder elf = elf_builder_start();
	struct frames frames = { .cfi = cfi_builder_start(EH_FRAME) };
	static const uint8_t glue[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 8,
					0x90, 0x90, 0x48, 0x83, 0xc4, 8,    0xc3 };
	unsigned text, frame_section;

	frames.cfi.is_debug_frame = flags & WORLD_DEBUG_FRAME;
	if (flags & WORLD_AARCH64) {
		elf.machine = EM_AARCH64;
		add_aarch64(&frames);
	} else {
		add_x86_64(&frames);
	}
	text = elf_add_section(&elf, ".text", SHT_PROGBITS, 0x1000, NULL, WORLD_TEXT_END - 0x1000);
	elf.sections[text].flags |= SHF_EXECINSTR;
	elf_add_segment(&elf, PT_LOAD, PF_R | PF_X, 0x1000, text);
	elf.segments[0].size = WORLD_END - 0x1000;
	text = elf_add_section(&elf, ".plt", SHT_PROGBITS, WORLD_PLT, NULL, 0x100);
	elf.sections[text].flags |= SHF_EXECINSTR;
	text = elf_add_section(&elf, ".plt.sec", SHT_PROGBITS, WORLD_PLT_SEC, NULL, 0x100);
	elf.sections[text].flags |= SHF_EXECINSTR;
	text = elf_add_section(&elf, ".init", SHT_PROGBITS, WORLD_INIT, glue, sizeof(glue));
	elf.sections[text].flags |= SHF_EXECINSTR;
	frame_section =
		elf_add_section(&elf, flags & WORLD_DEBUG_FRAME ? ".debug_frame" : ".eh_frame",
				SHT_PROGBITS, EH_FRAME, frames.cfi.out.ptr, frames.cfi.out.len);
	elf_add_segment(&elf, PT_LOAD, PF_R, EH_FRAME, frame_section);
	if (flags & (WORLD_HEADER | WORLD_BAD_HEADER))
		add_header(&elf, &frames, flags & WORLD_BAD_HEADER);
	elf_builder_finish(&elf, ret);
	cfi_builder_done(&frames.cfi);
}

void world_init(struct world *world, unsigned flags)
{
	auto_error struct error *error = NULL;

	memset(world, 0, sizeof(*world));
	build(&world->file, flags);
	dso_table_init(&world->dsos, NULL);
	world->dso = dso_table_get(&world->dsos, DSO_FILE, "/program", -1, NULL);
	error = image_open_bytes(world->file.ptr, world->file.len, "/program", &world->dso->image);
	if (error)
		abort();
	if (flags & WORLD_NO_SECTIONS)
		world->dso->image->section_count = 0;
	world->dso->state = DSO_READY;
	world->dso->debug_state = DSO_MISSING;
	maps_init(&world->maps, &world->pool);
	world_map(world, &world->maps, 0);
	world->unwinder = unwinder_new(&world->dsos);
}

void world_done(struct world *world)
{
	unwinder_free(world->unwinder);
	maps_done(&world->maps);
	dso_table_done(&world->dsos);
	strbuf_done(&world->file);
}

void world_map(struct world *world, struct maps *maps, uint64_t by)
{
	uint64_t offset = world->dso->image->segments[0].offset;

	maps_insert(maps, (struct map){ WORLD_BASE + by + 0x1000, WORLD_BASE + by + WORLD_END,
					offset, world->dso });
}

void world_walk(struct world *world, enum unwind_arch arch, size_t words, bool full,
		size_t capacity)
{
	uint64_t mask = arch == UNWIND_AARCH64 ? 0x1ffffffff : 0xffffff;
	struct unwind_trace trace = { .frames = world->frames, .capacity = capacity };
	struct unwind_registers registers;

	if (!unwind_registers_read(arch, bytes_of(world->registers, sizeof(world->registers)), mask,
				   &registers))
		abort();
	world->dump = (struct unwind_stack){ (const uint8_t *)world->stack, words * 8, full };
	unwind_walk(world->unwinder, &world->maps, &registers, &world->dump, &trace);
	world->frame_count = trace.count;
	world->end = trace.end;
}
