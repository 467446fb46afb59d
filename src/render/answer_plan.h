/*
 * What an answer shows, worked out once for text and JSON: functions by library, and the advice
 * that goes with them, each topic once. Internal to render.
 */
#pragma once

#include "base/vec.h"
#include "render/answer.h"
#include "samples/table.h"

struct answer_row {
	struct table_row row;
	const char *library;
	struct entity symbol;	 /* of named functions */
	bool named, known;	 /* a note says what it is */
	bool nameless;		 /* no symbol: perhaps a place instead of a name */
	bool is_skid;		 /* its samples belong elsewhere */
	const struct fact *self; /* of the function; of unnamed ones: the library's unnamed part */
};

VEC_DEFINE(answer_row_vec, struct answer_row)
VEC_DEFINE(text_id_vec, uint32_t)

struct answer_group {
	const char *library;
	struct entity dso;
	const struct fact *self;
	struct answer_row_vec rows; /* none: its time is spread over functions too small to list */
	struct answer_row_vec spread; /* then: the hottest of those */
	struct text_id_vec topics;    /* by share, each in the first group that has it only */
};

VEC_DEFINE(answer_group_vec, struct answer_group)

struct answer_plan {
	struct table functions;
	struct answer_group_vec groups; /* by self time */
	size_t rows, left_out;		/* functions shown, and not */
	double left_out_share;
	struct answer_row_vec flat; /* all rows shown, by self time */
};

struct answer_plan answer_plan_make(const struct answer *answer,
				    const struct answer_options *options);
void answer_plan_done(struct answer_plan *plan);
#define auto_answer_plan __attribute__((cleanup(answer_plan_done)))

/* The topic of a row: its function's, else its library's; 0 = none. */
uint32_t answer_row_topic(const struct answer *answer, const struct answer_row *row);
/* Share of all functions of a topic, as derived before; NULL where none was. */
const struct fact *answer_topic_share(const struct answer *answer, uint32_t topic);
/* The function of a frame as the facts have it; false where they do not. */
bool answer_symbol_find(const struct answer *answer, uint32_t frame, struct entity *ret);
struct entity answer_entity(const struct facts *facts, const char *kind, uint32_t name);
/* Short name of a library for people: "the kernel", "no library known". */
const char *answer_library_label(const char *library);
