#include "samples/facts_profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "samples/functions.h"
#include "samples/quality.h"
#include "samples/table.h"
#include "samples/threads.h"

enum {
	MAX_SYMBOLS = 400, /* by self time */
	MAX_CALLERS = 100, /* more, by time with callees */
	MAX_LISTED = 60,   /* programs, libraries */
	MAX_RELATIONS = 1500,
	CALLERS_PER_SYMBOL = 4,
	WHOLE_PASTE_SAMPLES = 64, /* an input with no more is told in full */
};

static const double least_relation = 0.005; /* share of a call that relations speak of */

const char *profile_frame_library(const struct profile *profile, uint32_t frame)
{
	const struct profile_frame *f = &profile->frames.items[frame];
	const char *dso = profile_text(profile, f->dso);

	return !*dso && f->flags & PROFILE_FRAME_KERNEL ? "[kernel.kallsyms]" : dso;
}

bool profile_frame_is_nameless(const struct profile *profile, uint32_t frame)
{
	const struct profile_frame *f = &profile->frames.items[frame];

	return f->flags & PROFILE_FRAME_UNNAMED || !*profile_text(profile, f->name);
}

bool profile_frame_entity(const struct profile *profile, uint32_t frame, struct facts *facts,
			  struct entity *ret)
{
	const struct profile_frame *f = &profile->frames.items[frame];
	const char *name = profile_text(profile, f->name);

	if (!*name)
		return false;
	*ret = facts_symbol(facts, profile_frame_library(profile, frame), name);
	return true;
}

struct writer {
	const struct profile_selection *selection;
	const struct profile *profile;
	struct facts *facts;
	const char *source;
	struct table functions;
};

static uint32_t put(struct writer *w, struct entity entity, const char *name, double number,
		    const char *unit, uint64_t samples)
{
	return facts_add(w->facts, (struct fact){ .entity = entity,
						  .name = facts_text(w->facts, name),
						  .type = FACT_NUMBER,
						  .number = number,
						  .unit = facts_text(w->facts, unit),
						  .source = facts_text(w->facts, w->source),
						  .n = samples,
						  .flags = w->profile->damage ? FACT_PARTIAL : 0 });
}

static void put_text(struct writer *w, struct entity entity, const char *name, const char *text)
{
	facts_add_text(w->facts, entity, name, text, w->source);
}

static bool has_stacks(const struct profile *profile)
{
	/* nodes below the first level: some sample has a caller */
	for (size_t i = 1; i < profile->nodes.count; i++)
		if (profile->nodes.items[i].parent)
			return true;
	return false;
}

static void put_quality(struct writer *w, struct entity input)
{
	auto_quality struct quality quality = quality_measure(w->selection);

	put(w, input, "complete", quality.complete, "ratio", w->selection->sample_count);
	put(w, input, "reaches_main", quality.reaches_main, "ratio", w->selection->sample_count);
}

static void put_input(struct writer *w)
{
	const struct profile *profile = w->profile;
	const struct profile_event *event = &profile->events.items[w->selection->event];
	struct entity input = facts_entity(w->facts, "profile", w->source);
	bool stacks = has_stacks(profile);
	uint64_t samples = w->selection->sample_count;

	put_text(w, input, "format", profile->format ? profile->format : "perf.data");
	put_text(w, input, "event", event->name);
	put_text(w, input, "clock", event->is_clock ? "yes" : "no");
	put_text(w, input, "stacks", stacks ? "yes" : "no");
	if (strcmp(event->unit, "stacks") == 0)
		put_text(w, input, "snapshot", "yes");
	if (samples)
		put(w, input, "samples", (double)samples, "samples", samples);
	else
		facts_add_absent(w->facts, input, "samples", "the text does not say", w->source);
	if (profile->lost_samples)
		put(w, input, "lost_samples", (double)profile->lost_samples, "samples", 0);
	if (profile->throttled)
		put(w, input, "throttled", (double)profile->throttled, "times", 0);
	/* texts do not say how stacks ended */
	if (stacks && samples &&
	    !strcmp(profile->format ? profile->format : "perf.data", "perf.data"))
		put_quality(w, input);
}

