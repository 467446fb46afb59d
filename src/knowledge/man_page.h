/*
 * A manual page as data: what the program or function is in one line, its synopsis, and its options
 * with what they do. Reads the source of pages as man(7) and mdoc(7) describe it, in the ways in
 * which people, help2man, docbook and pod2man write option lists: .TP, .IP, .HP, .RS below a
 * paragraph, .It. Executes nothing: other macros and conditions are passed over. Pages are foreign
 * bytes: every text has a cap.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

#define MAN_PAGE_CAP_BYTES ((size_t)8 << 20)

enum man_value { MAN_NO_VALUE, MAN_OPTIONAL_VALUE, MAN_REQUIRED_VALUE };

/* One spelling of an option: "--best"; of an operand: "if" (of "if=FILE"). */
struct man_form {
	const char *name;
	enum man_value value;
	const char *value_name; /* "FILE", or "" */
	uint32_t option;	/* index */
};

struct man_option {
	const char *tag;  /* "-9, --best" */
	const char *text; /* its first paragraph, cut at a sentence */
};

VEC_DEFINE(man_form_vec, struct man_form)
VEC_DEFINE(man_option_vec, struct man_option)

struct man_page {
	struct arena arena;
	const char *summary;  /* of the NAME line, behind the dash; "" where there is none */
	const char *synopsis; /* lines */
	const char *redirect; /* "man1/other.1" of a page that is only .so, or NULL */
	struct man_option_vec options;
	struct man_form_vec forms;
};

void man_page_done(struct man_page *page);
#define auto_man_page __attribute__((cleanup(man_page_done)))

/* Never fails: what cannot be read as a page has no summary and no options. */
void man_page_parse(struct str source, struct man_page *ret);
/* The form of exactly that name, or NULL. */
const struct man_form *man_page_form(const struct man_page *page, struct str name);
