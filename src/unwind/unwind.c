#include "unwind/unwind.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unwind/walk.h"

/* Under the fuzzer caches small enough to be made anew for each input, and to collide. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { CACHE_BITS = 4, RULE_CACHE_BITS = 4 };
#else
enum { CACHE_BITS = 14, RULE_CACHE_BITS = 15 };
#endif

enum {
	MAX_SLOW_ROWS = 4096, /* per walk */
	WORD_BYTES = 8,
};

/* Ids of dsos have 24 bits in the cache; beyond that nothing is cached. */
#define NO_DSO 0xffffffU
/* A slot this far above the stack pointer is not where a larger dump would have had it. */
#define MAX_STACK_BYTES (UINT64_C(1) << 30)

/* Half a cache line; key: (ip, generation). ip is the address looked up: minus 1 for callers. */
struct place {
	uint64_t ip, address;
	uint32_t generation;
	uint32_t kind : 8, dso : 24;
	int32_t cfa_offset;
	int16_t fp_slot, ra_slot;
};

static_assert(sizeof(struct place) == 32, "two to a cache line");

struct cached_rule {
	uint64_t address;
	uint32_t dso;
	struct rule rule;
};

struct unwinder {
	struct dso_table *dsos;
	struct place *places;
	struct cached_rule *cached_rules;
	struct rules **rules; /* by dso id; NULL = not asked yet */
	size_t rules_count;
	struct cfi_machine machine;
	struct walk_level *levels;
	size_t levels_count;
	struct unwinder_counters counters;
};

struct unwinder *unwinder_new(struct dso_table *table)
{
	struct unwinder *unwinder = x_calloc(1, sizeof(*unwinder));

	unwinder->dsos = table;
	unwinder->places = x_calloc((size_t)1 << CACHE_BITS, sizeof(*unwinder->places));
	unwinder->cached_rules =
		x_calloc((size_t)1 << RULE_CACHE_BITS, sizeof(*unwinder->cached_rules));
	for (size_t i = 0; i < (size_t)1 << CACHE_BITS; i++) {
		unwinder->places[i].ip = UINT64_MAX;
		unwinder->places[i].dso = NO_DSO;
	}
	for (size_t i = 0; i < (size_t)1 << RULE_CACHE_BITS; i++)
		unwinder->cached_rules[i].dso = UINT32_MAX;
	return unwinder;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	for (size_t i = 0; i < unwinder->rules_count; i++)
		rules_free(unwinder->rules[i]);
	free(unwinder->rules);
	free(unwinder->places);
	free(unwinder->cached_rules);
	free(unwinder->levels);
	free(unwinder);
}

const struct unwinder_counters *unwinder_counters(const struct unwinder *unwinder)
{
	return &unwinder->counters;
}

const struct cfi_row *unwinder_row(const struct unwinder *unwinder)
{
	return &unwinder->machine.row;
}

struct rules *unwinder_rules(struct unwinder *unwinder, struct dso *dso)
{
	if (dso->id >= unwinder->rules_count) {
		size_t count = MAX((size_t)dso->id + 1, unwinder->rules_count * 2);

		unwinder->rules = x_reallocarray(unwinder->rules, count, sizeof(*unwinder->rules));
		memset(&unwinder->rules[unwinder->rules_count], 0,
		       (count - unwinder->rules_count) * sizeof(*unwinder->rules));
		unwinder->rules_count = count;
	}
	if (!unwinder->rules[dso->id])
		unwinder->rules[dso->id] = rules_new(unwinder->dsos, dso, &unwinder->machine);
	return unwinder->rules[dso->id];
}

/* Fibonacci hashing: the top bits of the product depend on all bits of the key. */
static size_t hash_bits(uint64_t key, unsigned bits)
{
	return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits));
}

static struct rule rule_cached(struct unwinder *unwinder, struct dso *dso, uint64_t address)
{
	struct cached_rule *cached = &unwinder->cached_rules[hash_bits(
		address + ((uint64_t)dso->id << 40), RULE_CACHE_BITS)];

	if (cached->address != address || cached->dso != dso->id) {
		unwinder->counters.rule_misses++;
		cached->rule = rules_find(unwinder_rules(unwinder, dso), address);
		cached->address = address;
		cached->dso = dso->id;
	}
	return cached->rule;
}

