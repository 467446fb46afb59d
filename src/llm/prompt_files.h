/* The prompts of data/prompts, put into the program by tools/embed. */
#pragma once

#include "base/str.h"

extern const struct str embedded_system_md, embedded_analyzecmd_md, embedded_topn_md,
	embedded_stacktrace_md, embedded_findfaster_md, embedded_explainfunction_md,
	embedded_explainprocess_md, embedded_explainonly_md, embedded_part_md, embedded_code_md,
	embedded_debughost_md, embedded_debughost_plan_md, embedded_debughost_summary_md;
