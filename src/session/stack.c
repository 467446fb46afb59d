/*
 * One sample to one stack. The kernel's part always comes from the recorded chain, the user's part
 * from a dump of registers and stack where there is one, else from the chain.
 */
#include <string.h>

#include "session/state.h"

enum {
	/* From here on, words of a chain are PERF_CONTEXT_* marks. */
	CONTEXT_MARKS = 4095,
	/* perf_event_max_stack, what a kernel records unless told otherwise */
	DEFAULT_CHAIN_FRAMES = 127,
};

/* PERF_CONTEXT_USER_DEFERRED of Linux 6.19 */
#define CONTEXT_USER_DEFERRED ((uint64_t)-640)

enum context { CONTEXT_USER, CONTEXT_KERNEL, CONTEXT_OTHER };

struct chain {
	struct session *session;
	const struct maps *user_maps;
	struct session_sample *sample;
	enum context context;
	bool is_first;	   /* of its context: exact, all others are return addresses */
	bool after_signal; /* the next one was interrupted, it made no call */
	bool skip_user;	   /* the dump tells it better */
	size_t user_words;
	enum unwind_place last; /* of the outermost user frame */
};

static enum context context_of_mode(uint16_t misc)
{
	switch (misc & PERF_RECORD_MISC_CPUMODE_MASK) {
	case PERF_RECORD_MISC_USER:
		return CONTEXT_USER;
	case PERF_RECORD_MISC_KERNEL:
		return CONTEXT_KERNEL;
	default:
		return CONTEXT_OTHER;
	}
}

static enum context context_of_mark(uint64_t mark)
{
	if (mark == PERF_CONTEXT_USER)
		return CONTEXT_USER;
	return mark == PERF_CONTEXT_KERNEL ? CONTEXT_KERNEL : CONTEXT_OTHER;
}

static bool is_full(const struct chain *chain)
{
	return chain->sample->frame_count >= chain->session->options.max_frames;
}

/* The kernel's map ends with _etext; what was run while it started lies behind that. */
static bool is_behind_kernel(const struct session *session, uint64_t address)
{
	for (size_t i = maps_count(&session->kernel_maps); i > 0; i--) {
		const struct map *map = maps_at(&session->kernel_maps, i - 1);

		if (map->start <= address)
			return map->dso == session->kernel;
	}
	return false;
}

/* Modules and the kernel itself have run-time addresses; without maps all is the kernel's. */
static void locate_kernel(struct session *session, struct unwind_frame *frame)
{
	const struct map *map;

	frame->address = frame->flags & UNWIND_FRAME_LEAF ? frame->ip : frame->ip - 1;
	map = maps_find(&session->kernel_maps, frame->address);
	if (map) {
		frame->dso = map->dso;
	} else if (!maps_count(&session->kernel_maps)) {
		if (!session->kernel)
			session->kernel = dso_table_get(session->dsos, DSO_KERNEL,
							"[kernel.kallsyms]", -1, NULL);
		frame->dso = session->kernel;
	} else if (is_behind_kernel(session, frame->address)) {
		frame->dso = session->kernel;
	}
}

static void add_frame(struct chain *chain, uint64_t ip)
{
	struct session_sample *sample = chain->sample;
	struct unwind_frame *frame = &chain->session->frames[sample->frame_count];

	*frame = (struct unwind_frame){ .ip = ip };
	if (chain->is_first)
		frame->flags = UNWIND_FRAME_LEAF;
	else if (chain->after_signal)
		frame->flags = UNWIND_FRAME_SIGNAL;
	chain->is_first = chain->after_signal = false;
	switch (chain->context) {
	case CONTEXT_KERNEL:
		locate_kernel(chain->session, frame);
		sample->kernel_frame_count = ++sample->frame_count;
		break;
	case CONTEXT_USER:
		chain->last = unwind_locate(chain->session->unwinder, chain->user_maps, frame);
		chain->after_signal = chain->last == UNWIND_AT_SIGNAL;
		chain->user_words++;
		sample->frame_count++;
		break;
	case CONTEXT_OTHER: /* guests and hypervisors: whose code that is was not recorded */
		frame->address = ip;
		sample->frame_count++;
		break;
	}
}

static bool has_user_words(struct bytes chain, enum context context)
{
	uint64_t word;

	while (bytes_u64(&chain, &word)) {
		if (word == CONTEXT_USER_DEFERRED)
			return false;
		if (word >= (uint64_t)-CONTEXT_MARKS)
			context = context_of_mark(word);
		else if (context == CONTEXT_USER)
			return true;
	}
	return false;
}

/*
 * A chain begins where the sample was taken. Where it differs from the sample's own address, that
 * is the precise one, by which perf counts self time.
 */
static void add_chain(struct chain *chain, const struct perf_sample *raw)
{
	struct bytes words = raw->callchain;
	enum context sampled = context_of_mode(raw->misc);
	uint64_t word;

	while (bytes_u64(&words, &word) && !is_full(chain)) {
		/* What follows is a cookie: the frames come in a record of their own, or never. */
		if (word == CONTEXT_USER_DEFERRED)
			break;
		if (word >= (uint64_t)-CONTEXT_MARKS) {
			chain->context = context_of_mark(word);
			chain->is_first = true;
			continue;
		}
		if (chain->context == CONTEXT_USER && chain->skip_user)
			continue;
		/* Frame pointer walks end in whatever lay where the last one should be. */
		if (word == 0 && !chain->is_first)
			continue;
		if (chain->is_first && chain->context == sampled && chain->sample->frame_count == 0)
			word = raw->ip;
		add_frame(chain, word);
	}
}

