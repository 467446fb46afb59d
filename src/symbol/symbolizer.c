#include "symbol/symbolizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "symbol/code_marks.h"
#include "symbol/demangle.h"
#include "symbol/dwarf.h"
#include "symbol/function_starts.h"
#include "symbol/jitdump.h"
#include "symbol/kallsyms.h"
#include "symbol/perf_map.h"
#include "symbol/plt.h"
#include "symbol/symtab.h"

enum { FIRST_CACHE_SLOTS = 64 };

struct cached {
	uint64_t address;
	struct symbol_frames frames; /* count 0: a free slot */
};

/* What the symbolizer keeps about one dso. */
struct names {
	struct dso *dso;
	struct symtab known, symtab;
	struct perf_map perf_map;
	struct jitdump jitdump;
	struct function_starts starts; /* for what the tables do not name */
	struct dwarf *dwarf;	       /* NULL: not wanted, or there is none */
	bool is_loaded, has_symtab, has_perf_map, has_jitdump;
	struct cached *cache; /* open addressing */
	uint32_t cache_mask, cache_count;
	size_t known_count; /* of the dso's known names, how many `known` has */
};

VEC_DEFINE(names_vec, struct names *)

struct symbolizer {
	struct dso_table *table;
	struct symbolizer_options options;
	struct interner texts;
	struct arena arena;	/* frames */
	struct names_vec names; /* by dso id */
	struct kallsyms kallsyms;
	bool kallsyms_loaded;
	struct strbuf demangled; /* scratch */
};

/* A name of the physical symbol at an address. */
struct physical {
	uint32_t name;
	uint64_t start;
};

struct symbolizer *symbolizer_new(struct dso_table *table, const struct symbolizer_options *options)
{
	struct symbolizer *symbolizer = x_calloc(1, sizeof(*symbolizer));

	symbolizer->table = table;
	symbolizer->options = *options;
	symbolizer->demangled.cap = DEMANGLED_CAP_BYTES;
	return symbolizer;
}

static void names_free(struct names *names)
{
	if (!names)
		return;
	symtab_done(&names->known);
	symtab_done(&names->symtab);
	perf_map_done(&names->perf_map);
	jitdump_done(&names->jitdump);
	dwarf_free(names->dwarf);
	free(names->cache);
	free(names);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->names.count; i++)
		names_free(symbolizer->names.items[i]);
	names_vec_done(&symbolizer->names);
	kallsyms_done(&symbolizer->kallsyms);
	strbuf_done(&symbolizer->demangled);
	arena_done(&symbolizer->arena);
	interner_done(&symbolizer->texts);
	free(symbolizer);
}

const struct interner *symbolizer_texts(const struct symbolizer *symbolizer)
{
	return &symbolizer->texts;
}

/* What stripped files of some distributions keep. */
static void add_mini_symbols(struct symbolizer *symbolizer, struct names *names)
{
	struct image *mini = dso_mini_image(symbolizer->table, names->dso);

	if (mini)
		symtab_add_section(&names->symtab, mini, image_section(mini, ".symtab"));
}

/* As perf does: where a debug file has the full table, the image's short one adds only aliases. */
static void load_elf_symbols(struct symbolizer *symbolizer, struct names *names)
{
	struct image *image = dso_image(symbolizer->table, names->dso);
	struct image *separate = dso_separate_image(symbolizer->table, names->dso);
	struct symtab *symtab = &names->symtab;

	if (separate && image_section(separate, ".symtab"))
		symtab_add_section(symtab, separate, image_section(separate, ".symtab"));
	if (image && !symtab->symbols.count) {
		symtab_add_section(symtab, image, image_section(image, ".symtab"));
		if (!symtab->symbols.count)
			add_mini_symbols(symbolizer, names);
		names->has_symtab = symtab->symbols.count;
		symtab_add_section(symtab, image, image_section(image, ".dynsym"));
	} else {
		names->has_symtab = symtab->symbols.count;
	}
	if (image) {
		plt_add_symbols(symtab, image);
		names->starts = function_starts_of(image);
	}
	symtab_finish(symtab);
}

static void load_dwarf(struct symbolizer *symbolizer, struct names *names)
{
	const struct dwarf_options options = {
		.texts = &symbolizer->texts,
		.demangle = symbolizer->options.demangle,
		.inlines = symbolizer->options.inlines,
		.lines = symbolizer->options.lines,
	};
	struct image *image;

	if (!options.inlines && !options.lines)
		return;
	image = dso_debug_image(symbolizer->table, names->dso);
	if (image)
		names->dwarf = dwarf_new(image, dso_alt_image(symbolizer->table, names->dso, image),
					 &options);
}

