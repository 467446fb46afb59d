/*
 * What was read of one host: records, each what one collector brought (its output, how it ended,
 * and when). A snapshot is diagnosed the same whether it comes from a live host or from a folder,
 * on any machine: whatever a parser wants to know about the host stands in it.
 *
 * In a folder: DIR/HOST/index.json (version 1: who, when, and a row for each record) and a file for
 * each output. Folders are 0700, files 0600: output holds what is private.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"

struct host_record {
	char *id;	  /* of the collector: "look", "sockets"; the closed menu's name */
	char *command;	  /* as a person would type it: what facts cite as their source */
	uint32_t subject; /* the process that it is about, of a second look; 0: the host */
	unsigned round;	  /* 1: the first look; 2 on: what rules asked for */
	bool is_whole;	  /* it ended by itself, with status 0, uncut */
	int status;
	char *reason;	/* why it is not whole, or could not be read at all; NULL */
	bool is_absent; /* nothing was read: `reason` says why */
	uint64_t took_ns;
	struct strbuf out, err;
};

VEC_DEFINE(host_record_vec, struct host_record)

struct host_snapshot {
	char *host;	   /* as it is called in answers; "" = this machine */
	char *taken_at;	   /* UTC, ISO 8601 */
	char *version;	   /* of the sysgrok that read it */
	char *unreachable; /* why nothing could be read, or NULL */
	struct host_record_vec records;
};

void host_snapshot_done(struct host_snapshot *snapshot);

/* The newest record of that collector, or NULL. */
const struct host_record *host_snapshot_find(const struct host_snapshot *snapshot, const char *id);

/* Writes DIR/HOST/... ; what stands there already of another snapshot is an error. */
MUST_CHECK struct error *host_snapshot_save(const struct host_snapshot *snapshot, const char *dir);

VEC_DEFINE(host_snapshot_vec, struct host_snapshot)

/* Every snapshot below `dir`, in the order of their names, or the one that `dir` itself is. One
 * that is damaged is an error with its name. */
MUST_CHECK struct error *host_snapshots_load(const char *dir, struct host_snapshot_vec *ret);
