/*
 * What the commands about hosts share once the bytes are there: facts are judged, numbered,
 * rendered, and handed to a model if there is one. Where the bytes came from is no matter.
 */
#pragma once

#include "cmd/model.h"
#include "facts/facts.h"

struct host_answer_wishes {
	const char *source; /* the folder, file or host that was read */
	const char *
		problem; /* what the user complains of (NULL: nothing): only the order follows it */
	struct model_options model;
};

/* An error is the model's: the answer is out by then. */
MUST_CHECK struct error *host_answer_give(struct command_context *context, struct facts *facts,
					  const struct host_answer_wishes *wishes);
