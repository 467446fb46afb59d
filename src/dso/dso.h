/*
 * The files (and file-less regions) that code lives in, each once per (path, build-id), shared by
 * all processes. A dso finds its ELF image and its separate debug file when first asked; where the
 * file on disk has another build-id than the recording says, it is refused and said so.
 *
 * An address inside a dso ("dso address") is the ELF virtual address; for the kernel and its
 * modules it is the run-time address; for JIT regions it is the process's address.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

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

struct dso {
	uint32_t id; /* index in its table */
	enum dso_kind kind;
	char *path;	  /* as recorded */
	const char *name; /* what reports show: the base name, "[kernel.kallsyms]", "[vdso]" */
	int32_t pid;	  /* DSO_JIT: whose region; else -1 */
	struct build_id build_id;   /* as recorded; size 0 = the recording does not say */
	enum dso_state state;	    /* of `image` */
	enum dso_state debug_state; /* of `debug`; DSO_MISSING = no separate debug file found */
	struct image *image;	    /* NULL until dso_image() */
	struct image *debug;	    /* separate debug file */
	char *open_path;	    /* where the file was really found, or NULL */
	char *debug_path;
	bool deleted; /* " (deleted)" was cut from the path */
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
};

VEC_DEFINE(dso_vec, struct dso *)

struct dso_table {
	struct dso_options options;
	struct dso_vec dsos;
	uint32_t *slots; /* hash of (kind, pid, path, build-id) */
	uint32_t slot_mask;
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