static __attribute__((noinline)) void place_fill(struct unwinder *unwinder, const struct maps *maps,
						 uint64_t ip, struct place *place)
{
	const struct map *map = maps_find(maps, ip);
	struct rule rule;

	unwinder->counters.misses++;
	*place = (struct place){ .ip = ip,
				 .address = ip,
				 .generation = maps_generation(maps),
				 .kind = RULE_NONE,
				 .dso = NO_DSO };
	if (!map || map->dso->id >= NO_DSO)
		return;
	place->dso = map->dso->id & NO_DSO;
	place->address = map_dso_address(unwinder->dsos, map, ip);
	rule = rule_cached(unwinder, map->dso, place->address);
	place->kind = rule.kind;
	place->cfa_offset = rule.cfa_offset;
	place->fp_slot = rule.fp_slot;
	place->ra_slot = rule.ra_slot;
}

/* Where the frame is and by which rule it is left. */
static inline const struct place *place_find(struct unwinder *unwinder, const struct maps *maps,
					     struct unwind_frame *frame)
{
	bool is_exact = frame->flags & (UNWIND_FRAME_LEAF | UNWIND_FRAME_SIGNAL);
	uint64_t ip = is_exact ? frame->ip : frame->ip - 1;
	uint32_t generation = maps_generation(maps);
	struct place *place =
		&unwinder->places[hash_bits(ip ^ (uint64_t)generation << 40, CACHE_BITS)];

	unwinder->counters.frames++;
	if (place->ip != ip || place->generation != generation)
		place_fill(unwinder, maps, ip, place);
	frame->dso = place->dso == NO_DSO ? NULL : unwinder->dsos->dsos.items[place->dso];
	frame->address = place->address;
	/* The kernel returns to a trampoline's first byte: nothing was called before it. */
	if (place->kind == RULE_SIGNAL && !is_exact)
		frame->address++;
	return place;
}

enum unwind_place unwind_locate(struct unwinder *unwinder, const struct maps *maps,
				struct unwind_frame *frame)
{
	const struct place *place = place_find(unwinder, maps, frame);

	if (!frame->dso)
		return UNWIND_AT_UNMAPPED;
	if (place->kind == RULE_END)
		return UNWIND_AT_ROOT;
	if (place->kind == RULE_SIGNAL)
		return UNWIND_AT_SIGNAL;
	return place->kind == RULE_NONE ? UNWIND_AT_NO_INFO : UNWIND_AT_ORDINARY;
}

/* asm/perf_regs.h */
enum {
	X86_REG_BP = 6,
	X86_REG_SP = 7,
	X86_REG_IP = 8,
	ARM64_REG_X29 = 29,
	ARM64_REG_LR = 30,
	ARM64_REG_SP = 31,
	ARM64_REG_PC = 32,
};

static bool register_read(const struct unwind_registers *registers, unsigned number, uint64_t *ret)
{
	uint64_t below = registers->mask & ((UINT64_C(1) << number) - 1);

	if (!(registers->mask >> number & 1))
		return false;
	memcpy(ret, registers->values + (size_t)__builtin_popcountll(below) * sizeof(*ret),
	       sizeof(*ret));
	return true;
}

bool unwind_registers_read(enum unwind_arch arch, struct bytes values, uint64_t mask,
			   struct unwind_registers *ret)
{
	*ret = (struct unwind_registers){ .arch = arch, .values = values.pos, .mask = mask };
	if (values.swap ||
	    bytes_left(&values) / sizeof(uint64_t) < (size_t)__builtin_popcountll(mask))
		return false;
	if (arch == UNWIND_AARCH64) {
		register_read(ret, ARM64_REG_X29, &ret->fp);
		register_read(ret, ARM64_REG_LR, &ret->lr);
		return register_read(ret, ARM64_REG_SP, &ret->sp) &&
		       register_read(ret, ARM64_REG_PC, &ret->ip);
	}
	register_read(ret, X86_REG_BP, &ret->fp);
	return register_read(ret, X86_REG_SP, &ret->sp) && register_read(ret, X86_REG_IP, &ret->ip);
}

/* Pointer authentication codes and tags lie above the 48 bits of a user address. */
static uint64_t strip_pac(uint64_t address)
{
	return address & ((UINT64_C(1) << 48) - 1);
}

/*
 * Without unwind information: the frame pointer, where it points into the copy above the stack
 * pointer and has a plausible return address behind it.
 */