/* The kernel of the recording, or NULL: its addresses are where _text lay then. */
static struct dso *kernel_of(const struct dso_table *table)
{
	for (size_t i = 0; i < table->dsos.count; i++) {
		if (table->dsos.items[i]->kind == DSO_KERNEL)
			return table->dsos.items[i];
	}
	return NULL;
}

/* From kallsyms, else (another machine's recording) from a vmlinux of that build-id. */
static void load_kallsyms(struct symbolizer *symbolizer)
{
	struct dso *kernel = kernel_of(symbolizer->table);
	uint64_t text_address = kernel ? kernel->kernel_text : 0;
	auto_free char *path = NULL;
	auto_error struct error *error = NULL;
	struct image *vmlinux;

	if (symbolizer->kallsyms_loaded)
		return;
	symbolizer->kallsyms_loaded = true;
	path = dso_kallsyms_path(symbolizer->table);
	if (path)
		error = kallsyms_load(path, text_address, &symbolizer->kallsyms);
	if (error)
		log_debug("symbol", "%s", error->message);
	if (symbolizer->kallsyms.symtab.symbols.count)
		return;
	vmlinux = kernel ? dso_image(symbolizer->table, kernel) : NULL;
	if (vmlinux) {
		kallsyms_done(&symbolizer->kallsyms);
		kallsyms_from_image(vmlinux, text_address, &symbolizer->kallsyms);
	}
}

/* Inside the process's own root while it lives (containers), else where perf looks for it too. */
static void load_perf_map(struct symbolizer *symbolizer, struct names *names)
{
	const struct dso_options *options = &symbolizer->table->options;
	const struct dso *dso = names->dso;
	auto_error struct error *error = NULL;
	auto_free char *path = NULL;

	if (options->is_live && dso->ns_pid > 0) {
		path = x_asprintf("/proc/%d/root/tmp/perf-%d.map", dso->pid, dso->ns_pid);
		error = perf_map_load(path, &names->perf_map);
		names->has_perf_map = !error;
		error_free(take_ptr(error));
		free(take_ptr(path));
	}
	if (names->has_perf_map)
		return;
	path = x_asprintf("%s/tmp/perf-%d.map", options->sysroot ? options->sysroot : "", dso->pid);
	error = perf_map_load(path, &names->perf_map);
	names->has_perf_map = !error;
	if (error)
		log_debug("symbol", "%s", error->message);
}

/* The process itself maps its dump, so that recordings tell where it is. */
static const struct dso *find_jitdump(const struct dso_table *table, const struct dso *dso)
{
	char name[32], name_inside[32];

	snprintf(name, sizeof(name), "jit-%d.dump", dso->pid);
	snprintf(name_inside, sizeof(name_inside), "jit-%d.dump", dso->ns_pid);
	for (size_t i = 0; i < table->dsos.count; i++) {
		const struct dso *file = table->dsos.items[i];

		if (file->kind == DSO_FILE &&
		    (strcmp(file->name, name) == 0 ||
		     (dso->ns_pid > 0 && strcmp(file->name, name_inside) == 0)))
			return file;
	}
	return NULL;
}

static void load_jitdump(struct symbolizer *symbolizer, struct names *names)
{
	const struct dso_options *options = &symbolizer->table->options;
	const struct dso *file = find_jitdump(symbolizer->table, names->dso);
	auto_error struct error *error = NULL;
	auto_free char *path = NULL;

	if (!file)
		return;
	if (options->is_live && names->dso->ns_pid > 0)
		path = x_asprintf("/proc/%d/root%s", names->dso->pid, file->path);
	else
		path = x_asprintf("%s%s", options->sysroot ? options->sysroot : "", file->path);
	error = jitdump_load(path, &names->jitdump);
	names->has_jitdump = !error;
	if (error)
		log_debug("symbol", "%s: %s", path, error->message);
}

