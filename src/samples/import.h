/*
 * Importers of texts that other tools wrote. Each fills a profile and counts the lines that it did
 * not understand in profile->ignored_lines; none fails on a bad line. Internal to samples.
 */
#pragma once

#include "samples/profile.h"

/*
 * Folded stacks: "program;outer;inner 12", as the stackcollapse-*.pl family, inferno and others
 * write them. Marks _[k] _[i] _[j] become flags.
 */
void import_folded(struct profile *profile, struct str text);
bool import_folded_is(struct str text);

/*
 * perf script's default output and its usual -F variants: a header line per sample, then its frames
 * or none, or the leaf on the header line itself. Weighed by the printed period, else 1.
 */
void import_script(struct profile *profile, struct str text);
bool import_script_is(struct str text);

/* The table of functions in the text of 'sysgrok report', when that is what was kept or pasted. */
void import_report(struct profile *profile, struct str text);
bool import_report_is(struct str text);

/* A frame of name `name` in dso `path`, as text says them; "[unknown]" and "" are no names. */
uint32_t import_frame(struct profile *profile, struct str name, struct str dso_path,
		      uint32_t flags);
/* The same at a place; `file` "" and `line` 0 = not known. */
uint32_t import_frame_at(struct profile *profile, struct str name, struct str dso_path,
			 uint32_t flags, struct str file, uint32_t line);
/* "7", "12.5": the digits without the point, and how many stood behind it; false on others. */
bool import_decimal(struct str text, uint64_t *ret_digits, unsigned *ret_fraction_digits);
