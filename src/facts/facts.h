/*
 * The tables between those who measure and those who conclude: facts (measured), relations,
 * findings (concluded), needs (asked for) and notes (known, not measured). Tables and keys only:
 * no judgement, no printing. All text is interned in the table and lives as long as it does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/vec.h"

struct entity {
	uint32_t host; /* text ids; host "" = this machine or this file */
	uint32_t kind; /* "profile", "process", "thread", "dso", "symbol", "stack", "cgroup" ... */
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

struct facts {
	struct interner texts;
	struct arena arena;
	struct fact_vec facts;
	struct relation_vec relations;
	struct finding_vec findings;
	struct need_vec needs;
	struct note_vec notes;
};

#define FACTS_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

void facts_done(struct facts *facts);
#define auto_facts __attribute__((cleanup(facts_done)))

uint32_t facts_text(struct facts *facts, const char *text);
struct entity facts_entity(struct facts *facts, const char *kind, const char *name);
bool entity_eq(struct entity a, struct entity b);

/* All return the index of the new row. */
uint32_t facts_add_number(struct facts *facts, struct entity entity, const char *name,
			  double number, const char *unit, const char *source);
uint32_t facts_add_text(struct facts *facts, struct entity entity, const char *name,
			const char *text, const char *source);
uint32_t facts_add_absent(struct facts *facts, struct entity entity, const char *name,
			  const char *reason, const char *source);
/* A note is added once: the same entity, aspect and text are one row. */
uint32_t facts_add_note(struct facts *facts, struct entity entity, const char *aspect,
			const char *text, const char *source);
void facts_add_relation(struct facts *facts, struct entity a, const char *verb, struct entity b);
void facts_add_need(struct facts *facts, const char *kind, const char *menu_id,
		    struct entity entity);

/* The fact of that entity and name, or NULL. */
const struct fact *facts_find(const struct facts *facts, struct entity entity, const char *name);
/* Gives F1, F2, ... in the order of (host, kind, name, fact name, window): the same input, the
 * same numbers. */
void facts_number(struct facts *facts);
const char *facts_str(const struct facts *facts, uint32_t text_id);
