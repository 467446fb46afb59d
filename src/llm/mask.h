/*
 * Reversible masks: what names people and machines (hosts, users, addresses, home folders, keys) is
 * replaced by <host-1>, <user-1>, <ip-1>, <home-1>, <key-1> in what leaves this machine, and put
 * back into what comes in. The same text always has the same mask. Figures are never touched.
 *
 * The one caller that sends is llm/provider.c, which writes every text of a request through
 * mask_hide: there is no other way out.
 */
#pragma once

#include <stdbool.h>

#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"

enum mask_kind {
	MASK_HOST,
	MASK_USER,
	MASK_IP,
	MASK_MAC,
	MASK_HOME,
	MASK_KEY,
	MASK_TEXT,
	MASK_KINDS
};

/* A name that is private wherever it stands as a word. */
struct mask_name {
	struct str name;
	enum mask_kind kind;
};

VEC_DEFINE(mask_name_vec, struct mask_name)

struct masks {
	bool off; /* the user's own choice */
	struct arena arena;
	struct interner hidden[MASK_KINDS]; /* id N is <kind-N> */
	struct mask_name_vec names;
};

#define MASKS_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

void masks_done(struct masks *masks);
#define auto_masks __attribute__((cleanup(masks_done)))

/* Hidden where it stands as a word, a key wherever it stands.
 * Names of less than three bytes and such as "root" or "localhost" are taken for no
 * secret. */
void masks_add_name(struct masks *masks, enum mask_kind kind, const char *name);
/* This machine's name, this user's name and home. */
void masks_add_machine(struct masks *masks);

/* Appends `text` with masks in it. mask_reveal(mask_hide(t)) is t, byte for byte. */
void mask_hide(struct masks *masks, struct str text, struct strbuf *out);
/* Appends `text` with what the masks stand for; an unknown mask stays. */
void mask_reveal(const struct masks *masks, struct str text, struct strbuf *out);
/* How many texts have a mask. */
size_t masks_count(const struct masks *masks);
