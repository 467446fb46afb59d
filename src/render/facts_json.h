/*
 * The tables of an answer as JSON: facts, findings, relations and notes. Of functions that the
 * answer does not show, nothing is written, unless a finding rests on them: a profile has
 * thousands. Knows nothing of profiles.
 */
#pragma once

#include "base/json_out.h"
#include "facts/facts.h"

/* What of the tables is written. */
struct facts_view {
	const struct facts *facts;
	bool *symbols; /* by text id of the name: this function is shown */
	bool *told;    /* by row: this fact is written */
	bool is_whole; /* everything is written */
};

/* `is_whole`: nothing is left out, whatever is shown. */
struct facts_view facts_view_new(const struct facts *facts, bool is_whole);
void facts_view_done(struct facts_view *view);
#define auto_facts_view __attribute__((cleanup(facts_view_done)))
void facts_view_show(struct facts_view *view, struct entity symbol);

/* A value: the number of a fact ("F12"). */
void fact_id_write(struct json_writer *json, const struct fact *fact);
/* A value: {"host", "kind", "name"}. */
void entity_write(struct json_writer *json, const struct facts *facts, struct entity entity);
/* A value: the fact with its number, entity, value, flags and source. */
void fact_write(struct json_writer *json, const struct facts *facts, const struct fact *fact);
/* The keys "findings", "facts", "relations", "notes" and "left_out" with their values. */
void facts_view_write(struct json_writer *json, struct facts_view *view);