/* Again whenever there are more: BPF programs come and go while the recording is read. */
static void load_known(struct names *names)
{
	const struct dso *dso = names->dso;

	symtab_done(&names->known);
	names->known = (struct symtab){ 0 };
	for (size_t i = 0; i < dso->known.count; i++) {
		const struct dso_known_name *known = &dso->known.items[i];
		uint64_t end;

		if (__builtin_add_overflow(known->start, known->size, &end))
			end = UINT64_MAX;
		symtab_add_made(&names->known, known->start, end, known->name, "");
	}
	symtab_finish(&names->known);
	names->known_count = dso->known.count;
	free(names->cache);
	names->cache = NULL;
	names->cache_count = 0;
}

static void load_names(struct symbolizer *symbolizer, struct names *names)
{
	const struct dso *dso = names->dso;

	names->is_loaded = true;
	load_known(names);
	switch (dso->kind) {
	case DSO_FILE:
	case DSO_VDSO:
		load_elf_symbols(symbolizer, names);
		load_dwarf(symbolizer, names);
		break;
	case DSO_KERNEL:
	case DSO_MODULE:
	case DSO_BPF:
		/* Only when a name is asked for that the recording did not bring: see
		 * find_in_kallsyms. */
		break;
	case DSO_JIT:
		load_jitdump(symbolizer, names);
		load_perf_map(symbolizer, names);
		break;
	case DSO_UNMAPPED:
		break;
	}
}

static struct names *names_of(struct symbolizer *symbolizer, struct dso *dso)
{
	struct names_vec *all = &symbolizer->names;

	while (all->count <= dso->id)
		names_vec_push(all, NULL);
	if (!all->items[dso->id]) {
		all->items[dso->id] = x_calloc(1, sizeof(struct names));
		all->items[dso->id]->dso = dso;
	}
	return all->items[dso->id];
}

static uint32_t intern_name(struct symbolizer *symbolizer, struct str name, bool may_be_mangled)
{
	bool is_plt = str_ends_with(name, STR(PLT_SUFFIX));
	struct str mangled = name;

	if (!may_be_mangled || !symbolizer->options.demangle)
		return intern(&symbolizer->texts, name);
	if (is_plt)
		mangled.len -= strlen(PLT_SUFFIX);
	if (!demangle(mangled, &symbolizer->demangled))
		return intern(&symbolizer->texts, name);
	if (is_plt)
		strbuf_add(&symbolizer->demangled, STR(PLT_SUFFIX));
	return intern(&symbolizer->texts, strbuf_str(&symbolizer->demangled));
}

static bool find_in_symtab(struct symbolizer *symbolizer, const struct symtab *symtab,
			   uint64_t address, bool may_be_mangled, struct physical *ret)
{
	const struct symbol *symbol = symtab_find(symtab, address);

	if (!symbol)
		return false;
	ret->name = intern_name(symbolizer, symtab_name(symtab, symbol), may_be_mangled);
	ret->start = symbol->start;
	return true;
}

/* The kernel takes longer to write its names out than most profiles take to be read. */
static void find_in_kallsyms(struct symbolizer *symbolizer, uint64_t address, struct physical *ret)
{
	load_kallsyms(symbolizer);
	find_in_symtab(symbolizer, &symbolizer->kallsyms.symtab, address, false, ret);
}

static struct physical find_physical(struct symbolizer *symbolizer, struct names *names,
				     uint64_t address, uint64_t time_ns)
{
	struct physical physical = { 0 };
	struct str name;

	switch (names->dso->kind) {
	case DSO_FILE:
	case DSO_VDSO:
		if (!find_in_symtab(symbolizer, &names->known, address, true, &physical))
			find_in_symtab(symbolizer, &names->symtab, address, true, &physical);
		break;
	case DSO_KERNEL:
	case DSO_MODULE:
	case DSO_BPF:
		if (!find_in_symtab(symbolizer, &names->known, address, false, &physical))
			find_in_kallsyms(symbolizer, address, &physical);
		break;
	case DSO_JIT:
		if (find_in_symtab(symbolizer, &names->known, address, false, &physical))
			break;
		if ((names->has_jitdump &&
		     jitdump_find(&names->jitdump, address, time_ns, &name, &physical.start)) ||
		    (names->has_perf_map &&
		     perf_map_find(&names->perf_map, address, &name, &physical.start)))
			physical.name = intern(&symbolizer->texts, name);
		break;
	case DSO_UNMAPPED:
		break;
	}
	return physical;
}