/*
 * Code that keeps something else in the frame pointer sends the kernel's walk through the heap.
 * What follows the last mapped caller is no stack.
 */
static void trim_unmapped_callers(struct chain *chain)
{
	struct session_sample *sample = chain->sample;

	if (chain->last != UNWIND_AT_UNMAPPED || !maps_count(chain->user_maps))
		return;
	while (chain->user_words > 1 && !chain->session->frames[sample->frame_count - 1].dso) {
		sample->frame_count--;
		chain->user_words--;
	}
}

static bool is_ours(const struct perf_data *data)
{
	return data && str_starts_with(str_from(data->machine.perf_version), STR("sysgrok"));
}

static enum unwind_end chain_end(const struct chain *chain, const struct perf_data *data)
{
	uint8_t said = chain->sample->raw->stack_end;

	if (chain->user_words == 0)
		return UNWIND_NO_USER;
	/* our recorder knew how it ended */
	if (said && said <= UNWIND_END_COUNT)
		return (enum unwind_end)(said - 1);
	if (chain->last == UNWIND_AT_ROOT)
		return UNWIND_COMPLETE;
	if (chain->last == UNWIND_AT_UNMAPPED)
		return UNWIND_UNMAPPED;
	if (is_full(chain) || (!is_ours(data) && chain->user_words >= DEFAULT_CHAIN_FRAMES))
		return UNWIND_TOO_DEEP;
	/*
	 * Our recorder stops where its copy of the stack does; the kernel's chains break in code
	 * without frame pointers, which is their unwind information.
	 */
	return is_ours(data) && chain->last == UNWIND_AT_ORDINARY ? UNWIND_CUT : UNWIND_NO_INFO;
}

static enum unwind_arch arch_of(const struct session *session, const struct perf_data *data,
				const struct perf_sample *raw)
{
	const char *arch = data ? data->machine.arch : NULL;

	if (raw->user_regs_abi == PERF_SAMPLE_REGS_ABI_32)
		return UNWIND_X86_32;
	if (!data)
		return session->options.live_arch;
	if (arch && str_is(str_from(arch), "aarch64"))
		return UNWIND_AARCH64;
	/* Killed recorders leave no feature sections; only aarch64 has a register 32 (pc). */
	if (!arch && raw->user_regs_mask >> 32 & 1)
		return UNWIND_AARCH64;
	return UNWIND_X86_64;
}

static void add_dump(struct session *session, const struct perf_data *data, struct thread *thread,
		     struct session_sample *ret)
{
	const struct perf_sample *raw = ret->raw;
	size_t stack_bytes = bytes_left(&raw->user_stack);
	struct unwind_stack stack = { .data = raw->user_stack.pos,
				      .size_bytes = stack_bytes,
				      .full = raw->user_stack_asked > 0 &&
					      stack_bytes >= raw->user_stack_asked };
	struct unwind_trace trace = { .frames = session->frames + ret->frame_count,
				      .capacity = session->options.max_frames - ret->frame_count };
	struct unwind_registers registers;

	if (!unwind_registers_read(arch_of(session, data, raw), raw->user_regs, raw->user_regs_mask,
				   &registers))
		return;
	unwind_walk(session->unwinder, &thread->process->maps, &registers, &stack, &trace);
	if (session->options.stitch)
		stitch_apply(&thread->stitches, session->unwinder, &trace);
	ret->from_dump = true;
	ret->frame_count += trace.count;
	ret->end = trace.end;
}

static void add_leaf(struct chain *chain, const struct perf_sample *raw)
{
	chain->context = context_of_mode(raw->misc);
	chain->is_first = true;
	add_frame(chain, raw->ip);
}

/* Whether the user's part comes from the dump; else its chain, if any, is all there is. */
static bool dump_is_better(const struct perf_sample *raw)
{
	enum context sampled = context_of_mode(raw->misc);

	if (raw->user_regs_abi == PERF_SAMPLE_REGS_ABI_NONE || !bytes_left(&raw->user_regs))
		return false;
	if (bytes_left(&raw->user_stack) > 0)
		return true;
	/* A process that execs or exits has registers of a stack that is gone. */
	return sampled == CONTEXT_USER && !has_user_words(raw->callchain, sampled);
}

void session_make_stack(struct session *session, const struct perf_data *data,
			struct thread *thread, struct session_sample *ret)
{
	const struct perf_sample *raw = ret->raw;
	enum context sampled = context_of_mode(raw->misc);
	struct chain chain = { .session = session,
			       .user_maps = &thread->process->maps,
			       .sample = ret,
			       .context = sampled,
			       .is_first = true,
			       .skip_user = dump_is_better(raw) };

	ret->frames = session->frames;
	ret->end = sampled == CONTEXT_USER ? UNWIND_NO_INFO : UNWIND_NO_USER;
	if (session->options.no_stacks) {
		add_leaf(&chain, raw);
		return;
	}
	add_chain(&chain, raw);
	trim_unmapped_callers(&chain);
	/* A kernel that hides its chains still says where it was. */
	if (ret->frame_count == 0 && (sampled != CONTEXT_USER || !chain.skip_user))
		add_leaf(&chain, raw);
	ret->end = chain_end(&chain, data);
	/* Our recorder tells of the whole stack only: the outermost frame stands for all. */
	if (raw->stack_guessed && ret->frame_count > ret->kernel_frame_count)
		session->frames[ret->frame_count - 1].flags |= UNWIND_FRAME_GUESSED;
	if (chain.skip_user && !is_full(&chain))
		add_dump(session, data, thread, ret);
	if (ret->frame_count == 0)
		add_leaf(&chain, raw);
}