static enum walk_step step_by_frame_pointer(struct walk *walk)
{
	uint64_t fp, ra;

	if (walk->fp < walk->sp || walk->fp % WORD_BYTES || !walk_read(walk, walk->fp, &fp) ||
	    !walk_read(walk, walk->fp + WORD_BYTES, &ra))
		return WALK_NO_INFO;
	if (walk->registers->arch == UNWIND_AARCH64)
		ra = strip_pac(ra);
	if (ra != 0 && !maps_find(walk->maps, ra - 1))
		return WALK_NO_INFO;
	walk->ip = ra;
	walk->sp = walk->fp + 2 * WORD_BYTES;
	walk->levels[walk->count - 1].cfa = walk->sp;
	walk->fp = fp;
	walk->lr_is_known = false;
	return WALK_ON_GUESSED;
}

/* The return address of an aarch64 frame that has not saved it: only the innermost may do so. */
static bool link_register(struct walk *walk, uint64_t *ret)
{
	size_t index = walk->count - 1;

	if (walk->lr_is_known) {
		*ret = walk->lr;
		walk->lr_is_known = false;
		return true;
	}
	return walk->frames[index].flags & UNWIND_FRAME_SIGNAL &&
	       walk_register(walk, index, walk->columns.ra, ret);
}

/* Leaves a frame whose CFA is known. Only leaves without a frame of their own may not grow. */
static inline enum walk_step step_to_cfa(struct walk *walk, const struct place *place, uint64_t cfa)
{
	bool is_leaf = walk->count == 1;
	uint64_t ra, slot, fp = walk->fp;

	walk->levels[walk->count - 1].cfa = cfa;
	if (cfa < walk->sp || (cfa == walk->sp && !is_leaf &&
			       !(walk->frames[walk->count - 1].flags & UNWIND_FRAME_SIGNAL)))
		return WALK_BAD;
	if (place->ra_slot == 0) {
		if (!link_register(walk, &ra))
			return WALK_BAD;
	} else if (!walk_read(walk, cfa + (uint64_t)((int64_t)place->ra_slot * WORD_BYTES), &ra)) {
		return WALK_BEYOND;
	}
	slot = (place->kind == RULE_DEREF ? fp : cfa) +
	       (uint64_t)((int64_t)place->fp_slot * WORD_BYTES);
	/*
	 * gcc does not take a rule back when an epilogue pops the register: a slot below the stack
	 * pointer means that it holds its value again.
	 */
	if ((place->fp_slot != 0 || place->kind == RULE_DEREF) && slot >= walk->sp &&
	    !walk_read(walk, slot, &fp))
		return WALK_BEYOND;
	walk->lr_is_known = false;
	walk->ip = ra;
	walk->sp = cfa;
	walk->fp = fp;
	return WALK_ON;
}

static __attribute__((noinline)) enum walk_step step_uncommon(struct walk *walk,
							      const struct place *place)
{
	uint64_t cfa, sp = walk->sp;
	enum walk_step step;

	switch ((enum rule_kind)place->kind) {
	case RULE_END:
		return WALK_COMPLETE;
	case RULE_NONE:
		if (place->dso == NO_DSO)
			return WALK_UNMAPPED;
		return step_by_frame_pointer(walk);
	case RULE_BAD:
		step = step_by_frame_pointer(walk);
		return step == WALK_NO_INFO ? WALK_BAD : step;
	case RULE_PLT:
		cfa = sp + WORD_BYTES;
		if ((walk->ip & 15) >= (uint64_t)place->cfa_offset)
			cfa += WORD_BYTES;
		return step_to_cfa(walk, place, cfa);
	case RULE_DEREF:
		cfa = walk->fp + (uint64_t)(int64_t)place->cfa_offset;
		walk->levels[walk->count - 1].cfa = cfa;
		if (!walk_read(walk, cfa, &cfa))
			return WALK_BEYOND;
		return step_to_cfa(walk, place, cfa);
	case RULE_SLOW:
	case RULE_SIGNAL:
		walk->unwinder->counters.slow_steps++;
		step = walk_step_slowly(walk);
		if (step != WALK_ON)
			return step;
		/* A handler may run on a stack of its own, anywhere. */
		if (place->kind == RULE_SIGNAL)
			return WALK_ON_INTERRUPTED;
		return walk->sp > sp || walk->count == 1 ? WALK_ON : WALK_BAD;
	case RULE_SP:
	case RULE_FP:
		break;
	}
	return WALK_BAD;
}