static struct symbol_frames find_frames(struct symbolizer *symbolizer, struct names *names,
					uint64_t address, uint64_t time_ns)
{
	struct physical physical = find_physical(symbolizer, names, address, time_ns);
	struct dwarf_frame found[DWARF_MAX_FRAMES];
	struct symbol_frame *frames;
	uint64_t start = 0;
	size_t count = 0;

	found[0] = (struct dwarf_frame){ 0 };
	if (names->dwarf)
		count = dwarf_find(names->dwarf, address, found, &start);
	count = MAX(count, (size_t)1);
	if (physical.name)
		found[count - 1].name = physical.name;
	else if (start || !function_starts_find(&names->starts, address, &physical.start))
		physical.start = start;
	frames = arena_array(&symbolizer->arena, count, sizeof(*frames));
	for (size_t i = 0; i < count; i++)
		frames[i] = (struct symbol_frame){ found[i].name, found[i].file, found[i].line,
						   i + 1 < count };
	return (struct symbol_frames){ frames, (uint32_t)count, physical.start };
}

static struct cached *cache_slot(struct names *names, uint64_t address)
{
	uint32_t i = (uint32_t)(address * 0x9e3779b97f4a7c15U >> 32) & names->cache_mask;

	while (names->cache[i].frames.count && names->cache[i].address != address)
		i = (i + 1) & names->cache_mask;
	return &names->cache[i];
}

static void grow_cache(struct names *names)
{
	uint32_t old_count = names->cache ? names->cache_mask + 1 : 0;
	uint32_t slot_count = old_count ? old_count * 2 : FIRST_CACHE_SLOTS;
	struct cached *old = names->cache;

	names->cache = x_calloc(slot_count, sizeof(*names->cache));
	names->cache_mask = slot_count - 1;
	for (uint32_t i = 0; i < old_count; i++) {
		if (old[i].frames.count)
			*cache_slot(names, old[i].address) = old[i];
	}
	free(old);
}

struct symbol_frames symbolizer_find(struct symbolizer *symbolizer, struct dso *dso,
				     uint64_t address, uint64_t time_ns)
{
	struct names *names = names_of(symbolizer, dso);
	struct cached *cached;

	if (!names->is_loaded)
		load_names(symbolizer, names);
	else if (names->known_count != dso->known.count)
		load_known(names);
	if (!names->cache || names->cache_count * 4 >= (names->cache_mask + 1) * 3)
		grow_cache(names);
	cached = cache_slot(names, address);
	if (!cached->frames.count) {
		cached->address = address;
		cached->frames = find_frames(symbolizer, names, address, time_ns);
		names->cache_count++;
	}
	return cached->frames;
}

void symbolizer_code_marks(struct symbolizer *symbolizer, struct dso *dso, uint64_t start,
			   struct strbuf *out)
{
	struct names *names = names_of(symbolizer, dso);
	struct image *image = dso->kind == DSO_FILE ? dso_image(symbolizer->table, dso) : NULL;
	uint64_t end;

	if (image && function_starts_next(&names->starts, start, &end))
		code_marks_read(image, &names->symtab, start, end, out);
}

struct dso_build_facts symbolizer_build_facts(struct symbolizer *symbolizer, struct dso *dso)
{
	struct names *names = names_of(symbolizer, dso);
	struct dso_build_facts facts = { 0 };
	struct image *image, *debug;

	if (!names->is_loaded)
		load_names(symbolizer, names);
	if (dso->kind == DSO_KERNEL || dso->kind == DSO_MODULE || dso->kind == DSO_BPF) {
		if (!names->known.symbols.count)
			load_kallsyms(symbolizer);
		facts.has_symtab =
			names->known.symbols.count || symbolizer->kallsyms.symtab.symbols.count;
		facts.names_hidden = symbolizer->kallsyms.hidden;
		return facts;
	}
	image = dso_image(symbolizer->table, dso);
	debug = dso_debug_image(symbolizer->table, dso);
	facts.has_symtab = names->has_symtab || names->has_perf_map || names->has_jitdump ||
			   names->known.symbols.count;
	facts.has_debug_info = debug != NULL;
	facts.has_unwind_info = (image && image_section(image, ".eh_frame")) ||
				(image && image_section(image, ".debug_frame")) ||
				(debug && image_section(debug, ".debug_frame"));
	if (names->dwarf) {
		struct dwarf_unit_facts units = dwarf_facts(names->dwarf);

		facts.producer = units.producer;
		facts.unoptimised = units.unoptimised;
		facts.split_dwarf_missing = units.split_missing;
	}
	return facts;
}