/* Places without a name, by library, and the part of the whole that has no stack at all. */
static void put_unnamed(struct writer *w)
{
	struct entity input = facts_entity(w->facts, "profile", w->source);
	uint64_t unnamed = 0, shown = 0;

	for (size_t i = 0; i < w->functions.count; i++) {
		const struct table_row *row = &w->functions.rows[i];
		const char *library = profile_frame_library(w->profile, row->frame);
		struct entity dso;

		shown += row->self;
		if (!row->self || !profile_frame_is_nameless(w->profile, row->frame))
			continue;
		unnamed += row->self;
		dso = facts_entity(w->facts, "dso", library);
		put(w, dso, "unnamed",
		    facts_value(w->facts, dso, "unnamed", 0) +
			    table_share(&w->functions, row->self),
		    "ratio", 0);
	}
	put(w, input, "unnamed", table_share(&w->functions, unnamed), "ratio", 0);
	if (shown < w->functions.weight)
		put(w, input, "not_shown", table_share(&w->functions, w->functions.weight - shown),
		    "ratio", 0);
}

static void put_code(struct writer *w, const struct profile_frame *frame, struct entity symbol)
{
	for (size_t i = 0; i < w->profile->codes.count; i++) {
		const struct profile_code *code = &w->profile->codes.items[i];
		const char *marks = profile_text(w->profile, code->marks);

		if (code->name == frame->name && code->dso == frame->dso && *marks)
			put_text(w, symbol, "code", marks);
	}
}

static void put_symbol(struct writer *w, const struct table_row *row)
{
	const struct profile_frame *frame = &w->profile->frames.items[row->frame];
	const char *file = profile_text(w->profile, frame->file);
	struct entity symbol;

	if (!profile_frame_entity(w->profile, row->frame, w->facts, &symbol))
		return;
	put(w, symbol, "self", table_share(&w->functions, row->self), "ratio", row->samples);
	if (row->children != row->self)
		put(w, symbol, "children", table_share(&w->functions, row->children), "ratio",
		    row->children_samples);
	if (frame->flags & PROFILE_FRAME_UNNAMED)
		put_code(w, frame, symbol);
	if (row->skid)
		put(w, symbol, "skid_share", table_share(&w->functions, row->skid), "ratio", 0);
	if (*file) {
		auto_strbuf struct strbuf place = STRBUF_INIT;

		strbuf_add_text(&place, file);
		if (frame->line)
			strbuf_addf(&place, ":%u", frame->line);
		put_text(w, symbol, "place", strbuf_text(&place));
	}
}

static int by_children(const void *left, const void *right, void *rows)
{
	const struct table_row *a = (const struct table_row *)rows + *(const uint32_t *)left;
	const struct table_row *b = (const struct table_row *)rows + *(const uint32_t *)right;

	if (a->children != b->children)
		return a->children > b->children ? -1 : 1;
	return *(const uint32_t *)left < *(const uint32_t *)right ? -1 : 1;
}

static void put_symbols(struct writer *w)
{
	size_t count = w->functions.count;
	auto_free uint32_t *order = x_calloc(count, sizeof(*order));

	/* rows come heaviest self first */
	for (size_t i = 0; i < MIN(count, (size_t)MAX_SYMBOLS); i++)
		put_symbol(w, &w->functions.rows[i]);
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	if (count > MAX_SYMBOLS)
		qsort_r(order, count, sizeof(*order), by_children, w->functions.rows);
	for (size_t i = 0; i < MIN(count, (size_t)MAX_CALLERS); i++)
		put_symbol(w, &w->functions.rows[order[i]]);
}

/* Of a dump of threads: what they did, and who waits for whom. */
static void put_threads(struct writer *w)
{
	static const char *const names[PROFILE_STATE_COUNT] = {
		[PROFILE_STATE_RUNNING] = "threads_running",
		[PROFILE_STATE_UNKNOWN] = "threads_not_seen_waiting",
		[PROFILE_STATE_BLOCKED] = "threads_blocked",
		[PROFILE_STATE_IO] = "threads_waiting_for_device",
		[PROFILE_STATE_IDLE] = "threads_idle",
	};
	const struct profile *profile = w->profile;
	struct entity input = facts_entity(w->facts, "profile", w->source);
	auto_thread_groups struct thread_groups threads = { 0 };
	uint64_t deadlocked = 0;

	if (!threads_is_dump(profile))
		return;
	threads = threads_group(profile);
	put(w, input, "threads", (double)threads.all, "threads", 0);
	for (size_t i = 0; i < PROFILE_STATE_COUNT; i++)
		put(w, input, names[i], (double)threads.counts[i], "threads", 0);
	for (size_t i = 0; i < MIN(profile->waits.count, (size_t)MAX_LISTED); i++) {
		const struct profile_wait *wait = &profile->waits.items[i];
		struct entity thread =
			facts_entity(w->facts, "thread", profile_text(profile, wait->waiter));

		put_text(w, thread, "waits_for", profile_text(profile, wait->lock));
		if (wait->holder)
			put_text(w, thread, "lock_held_by", profile_text(profile, wait->holder));
		deadlocked += wait->is_deadlock;
	}
	if (profile->waits.count)
		put(w, input, "threads_deadlocked", (double)deadlocked, "threads", 0);
}

