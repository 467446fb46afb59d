/*
 * Unwind information, registers and a stack of one's own choice. An input is a struct input, then
 * the stack (its first words are the registers too), then .eh_frame_hdr, then .eh_frame or
 * .debug_frame to the end. Process addresses are dso addresses.
 */
#include "fuzz.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unwind/unwind.h"

enum {
	IS_AARCH64 = 1 << 0,
	IS_DEBUG_FRAME = 1 << 1,
	IS_FULL = 1 << 2,
	REGISTERS = 33,
	MAX_FRAMES = 256,
};

struct input {
	uint8_t flags, unused;
	uint16_t stack_bytes, header_bytes, unused_too;
	uint32_t frame_address, header_address;
};

static struct image *make_image(const struct input *input, const uint8_t *data, size_t size_bytes)
{
	size_t header_bytes = MIN((size_t)input->header_bytes, size_bytes);
	struct image *image = x_calloc(1, sizeof(*image));
	struct image_section *sections = x_calloc(2, sizeof(*sections));

	image->all = bytes_of(data, size_bytes);
	image->is_64 = true;
	image->machine = input->flags & IS_AARCH64 ? EM_AARCH64 : EM_X86_64;
	image->sections = sections;
	image->section_count = 2;
	sections[0] = (struct image_section){ .name = STR(".eh_frame_hdr"),
					      .type = SHT_PROGBITS,
					      .address = input->header_address,
					      .size = header_bytes };
	sections[1] = (struct image_section){ .name = STR(".eh_frame"),
					      .type = SHT_PROGBITS,
					      .address = input->frame_address,
					      .offset = header_bytes,
					      .size = size_bytes - header_bytes };
	if (input->flags & IS_DEBUG_FRAME)
		sections[1].name = STR(".debug_frame");
	return image;
}

static void walk(struct dso_table *dsos, struct dso *dso, const struct input *input,
		 const uint8_t *stack_data, size_t stack_bytes)
{
	enum unwind_arch arch = input->flags & IS_AARCH64 ? UNWIND_AARCH64 : UNWIND_X86_64;
	struct unwind_stack stack = { stack_data, stack_bytes, input->flags & IS_FULL };
	struct unwinder *unwinder = unwinder_new(dsos);
	struct unwind_frame frames[MAX_FRAMES];
	uint8_t values[REGISTERS * 8] = { 0 };
	struct unwind_registers registers;
	struct maps_pool pool = { 0 };
	struct unwind_trace trace = { .frames = frames, .capacity = MAX_FRAMES };
	struct maps maps;

	maps_init(&maps, &pool);
	maps_insert(&maps, (struct map){ 0x1000, UINT64_C(1) << 47, 0x1000, dso });
	if (stack_bytes)
		memcpy(values, stack_data, MIN(stack_bytes, sizeof(values)));
	if (unwind_registers_read(arch, bytes_of(values, sizeof(values)),
				  arch == UNWIND_AARCH64 ? 0x1ffffffff : 0xffffff, &registers)) {
		unwind_walk(unwinder, &maps, &registers, &stack, &trace);
		if (trace.count == 0 || trace.count > MAX_FRAMES || trace.end >= UNWIND_END_COUNT)
			abort();
		for (size_t i = 0; i < trace.count; i++)
			unwind_locate(unwinder, &maps, &frames[i]);
	}
	maps_done(&maps);
	unwinder_free(unwinder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct dso_table dsos;
	struct input input;
	struct dso *dso;
	size_t stack_bytes;

	if (size_bytes < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	data += sizeof(input);
	size_bytes -= sizeof(input);
	stack_bytes = MIN((size_t)input.stack_bytes, size_bytes);
	dso_table_init(&dsos, NULL);
	dso = dso_table_get(&dsos, DSO_FILE, "/fuzzed", -1, NULL);
	dso->image = make_image(&input, data + stack_bytes, size_bytes - stack_bytes);
	dso->state = DSO_READY;
	dso->debug_state = DSO_MISSING;
	walk(&dsos, dso, &input, data, stack_bytes);
	dso_table_done(&dsos);
	return 0;
}
