/*
 * Facts to findings and needs. Rules are text (data/rules/, embedded; the user's own are added at
 * run time and replace those of the same id); one language serves profiles, hosts and counters.
 * Sees facts, relations and notes only, and asks nobody.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "facts/facts.h"

struct ruleset;

/* The embedded rules. */
struct ruleset *ruleset_new(void);
/* No rules at all. */
struct ruleset *ruleset_empty(void);
void ruleset_free(struct ruleset *rules);
void cleanup_ruleset(struct ruleset **rules);
#define auto_ruleset __attribute__((cleanup(cleanup_ruleset)))

/* Rules of `text` replace those of the same id. Errors: "NAME:LINE:COLUMN: what"; nothing of a text
 * with an error is added. */
MUST_CHECK struct error *ruleset_add_text(struct ruleset *rules, const char *name, struct str text);
/* Every *.rule of the folder, in name order; one that is not there is no error. A file with a
 * mistake is left out and said in *warnings. */
void ruleset_add_folder(struct ruleset *rules, const char *path, struct warnings *warnings);

size_t ruleset_count(const struct ruleset *rules);
const char *ruleset_id(const struct ruleset *rules, size_t index);

/* What a run came to, for "could not check". Texts belong to the rules. */
struct ruleset_result {
	size_t checked, fired;
	const char **unchecked; /* owned array: ids of rules for which a fact is missing */
	size_t unchecked_count;
	bool gave_up; /* too much work: the rest was left out */
};

void ruleset_result_done(struct ruleset_result *result);
#define auto_ruleset_result __attribute__((cleanup(ruleset_result_done)))

/* Adds findings, the facts that they derive, and needs; sorts the findings. */
struct ruleset_result ruleset_run(const struct ruleset *rules, struct facts *facts);