/* What the rows of a pasted table said of their callees; several rows may be one function. */
static void put_claims(struct writer *w)
{
	for (size_t i = 0; i < w->profile->claims.count; i++) {
		const struct profile_claim *claim = &w->profile->claims.items[i];
		struct entity symbol;
		double known;

		if (!profile_frame_entity(w->profile, claim->frame, w->facts, &symbol))
			continue;
		if (claim->calls)
			put(w, symbol, "calls",
			    facts_value(w->facts, symbol, "calls", 0) + (double)claim->calls,
			    "calls", 0);
		if (claim->children < 0)
			continue;
		known = facts_value(w->facts, symbol, "children", 0);
		put(w, symbol, "children", MAX(known, claim->children), "ratio", 0);
	}
}

static void put_groups(struct writer *w)
{
	auto_table struct table programs = table_programs(w->selection);
	auto_table struct table libraries = table_libraries(w->selection);

	for (size_t i = 0; i < MIN(programs.count, (size_t)MAX_LISTED); i++) {
		const char *name = profile_text(w->profile, programs.rows[i].text);

		if (*name)
			put(w, facts_entity(w->facts, "program", name), "self",
			    table_share(&programs, programs.rows[i].self), "ratio",
			    programs.rows[i].samples);
	}
	for (size_t i = 0; i < MIN(libraries.count, (size_t)MAX_LISTED); i++)
		put(w,
		    facts_entity(w->facts, "dso", profile_text(w->profile, libraries.rows[i].text)),
		    "self", table_share(&libraries, libraries.rows[i].self), "ratio",
		    libraries.rows[i].samples);
}

static void put_files(struct writer *w)
{
	for (size_t i = 0; i < w->profile->dsos.count; i++) {
		const struct profile_dso *dso = &w->profile->dsos.items[i];
		struct entity entity =
			facts_entity(w->facts, "dso", profile_text(w->profile, dso->name));

		if (!facts_find(w->facts, entity, "self"))
			continue;
		if (*profile_text(w->profile, dso->path))
			put_text(w, entity, "path", profile_text(w->profile, dso->path));
		if (dso->unoptimised)
			put_text(w, entity, "unoptimised", "yes");
		if (*profile_text(w->profile, dso->producer))
			put_text(w, entity, "producer", profile_text(w->profile, dso->producer));
	}
}

/* Weight of the samples at or below each node of the trie. */
static uint64_t *node_weights(const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	uint64_t *weights = x_calloc(profile->nodes.count, sizeof(*weights));

	for (size_t i = 0; i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];

		weights[sample->node] += sample->weight;
	}
	for (size_t i = profile->nodes.count; i-- > 1;)
		weights[profile->nodes.items[i].parent] += weights[i];
	return weights;
}

/* Who calls whom on the hot paths: parents and children of the trie. */
static void put_calls(struct writer *w)
{
	const struct profile *profile = w->profile;
	auto_free uint64_t *weights = node_weights(w->selection);
	double whole = (double)MAX(w->selection->weight, 1U);
	bool all = w->selection->count <= WHOLE_PASTE_SAMPLES;

	for (size_t i = 1; i < profile->nodes.count; i++) {
		const struct profile_node *node = &profile->nodes.items[i];
		struct entity caller, callee;

		if (w->facts->relations.count >= MAX_RELATIONS)
			return;
		if (!node->parent || !weights[i] ||
		    (!all && (double)weights[i] / whole < least_relation))
			continue;
		if (profile_frame_entity(profile, profile->nodes.items[node->parent].frame,
					 w->facts, &caller) &&
		    profile_frame_entity(profile, node->frame, w->facts, &callee))
			facts_add_relation(w->facts, caller, "calls", callee);
	}
}

/* Frames of unknown libraries that there are facts of. */
static bool *frames_without_library(struct writer *w)
{
	bool *wanted = x_calloc(w->profile->frames.count, sizeof(*wanted));

	for (uint32_t i = 0; i < w->profile->frames.count; i++) {
		struct entity symbol;

		if (!*profile_frame_library(w->profile, i) &&
		    profile_frame_entity(w->profile, i, w->facts, &symbol))
			wanted[i] = facts_find(w->facts, symbol, "self") != NULL;
	}
	return wanted;
}

