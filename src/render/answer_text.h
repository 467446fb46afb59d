/* Pieces of answers for people. Internal to render. */
#pragma once

#include "render/answer_plan.h"

struct answer_printer {
	const struct term *term;
	const struct answer *answer;
	const struct answer_options *options;
	const struct answer_plan *plan; /* NULL where functions are not listed */
	struct text_id_vec *printed;	/* advice that was told already */
};

void answer_heading(const struct answer_printer *p, const char *text);
/* "Label: " and text, filled. */
void answer_paragraph(const struct answer_printer *p, unsigned indent, const char *label,
		      const char *text);
/* " [F12]" */
void answer_cite(struct strbuf *out, const struct fact *fact);
/* "12.34% [F12]" */
void answer_share(struct strbuf *out, const struct fact *fact);
/* A function's name as it is shown: template arguments of long ones are left out. */
void answer_name(struct strbuf *out, const char *name);
void answer_function(const struct answer_printer *p, const struct answer_row *row,
		     struct strbuf *out);
void answer_advice(const struct answer_printer *p, uint32_t change);
/* Problem, observation and at most `limit` changes. */
void answer_topic(const struct answer_printer *p, uint32_t topic, size_t limit);
void answer_head(const struct answer_printer *p);
void answer_findings(const struct answer_printer *p);
/* What is to be said of a function beside what it is: hints by its callers, its own changes. */
void answer_function_notes(const struct answer_printer *p, struct entity symbol, unsigned indent);
void answer_foot(const struct answer_printer *p);
