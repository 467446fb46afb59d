/*
 * The files (and file-less regions) that code lives in, each once per (path, build-id), shared by
 * all processes. A dso finds its ELF image and its separate debug file when first asked; where the
 * file on disk has another build-id than the recording says, it is refused and said so.
 *
 * An address inside a dso ("dso address") is the ELF virtual address; for the kernel and its
 * modules it is the run-time address; for JIT regions it is the process's address.
 *
 * The running machine's own kernel names and vdso are taken only when the recorded build-id of the
 * kernel (or of the vdso itself) is that of the running one; where the recording has no build-id of
 * the kernel, only when host name and kernel release are those of the running machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "dso/image.h"

enum dso_kind {
	DSO_FILE,
	DSO_KERNEL, /* [kernel.kallsyms] */
	DSO_MODULE, /* a kernel module: names from kallsyms */
	DSO_BPF,    /* bpf_prog_...: named by ksymbol records or kallsyms */
	DSO_VDSO,
	DSO_JIT,      /* anonymous executable memory of one process: /tmp/perf-PID.map, jitdump */
	DSO_UNMAPPED, /* no map covers the address */
};

enum dso_state { DSO_NOT_TRIED, DSO_READY, DSO_MISSING, DSO_WRONG_BUILD_ID, DSO_DAMAGED };

/* A name that somebody else found out (a ksymbol record, our recorder's own section). */
struct dso_known_name {
	uint64_t start, size; /* dso address */
	struct str name;      /* as a linker would have it: mangled */
};

VEC_DEFINE(dso_known_name_vec, struct dso_known_name)

struct dso {
	uint32_t id; /* index in its table */
	enum dso_kind kind;
	char *path;	  /* as recorded, without " (deleted)" */
	const char *name; /* what reports show: the base name, "[kernel.kallsyms]", "[vdso]" */
	int32_t pid;	  /* DSO_JIT: whose region; else -1 */
	int32_t ns_pid;	  /* DSO_JIT: pid inside its namespace, 0 = not known */
	struct build_id build_id;   /* as recorded; size 0 = the recording does not say */
	enum dso_state state;	    /* of `image` */
	enum dso_state debug_state; /* of `debug`; DSO_MISSING = no separate debug file found */
	struct image *image;	    /* NULL until dso_image() */
	struct image *debug;	    /* separate debug file; NULL: none, or not asked for yet */
	struct image *alt;	    /* what the debug file shares with others (dwz) */
	struct image *mini;	    /* of .gnu_debugdata */
	uint8_t *mini_data;	    /* its bytes */
	char *open_path;	    /* where the file was really found, or NULL */
	char *debug_path;
	bool deleted; /* " (deleted)" was cut from the path */
	bool alt_tried, mini_tried;
	struct dso_known_name_vec known; /* texts live in the table's arena */
	/* DSO_KERNEL: where _text lay when it was recorded (the file offset of the map named
	 * "[kernel.kallsyms]_text"); 0 = not known. Tells a kernel that was booted anew. */
	uint64_t kernel_text;
};

/* Where to look for files and names. Everything that is not set stays untouched: what reads a file
 * never asks the running machine for more. */
struct dso_options {
	const char *sysroot; /* prefix for all paths, or NULL */
	const char
		*kallsyms_path;	  /* NULL: /proc/kallsyms, only if the kernel's build-id is equal */
	const char *debug_dirs;	  /* ':'-separated; NULL: /usr/lib/debug */
	const char *build_id_dir; /* NULL: ~/.debug */
	bool offline;		  /* no debuginfod */
	bool is_live; /* recording here and now: the running kernel is the recorded one */
};

VEC_DEFINE(dso_vec, struct dso *)

struct dso_table {
	struct dso_options options;
	struct dso_vec dsos;
	uint32_t *slots; /* hash of (kind, pid, path, build-id): index + 1 */
	uint32_t slot_mask;
	struct arena arena;		/* texts of known names */
	struct build_id running_kernel; /* of /sys/kernel/notes; read at first use */
	/* Of the recorded machine, borrowed, NULL = not known: stand in for the kernel's build-id
	 * in recordings that carry none (a pipe's, perf record -B). */
	const char *recorded_hostname, *recorded_os_release;
	bool running_kernel_read;
};

void dso_table_init(struct dso_table *table, const struct dso_options *options);
void dso_table_done(struct dso_table *table);
/* The dso of that identity, added if new; never NULL. `build_id` may be NULL. */
struct dso *dso_table_get(struct dso_table *table, enum dso_kind kind, const char *path,
			  int32_t pid, const struct build_id *build_id);
/* Opened at first use; NULL where there is none (dso->state says why). */
struct image *dso_image(struct dso_table *table, struct dso *dso);
/* The separate debug file, or the image itself when it has .debug_info; NULL where neither has. */
struct image *dso_debug_image(struct dso_table *table, struct dso *dso);
/* The separate debug file even where it holds only a symbol table; NULL = none. */
struct image *dso_separate_image(struct dso_table *table, struct dso *dso);
/* The file that `debug` shares with others (.gnu_debugaltlink, made by dwz); NULL = none. */
struct image *dso_alt_image(struct dso_table *table, struct dso *dso, struct image *debug);
/*
 * The symbol table that Fedora and its kin keep, packed, in stripped files (.gnu_debugdata): only
 * functions that are not in .dynsym. NULL = none.
 */
struct image *dso_mini_image(struct dso_table *table, struct dso *dso);
/*
 * Opens the image from `path` when it has none yet: for the live recorder, which reaches deleted
 * and containers' files as /proc/PID/map_files/... The build-id, if known, must be equal.
 */
bool dso_open_from(struct dso_table *table, struct dso *dso, const char *path);
/* Names that the recording brought along; they win over files. To be called before the first
 * name of that dso is looked up. */
void dso_add_name(struct dso_table *table, struct dso *dso, uint64_t start, uint64_t size,
		  struct str name);
/* Where the kernel's names may be read from, owned by the caller; NULL = nowhere. */
char *dso_kallsyms_path(struct dso_table *table);
/* The build-id of the kernel that runs here; size 0 where it cannot be read. */
const struct build_id *dso_running_kernel(struct dso_table *table);