/* Functions of unknown libraries belong to the programs that ran them. */
static void put_owners(struct writer *w)
{
	auto_free bool *wanted = frames_without_library(w);
	auto_free uint32_t *last_comm =
		x_calloc(w->profile->frames.count, sizeof(*last_comm)); /* 0 = "" */

	for (size_t i = 0; i < w->selection->count; i++) {
		const struct profile_sample *sample =
			&w->profile->samples.items[w->selection->samples[i]];
		const char *comm = profile_text(w->profile, sample->comm);

		if (!*comm || w->facts->relations.count >= 2 * MAX_RELATIONS)
			continue;
		for (uint32_t node = sample->node; node;
		     node = w->profile->nodes.items[node].parent) {
			uint32_t frame = w->profile->nodes.items[node].frame;
			struct entity symbol;

			if (!wanted[frame] || last_comm[frame] == sample->comm)
				continue;
			last_comm[frame] = sample->comm;
			if (profile_frame_entity(w->profile, frame, w->facts, &symbol))
				facts_add_relation(w->facts, symbol, "in",
						   facts_entity(w->facts, "program", comm));
		}
	}
}

static bool some_library_is_unknown(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->frames.count; i++)
		if (!*profile_frame_library(profile, i))
			return true;
	return false;
}

void profile_facts(const struct profile_selection *selection, struct facts *facts)
{
	struct writer w = { .selection = selection,
			    .profile = selection->profile,
			    .facts = facts,
			    .source = selection->profile->source ? selection->profile->source
								 : "profile" };

	w.functions = table_functions(selection, false);
	put_input(&w);
	put_groups(&w);
	put_files(&w);
	put_unnamed(&w);
	put_symbols(&w);
	put_claims(&w);
	put_threads(&w);
	put_calls(&w);
	if (some_library_is_unknown(w.profile))
		put_owners(&w);
	table_done(&w.functions);
}

void profile_stack_facts(const struct profile_selection *selection, size_t limit,
			 struct facts *facts)
{
	const struct profile *profile = selection->profile;
	auto_table struct table stacks = table_stacks(selection, true, limit);

	for (size_t i = 0; i < stacks.count; i++)
		for (uint32_t node = stacks.rows[i].node; node;
		     node = profile->nodes.items[node].parent) {
			uint32_t frame = profile->nodes.items[node].frame;
			struct entity symbol;

			if (!profile_frame_entity(profile, frame, facts, &symbol) ||
			    facts_find(facts, symbol, "in_stack"))
				continue;
			facts_add_number(facts, symbol, "in_stack", (double)(i + 1), "",
					 profile->source ? profile->source : "profile");
		}
}

/* ---- needs */

struct caller {
	uint32_t frame;
	uint64_t weight;
};

VEC_DEFINE(caller_vec, struct caller)

static void caller_add(struct caller_vec *callers, const struct function_map *map, uint32_t frame,
		       uint64_t weight)
{
	for (size_t i = 0; i < callers->count; i++)
		if (map->of_frame[callers->items[i].frame] == map->of_frame[frame]) {
			callers->items[i].weight += weight;
			return;
		}
	caller_vec_push(callers, (struct caller){ frame, weight });
}

struct caller_order {
	const struct profile *profile;
};

static int by_caller_weight(const void *left, const void *right, void *context)
{
	const struct profile *profile = ((const struct caller_order *)context)->profile;
	const struct caller *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return strcmp(profile_text(profile, profile->frames.items[a->frame].name),
		      profile_text(profile, profile->frames.items[b->frame].name));
}

/* A library whose callers in other libraries are of interest, not its own helpers. */
static bool is_shared(const char *library)
{
	return strstr(library, ".so") != NULL;
}

/* Lock functions of the kernel and wrappers of malloc: who took the lock or the memory is asked,
 * not through which of them. */
static bool is_helper(const char *name)
{
	static const char *const leads[] = {
		"_raw_",	"queued_",	   "mutex_lock",      "__mutex",
		"rwsem_",	"down_",	   "native_queued_",  "operator new",
		"operator del", "std::allocator<", "std::__allocate", "__gnu_cxx::new_allocator",
		"xmalloc",	"xrealloc",	   "g_malloc",	      "g_free",
	};

	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (str_starts_with(str_from(name), str_from(leads[i])))
			return true;
	return false;
}

