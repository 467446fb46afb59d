/*
 * What a listing adds up to: its lines, each once, with their share; the loops that they stand in,
 * from the jumps of the disassembly or else from the source; and signs, which are what of a line or
 * loop may be a known pattern. Signs are observations: whether one matters is for the rules.
 */
#pragma once

#include "source/lex.h"
#include "source/listing.h"

enum code_line_flags {
	CODE_LINE_MEASURED = 1 << 0,
	CODE_LINE_IS_INSTRUCTION = 1 << 1, /* no source is known for it */
	CODE_LINE_EVEN_BRANCHES = 1 << 2,
	CODE_LINE_HAS_INSTRUCTIONS = 1 << 3,
	CODE_LINE_HEAD = 1 << 4, /* of the loop that it is in */
};

struct code_line {
	struct str text;
	uint32_t function; /* row of the listing's functions */
	uint32_t file, scope, number;
	uint32_t loop; /* the innermost one: row + 1; 0 = none */
	unsigned flags;
	double cost, share; /* share is of the whole, 0..1 */
	double skid;	    /* share that landed on another line, right behind a slow instruction */
	size_t first_row;
};

struct code_loop {
	uint32_t function;
	uint32_t parent;		    /* row + 1; 0 = none */
	uint32_t depth;			    /* 1 = outermost */
	uint32_t head;			    /* line + 1 that begins it, 0 = not seen */
	uint32_t first_line;		    /* line + 1 of the first that is in it */
	uint32_t first_number, last_number; /* of its lines, where known */
	struct str first_text;		    /* where no head is seen: where it begins */
	double share;
	bool is_innermost, is_from_jumps;
	uint32_t instructions, scalar_fp, vector, calls, pauses, atomics, frame_accesses;
	struct loop_head what; /* of the head; views into `clean` text of the code's arena */
};

/* Something that a line says or does, with the words or the share that go with it. */
struct code_sign {
	uint32_t line;
	const char *name;
	uint32_t text; /* text id of the code's texts; 0 = none */
	bool has_number;
	double number;
	const char *unit; /* "ratio", "bytes", "" */
};

struct code_call {
	uint32_t line;
	uint32_t callee, receiver, arguments; /* text ids */
	const char *how;		      /* "source", "plt", "direct", "indirect" */
	bool in_condition;
	bool has_cost;
	double share; /* of the call and of what follows it */
};

struct code_hot {
	uint32_t line;
	size_t row;   /* of the listing */
	size_t after; /* row + 1 of the slow instruction before that the cost may belong to; 0 */
	double share;
};

VEC_DEFINE(code_line_vec, struct code_line)
VEC_DEFINE(code_loop_vec, struct code_loop)
VEC_DEFINE(code_sign_vec, struct code_sign)
VEC_DEFINE(code_call_vec, struct code_call)
VEC_DEFINE(code_hot_vec, struct code_hot)

struct code {
	const struct listing *listing;
	struct interner texts;
	struct arena arena;
	enum language language;
	bool is_measured;
	bool has_instructions;
	bool is_code;		    /* it looks like code of some language */
	struct code_line_vec lines; /* in the order of the input, or of their numbers */
	struct code_loop_vec loops;
	struct code_sign_vec signs;
	struct code_call_vec calls;
	struct code_hot_vec hot;       /* instructions, the hottest first */
	double in_loops;	       /* share of the lines that are in loops */
	double unoptimised;	       /* share in functions that keep every variable in memory */
	uint32_t unoptimised_function; /* row + 1 of one of them */
	uint32_t *by_share;	       /* rows of lines, the hottest first; owned */
};

/* Works on all functions that cost something; `listing` must outlive it. */
struct code *code_new(const struct listing *listing);
void code_free(struct code *code);
void cleanup_code(struct code **code);
#define auto_code __attribute__((cleanup(cleanup_code)))

/* "a.c:9", "modsum:9", "modsum+0x24", "line 9": what it is called. */
void code_line_name(const struct code *code, uint32_t line, struct strbuf *out);
void code_loop_name(const struct code *code, uint32_t loop, struct strbuf *out);
enum language code_line_language(const struct code *code, const struct code_line *line);
/* Of a cost in that function. */
double code_share(const struct code *code, uint32_t function, double cost);
const char *code_text(const struct code *code, uint32_t text_id);

/* ---- inside the room */

void code_add_sign(struct code *code, uint32_t line, const char *name, struct str text);
void code_add_figure(struct code *code, uint32_t line, const char *name, double number,
		     const char *unit);
/* Lines of one function are those from `first_line` on. */
void code_read_instructions(struct code *code, uint32_t function, size_t first_line,
			    const uint32_t *line_of_row);
void code_find_source_loops(struct code *code, size_t first_line);
void code_find_heads(struct code *code, size_t first_loop, size_t first_line);
void code_find_signs(struct code *code);
/* `clean` is the line's text without comments; `code_before` what was seen of the lines before. */
void code_find_calls(struct code *code, uint32_t line, struct str clean, struct str text);