static inline enum walk_step step(struct walk *walk, const struct place *place)
{
	int64_t offset = place->cfa_offset;

	if (place->kind == RULE_SP)
		return step_to_cfa(walk, place, walk->sp + (uint64_t)offset);
	if (place->kind == RULE_FP)
		return step_to_cfa(walk, place, walk->fp + (uint64_t)offset);
	return step_uncommon(walk, place);
}

/* A slot near the CFA is outside the copy: that was too small, or the rule led astray. */
static enum unwind_end end_beyond(const struct walk *walk)
{
	uint64_t cfa = walk->levels[walk->count - 1].cfa;

	return walk->full && cfa >= walk->base && cfa - walk->base < MAX_STACK_BYTES
		       ? UNWIND_CUT
		       : UNWIND_BAD_CFA;
}

static bool is_user_address(uint64_t address)
{
	return address >= 4096 && address < UINT64_C(1) << 56;
}

/* Whether the walk goes on; `frame` is then the caller, not yet located. */
static inline bool arrive(struct walk *walk, enum walk_step step, unsigned *ret_flags,
			  enum unwind_end *ret_end)
{
	switch (step) {
	case WALK_ON:
		*ret_flags = 0;
		break;
	case WALK_ON_INTERRUPTED:
		*ret_flags = UNWIND_FRAME_SIGNAL;
		break;
	case WALK_ON_GUESSED:
		*ret_flags = UNWIND_FRAME_GUESSED;
		break;
	case WALK_COMPLETE:
		*ret_end = UNWIND_COMPLETE;
		return false;
	case WALK_BAD:
		*ret_end = UNWIND_BAD_CFA;
		return false;
	case WALK_BEYOND:
		*ret_end = end_beyond(walk);
		return false;
	case WALK_NO_INFO:
		*ret_end = UNWIND_NO_INFO;
		return false;
	case WALK_UNMAPPED:
		*ret_end = UNWIND_UNMAPPED;
		return false;
	}
	if (walk->registers->arch == UNWIND_AARCH64)
		walk->ip = strip_pac(walk->ip);
	if (walk->ip == 0) {
		*ret_end = UNWIND_COMPLETE;
		return false;
	}
	if (!is_user_address(walk->ip)) {
		*ret_end = UNWIND_BAD_CFA;
		return false;
	}
	return true;
}

void unwind_walk(struct unwinder *unwinder, const struct maps *maps,
		 const struct unwind_registers *registers, const struct unwind_stack *stack,
		 struct unwind_trace *trace)
{
	struct walk walk = { .unwinder = unwinder,
			     .maps = maps,
			     .registers = registers,
			     .columns = rule_columns_of(registers->arch),
			     .data = stack->data,
			     .base = registers->sp,
			     .full = stack->full,
			     .ip = registers->ip,
			     .sp = registers->sp,
			     .fp = registers->fp,
			     .lr = registers->lr,
			     .lr_is_known = registers->arch == UNWIND_AARCH64,
			     .frames = trace->frames,
			     .slow_budget = MAX_SLOW_ROWS };
	unsigned flags = UNWIND_FRAME_LEAF;
	const struct place *place;

	if (stack->size_bytes >= WORD_BYTES)
		walk.readable = stack->size_bytes - WORD_BYTES + 1;
	if (unwinder->levels_count < trace->capacity) {
		unwinder->levels_count = trace->capacity;
		unwinder->levels = x_reallocarray(unwinder->levels, trace->capacity,
						  sizeof(*unwinder->levels));
	}
	walk.levels = unwinder->levels;
	trace->end = UNWIND_TOO_DEEP;
	while (walk.count < trace->capacity) {
		walk.frames[walk.count] = (struct unwind_frame){ .ip = walk.ip, .flags = flags };
		walk.levels[walk.count] = (struct walk_level){ .sp = walk.sp, .fp = walk.fp };
		place = place_find(unwinder, maps, &walk.frames[walk.count++]);
		if (registers->arch == UNWIND_X86_32) {
			trace->end = UNWIND_NO_INFO;
			break;
		}
		if (!arrive(&walk, step(&walk, place), &flags, &trace->end))
			break;
	}
	trace->count = walk.count;
}

uint64_t unwind_stack_pointer(const struct unwinder *unwinder, size_t index)
{
	return unwinder->levels[index].sp;
}
