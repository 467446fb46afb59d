/*
 * Importers of texts that other tools wrote. Each fills a profile and hands the lines that it does
 * not understand to import_ignore; none fails on a bad line. Which one reads a text is told by
 * looking at its beginning. Internal to samples.
 */
#pragma once

#include "samples/profile.h"

/* How sure a reader is that a text is its own. */
enum import_look {
	LOOK_NO,
	LOOK_WEAK,   /* it could be anything */
	LOOK_LIKELY, /* most of it has the form */
	LOOK_SURE,   /* it holds what only this tool writes */
};

struct importer {
	const char *name;
	enum import_look (*look)(struct str head); /* at the first lines of a text */
	void (*read)(struct profile *profile, struct str text);
};

/* One or more of each file import_*.c; the table in import.c says in which order they look. */
extern const struct importer import_report_reader, import_pstats_reader, import_v8_reader,
	import_json_reader, import_pprof_reader, import_syscalls_reader, import_grid_reader,
	import_managed_reader, import_go_reader, import_python_reader, import_bpf_reader,
	import_columns_reader, import_gprof_reader, import_script_reader, import_folded_reader,
	import_tree_reader, import_pipe_stack_reader, import_backtrace_reader, import_kernel_reader,
	import_elastic_stack_reader, import_pipe_table_reader, import_perf_table_reader,
	import_elastic_table_reader;

enum { IMPORT_LOOK_LINES = 400 };

/* A line, in whole, that was not understood: counted, and the first ones kept. */
void import_ignore(struct profile *profile, struct str line);

/* A frame of name `name` in dso `path`, as text says them; "[unknown]" and "" are no names. */
uint32_t import_frame(struct profile *profile, struct str name, struct str dso_path,
		      uint32_t flags);
/* The same at a place; `file` "" and `line` 0 = not known. */
uint32_t import_frame_at(struct profile *profile, struct str name, struct str dso_path,
			 uint32_t flags, struct str file, uint32_t line);
/* "7", "12.5": the digits without the point, and how many stood behind it; false on others. */
bool import_decimal(struct str text, uint64_t *ret_digits, unsigned *ret_fraction_digits);
