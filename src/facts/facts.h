/*
 * The tables between those who measure and those who conclude: facts (measured), relations,
 * findings (concluded), needs (asked for) and notes (known, not measured). Tables and keys only:
 * no judgement, no printing. All text is interned in the table and lives as long as it does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/str.h"
#include "base/vec.h"

struct entity {
	uint32_t host; /* text ids; host "" = this machine or this file */
	uint32_t kind; /* "profile", "process", "thread", "dso", "symbol", "trace", "cgroup" ... */
	uint32_t name; /* "libc.so.6:_int_malloc" */
};

enum fact_type { FACT_NUMBER, FACT_TEXT, FACT_ABSENT };

enum fact_flags {
	FACT_PARTIAL = 1 << 0,	 /* from input that was cut or damaged */
	FACT_SCALED = 1 << 1,	 /* multiplexed counters */
	FACT_ESTIMATED = 1 << 2, /* stitched, guessed, sampled below the noise */
	FACT_DERIVED = 1 << 3,	 /* a share, sum, rate or ceiling: `from` says of what */
};

struct fact {
	struct entity entity;
	uint32_t name; /* "self", "children", "samples", "producer" ... */
	enum fact_type type;
	double number;		   /* FACT_NUMBER */
	uint32_t text;		   /* FACT_TEXT; the reason for FACT_ABSENT */
	uint32_t unit;		   /* "ratio", "ns", "samples", "bytes", "" */
	uint64_t start_ns, end_ns; /* window; 0, 0 = the whole input */
	uint32_t source;	   /* file or command */
	uint32_t source_line;	   /* 0 = none */
	uint64_t n;		   /* samples or readings behind it; 0 = unknown */
	unsigned flags;
	uint32_t from[2];	   /* indices + 1 of the facts that it was derived from; 0 = none */
	uint32_t number_in_answer; /* F12: given by facts_number, 0 before */
};

struct relation {
	struct entity a, b;
	uint32_t verb; /* "calls", "in", "runs", "opens" */
};

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

struct finding {
	uint32_t rule; /* its public id */
	enum severity severity;
	struct entity entity;
	uint32_t title;
	uint32_t text;	    /* the explanation, figures inserted from the evidence */
	uint32_t *evidence; /* fact indices */
	size_t evidence_count;
	uint32_t *remedies; /* text ids, best first */
	size_t remedy_count;
	uint32_t *explains; /* indices of findings that are its symptoms */
	size_t explains_count;
	double rank; /* share of what was measured that it concerns, 0..1 */
};

struct need {
	uint32_t kind; /* "collector", "stack_pattern", "event" */
	uint32_t menu_id;
	struct entity entity;
};

/* What is known about an entity. No figures: those are facts. */
struct note {
	struct entity entity;
	uint32_t aspect; /* "what", "why_hot", "change", "expect", "alternative", "use" */
	uint32_t text;
	uint32_t source; /* knowledge file and entry, man page, package */
};

VEC_DEFINE(fact_vec, struct fact)
VEC_DEFINE(relation_vec, struct relation)
VEC_DEFINE(finding_vec, struct finding)
VEC_DEFINE(need_vec, struct need)
VEC_DEFINE(note_vec, struct note)

/* Open addressing over the rows of one table: row + 1, 0 = free. Equal keys are met in the order
 * in which they were added. */
struct facts_index {
	uint32_t *slots;
	uint32_t mask;
	uint32_t used;
};

struct facts {
	struct interner texts;
	struct arena arena;
	struct fact_vec facts;
	struct relation_vec relations;
	struct finding_vec findings;
	struct need_vec needs;
	struct note_vec notes;
	struct facts_index fact_index, note_index, relation_index;
};

#define FACTS_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

void facts_done(struct facts *facts);
#define auto_facts __attribute__((cleanup(facts_done)))

uint32_t facts_text(struct facts *facts, const char *text);
struct entity facts_entity(struct facts *facts, const char *kind, const char *name);
/* {"symbol", "DSO:FUNCTION"}: the first ':' ends the dso, so one inside the dso becomes '_'. */
struct entity facts_symbol(struct facts *facts, const char *dso, const char *function);
/* Takes the name of a symbol entity apart; false where it has no ':'. */
bool facts_symbol_split(const struct facts *facts, struct entity symbol, struct str *ret_dso,
			struct str *ret_function);
bool entity_eq(struct entity a, struct entity b);
/* By host, kind and name as text: the order of everything that is printed. */
int entity_cmp(const struct facts *facts, struct entity a, struct entity b);

/*
 * All return the index of the row. The key of a fact is (entity, name, window): the same key again
 * replaces the value and keeps the row, so that a second look does not double anything.
 */
uint32_t facts_add(struct facts *facts, struct fact fact);
uint32_t facts_add_number(struct facts *facts, struct entity entity, const char *name,
			  double number, const char *unit, const char *source);
uint32_t facts_add_text(struct facts *facts, struct entity entity, const char *name,
			const char *text, const char *source);
uint32_t facts_add_absent(struct facts *facts, struct entity entity, const char *name,
			  const char *reason, const char *source);
/* A note is added once: the same entity, aspect and text are one row. */
uint32_t facts_add_note(struct facts *facts, struct entity entity, const char *aspect,
			const char *text, const char *source);
/* Relations and needs too are added once. */
void facts_add_relation(struct facts *facts, struct entity a, const char *verb, struct entity b);
void facts_add_need(struct facts *facts, const char *kind, const char *menu_id,
		    struct entity entity);
/* Copies the arrays; a finding of the same rule and entity is replaced. */
uint32_t facts_add_finding(struct facts *facts, const struct finding *finding);

/* The fact of that entity and name (the first one added, if there are several windows), or NULL. */
const struct fact *facts_find(const struct facts *facts, struct entity entity, const char *name);
/* Its number, or `otherwise` where it is not there or not a number. */
double facts_value(const struct facts *facts, struct entity entity, const char *name,
		   double otherwise);
/* The notes of that entity and aspect, in the order added: start with *cursor = 0; NULL ends. */
const struct note *facts_next_note(const struct facts *facts, struct entity entity,
				   const char *aspect, uint32_t *cursor);
/* The text of the first such note, or NULL. */
const char *facts_note(const struct facts *facts, struct entity entity, const char *aspect);
bool facts_related(const struct facts *facts, struct entity a, const char *verb, struct entity b);
/* How much of the whole a fact concerns, 0..1: its own share or its entity's; 2 for what is said of
 * the whole and for what could not be measured, as both frame all the rest. */
double facts_weight(const struct facts *facts, const struct fact *fact);
/* Gives F1, F2, ...: first what the findings rest on, in their order, then by weight, then by key
 * (host, kind, name, fact name, window): what is read first has short numbers, and the same input
 * has the same numbers. */
void facts_number(struct facts *facts);
/* Findings: by severity (worst first), causes before what they explain, then rank, rule and entity.
 */
void facts_sort_findings(struct facts *facts);
const char *facts_str(const struct facts *facts, uint32_t text_id);