/*
 * The frame that called the function at `node`: of a shared library (who calls malloc?) the nearest
 * named caller in another one, else the nearest other function. False where there is none, or only
 * what starts threads.
 */
static bool find_caller(const struct profile *profile, uint32_t node, uint32_t *ret_frame)
{
	uint32_t leaf = profile->nodes.items[node].frame;
	const char *library = profile_frame_library(profile, leaf);
	bool shared = is_shared(library);

	for (node = profile->nodes.items[node].parent; node;
	     node = profile->nodes.items[node].parent) {
		uint32_t frame = profile->nodes.items[node].frame;
		const struct profile_frame *f = &profile->frames.items[frame];

		if (f->flags & PROFILE_FRAME_INLINED || !*profile_text(profile, f->name) ||
		    f->name == profile->frames.items[leaf].name ||
		    is_helper(profile_text(profile, f->name)) ||
		    (shared && !strcmp(library, profile_frame_library(profile, frame))))
			continue;
		*ret_frame = frame;
		return !quality_is_thread_root(interned(&profile->texts, f->name)) &&
		       strcmp(profile_text(profile, f->name), "__libc_start_call_main") != 0;
	}
	return false;
}

static void put_caller(const struct profile_selection *selection, struct facts *facts,
		       struct entity callee, const struct caller *caller, uint64_t all)
{
	const struct profile *profile = selection->profile;
	auto_strbuf struct strbuf name = STRBUF_INIT;
	struct entity from;

	if (!profile_frame_entity(profile, caller->frame, facts, &from))
		return;
	strbuf_addf(&name, "%s -> %s", facts_str(facts, from.name), facts_str(facts, callee.name));
	facts_add_relation(facts, from, "calls", callee);
	facts_add_number(facts, facts_entity(facts, "call", strbuf_text(&name)), "share",
			 (double)caller->weight / (double)all, "ratio", profile->source);
}

/* Some frame of the function, UINT32_MAX where the profile has none. */
static uint32_t frame_of(const struct profile *profile, const struct facts *facts,
			 struct entity symbol)
{
	struct str library, function;
	uint32_t name;

	if (!facts_symbol_split(facts, symbol, &library, &function))
		return UINT32_MAX;
	name = intern_find(&profile->texts, function);
	for (uint32_t i = 0; name != UINT32_MAX && i < profile->frames.count; i++)
		if (profile->frames.items[i].name == name &&
		    str_is(library, profile_frame_library(profile, i)))
			return i;
	return UINT32_MAX;
}

static void meet_callers(const struct profile_selection *selection, const struct function_map *map,
			 struct facts *facts, struct entity callee)
{
	const struct profile *profile = selection->profile;
	struct caller_order order = { profile };
	uint32_t wanted = frame_of(profile, facts, callee);
	struct caller_vec callers = { 0 };
	uint64_t all = 0;

	for (size_t i = 0; wanted != UINT32_MAX && i < selection->count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];
		uint32_t node = sample->node, frame = profile->nodes.items[node].frame;

		/* self time is that of the physical function */
		while (node && profile->frames.items[frame].flags & PROFILE_FRAME_INLINED) {
			node = profile->nodes.items[node].parent;
			frame = profile->nodes.items[node].frame;
		}
		if (!node || map->of_frame[frame] != map->of_frame[wanted])
			continue;
		all += sample->weight;
		if (find_caller(profile, node, &frame))
			caller_add(&callers, map, frame, sample->weight);
	}
	if (callers.count)
		qsort_r(callers.items, callers.count, sizeof(*callers.items), by_caller_weight,
			&order);
	for (size_t i = 0; i < MIN(callers.count, (size_t)CALLERS_PER_SYMBOL); i++)
		if ((double)callers.items[i].weight >= 0.05 * (double)all)
			put_caller(selection, facts, callee, &callers.items[i], all);
	caller_vec_done(&callers);
}

size_t profile_meet_needs(const struct profile_selection *selection, struct facts *facts)
{
	auto_function_map struct function_map map = { 0 };
	size_t met = 0, kept = 0;

	for (size_t i = 0; i < facts->needs.count; i++) {
		struct need need = facts->needs.items[i];

		if (strcmp(facts_str(facts, need.kind), "stack_pattern") != 0 ||
		    strcmp(facts_str(facts, need.menu_id), "callers") != 0) {
			facts->needs.items[kept++] = need;
			continue;
		}
		if (!map.of_frame)
			map = function_map_make(selection->profile, false);
		meet_callers(selection, &map, facts, need.entity);
		met++;
	}
	facts->needs.count = kept;
	return met;
}
